//! The contract: what the OpenAPI document says is tried out, request by request, by a program
//! that knows nothing but the document.

use std::{process::Command, time::Duration};

use anyhow::{Result, ensure};
use serde_json::json;
use ureq::http::Method;

use crate::{
    people::founder,
    python::environment,
    stack::{Stack, root, until},
};

const SCHEMATHESIS: &str = "schemathesis==4.32.5";

/// How many requests are made up for each operation in the fuzzing phase.
const EXAMPLES: &str = "15";

/// Every answer is one that the document describes, in every phase, with every check.
pub fn kept(stack: &Stack) -> Result<()> {
    let program = environment("schemathesis", SCHEMATHESIS)?.join("schemathesis");
    let ana = founder(stack, "schema")?;
    let settings = ana.client.get("/v1/settings")?;
    let etag = settings.header("etag").unwrap_or_default().to_owned();
    let limits = json!({"rate_limits": {"people": 1_000_000, "ingest": 1_000_000}});
    let guarded = [("If-Match", etag.as_str())];
    let raised = ana.client.call_with(Method::PATCH, "/v1/settings", &limits, &guarded)?;
    ensure!(raised.status == 200, "{}", raised.text);
    until("the limits are raised", Duration::from_secs(75), || {
        let limit = ana.client.get("/v1/me")?;
        Ok((limit.header("ratelimit-limit") == Some("1000000")).then_some(()))
    })?;
    let key = json!({"name": "events", "scopes": ["ingest"]});
    let key = ana.client.expect(201, &Method::POST, "/v1/api-keys", &key)?;
    let key = key["key"].as_str().unwrap_or_default();
    let output = Command::new(program)
        .arg("--config-file")
        .arg(root().join("tests/system/schemathesis.toml"))
        .args(["run", &format!("{}/openapi.json", stack.api_url), "--url", &stack.api_url])
        .args(["--max-examples", EXAMPLES, "--workers", "2"])
        .args(["--phases", "examples,coverage,fuzzing,stateful", "--request-retries", "1"])
        .env("ADMIN_TOKEN", ana.client.key())
        .env("INGEST_KEY", key)
        .env("SCHEMATHESIS_HOOKS", "schemathesis_hooks")
        .env("PYTHONPATH", root().join("tests/system/python"))
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .current_dir(std::env::temp_dir())
        .output()?;
    let said = String::from_utf8_lossy(&output.stdout);
    ensure!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    Ok(())
}
