//! The Segment dialect, as real SDKs speak it.

use domain::{
    identity::Kind,
    link::{Link, Role},
};
use ingest::gateway::Answer;
use serde_json::{Value, json};

use crate::world::{World, home, identity, keyring, payload, personal, post, problem};

fn is_success(answer: &Answer) -> bool {
    answer.status() == 200
        && answer.body() == r#"{"success":true}"#
        && answer.header("content-type") == Some("application/json")
}

fn types(world: &World) -> Vec<String> {
    world.arrivals().into_iter().map(|arrival| arrival.event.event_type).collect()
}

#[tokio::test]
async fn the_python_sdk_s_calls_are_one_message_of_one_person() {
    let world = World::new();
    assert!(is_success(&world.send_file("segment-python-all").await));
    let messages = world.messages();
    assert_eq!(messages.len(), 1);
    assert_eq!(messages[0].home, home(Kind::UserId, "user-0001"));
    assert_eq!(
        types(&world),
        ["identify", "order_completed", "page_view", "screen_view", "group", "alias"]
    );
    let arrivals = world.arrivals();
    let identify = &arrivals[0];
    let user = home(Kind::UserId, "user-0001");
    let carried = |kind, value| Link { from: home(kind, value), to: user, role: Role::Carried };
    assert_eq!(
        identify.event.links,
        [
            carried(Kind::Email, "lead1@example.com"),
            carried(Kind::Phone, "+5511999990001"),
            carried(Kind::AnonymousId, "anon-0001"),
        ]
    );
    assert_eq!(identity(identify, user), "user-0001");
    assert_eq!(identity(identify, home(Kind::Email, "lead1@example.com")), "lead1@example.com");
    assert_eq!(
        personal(identify),
        [("email", "lead1@example.com"), ("name", "Ana Lead"), ("phone", "+5511999990001")]
            .map(|(field, value)| (field.to_owned(), value.to_owned()))
    );
    assert_eq!(
        Value::Object(identify.event.traits.clone()),
        json!({"company": "Acme", "company_size": 42, "email_domain": "example.com", "has_phone": true})
    );
    assert_eq!(identify.event.timestamp.to_string(), "2026-01-15T12:00:00.000Z");
    assert_eq!(arrivals[2].event.properties["name"], "Pricing");
    assert_eq!(arrivals[2].event.properties["category"], "Docs");
    assert_eq!(arrivals[4].event.properties["group_id"], "acct-0001");
    assert_eq!(arrivals[4].event.traits["company"], "Acme");
}

#[tokio::test]
async fn nothing_personal_is_left_in_the_clear() {
    let world = World::new();
    for name in ["segment-python-all", "segment-node-all", "browser-text-plain", "native-event"] {
        world.send_file(name).await;
    }
    let text = serde_json::to_string(&world.messages()).unwrap();
    for personal in
        ["lead1@", "lead2", "Ana", "99999", "203.0.113", "user-0001", "anon-000", "901", "other@"]
    {
        assert!(!text.contains(personal), "{personal}");
    }
}

#[tokio::test]
async fn gzip_and_plain_make_the_same_messages_and_so_does_a_retry() {
    let (plain, packed) = (World::new(), World::new());
    assert!(is_success(&plain.send_file("segment-python-all").await));
    assert!(is_success(&packed.send_file("segment-python-all-gzip").await));
    assert_eq!(plain.messages(), packed.messages());
    assert!(is_success(&plain.send_file("segment-python-all").await));
    let sent = plain.messages();
    assert_eq!(sent[0], sent[1]);
    assert_eq!(sent[0].deduplication_id(), sent[1].deduplication_id());
}

#[tokio::test]
async fn the_node_sdk_s_calls_are_understood() {
    let world = World::new();
    assert!(is_success(&world.send_file("segment-node-all").await));
    assert_eq!(
        types(&world)[..5],
        ["identify", "order_completed", "page_view", "screen_view", "group"]
    );
    let order = &world.arrivals()[1].event;
    assert_eq!(order.properties["products"][0]["product_id"], "sku-1");
    assert_eq!(order.context["campaign"]["name"], "q1");
    assert_eq!(order.context["library"]["name"], "@segment/analytics-node");
    assert_eq!(order.context["_metadata"]["jsRuntime"], "node");
    assert!(!order.context.contains_key("ip"));
}

