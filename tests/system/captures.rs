//! Captured requests of real SDKs, sent as they were but for the key.

use anyhow::{Context, Result, ensure};
use data_encoding::BASE64;
use serde_json::Value;
use ureq::http::Method;

use crate::stack::{Stack, root};

const SEGMENT: [&str; 7] = [
    "segment-python-all",
    "segment-python-all-gzip",
    "segment-node-all",
    "segment-node-alias",
    "rudderstack-node-form-gzip",
    "jitsu-s2s-page",
    "browser-text-plain",
];

/// Every capture is answered as its SDK expects, and the person of the Segment captures, whose
/// calls have the same ids in every language, is one lead with each call once.
pub fn replay(stack: &Stack) -> Result<()> {
    let tenant = stack.tenant()?;
    for name in SEGMENT {
        let answer = send(stack, &tenant.ingest_key, name)?;
        ensure!(answer == (200, r#"{"success":true}"#.to_owned()), "{name}: {answer:?}");
    }
    for name in ["cloudevent-structured", "cloudevent-batch", "native-event", "native-batch"] {
        let (status, text) = send(stack, &tenant.ingest_key, name)?;
        ensure!(status == 202, "{name}: {status} {text}");
    }
    let client = stack.client(&tenant.admin_key);
    let lead = client.lead_with_events("user_id=user-0001", 7)?;
    ensure!(lead["profile"]["email"] == "lead1@example.com", "{lead}");
    let id = lead["id"].as_str().context("no id")?;
    let timeline = client.read(&format!("/v1/leads/{id}/timeline"))?;
    let of_type = |event_type: &str| {
        let events = timeline["data"].as_array().into_iter().flatten();
        events.filter(|event| event["event_type"] == event_type).count()
    };
    for event_type in ["order_completed", "page_view", "screen_view", "group", "alias"] {
        ensure!(of_type(event_type) == 1, "{event_type}: {timeline}");
    }
    // The one of all Segment SDKs, and the one of RudderStack.
    ensure!(of_type("identify") == 2, "{timeline}");
    stack.drained()?;
    let text = timeline.to_string();
    for personal in ["lead1@example.com", "+5511999990001", "203.0.113.7", "Ana Lead"] {
        ensure!(!text.contains(personal), "an event keeps {personal}: {timeline}");
    }
    Ok(())
}

fn send(stack: &Stack, key: &str, name: &str) -> Result<(u16, String)> {
    let file = root().join("events/http").join(format!("{name}.json"));
    let payload: Value = serde_json::from_slice(&std::fs::read(&file)?)?;
    let text = payload["body"].as_str().context("no body")?;
    let body = if payload["isBase64Encoded"] == true {
        BASE64.decode(text.as_bytes())?
    } else {
        text.as_bytes().to_vec()
    };
    let authorization = format!("Basic {}", BASE64.encode(format!("{key}:").as_bytes()));
    let mut headers = vec![("authorization", authorization.as_str())];
    for (name, value) in payload["headers"].as_object().context("no headers")? {
        if !matches!(name.as_str(), "authorization" | "host" | "x-api-key" | "x-write-key") {
            headers.push((name, value.as_str().context("a header is text")?));
        }
    }
    let path = payload["rawPath"].as_str().context("no path")?;
    let answer = stack.client(key).send(Method::POST, path, &headers, &body)?;
    Ok((answer.status, answer.text))
}
