//! The demo tenant's history: what a few people did during the last weeks, sent
//! through the HTTP API like any sender's events. Event ids are fixed, so that
//! sending it again changes nothing.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use bytes::Bytes;
use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use http_body_util::Full;
use hyper::header::{AUTHORIZATION, CONTENT_TYPE};
use hyper::{Request, StatusCode};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use tokio::time::Instant;

use crate::http::{self, HttpClient};
use crate::record::Keys;

const HISTORY: &str = include_str!("../demo/history.json");
const CALL: Duration = Duration::from_secs(30);
const SCORED: Duration = Duration::from_mins(1);
const POLL: Duration = Duration::from_millis(200);

/// One event of the history, in the form of `POST /v1/events` but for its time.
#[derive(Debug, Deserialize)]
struct Entry {
    minutes_ago: i64,
    #[serde(flatten)]
    event: Map<String, Value>,
}

/// Sends the history and waits until everybody in it has a score.
pub async fn play(api_url: &str, keys: &Keys, now: DateTime<Utc>) -> Result<()> {
    let client = http::client();
    let entries = entries()?;
    let people = people(&entries);
    send(&client, api_url, keys, &batch(entries, now)).await?;
    let deadline = Instant::now() + SCORED;
    for (person, events) in &people {
        while scored(&client, api_url, keys, person).await? < *events {
            if Instant::now() > deadline {
                bail!("the demo events were not scored within {} s", SCORED.as_secs());
            }
            tokio::time::sleep(POLL).await;
        }
    }
    Ok(())
}

/// Whether the API knows these keys.
pub async fn accepts(api_url: &str, keys: &Keys) -> Result<bool> {
    let (status, _) = read(&http::client(), api_url, keys, "nobody").await?;
    Ok(status != StatusCode::UNAUTHORIZED)
}

fn entries() -> Result<Vec<Entry>> {
    serde_json::from_str(HISTORY).context("the demo history is broken")
}

/// How many events each person is known by name in.
fn people(entries: &[Entry]) -> BTreeMap<String, u64> {
    let mut people = BTreeMap::new();
    for person in entries.iter().filter_map(user) {
        *people.entry(person.to_owned()).or_insert(0) += 1;
    }
    people
}

fn user(entry: &Entry) -> Option<&str> {
    entry.event.get("user_id").and_then(Value::as_str)
}

fn batch(entries: Vec<Entry>, now: DateTime<Utc>) -> Value {
    let events: Vec<Value> = entries
        .into_iter()
        .map(|Entry { minutes_ago, mut event }| {
            let time = now - TimeDelta::minutes(minutes_ago);
            let time = time.to_rfc3339_opts(SecondsFormat::Millis, true);
            event.insert("timestamp".to_owned(), Value::String(time));
            Value::Object(event)
        })
        .collect();
    json!({ "events": events })
}

async fn send(client: &HttpClient, api_url: &str, keys: &Keys, batch: &Value) -> Result<()> {
    let request = Request::post(format!("{api_url}/v1/events/batch"))
        .header(AUTHORIZATION, format!("Bearer {}", keys.ingest))
        .header(CONTENT_TYPE, "application/json")
        .body(Full::new(Bytes::from(batch.to_string())))?;
    let (status, _, body) = http::send(client, request, CALL).await?;
    let text = String::from_utf8_lossy(&body);
    ensure!(status.is_success(), "the demo events were refused ({status}): {text}");
    ensure!(!text.contains("\"rejected\""), "a demo event was rejected: {text}");
    Ok(())
}

/// How many events of a person are scored.
async fn scored(client: &HttpClient, api_url: &str, keys: &Keys, person: &str) -> Result<u64> {
    let (status, body) = read(client, api_url, keys, person).await?;
    let text = String::from_utf8_lossy(&body);
    ensure!(status.is_success(), "reading a demo lead failed ({status}): {text}");
    let answer: Value = serde_json::from_slice(&body)?;
    Ok(answer.pointer("/data/0/events").and_then(Value::as_u64).unwrap_or(0))
}

async fn read(
    client: &HttpClient,
    api_url: &str,
    keys: &Keys,
    person: &str,
) -> Result<(StatusCode, Bytes)> {
    let request = Request::get(format!("{api_url}/v1/leads?user_id={person}"))
        .header(AUTHORIZATION, format!("Bearer {}", keys.admin))
        .body(Full::default())?;
    let (status, _, body) = http::send(client, request, CALL).await?;
    Ok((status, body))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_event_has_an_id_of_its_own_and_a_person() {
        let entries = entries().unwrap();
        assert!(entries.len() >= 24);
        let id = |entry: &Entry| entry.event["event_id"].as_str().unwrap().to_owned();
        let ids: BTreeSet<String> = entries.iter().map(id).collect();
        assert_eq!(ids.len(), entries.len());
        let named =
            |entry: &Entry| user(entry).is_some() || entry.event.contains_key("anonymous_id");
        assert!(entries.iter().all(named));
    }

    #[test]
    fn times_are_relative_to_now() {
        let now = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
        let entry: Entry =
            serde_json::from_value(json!({ "minutes_ago": 60, "event_id": "a" })).unwrap();
        let sent = batch(vec![entry], now);
        assert_eq!(sent["events"][0]["timestamp"], "2027-01-15T07:00:00.000Z");
        assert!(sent["events"][0].get("minutes_ago").is_none());
    }
}
