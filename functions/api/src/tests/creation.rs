//! Leads that people make by hand.

use domain::{
    actor::Actor,
    audit::AuditEntry,
    event::{Arrival, Sealed},
    identity::Kind,
    user::Role,
};
use dynamo::{AuditRange, Member};
use scoring::Scorer;
use serde_json::{Value, json};
use testing::{a_tenant, an_event, home_of};

use super::{
    edit::edit,
    world::{Answer, NOW, World, at, keyring, other_tenant},
};

const LEADS: &str = "/v1/leads";

impl World {
    /// Scores an event of the first tenant, as `score` does.
    pub async fn score(&self, arrival: Arrival) {
        let scorer = Scorer::new(self.tables.store.clone());
        let home = arrival.event.home.id;
        scorer.score(&keyring(&a_tenant()), home, vec![arrival], at(NOW)).await.unwrap();
    }

    /// Adds an active user to the first tenant, unless they are there.
    pub async fn add_user(&self, id: &str) {
        let (id, email) = (id.parse().unwrap(), Sealed("sealed".to_owned()));
        let member = Member::invited(a_tenant(), id, Role::SalesRep, email, Actor::System, at(NOW));
        self.tables.store.create_member(&member).await.unwrap();
    }

    /// Reads the first tenant's audit log, the latest first.
    pub async fn audit_log(&self) -> Vec<AuditEntry> {
        let all = AuditRange::default();
        self.tables.store.audit_entries(&a_tenant(), all, None, 100).await.unwrap()
    }
}

pub(super) async fn created(world: &World, body: &Value) -> Answer {
    let answer = edit("POST", LEADS).body(body).send(world).await;
    assert_eq!(answer.status, 201, "{}", answer.body);
    answer
}

#[tokio::test]
async fn a_lead_is_made_with_what_is_said_of_it_and_found_by_its_identities() {
    let world = World::start().await;
    let body = json!({
        "email": " Ana@Example.com",
        "phone": "+5511999990001",
        "profile": {"firstName": "Ana", "title": "CTO", "source": "referral", "marketplaces": ["Shopee"]},
        "status": "contacted",
        "segment": "vip",
    });
    let answer = created(&world, &body).await;
    let lead = &answer.body;
    let id = home_of(Kind::Email, "ana@example.com").id;
    assert_eq!(lead["id"], json!(id));
    assert_eq!(answer.headers["location"], format!("/v1/leads/{id}"));
    let identities = json!([
        {"kind": "email", "value": "ana@example.com"},
        {"kind": "phone", "value": "+5511999990001"},
    ]);
    assert_eq!(lead["identities"], identities);
    let profile = json!({
        "email": "ana@example.com",
        "email_domain": "example.com",
        "first_name": "Ana",
        "has_phone": true,
        "marketplaces": ["Shopee"],
        "phone": "+5511999990001",
        "source": "referral",
        "title": "CTO",
    });
    assert_eq!(lead["profile"], profile);
    let edits: Vec<_> = lead["edits"].as_object().unwrap().keys().collect();
    assert_eq!(edits, ["first_name", "marketplaces", "source", "title"]);
    for (field, value) in [
        ("status", json!("contacted")),
        ("segment", json!("vip")),
        ("segment_by_hand", json!(true)),
        ("source", json!("referral")),
        ("marketplaces", json!(["shopee"])),
        ("assigned_to", Value::Null),
        ("known", json!(true)),
        ("score", json!(0)),
        ("events", json!(0)),
        ("created_at", json!("2026-01-15T12:00:00.000Z")),
        ("first_seen_at", Value::Null),
        ("last_event_at", Value::Null),
    ] {
        assert_eq!(lead[field], value, "{field}");
    }
    let read = world.get(&answer.headers["location"]).await;
    assert_eq!((&read.body, read.etag()), (lead, answer.etag()));
    let found = world.get("/v1/leads?phone=%2B5511999990001").await;
    assert_eq!(found.body["data"], json!([lead]));
}

