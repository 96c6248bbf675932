//! Requests with an `Idempotency-Key`.

use aws_sdk_dynamodb::types::AttributeValue;
use domain::user::Role;
use serde_json::{Value, json};
use testing::{Faults, a_tenant};

use super::{
    callers::user,
    edit::edit,
    scoring_rules::{RULES, ids, large_orders},
    world::{Answer, World, other_tenant},
};

const GOLDEN: &str = "/v1/golden-leads";
const PREVIEW: &str = "/v1/rule-sets/preview";
const KEY: &str = "2f1b0b0e-6f5c-4c1e-9d38-6f7b8f0c3a11";

/// A golden lead without an id.
fn golden(name: &str) -> Value {
    let event = json!({ "event_type": "signup", "timestamp": "2026-01-10T09:00:00Z" });
    json!({ "name": name, "events": [event], "expected": { "score": 30 } })
}

async fn post(world: &World, target: &str, body: &Value, seconds: i64) -> Answer {
    let edit = edit("POST", target).body(body).idempotency_key(KEY);
    edit.seconds_later(seconds).send(world).await
}

async fn golden_ids(world: &World) -> Vec<Value> {
    let list = world.get(GOLDEN).await.body;
    list["data"].as_array().unwrap().iter().map(|golden| golden["id"].clone()).collect()
}

/// What an answer says that must be the same when it is repeated.
fn told(answer: &Answer) -> (u16, &Value, Option<&String>, Option<&String>, Option<&String>) {
    let header = |name: &str| answer.headers.get(name);
    (answer.status, &answer.body, header("etag"), header("location"), header("content-type"))
}

#[tokio::test]
async fn a_repeated_creation_has_the_answer_of_the_first_and_makes_one_thing() {
    let world = World::start().await;
    let first = post(&world, GOLDEN, &golden("New"), 0).await;
    assert_eq!((first.status, &first.body["id"]), (201, &json!("new")));
    assert_eq!(first.headers.get("idempotent-replayed"), None);
    // The name is changed meanwhile; the answer is that of then.
    let target = "/v1/golden-leads/new";
    assert_eq!(edit("PUT", target).body(&golden("Renamed")).send(&world).await.status, 200);
    for seconds in [0, 61, 86_399] {
        let again = post(&world, GOLDEN, &golden("New"), seconds).await;
        assert_eq!(told(&again), told(&first));
        assert_eq!(again.headers["idempotent-replayed"], "true");
        assert!(again.headers.contains_key("ratelimit-limit"));
    }
    assert_eq!(golden_ids(&world).await, ["cto", "new"]);
    // A day later it is another request.
    let later = post(&world, GOLDEN, &golden("New"), 86_400).await;
    assert_eq!((later.status, &later.body["id"]), (201, &json!("new_2")));
}

#[tokio::test]
async fn a_key_is_for_one_request() {
    let world = World::start().await;
    assert_eq!(post(&world, GOLDEN, &golden("New"), 0).await.status, 201);
    let other = post(&world, GOLDEN, &golden("Other"), 1).await;
    assert_eq!(other.code(), (422, "idempotency_key_reused"));
    let query = post(&world, "/v1/golden-leads?a=b", &golden("New"), 1).await;
    assert_eq!(query.code(), (422, "idempotency_key_reused"));
    assert_eq!(golden_ids(&world).await, ["cto", "new"]);
}

#[tokio::test]
async fn keys_are_told_apart_by_tenant_caller_and_route() {
    let world = World::start().await;
    assert_eq!(post(&world, GOLDEN, &golden("New"), 0).await.status, 201);
    let golden_lead = || edit("POST", GOLDEN).body(&golden("New")).idempotency_key(KEY);
    for sent in [
        golden_lead().by(&user(&a_tenant(), Role::Manager)),
        golden_lead().with_key(&other_tenant(), "admin"),
        edit("POST", RULES).body(&large_orders()).idempotency_key(KEY),
    ] {
        let made = sent.send(&world).await;
        assert_eq!(made.status, 201, "{}", made.body);
        assert_eq!(made.headers.get("idempotent-replayed"), None);
    }
    assert_eq!(golden_ids(&world).await, ["cto", "new", "new_2"]);
    // Who may not make anything is not shown what another made.
    let refused = golden_lead().with_key(&a_tenant(), "read").send(&world).await;
    assert_eq!(refused.code(), (403, "missing_scope"));
}

#[tokio::test]
async fn what_was_refused_or_failed_frees_its_key() {
    let world = World::start().await;
    let refused = post(&world, GOLDEN, &json!({ "name": "New" }), 0).await;
    assert_eq!(refused.code(), (422, "invalid_body"));
    assert_eq!(post(&world, GOLDEN, &golden("New"), 0).await.status, 201);

    let world = World::start().await.without_queue();
    assert_eq!(post(&world, PREVIEW, &json!({}), 0).await.code(), (503, "queue_unavailable"));
    // It may have been made, so the key stays with this request; but nobody has to wait.
    let other = post(&world, PREVIEW, &json!({ "sample_percent": 5 }), 0).await;
    assert_eq!(other.code(), (422, "idempotency_key_reused"));
    assert_eq!(post(&world, PREVIEW, &json!({}), 0).await.code(), (503, "queue_unavailable"));
}

/// Lets a user work leads, or no longer.
async fn activate(world: &World, role: Role, active: bool) {
    let store = &world.tables.store;
    let read = store.member(&a_tenant(), &user(&a_tenant(), role)).await.unwrap().unwrap();
    let next = dynamo::Member { active, ..read.clone() };
    assert_eq!(store.put_member(&read, &next).await.unwrap(), dynamo::Changed::Made);
}

