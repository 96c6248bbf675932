//! Starting and stopping the AWS emulator. It and the functions it runs share
//! the supervisor's process group.

use std::fs::OpenOptions;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, kill_process};
use tokio::process::{Child, ChildStdin, Command};

use crate::aws;
use crate::workspace::StackPlace;

const LAUNCHER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/python/launcher.py");
const START: Duration = Duration::from_mins(1);
// Long enough to write its data; then it is killed.
const STOP: Duration = Duration::from_secs(20);

/// Below the range from which systems take ports for outgoing connections.
const PORTS: std::ops::Range<u16> = 14_566..24_566;

/// A running emulator.
#[derive(Debug)]
pub struct Running {
    child: Child,
    /// The launcher ends when this closes, that is when this process ends.
    _lifeline: Option<ChildStdin>,
}

impl Running {
    /// Starts the emulator and waits until its data is loaded.
    pub async fn start(place: &StackPlace, port: u16, python: &Path) -> Result<Self> {
        let mut child = spawn(place, port, python)?;
        let mut running = Self { _lifeline: child.stdin.take(), child };
        let log = place.log("emulator");
        let emulator = aws::Emulator::new(port);
        let deadline = tokio::time::Instant::now() + START;
        while !emulator.is_ready().await {
            if let Some(status) = running.child.try_wait()? {
                bail!(
                    "the emulator ended at once ({status}); see {}, or begin anew: cargo stack up --fresh",
                    log.display()
                );
            }
            if tokio::time::Instant::now() > deadline {
                bail!(
                    "the emulator is not ready after {} s; see {}",
                    START.as_secs(),
                    log.display()
                );
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        Ok(running)
    }

    /// Resolves when the emulator ends by itself.
    pub async fn ended(&mut self) -> Result<ExitStatus> {
        Ok(self.child.wait().await?)
    }

    /// Asks the emulator to save its data and end; kills it if it does not.
    pub async fn stop(mut self) {
        let pid = self.child.id().and_then(|id| Pid::from_raw(id.cast_signed()));
        if let Some(pid) = pid {
            let _ = kill_process(pid, Signal::TERM);
        }
        if tokio::time::timeout(STOP, self.child.wait()).await.is_err() {
            let _ = self.child.kill().await;
        }
    }
}

/// Whether the emulator had no chance to save its data when it last ended: then
/// what it holds is older than what `up` remembers.
pub fn crashed(place: &StackPlace) -> bool {
    place.data().exists() && !clean_mark(place).exists()
}

fn clean_mark(place: &StackPlace) -> PathBuf {
    place.data().join("clean")
}

fn spawn(place: &StackPlace, port: u16, python: &Path) -> Result<Child> {
    let data = place.data();
    let scratch = data.join("tmp");
    let _ = std::fs::remove_dir_all(&scratch);
    std::fs::create_dir_all(&scratch)
        .with_context(|| format!("cannot create {}", scratch.display()))?;
    std::fs::write(port_file(place), port.to_string())?;
    let _ = std::fs::remove_file(clean_mark(place));
    let mut log = OpenOptions::new();
    let log = log.create(true).append(true).open(place.log("emulator"))?;
    let mut command = Command::new(python);
    command
        .arg(LAUNCHER)
        .current_dir(&data)
        .env_clear()
        .env("PATH", "/usr/local/bin:/usr/bin:/bin")
        .env("HOME", &scratch)
        .env("TMPDIR", &scratch)
        .env("LANG", "C.UTF-8")
        .env("AUTH", "true")
        .env("AWS_DEFAULT_REGION", "us-east-1")
        .env("AWS_ENDPOINT_URL", format!("http://127.0.0.1:{port}"))
        .env("BIND_HOST", "127.0.0.1")
        .env("GATEWAY_PORT", port.to_string())
        .env("CLEAN_MARK", clean_mark(place))
        .env("COGNITO_EMAIL_ENABLED", "true")
        .env("DOCKER_HOST", "unix:///nonexistent")
        .env("IOT_MTLS_ENABLED", "0")
        .env("SFTP_ENABLED", "0")
        .env("PERSIST_STATE", "1")
        .env("S3_PERSIST", "1")
        .env("S3_DATA_DIR", data.join("s3"))
        .env("STATE_DIR", data.join("state"))
        .stdin(Stdio::piped())
        .stdout(log.try_clone()?)
        .stderr(log);
    command.spawn().with_context(|| format!("cannot run {}", python.display()))
}

/// The port that a stack's emulator had before, or a free one for a new stack.
/// The port is part of every stored queue URL, so it cannot change later and is
/// kept with the data.
pub fn port(place: &StackPlace) -> Result<u16> {
    let kept = std::fs::read_to_string(port_file(place)).ok();
    choose_port(kept.and_then(|port| port.parse().ok()), place.name().as_str())
}

fn port_file(place: &StackPlace) -> PathBuf {
    place.data().join("port")
}

fn choose_port(before: Option<u16>, name: &str) -> Result<u16> {
    let is_free = |port: u16| TcpListener::bind(("127.0.0.1", port)).is_ok();
    if let Some(port) = before {
        if !is_free(port) {
            bail!(
                "port {port} of this stack's emulator is taken; free it or begin anew: cargo stack up --fresh"
            );
        }
        return Ok(port);
    }
    // Stacks that start at the same time begin the search in different places.
    let seed = name
        .bytes()
        .fold(std::process::id(), |seed, byte| seed.wrapping_mul(31).wrapping_add(u32::from(byte)));
    let first = PORTS.start + u16::try_from(seed % 10_000).unwrap_or(0);
    let mut candidates = (first..PORTS.end).chain(PORTS.start..first);
    candidates.find(|port| is_free(*port)).context("no free port for the emulator")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_emulator_port_is_kept_or_the_reason_is_told() {
        let taken = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let number = taken.local_addr().unwrap().port();
        assert!(choose_port(Some(number), "a").unwrap_err().to_string().contains("is taken"));
        drop(taken);
        assert_eq!(choose_port(Some(number), "a").unwrap(), number);
        assert!(PORTS.contains(&choose_port(None, "a").unwrap()));
    }
}
