//! What the audit log tells of changes, and to whom.

use domain::user::Role;
use serde_json::{Value, json};
use testing::{Fault, Faults, a_tenant};

use super::{
    callers::{key, user},
    edit::edit,
    scoring_rules::{RULES, large_orders},
    world::{JOB, World, other_tenant},
};

const LOG: &str = "/v1/audit-log";

async fn log(world: &World, query: &str) -> Value {
    let answer = world.get_with(&format!("{LOG}{query}"), Some(&key(&a_tenant(), "admin"))).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.body
}

/// Returns action, type, id and fields of each entry, the oldest first.
fn told(log: &Value) -> Vec<Value> {
    let told = |entry: &Value| {
        json!([entry["action"], entry["object_type"], entry["object_id"], entry["fields"]])
    };
    log["data"].as_array().unwrap().iter().rev().map(told).collect()
}

#[tokio::test]
async fn every_change_of_the_rules_is_told_once_by_who_what_and_which_fields() {
    let world = World::start().await;
    let mut rule = large_orders();
    let golden = world.get("/v1/golden-leads/cto").await.body;
    let mut renamed = golden.clone();
    renamed["name"] = json!("Chief");
    rule["id"] = json!("large");
    let weights = json!({ "purchase": 50, "browsing": 20, "interest": 20, "engagement": 10 });
    let mut draft = world.get("/v1/rule-sets/draft").await.body;
    draft["total_cap"] = json!(200);
    for (seconds, (method, target, body)) in (0..).zip([
        ("POST", RULES, Some(&rule)),
        (
            "PUT",
            "/v1/scoring-rules/signup",
            Some(&json!({ "name": "Signs up", "event_type": "signup", "points": 31 })),
        ),
        ("DELETE", "/v1/scoring-rules/large", None),
        ("PUT", "/v1/rule-sets/draft", Some(&draft)),
        ("DELETE", "/v1/rule-sets/draft", None),
        ("PUT", "/v1/golden-leads/cto", Some(&renamed)),
        ("PUT", "/v1/factor-weights/shopee", Some(&weights)),
        ("DELETE", "/v1/factor-weights/shopee", None),
        ("PUT", "/v1/rule-sets/draft", Some(&draft)),
        ("POST", "/v1/rule-sets/publish", Some(&json!({ "note": "Ana's" }))),
        ("POST", "/v1/rule-sets/1/rollback", Some(&json!({}))),
        ("DELETE", "/v1/golden-leads/cto", None),
    ]) {
        let edit = edit(method, target).seconds_later(seconds);
        let edit = body.iter().fold(edit, |edit, body| edit.body(body));
        let answer = edit.send(&world).await;
        assert!((200..300).contains(&answer.status), "{method} {target}: {}", answer.body);
    }
    let log = log(&world, "?limit=250").await;
    let expected = json!([
        [
            "rule.created",
            "rule",
            "large",
            ["active", "cap", "event_type", "id", "name", "points", "when"]
        ],
        ["rule.updated", "rule", "signup", ["name", "points"]],
        ["rule.deleted", "rule", "large", []],
        ["draft.replaced", "rule_set", "draft", ["rules", "total_cap"]],
        ["draft.discarded", "rule_set", "draft", []],
        ["golden_lead.updated", "golden_lead", "cto", ["name"]],
        [
            "factor_weights.updated",
            "factor_weights",
            "shopee",
            ["browsing", "default", "engagement", "interest", "purchase"]
        ],
        ["factor_weights.reset", "factor_weights", "shopee", []],
        ["draft.replaced", "rule_set", "draft", ["total_cap"]],
        ["rule_set.published", "rule_set", "2", ["total_cap", "version"]],
        ["rule_set.rolled_back", "rule_set", "3", ["total_cap", "version"]],
        ["golden_lead.deleted", "golden_lead", "cto", []],
    ]);
    assert_eq!(json!(told(&log)), expected);
    let first = log["data"].as_array().unwrap().last().unwrap();
    assert_eq!(first["at"], "2026-01-15T12:00:00.000Z");
    assert!(first["actor"].as_str().unwrap().starts_with("key_"), "{first}");
    assert!(!log.to_string().contains("Ana") && !log.to_string().contains("Chief"));
}

