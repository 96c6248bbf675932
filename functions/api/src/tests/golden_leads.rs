//! Golden leads: kept, compared with the draft, guarded.

use serde_json::{Value, json};
use testing::a_tenant;

use super::{
    edit::edit,
    world::{World, other_tenant},
};

const GOLDEN: &str = "/v1/golden-leads";

fn golden(score: i64) -> Value {
    json!({
        "name": "Signed up and left",
        "events": [
            { "event_type": "signup", "timestamp": "2026-01-10T09:00:00Z", "traits": { "title": "CTO" } },
            { "event_type": "unsubscribe", "timestamp": "2026-01-11T09:00:00Z" },
        ],
        "expected": { "score": score, "stage": "cold" },
    })
}

#[tokio::test]
async fn a_golden_lead_is_added_shown_replaced_and_removed() {
    let world = World::start().await;
    let added = edit("POST", GOLDEN).body(&golden(10)).send(&world).await;
    assert_eq!(added.status, 201, "{}", added.body);
    let target = "/v1/golden-leads/signed_up_and_left";
    assert_eq!(added.headers["location"], target);
    assert_eq!(added.body["result"], json!({ "passes": true, "score": 10, "stage": "cold" }));
    let read = world.get(target).await;
    assert_eq!((&read.body, read.etag()), (&added.body, added.etag()));

    let mut changed = read.body.clone();
    changed["expected"]["score"] = json!(11);
    let replaced = edit("PUT", target).body(&changed).if_match(read.etag()).send(&world).await;
    assert_eq!(replaced.status, 200, "what is shown can be sent: {}", replaced.body);
    assert_eq!(replaced.body["result"]["passes"], false);
    for attempt in [edit("PUT", target).body(&changed), edit("DELETE", target)] {
        let refused = attempt.if_match(read.etag()).send(&world).await;
        assert_eq!(refused.code(), (412, "precondition_failed"));
    }
    let removed = edit("DELETE", target).if_match(replaced.etag()).send(&world).await;
    assert_eq!(removed.status, 204);
    assert_eq!(world.get(target).await.code(), (404, "golden_lead_not_found"));
    for method in ["PUT", "DELETE"] {
        let refused = edit(method, target).body(&golden(10)).send(&world).await;
        assert_eq!(refused.code(), (404, "golden_lead_not_found"), "{method}");
    }
}

#[tokio::test]
async fn results_are_those_of_the_draft() {
    let world = World::start().await;
    let result = world.get("/v1/golden-leads/cto").await.body["result"].clone();
    assert_eq!(result, json!({ "passes": true, "score": 50, "stage": "warm" }));
    let demo = json!({ "name": "Demo", "event_type": "demo_request", "points": 70 });
    edit("PUT", "/v1/scoring-rules/demo_request").body(&demo).send(&world).await;
    let listed = world.get(GOLDEN).await.body;
    let result = &listed["data"][0]["result"];
    assert_eq!(*result, json!({ "passes": false, "score": 70, "stage": "hot" }));
}

#[tokio::test]
async fn what_cannot_be_folded_is_refused_with_its_place() {
    let world = World::start().await;
    let changed = |pointer: &str, value: Value| {
        let mut golden = golden(10);
        golden["events"][0]["event_id"] = json!("e1");
        *golden.pointer_mut(pointer).unwrap() = value;
        golden
    };
    let twice = json!([
        { "event_id": "e1", "event_type": "a", "timestamp": "2026-01-10T09:00:00Z" },
        { "event_id": "e1", "event_type": "a", "timestamp": "2026-01-10T09:00:00Z" },
    ]);
    for (body, field, code) in [
        (changed("/events", json!([])), "events", "invalid_events"),
        (changed("/events", twice), "events", "invalid_events"),
        (changed("/events/0/event_id", json!("")), "events", "invalid_events"),
        (changed("/events/0/event_type", json!("")), "events.0.event_type", "invalid_event_type"),
        (changed("/name", json!("")), "name", "invalid_name"),
        (changed("/expected/score", json!(-1)), "expected.score", "out_of_range"),
        (changed("/events/0/traits", json!({"email": "x"})), "events.0.traits", "personal_data"),
    ] {
        let refused = edit("POST", GOLDEN).body(&body).send(&world).await;
        assert_eq!(refused.code(), (422, "invalid_golden_lead"), "{body}");
        assert_eq!(refused.errors(), [(field, code)], "{body}");
    }
    let refused = edit("POST", GOLDEN).body(&changed("/events/0/timestamp", json!("now")));
    let refused = refused.send(&world).await;
    assert_eq!(refused.errors(), [("events.0.timestamp", "invalid_value")]);
}

#[tokio::test]
async fn personal_data_in_an_example_is_not_repeated() {
    let world = World::start().await;
    let mut example = golden(10);
    example["events"][1]["properties"] = json!({ "note": "write to ana@example.com" });
    let refused = edit("POST", GOLDEN).body(&example).send(&world).await;
    assert_eq!(refused.errors(), [("events.1.properties", "personal_data")]);
    assert!(!refused.body.to_string().contains("ana"), "{}", refused.body);
}

