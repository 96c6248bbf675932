//! What people and senders say of consent, what is in force, and what it does to a score.

use domain::identity::Kind;
use serde_json::{Value, json};
use testing::{a_tenant, an_event, home_of};

use super::{
    callers::key,
    edit::edit,
    world::{Answer, World},
};

fn path(below: &str) -> String {
    format!("/v1/leads/{}{below}", home_of(Kind::UserId, "u1").id)
}

/// Ana, who asked for a demo.
async fn ana() -> World {
    World::with([an_event("e1").of_type("demo_request").by(Kind::UserId, "u1").arrival()]).await
}

async fn set(world: &World, purpose: &str, granted: bool, seconds: i64) -> Answer {
    let target = path(&format!("/consents/{purpose}"));
    let set = edit("PUT", &target).body(&json!({ "granted": granted })).if_match("*");
    set.seconds_later(seconds).send(world).await
}

async fn consents(world: &World) -> Value {
    let answer = world.get(&path("/consents")).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.body
}

/// Has a sender say something.
async fn said(world: &World, id: &str, days: i64, consents: Value) {
    let event = an_event(id).of_type("consent_changed").by(Kind::UserId, "u1");
    world.score(event.days_later(days).with_property("consents", consents).arrival()).await;
}

#[tokio::test]
async fn nothing_is_said_of_consent_until_somebody_does() {
    let world = ana().await;
    let expected = json!({ "consents": {}, "scored": true, "history": [], "earlier_changes": 0 });
    assert_eq!(consents(&world).await, expected);
    assert_eq!(world.get(&path("")).await.body["consents"], json!({}));
}

#[tokio::test]
async fn senders_and_people_say_it_alike_and_the_history_tells_who_did() {
    let world = ana().await;
    said(&world, "c1", 1, json!({"scoring": true, "marketing": true, "no-purpose": true})).await;
    let answer = set(&world, "marketing", false, 0).await;
    let denied = json!({ "granted": false, "at": "2026-01-15T12:00:00.000Z" });
    assert_eq!((answer.status, &answer.body), (200, &denied));
    let lead = world.get(&path("")).await;
    assert_eq!(lead.etag(), answer.etag());
    let granted = json!({ "granted": true, "at": "2026-01-02T12:00:00.000Z" });
    let in_force = json!({ "marketing": denied, "scoring": granted });
    assert_eq!(lead.body["consents"], in_force);
    let told = consents(&world).await;
    assert_eq!((&told["consents"], &told["scored"]), (&in_force, &json!(true)));
    let history: Vec<_> = told["history"].as_array().unwrap().iter().collect();
    let short = |change: &&Value| json!([change["purpose"], change["granted"], change["event_id"]]);
    assert_eq!(short(&history[1]), json!(["scoring", true, "c1"]));
    assert_eq!(short(&history[2]), json!(["marketing", true, "c1"]));
    assert_eq!((history.len(), &history[1]["by"]), (3, &Value::Null));
    assert!(history[0]["by"].as_str().unwrap().starts_with("key_"), "{}", history[0]);
    assert_eq!((&history[0]["granted"], &history[0]["at"]), (&json!(false), &denied["at"]));
    let timeline = world.get(&path("/timeline")).await.body;
    let by_hand = &timeline["data"][0];
    assert_eq!(by_hand["edit"]["fields"], json!(["consents.marketing"]));
    assert_eq!(by_hand["event_id"], history[0]["event_id"]);
    assert_eq!((&timeline["data"][1]["scored"], &lead.body["events"]), (&json!(false), &json!(1)));
}

