//! Tells where a stack is and how it does. The object of `--json` is what the
//! system tests read.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::Result;
use bytes::Bytes;
use http_body_util::Full;
use hyper::Request;
use serde::Serialize;

use crate::args::DEFAULT_PORT;
use crate::aws::{Depth, Emulator, Outputs};
use crate::record::{Keys, Record};
use crate::workspace::StackPlace;
use crate::{http, lock, session};

/// Queues and the outputs of the template that give their URLs.
pub const QUEUES: [(&str, &str); 11] = [
    ("events", "EventsQueueUrl"),
    ("events_dead_letter", "EventsDeadLetterQueueUrl"),
    ("failed", "FailedQueueUrl"),
    ("shard", "ShardQueueUrl"),
    ("shard_dead_letter", "ShardDeadLetterQueueUrl"),
    ("job", "JobQueueUrl"),
    ("job_dead_letter", "JobDeadLetterQueueUrl"),
    ("bulk", "BulkQueueUrl"),
    ("bulk_dead_letter", "BulkDeadLetterQueueUrl"),
    ("archive", "ArchiveQueueUrl"),
    ("archive_dead_letter", "ArchiveDeadLetterQueueUrl"),
];

/// State of a stack.
#[derive(Debug, Serialize)]
pub struct Status {
    pub stack_name: String,
    pub api_url: String,
    pub emulator_url: Option<String>,
    pub running: bool,
    /// Whether an `up` is at work on it.
    pub starting: bool,
    /// Whether the API answers through every layer.
    pub healthy: bool,
    pub keys: Option<Keys>,
    pub queues: BTreeMap<&'static str, Depth>,
    /// Names of tables and functions, as the template puts them out.
    pub outputs: Outputs,
}

/// Prints the state of a stack.
pub async fn status(place: &StackPlace, json: bool) -> Result<()> {
    let status = read(place).await?;
    if json {
        println!("{}", serde_json::to_string_pretty(&status)?);
        return Ok(());
    }
    let state = match (status.starting, status.running, status.healthy) {
        (true, _, false) => "starting",
        (_, false, _) => "not running",
        (_, true, false) => "running, but the API does not answer",
        (_, true, true) => "running",
    };
    println!("{}: {state}", status.stack_name);
    if status.running {
        println!("  API         {}", status.api_url);
    }
    if let Some(url) = &status.emulator_url {
        println!("  emulator    {url}");
    }
    if let Some(bucket) = status.outputs.get("ArchiveBucket") {
        println!("  archive     s3://{bucket}/events/");
    }
    if let Some(keys) = &status.keys {
        println!("  ingest key  {}", keys.ingest);
        println!("  admin key   {}", keys.admin);
    }
    for (name, depth) in &status.queues {
        println!("  queue       {name}: {} waiting, {} in flight", depth.visible, depth.in_flight);
    }
    println!("  files       {}", place.root().display());
    Ok(())
}

async fn read(place: &StackPlace) -> Result<Status> {
    let record = Record::load(&place.record())?;
    let running = session::is_running(place)?;
    let api_url = api_url(record.port.unwrap_or(DEFAULT_PORT));
    let mut status = Status {
        stack_name: place.name().as_str().to_owned(),
        emulator_url: record.emulator_port.map(|port| Emulator::new(port).url().to_owned()),
        running,
        starting: lock::is_held(&place.up_lock())?,
        healthy: running && is_healthy(&api_url).await,
        api_url,
        keys: record.keys,
        queues: BTreeMap::new(),
        outputs: Outputs::new(),
    };
    if let (true, Some(port)) = (running, record.emulator_port) {
        let emulator = Emulator::new(port);
        // A stack that is still being deployed has no outputs yet.
        let outputs = emulator.outputs(place.name().as_str()).await.ok().flatten();
        status.outputs = outputs.unwrap_or_default();
        status.queues = queues(&emulator, &status.outputs).await?;
    }
    Ok(status)
}

/// Depths of all queues.
pub async fn queues(
    emulator: &Emulator,
    outputs: &Outputs,
) -> Result<BTreeMap<&'static str, Depth>> {
    let mut depths = BTreeMap::new();
    for (name, output) in QUEUES {
        if let Some(url) = outputs.get(output) {
            depths.insert(name, emulator.depth(url).await?);
        }
    }
    Ok(depths)
}

/// Address of the HTTP API.
pub fn api_url(port: u16) -> String {
    format!("http://127.0.0.1:{port}")
}

/// Whether the API answers on `/health`.
pub async fn is_healthy(api_url: &str) -> bool {
    let request = Request::get(format!("{api_url}/health")).body(Full::<Bytes>::default());
    let Ok(request) = request else { return false };
    let answer = http::send(&http::client(), request, Duration::from_secs(10)).await;
    answer.is_ok_and(|(status, ..)| status.is_success())
}
