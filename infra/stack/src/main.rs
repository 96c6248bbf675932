//! `cargo stack`: runs Leadline on this machine.
//!
//! Deploys the unmodified `template.yaml` with the unmodified `sam deploy` to a
//! local AWS emulator and puts a small proxy in front of it. Invariant: no
//! process outlives the stack, whichever of the processes dies first.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command-line program speaks through its streams"
)]

mod args;
mod artifacts;
mod aws;
mod demo;
mod deploy;
mod emulator;
mod fingerprint;
mod forward;
mod functions;
mod http;
mod lint;
mod lock;
mod logs;
mod mail;
mod process;
mod progress;
mod proxy;
mod record;
mod scrub;
mod session;
mod status;
mod supervisor;
mod tenant;
mod tools;
mod up;
mod workspace;

use std::process::ExitCode;

use anyhow::Result;
use clap::Parser;

use crate::args::{Args, Command};
use crate::workspace::Workspace;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let args = Args::parse();
    match run(args).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if error.is::<process::Interrupted>() => {
            eprintln!("stopped");
            ExitCode::from(130)
        }
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(args: Args) -> Result<()> {
    let workspace = Workspace::locate();
    let place = workspace.stack(args.name);
    match args.command {
        Command::Up(options) => up::up(&workspace, &place, &options).await,
        Command::Supervise(options) => supervisor::supervise(&place, &options).await,
        command => {
            tokio::select! {
                result = brief(command, &workspace, &place) => result,
                () = process::interrupted() => Err(process::Interrupted.into()),
            }
        }
    }
}

/// Runs a command that starts nothing and may be dropped at any point.
async fn brief(
    command: Command,
    workspace: &Workspace,
    place: &workspace::StackPlace,
) -> Result<()> {
    match command {
        Command::Down => up::down(place).await,
        Command::Status { json } => status::status(place, json).await,
        Command::Logs { function, follow } => logs::logs(place, function.as_deref(), follow).await,
        Command::Invoke { function, events } => functions::invoke(place, &function, &events).await,
        Command::Nightly => functions::nightly(place).await,
        Command::Mail { address, code } => mail::mail(place, address.as_deref(), code).await,
        Command::Lint => lint::lint(workspace).await,
        Command::Tenant(tenant) => tenant::tenant(workspace, place, tenant).await,
        Command::Up(_) | Command::Supervise(_) => Ok(()),
    }
}
