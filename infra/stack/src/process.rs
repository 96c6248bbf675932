//! Running other programs. Each runs in a process group of its own that dies
//! when the future that waits for it is dropped, so that Ctrl-C at any moment
//! takes the grandchildren along.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, kill_process_group};
use tokio::process::{Child, Command};
use tokio::signal::unix::{SignalKind, signal};

/// The user asked to stop.
#[derive(Debug)]
pub struct Interrupted;

impl std::fmt::Display for Interrupted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("interrupted")
    }
}

impl std::error::Error for Interrupted {}

/// Resolves on Ctrl-C, SIGTERM or a closed terminal.
pub async fn interrupted() {
    let kinds = [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()];
    let [Ok(mut int), Ok(mut term), Ok(mut hup)] = kinds.map(signal) else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = int.recv() => {}
        _ = term.recv() => {}
        _ = hup.recv() => {}
    }
}

/// A program whose output goes to a log file.
#[derive(Debug)]
pub struct Logged {
    command: Command,
    log: PathBuf,
    /// What the user should do if it fails.
    remedy: String,
}

impl Logged {
    pub fn new(command: Command, log: PathBuf, remedy: impl Into<String>) -> Self {
        Self { command, log, remedy: remedy.into() }
    }

    /// Runs the program to its end; fails with its last words, the remedy and
    /// the path of the log file.
    pub async fn run(mut self, what: &str) -> Result<()> {
        let log = create(&self.log)?;
        self.command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log).process_group(0);
        let child = self.command.spawn().with_context(|| {
            let program = self.command.as_std().get_program().to_string_lossy().into_owned();
            format!("{what}: cannot run {program}")
        })?;
        let status = Group::of(child)?.wait().await?;
        if status.success() {
            return Ok(());
        }
        let words = last_words(&std::fs::read_to_string(&self.log).unwrap_or_default());
        bail!("{what} failed: {words}; {} (log: {})", self.remedy, self.log.display());
    }
}

/// A child that leads a process group; dropping it kills the whole group.
#[derive(Debug)]
struct Group {
    child: Child,
    /// `None` once the leader was waited for: its id may then be reused.
    leader: Option<Pid>,
}

impl Group {
    fn of(child: Child) -> Result<Self> {
        let leader = child.id().and_then(|id| Pid::from_raw(id.cast_signed()));
        Ok(Self { leader: Some(leader.context("the program has no process id")?), child })
    }

    async fn wait(mut self) -> Result<std::process::ExitStatus> {
        let status = self.child.wait().await?;
        self.leader = None;
        Ok(status)
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(leader) = self.leader {
            let _ = kill_process_group(leader, Signal::KILL);
        }
    }
}

/// Creates a log file and its directory.
pub fn create(path: &Path) -> Result<File> {
    if let Some(parent) = path.parent() {
        std::fs::create_dir_all(parent)
            .with_context(|| format!("cannot create {}", parent.display()))?;
    }
    File::create(path).with_context(|| format!("cannot write {}", path.display()))
}

/// The line of a log that says best why a program failed.
fn last_words(log: &str) -> String {
    let lines = || log.lines().map(str::trim).filter(|line| !line.is_empty());
    let compiler = |line: &&str| line.starts_with("error[") || line.starts_with("error: ");
    let other = |line: &&str| {
        let line = line.to_ascii_lowercase();
        line.starts_with("error") || line.contains("error:") || line.contains("_failed")
    };
    let found = lines().find(compiler).or_else(|| lines().find(other));
    let line = found.or_else(|| lines().next_back()).unwrap_or("no output");
    line.chars().take(300).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_error_is_the_cause() {
        let log = "Error: sam failed: Compiling\nerror[E0425]: cannot find value `x`\nerror: could not compile\n";
        assert_eq!(last_words(log), "error[E0425]: cannot find value `x`");
        assert_eq!(last_words("one\ntwo\n\n"), "two");
        assert_eq!(last_words(""), "no output");
    }
}
