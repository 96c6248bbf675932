//! Drafts that are older than what is active, and drafts that are other than what was looked at:
//! neither is published.

use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::{Value, json};
use testing::a_tenant;

use super::{
    edit::edit,
    publish::{PUBLISH, active, draft, post},
    world::World,
};

const DRAFT: &str = "/v1/rule-sets/draft";

#[tokio::test]
async fn a_draft_that_is_older_than_a_rollback_does_not_undo_it_unseen() {
    let world = World::start().await;
    assert_eq!(world.get(DRAFT).await.headers["draft-based-on"], "1");
    draft(&world, "page_view", 9).await;
    assert_eq!(post(&world, PUBLISH).await.status, 202);
    draft(&world, "signup", 31).await;
    assert_eq!(post(&world, "/v1/rule-sets/1/rollback").await.status, 202);

    let refused = post(&world, PUBLISH).await;
    assert_eq!(refused.code(), (409, "draft_outdated"));
    let message = refused.body["message"].as_str().unwrap();
    assert!(message.contains("version 2") && message.contains("version 3"), "{message}");
    // An edit of one rule says nothing about the others.
    let rule = json!({ "name": "Signup", "event_type": "signup", "points": 32 });
    let put = edit("PUT", "/v1/scoring-rules/signup").body(&rule).send(&world).await;
    assert_eq!(put.status, 200, "{}", put.body);
    assert_eq!(world.get(DRAFT).await.headers["draft-based-on"], "2");
    assert_eq!(post(&world, PUBLISH).await.code(), (409, "draft_outdated"));
    assert_eq!(active(&world).await, 3);

    // Who puts the whole of it, even the same, has seen all of it.
    let seen = world.get(DRAFT).await;
    let put = edit("PUT", DRAFT).body(&seen.body).if_match(seen.etag()).send(&world).await;
    assert_eq!((put.status, put.headers["draft-based-on"].as_str()), (200, "3"));
    assert_ne!(put.etag(), seen.etag());
    assert_eq!(post(&world, PUBLISH).await.status, 202);
    assert_eq!(world.get(DRAFT).await.headers["draft-based-on"], "4");
}

#[tokio::test]
async fn a_discarded_draft_begins_again_from_the_active_version() {
    let world = World::start().await;
    draft(&world, "page_view", 9).await;
    assert_eq!(post(&world, PUBLISH).await.status, 202);
    draft(&world, "page_view", 11).await;
    assert_eq!(post(&world, "/v1/rule-sets/1/rollback").await.status, 202);
    assert_eq!(edit("DELETE", DRAFT).send(&world).await.status, 204);
    let rule = json!({ "name": "Signup", "event_type": "signup", "points": 32 });
    edit("PUT", "/v1/scoring-rules/signup").body(&rule).send(&world).await;
    let begun = world.get(DRAFT).await;
    assert_eq!(begun.headers["draft-based-on"], "3");
    assert_eq!(post(&world, PUBLISH).await.status, 202);
}

#[tokio::test]
async fn a_draft_from_before_its_base_was_noted_is_outdated() {
    let world = World::start().await;
    let old = include_str!("../../../../tests/golden/rule-set-draft-1.json");
    let old: Value = serde_json::from_str(old).unwrap();
    let put = world.tables.client.put_item().table_name(world.tables.leads_table());
    put.item("pk", AttributeValue::S(a_tenant().to_string()))
        .item("sk", AttributeValue::S("rule_set#draft".to_owned()))
        .item("content", AttributeValue::S(old["content"].as_str().unwrap().to_owned()))
        .item("revision", AttributeValue::N(old["revision"].to_string()))
        .send()
        .await
        .unwrap();
    assert_eq!(world.get(DRAFT).await.headers["draft-based-on"], "0");
    assert_eq!(post(&world, PUBLISH).await.code(), (409, "draft_outdated"));
}

#[tokio::test]
async fn what_was_previewed_is_what_goes_live_or_nothing() {
    let world = World::start().await;
    draft(&world, "page_view", 9).await;
    let seen = world.get(DRAFT).await;
    let preview = edit("POST", "/v1/rule-sets/preview").if_match(seen.etag());
    assert_eq!(preview.send(&world).await.status, 202);
    draft(&world, "page_view", 10).await;
    for target in [PUBLISH, "/v1/rule-sets/preview"] {
        let refused = edit("POST", target).if_match(seen.etag()).send(&world).await;
        assert_eq!(refused.code(), (412, "precondition_failed"), "{target}");
    }
    assert_eq!(active(&world).await, 1);
    let now = world.get(DRAFT).await;
    let published = edit("POST", PUBLISH).if_match(now.etag()).send(&world).await;
    assert_eq!(published.status, 202, "{}", published.body);
}