#[tokio::test]
async fn what_comes_without_consent_is_shown_and_counts_for_nothing() {
    let world = ana().await;
    said(&world, "c1", 1, json!({ "scoring": false })).await;
    let demo = an_event("e2").of_type("demo_request").by(Kind::UserId, "u1");
    world.score(demo.days_later(2).arrival()).await;
    let before = world.get(&path("")).await.body;
    assert_eq!((&before["events"], &before["last_event_at"]), (&json!(1), &before["created_at"]));
    let timeline = world.get(&path("/timeline")).await.body;
    let shown = &timeline["data"][0];
    assert_eq!((&shown["event_id"], &shown["points"]), (&json!("e2"), &json!(0)));
    assert_eq!((&shown["scored"], &shown["no_consent"]), (&json!(false), &json!(true)));
    assert!(timeline["data"][2].get("no_consent").is_none(), "{timeline}");
    let told = world.get(&path("/explanation?why_not=true")).await.body;
    assert_eq!((&told["events"], &told["without_consent"]), (&json!(1), &json!(1)));
    let refusal = &told["why_not"][0];
    assert_eq!((&refusal["event_id"], &refusal["reason"]), (&json!("e2"), &json!("no_consent")));
    assert!(refusal.get("rule").is_none(), "{refusal}");
    assert_eq!(consents(&world).await["scored"], false);
    // Once it is granted again, what comes counts, and what came stays out.
    assert_eq!(set(&world, "scoring", true, 0).await.status, 200);
    assert_eq!(consents(&world).await["scored"], true);
    let demo = an_event("e3").of_type("demo_request").by(Kind::UserId, "u1");
    world.score(demo.days_later(20).arrival()).await;
    assert_eq!(world.get(&path("")).await.body["events"], 2);
}

#[tokio::test]
async fn a_change_needs_the_etag_and_to_say_what_is_so_already_writes_nothing() {
    let world = ana().await;
    let target = path("/consents/sharing");
    let body = json!({ "granted": true });
    let without = edit("PUT", &target).body(&body).send(&world).await;
    assert_eq!(without.code(), (428, "precondition_required"));
    let read = world.get(&path("/consents")).await;
    let put = || edit("PUT", &target).body(&body).if_match(read.etag());
    let first = put().send(&world).await;
    assert_eq!((first.status, &first.body["granted"]), (200, &json!(true)));
    assert_eq!(put().send(&world).await.code(), (412, "precondition_failed"));
    let again = set(&world, "sharing", true, 60).await;
    assert_eq!((again.etag(), &again.body), (first.etag(), &first.body));
    assert_eq!(consents(&world).await["history"].as_array().unwrap().len(), 1);
    let log = world.get_with("/v1/audit-log", Some(&key(&a_tenant(), "admin"))).await.body;
    let entry = &log["data"][0];
    assert_eq!(entry["action"], "lead.consent_changed");
    assert_eq!(entry["fields"], json!(["consents.sharing"]));
    assert_eq!(log["data"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn what_is_no_purpose_or_has_no_room_is_refused_and_changes_nothing() {
    let world = ana().await;
    for purpose in ["Scoring", "e-mail", "2fa", &"x".repeat(33)] {
        assert_eq!(
            set(&world, purpose, true, 0).await.code(),
            (422, "invalid_purpose"),
            "{purpose}"
        );
    }
    let wrong = edit("PUT", &path("/consents/sharing")).body(&json!({ "granted": "yes" }));
    assert_eq!(wrong.if_match("*").send(&world).await.status, 422);
    let names = (b'a'..).take(12).map(char::from);
    for (seconds, name) in (0..).zip(names) {
        assert_eq!(set(&world, &name.to_string(), true, seconds).await.status, 200, "{name}");
    }
    assert_eq!(set(&world, "z", true, 60).await.code(), (422, "too_many_purposes"));
    assert_eq!(set(&world, "a", false, 61).await.status, 200);
    assert_eq!(set(&world, "scoring", false, 62).await.status, 200);
    let told = consents(&world).await;
    assert_eq!(told["consents"].as_object().unwrap().len(), 13);
    assert_eq!(told["history"].as_array().unwrap().len(), 14);
}

#[tokio::test]
async fn the_draft_takes_and_shows_when_events_count() {
    let world = ana().await;
    let target = "/v1/rule-sets/draft";
    let mut draft = world.get(target).await.body;
    assert!(draft.get("consent").is_none(), "{draft}");
    for (consent, status) in [
        (json!({ "scoring": "opt_in" }), 200),
        (json!({ "scoring": "perhaps" }), 422),
        (json!({ "marketing": "opt_in" }), 422),
    ] {
        draft["consent"] = consent.clone();
        let put = edit("PUT", target).body(&draft).if_match("*").send(&world).await;
        assert_eq!(put.status, status, "{consent}: {}", put.body);
    }
    assert_eq!(world.get(target).await.body["consent"], json!({ "scoring": "opt_in" }));
    draft["consent"] = json!({ "scoring": "opt_out" });
    let put = edit("PUT", target).body(&draft).if_match("*").send(&world).await;
    assert!(put.status == 200 && put.body.get("consent").is_none(), "{}", put.body);
}
