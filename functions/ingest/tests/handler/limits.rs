//! Bodies that are too large, too deep, broken or plain nonsense.

use domain::event::Arrival;
use intake::personal::patterns;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::world::{KEY, World, post, problem};

#[tokio::test]
async fn broken_bodies_are_400_and_nothing_is_queued() {
    let world = World::new();
    for (file, code) in [("gzip-broken", "invalid_gzip"), ("json-broken", "invalid_json")] {
        assert_eq!(problem(&world.send_file(file).await), (400, code.to_owned()));
    }
    for path in ["/v1/track", "/v1/events", "/v1/batch", "/v1/events/batch"] {
        let body = nested(2_000_000);
        assert_eq!(problem(&world.post(path, &body).await), (400, "too_deep".to_owned()), "{path}");
        let open = "[".repeat(90_000);
        assert_eq!(problem(&world.post(path, &open).await).1, "invalid_json", "{path}");
    }
    let context = format!(r#"{{"batch":[],"context":{{"a":{}}}}}"#, nested(63));
    assert_eq!(problem(&world.post("/v1/batch", &context).await).1, "too_deep");
    assert_eq!(problem(&world.post("/v1/batch", &nested(90_000)).await).1, "invalid_envelope");
    let large = format!(r#"{{"batch":["{}"]}}"#, "x".repeat(4 * 1024 * 1024));
    assert_eq!(
        problem(&world.post("/v1/batch", &large).await),
        (413, "payload_too_large".to_owned())
    );
    assert!(world.messages().is_empty() && world.failed().is_empty());
}

fn nested(levels: usize) -> String {
    "[".repeat(levels) + &"]".repeat(levels)
}

#[tokio::test]
async fn a_deep_event_is_refused_alone() {
    let native = |levels| {
        format!(r#"{{"event_type":"x","user_id":"u","properties":{{"a":{}}}}}"#, nested(levels))
    };
    let call = |levels| {
        format!(
            r#"{{"type":"track","event":"x","userId":"u","properties":{{"a":{}}}}}"#,
            nested(levels)
        )
    };
    let world = World::new();
    let batch = format!(r#"{{"batch":[{},{},{}]}}"#, call(62), call(63), call(12_000));
    assert_eq!(world.post("/v1/batch", &batch).await.status(), 200);
    let codes: Vec<_> = world.failed().into_iter().map(|item| item.code).collect();
    assert_eq!((codes, world.arrivals().len()), (vec!["too_deep".to_owned(); 2], 1));
    let batch = format!(r#"{{"events":[{},{},{}]}}"#, native(62), native(63), native(12_000));
    let answer = world.post("/v1/events/batch", &batch).await;
    assert_eq!((answer.status(), answer.body().matches("too_deep").count()), (202, 2));
    assert_eq!(world.arrivals().len(), 2);
    for (path, body) in [("/v1/track", call(63)), ("/v1/events", native(63))] {
        assert_eq!(problem(&world.post(path, &body).await), (400, "too_deep".to_owned()));
    }
}

#[tokio::test]
async fn a_batch_of_ten_thousand_people_is_taken_and_20_001_items_are_not() {
    let items: Vec<_> = (0..10_000)
        .map(|n| format!(r#"{{"type":"track","event":"x","userId":"u{n}","messageId":"{n}"}}"#))
        .collect();
    let world = World::new();
    let body = format!(r#"{{"batch":[{}]}}"#, items.join(","));
    assert_eq!(world.post("/v1/batch", &body).await.status(), 200);
    assert_eq!(world.messages().len(), 10_000);
    let many = format!(r#"{{"batch":[{}]}}"#, vec!["{}"; 20_001].join(","));
    assert_eq!(problem(&world.post("/v1/batch", &many).await).1, "too_many_events");
}

#[tokio::test]
async fn a_context_that_unfolds_into_too_much_is_413() {
    let item = r#"{"type":"page","userId":"u"}"#;
    let body = format!(
        r#"{{"batch":[{}],"context":{{"blob":"{}"}}}}"#,
        vec![item; 1_000].join(","),
        "x".repeat(9_000)
    );
    assert_eq!(problem(&World::new().post("/v1/batch", &body).await).0, 413);
}

#[tokio::test]
async fn an_event_of_exactly_32_kilobytes_is_accepted_and_one_byte_more_is_not() {
    let event = |size: usize| {
        let frame = r#"{"event":"x","userId":"u","properties":{"blob":""}}"#.len();
        format!(
            r#"{{"event":"x","userId":"u","properties":{{"blob":"{}"}}}}"#,
            "x".repeat(size - frame)
        )
    };
    let world = World::new();
    assert_eq!(world.post("/v1/track", &event(32 * 1024)).await.status(), 200);
    let answer = world.post("/v1/track", &event(32 * 1024 + 1)).await;
    assert_eq!(problem(&answer), (400, "event_too_large".to_owned()));
}

#[tokio::test]
async fn a_full_batch_of_the_largest_events_fits_into_messages() {
    let blob = "x@y.zz ".repeat(4_500);
    let item = |n: usize| json!({"type": "track", "event": "x", "userId": n % 3, "messageId": n.to_string(), "properties": {"blob": blob}});
    let body = json!({"batch": (1..=100).map(item).collect::<Vec<_>>()}).to_string();
    let world = World::new();
    assert_eq!(world.post("/v1/batch", &body).await.status(), 200);
    assert_eq!(world.arrivals().len() + world.failed().len(), 100);
    for message in world.messages() {
        assert!(serde_json::to_vec(&message).unwrap().len() < 256 * 1024);
    }
}

const PATHS: [&str; 6] =
    ["/v1/track", "/v1/batch", "/v1/events", "/v1/events/batch", "/v1/identify", "/v1/alias"];

fn answer(path: &str, body: &str) -> (u16, Vec<Arrival>) {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let world = World::new();
    let answer = runtime.block_on(world.send(&post(path, Some(KEY), body)));
    (answer.status(), world.arrivals())
}

/// Values as senders' bugs make them: right names, any content.
fn any_item() -> impl Strategy<Value = Value> {
    let scalar = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "\\PC{0,12}".prop_map(Value::from),
        Just(json!("ana@example.com")),
        Just(json!("2026-01-01T00:00:00Z")),
        Just(json!("user-1")),
        Just(json!("+55 11 99999-0001")),
    ];
    let value = scalar.prop_recursive(3, 12, 4, |inner| {
        let key = prop_oneof!["[a-z]{1,5}", Just("email".to_owned()), Just("name".to_owned())];
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(key, inner, 0..4)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    });
    let names = prop::sample::select(vec![
        "type",
        "event",
        "userId",
        "anonymousId",
        "previousId",
        "groupId",
        "traits",
        "properties",
        "context",
        "timestamp",
        "sentAt",
        "messageId",
        "name",
        "event_type",
        "event_id",
        "user_id",
        "email",
        "phone",
        "external",
        "lead_id",
        "specversion",
        "id",
        "source",
        "data",
        "batch",
        "events",
        "writeKey",
    ]);
    prop::collection::btree_map(names, value, 0..8).prop_map(|map| {
        let members = map.into_iter().map(|(name, value)| (name.to_owned(), value));
        Value::Object(members.collect())
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_text_makes_a_5xx(path in prop::sample::select(&PATHS[..]), body in "\\PC{0,60}") {
        prop_assert!(answer(path, &body).0 < 500);
    }

    #[test]
    fn no_item_makes_a_5xx_and_no_pattern_gets_through(
        path in prop::sample::select(&PATHS[..]), items in prop::collection::vec(any_item(), 1..4),
    ) {
        let body = match path {
            "/v1/batch" => json!({ "batch": items }),
            "/v1/events/batch" => json!({ "events": items }),
            _ => items[0].clone(),
        };
        let (status, arrivals) = answer(path, &body.to_string());
        prop_assert!(status < 500);
        for arrival in arrivals {
            let event = serde_json::to_string(&arrival.event.properties).unwrap()
                + &serde_json::to_string(&arrival.event.context).unwrap()
                + &serde_json::to_string(&arrival.event.traits).unwrap();
            prop_assert!(!event.contains("ana@example.com"), "{}", event);
            prop_assert!(!event.contains("99999-0001"), "{}", event);
            prop_assert!(!patterns::is_personal(&arrival.event.event_type));
            prop_assert!(arrival.event.timestamp <= arrival.event.received_at);
        }
    }
}
