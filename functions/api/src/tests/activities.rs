//! What people did, or are to do, with a lead: told apart from what the lead did.

use domain::identity::Kind;
use serde_json::{Value, json};
use testing::home_of;

use super::{
    edit::edit,
    notes::{audited, column, lead, merge, told, two_people, unmerge},
    world::{Answer, World},
};

fn activities(name: &str) -> String {
    format!("{}/activities", lead(name))
}

async fn written(world: &World, body: &Value) -> Answer {
    let answer = edit("POST", &activities("u1")).body(body).send(world).await;
    assert_eq!(answer.status, 201, "{}", answer.body);
    answer
}

fn call() -> Value {
    json!({ "type": "call", "subject": "Ask about the budget", "due_at": "2026-02-01T09:00:00Z" })
}

#[tokio::test]
async fn an_activity_is_written_done_opened_again_and_removed() {
    let world = two_people().await;
    let before = world.get(&lead("u1")).await;
    let made = written(&world, &call()).await;
    let path = made.headers["location"].clone();
    assert_eq!(path, format!("{}/{}", activities("u1"), made.body["id"].as_str().unwrap()));
    for (field, value) in [
        ("type", json!("call")),
        ("subject", json!("Ask about the budget")),
        ("due_at", json!("2026-02-01T09:00:00.000Z")),
        ("done_at", Value::Null),
        ("created_at", json!("2026-01-15T12:00:00.000Z")),
        ("updated_at", Value::Null),
    ] {
        assert_eq!(made.body[field], value, "{field}");
    }
    assert!(made.body["by"].as_str().unwrap().starts_with("key_"), "{}", made.body);
    let shown = world.get(&path).await;
    assert_eq!((&shown.body, shown.etag()), (&made.body, made.etag()));

    let patch = |body: Value| edit("PATCH", &path).body(&body).if_match("*");
    let done = patch(json!({ "done_at": "2026-02-01T09:20:00Z" })).seconds_later(60);
    let done = done.send(&world).await.body;
    assert_eq!(done["done_at"], "2026-02-01T09:20:00.000Z");
    assert_eq!(done["updated_at"], "2026-01-15T12:01:00.000Z");
    for field in ["id", "type", "subject", "due_at", "by", "created_at"] {
        assert_eq!(done[field], made.body[field], "{field}");
    }
    let reopened = json!({ "type": "task", "subject": "Send it", "due_at": null, "done_at": null });
    let reopened = patch(reopened).seconds_later(90).send(&world).await.body;
    assert_eq!((&reopened["type"], &reopened["subject"]), (&json!("task"), &json!("Send it")));
    assert_eq!((&reopened["due_at"], &reopened["done_at"]), (&Value::Null, &Value::Null));
    assert_eq!(world.get(&activities("u1")).await.body["data"], json!([reopened]));

    let after = world.get(&lead("u1")).await;
    assert_eq!((after.etag(), &after.body), (before.etag(), &before.body), "it is no behaviour");
    let removed = edit("DELETE", &path).seconds_later(120).send(&world).await;
    assert_eq!(removed.status, 204);
    assert_eq!(world.get(&path).await.code(), (404, "activity_not_found"));
    let expected = [
        ("activity.created", "due_at subject type"),
        ("activity.updated", "done_at"),
        ("activity.updated", "done_at due_at subject type"),
        ("activity.deleted", "subject type"),
    ];
    assert_eq!(audited(&world, "activity").await, told(expected));
}

#[tokio::test]
async fn an_activity_is_changed_only_as_it_was_seen() {
    let world = two_people().await;
    let made = written(&world, &call()).await;
    let path = &made.headers["location"];
    let body = json!({ "subject": "Ask again" });
    let patch = || edit("PATCH", path).body(&body);
    assert_eq!(patch().send(&world).await.code(), (428, "precondition_required"));
    let changed = patch().if_match(made.etag()).send(&world).await;
    assert_eq!(changed.status, 200, "{}", changed.body);
    for stale in [patch(), edit("DELETE", path)] {
        let answer = stale.if_match(made.etag()).send(&world).await;
        assert_eq!(answer.code(), (412, "precondition_failed"));
    }
    for same in [json!({}), body.clone(), json!({ "type": "call", "done_at": null })] {
        let answer = edit("PATCH", path).body(&same).if_match(changed.etag()).seconds_later(60);
        let answer = answer.send(&world).await;
        assert_eq!((answer.status, &answer.body), (200, &changed.body), "{same}");
        assert_eq!(answer.etag(), changed.etag(), "{same}");
    }
    assert_eq!(audited(&world, "activity").await.len(), 2);
}