#[tokio::test]
async fn what_is_refused_to_a_repetition_may_have_been_made_and_is_not_made_again() {
    const LEADS: &str = "/v1/leads";
    let body = json!({ "assigned_to": user(&a_tenant(), Role::SalesRep) });
    let leads = async |world: &World| {
        let list = world.get(&format!("{LEADS}?sort=created")).await.body;
        list["data"].as_array().unwrap().len()
    };
    for calls in 0.. {
        let world = World::start().await;
        let before = leads(&world).await;
        let broken = world.tables.with_faults(&Faults::crash_after(calls, true));
        let sound = world.tables.store.clone();
        let world = world.through(broken);
        let first = post(&world, LEADS, &body, 0).await;
        let world = world.through(sound);
        if first.status < 300 {
            return;
        }
        activate(&world, Role::SalesRep, false).await;
        let refused = post(&world, LEADS, &body, 61).await;
        assert!([201, 422].contains(&refused.status), "{calls}: {}", refused.body);
        activate(&world, Role::SalesRep, true).await;
        let again = post(&world, LEADS, &body, 62).await;
        assert_eq!(again.status, 201, "{calls}: {}", again.body);
        assert_eq!(leads(&world).await, before + 1, "{calls}");
    }
}

/// What a creation makes, to be counted.
async fn made(world: &World, target: &str) -> usize {
    match target {
        GOLDEN => golden_ids(world).await.len() - 1,
        RULES => ids(world).await.len() - 10,
        _ => world.get("/v1/jobs").await.body["data"].as_array().unwrap().len() - 1,
    }
}

#[tokio::test]
async fn a_crash_at_any_call_leaves_a_request_that_is_repeated_with_one_result() {
    for (target, body) in [
        (GOLDEN, golden("New")),
        (RULES, large_orders()),
        (PREVIEW, json!({ "sample_percent": 9 })),
    ] {
        let mut done = false;
        let mut calls = 0;
        while !done {
            let world = World::start().await;
            let faults = Faults::crash_after(calls, calls % 2 == 1);
            let broken = world.tables.with_faults(&faults);
            let sound = world.tables.store.clone();
            let world = world.through(broken);
            let crashed = post(&world, target, &body, 0).await;
            done = faults.calls() < calls;
            assert!(!done || crashed.status < 300, "{target} {calls}: {}", crashed.body);
            let world = world.through(sound);
            let soon = post(&world, target, &body, 1).await;
            let told = format!("{target} after {calls} calls: {}", soon.body);
            if soon.status == 409 {
                assert_eq!(soon.body["code"], "idempotency_in_progress", "{told}");
                assert_eq!(soon.headers["retry-after"], "59", "{told}");
            } else {
                assert!((200..300).contains(&soon.status), "{told}");
            }
            let again = post(&world, target, &body, 60).await;
            assert!((200..300).contains(&again.status), "{told}: {}", again.body);
            assert_eq!(made(&world, target).await, 1, "{told}");
            let last = post(&world, target, &body, 120).await;
            assert_eq!(last.headers["idempotent-replayed"], "true", "{told}");
            assert_eq!((last.status, &last.body), (again.status, &again.body), "{told}");
            calls += 1;
        }
        assert!(calls > 5, "{target}: {calls}");
    }
}

#[tokio::test]
async fn of_two_at_once_one_is_worked_on() {
    let world = World::start().await;
    let body = golden("New");
    let (one, other) = tokio::join!(post(&world, GOLDEN, &body, 0), post(&world, GOLDEN, &body, 0));
    let mut codes = [one.status, other.status];
    codes.sort_unstable();
    assert!([[201, 201], [201, 409]].contains(&codes), "{codes:?}");
    assert_eq!(golden_ids(&world).await, ["cto", "new"]);
}

#[tokio::test]
async fn a_key_has_a_form_and_matters_only_where_something_is_made() {
    let world = World::start().await;
    let long = "k".repeat(256);
    for key in ["", "a b", "\u{e9}", &long] {
        let sent = edit("POST", GOLDEN).body(&golden("New")).idempotency_key(key);
        let refused = sent.send(&world).await;
        assert_eq!(refused.code(), (400, "invalid_idempotency_key"), "{key}");
    }
    assert_eq!(golden_ids(&world).await, ["cto"]);
    let most = "k".repeat(255);
    let made = edit("POST", GOLDEN).body(&golden("New")).idempotency_key(&most).send(&world).await;
    assert_eq!(made.status, 201);
    for (name, key) in [("One", KEY), ("Two", KEY), ("Three", "a b")] {
        let target = "/v1/golden-leads/cto";
        let put = edit("PUT", target).body(&golden(name)).idempotency_key(key).send(&world).await;
        assert_eq!((put.status, &put.body["name"]), (200, &json!(name)));
    }
}

#[tokio::test]
async fn nothing_that_is_kept_of_a_request_can_be_read() {
    let world = World::start().await;
    let made = post(&world, GOLDEN, &golden("Ana of Acme"), 0).await;
    assert_eq!(made.status, 201);
    let table = world.tables.leads_table();
    let scanned = world.tables.client.scan().table_name(table).send().await.unwrap();
    let is_kept = |value: &AttributeValue| value.as_s().unwrap().starts_with("idempotency#");
    let items: Vec<_> = scanned.items().iter().filter(|item| is_kept(&item["sk"])).collect();
    assert_eq!(items.len(), 1);
    let kept = format!("{:?}", items[0]);
    for readable in ["Ana", "ana", "signup", KEY, "golden", "2f1b", "key_", "2026"] {
        // Where the thing is is kept as it is: the id is in the audit log, too.
        let kept = kept.replace("/v1/golden-leads/ana_of_acme", "");
        assert!(!kept.contains(readable), "{readable}: {kept}");
    }
    assert!(items[0]["expires_at"].as_n().is_ok());
}
