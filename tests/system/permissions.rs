//! Least privilege, as the emulator enforces it: what each function's role may do, tried out.

use std::{path::PathBuf, process::Command};

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use crate::stack::{NAME, Stack, root};

/// Of the calls tried, each role allows exactly those that its function makes.
pub fn enforced(stack: &Stack) -> Result<()> {
    let output = Command::new(python()?)
        .arg(root().join("tests/system/python/permissions.py"))
        .args([&stack.emulator_url, NAME])
        .output()?;
    let errors = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "the calls could not be tried: {errors}");
    let allowed: Value = serde_json::from_slice(&output.stdout)?;
    let expected = json!({
        "Ingest": [
            "leads get", "leads update", "leads batch get", "events send", "failed send",
            "key decrypt",
        ],
        "Score": [
            "leads get", "leads put", "leads update", "leads delete", "leads batch get", "leads check",
            "events query", "events put", "events batch get", "search put", "search delete",
            "search batch get", "search batch put", "events receive", "events look", "failed send",
            "key decrypt", "idle get", "idle delete", "archived list",
        ],
        "Api": [
            "leads get", "leads query", "leads put", "leads update", "leads delete",
            "leads batch get", "leads check", "events query", "events put", "events batch get",
            "search query", "search put", "search delete", "search batch get", "search batch put",
            "by_score query", "by_owner query", "by_created query", "by_activity query",
            "job send", "bulk send", "key decrypt", "key encrypt", "imports put", "imports delete",
            "exports get", "exports delete", "files list", "idle get", "idle delete",
            "archived list", "people get", "people sign out", "people delete",
        ],
        "Aggregate": [
            "leads get", "leads query", "leads scan", "leads put", "leads update",
            "leads delete", "leads batch get", "leads check", "events query", "events put",
            "events delete", "events batch get", "search query", "search put", "search delete",
            "search batch get", "search batch put", "shard send", "shard receive", "shard look",
            "key decrypt", "imports delete", "exports delete", "files list", "idle get",
            "idle put", "idle delete", "archived list",
        ],
        "Rescore": [
            "leads get", "leads query", "leads scan", "leads put", "leads update",
            "leads delete", "events query", "job send", "job receive", "job look",
            "idle get", "archived list",
        ],
        "Bulk": [
            "leads get", "leads query", "leads scan", "leads put", "leads update",
            "leads delete", "leads batch get", "leads check", "events query", "events put",
            "events batch get", "search put", "search delete", "search batch get",
            "search batch put", "bulk send", "bulk receive", "bulk look", "key decrypt",
            "imports get", "imports delete", "exports put", "files list", "idle get", "idle delete",
            "archived list",
        ],
        "Archive": [
            "archive send", "archive receive", "archive look", "archived get", "archived put",
            "archived delete", "set aside put", "discarded put", "archived list",
        ],
        "Provision": [
            "leads get", "leads put", "key decrypt", "key encrypt", "people get", "people delete",
        ],
    });
    ensure!(allowed == expected, "the roles allow {allowed}, not {expected}");
    Ok(())
}

/// The Python that the stack deploys with, which has the AWS library.
pub fn python() -> Result<PathBuf> {
    for entry in std::fs::read_dir(root().join("target/stack/.tools"))? {
        let python = entry?.path().join("bin/python");
        let library = python.parent().map(|bin| bin.join("sam"));
        if library.is_some_and(|sam| sam.exists()) {
            return Ok(python);
        }
    }
    None.context("the stack's tools are not installed")
}
