//! The archive as somebody has it who knows nothing of Leadline but its bucket: every event that
//! was sent, once, with the types that the schema says.

use std::{
    collections::{BTreeMap, BTreeSet},
    process::Command,
    time::{Duration, SystemTime},
};

use anyhow::{Context, Result, ensure};
use domain::time::{DAY_MS, Timestamp};
use serde_json::{Value, json};

use crate::{
    athena,
    python::environment,
    stack::{Stack, Tenant, cargo_stack, root, until},
};

const READER: &str = "pyarrow==25.0.1";

/// How many days the events are of, today the last.
const DAYS: i64 = 3;

/// A tenant, what was sent to it, and who was meant.
struct Sent {
    tenant: Tenant,
    events: Vec<Value>,
}

/// An independent reader sees exactly the events sent, before and after they were put together.
pub fn exact(stack: &Stack) -> Result<()> {
    let tenant = stack.tenant()?;
    let sent = Sent { tenant, events: events(now()?) };
    let client = stack.client(&sent.tenant.ingest_key);
    let mut so_far = 0;
    for part in sent.events.chunks(7) {
        client.events(part)?;
        so_far += part.len();
        archived(stack, &sent.tenant, so_far)?;
    }
    // A sender that repeats itself adds nothing.
    client.events(&sent.events)?;
    stack.drained()?;
    let apart = archived(stack, &sent.tenant, so_far)?;
    agrees(stack, &sent, &apart)?;
    let days = sent.days()?;
    ensure!(objects(&apart)?.len() > days.len(), "nothing to put together: {apart}");
    athena::answers(stack, &sent.tenant.id, &sent.events)?;

    put_together(stack)?;
    let together = read(stack, &sent.tenant)?;
    agrees(stack, &sent, &together)?;
    let names = objects(&together)?;
    ensure!(names.len() == days.len(), "one object a day, not {names:?}");
    ensure!(names.iter().all(|name| name.contains("/compacted-")), "{names:?}");
    let rows = together["rows"].as_array().context("no rows")?.len();
    ensure!(rows == sent.events.len(), "{rows} copies of {} events", sent.events.len());
    athena::answers(stack, &sent.tenant.id, &sent.events)?;

    put_together(stack)?;
    let again = read(stack, &sent.tenant)?;
    ensure!(again == together, "a second night changed the first");
    ensure!(stack.depth("archive_dead_letter")? == 0, "messages are in the dead-letter queue");
    Ok(())
}

fn now() -> Result<Timestamp> {
    let since_1970 = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?;
    Ok(Timestamp::from_millis(i64::try_from(since_1970.as_millis())?)?)
}

/// Waits until that many events are archived, and returns what is seen then.
fn archived(stack: &Stack, tenant: &Tenant, events: usize) -> Result<Value> {
    until("every event is archived", Duration::from_mins(1), || {
        let seen = read(stack, tenant)?;
        let rows = seen["rows"].as_array().context("no rows")?.len();
        Ok((rows >= events).then_some(seen))
    })
}

/// Twenty events of three people on three days.
fn events(now: Timestamp) -> Vec<Value> {
    let event = |n: i64| {
        let (person, day) = (n % 3, n % DAYS);
        // Exact in binary, and so is their sum.
        let total = [100.25, 7.5, 80.0, 0.125, 64.0].get(usize::try_from(n / 4).unwrap_or(0));
        let at = now.plus_millis(-day * DAY_MS - n * 1_000);
        let (event_type, properties) = match n % 4 {
            0 => ("order_completed", json!({ "total": total })),
            1 => {
                ("page_view", json!({ "path": "/preços", "depth": { "max": n, "all": [1, null] } }))
            }
            2 => ("video_watched", json!({ "exact": 9_007_199_254_740_993_u64, "ratio": 0.1 })),
            _ => ("signup", json!({})),
        };
        json!({
            "event_id": format!("e{n}"), "event_type": event_type,
            "user_id": format!("reader-{person}"), "timestamp": at, "properties": properties,
        })
    };
    (0..20).map(event).collect()
}

