//! Creates tenants and keys through the provision function, which only IAM lets
//! anybody call. Keys are shown once: the function keeps a hash only.

use std::process::Stdio;

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};
use tokio::process::Command;

use crate::args::TenantCommand;
use crate::aws::{Emulator, Outputs};
use crate::functions::{print, running};
use crate::record::Keys;
use crate::tools;
use crate::workspace::{StackPlace, Workspace};

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/python/provision.py");

/// Runs a tenant command and prints the answer.
pub async fn tenant(
    workspace: &Workspace,
    place: &StackPlace,
    command: TenantCommand,
) -> Result<()> {
    let TenantCommand::Create { tenant, title, admin_email, admin_name, stack } = command;
    let title = title.unwrap_or_else(|| tenant.clone());
    let payload = json!({
        "operation": "create_tenant", "tenant": tenant, "name": title,
        "admin_email": admin_email, "admin_name": admin_name,
    });
    let answer = if let Some(stack) = stack {
        on_aws(workspace, &stack, &payload).await?
    } else {
        let (emulator, outputs) = running(place).await?;
        provision(&emulator, &outputs, &payload).await?
    };
    if let Some(message) = error(&answer) {
        bail!("{message}");
    }
    print(&answer)
}

/// Creates a tenant, or new keys for it if it exists and its keys are lost.
pub async fn keys(emulator: &Emulator, outputs: &Outputs, tenant: &str) -> Result<Keys> {
    let create = json!({ "operation": "create_tenant", "tenant": tenant, "name": "Demo" });
    let answer = provision(emulator, outputs, &create).await?;
    let Some(message) = error(&answer) else {
        let keys = answer.get("keys").cloned().context("provision answered without keys")?;
        return Ok(serde_json::from_value(keys)?);
    };
    let exists = answer.pointer("/error/code").and_then(Value::as_str) == Some("tenant_exists");
    ensure!(exists, "{message}");
    Ok(Keys {
        ingest: key(emulator, outputs, tenant, "ingest").await?,
        admin: key(emulator, outputs, tenant, "admin").await?,
    })
}

async fn key(emulator: &Emulator, outputs: &Outputs, tenant: &str, scope: &str) -> Result<String> {
    let create =
        json!({ "operation": "create_key", "tenant": tenant, "name": scope, "scopes": [scope] });
    let answer = provision(emulator, outputs, &create).await?;
    let key = answer.get("key").and_then(Value::as_str);
    Ok(key.with_context(|| format!("provision made no key: {answer}"))?.to_owned())
}

async fn provision(emulator: &Emulator, outputs: &Outputs, payload: &Value) -> Result<Value> {
    let function = outputs.get("ProvisionFunction").context("no output ProvisionFunction")?;
    emulator.invoke(function, &payload.to_string()).await
}

fn error(answer: &Value) -> Option<String> {
    let error = answer.get("error")?;
    let message = error.get("message").and_then(Value::as_str);
    Some(message.map_or_else(|| error.to_string(), str::to_owned))
}

/// Invokes with the caller's own AWS credentials, through the AWS library that
/// comes with the build tools.
async fn on_aws(workspace: &Workspace, stack: &str, payload: &Value) -> Result<Value> {
    let python = tools::sam(workspace).await?.python();
    let mut command = Command::new(python);
    command.args([SCRIPT, stack, &payload.to_string()]).stdin(Stdio::null()).kill_on_drop(true);
    let output = command.output().await.context("cannot run the AWS library")?;
    if !output.status.success() {
        bail!("{}", String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(serde_json::from_slice(&output.stdout)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_told_in_its_own_words() {
        let answer = json!({ "error": { "code": "tenant_exists", "message": "demo exists" } });
        assert_eq!(error(&answer).as_deref(), Some("demo exists"));
        assert_eq!(error(&json!({ "tenant": "demo" })), None);
    }
}
