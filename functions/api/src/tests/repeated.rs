//! Edits of rules that are sent again, as when an answer got lost.

use serde_json::json;
use testing::{Fault, Faults};

use super::{
    edit::edit,
    scoring_rules::{RULES, ids, large_orders},
    world::World,
};

#[tokio::test]
async fn an_addition_with_an_id_can_be_repeated() {
    let world = World::start().await;
    let mut rule = large_orders();
    rule["id"] = json!("large");
    let added = edit("POST", RULES).body(&rule).send(&world).await;
    // A published rule can be sent as it is shown: it is there, and no draft begins.
    for _ in 0..2 {
        let again = edit("POST", RULES).body(&rule).send(&world).await;
        assert_eq!((again.status, &again.body), (201, &added.body));
        assert_eq!(
            (again.etag(), &again.headers["location"]),
            (added.etag(), &added.headers["location"])
        );
        rule = added.body.clone();
    }
    assert_eq!(ids(&world).await.len(), 11);
    let seen = edit("POST", RULES).body(&rule).if_match("\"version-1\"");
    assert_eq!(seen.send(&world).await.code(), (412, "precondition_failed"));

    let world = World::start().await;
    let signup = world.get("/v1/scoring-rules/signup").await.body;
    let again = edit("POST", RULES).body(&signup).send(&world).await;
    assert_eq!((again.status, &again.body, again.etag()), (201, &signup, "\"version-1\""));
    assert_eq!(world.get(RULES).await.etag(), "\"version-1\"", "no draft was begun");
}

#[tokio::test]
async fn an_addition_whose_answer_got_lost_is_found_done() {
    for lost in 0.. {
        let world = World::start().await;
        let faults =
            Faults::by_call(move |call| if call == lost { Fault::AnswerLost } else { Fault::None });
        let store = world.tables.with_faults(&faults);
        let world = world.through(store);
        let mut rule = large_orders();
        rule["id"] = json!("large");
        let first = edit("POST", RULES).body(&rule).send(&world).await;
        let done = faults.calls() <= lost;
        assert_eq!(first.status, if done { 201 } else { 503 }, "{lost}");
        if done {
            return;
        }
        let again = edit("POST", RULES).body(&rule).send(&world).await;
        assert_eq!((again.status, &again.body["id"]), (201, &json!("large")), "{lost}");
        assert_eq!(ids(&world).await.len(), 11, "{lost}");
    }
}

#[tokio::test]
async fn a_rule_that_is_gone_stays_gone_however_often_it_is_removed() {
    let world = World::start().await;
    let target = "/v1/scoring-rules/signup";
    let removed = edit("DELETE", target).send(&world).await;
    for _ in 0..2 {
        let again = edit("DELETE", target).send(&world).await;
        assert_eq!((again.status, again.etag()), (204, removed.etag()));
    }
    let stale = edit("DELETE", target).if_match("\"version-1\"").send(&world).await;
    assert_eq!(stale.code(), (412, "precondition_failed"));
    assert_eq!(ids(&world).await.len(), 9);

    let world = World::start().await;
    let nothing = edit("DELETE", "/v1/scoring-rules/nothing").send(&world).await;
    assert_eq!((nothing.status, nothing.etag()), (204, "\"version-1\""), "no draft was begun");
}