#[tokio::test]
async fn a_lead_without_identities_has_one_of_its_own() {
    let world = World::start().await;
    let named_by_nobody = json!({"user_id": "undefined", "profile": {"company": "Acme"}});
    let bodies = [json!({}), named_by_nobody];
    let mut ids = Vec::new();
    for body in &bodies {
        let lead = created(&world, body).await.body;
        let [identity] = lead["identities"].as_array().unwrap().as_slice() else {
            panic!("one identity: {lead}")
        };
        assert_eq!(identity["kind"], "external");
        let value = identity["value"].as_str().unwrap();
        assert!(value.starts_with("leadline:"), "{value}");
        let found = world.get(&format!("/v1/leads?external={value}")).await;
        assert_eq!(found.body["data"][0]["id"], lead["id"]);
        ids.push(lead["id"].clone());
    }
    assert_ne!(ids[0], ids[1]);
}

#[tokio::test]
async fn an_address_and_a_number_in_the_profile_are_identities_and_make_no_twin() {
    let world = World::start().await;
    let body = json!({"profile": {"Email": "Ivo@Initech.com", "phone": "+55 11 99999-0001"}});
    let lead = created(&world, &body).await.body;
    assert_eq!(lead["id"], json!(home_of(Kind::Email, "ivo@initech.com").id));
    let identities = json!([
        {"kind": "email", "value": "ivo@initech.com"},
        {"kind": "phone", "value": "+5511999990001"},
    ]);
    assert_eq!(lead["identities"], identities);
    assert_eq!(lead["profile"]["email"], "Ivo@Initech.com", "it is shown as it was set");
    for twin in [
        json!({"profile": {"email": "ivo@initech.com"}}),
        json!({"email": "ivo@initech.com"}),
        json!({"user_id": "u1", "profile": {"phone": "+5511999990001"}}),
    ] {
        let answer = edit("POST", LEADS).body(&twin).send(&world).await;
        assert_eq!(answer.code(), (409, "lead_exists"), "{twin}");
        assert_eq!(answer.body["lead_id"], lead["id"], "{twin}");
    }
    // Without its country a number is nobody's in particular.
    let local = created(&world, &json!({"profile": {"phone": "11 99999-0001"}})).await.body;
    assert_eq!(local["identities"][0]["kind"], "external");
    assert_eq!(local["profile"]["phone"], "11 99999-0001");
}

#[tokio::test]
async fn an_identity_in_the_profile_is_no_other_than_the_one_beside_it() {
    let world = World::start().await;
    for (kind, beside, inside) in [
        ("email", "ivo@initech.com", "ivo@example.com"),
        ("phone", "+5511999990001", "+5511999990002"),
    ] {
        let both = json!({kind: beside, "profile": {kind: inside}});
        let refused = edit("POST", LEADS).body(&both).send(&world).await;
        let field = format!("profile.{kind}");
        let expected = vec![(field.as_str(), "conflicting_field")];
        assert_eq!((refused.status, refused.errors()), (422, expected), "{}", refused.body);
        assert!(!refused.body.to_string().contains(inside), "it is personal");
    }
    assert_eq!(world.get(LEADS).await.body["data"], json!([]));
    let same = json!({"email": "ivo@initech.com", "profile": {"email": "Ivo@Initech.com"}});
    let lead = created(&world, &same).await.body;
    assert_eq!(lead["identities"], json!([{"kind": "email", "value": "ivo@initech.com"}]));
    let unknown = json!({"phone": "undefined", "profile": {"phone": "+5511999990002"}});
    assert_eq!(created(&world, &unknown).await.body["identities"][0]["kind"], "phone");
}

