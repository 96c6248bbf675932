//! Checks the template with the pinned `sam validate --lint` and `cfn-lint`.

use anyhow::Result;
use tokio::process::Command;

use crate::process::Logged;
use crate::progress::step;
use crate::workspace::Workspace;
use crate::{scrub, tools};

/// Fails at the first finding.
pub async fn lint(workspace: &Workspace) -> Result<()> {
    let sam = tools::sam(workspace).await?;
    let commands: [&[&str]; 2] = [
        &["sam", "validate", "--lint", "--template-file", "template.yaml"],
        &["cfn-lint", "template.yaml"],
    ];
    for words in commands {
        let [program, arguments @ ..] = words else { continue };
        let mut command = Command::new(sam.bin().join(program));
        command.current_dir(workspace.root()).args(arguments);
        // Neither calls AWS; both want to know a region.
        scrub::aws_tool(&mut command, "http://127.0.0.1:9");
        scrub::path_first(&mut command, &sam.bin());
        scrub::sam_home(&mut command, &workspace.tools().join("sam-home"));
        let log = workspace.tools().join(format!("{program}.log"));
        let check = Logged::new(command, log, "correct template.yaml");
        step(&words.join(" "), check.run(program)).await?;
    }
    Ok(())
}
