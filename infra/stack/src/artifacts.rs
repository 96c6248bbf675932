//! What `sam build` makes. All stacks share it; who deploys from it holds it
//! as a reader, who builds holds it alone.

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use tokio::process::Command;

use crate::lock::{self, FileLock};
use crate::process::Logged;
use crate::progress::step_in_parts;
use crate::workspace::Workspace;
use crate::{fingerprint, scrub, tools};

/// Settings of the release profile for this machine. Linking each function with
/// thin LTO takes a minute of each edit; set these variables to measure what
/// production runs.
const PROFILE: [(&str, &str); 2] =
    [("CARGO_PROFILE_RELEASE_LTO", "off"), ("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16")];

/// A finished build that nobody changes while this value lives.
#[derive(Debug)]
pub struct Artifacts {
    /// Fingerprint of the sources.
    pub stamp: String,
    /// The template with the paths of the built functions.
    pub template: PathBuf,
    _lock: FileLock,
}

/// The architecture of this machine as the template names it.
pub fn architecture() -> Result<&'static str> {
    if !cfg!(target_os = "linux") {
        bail!(
            "functions are Linux programs and run on this machine itself; use Linux, WSL or a container"
        );
    }
    match std::env::consts::ARCH {
        "x86_64" => Ok("x86_64"),
        "aarch64" => Ok("arm64"),
        other => bail!("Lambda functions do not run on {other}; use an x86_64 or arm64 machine"),
    }
}

const WAIT: &str = "Waiting for another `up` that builds the functions";

/// Builds if anything changed since the last build.
pub async fn build(workspace: &Workspace, sam: &tools::Environment) -> Result<Artifacts> {
    let directory = workspace.build();
    let lock_path = directory.join("lock");
    if let Some(artifacts) = current(workspace, lock::shared(&lock_path, WAIT).await?)? {
        return Ok(artifacts);
    }
    let log = directory.join("build.log");
    let lock = step_in_parts("Building the functions", || part(&log), async {
        let lock = lock::exclusive(&lock_path, WAIT).await?;
        let stamp = stamp(workspace)?;
        let stamp_path = directory.join("stamp");
        // Another `up` may have built the same while this one waited.
        if std::fs::read_to_string(&stamp_path).is_ok_and(|built| built == stamp) {
            return Ok(lock);
        }
        let _ = std::fs::remove_file(&stamp_path);
        sam_build(workspace, sam).await?;
        // Sources edited meanwhile no longer match, and the next `up` builds.
        std::fs::write(&stamp_path, &stamp)?;
        Ok(lock)
    })
    .await?;
    let stamp = std::fs::read_to_string(directory.join("stamp"))?;
    lock.share()?;
    Ok(Artifacts { stamp, template: template(workspace), _lock: lock })
}

/// The function that `sam build` is at, by its log.
fn part(log: &Path) -> String {
    let log = std::fs::read_to_string(log).unwrap_or_default();
    let mut functions = log.lines().filter_map(|line| line.split_once(" functions: "));
    functions
        .next_back()
        .map(|(_, name)| format!("{}, ", name.trim().to_lowercase()))
        .unwrap_or_default()
}

/// The last build, if it is of the sources as they are now.
fn current(workspace: &Workspace, lock: FileLock) -> Result<Option<Artifacts>> {
    let stamp = stamp(workspace)?;
    let built = std::fs::read_to_string(workspace.build().join("stamp"));
    let template = template(workspace);
    let is_current = built.is_ok_and(|built| built == stamp) && template.exists();
    Ok(is_current.then_some(Artifacts { stamp, template, _lock: lock }))
}

fn stamp(workspace: &Workspace) -> Result<String> {
    let profile = profile().map(|(name, value)| format!("{name}={value}"));
    let mut rest = vec![architecture()?, tools::SAM];
    rest.extend(profile.iter().map(String::as_str));
    fingerprint::sources(workspace.root(), &rest)
}

/// The profile, as far as the environment does not say otherwise.
fn profile() -> [(&'static str, String); 2] {
    PROFILE.map(|(name, ours)| (name, std::env::var(name).unwrap_or_else(|_| ours.to_owned())))
}

fn template(workspace: &Workspace) -> PathBuf {
    workspace.build().join("functions/template.yaml")
}

async fn sam_build(workspace: &Workspace, sam: &tools::Environment) -> Result<()> {
    let directory = workspace.build();
    let mut command = Command::new(sam.bin().join("sam"));
    command
        .current_dir(workspace.root())
        .args(["build", "--template-file", "template.yaml", "--build-dir"])
        .arg(directory.join("functions"))
        .arg("--parameter-overrides")
        .arg(format!("Architecture={}", architecture()?));
    scrub::nested_cargo(&mut command);
    command.envs(profile());
    scrub::path_first(&mut command, &sam.bin());
    scrub::sam_home(&mut command, &workspace.tools().join("sam-home"));
    let remedy = "correct it and run the command again";
    Logged::new(command, directory.join("build.log"), remedy).run("sam build").await
}
