//! A person who is erased, as the whole system sees it: what was planted wherever senders and
//! people can put something is in no table, object, queue and log line, and neither are the keys
//! that it was sealed under, nor what they opened.

mod traces;

use std::{
    process::Command,
    time::{Duration, SystemTime},
};

use anyhow::{Context, Result, ensure};
use domain::time::Timestamp;
use serde_json::{Value, json};
use ureq::http::Method;

use self::traces::Traces;
use crate::{
    archive,
    client::Client,
    permissions::python,
    stack::{Stack, Tenant, root, until},
};

/// What is planted: an address, a name, a number; and a word that is nobody's, which stays.
struct Marker {
    email: String,
    name: String,
    phone: String,
    plain: String,
}

/// Nobody finds an erased person, whoever looks wherever; what they did still counts.
pub fn nothing_left(stack: &Stack) -> Result<()> {
    let tenant = stack.tenant()?;
    let marker = Marker::new(stack);
    let (sender, admin) = (stack.client(&tenant.ingest_key), stack.client(&tenant.admin_key));
    let sent = now()?;
    sends(stack, &sender, &marker, sent)?;
    let lead = admin.lead_with_events("user_id=marked", 3)?;
    let path = format!("/v1/leads/{}", lead["id"].as_str().context("no id")?);
    writes(&admin, &marker, &path)?;
    let data = admin.read(&format!("{path}/data"))?.to_string();
    for text in marker.personal() {
        ensure!(data.contains(text), "{text} is held and not shown: {data}");
    }
    archived(stack, &tenant, 3)?;
    let held = Traces::of(stack, &tenant)?;
    held.ensure_all()?;
    is_found(stack, &marker, &held)?;

    let receipt = erase(&admin, &path)?;
    for trace in ["keys", "identities", "notes", "activities", "search_entries", "answers", "files"]
    {
        ensure!(receipt["erased"][trace].as_u64() > Some(0), "no {trace}: {receipt}");
    }
    // Senders repeat themselves, and files are imported again by nobody.
    sends(stack, &sender, &marker, sent)?;
    ensure!(admin.lead("user_id=marked")?.is_none(), "old events brought the person back");
    gone(&admin, &marker, &path)?;
    Traces::of(stack, &tenant)?.ensure_none(&held)?;
    is_nowhere(stack, &tenant, &marker, &held)?;
    comes_back(stack, &sender, &admin, &lead["id"])
}

/// Before: everything that is held is found where it lies, and nothing of the person lies open.
fn is_found(stack: &Stack, marker: &Marker, held: &Traces) -> Result<()> {
    let seen = search(stack, marker, held)?;
    for text in held.texts().into_iter().chain([marker.plain.as_str()]) {
        ensure!(places(&seen, text) > 0, "the search does not find {text}: {}", seen["looked_at"]);
    }
    for text in marker.personal() {
        ensure!(
            places(&seen, text) == 0,
            "{text} lies open: {}",
            seen["found"][text.to_lowercase()]
        );
    }
    Ok(())
}

/// After: neither the person is found anywhere, nor a key, nor anything that one opened.
fn is_nowhere(stack: &Stack, tenant: &Tenant, marker: &Marker, held: &Traces) -> Result<()> {
    let seen = search(stack, marker, held)?;
    for text in held.texts().into_iter().chain(marker.personal()) {
        let found = &seen["found"][text.to_lowercase()];
        ensure!(places(&seen, text) == 0, "{text} is left: {found}");
    }
    ensure!(places(&seen, &marker.plain) >= 2, "the search finds nothing: {}", seen["looked_at"]);
    let rows = archive::read(stack, tenant)?.to_string().to_lowercase();
    for text in marker.personal() {
        ensure!(!rows.contains(&text.to_lowercase()), "{text} is in the archive: {rows}");
    }
    ensure!(rows.contains(&marker.plain), "the archive was not read: {rows}");
    Ok(())
}

impl Marker {
    fn new(stack: &Stack) -> Self {
        let run = stack.unique();
        Self {
            email: format!("marker.{run}@example.com"),
            name: format!("Markerson{run}"),
            phone: "+5511987650123".to_owned(),
            plain: format!("plan-{run}"),
        }
    }

    /// What nobody may find.
    fn personal(&self) -> [&str; 3] {
        [&self.email, &self.name, &self.phone]
    }
}

fn now() -> Result<Timestamp> {
    let since_1970 = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?;
    Ok(Timestamp::from_millis(i64::try_from(since_1970.as_millis())?)?)
}

/// Plants the marker as senders can: in traits, properties, addresses of pages, and in what is
/// refused.
fn sends(stack: &Stack, sender: &Client, marker: &Marker, at: Timestamp) -> Result<()> {
    let Marker { email, name, phone, plain } = marker;
    let note = format!("{name} wants a call");
    let traits =
        json!({ "email": email, "lastName": name, "phone": phone, "notes": note, "plan": plain });
    let url = format!("https://shop.example/?email={email}#{email}");
    let said = format!("write to {email} or {phone}");
    let nested = json!([email, { "email": email, "last_name": name, "message": note }]);
    let item = |id: &str, more: Value| {
        let mut item = json!({ "userId": "marked", "messageId": id, "timestamp": at });
        item.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap_or_default());
        item
    };
    let batch = json!({ "batch": [
        item("m1", json!({ "type": "identify", "traits": traits })),
        item("m2", json!({ "type": "page", "properties": { "url": url, "path": plain } })),
        item("m3", json!({ "type": "track", "event": "Asked", "properties": { "comment": said, "nested": nested },
            "context": { "page": { "referrer": url }, "traits": traits } })),
        item("m4", json!({ "type": "track", "event": email, "timestamp": "2999-01-01T00:00:00Z", "properties": traits })),
        { "type": "track", "event": "Nobody", "properties": traits },
    ] });
    let answer = sender.post("/v1/batch", &batch)?;
    ensure!(answer.status == 200, "{} {}", answer.status, answer.text);
    let refused = sender.post("/v1/events", &json!({ "event_type": email, "email": name }))?;
    ensure!(!refused.text.contains(email.as_str()), "a refusal repeats: {}", refused.text);
    stack.drained()
}

