//! The rules of the draft, one by one.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use testing::{Fault, Faults, a_tenant};

use super::{
    edit::edit,
    world::{World, other_tenant},
};

pub(super) const RULES: &str = "/v1/scoring-rules";

pub(super) fn large_orders() -> Value {
    json!({
        "name": "Large orders",
        "event_type": "order_completed",
        "when": "event.properties.total > 500.0",
        "points": 12.5,
        "cap": { "count": 3, "per": "month" },
    })
}

pub(super) async fn ids(world: &World) -> Vec<String> {
    let body = world.get(RULES).await.body;
    let rules = body["data"].as_array().unwrap();
    rules.iter().map(|rule| rule["id"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_rule_is_added_replaced_in_its_place_and_removed() {
    let world = World::start().await;
    let before = world.get(RULES).await;
    assert_eq!(before.etag(), "\"version-1\"");
    assert_eq!(before.body["data"].as_array().unwrap().len(), 10);
    let added = edit("POST", RULES).body(&large_orders()).send(&world).await;
    assert_eq!(added.status, 201, "{}", added.body);
    assert_eq!(added.headers["location"], "/v1/scoring-rules/large_orders");
    insta::assert_json_snapshot!(sorted(&added.body), @r#"
    {
      "active": true,
      "cap": {
        "count": 3,
        "per": "month"
      },
      "event_type": "order_completed",
      "failures": 0,
      "id": "large_orders",
      "name": "Large orders",
      "points": 12.5,
      "when": "event.properties.total > 500.0"
    }
    "#);
    let listed = world.get(RULES).await;
    assert_eq!(listed.etag(), added.etag());
    assert_eq!(listed.body["data"][10], added.body);

    let target = "/v1/scoring-rules/page_view";
    let mut page_view = listed.body["data"][0].clone();
    page_view["points"] = json!(6);
    let replaced = edit("PUT", target).body(&page_view).send(&world).await;
    assert_eq!((replaced.status, &replaced.body), (200, &page_view), "what is shown can be sent");
    assert_eq!(world.get(RULES).await.body["data"][0], page_view);

    let removed = edit("DELETE", target).send(&world).await;
    assert_eq!((removed.status, &removed.body), (204, &Value::Null));
    assert!(!ids(&world).await.contains(&"page_view".to_owned()));
    let active = world.get("/v1/rule-sets/active").await.body;
    assert_eq!(active["rules"][0]["points"], 5, "only the draft has changed");
}

/// Puts members into order, whatever order maps keep.
fn sorted(value: &Value) -> BTreeMap<&String, &Value> {
    value.as_object().unwrap().iter().collect()
}

#[tokio::test]
async fn an_id_is_made_from_the_name_and_never_taken_twice() {
    let world = World::start().await;
    for expected in ["large_orders", "large_orders_2", "large_orders_3"] {
        let added = edit("POST", RULES).body(&large_orders()).send(&world).await;
        assert_eq!((added.status, &added.body["id"]), (201, &json!(expected)));
    }
    let mut taken = large_orders();
    taken["id"] = json!("large_orders_2");
    taken["points"] = json!(13);
    let before = world.get(RULES).await.etag().to_owned();
    let refused = edit("POST", RULES).body(&taken).send(&world).await;
    assert_eq!(refused.code(), (409, "rule_exists"));
    assert_eq!(world.get(RULES).await.etag(), before);
}

#[tokio::test]
async fn a_rule_is_shown_where_the_addition_says() {
    let world = World::start().await;
    let added = edit("POST", RULES).body(&large_orders()).send(&world).await;
    let shown = world.get(&added.headers["location"]).await;
    assert_eq!((shown.status, &shown.body, shown.etag()), (200, &added.body, added.etag()));
    let theirs = edit("GET", &added.headers["location"]).with_key(&other_tenant(), "read");
    assert_eq!(theirs.send(&world).await.code(), (404, "rule_not_found"));
}

#[tokio::test]
async fn all_that_is_wrong_with_a_rule_is_told() {
    let world = World::start().await;
    let wrong = json!({
        "id": "not an id", "name": " ", "event_type": "", "when": "event.properties.total >",
        "group_cap": 5,
    });
    let refused = edit("POST", RULES).body(&wrong).send(&world).await;
    assert_eq!(refused.code(), (422, "invalid_rule"));
    let expected = [
        ("id", "invalid_id"),
        ("name", "invalid_name"),
        ("event_type", "invalid_event_type"),
        ("points", "points_missing"),
        ("group_cap", "group_missing"),
        ("when", "syntax"),
    ];
    assert_eq!(refused.errors(), expected);
    for (body, field, code) in [
        (json!({"name": "A", "event_type": "a", "points": "5"}), "points", "invalid_value"),
        (json!({"name": "A", "event_type": "a", "points": 0.0001}), "points", "invalid_value"),
        (json!({"name": "A", "event_type": "a", "point": 5}), "body", "unknown_field"),
        (json!({"event_type": "a", "points": 5}), "body", "missing_field"),
    ] {
        let refused = edit("POST", RULES).body(&body).send(&world).await;
        assert_eq!(refused.code(), (422, "invalid_body"), "{body}");
        assert_eq!(refused.errors(), [(field, code)], "{body}");
    }
    assert_eq!(world.get(RULES).await.etag(), "\"version-1\"", "nothing was written");
}

#[tokio::test]
async fn a_fault_of_a_condition_is_told_with_line_and_column() {
    let world = World::start().await;
    let mut wrong = large_orders();
    wrong["when"] = json!("event.properties.total >\n  nobody.knows");
    let refused = edit("POST", RULES).body(&wrong).send(&world).await;
    assert_eq!(refused.code(), (422, "invalid_rule"));
    let error = &refused.body["errors"][0];
    assert_eq!((&error["field"], &error["line"]), (&json!("when"), &json!(2)), "{error}");
    let place = format!("line 2, column {}: ", error["column"]);
    assert!(error["message"].as_str().unwrap().starts_with(&place), "{error}");
}

#[tokio::test]
async fn a_rule_that_is_not_there_is_404_and_a_rule_keeps_its_id() {
    let world = World::start().await;
    for method in ["GET", "PUT"] {
        let refused = edit(method, "/v1/scoring-rules/nothing").body(&large_orders());
        assert_eq!(refused.send(&world).await.code(), (404, "rule_not_found"), "{method}");
    }
    let mut renamed = large_orders();
    renamed["id"] = json!("other");
    let refused = edit("PUT", "/v1/scoring-rules/signup").body(&renamed).send(&world).await;
    assert_eq!((refused.code(), refused.errors()[0].0), ((422, "invalid_rule"), "id"));
}

#[tokio::test]
async fn edits_at_the_same_time_are_all_kept() {
    let world = World::start().await;
    let counted = Faults::by_call(|_| Fault::None);
    let store = world.tables.with_faults(&counted);
    let world = world.through(store);
    let add = |id: &str| {
        let mut rule = large_orders();
        rule["id"] = json!(id);
        edit("POST", RULES).body(&rule)
    };
    let (first, second, third, fourth) = tokio::join!(
        add("first").send(&world),
        add("second").send(&world),
        edit("DELETE", "/v1/scoring-rules/signup").send(&world),
        edit("PUT", "/v1/scoring-rules/download").body(&large_orders()).send(&world),
    );
    let statuses = [first.status, second.status, third.status, fourth.status];
    assert_eq!(statuses, [201, 201, 204, 200]);
    // One by one, each with a draft to begin: 9 for both additions, 7 for the removal, and 6.
    assert!(counted.calls() > 31, "they met: {} calls", counted.calls());
    let body = world.get(RULES).await.body;
    let download = body["data"].as_array().unwrap().iter().find(|rule| rule["id"] == "download");
    assert_eq!(download.unwrap()["points"], 12.5);
    let ids = ids(&world).await;
    assert_eq!(ids.len(), 11, "{ids:?}");
    assert!(ids.contains(&"first".to_owned()) && ids.contains(&"second".to_owned()), "{ids:?}");
    assert!(!ids.contains(&"signup".to_owned()), "{ids:?}");
}

#[tokio::test]
async fn an_edit_of_what_has_changed_since_is_refused() {
    let world = World::start().await;
    let seen = world.get(RULES).await.etag().to_owned();
    let first = edit("POST", RULES).body(&large_orders()).if_match(&seen).send(&world).await;
    assert_eq!(first.status, 201);
    for attempt in [
        edit("POST", RULES).body(&large_orders()),
        edit("PUT", "/v1/scoring-rules/signup").body(&large_orders()),
        edit("DELETE", "/v1/scoring-rules/signup"),
    ] {
        let refused = attempt.if_match(&seen).send(&world).await;
        assert_eq!(refused.code(), (412, "precondition_failed"));
    }
    let again = edit("DELETE", "/v1/scoring-rules/signup").if_match(first.etag());
    assert_eq!(again.send(&world).await.status, 204);
}

#[tokio::test]
async fn failures_of_the_active_version_are_shown() {
    let world = World::start().await;
    let store = &world.tables.store;
    let counts = [("signup".to_owned(), 7)].into();
    store.put_rule_failures(&a_tenant(), 1, 0, &counts).await.unwrap();
    store.put_rule_failures(&a_tenant(), 2, 0, &counts).await.unwrap();
    let body = world.get(RULES).await.body;
    let failures = |id: &str| {
        let rules = body["data"].as_array().unwrap();
        rules.iter().find(|rule| rule["id"] == id).unwrap()["failures"].clone()
    };
    assert_eq!((failures("signup"), failures("download")), (json!(7), json!(0)));
}

#[tokio::test]
async fn another_tenants_draft_is_another_and_a_reader_cannot_write() {
    let world = World::start().await;
    let theirs = edit("POST", RULES).body(&large_orders()).with_key(&other_tenant(), "admin");
    assert_eq!(theirs.send(&world).await.status, 201);
    assert_eq!(ids(&world).await.len(), 10);
    let refused = edit("POST", RULES).body(&large_orders()).with_key(&a_tenant(), "read");
    assert_eq!(refused.send(&world).await.code(), (403, "missing_scope"));
}

#[tokio::test]
async fn a_set_has_at_most_500_rules() {
    let world = World::start().await;
    let mut draft = world.get("/v1/rule-sets/draft").await.body;
    let rule =
        |n: usize| json!({"id": format!("r{n}"), "name": "R", "event_type": "r", "points": 1});
    draft["rules"] = (0..500).map(rule).collect();
    assert_eq!(edit("PUT", "/v1/rule-sets/draft").body(&draft).send(&world).await.status, 200);
    let refused = edit("POST", RULES).body(&large_orders()).send(&world).await;
    assert_eq!(refused.code(), (422, "invalid_rule"));
    assert_eq!(refused.errors(), [("rules", "too_many_rules")]);
    draft["rules"].as_array_mut().unwrap().push(rule(500));
    let refused = edit("PUT", "/v1/rule-sets/draft").body(&draft).send(&world).await;
    assert_eq!(refused.code(), (422, "invalid_rule_set"));
    assert_eq!(refused.errors(), [("rules", "too_many_rules")]);
    let mut last = rule(499);
    let again = edit("POST", RULES).body(&last).send(&world).await;
    assert_eq!(again.status, 201, "what is there takes no room");
    last["points"] = json!(2);
    let refused = edit("POST", RULES).body(&last).send(&world).await;
    assert_eq!(refused.code(), (409, "rule_exists"));
}
