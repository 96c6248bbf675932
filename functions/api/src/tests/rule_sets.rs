//! The draft as a whole, and the published versions.

use aws_sdk_dynamodb::types::AttributeValue;
use domain::rule_set::RuleSet;
use serde_json::{Value, json};
use testing::{Fault, Faults, a_tenant};

use super::{
    edit::edit,
    world::{World, other_tenant},
};

const DRAFT: &str = "/v1/rule-sets/draft";

/// Publishes the default rules as a version, as the publish transaction does.
async fn publish(world: &World, version: u32) {
    let set = RuleSet { version, ..RuleSet::default_set().unwrap() };
    let put = |sk: String| {
        let put = world.tables.client.put_item().table_name(world.tables.leads_table());
        put.item("pk", AttributeValue::S(a_tenant().to_string())).item("sk", AttributeValue::S(sk))
    };
    let number = |number: String| AttributeValue::N(number);
    let millis = 1_768_478_400_000 + i64::from(version);
    put(format!("rule_set#{version:010}"))
        .item("content", AttributeValue::S(serde_json::to_string(&set).unwrap()))
        .item("published_at", number(millis.to_string()))
        .item("note", AttributeValue::S(format!("note {version}")))
        .send()
        .await
        .unwrap();
    put("rule_set#active".to_owned())
        .item("version", number(version.to_string()))
        .send()
        .await
        .unwrap();
}

#[tokio::test]
async fn a_draft_is_the_active_set_until_it_is_changed_and_after_it_is_discarded() {
    let world = World::start().await;
    let before = world.get(DRAFT).await;
    assert_eq!((before.status, before.etag()), (200, "\"version-1\""));
    assert_eq!(before.headers["draft-differs"], "false");
    let members: Vec<_> = before.body.as_object().unwrap().keys().collect();
    assert_eq!(members.len(), 3, "no number: {members:?}");

    let mut changed = before.body.clone();
    changed["total_cap"] = json!(500);
    let put = edit("PUT", DRAFT).body(&changed).if_match("\"version-1\"").send(&world).await;
    assert_eq!((put.status, &put.body), (200, &changed));
    assert_eq!(put.headers["draft-differs"], "true");
    let read = world.get(DRAFT).await;
    assert_eq!((&read.body, read.etag()), (&changed, put.etag()));
    assert_eq!(read.headers["draft-differs"], "true");
    let same = edit("PUT", DRAFT).body(&before.body).send(&world).await;
    assert_eq!(same.headers["draft-differs"], "false");

    for _ in 0..2 {
        assert_eq!(edit("DELETE", DRAFT).send(&world).await.status, 204);
        assert_eq!(world.get(DRAFT).await.etag(), "\"version-1\"");
    }
}

#[tokio::test]
async fn a_published_version_can_be_put_as_the_draft() {
    let world = World::start().await;
    let published = world.get("/v1/rule-sets/1").await.body;
    let put = edit("PUT", DRAFT).body(&published).send(&world).await;
    assert_eq!(put.status, 200, "{}", put.body);
    assert_eq!(put.body["rules"], published["rules"]);
    assert_eq!(put.body["version"], Value::Null);
}

#[tokio::test]
async fn rules_can_be_put_as_they_are_listed_but_not_without_their_ids() {
    let world = World::start().await;
    let mut draft = world.get(DRAFT).await.body;
    let listed = world.get("/v1/scoring-rules").await.body["data"].clone();
    assert_eq!(listed[1]["failures"], 0);
    draft["rules"] = listed.clone();
    let put = edit("PUT", DRAFT).body(&draft).send(&world).await;
    assert_eq!((put.status, &put.headers["draft-differs"]), (200, &"false".to_owned()));
    assert_eq!(put.body["rules"][1].get("failures"), None);
    for index in [1, 3] {
        draft["rules"][index].as_object_mut().unwrap().remove("id");
    }
    draft["rules"][2]["name"] = json!(" ");
    let refused = edit("PUT", DRAFT).body(&draft).send(&world).await;
    assert_eq!(refused.code(), (422, "invalid_rule_set"));
    let expected = [
        ("rules.1.id", "id_missing"),
        ("rules.3.id", "id_missing"),
        ("rules.2.name", "invalid_name"),
    ];
    assert_eq!(refused.errors(), expected);
    assert_eq!(world.get(DRAFT).await.etag(), put.etag());
}

#[tokio::test]
async fn all_that_is_wrong_with_a_draft_is_told_at_once() {
    let world = World::start().await;
    let mut draft = world.get(DRAFT).await.body;
    draft["thresholds"]["warm"] = json!(70);
    draft["rules"][1]["id"] = json!("page_view");
    draft["rules"][2]["cap"] = json!({ "count": 0, "per": "day" });
    let refused = edit("PUT", DRAFT).body(&draft).send(&world).await;
    assert_eq!(refused.code(), (422, "invalid_rule_set"));
    let expected = [
        ("thresholds", "thresholds_out_of_order"),
        ("rules.1.id", "duplicate_id"),
        ("rules.2.cap.count", "out_of_range"),
    ];
    assert_eq!(refused.errors(), expected);
    draft["rules"][0]["points"] = json!(true);
    let refused = edit("PUT", DRAFT).body(&draft).send(&world).await;
    assert_eq!(refused.code(), (422, "invalid_body"));
    assert_eq!(refused.errors(), [("rules.0.points", "invalid_value")]);
    assert_eq!(world.get(DRAFT).await.etag(), "\"version-1\"", "nothing was written");
}

