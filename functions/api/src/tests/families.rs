//! Merge and unmerge as an administrator sees them.

use data_encoding::BASE64;
use domain::{home::HomeId, identity::Kind, permission::Permission};
use serde_json::{Value, json};
use testing::{Fault, Faults, a_tenant, an_event, home_of};

use super::world::{Answer, NOW, World, at, key, other_tenant, request};
use crate::routes::{Access, routes};

const MERGE: &str = "/v1/leads/merge";

fn user(value: &str) -> HomeId {
    home_of(Kind::UserId, value).id
}

fn unmerge(id: impl std::fmt::Display) -> String {
    format!("/v1/leads/{id}/unmerge")
}

/// Makes the payload of a write as the gateway sends it.
fn write(target: &str, body: &str) -> Value {
    let mut payload = request("POST", target, Some(&key(&a_tenant(), "admin")), at(NOW));
    payload["headers"]["content-type"] = json!("application/json");
    payload["body"] = json!(body);
    payload
}

async fn post(world: &World, target: &str, body: Value) -> Answer {
    world.send(write(target, &body.to_string())).await
}

/// Two people, one of whom has an email and a cookie.
async fn two_people() -> World {
    World::with([
        an_event("e1")
            .by(Kind::UserId, "u1")
            .by(Kind::AnonymousId, "a1")
            .of_type("demo_request")
            .arrival(),
        an_event("e2").by(Kind::UserId, "u1").by(Kind::Email, "ana@example.com").arrival(),
        an_event("e3").by(Kind::AnonymousId, "a1").of_type("signup").days_later(13).arrival(),
        an_event("e4")
            .by(Kind::UserId, "u2")
            .of_type("pricing_page_visit")
            .days_later(13)
            .arrival(),
    ])
    .await
}