#[tokio::test]
async fn an_id_is_made_from_the_name_or_taken_once() {
    let world = World::start().await;
    for expected in ["signed_up_and_left", "signed_up_and_left_2"] {
        let added = edit("POST", GOLDEN).body(&golden(10)).send(&world).await;
        assert_eq!(added.body["id"], expected);
    }
    let mut taken = golden(10);
    taken["id"] = json!("cto");
    let refused = edit("POST", GOLDEN).body(&taken).send(&world).await;
    assert_eq!(refused.code(), (409, "golden_lead_exists"));
    let refused =
        edit("PUT", "/v1/golden-leads/signed_up_and_left").body(&taken).send(&world).await;
    assert_eq!(refused.errors(), [("id", "id_mismatch")]);
    taken["id"] = json!("a b");
    let refused = edit("POST", GOLDEN).body(&taken).send(&world).await;
    assert_eq!(refused.errors(), [("id", "invalid_id")]);
}

#[tokio::test]
async fn one_that_is_too_large_is_refused_and_so_is_one_too_many() {
    let world = World::start().await;
    let mut large = golden(10);
    large["events"][0]["properties"] = json!({ "text": "x".repeat(33_000) });
    for attempt in [edit("POST", GOLDEN), edit("PUT", "/v1/golden-leads/cto")] {
        let refused = attempt.body(&large).send(&world).await;
        assert_eq!(refused.code(), (413, "payload_too_large"));
        assert!(refused.body["message"].as_str().unwrap().contains("32768"), "{}", refused.body);
    }
    large["events"][0]["properties"] = json!({ "text": "x".repeat(32_000) });
    assert_eq!(edit("POST", GOLDEN).body(&large).send(&world).await.status, 201);
    let gone = edit("DELETE", "/v1/golden-leads/signed_up_and_left").send(&world).await;
    assert_eq!(gone.status, 204);
    let store = &world.tables.store;
    let kept = store.golden_lead(&a_tenant(), "cto").await.unwrap().unwrap().golden;
    for n in 1..200 {
        let another = domain::golden_lead::GoldenLead { id: format!("g{n}"), ..kept.clone() };
        store.put_golden_lead(&a_tenant(), &another, None).await.unwrap();
    }
    let refused = edit("POST", GOLDEN).body(&golden(10)).send(&world).await;
    assert_eq!(refused.code(), (409, "too_many_golden_leads"));
}

#[tokio::test]
async fn pages_of_any_size_list_each_once_and_large_ones_make_them_short() {
    let world = World::start().await;
    let store = &world.tables.store;
    let kept = store.golden_lead(&a_tenant(), "cto").await.unwrap().unwrap().golden;
    let text = json!("x".repeat(290_000));
    for n in 0..16 {
        let mut another =
            domain::golden_lead::GoldenLead { id: format!("g{n:02}"), ..kept.clone() };
        another.events[0].properties.insert("text".to_owned(), text.clone());
        store.put_golden_lead(&a_tenant(), &another, None).await.unwrap();
    }
    for limit in [1, 5, 200] {
        let (mut ids, mut next, mut pages) = (Vec::new(), format!("{GOLDEN}?limit={limit}"), 0);
        loop {
            let body = world.get(&next).await.body;
            let rows = body["data"].as_array().unwrap();
            assert!(!rows.is_empty() && rows.len() <= limit);
            ids.extend(rows.iter().map(|row| row["id"].as_str().unwrap().to_owned()));
            pages += 1;
            let Some(cursor) = body["next_cursor"].as_str() else { break };
            next = format!("{GOLDEN}?limit={limit}&cursor={cursor}");
        }
        let expected: Vec<_> =
            std::iter::once("cto".to_owned()).chain((0..16).map(|n| format!("g{n:02}"))).collect();
        assert_eq!(ids, expected, "limit {limit}");
        assert!(pages > 1, "4 MB hold no 17 of these");
    }
    let forged = "eyJhZnRlciI6In5-In0";
    let refused = world.get(&format!("{GOLDEN}?cursor={forged}")).await;
    assert_eq!(refused.code(), (400, "invalid_cursor"));
}

#[tokio::test]
async fn another_tenants_golden_leads_do_not_exist_and_a_reader_cannot_write() {
    let world = World::start().await;
    let theirs = edit("POST", GOLDEN).body(&golden(10)).with_key(&other_tenant(), "admin");
    assert_eq!(theirs.send(&world).await.status, 201);
    assert_eq!(world.get("/v1/golden-leads/signed_up_and_left").await.status, 404);
    assert_eq!(world.get(GOLDEN).await.body["data"].as_array().unwrap().len(), 1);
    for attempt in [
        edit("POST", GOLDEN).body(&golden(10)),
        edit("PUT", "/v1/golden-leads/cto").body(&golden(10)),
        edit("DELETE", "/v1/golden-leads/cto"),
    ] {
        let refused = attempt.with_key(&a_tenant(), "read").send(&world).await;
        assert_eq!(refused.code(), (403, "missing_scope"));
    }
}
