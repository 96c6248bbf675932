//! Python packages from their registry, each with its own in a virtual environment.

use std::{path::PathBuf, process::Command};

use anyhow::{Result, ensure};

use crate::stack::scratch;

/// Makes a virtual environment with a package, once, and returns where its programs are.
pub fn environment(name: &str, package: &str) -> Result<PathBuf> {
    let place = scratch().join(name);
    let (programs, ready) = (place.join("bin"), place.join("ready"));
    if std::fs::read_to_string(&ready).ok().as_deref() != Some(package) {
        std::fs::create_dir_all(scratch())?;
        succeed(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&place))?;
        let python = programs.join("python");
        succeed(Command::new(python).args(["-m", "pip", "install", "--quiet", package]))?;
        std::fs::write(ready, package)?;
    }
    Ok(programs)
}

fn succeed(command: &mut Command) -> Result<()> {
    let output = command.output()?;
    let errors = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{command:?}: {errors}");
    Ok(())
}