#[tokio::test]
async fn events_of_a_lead_that_was_made_by_hand_are_its_own() {
    let world = World::start().await;
    let body = json!({"email": "ana@example.com", "profile": {"plan": "pro"}});
    let lead = created(&world, &body).await.body;
    let event = an_event("e1").of_type("signup").by(Kind::Email, "ana@example.com").at(at(NOW));
    world.score(event.declaring("plan", "free").declaring("team", "red").arrival()).await;
    let read = world.get(&format!("{LEADS}/{}", lead["id"].as_str().unwrap())).await.body;
    assert_eq!((&read["score"], &read["events"]), (&json!(30), &json!(1)));
    assert_eq!(
        (&read["profile"]["plan"], &read["profile"]["team"]),
        (&json!("pro"), &json!("red"))
    );
    assert_eq!(read["edits"]["plan"]["declared"], "free");
}

#[tokio::test]
async fn who_is_there_already_is_named_and_not_changed() {
    let world = World::with([an_event("e1").by(Kind::UserId, "u1").arrival()]).await;
    let body = json!({"user_id": "u1", "phone": "+5511999990001", "profile": {"title": "CTO"}});
    let before = world.get("/v1/leads?user_id=u1").await.body;
    let answer = edit("POST", LEADS).body(&body).send(&world).await;
    assert_eq!(answer.code(), (409, "lead_exists"));
    assert_eq!(answer.body["lead_id"], json!(home_of(Kind::UserId, "u1").id));
    assert!(!answer.body.to_string().contains("u1\""), "{}", answer.body);
    assert_eq!(world.get("/v1/leads?user_id=u1").await.body, before);
    let elsewhere = edit("POST", LEADS).body(&body).with_key(&other_tenant(), "admin");
    assert_eq!(elsewhere.send(&world).await.status, 201, "another tenant's lead is no obstacle");
}

#[tokio::test]
async fn a_creation_is_made_once_for_its_idempotency_key() {
    let world = World::start().await;
    let body = json!({"profile": {"company": "Acme"}});
    let send = || edit("POST", LEADS).body(&body).idempotency_key("k1").send(&world);
    let (first, again) = (send().await, send().await);
    assert_eq!((again.status, &again.body, again.etag()), (201, &first.body, first.etag()));
    assert_eq!(world.get(LEADS).await.body["data"].as_array().unwrap().len(), 1);
    let timeline = world.get(&format!("{}/timeline", first.headers["location"])).await.body;
    assert_eq!(timeline["data"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_body_that_cannot_be_kept_is_refused_with_its_fields() {
    let world = World::start().await;
    for (body, field, code) in [
        (json!({"email": "not an address"}), "email", "invalid_identity"),
        (json!({"phone": "11 99999"}), "phone", "invalid_identity"),
        (json!({"nickname": "Ana"}), "body", "unknown_field"),
        (json!({"status": "asleep"}), "status", "invalid_value"),
        (json!({"profile": null}), "profile", "invalid_value"),
        (json!({"profile": {"status": "lost"}}), "profile.status", "not_in_profile"),
        (json!({"profile": {"bio": "x".repeat(3_000)}}), "profile.bio", "too_long"),
        (json!({"profile": {"password": "hunter2"}}), "profile.password", "secret"),
        (json!({"assigned_to": "ana"}), "assigned_to", "invalid_value"),
    ] {
        let answer = edit("POST", LEADS).body(&body).send(&world).await;
        assert_eq!((answer.status, answer.errors()), (422, vec![(field, code)]), "{body}");
    }
    let nobody = json!({"assigned_to": "user_019a0b3c-4d5e-7f60-8a1b-2c3d4e5f6071"});
    let answer = edit("POST", LEADS).body(&nobody).send(&world).await;
    assert_eq!(answer.code(), (422, "unknown_user"));
    assert_eq!(world.get(LEADS).await.body["data"], json!([]));
    let reader = edit("POST", LEADS).body(&json!({})).with_key(&a_tenant(), "read");
    assert_eq!(reader.send(&world).await.code(), (403, "missing_scope"));
}