#[tokio::test]
async fn an_alias_names_the_former_id_in_both_readings() {
    let world = World::new();
    assert!(is_success(&world.send_file("segment-node-alias").await));
    let alias = world.arrival();
    let to = home(Kind::UserId, "user-0001");
    let readings = [home(Kind::UserId, "anon-0001"), home(Kind::AnonymousId, "anon-0001")];
    assert_eq!(alias.event.links, readings.map(|from| Link { from, to, role: Role::Alias }));
    for reading in readings {
        assert_eq!(identity(&alias, reading), "anon-0001");
    }
}

#[tokio::test]
async fn an_alias_of_oneself_or_of_nobody_links_nothing() {
    for previous in [json!("u-1"), json!("undefined"), json!(null)] {
        let world = World::new();
        let body = json!({"userId": "u-1", "previousId": previous, "messageId": "m"}).to_string();
        assert!(is_success(&world.post("/v1/alias", &body).await));
        let from_users =
            world.arrival().event.links.iter().filter(|l| l.from.kind == Kind::UserId).count();
        assert_eq!(from_users, 0, "{previous}");
    }
}

#[tokio::test]
async fn rudderstack_s_form_encoded_gzip_and_context_traits_are_understood() {
    let world = World::new();
    assert!(is_success(&world.send_file("rudderstack-node-form-gzip").await));
    let identify = world.arrival();
    assert_eq!(identify.event.home, home(Kind::UserId, "user-0001"));
    assert_eq!(identify.event.traits["plan"], "pro");
    assert_eq!(identify.event.context["channel"], "server");
    assert!(!identify.event.context.contains_key("traits"));
    let fields: Vec<_> = personal(&identify).into_iter().map(|(field, _)| field).collect();
    assert_eq!(fields, ["email", "first_name"]);
}

#[tokio::test]
async fn a_browser_s_key_in_the_body_and_fast_clock_are_understood() {
    let world = World::new();
    assert!(is_success(&world.send_file("browser-text-plain").await));
    let event = world.arrival().event;
    assert_eq!(event.event_type, "signed_up");
    // The clock is an hour fast; the event happened a second before it was sent.
    assert_eq!(event.timestamp.to_string(), "2026-11-20T09:59:59.000Z");
    assert_eq!(event.properties["url"], "https://shop.example/?email=[email]&utm_source=google");
    assert_eq!(event.context["_metadata"]["retryCount"], 1);
    assert!(!event.context.contains_key("writeKey"));
}

#[tokio::test]
async fn jitsu_s_path_key_and_missing_id_are_understood() {
    let world = World::new();
    assert!(is_success(&world.send_file("jitsu-s2s-page").await));
    assert!(is_success(&world.send_file("jitsu-s2s-page").await));
    let sent = world.arrivals();
    assert_eq!(sent[0].event.event_type, "page_view");
    assert_eq!(sent[0].event.event_id, sent[1].event.event_id);
    assert_eq!(personal(&sent[0]), []);
}

#[tokio::test]
async fn good_items_are_queued_and_bad_ones_kept_with_their_reason() {
    let world = World::new();
    assert!(is_success(&world.send_file("segment-batch-with-bad-items").await));
    let ids: Vec<_> =
        world.arrivals().into_iter().map(|a| a.event.event_id.as_str().to_owned()).collect();
    assert_eq!(ids, ["m-1", "m-9"]);
    let failed = world.failed();
    let codes: Vec<_> = failed.iter().map(|item| item.code.as_str()).collect();
    assert_eq!(
        codes,
        [
            "missing_identity",
            "timestamp_in_future",
            "unknown_type",
            "invalid_item",
            "missing_event_type",
            "missing_identity",
            "invalid_timestamp",
            "event_too_large",
        ]
    );
    assert!(failed.iter().all(|item| item.source == "/v1/batch"));
    let text = serde_json::to_string(&failed).unwrap();
    assert!(!text.contains("lead1@example.com"));
    let kept = keyring().open_item(&failed[2].item).unwrap();
    let kept: Value = serde_json::from_slice(&kept).unwrap();
    assert_eq!(kept["messageId"], "m-4");
}

