//! The process that holds a running stack: the emulator with its functions, and
//! the proxy. It leads a process group that contains them all, and its last act
//! is to kill that group, itself included. It ends when it is told to (SIGTERM),
//! when the `up` that started it goes away before saying "stay", and when the
//! emulator dies. Should it be killed itself, the emulator's launcher notices
//! and does the same.

use std::io::Write;

use anyhow::{Result, anyhow, bail, ensure};
use rustix::process::{Signal, getpgrp, getpid, kill_current_process_group};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

use crate::args::SuperviseOptions;
use crate::emulator::Running;
use crate::lock;
use crate::proxy::Proxy;
use crate::workspace::StackPlace;

/// What `up` writes to let the stack outlive it.
pub const STAY: &str = "stay";
/// First word of the supervisor's answer when the stack is up, before the port.
pub const READY: &str = "ready";
/// First word of the supervisor's answer when something broke.
pub const FAILED: &str = "failed";

/// Runs the stack until it ends; does not return to its caller.
pub async fn supervise(place: &StackPlace, options: &SuperviseOptions) -> Result<()> {
    // The last act must never reach a process that is not ours.
    ensure!(getpgrp() == getpid(), "supervise is started by: cargo stack up");
    let lock = lock::claim(&place.supervisor_lock())?;
    ensure!(lock.is_some(), "this stack is already running");
    if let Err(error) = hold(place, options).await {
        say(&format!("{FAILED} {error:#}"));
        eprintln!("{error:#}");
    }
    kill_current_process_group(Signal::KILL)?;
    Ok(())
}

async fn hold(place: &StackPlace, options: &SuperviseOptions) -> Result<()> {
    let mut end = std::pin::pin!(told_to_end());
    let listener = TcpListener::bind(("127.0.0.1", options.port)).await.map_err(|error| {
        let port = options.port;
        anyhow!(
            "cannot use port {port} ({error}); free it or choose another: cargo stack up --port N"
        )
    })?;
    let port = listener.local_addr()?.port();
    let mut emulator = tokio::select! {
        started = Running::start(place, options.emulator_port, &options.python) => started?,
        () = &mut end => return Ok(()),
    };
    say(&format!("{READY} {port}"));
    let proxy = Proxy::new(port, options.emulator_port, place.api_id());
    tokio::select! {
        status = emulator.ended() => bail!(
            "the emulator died ({}); its log: {}; start it again: cargo stack up",
            status?,
            place.log("emulator").display()
        ),
        () = proxy.serve(listener) => {}
        () = &mut end => {}
    }
    emulator.stop().await;
    Ok(())
}

async fn told_to_end() {
    let kinds = [SignalKind::terminate(), SignalKind::interrupt(), SignalKind::hangup()];
    let [Ok(mut term), Ok(mut int), Ok(mut hup)] = kinds.map(signal) else { return };
    // A closed terminal ends `up`, and with it the stack unless it may stay.
    tokio::spawn(async move { while hup.recv().await.is_some() {} });
    tokio::select! {
        _ = term.recv() => {}
        _ = int.recv() => {}
        () = abandoned() => {}
    }
}

/// Resolves when the starting `up` goes away without saying that the stack may
/// stay.
async fn abandoned() {
    let mut lines = BufReader::new(tokio::io::stdin()).lines();
    if let Ok(Some(line)) = lines.next_line().await
        && line == STAY
    {
        std::future::pending::<()>().await;
    }
}

/// Tells the starting `up`, if it still listens.
fn say(line: &str) {
    let mut out = std::io::stdout();
    let _ = writeln!(out, "{line}").and_then(|()| out.flush());
}
