//! Deploys the unmodified template with the unmodified `sam deploy`, then
//! applies what the emulator leaves out.

use anyhow::{Context, Result, anyhow};
use tokio::process::Command;

use crate::artifacts::{Artifacts, architecture};
use crate::aws::{Emulator, Outputs};
use crate::process::Logged;
use crate::record::write_private;
use crate::workspace::{StackPlace, Workspace};
use crate::{scrub, tools};

/// Deploys the artifacts and tells the proxy where the API is.
pub async fn deploy(
    workspace: &Workspace,
    place: &StackPlace,
    sam: &tools::Environment,
    artifacts: &Artifacts,
    emulator: &Emulator,
) -> Result<Outputs> {
    sam_deploy(workspace, place, sam, artifacts, emulator).await?;
    let name = place.name().as_str();
    let outputs = emulator.outputs(name).await?;
    let outputs = outputs.ok_or_else(|| {
        let log = place.log("deploy");
        anyhow!(
            "the stack was not deployed; begin anew: cargo stack up --fresh (log: {})",
            log.display()
        )
    })?;
    let api = api_id(&outputs)?;
    emulator.apply_cors(api).await?;
    write_private(&place.api_id(), api.as_bytes())?;
    Ok(outputs)
}

async fn sam_deploy(
    workspace: &Workspace,
    place: &StackPlace,
    sam: &tools::Environment,
    artifacts: &Artifacts,
    emulator: &Emulator,
) -> Result<()> {
    let mut command = Command::new(sam.bin().join("sam"));
    command
        .current_dir(place.root())
        .arg("deploy")
        .arg("--template-file")
        .arg(&artifacts.template)
        .args(["--stack-name", place.name().as_str(), "--region", "us-east-1"])
        .args(["--resolve-s3", "--capabilities", "CAPABILITY_IAM"])
        .args(["--no-confirm-changeset", "--no-fail-on-empty-changeset", "--no-progressbar"])
        .arg("--parameter-overrides")
        .arg(format!("Architecture={}", architecture()?))
        .args(local_parameters(emulator));
    scrub::aws_tool(&mut command, emulator.url());
    scrub::path_first(&mut command, &sam.bin());
    scrub::sam_home(&mut command, &workspace.tools().join("sam-home"));
    let remedy = "correct template.yaml, or begin anew: cargo stack up --fresh";
    Logged::new(command, place.log("deploy"), remedy).run("sam deploy").await
}

/// What differs from a stack on AWS: anybody may sign up, the user pool's keys are the emulator's,
/// whatever issuer its tokens name, and nobody waits for the archive.
fn local_parameters(emulator: &Emulator) -> [String; 3] {
    [
        "OpenSignUp=true".to_owned(),
        format!("UserPoolKeysEndpoint={}", emulator.url()),
        "ArchiveWindowSeconds=0".to_owned(),
    ]
}

/// Id of the deployed HTTP API.
pub fn api_id(outputs: &Outputs) -> Result<&str> {
    let url = outputs.get("ApiUrl").context("the template has no output ApiUrl")?;
    let host = url.trim_start_matches("https://");
    host.split('.').next().context("the output ApiUrl has no host")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_api_is_the_first_label_of_its_host() {
        let url = "https://2ecde07f.execute-api.us-east-1.amazonaws.com".to_owned();
        let outputs = Outputs::from([("ApiUrl".to_owned(), url)]);
        assert_eq!(api_id(&outputs).unwrap(), "2ecde07f");
    }
}