impl Sent {
    /// The days on which the events happened.
    fn days(&self) -> Result<BTreeSet<String>> {
        self.events.iter().map(|event| day(&event["timestamp"])).collect()
    }
}

fn day(timestamp: &Value) -> Result<String> {
    let text = timestamp.as_str().context("no timestamp")?;
    Ok(text.get(..10).context("no day")?.to_owned())
}

/// Does what the night does to the archive.
fn put_together(stack: &Stack) -> Result<()> {
    cargo_stack(&["invoke", "archive", "events/schedule/compact.json"])?;
    until("the archive is put together", Duration::from_mins(2), || {
        Ok((stack.depth("archive")? == 0).then_some(()))
    })
}

/// Reads the archive of a tenant as somebody who knows nothing of Leadline.
pub fn read(stack: &Stack, tenant: &Tenant) -> Result<Value> {
    let output = Command::new(environment("archive", READER)?.join("python"))
        .arg(root().join("tests/system/python/archive.py"))
        .args([&stack.emulator_url, &stack.output("ArchiveBucket")?, &tenant.id])
        .output()?;
    let errors = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "the archive could not be read: {errors}");
    Ok(serde_json::from_slice(&output.stdout)?)
}

fn objects(seen: &Value) -> Result<Vec<String>> {
    Ok(serde_json::from_value(seen["objects"].clone())?)
}

/// Compares what was read with what was sent, copies left out.
fn agrees(stack: &Stack, sent: &Sent, seen: &Value) -> Result<()> {
    let schema = json!({
        "home": "string", "home_kind": "string", "event_id": "string", "event_type": "string",
        "timestamp": "timestamp[ms, tz=UTC]", "received_at": "timestamp[ms, tz=UTC]",
        "properties": "string", "context": "string", "traits": "string", "links": "string",
        "edit": "string", "tenant": "string", "dt": "string",
    });
    ensure!(seen["schema"] == schema, "the reader sees {}", seen["schema"]);
    let client = stack.client(&sent.tenant.admin_key);
    let mut homes = BTreeMap::new();
    for person in 0..3 {
        let user = format!("reader-{person}");
        let lead = client.lead(&format!("user_id={user}"))?.context("no lead")?;
        homes.insert(user, lead["id"].clone());
    }
    let mut expected = BTreeMap::new();
    for event in &sent.events {
        let id = event["event_id"].as_str().context("no id")?;
        let user = event["user_id"].as_str().context("no user")?;
        expected.insert(
            id.to_owned(),
            json!({
                "tenant": sent.tenant.id, "dt": day(&event["timestamp"])?, "home": homes[user],
                "home_kind": "user_id", "event_type": event["event_type"],
                "timestamp": event["timestamp"], "properties": event["properties"],
                "traits": null, "links": null, "edit": null,
            }),
        );
    }
    let mut found: BTreeMap<String, Value> = BTreeMap::new();
    for row in seen["rows"].as_array().context("no rows")? {
        let id = row["event_id"].as_str().context("no id")?.to_owned();
        let event = shown(row)?;
        let same = found.insert(id, event.clone()).is_none_or(|copy| copy == event);
        ensure!(same, "two copies differ: {row}");
    }
    ensure!(found == expected, "the archive has {found:?}, sent were {expected:?}");
    Ok(())
}

/// Returns what of a row can be told beforehand.
fn shown(row: &Value) -> Result<Value> {
    let received = row["received_at"].as_str().context("no instant of receipt")?;
    ensure!(row["timestamp"].as_str().is_some_and(|at| at <= received), "{row}");
    let properties = match row["properties"].as_str() {
        Some(text) => serde_json::from_str(text)?,
        None => json!({}),
    };
    let mut shown = json!({ "properties": properties });
    for column in
        ["tenant", "dt", "home", "home_kind", "event_type", "timestamp", "traits", "links", "edit"]
    {
        shown[column] = row[column].clone();
    }
    Ok(shown)
}