#[tokio::test]
async fn what_changes_nothing_is_not_told() {
    let world = World::start().await;
    let golden = world.get("/v1/golden-leads/cto").await.body;
    let weights = json!({ "purchase": 50, "browsing": 20, "interest": 20, "engagement": 10 });
    for _ in 0..2 {
        let put = edit("PUT", "/v1/factor-weights/shopee").body(&weights).send(&world).await;
        assert_eq!(put.status, 200);
        let put = edit("PUT", "/v1/golden-leads/cto").body(&golden).send(&world).await;
        assert_eq!(put.status, 200, "{}", put.body);
        for target in ["/v1/scoring-rules/nothing", "/v1/rule-sets/draft"] {
            assert_eq!(edit("DELETE", target).send(&world).await.status, 204);
        }
        let refused = edit("PUT", "/v1/golden-leads/cto").body(&json!({})).send(&world).await;
        assert_eq!(refused.status, 422);
        let resumed = edit("POST", &format!("/v1/jobs/{JOB}/resume")).send(&world).await;
        assert_eq!(resumed.status, 202, "it was not failed");
        assert_eq!(edit("POST", "/v1/rule-sets/preview").send(&world).await.status, 202);
    }
    assert_eq!(told(&log(&world, "").await).len(), 1);
}

#[tokio::test]
async fn a_change_and_its_entry_are_made_both_or_neither() {
    for calls in 0.. {
        for answer_lost in [false, true] {
            let world = World::start().await;
            let faults = Faults::crash_after(calls, answer_lost);
            let sound = world.tables.store.clone();
            let broken = world.tables.with_faults(&faults);
            let world = world.through(broken);
            let mut rule = large_orders();
            rule["id"] = json!("large");
            let made = edit("POST", RULES).body(&rule).send(&world).await;
            let done = faults.calls() < calls;
            let world = world.through(sound);
            let is_there = world.get("/v1/scoring-rules/large").await.status == 200;
            let entries = told(&log(&world, "").await).len();
            assert_eq!(entries, usize::from(is_there), "{calls}: {}", made.body);
            let again = edit("POST", RULES).body(&rule).send(&world).await;
            assert_eq!(again.status, 201);
            assert_eq!(told(&log(&world, "").await).len(), 1, "{calls}");
            if done {
                return;
            }
        }
    }
}

#[tokio::test]
async fn the_log_is_paged_and_filtered() {
    let world = World::start().await;
    let manager = user(&a_tenant(), Role::Manager);
    for number in 0..7 {
        let target = format!("/v1/factor-weights/m{number}");
        let purchase = 50 - number;
        let body =
            json!({ "purchase": purchase, "browsing": number, "interest": 25, "engagement": 25 });
        let edit = edit("PUT", &target).body(&body).seconds_later(number);
        let edit = if number % 2 == 0 { edit.by(&manager) } else { edit };
        assert_eq!(edit.send(&world).await.status, 200);
    }
    let ids = |log: &Value| -> Vec<String> {
        let id = |entry: &Value| entry["object_id"].as_str().unwrap().to_owned();
        log["data"].as_array().unwrap().iter().map(id).collect()
    };
    for filter in ["", "&action=factor_weights.updated"] {
        let (mut seen, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = log(&world, &format!("?limit=3{filter}{cursor}")).await;
            seen.extend(ids(&page));
            let Some(next) = page["next_cursor"].as_str() else { break };
            cursor = format!("&cursor={next}");
        }
        assert_eq!(seen, ["m6", "m5", "m4", "m3", "m2", "m1", "m0"], "{filter}");
    }
    for (query, expected) in [
        (format!("?actor={manager}"), vec!["m6", "m4", "m2", "m0"]),
        (format!("?actor={manager}&object=m4"), vec!["m4"]),
        ("?object=m3".to_owned(), vec!["m3"]),
        ("?action=rule.created".to_owned(), vec![]),
        ("?actor=system".to_owned(), vec![]),
        ("?from=2026-01-15T12:00:02Z&to=2026-01-15T12:00:04Z".to_owned(), vec!["m4", "m3", "m2"]),
        ("?from=2026-01-15T12:00:04Z&to=2026-01-15T12:00:02Z".to_owned(), vec![]),
    ] {
        assert_eq!(ids(&log(&world, &query).await), expected, "{query}");
    }
    let admin = key(&a_tenant(), "admin");
    for (query, code) in [
        ("?actor=ana", "invalid_query"),
        ("?from=yesterday", "invalid_query"),
        ("?cursor=junk", "invalid_cursor"),
    ] {
        let refused = world.get_with(&format!("{LOG}{query}"), Some(&admin)).await;
        assert_eq!(refused.code(), (400, code), "{query}");
    }
}

#[tokio::test]
async fn a_tenants_log_is_its_own_and_no_table_that_fails_makes_an_entry() {
    let world = World::start().await;
    assert_eq!(edit("DELETE", "/v1/golden-leads/cto").send(&world).await.status, 204);
    let theirs = world.get_with(LOG, Some(&key(&other_tenant(), "admin"))).await.body;
    assert_eq!(theirs["data"], json!([]));
    let broken = world.tables.with_faults(&Faults::by_call(|_| Fault::NotSent));
    let sound = world.tables.store.clone();
    let world = world.through(broken);
    assert_eq!(edit("POST", RULES).body(&large_orders()).send(&world).await.status, 503);
    assert_eq!(told(&log(&world.through(sound), "").await).len(), 1);
}
