//! `GET /v1/leads/{id}/data`: everything that is held of a person, opened.

use domain::{identity::Kind, user::Role};
use serde_json::{Value, json};
use testing::{a_tenant, an_event, home_of, keyring};

use super::{
    callers::user,
    edit::edit,
    world::{Answer, World, other_tenant},
};

const EMAIL: &str = "ana@example.com";

fn path() -> String {
    format!("/v1/leads/{}", home_of(Kind::UserId, "u1").id)
}

/// Ana, of whom two identities, a name, an edit, a note, an activity and a consent are held.
async fn ana() -> World {
    let world = World::start().await;
    let mut signup = an_event("e1")
        .of_type("signup")
        .by(Kind::UserId, "u1")
        .by(Kind::Email, EMAIL)
        .declaring("plan", "free")
        .arrival();
    let home = signup.event.home.id;
    let sealed = keyring().seal_for_transit(home, "first_name", "Ana").unwrap();
    signup.personal.insert("first_name".to_owned(), sealed);
    world.score(signup).await;
    let said = an_event("e2").of_type("consent_changed").by(Kind::UserId, "u1").days_later(1);
    world.score(said.with_property("consents", json!({ "marketing": true })).arrival()).await;
    let change =
        json!({ "profile": { "last_name": "Silva", "plan": "pro" }, "status": "contacted" });
    let answer = edit("PATCH", &path()).body(&change).if_match("*").send(&world).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    for (part, body) in [
        ("notes", json!({ "text": "Wants ten seats." })),
        ("activities", json!({ "type": "call", "subject": "About seats" })),
    ] {
        let made = edit("POST", &format!("{}/{part}", path())).body(&body).send(&world).await;
        assert_eq!(made.status, 201, "{}", made.body);
    }
    world
}

async fn data(world: &World, query: &str) -> Answer {
    let answer = edit("GET", &format!("{}/data{query}", path())).send(world).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer
}

#[tokio::test]
async fn everything_that_is_held_of_a_person_is_shown_opened() {
    let world = ana().await;
    let held = data(&world, "").await.body;
    assert_eq!(held["lead"], world.get(&path()).await.body);
    assert_eq!((&held["deleted"], &held["next_cursor"]), (&json!(false), &Value::Null));
    let homes = held["homes"].as_array().unwrap();
    let home = |kind: &str| homes.iter().find(|home| home["kind"] == kind).unwrap();
    let (own, email) = (home("user_id"), home("email"));
    assert_eq!(homes.len(), 2);
    assert_eq!((&own["identity"], &email["identity"]), (&json!("u1"), &json!(EMAIL)));
    assert_eq!(own["declared"]["first_name"]["value"], "Ana");
    assert_eq!(
        own["declared"]["plan"],
        json!({ "value": "free", "at": "2026-01-01T12:00:00.000Z", "event_id": "e1" })
    );
    assert_eq!(own["edited"]["last_name"]["value"], "Silva");
    assert_eq!(own["edited"]["plan"]["value"], "pro");
    assert_eq!(email["links"][0]["to"], own["id"]);
    assert_eq!(
        held["consents"],
        json!({ "marketing": { "granted": true, "at": "2026-01-02T12:00:00.000Z" } })
    );
    assert_eq!(
        held["rules"],
        json!([{ "rule": "signup", "times": 1, "points": 30, "withheld": 0 }])
    );
    assert_eq!(held["notes"][0]["text"], "Wants ten seats.");
    assert_eq!(held["activities"][0]["subject"], "About seats");
    let events = held["events"].as_array().unwrap();
    let types: Vec<_> = events.iter().map(|event| event["event_type"].as_str().unwrap()).collect();
    assert_eq!(types, ["lead_edited", "consent_changed", "signup"]);
    assert_eq!(events[0]["set"], json!({ "plan": "pro" }));
    let log = world.audit_log().await;
    let about = log.iter().filter(|entry| path().ends_with(&entry.object_id));
    let about: Vec<_> = about.map(|entry| json!(entry.id)).collect();
    assert_eq!(held["audit"], json!(about));
    assert!(!about.is_empty());
}

#[tokio::test]
async fn a_deleted_lead_is_held_as_well_and_a_strangers_is_not_shown() {
    let world = ana().await;
    assert_eq!(edit("DELETE", &path()).send(&world).await.status, 204);
    let held = data(&world, "").await.body;
    assert_eq!((&held["deleted"], held["homes"].as_array().unwrap().len()), (&json!(true), 2));
    let strange = edit("GET", &format!("{}/data", path())).with_key(&other_tenant(), "admin");
    assert_eq!(strange.send(&world).await.code(), (404, "lead_not_found"));
    let viewer = edit("GET", &format!("{}/data", path())).by(&user(&a_tenant(), Role::Viewer));
    assert_eq!(viewer.send(&world).await.code(), (403, "missing_permission"));
}

#[tokio::test]
async fn lists_go_on_from_page_to_page_until_all_is_shown_once() {
    let world = ana().await;
    for number in 0..120 {
        let event = an_event(format!("n{number}")).by(Kind::UserId, "u1").seconds_later(number);
        world.score(event.arrival()).await;
    }
    for number in 0..60 {
        let body = json!({ "text": format!("note {number}") });
        let made = edit("POST", &format!("{}/notes", path())).body(&body).seconds_later(number);
        assert_eq!(made.send(&world).await.status, 201);
    }
    let (mut notes, mut activities, mut events, mut query) = (0, 0, Vec::new(), String::new());
    let mut pages = 0;
    loop {
        let page = data(&world, &query).await.body;
        let count = |list: &str| page[list].as_array().unwrap().len();
        notes += count("notes");
        activities += count("activities");
        let shown = page["events"].as_array().unwrap().iter();
        events.extend(shown.map(|event| event["event_id"].as_str().unwrap().to_owned()));
        pages += 1;
        let Some(cursor) = page["next_cursor"].as_str() else { break };
        query = format!("?cursor={cursor}");
    }
    assert_eq!((pages, notes, activities, events.len()), (2, 61, 1, 123));
    events.sort();
    events.dedup();
    assert_eq!(events.len(), 123);
    let other = format!("/v1/leads/{}/data{query}", home_of(Kind::Email, EMAIL).id);
    assert_eq!(edit("GET", &other).send(&world).await.code(), (400, "invalid_cursor"));
}
