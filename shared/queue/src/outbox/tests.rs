//! Sending, seen from a queue that fails in every way it can.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

use aws_sdk_sqs::{
    Config,
    config::{BehaviorVersion, Credentials, Region},
};
use aws_smithy_http_client::test_util::infallible_client_fn;
use serde_json::{Value, json};

use super::*;

/// What the queue took, and how often each entry was offered.
#[derive(Default)]
struct Seen {
    taken: Vec<String>,
    offered: HashMap<String, usize>,
    sizes: Vec<(usize, usize)>,
}

/// A queue that fails an entry as its body says: `refuse`, `fail <n>` times, or takes it.
fn queue(seen: Arc<Mutex<Seen>>) -> Client {
    let http = infallible_client_fn(move |request| {
        let request: Value = serde_json::from_slice(request.body().bytes().unwrap()).unwrap();
        let entries = request["Entries"].as_array().unwrap();
        let mut seen = seen.lock().unwrap();
        let bytes = entries.iter().map(|e| e["MessageBody"].as_str().unwrap().len()).sum();
        seen.sizes.push((entries.len(), bytes));
        let (mut successful, mut failed) = (Vec::new(), Vec::new());
        for entry in entries {
            assert_eq!(entry["DelaySeconds"], 7);
            let (id, body) = (&entry["Id"], entry["MessageBody"].as_str().unwrap());
            let offered = seen.offered.entry(body.to_owned()).or_default();
            *offered += 1;
            let failures = body.strip_prefix("fail ").and_then(|n| n.parse().ok()).unwrap_or(0);
            if body == "refuse" {
                failed
                    .push(json!({"Id": id, "Code": "InvalidMessageContents", "SenderFault": true}));
            } else if *offered <= failures {
                failed.push(json!({"Id": id, "Code": "InternalError", "SenderFault": false}));
            } else {
                seen.taken.push(body.to_owned());
                successful.push(json!({"Id": id, "MessageId": "m", "MD5OfMessageBody": "-"}));
            }
        }
        let answer = json!({"Successful": successful, "Failed": failed}).to_string();
        http::Response::builder().status(200).body(answer).unwrap()
    });
    Client::from_conf(config(http))
}

fn config(http: impl aws_sdk_sqs::config::HttpClient + 'static) -> Config {
    Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .credentials_provider(Credentials::new("key", "secret", None, None, "test"))
        .http_client(http)
        .build()
}

fn messages<S: AsRef<str>>(bodies: &[S]) -> Vec<Result<Outgoing, SendError>> {
    let outgoing =
        |body: &S| Outgoing { body: body.as_ref().to_owned(), fifo: None, delay_seconds: Some(7) };
    bodies.iter().map(|body| Ok(outgoing(body))).collect()
}

#[tokio::test(start_paused = true)]
async fn entries_that_fail_are_offered_again_and_reported_one_by_one() {
    let seen = Arc::default();
    let client = queue(Arc::clone(&seen));
    let outcomes =
        send(&client, "https://queue", messages(&["a", "fail 2", "refuse", "fail 9", "b"])).await;
    assert!(outcomes[0].is_ok() && outcomes[1].is_ok() && outcomes[4].is_ok());
    assert!(matches!(outcomes[2], Err(SendError::Refused { .. })), "{outcomes:?}");
    assert!(outcomes[3].as_ref().is_err_and(SendError::is_retryable), "{outcomes:?}");
    let seen = seen.lock().unwrap();
    assert_eq!(seen.taken, ["a", "b", "fail 2"]);
    assert_eq!(seen.offered["a"], 1);
    assert_eq!(seen.offered["refuse"], 1);
    assert_eq!(seen.offered["fail 9"], 4);
}

#[tokio::test]
async fn calls_stay_within_ten_entries_and_256_kilobytes() {
    let seen = Arc::default();
    let client = queue(Arc::clone(&seen));
    let bodies: Vec<String> = (0..47).map(|i| "x".repeat(i * 5_000 + 1)).collect();
    let outcomes = send(&client, "https://queue", messages(&bodies)).await;
    assert!(outcomes.iter().all(Result::is_ok));
    let seen = seen.lock().unwrap();
    assert_eq!(seen.taken.len(), 47);
    assert!(seen.sizes.iter().all(|(count, bytes)| *count <= 10 && *bytes <= 262_144));
}

#[tokio::test]
async fn a_queue_that_refuses_the_call_refuses_every_message() {
    let http = infallible_client_fn(|_| {
        let body = json!({"__type": "com.amazonaws.sqs#QueueDoesNotExist"}).to_string();
        http::Response::builder().status(400).body(body).unwrap()
    });
    let outcomes =
        send(&Client::from_conf(config(http)), "https://queue", messages(&["a", "b"])).await;
    assert!(outcomes.iter().all(|outcome| matches!(outcome, Err(SendError::Refused { .. }))));
}

#[test]
fn characters_that_sqs_refuses_are_escaped() {
    let text = "a\u{fffe}\u{ffff}\u{1}é\u{10000}";
    let body = body(&json!({ "text": text })).unwrap();
    let refused =
        |c: char| (c < ' ' && !"\t\n\r".contains(c)) || c == '\u{fffe}' || c == '\u{ffff}';
    assert!(!body.contains(refused), "{body}");
    assert_eq!(serde_json::from_str::<Value>(&body).unwrap()["text"], text);
}
