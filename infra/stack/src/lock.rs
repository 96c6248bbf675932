//! File locks. The kernel frees a lock when its holder dies, however it dies,
//! so "locked" means "alive", and the process id written in a locked file
//! belongs to the process that wrote it.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};
use rustix::process::Pid;

const RETRY: Duration = Duration::from_millis(200);

/// A lock that is held until it is dropped.
#[derive(Debug)]
pub struct FileLock(File);

impl FileLock {
    /// Lets readers in.
    pub fn share(&self) -> Result<()> {
        Ok(self.0.lock_shared()?)
    }
}

/// Takes the lock, waiting for other holders and saying why.
pub async fn exclusive(path: &Path, wait: &str) -> Result<FileLock> {
    take(path, wait, File::try_lock).await
}

/// Takes the lock together with other readers, waiting for a writer and saying why.
pub async fn shared(path: &Path, wait: &str) -> Result<FileLock> {
    take(path, wait, File::try_lock_shared).await
}

async fn take(
    path: &Path,
    wait: &str,
    try_to: impl Fn(&File) -> std::result::Result<(), TryLockError>,
) -> Result<FileLock> {
    let file = open(path)?;
    let mut told = false;
    loop {
        match try_to(&file) {
            Ok(()) => return Ok(FileLock(file)),
            Err(TryLockError::WouldBlock) => {
                if !std::mem::replace(&mut told, true) {
                    println!("{wait} ...");
                }
                tokio::time::sleep(RETRY).await;
            }
            Err(TryLockError::Error(error)) => return Err(locking(path, error)),
        }
    }
}

/// Takes the lock and writes this process's id into it; `None` if it is held.
pub fn claim(path: &Path) -> Result<Option<FileLock>> {
    let mut file = open(path)?;
    // Whoever asks for the holder has the lock for an instant.
    let mut tries = 20;
    loop {
        match file.try_lock() {
            Ok(()) => break,
            Err(TryLockError::WouldBlock) if tries == 0 => return Ok(None),
            Err(TryLockError::WouldBlock) => std::thread::sleep(RETRY / 20),
            Err(TryLockError::Error(error)) => return Err(locking(path, error)),
        }
        tries -= 1;
    }
    file.set_len(0)?;
    file.rewind()?;
    write!(file, "{}", std::process::id())?;
    Ok(Some(FileLock(file)))
}

/// Process id of the holder of a claimed lock, `None` if nobody holds it.
pub fn holder(path: &Path) -> Result<Option<Pid>> {
    let Some(mut file) = held(path)? else { return Ok(None) };
    let mut text = String::new();
    file.read_to_string(&mut text)?;
    // Empty for the instant between the claim and the write.
    Ok(text.trim().parse().ok().and_then(Pid::from_raw))
}

/// Whether anybody holds the lock.
pub fn is_held(path: &Path) -> Result<bool> {
    Ok(held(path)?.is_some())
}

fn held(path: &Path) -> Result<Option<File>> {
    if !path.exists() {
        return Ok(None);
    }
    let file = open(path)?;
    match file.try_lock_shared() {
        Ok(()) => Ok(None),
        Err(TryLockError::WouldBlock) => Ok(Some(file)),
        Err(TryLockError::Error(error)) => Err(locking(path, error)),
    }
}

fn open(path: &Path) -> Result<File> {
    if let Some(parent) = path.parent() {
        std::fs::create_dir_all(parent)
            .with_context(|| format!("cannot create {}", parent.display()))?;
    }
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    options.open(path).with_context(|| format!("cannot open {}", path.display()))
}

fn locking(path: &Path, error: std::io::Error) -> anyhow::Error {
    anyhow::Error::new(error).context(format!("cannot lock {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_claimed_lock_names_its_holder_until_it_is_dropped() {
        let path = std::env::temp_dir().join(format!("stack-lock-{}", std::process::id()));
        assert_eq!(holder(&path).unwrap(), None);
        let lock = claim(&path).unwrap().unwrap();
        assert!(claim(&path).unwrap().is_none());
        assert_eq!(holder(&path).unwrap(), Some(rustix::process::getpid()));
        drop(lock);
        assert_eq!(holder(&path).unwrap(), None);
        std::fs::remove_file(path).unwrap();
    }
}