#[tokio::test]
async fn a_creation_is_made_once_for_its_idempotency_key() {
    let world = two_people().await;
    let send = || edit("POST", &activities("u1")).body(&call()).idempotency_key("k1").send(&world);
    let (first, again) = (send().await, send().await);
    assert_eq!((again.status, &again.body, again.etag()), (201, &first.body, first.etag()));
    assert_eq!(again.headers["idempotent-replayed"], "true");
    assert_eq!(world.get(&activities("u1")).await.body["data"], json!([first.body]));
    assert_eq!(audited(&world, "activity").await.len(), 1);
}

#[tokio::test]
async fn activities_follow_their_homes_beside_the_notes() {
    let world = two_people().await;
    for (second, name) in (0..).zip(["u1", "u2", "u1"]) {
        let body = json!({ "type": "task", "subject": second.to_string() });
        let post = edit("POST", &activities(name)).body(&body).seconds_later(second);
        assert_eq!(post.send(&world).await.status, 201);
        let notes = format!("{}/notes", lead(name));
        assert_eq!(
            edit("POST", &notes).body(&json!({ "text": "x" })).send(&world).await.status,
            201
        );
    }
    merge(&world).await;
    let subjects = async |name| column(&world.get(&activities(name)).await.body, "subject");
    assert_eq!(subjects("u2").await, ["2", "1", "0"]);
    unmerge(&world).await;
    assert_eq!(subjects("u1").await, ["2", "0"]);
    assert_eq!(subjects("u2").await, ["1"]);
}

#[tokio::test]
async fn what_cannot_be_kept_is_refused_and_the_document_says_so() {
    let world = two_people().await;
    let made = written(&world, &call()).await;
    let (list, one) = (activities("u1"), made.headers["location"].clone());
    for (body, field, code) in [
        (json!({ "type": "call", "subject": "" }), "subject", "invalid_value"),
        (json!({ "type": "call", "subject": "é".repeat(5_001) }), "subject", "invalid_value"),
        (json!({ "type": "call", "subject": null }), "subject", "invalid_value"),
        (json!({ "type": "walk", "subject": "x" }), "type", "invalid_value"),
        (json!({ "type": "call", "subject": "x", "due_at": "May" }), "due_at", "invalid_value"),
        (json!({ "type": "call", "subject": "x", "lead": "y" }), "body", "unknown_field"),
    ] {
        for asked in [edit("POST", &list), edit("PATCH", &one).if_match("*")] {
            let answer = asked.body(&body).send(&world).await;
            assert_eq!((answer.status, answer.errors()), (422, vec![(field, code)]), "{body}");
        }
    }
    for body in [json!({ "type": "call" }), json!({ "subject": "x" })] {
        let answer = edit("POST", &list).body(&body).send(&world).await;
        assert_eq!(answer.errors(), [("body", "missing_field")], "{body}");
    }
    assert_eq!(world.get(&one).await.body, made.body);
    let document = world.get("/openapi.json").await.body;
    for schema in ["ActivityInput", "ActivityChange"] {
        let fields = &document["components"]["schemas"][schema]["properties"];
        let subject = &fields["subject"];
        assert_eq!((&subject["minLength"], &subject["maxLength"]), (&json!(1), &json!(5_000)));
        let types = fields["type"]["enum"].as_array().unwrap();
        for word in types {
            let body = json!({ "type": word, "subject": "x" });
            assert_eq!(written(&world, &body).await.body["type"], *word);
        }
        assert_eq!(types.len(), 5, "{schema}");
    }
    assert!(one.contains(&home_of(Kind::UserId, "u1").id.to_string()));
}
