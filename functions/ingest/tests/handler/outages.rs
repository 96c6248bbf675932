//! What callers see when a key is not right, or a table or a queue does not answer.

use serde_json::Value;

use crate::world::{KEY, Memory, READ_KEY, UNLUCKY_KEY, World, post, problem};

const BATCH: &str = r#"{"batch":[{"type":"page","userId":"u","messageId":"m"},{"type":"page"}]}"#;

#[tokio::test]
async fn unknown_keys_are_401_keys_without_the_scope_403_and_a_silent_table_503() {
    let world = World::new();
    let unknown = KEY.replace('0', "1");
    for (key, status, code) in [
        (Some(unknown.as_str()), 401, "invalid_api_key"),
        (None, 401, "missing_credentials"),
        (Some("eyJhbGciOi"), 401, "invalid_api_key"),
        (Some("eyJhbGciOiJub25lIn0.e30.c2ln"), 401, "invalid_token"),
        (Some(READ_KEY), 403, "missing_scope"),
        (Some(UNLUCKY_KEY), 503, "auth_unavailable"),
    ] {
        for path in ["/v1/batch", "/v1/events", "/v1/track"] {
            let answer = world.send(&post(path, key, BATCH)).await;
            assert_eq!(problem(&answer), (status, code.to_owned()), "{path} {key:?}");
        }
    }
    assert!(world.messages().is_empty());
}

#[tokio::test]
async fn a_batch_that_cannot_be_queued_whole_is_503_and_safe_to_send_again() {
    let world = World::with(Memory { refused_ids: vec!["m"], ..Memory::default() });
    let answer = world.post("/v1/batch", BATCH).await;
    assert_eq!(problem(&answer), (503, "queue_unavailable".to_owned()));
    assert_eq!(answer.header("retry-after"), Some("2"));
    assert!(world.failed().is_empty(), "the bad item comes again with the retry");
}

#[tokio::test]
async fn a_bad_item_that_cannot_be_kept_is_503_too() {
    let world = World::with(Memory { refuses_failed: true, ..Memory::default() });
    let answer = world.post("/v1/batch", BATCH).await;
    assert_eq!(problem(&answer), (503, "queue_unavailable".to_owned()));
}

#[tokio::test]
async fn native_items_that_were_not_queued_are_told_one_by_one() {
    let body = r#"{"events":[
        {"event_id":"a","event_type":"x","user_id":"u-1"},
        {"event_id":"b","event_type":"x","user_id":"u-2"}]}"#;
    let world = World::with(Memory { refused_ids: vec!["b"], ..Memory::default() });
    let answer = world.post("/v1/events/batch", body).await;
    assert_eq!(answer.status(), 202);
    let items: Value = serde_json::from_str(answer.body()).unwrap();
    assert_eq!(items["data"][0]["status"], "accepted");
    assert_eq!(items["data"][1]["error"]["code"], "queue_unavailable");
    assert_eq!(items["data"][1]["error"]["retry"], true);

    let silent = World::with(Memory { refuses_all: true, ..Memory::default() });
    let answer = silent.post("/v1/events/batch", body).await;
    assert_eq!(problem(&answer), (503, "queue_unavailable".to_owned()));
}