#[tokio::test]
async fn a_draft_that_is_too_large_is_refused() {
    let world = World::start().await;
    let mut draft = world.get(DRAFT).await.body;
    let when = format!("event.type == '{}'", "x".repeat(1_900));
    let rule = |n: usize| json!({"id": format!("r{n}"), "name": "R", "event_type": "r", "points": 1, "when": when});
    draft["rules"] = (0..160).map(rule).collect();
    let refused = edit("PUT", DRAFT).body(&draft).send(&world).await;
    assert_eq!(refused.code(), (413, "payload_too_large"));
}

#[tokio::test]
async fn a_draft_that_changed_since_it_was_read_is_not_overwritten() {
    let world = World::start().await;
    let mut draft = world.get(DRAFT).await.body;
    draft["total_cap"] = json!(500);
    let put = edit("PUT", DRAFT).body(&draft).send(&world).await;
    for stale in ["\"version-1\"", "\"0000000000000000\"", "\"junk\""] {
        let refused = edit("PUT", DRAFT).body(&draft).if_match(stale).send(&world).await;
        assert_eq!(refused.code(), (412, "precondition_failed"), "{stale}");
        let refused = edit("DELETE", DRAFT).if_match(stale).send(&world).await;
        assert_eq!(refused.code(), (412, "precondition_failed"), "{stale}");
    }
    assert_eq!(edit("DELETE", DRAFT).if_match(put.etag()).send(&world).await.status, 204);
}

#[tokio::test]
async fn versions_are_listed_newest_first_page_by_page() {
    let world = World::start().await;
    for version in 2..=5 {
        publish(&world, version).await;
    }
    let all = world.get("/v1/rule-sets").await.body;
    assert_eq!(all["next_cursor"], Value::Null);
    assert_eq!(
        all["data"][0],
        json!({
            "version": 5, "active": true, "published_at": "2026-01-15T12:00:00.005Z",
            "restored_from": null, "note": "note 5", "rules": 10,
        })
    );
    assert_eq!(all["data"][4]["published_at"], "1970-01-01T00:00:00.000Z");
    for limit in 1..=6 {
        let (mut rows, mut next) = (Vec::new(), format!("/v1/rule-sets?limit={limit}"));
        loop {
            let body = world.get(&next).await.body;
            rows.extend(body["data"].as_array().unwrap().clone());
            let Some(cursor) = body["next_cursor"].as_str() else { break };
            next = format!("/v1/rule-sets?limit={limit}&cursor={cursor}");
        }
        assert_eq!(json!(rows), all["data"], "limit {limit}");
    }
    let refused = world.get("/v1/rule-sets?cursor=junk").await;
    assert_eq!(refused.code(), (400, "invalid_cursor"));
}

#[tokio::test]
async fn a_version_is_shown_by_number_or_as_the_active_one() {
    let world = World::start().await;
    publish(&world, 2).await;
    let counts = [("signup".to_owned(), 7)].into();
    world.tables.store.put_rule_failures(&a_tenant(), 2, 0, &counts).await.unwrap();
    let second = world.get("/v1/rule-sets/2").await.body;
    assert_eq!((&second["version"], &second["active"]), (&json!(2), &json!(true)));
    assert_eq!(second["failures"], json!({ "signup": 7 }));
    assert_eq!(world.get("/v1/rule-sets/active").await.body, second);
    let first = world.get("/v1/rule-sets/1").await.body;
    assert_eq!((&first["active"], &first["failures"]), (&json!(false), &json!({})));
    for unknown in ["3", "0", "-1", "latest", "99999999999"] {
        let refused = world.get(&format!("/v1/rule-sets/{unknown}")).await;
        assert_eq!(refused.code(), (404, "rule_set_not_found"), "{unknown}");
    }
}

#[tokio::test]
async fn another_tenants_draft_is_invisible_and_a_reader_cannot_write() {
    let world = World::start().await;
    let mut draft = world.get(DRAFT).await.body;
    draft["total_cap"] = json!(500);
    let theirs = edit("PUT", DRAFT).body(&draft).with_key(&other_tenant(), "admin");
    assert_eq!(theirs.send(&world).await.status, 200);
    assert_eq!(world.get(DRAFT).await.body["total_cap"], Value::Null);
    for attempt in [edit("PUT", DRAFT).body(&draft), edit("DELETE", DRAFT)] {
        let refused = attempt.with_key(&a_tenant(), "read").send(&world).await;
        assert_eq!(refused.code(), (403, "missing_scope"));
    }
}

#[tokio::test]
async fn an_edit_whose_answer_got_lost_is_told_to_come_back_and_is_not_made_twice() {
    let world = World::start().await;
    let mut draft = world.get(DRAFT).await.body;
    draft["total_cap"] = json!(500);
    // Draft, active version, its content, the version again, the put.
    let faults = Faults::by_call(|call| if call == 4 { Fault::AnswerLost } else { Fault::None });
    let broken = world.tables.with_faults(&faults);
    let world = world.through(broken);
    let lost = edit("PUT", DRAFT).body(&draft).send(&world).await;
    assert_eq!(lost.code(), (503, "temporarily_unavailable"));
    let again = edit("PUT", DRAFT).body(&draft).send(&world).await;
    assert_eq!((again.status, &again.body), (200, &draft));
}
