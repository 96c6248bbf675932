//! Bad input: what is said about it, and that nothing of it stays.

use anyhow::{Result, ensure};
use serde_json::{Value, json};
use ureq::http::Method;

use crate::stack::Stack;

/// Path, headers, body and the status of the answer.
type Case<'a> = (&'a str, &'a [(&'a str, &'a str)], &'a [u8], u16);

/// Requests that are refused whole.
pub fn bad_input(stack: &Stack) -> Result<()> {
    let tenant = stack.tenant()?;
    let bearer = format!("Bearer {}", tenant.ingest_key);
    let client = stack.client("");
    let deep = format!("{}{}", "[".repeat(5_000), "]".repeat(5_000));
    let long = json!({ "userId": "u1", "event": "x", "p": "x".repeat(40_000) }).to_string();
    let cases: [Case<'_>; 7] = [
        ("/v1/track", &[], b"{\"userId\":", 400),
        ("/v1/batch", &[], b"\xff\xfe", 400),
        ("/v1/batch", &[("Content-Encoding", "gzip")], b"\x1f\x8bnonsense", 400),
        ("/v1/batch", &[], deep.as_bytes(), 400),
        ("/v1/track", &[], br#"{"event":"Signup"}"#, 400),
        ("/v1/track", &[], br#"{"userId":"undefined","event":"Signup"}"#, 400),
        ("/v1/track", &[], long.as_bytes(), 400),
    ];
    for (path, headers, body, status) in cases {
        let mut headers = headers.to_vec();
        headers.push(("Authorization", &bearer));
        let answer = client.send(Method::POST, path, &headers, body)?;
        let start = String::from_utf8_lossy(&body[..body.len().min(40)]).into_owned();
        let expected = answer.status == status;
        ensure!(expected, "{path} {start}: {} {}", answer.status, answer.text);
        let named = answer.body["code"].is_string() && answer.body["message"].is_string();
        ensure!(named, "{path} {start}: {}", answer.text);
    }
    stack.drained()?;
    let leads = stack.client(&tenant.admin_key).read("/v1/leads")?;
    ensure!(leads["data"] == json!([]), "{leads}");
    Ok(())
}

/// A batch of which some items are good: they count, the others are set aside.
pub fn bad_items(stack: &Stack) -> Result<()> {
    let tenant = stack.tenant()?;
    let before = stack.depth("failed")?;
    let future = "2999-01-01T00:00:00Z";
    let batch = json!({ "batch": [
        { "type": "track", "userId": "u1", "event": "Signup", "messageId": "good" },
        { "type": "track", "event": "Signup", "messageId": "nobody" },
        { "type": "track", "userId": "u1", "event": "Signup", "timestamp": future },
        "not an object",
    ] });
    let client = stack.client(&tenant.ingest_key);
    let answer = client.post("/v1/batch", &batch)?;
    ensure!(answer.status == 200, "{} {}", answer.status, answer.text);
    ensure!(answer.text == r#"{"success":true}"#, "{}", answer.text);
    stack.client(&tenant.admin_key).lead_with_events("user_id=u1", 1)?;
    let failed = stack.depth("failed")? - before;
    ensure!(failed == 3, "{failed} failed items");
    let native = json!({ "events": [
        { "event_type": "signup", "user_id": "u1", "event_id": "n1" },
        { "event_type": "signup", "email": "not an address" },
    ] });
    let answer = client.post("/v1/events/batch", &native)?;
    ensure!(answer.status == 202, "{} {}", answer.status, answer.text);
    let statuses: Vec<&Value> =
        answer.body["data"].as_array().into_iter().flatten().map(|item| &item["status"]).collect();
    ensure!(statuses == [&json!("accepted"), &json!("rejected")], "{}", answer.text);
    ensure!(!answer.text.contains("not an address"), "the value is repeated: {}", answer.text);
    Ok(())
}
