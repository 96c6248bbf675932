//! A real SDK from its registry: `segment-analytics-python`, plain and gzip.

use std::process::Command;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use crate::{
    python::environment,
    stack::{Stack, root},
};

const SDK: &str = "segment-analytics-python==2.4.0";

/// Plain JSON, as the SDK sends by default.
pub fn one_lead(stack: &Stack) -> Result<()> {
    check(stack, false)
}

/// With the SDK's gzip option.
pub fn one_lead_gzipped(stack: &Stack) -> Result<()> {
    check(stack, true)
}

/// The script sends, of one person within one hour: identify 0, a page view 5, `Signup` 30,
/// `Demo Request` 50, a screen view 0, a group 0, an alias 0, and two page views by the cookie,
/// 5 each: 95 points by 9 events.
fn check(stack: &Stack, gzip: bool) -> Result<()> {
    let tenant = stack.tenant()?;
    let client = stack.client(&tenant.admin_key);
    run(stack, &tenant.ingest_key, gzip, "forward")?;
    let lead = client.lead_with_events("user_id=user-1", 9)?;
    ensure!(lead["score"] == 95 && lead["points"] == 95, "95 points by hand: {lead}");
    ensure!(lead["stage"] == "hot", "{lead}");
    ensure!(lead["profile"]["email"] == "ana@example.com", "{lead}");
    ensure!(lead["profile"]["company"] == "Acme", "{lead}");
    let identities = lead["identities"].as_array().context("no identities")?;
    for (kind, value) in [
        ("user_id", "user-1"),
        ("email", "ana@example.com"),
        ("phone", "+5511999990001"),
        ("anonymous_id", "cookie-1"),
    ] {
        let identity = json!({ "kind": kind, "value": value });
        ensure!(identities.contains(&identity), "no {identity} in {lead}");
        let value = value.replace('+', "%2B");
        let found = client.lead(&format!("{kind}={value}"))?.context("not found")?;
        ensure!(found["id"] == lead["id"], "{kind} finds another lead");
    }
    run(stack, &tenant.ingest_key, gzip, "backward")?;
    stack.drained()?;
    let again = client.lead("user_id=user-1")?.context("the lead is gone")?;
    for field in ["id", "score", "points", "events", "profile", "identities"] {
        ensure!(again[field] == lead[field], "sent again, {field} is {}", again[field]);
    }
    let all = client.read("/v1/leads")?;
    ensure!(all["data"].as_array().map(Vec::len) == Some(1), "one person, one lead: {all}");
    Ok(())
}

fn run(stack: &Stack, key: &str, gzip: bool, order: &str) -> Result<()> {
    let gzip = if gzip { "gzip" } else { "plain" };
    let output = Command::new(environment("sdk", SDK)?.join("python"))
        .arg(root().join("tests/system/python/calls.py"))
        .args([&stack.api_url, key, gzip, order])
        .output()?;
    let errors = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "the SDK failed: {errors}");
    let said: Value = serde_json::from_slice(&output.stdout)?;
    ensure!(said["errors"] == json!([]), "the SDK saw errors: {said}");
    Ok(())
}