fn ids(leads: &Value) -> Vec<String> {
    leads.as_array().unwrap().iter().map(|lead| lead["id"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_merge_shows_the_scores_before_and_after_and_unmerge_gives_them_back() {
    let world = two_people().await;
    let apart = [user("u1"), user("u2")];
    let shown = |id: HomeId| {
        let world = &world;
        async move {
            let lead = world.get(&format!("/v1/leads/{id}")).await.body;
            let fields = ["id", "score", "points", "stage", "events"];
            Value::Object(
                fields.map(|name| (name.to_owned(), lead[name].clone())).into_iter().collect(),
            )
        }
    };
    let before = [shown(apart[0]).await, shown(apart[1]).await];
    let body = json!({ "lead_ids": apart, "preview": true });
    let preview = post(&world, MERGE, body).await;
    assert_eq!(preview.status, 200, "{}", preview.body);
    assert_eq!(preview.body["preview"], true);
    assert_eq!(preview.body["before"], json!(before));
    assert_eq!([shown(apart[0]).await, shown(apart[1]).await], before);

    let merged = post(&world, MERGE, json!({ "lead_ids": apart })).await;
    assert_eq!(merged.body["preview"], false);
    assert_eq!(merged.body["after"], preview.body["after"]);
    assert_eq!(merged.body["after"], json!([shown(apart[0]).await]));
    assert_eq!(shown(apart[0]).await, shown(apart[1]).await);
    assert_eq!(shown(apart[0]).await["events"], 4);

    // Without a body: the latest merge is undone.
    let mut bare = write(&unmerge(apart[1]), "");
    bare["headers"].as_object_mut().unwrap().remove("content-type");
    bare.as_object_mut().unwrap().remove("body");
    let undone = world.send(bare).await;
    assert_eq!((undone.status, &undone.body["before"]), (200, &merged.body["after"]));
    assert_eq!(undone.body["after"], json!(before));
    assert_eq!([shown(apart[0]).await, shown(apart[1]).await], before);
}

#[tokio::test]
async fn a_merge_that_is_named_is_undone_once_however_often_that_is_said() {
    let world =
        World::with(["u1", "u2", "u3"].map(|id| an_event(id).by(Kind::UserId, id).arrival()));
    let world = world.await;
    let merge = async |body: Value| post(&world, MERGE, body).await.body["merge"].clone();
    let (first, second) = ([user("u1"), user("u2")], [user("u1"), user("u3")]);
    assert_eq!(merge(json!({ "lead_ids": first, "preview": true })).await, Value::Null);
    let named = merge(json!({ "lead_ids": first })).await;
    assert!(named.as_str().unwrap().starts_with("merge_"), "{named}");
    assert_eq!(merge(json!({ "lead_ids": first })).await, Value::Null, "they are one already");
    let latest = merge(json!({ "lead_ids": second })).await;
    assert_ne!(latest, named);

    let unmerge = async |body: Value| post(&world, &unmerge(user("u3")), body).await;
    let seen = unmerge(json!({ "preview": true })).await;
    assert_eq!((seen.status, &seen.body["merge"]), (200, &latest));
    let undone = unmerge(json!({ "merge": named })).await;
    assert_eq!((undone.status, &undone.body["merge"]), (200, &named), "{}", undone.body);
    let lead = format!("/v1/leads/{}", user("u3"));
    let left = world.get(&lead).await.body;
    assert_eq!(left["events"], 2, "the other merge holds");
    for body in [json!({ "merge": named }), json!({ "merge": named, "preview": true })] {
        let again = unmerge(body).await;
        assert_eq!((again.status, &again.body["code"]), (422, &json!("nothing_to_unmerge")));
        assert_eq!(world.get(&lead).await.body, left);
    }
    let undone = unmerge(json!({})).await;
    assert_eq!((undone.status, &undone.body["merge"]), (200, &latest));
    assert_eq!(world.get(&lead).await.body["events"], 1);
}

#[tokio::test]
async fn a_merge_of_other_leads_is_not_undone_by_its_name() {
    let people = ["u1", "u2", "u3", "u4"];
    let world = World::with(people.map(|id| an_event(id).by(Kind::UserId, id).arrival())).await;
    let merge = async |one, other| {
        let body = json!({ "lead_ids": [user(one), user(other)] });
        post(&world, MERGE, body).await.body["merge"].clone()
    };
    merge("u1", "u2").await;
    let theirs = merge("u3", "u4").await;
    for merge in [theirs.clone(), json!("u3"), json!("merge_")] {
        let refused = post(&world, &unmerge(user("u1")), json!({ "merge": merge })).await;
        assert_eq!((refused.status, &refused.body["code"]), (422, &json!("nothing_to_unmerge")));
    }
    let undone = post(&world, &unmerge(user("u4")), json!({ "merge": theirs })).await;
    assert_eq!((undone.status, &undone.body["merge"]), (200, &theirs));
}

#[tokio::test]
async fn an_identity_in_any_spelling_is_separated_with_its_events() {
    let world = two_people().await;
    let body = json!({ "identities": [
        { "kind": "email", "value": " ANA@example.com" },
        { "kind": "anonymous_id", "value": "a1" },
    ]});
    let parted = post(&world, &unmerge(user("u1")), body.clone()).await;
    assert_eq!(parted.status, 200, "{}", parted.body);
    // The email has no events of its own, so it has no lead.
    assert_eq!(parted.body["merge"], Value::Null, "no merge was undone");
    let cookie = home_of(Kind::AnonymousId, "a1").id.to_string();
    let mut after = ids(&parted.body["after"]);
    after.sort();
    let mut expected = vec![user("u1").to_string(), cookie];
    expected.sort();
    assert_eq!((ids(&parted.body["before"]), after), (vec![user("u1").to_string()], expected));

    let again = post(&world, &unmerge(user("u1")), body).await;
    assert_eq!((again.status, &again.body["code"]), (422, &json!("not_part_of_lead")));
    assert!(again.body["errors"][0]["field"].as_str().unwrap().starts_with("identities."));
}

#[tokio::test]
async fn every_request_that_cannot_be_taken_is_told_why() {
    let world = two_people().await;
    let (ours, nobody) = (user("u1"), user("nobody"));
    let many: Vec<_> = (0..11).map(|n| user(&format!("p{n}"))).collect();
    let lead = unmerge(ours);
    for (target, body, status, code, field) in [
        (MERGE, json!({}), 422, "invalid_body", "body"),
        (MERGE, json!({ "lead_ids": [ours] }), 422, "invalid_body", "lead_ids"),
        (MERGE, json!({ "lead_ids": many }), 422, "invalid_body", "lead_ids"),
        (MERGE, json!({ "lead_ids": [ours, "u1"] }), 422, "invalid_body", "lead_ids.1"),
        (MERGE, json!({ "lead_ids": [ours, ours], "dry": true }), 422, "invalid_body", "body"),
        (MERGE, json!({ "lead_ids": [ours, nobody] }), 404, "lead_not_found", "lead_ids.1"),
        (&lead, json!({ "lead_ids": [user("u2")] }), 422, "not_part_of_lead", "lead_ids.0"),
        (
            &lead,
            json!({ "identities": [{ "kind": "email", "value": "x" }] }),
            422,
            "invalid_body",
            "identities.0.value",
        ),
        (&lead, json!({ "merge": "" }), 422, "invalid_body", "merge"),
        (&lead, json!({ "merge": "m", "lead_ids": [ours] }), 422, "invalid_body", "merge"),
        (
            &lead,
            json!({ "identities": [{ "kind": "mail", "value": "x" }] }),
            422,
            "invalid_body",
            "identities.0.kind",
        ),
    ] {
        let answer = post(&world, target, body.clone()).await;
        assert_eq!((answer.status, &answer.body["code"]), (status, &json!(code)), "{body}");
        assert_eq!(answer.headers["content-type"], "application/problem+json");
        assert_eq!(answer.body["errors"][0]["field"], field, "{}", answer.body);
    }
    let all = [Kind::UserId, Kind::Email, Kind::AnonymousId].into_iter().zip([
        "u1",
        "ana@example.com",
        "a1",
    ]);
    let all: Vec<_> = all.map(|(kind, value)| home_of(kind, value).id).collect();
    for (target, body, status, code) in [
        (lead.clone(), json!({}), 422, "nothing_to_unmerge"),
        (lead.clone(), json!({ "lead_ids": all }), 422, "nothing_left"),
        (unmerge(nobody), json!({}), 404, "lead_not_found"),
        (unmerge("me"), json!({}), 404, "lead_not_found"),
        (format!("{lead}?preview=true"), json!({}), 400, "invalid_query"),
    ] {
        let answer = post(&world, &target, body).await;
        assert_eq!((answer.status, &answer.body["code"]), (status, &json!(code)), "{target}");
    }
}

#[tokio::test]
async fn no_error_repeats_a_value() {
    let world = two_people().await;
    for body in [
        json!({ "identities": [{ "kind": "email", "value": "not.ana@example.com" }] }),
        json!({ "identities": [{ "kind": "email", "value": "not.ana at example.com" }] }),
        json!({ "identities": [{ "kind": "not.ana", "value": "x" }] }),
        json!({ "identities": "not.ana" }),
        json!({ "not.ana": true }),
    ] {
        let answer = post(&world, &unmerge(user("u1")), body).await;
        assert_eq!(answer.status, 422);
        assert!(!answer.body.to_string().contains("not.ana"), "{}", answer.body);
    }
}

#[tokio::test]
async fn a_body_is_json_of_at_most_a_megabyte_plain_or_as_base64() {
    let world = two_people().await;
    let good = json!({ "lead_ids": [user("u1"), user("u2")], "preview": true }).to_string();
    let large = " ".repeat(crate::input::MAX_BYTES);
    for (body, is_base64, status, code) in [
        (BASE64.encode(good.as_bytes()), true, 200, Value::Null),
        (good.clone(), false, 200, Value::Null),
        (good.clone(), true, 200, Value::Null),
        (BASE64.encode(b"\xff\xfe"), true, 400, json!("invalid_json")),
        ("{\"lead_ids\": [}".to_owned(), false, 400, json!("invalid_json")),
        (String::new(), false, 400, json!("invalid_json")),
        (format!("{good}{large}"), false, 413, json!("payload_too_large")),
    ] {
        let mut payload = write(MERGE, &body);
        payload["isBase64Encoded"] = json!(is_base64);
        let answer = world.send(payload).await;
        assert_eq!((answer.status, &answer.body["code"]), (status, &code), "{}", answer.body);
    }
    let mut form = write(MERGE, &good);
    form["headers"]["content-type"] = json!("application/x-www-form-urlencoded");
    let answer = world.send(form).await;
    assert_eq!((answer.status, &answer.body["code"]), (415, &json!("unsupported_content_type")));
}

#[tokio::test]
async fn another_tenants_leads_are_neither_merged_nor_unmerged() {
    let world = two_people().await;
    world.store(&other_tenant(), [an_event("e1").by(Kind::UserId, "theirs").arrival()]).await;
    let theirs = user("theirs");
    let merged = post(&world, MERGE, json!({ "lead_ids": [user("u1"), theirs] })).await;
    assert_eq!((merged.status, &merged.body["code"]), (404, &json!("lead_not_found")));
    let parted = post(&world, &unmerge(theirs), json!({})).await;
    assert_eq!((parted.status, &parted.body["code"]), (404, &json!("lead_not_found")));
}

#[tokio::test]
async fn only_administrators_change_families_and_a_get_is_told_so() {
    let world = two_people().await;
    for route in routes().filter(|route| route.path.ends_with("merge")) {
        assert_eq!(route.access, Access::Needs(Permission::AllLeadsWrite));
    }
    let mut reader = write(MERGE, &json!({ "lead_ids": [user("u1"), user("u2")] }).to_string());
    reader["headers"]["x-api-key"] = json!(key(&a_tenant(), "read"));
    assert_eq!(world.send(reader).await.status, 403);
    let answer = world.get(MERGE).await;
    assert_eq!((answer.status, answer.headers["allow"].as_str()), (405, "POST"));
}

#[tokio::test]
async fn tables_that_do_not_answer_change_nothing_and_say_when_to_come_back() {
    let world = two_people().await;
    let broken = world.tables.with_faults(&Faults::by_call(|_| Fault::NotSent));
    let world = world.through(broken);
    for (target, body) in [
        (MERGE.to_owned(), json!({ "lead_ids": [user("u1"), user("u2")] })),
        (unmerge(user("u1")), json!({})),
    ] {
        let answer = post(&world, &target, body).await;
        assert_eq!((answer.status, answer.headers["retry-after"].as_str()), (503, "1"));
    }
}