/// Plants the marker as people can: by hand, in notes, files and searches.
fn writes(admin: &Client, marker: &Marker, path: &str) -> Result<()> {
    let Marker { email, name, .. } = marker;
    let any = [("If-Match", "*")];
    let change = json!({ "profile": { "first_name": name, "about": email, "nickname": name } });
    let changed = admin.call_with(Method::PATCH, path, &change, &any)?;
    ensure!(changed.status == 200, "{}", changed.text);
    for (part, body) in [
        ("notes", json!({ "text": format!("{name} ({email}) is a marker") })),
        ("activities", json!({ "type": "call", "subject": format!("Call {name}") })),
    ] {
        let once = [("Idempotency-Key", part)];
        let made = admin.call_with(Method::POST, &format!("{path}/{part}"), &body, &once)?;
        ensure!(made.status == 201, "{}", made.text);
    }
    let csv = format!("email,last_name,notes\n{email},{name},about {name}\n");
    let begun = admin.call_with_text("/v1/imports", &csv, "text/csv")?;
    ensure!(begun.status == 202, "{}", begun.text);
    finished(admin, &begun.body)?;
    let export = json!({ "action": "export", "filter": { "known": true } });
    let begun = admin.expect(202, &Method::POST, "/v1/leads/bulk", &export)?;
    finished(admin, &begun)?;
    until("the person is found", Duration::from_secs(20), || {
        let found = admin.read(&format!("/v1/leads?q={}", name.to_lowercase()))?;
        Ok((found["data"].as_array().map(Vec::len) == Some(1)).then_some(()))
    })
}

fn finished(admin: &Client, job: &Value) -> Result<()> {
    let path = format!("/v1/jobs/{}", job["id"].as_str().context("no job id")?);
    until("the job is done", Duration::from_mins(1), || {
        Ok((admin.read(&path)?["status"] == "done").then_some(()))
    })
}

/// Erases, and asks again until nobody is at work any more who might leave a trace.
fn erase(admin: &Client, path: &str) -> Result<Value> {
    let path = format!("{path}?mode=erase&now=true");
    until("the erasure is done", Duration::from_mins(2), || {
        let receipt = admin.expect(200, &Method::DELETE, &path, &Value::Null)?;
        Ok(receipt["done_at"].is_string().then_some(receipt))
    })
}

/// Nothing answers any more but the receipt.
fn gone(admin: &Client, marker: &Marker, path: &str) -> Result<()> {
    for part in ["", "/data", "/notes", "/timeline"] {
        let answer = admin.get(&format!("{path}{part}"))?;
        ensure!(answer.status == 404, "{part}: {} {}", answer.status, answer.text);
    }
    let found = admin.read(&format!("/v1/leads?q={}", marker.name.to_lowercase()))?;
    ensure!(found["data"] == json!([]), "{found}");
    ensure!(admin.lead(&format!("email={}", marker.email))?.is_none(), "the address is known");
    let receipts = admin.read("/v1/erasures")?;
    ensure!(receipts["data"].as_array().map(Vec::len) == Some(1), "{receipts}");
    Ok(())
}

/// Who comes back is somebody new.
fn comes_back(stack: &Stack, sender: &Client, admin: &Client, former: &Value) -> Result<()> {
    let event = json!({ "event_type": "signup", "user_id": "marked", "event_id": "again" });
    sender.events(&[event])?;
    stack.drained()?;
    let lead = admin.lead_with_events("user_id=marked", 1)?;
    ensure!(lead["id"] != *former && lead["profile"] == json!({}), "{lead}");
    Ok(())
}

/// Waits until events of a tenant are archived.
fn archived(stack: &Stack, tenant: &Tenant, events: usize) -> Result<()> {
    until("the events are archived", Duration::from_mins(1), || {
        let seen = archive::read(stack, tenant)?;
        let rows = seen["rows"].as_array().context("no rows")?.len();
        Ok((rows >= events).then_some(()))
    })
}

/// Looks for the marker, and for what was held, in everything that the stack holds.
fn search(stack: &Stack, marker: &Marker, held: &Traces) -> Result<Value> {
    let texts = held.texts().into_iter().chain(marker.personal()).chain([marker.plain.as_str()]);
    let output = Command::new(python()?)
        .arg(root().join("tests/system/python/everything.py"))
        .arg(&stack.emulator_url)
        .args(texts.map(str::to_lowercase))
        .output()?;
    let errors = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "not everything could be looked at: {errors}");
    let seen: Value = serde_json::from_slice(&output.stdout)?;
    for sort in ["items", "objects", "messages", "lines"] {
        ensure!(seen["looked_at"][sort].as_u64() > Some(0), "no {sort} at all: {seen}");
    }
    Ok(seen)
}

/// Counts the places in which a text was found.
fn places(seen: &Value, text: &str) -> usize {
    seen["found"][text.to_lowercase()].as_array().map_or(usize::MAX, Vec::len)
}
