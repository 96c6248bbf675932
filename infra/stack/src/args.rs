//! The command line. Defaults are part of the contract with README and tests.

use std::path::PathBuf;

use clap::{Parser, Subcommand};

use crate::functions;
use crate::workspace::StackName;

/// Port of the HTTP API when neither `--port` nor an earlier `up` chose one.
pub const DEFAULT_PORT: u16 = 3000;

/// Leadline on this machine, deployed from the real template
#[derive(Debug, Parser)]
#[command(bin_name = "cargo stack", version)]
pub struct Args {
    /// Which local stack: several run side by side under different names
    #[arg(long, global = true, default_value = "leadline")]
    pub name: StackName,
    #[command(subcommand)]
    pub command: Command,
}

/// What to do with the stack.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Builds, deploys and starts the stack; Ctrl-C stops it
    Up(UpOptions),
    /// Stops the stack and keeps its data
    Down,
    /// Tells whether the stack runs, where, and with which keys
    Status {
        /// Print one JSON object
        #[arg(long)]
        json: bool,
    },
    /// Prints what the functions logged
    Logs {
        #[arg(help = format!("One function only: {}", functions::names()))]
        function: Option<String>,
        /// Go on printing until Ctrl-C
        #[arg(long, short)]
        follow: bool,
    },
    /// Invokes a function with the payload in a file and prints its answer
    Invoke {
        #[arg(help = format!("One of {}", functions::names()))]
        function: String,
        /// A JSON file such as those under events/
        events: PathBuf,
    },
    /// Does now what the nightly schedule does; `GET /v1/nightly-runs` tells what came of it
    Nightly,
    /// Prints the last mails of this stack, which nobody receives: codes and invitations
    Mail {
        /// Only those to this address
        address: Option<String>,
        /// Print only the code of the last one
        #[arg(long, requires = "address")]
        code: bool,
    },
    /// Checks the template with sam validate and cfn-lint
    Lint,
    /// Manages tenants
    #[command(subcommand)]
    Tenant(TenantCommand),
    /// Holds the emulator and the proxy (started by up)
    #[command(hide = true)]
    Supervise(SuperviseOptions),
}

/// Options of `up`.
#[derive(Debug, clap::Args)]
pub struct UpOptions {
    /// Throw the data of this stack away first
    #[arg(long)]
    pub fresh: bool,
    /// Return as soon as the stack is ready and leave it running
    #[arg(long)]
    pub detach: bool,
    /// Port of the HTTP API, 0 for any free one [default: the last one, else 3000]
    #[arg(long)]
    pub port: Option<u16>,
}

/// Options of the hidden `supervise`.
#[derive(Debug, clap::Args)]
pub struct SuperviseOptions {
    #[arg(long)]
    pub port: u16,
    #[arg(long)]
    pub emulator_port: u16,
    /// The Python of the emulator's environment
    #[arg(long)]
    pub python: PathBuf,
}

/// What to do with tenants.
#[derive(Debug, Subcommand)]
pub enum TenantCommand {
    /// Creates a tenant and prints its first keys, which are shown only once
    Create {
        /// Id of the tenant, such as acme
        tenant: String,
        /// Name for people [default: the id]
        #[arg(long)]
        title: Option<String>,
        /// Address of the first admin, who is invited by mail
        #[arg(long, value_name = "ADDRESS")]
        admin_email: Option<String>,
        /// Name of the first admin
        #[arg(long, value_name = "NAME", requires = "admin_email")]
        admin_name: Option<String>,
        /// Create it in this stack on AWS, with your own AWS credentials
        #[arg(long, value_name = "STACK_NAME")]
        stack: Option<String>,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Args {
        Args::try_parse_from(line.split(' ')).unwrap()
    }

    #[test]
    fn up_stays_in_the_foreground_and_keeps_the_data_by_default() {
        let args = parse("stack up");
        assert_eq!(args.name.as_str(), "leadline");
        let Command::Up(options) = args.command else { panic!("not up") };
        assert!(!options.fresh && !options.detach && options.port.is_none());
    }

    #[test]
    fn the_name_may_follow_the_command() {
        assert_eq!(parse("stack down --name two").name.as_str(), "two");
    }

    #[test]
    fn a_name_that_aws_would_refuse_is_refused() {
        assert!(Args::try_parse_from(["stack", "down", "--name", "../x"]).is_err());
    }

    #[test]
    fn the_definition_is_sound() {
        use clap::CommandFactory;
        Args::command().debug_assert();
    }
}
