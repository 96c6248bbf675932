//! The side of `up` and `down` that starts and stops the supervisor. As long as
//! a session is alive and has not said "stay", the stack ends with it.

use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};
use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

use crate::args::SuperviseOptions;
use crate::workspace::StackPlace;
use crate::{lock, process, supervisor};

// The supervisor gives the emulator 20 s to save its data.
const STOP: Duration = Duration::from_secs(30);

/// A supervisor that this process started.
#[derive(Debug)]
pub struct Session {
    child: Child,
    lifeline: ChildStdin,
    answers: Lines<BufReader<ChildStdout>>,
}

impl Session {
    /// Starts the supervisor and waits until emulator and proxy answer; gives
    /// the port of the API.
    pub async fn start(place: &StackPlace, options: &SuperviseOptions) -> Result<(Self, u16)> {
        // Not by its path: cargo may have replaced this program meanwhile.
        let mut command = Command::new("/proc/self/exe");
        command
            .arg0("stack")
            .args(["--name", place.name().as_str(), "supervise"])
            .args(["--port", &options.port.to_string()])
            .args(["--emulator-port", &options.emulator_port.to_string()])
            .arg("--python")
            .arg(&options.python)
            .current_dir(place.root())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(process::create(&place.log("supervisor"))?)
            .process_group(0);
        let mut child = command.spawn().context("cannot start the supervisor")?;
        let lifeline = child.stdin.take().context("the supervisor has no input")?;
        let answers = child.stdout.take().context("the supervisor has no output")?;
        let answers = BufReader::new(answers).lines();
        let mut session = Self { child, lifeline, answers };
        let answer = session.answer(place).await?;
        let port = answer.strip_prefix(supervisor::READY).and_then(|port| port.trim().parse().ok());
        let port = port.with_context(|| format!("the supervisor said: {answer}"))?;
        Ok((session, port))
    }

    /// Resolves with the reason when the stack ends by itself.
    pub async fn ended(&mut self, place: &StackPlace) -> anyhow::Error {
        match self.answer(place).await {
            Ok(answer) => anyhow!("the supervisor said: {answer}"),
            Err(error) => error,
        }
    }

    /// Lets the stack outlive this process.
    pub async fn stay(mut self) -> Result<()> {
        let line = format!("{}\n", supervisor::STAY);
        self.lifeline.write_all(line.as_bytes()).await?;
        self.lifeline.flush().await?;
        Ok(())
    }

    /// Stops the stack and waits until it is gone.
    pub async fn stop(mut self) {
        let pid = self.child.id().and_then(|id| Pid::from_raw(id.cast_signed()));
        drop(self.lifeline);
        if tokio::time::timeout(STOP, self.child.wait()).await.is_err()
            && let Some(pid) = pid
        {
            let _ = kill_process_group(pid, Signal::KILL);
            let _ = self.child.wait().await;
        }
    }

    async fn answer(&mut self, place: &StackPlace) -> Result<String> {
        let Some(line) = self.answers.next_line().await? else {
            bail!("the supervisor died; see {}", place.log("supervisor").display());
        };
        match line.strip_prefix(supervisor::FAILED) {
            Some(reason) => bail!("{}", reason.trim()),
            None => Ok(line),
        }
    }
}

/// Whether a supervisor of this stack lives.
pub fn is_running(place: &StackPlace) -> Result<bool> {
    lock::is_held(&place.supervisor_lock())
}

/// Stops a stack that another process started; `false` if none runs.
pub async fn stop_running(place: &StackPlace) -> Result<bool> {
    let path = place.supervisor_lock();
    let deadline = tokio::time::Instant::now() + STOP;
    let mut told = None;
    loop {
        let Some(holder) = lock::holder(&path)? else { break };
        // The lock is held, so the id is that of its living holder.
        if told != Some(holder) {
            kill_process(holder, Signal::TERM).context("cannot stop the supervisor")?;
            told = Some(holder);
        }
        if tokio::time::Instant::now() > deadline {
            kill_process_group(holder, Signal::KILL).context("cannot kill the supervisor")?;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    Ok(told.is_some())
}