#[tokio::test]
async fn a_batch_of_nothing_but_bad_items_is_200_and_a_bad_single_call_400() {
    let world = World::new();
    assert!(is_success(&world.post("/v1/batch", r#"{"batch":[1,{}]}"#).await));
    assert!(is_success(&world.post("/v1/batch", r#"{"batch":[]}"#).await));
    assert_eq!(world.failed().len(), 2);
    let answer = world.post("/v1/track", r#"{"event":"x","userId":"undefined"}"#).await;
    assert_eq!(problem(&answer), (400, "missing_identity".to_owned()));
    let body: Value = serde_json::from_str(answer.body()).unwrap();
    assert_eq!(body["errors"][0]["field"], "userId");
    assert_eq!((world.messages().len(), world.failed().len()), (0, 2));
}

#[tokio::test]
async fn values_in_properties_and_a_company_s_traits_are_no_identities() {
    let world = World::new();
    let track = r#"{"event":"x","userId":"u-1","properties":{"email":"a@b.co","anonymousId":"z"}}"#;
    world.post("/v1/track", track).await;
    let group = r#"{"userId":"u-1","groupId":"g","traits":{"email":"hi@acme.co","name":"Acme"}}"#;
    world.post("/v1/group", group).await;
    for arrival in world.arrivals() {
        assert_eq!((arrival.identities.len(), arrival.event.links.len()), (1, 0));
        assert_eq!(arrival.event.traits.get("email_domain"), None);
    }
}

#[tokio::test]
async fn a_type_in_the_body_counts_and_the_path_stands_in_for_it() {
    let world = World::new();
    for (path, body) in [
        ("/v1/track", r#"{"type":"page","userId":"u","name":"Home"}"#),
        ("/v1/p", r#"{"userId":"u","name":"Home"}"#),
        ("/api/s/anything", r#"{"type":"PAGE","userId":"u"}"#),
    ] {
        assert!(is_success(&world.post(path, body).await), "{path}");
    }
    assert!(types(&world).iter().all(|event_type| event_type == "page_view"));
    assert_eq!(problem(&world.post("/api/s/anything", "{}").await).1, "unknown_type");
}

#[tokio::test]
async fn every_place_of_the_key_opens_the_door() {
    let mut request = payload("browser-text-plain");
    let world = World::new();
    let body: Value = serde_json::from_str(request["body"].as_str().unwrap()).unwrap();
    let key = body["writeKey"].as_str().unwrap().to_owned();
    for (header, value) in [
        ("x-api-key", key.clone()),
        ("x-write-key", format!("{key}:s")),
        ("Authorization", format!("Bearer {key}")),
    ] {
        request["headers"] = json!({ header: value });
        request["body"] = r#"{"event":"x","userId":"u"}"#.into();
        assert!(is_success(&world.send(&serde_json::from_value(request.clone()).unwrap()).await));
    }
    let without = world.send(&post("/v1/batch", None, r#"{"batch":[]}"#)).await;
    assert_eq!(problem(&without), (401, "missing_credentials".to_owned()));
}

#[tokio::test]
async fn the_sdk_s_own_time_counts_only_when_its_clock_is_wrong() {
    // Received at 10:00.
    for (original, timestamp, sent_at, expected) in [
        (json!("2026-11-20T09:50:00Z"), json!("2026-01-01T00:00:00Z"), None, "2026-01-01T00:00"),
        (
            json!("2026-11-20T09:50:00Z"),
            json!("2026-01-01T00:00:00Z"),
            Some("2026-11-20T09:59:30Z"),
            "2026-01-01T00:00",
        ),
        (
            json!("2026-11-20T10:50:00Z"),
            json!("2026-01-01T00:00:00Z"),
            Some("2026-11-20T11:00:00Z"),
            "2026-11-20T09:50",
        ),
        (
            json!(null),
            json!("2026-11-20T10:50:00Z"),
            Some("2026-11-20T11:00:00Z"),
            "2026-11-20T09:50",
        ),
        (json!("2026-11-20T09:50:00Z"), json!(null), None, "2026-11-20T09:50"),
        (json!("soon"), json!("2026-11-20T09:50:00Z"), None, "2026-11-20T09:50"),
    ] {
        let world = World::new();
        let body = json!({
            "event": "x", "userId": "u", "originalTimestamp": original, "timestamp": timestamp,
            "sentAt": sent_at,
        });
        assert!(is_success(&world.post("/v1/track", &body.to_string()).await), "{body}");
        assert!(world.arrival().event.timestamp.to_string().starts_with(expected), "{body}");
    }
    let body = r#"{"event":"x","userId":"u","originalTimestamp":"soon"}"#;
    assert_eq!(problem(&World::new().post("/v1/track", body).await).1, "invalid_timestamp");
}
