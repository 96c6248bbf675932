//! The pinned Python tools. Each environment lies in a directory named after
//! its requirements and its Python, and counts as made only when its mark is
//! there, so that a half-made one is made again.

use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use tokio::process::Command;

use crate::fingerprint::digest;
use crate::process::Logged;
use crate::progress::step;
use crate::workspace::Workspace;
use crate::{lock, scrub};

const EMULATOR: &str = include_str!("../python/emulator.txt");
/// Requirements of the build tools; a part of what a build depends on.
pub const SAM: &str = include_str!("../python/sam.txt");
const MARK: &str = "complete";

/// A Python environment.
#[derive(Debug)]
pub struct Environment {
    root: PathBuf,
}

impl Environment {
    /// Directory of its programs.
    pub fn bin(&self) -> PathBuf {
        self.root.join("bin")
    }

    pub fn python(&self) -> PathBuf {
        self.bin().join("python")
    }
}

/// The environment of the emulator.
pub async fn emulator(workspace: &Workspace) -> Result<Environment> {
    environment(workspace, "emulator", EMULATOR).await
}

/// The environment of `sam`, `cargo lambda` and `cfn-lint`.
pub async fn sam(workspace: &Workspace) -> Result<Environment> {
    environment(workspace, "sam", SAM).await
}

async fn environment(workspace: &Workspace, name: &str, pins: &str) -> Result<Environment> {
    let python = python().await?;
    let tag = digest(&[pins, &python.version]);
    let tag = tag.get(..12).unwrap_or(&tag);
    let environment = Environment { root: workspace.tools().join(format!("{name}-{tag}")) };
    let mark = environment.root.join(MARK);
    if mark.exists() && environment.python().exists() {
        return Ok(environment);
    }
    let label = format!("Installing the {name} tools (once)");
    step(&label, async {
        let wait = "Waiting for another installation";
        let lock = workspace.tools().join(format!("{name}.lock"));
        let _lock = lock::exclusive(&lock, wait).await?;
        if !mark.exists() || !environment.python().exists() {
            install(workspace, name, pins, &environment, &python.program).await?;
            std::fs::write(&mark, "")?;
        }
        Ok(())
    })
    .await?;
    Ok(environment)
}

async fn install(
    workspace: &Workspace,
    name: &str,
    pins: &str,
    environment: &Environment,
    python: &str,
) -> Result<()> {
    let root = &environment.root;
    if root.exists() {
        std::fs::remove_dir_all(root)
            .with_context(|| format!("cannot remove {}", root.display()))?;
    }
    let log = |part: &str| workspace.tools().join(format!("{name}-{part}.log"));
    let mut venv = Command::new(python);
    venv.args(["-m", "venv"]).arg(root);
    let remedy = "install Python's venv module (Debian: apt install python3-venv)";
    Logged::new(venv, log("venv"), remedy).run("making a Python environment").await?;

    let requirements = workspace.tools().join(format!("{name}.txt"));
    std::fs::write(&requirements, pins)?;
    let mut pip = Command::new(environment.python());
    pip.args(["-m", "pip", "install", "--no-input", "--disable-pip-version-check", "--no-deps"])
        .arg("--requirement")
        .arg(requirements);
    let remedy = "check the network and run the command again";
    Logged::new(pip, log("pip"), remedy).run("installing Python packages").await
}

struct Python {
    program: String,
    version: String,
}

/// Finds a Python 3.10 or newer.
async fn python() -> Result<Python> {
    let program = std::env::var("PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let script = "import sys; print('%d.%d.%d' % sys.version_info[:3], sys.executable)";
    let mut command = Command::new(&program);
    command.args(["-c", script]).kill_on_drop(true);
    scrub::nested_cargo(&mut command);
    let remedy = "install Python 3.10 or newer with venv, or name it in the variable PYTHON";
    let output = match command.output().await {
        Ok(output) if output.status.success() => output,
        Ok(output) => bail!("{program} does not work ({}); {remedy}", output.status),
        Err(error) => bail!("{program} cannot be run ({error}); {remedy}"),
    };
    let version = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    let mut numbers = version.split(['.', ' ']).map(str::parse::<u32>);
    match (numbers.next(), numbers.next()) {
        (Some(Ok(3)), Some(Ok(minor))) if minor >= 10 => Ok(Python { program, version }),
        _ => bail!("{program} is Python {version}, which is too old; {remedy}"),
    }
}
