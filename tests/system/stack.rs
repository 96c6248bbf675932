//! The local stack under test, and tenants in it.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    process::{Command, Output},
    sync::atomic::{AtomicU32, Ordering},
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};
use ureq::http::Method;

use crate::client::Client;

/// The name of the stack under test.
pub const NAME: &str = "system-test";

/// The running stack.
#[derive(Debug)]
pub struct Stack {
    /// Where the HTTP API is.
    pub api_url: String,
    /// Where the emulator is.
    pub emulator_url: String,
    run: u64,
    tenants: AtomicU32,
}

/// A tenant of one test.
#[derive(Debug)]
pub struct Tenant {
    /// Its id.
    pub id: String,
    /// Its key for sending events.
    pub ingest_key: String,
    /// Its key for everything else.
    pub admin_key: String,
}

impl Stack {
    /// Starts the stack without data.
    pub fn up() -> Result<Self> {
        // Anew: what an earlier run left would be counted by this one.
        cargo_stack(&["up", "--fresh", "--detach", "--port", "0"])?;
        let status = status()?;
        ensure!(status["healthy"] == true, "the stack is not healthy: {status}");
        let text = |name: &str| {
            status[name].as_str().map(str::to_owned).with_context(|| format!("no {name}"))
        };
        let run = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs() % 100_000_000;
        let (api_url, emulator_url) = (text("api_url")?, text("emulator_url")?);
        Ok(Self { api_url, emulator_url, run, tenants: AtomicU32::new(0) })
    }

    /// Stops the stack, and fails if a process of it is left.
    pub fn down(&self) -> Result<()> {
        let before = processes(std::process::id())?;
        ensure!(!before.is_empty(), "nothing runs at {}", self.api_url);
        cargo_stack(&["down"])?;
        let left: Vec<_> = processes(std::process::id())?
            .into_iter()
            .filter(|process| before.contains(process))
            .collect();
        ensure!(left.is_empty(), "processes are left: {left:?}");
        Ok(())
    }

    /// Makes a tenant that no other test and no earlier run knows.
    pub fn tenant(&self) -> Result<Tenant> {
        let number = self.tenants.fetch_add(1, Ordering::Relaxed);
        let id = format!("t{}-{number}", self.run);
        let made = cargo_stack(&["tenant", "create", &id])?;
        let made: Value = serde_json::from_slice(&made.stdout)?;
        let key = |scope: &str| {
            let key = made["keys"][scope].as_str();
            key.map(str::to_owned).with_context(|| format!("no {scope} key for {id}"))
        };
        Ok(Tenant { ingest_key: key("ingest")?, admin_key: key("admin")?, id })
    }

    /// A client that speaks with a key.
    pub fn client(&self, key: &str) -> Client {
        Client::new(&self.api_url, key)
    }

    /// Returns an output of the template.
    pub fn output(&self, name: &str) -> Result<String> {
        let status = status()?;
        ensure!(status["api_url"] == self.api_url, "the stack moved: {status}");
        let output = status["outputs"][name].as_str();
        output.map(str::to_owned).with_context(|| format!("no output {name}: {status}"))
    }

    /// The prefix of things of this run alone.
    pub fn unique(&self) -> String {
        format!("r{}", self.run)
    }

    /// Returns the messages that wait in a queue or are being worked on.
    pub fn depth(&self, queue: &str) -> Result<u64> {
        let status = status()?;
        ensure!(status["api_url"] == self.api_url, "the stack moved: {status}");
        let depth = &status["queues"][queue];
        let number =
            |name: &str| depth[name].as_u64().with_context(|| format!("no {name}: {status}"));
        Ok(number("visible")? + number("in_flight")?)
    }

    /// Lets messages of a killed function come again after some seconds.
    pub fn redeliver_after(&self, seconds: u32) -> Result<()> {
        let status = status()?;
        let queue = status["queues"]["events"]["url"].as_str().context("no queue")?;
        let attributes = json!({ "VisibilityTimeout": seconds.to_string() });
        let body = json!({ "QueueUrl": queue, "Attributes": attributes });
        let headers = [
            ("X-Amz-Target", "AmazonSQS.SetQueueAttributes"),
            ("Content-Type", "application/x-amz-json-1.0"),
            (
                "Authorization",
                "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/sqs/aws4_request",
            ),
        ];
        let emulator = Client::new(&self.emulator_url, "");
        let answer = emulator.send(Method::POST, "/", &headers, body.to_string().as_bytes())?;
        ensure!(answer.status == 200, "{} {}", answer.status, answer.text);
        Ok(())
    }

    /// Waits until no event waits or is being scored.
    pub fn drained(&self) -> Result<()> {
        until("the events queue is empty", Duration::from_mins(5), || {
            Ok((self.depth("events")? == 0).then_some(()))
        })
    }
}

/// Runs `cargo stack` for the stack under test.
pub fn cargo_stack(arguments: &[&str]) -> Result<Output> {
    let output = Command::new(env!("CARGO"))
        .args(["run", "--quiet", "--package", "stack", "--", "--name", NAME])
        .args(arguments)
        .current_dir(root())
        .output()?;
    if !output.status.success() {
        bail!("cargo stack {}: {}", arguments.join(" "), String::from_utf8_lossy(&output.stderr));
    }
    Ok(output)
}

fn status() -> Result<Value> {
    Ok(serde_json::from_slice(&cargo_stack(&["status", "--json"])?.stdout)?)
}

/// The root of the repository.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// Where the tests keep what they install.
pub fn scratch() -> PathBuf {
    root().join("target/system-tests")
}

/// Asks again and again until there is an answer or the time is over.
pub fn until<T>(
    what: &str,
    longest: Duration,
    mut ask: impl FnMut() -> Result<Option<T>>,
) -> Result<T> {
    let start = Instant::now();
    loop {
        if let Some(answer) = ask()? {
            return Ok(answer);
        }
        ensure!(start.elapsed() < longest, "not within {longest:?}: {what}");
        std::thread::park_timeout(Duration::from_millis(50));
    }
}

/// A process: its id and its command line.
pub type Process = (u32, String);

/// Lists the processes of the stack under test, `except` one.
pub fn processes(except: u32) -> Result<BTreeSet<Process>> {
    let home = root().join("target/stack").join(NAME);
    let (home, mut found) = (home.to_string_lossy().into_owned(), BTreeSet::new());
    for entry in std::fs::read_dir("/proc")? {
        let path = entry?.path();
        let Some(id) = path.file_name().and_then(|name| name.to_str()?.parse::<u32>().ok()) else {
            continue;
        };
        let read = |name: &str| std::fs::read(path.join(name)).unwrap_or_default();
        let command = String::from_utf8_lossy(&read("cmdline")).replace('\0', " ");
        let environment = String::from_utf8_lossy(&read("environ")).into_owned();
        let ours = command.contains(&home) || environment.contains(&home);
        if id != except && ours && !command.is_empty() {
            found.insert((id, command));
        }
    }
    Ok(found)
}
