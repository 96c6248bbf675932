//! What people note about a lead: kept sealed, changed only as it was seen, wherever its home goes.

use domain::{identity::Kind, user::Role};
use serde_json::{Value, json};
use testing::{Fault, Faults, a_tenant, an_event, home_of};

use super::{
    callers::user,
    edit::{Edit, edit},
    world::{Answer, World, other_tenant},
};

pub(super) const STRANGER: &str = "note_019a0b3c-4d5e-7f60-8a1b-2c3d4e5f6071";

/// Two people of whom nothing is noted.
pub(super) async fn two_people() -> World {
    World::with(["u1", "u2"].map(|name| an_event(name).by(Kind::UserId, name).arrival())).await
}

pub(super) fn lead(name: &str) -> String {
    format!("/v1/leads/{}", home_of(Kind::UserId, name).id)
}

fn notes(name: &str) -> String {
    format!("{}/notes", lead(name))
}

fn note(name: &str, text: &str) -> Edit {
    edit("POST", &notes(name)).body(&json!({ "text": text }))
}

async fn noted(world: &World, text: &str) -> Answer {
    let answer = note("u1", text).send(world).await;
    assert_eq!(answer.status, 201, "{}", answer.body);
    answer
}

/// Returns what is listed of every row of a page.
pub(super) fn column(page: &Value, field: &str) -> Vec<String> {
    let rows = page["data"].as_array().unwrap();
    rows.iter().map(|row| row[field].as_str().unwrap().to_owned()).collect()
}

/// Makes two people one, or parts them.
pub(super) async fn merge(world: &World) {
    let leads = ["u1", "u2"].map(|name| home_of(Kind::UserId, name).id);
    let body = json!({ "lead_ids": leads });
    let answer = edit("POST", "/v1/leads/merge").body(&body).send(world).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
}

pub(super) async fn unmerge(world: &World) {
    let target = format!("{}/unmerge", lead("u1"));
    let answer = edit("POST", &target).body(&json!({})).send(world).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
}

/// Returns action and fields of every entry of the audit log about entries, the first one first.
pub(super) async fn audited(world: &World, object_type: &str) -> Vec<(String, String)> {
    let mut entries = world.audit_log().await;
    entries.retain(|entry| entry.object_type == object_type);
    entries.reverse();
    let fields = |mut fields: Vec<String>| {
        fields.sort();
        fields.join(" ")
    };
    entries.into_iter().map(|entry| (entry.action, fields(entry.fields))).collect()
}

pub(super) fn told<const N: usize>(entries: [(&str, &str); N]) -> Vec<(String, String)> {
    entries.map(|(action, fields)| (action.to_owned(), fields.to_owned())).into()
}

#[tokio::test]
async fn a_note_is_written_shown_changed_and_removed() {
    let world = two_people().await;
    let manager = user(&a_tenant(), Role::Manager);
    let made = note("u1", "Wants ten seats.\nCall in May").by(&manager).send(&world).await;
    assert_eq!(made.status, 201, "{}", made.body);
    let path = made.headers["location"].clone();
    assert_eq!(path, format!("{}/{}", notes("u1"), made.body["id"].as_str().unwrap()));
    assert_eq!(made.body["text"], "Wants ten seats.\nCall in May");
    assert_eq!(made.body["by"], json!(manager));
    assert_eq!(made.body["created_at"], "2026-01-15T12:00:00.000Z");
    assert_eq!(made.body["updated_at"], Value::Null);
    let shown = world.get(&path).await;
    assert_eq!((shown.status, &shown.body, shown.etag()), (200, &made.body, made.etag()));

    let body = json!({ "text": "Wants twelve." });
    let change = edit("PATCH", &path).body(&body).if_match(made.etag()).seconds_later(60);
    let changed = change.send(&world).await;
    assert_eq!((changed.status, &changed.body["text"]), (200, &body["text"]));
    assert_eq!(changed.body["updated_at"], "2026-01-15T12:01:00.000Z");
    for field in ["id", "by", "created_at"] {
        assert_eq!(changed.body[field], made.body[field], "{field}");
    }
    let list = world.get(&notes("u1")).await.body;
    assert_eq!(list, json!({ "data": [changed.body], "next_cursor": null }));

    assert_eq!(edit("DELETE", &path).seconds_later(120).send(&world).await.status, 204);
    let gone = [edit("DELETE", &path), edit("GET", &path)];
    for again in gone {
        assert_eq!(again.send(&world).await.code(), (404, "note_not_found"));
    }
    assert_eq!(world.get(&notes("u1")).await.body["data"], json!([]));
    let log = [("note.created", "text"), ("note.updated", "text"), ("note.deleted", "text")];
    assert_eq!(audited(&world, "note").await, told(log));
}

#[tokio::test]
async fn a_note_is_changed_only_as_it_was_seen() {
    let world = two_people().await;
    let made = noted(&world, "one").await;
    let path = &made.headers["location"];
    let body = json!({ "text": "two" });
    let patch = || edit("PATCH", path).body(&body);
    assert_eq!(patch().send(&world).await.code(), (428, "precondition_required"));
    let changed = patch().if_match(made.etag()).send(&world).await;
    assert_eq!(changed.status, 200, "{}", changed.body);
    assert_ne!(changed.etag(), made.etag());
    for stale in [patch(), edit("DELETE", path)] {
        let answer = stale.if_match(made.etag()).send(&world).await;
        assert_eq!(answer.code(), (412, "precondition_failed"));
    }
    assert_eq!(world.get(path).await.body, changed.body);
    // What is there already changes nothing, though it would be sealed anew.
    let same = patch().if_match("*").seconds_later(60).send(&world).await;
    assert_eq!((same.etag(), &same.body), (changed.etag(), &changed.body));
    assert_eq!(audited(&world, "note").await.len(), 2);
    assert_eq!(edit("DELETE", path).if_match(changed.etag()).send(&world).await.status, 204);
}

#[tokio::test]
async fn a_creation_is_made_once_for_its_idempotency_key() {
    let world = two_people().await;
    let send = |text| note("u1", text).idempotency_key("k1").send(&world);
    let (first, again) = (send("one").await, send("one").await);
    assert_eq!((again.status, &again.body, again.etag()), (201, &first.body, first.etag()));
    assert_eq!(again.headers["location"], first.headers["location"]);
    assert_eq!(again.headers["idempotent-replayed"], "true");
    assert_eq!(send("two").await.code(), (422, "idempotency_key_reused"));
    assert_eq!(column(&world.get(&notes("u1")).await.body, "text"), ["one"]);
    assert_eq!(audited(&world, "note").await, told([("note.created", "text")]));
    noted(&world, "one").await;
    assert_eq!(column(&world.get(&notes("u1")).await.body, "text"), ["one", "one"]);
}

#[tokio::test]
async fn a_note_whose_answer_got_lost_is_made_once_whatever_family_its_home_is_in_by_then() {
    for lost in 0.. {
        let world = two_people().await;
        let faults =
            Faults::by_call(move |call| if call == lost { Fault::AnswerLost } else { Fault::None });
        let store = world.tables.with_faults(&faults);
        let world = world.through(store);
        let send = || note("u2", "one").idempotency_key("k1");
        let first = send().send(&world).await;
        if faults.calls() <= lost {
            assert_eq!(first.status, 201);
            return;
        }
        assert!([201, 503].contains(&first.status), "{lost}: {}", first.body);
        merge(&world).await;
        // By then the lease of the one that died is over.
        let again = send().seconds_later(600).send(&world).await;
        assert_eq!(again.status, 201, "{lost}: {}", again.body);
        let list = world.get(&notes("u1")).await.body;
        assert_eq!(list["data"], json!([again.body]), "{lost}");
        assert_eq!(audited(&world, "note").await, told([("note.created", "text")]), "{lost}");
        unmerge(&world).await;
        assert_eq!(world.get(&notes("u2")).await.body["data"], json!([again.body]), "{lost}");
    }
}

#[tokio::test]
async fn notes_of_a_family_are_paged_latest_first_and_follow_their_homes() {
    let world = two_people().await;
    for (second, name) in ["u1", "u2", "u2", "u1", "u1"].into_iter().enumerate() {
        let text = second.to_string();
        let second = i64::try_from(second).unwrap();
        assert_eq!(note(name, &text).seconds_later(second).send(&world).await.status, 201);
    }
    merge(&world).await;
    for name in ["u1", "u2"] {
        let (mut pages, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = world.get(&format!("{}?limit=2&cursor={cursor}", notes(name))).await.body;
            pages.push(column(&page, "text"));
            let Some(next) = page["next_cursor"].as_str() else { break };
            next.clone_into(&mut cursor);
        }
        assert_eq!(pages, [vec!["4", "3"], vec!["2", "1"], vec!["0"]], "{name}");
    }
    assert_eq!(note("u2", "5").seconds_later(5).send(&world).await.status, 201);
    let one = world.get(&notes("u1")).await.body["data"][1]["id"].clone();
    let by_either = |name| format!("{}/{}", notes(name), one.as_str().unwrap());
    assert_eq!(world.get(&by_either("u2")).await.status, 200);
    unmerge(&world).await;
    let texts = async |name| column(&world.get(&notes(name)).await.body, "text");
    assert_eq!(
        (texts("u1").await, texts("u2").await),
        (["4", "3", "0"].map(String::from).to_vec(), ["5", "2", "1"].map(String::from).to_vec(),)
    );
    assert_eq!(world.get(&by_either("u1")).await.status, 200);
    assert_eq!(world.get(&by_either("u2")).await.code(), (404, "note_not_found"));
}

#[tokio::test]
async fn a_cursor_goes_on_only_where_it_came_from() {
    let world = two_people().await;
    for text in ["one", "two"] {
        noted(&world, text).await;
    }
    let page = world.get(&format!("{}?limit=1", notes("u1"))).await.body;
    let cursor = page["next_cursor"].as_str().unwrap();
    for list in [notes("u2"), format!("{}/activities", lead("u1"))] {
        let answer = world.get(&format!("{list}?limit=1&cursor={cursor}")).await;
        assert_eq!(answer.code(), (400, "invalid_cursor"), "{list}");
    }
    let answer = world.get(&format!("{}?limit=101", notes("u1"))).await;
    assert_eq!(answer.errors(), [("limit", "out_of_range")]);
}

/// Checks that a lead's entries are not there, whatever is asked of them.
async fn assert_hidden(world: &World, id: &str, send: impl Fn(Edit) -> Edit, told: &str) {
    for (list, body) in [
        ("notes", json!({ "text": "x" })),
        ("activities", json!({ "type": "call", "subject": "x" })),
    ] {
        let list = format!("{}/{list}", lead("u1"));
        let one = format!("{list}/{id}");
        for (method, target) in
            [("GET", &list), ("POST", &list), ("GET", &one), ("PATCH", &one), ("DELETE", &one)]
        {
            let asked = edit(method, target).if_match("*");
            let asked = if ["POST", "PATCH"].contains(&method) { asked.body(&body) } else { asked };
            let answer = send(asked).send(world).await;
            assert_eq!(answer.code(), (404, "lead_not_found"), "{told}: {method} {target}");
        }
    }
}

#[tokio::test]
async fn who_may_not_see_a_lead_sees_none_of_its_entries() {
    let world = two_people().await;
    let made = noted(&world, "one").await;
    let id = made.body["id"].as_str().unwrap();
    let other = |asked: Edit| asked.with_key(&other_tenant(), "admin");
    assert_hidden(&world, id, other, "another tenant").await;
    let rep = user(&a_tenant(), Role::SalesRep);
    assert_hidden(&world, id, |asked| asked.by(&rep), "another's lead").await;
    let viewer = user(&a_tenant(), Role::Viewer);
    let refused = note("u1", "two").by(&viewer).send(&world).await;
    assert_eq!(refused.code(), (403, "missing_permission"));

    let assign = json!({ "assigned_to": rep });
    let assigned = edit("PATCH", &lead("u1")).body(&assign).if_match("*").send(&world).await;
    assert_eq!(assigned.status, 200, "{}", assigned.body);
    let list = edit("GET", &notes("u1")).by(&rep).send(&world).await;
    assert_eq!(column(&list.body, "text"), ["one"]);
    assert_eq!(note("u1", "two").by(&rep).seconds_later(1).send(&world).await.status, 201);

    assert_eq!(edit("DELETE", &lead("u1")).send(&world).await.status, 204);
    assert_hidden(&world, id, |asked| asked, "a deleted lead").await;
    let restore = edit("POST", &format!("{}/restore", lead("u1"))).send(&world).await;
    assert_eq!(restore.status, 200);
    assert_eq!(column(&world.get(&notes("u1")).await.body, "text"), ["two", "one"]);
}

#[tokio::test]
async fn an_id_of_something_else_names_no_note() {
    let world = two_people().await;
    let elsewhere = note("u2", "theirs").send(&world).await;
    let activity = json!({ "type": "call", "subject": "x" });
    let activities = format!("{}/activities", lead("u1"));
    let activity = edit("POST", &activities).body(&activity).send(&world).await;
    let [elsewhere, activity] = [elsewhere, activity].map(|made| made.body["id"].clone());
    for id in [STRANGER, "note_", "x", elsewhere.as_str().unwrap(), activity.as_str().unwrap()] {
        let answer = world.get(&format!("{}/{id}", notes("u1"))).await;
        assert_eq!(answer.code(), (404, "note_not_found"), "{id}");
    }
}

#[tokio::test]
async fn what_cannot_be_kept_is_refused_and_the_document_says_so() {
    let world = two_people().await;
    let made = noted(&world, "one").await;
    let (list, one) = (notes("u1"), made.headers["location"].clone());
    for (body, field, code) in [
        (json!({ "text": "" }), "text", "invalid_value"),
        (json!({ "text": "é".repeat(5_001) }), "text", "invalid_value"),
        (json!({ "text": null }), "text", "invalid_value"),
        (json!({}), "body", "missing_field"),
        (json!({ "text": "two", "pinned": true }), "body", "unknown_field"),
    ] {
        for asked in [edit("POST", &list), edit("PATCH", &one).if_match("*")] {
            let answer = asked.body(&body).send(&world).await;
            assert_eq!((answer.status, answer.errors()), (422, vec![(field, code)]), "{body}");
        }
    }
    let longest = json!({ "text": "é".repeat(5_000) });
    let kept = edit("POST", &list).body(&longest).send(&world).await;
    assert_eq!((kept.status, &kept.body["text"]), (201, &longest["text"]));
    let document = world.get("/openapi.json").await.body;
    let text = &document["components"]["schemas"]["NoteInput"]["properties"]["text"];
    assert_eq!((&text["minLength"], &text["maxLength"]), (&json!(1), &json!(5_000)));
}

#[tokio::test]
async fn what_was_written_down_lies_nowhere_in_clear() {
    let world = two_people().await;
    let made = noted(&world, "Ana is expecting.").await;
    let patch = edit("PATCH", &made.headers["location"]).body(&json!({ "text": "Ana is away." }));
    assert_eq!(patch.if_match("*").send(&world).await.status, 200);
    let call = json!({ "type": "call", "subject": "Ana's raise" });
    let target = format!("{}/activities", lead("u1"));
    let call = edit("POST", &target).body(&call).idempotency_key("k1").send(&world).await;
    assert_eq!(call.status, 201, "{}", call.body);
    let client = &world.tables.client;
    for table in [world.tables.leads_table(), world.tables.events_table()] {
        let items = format!("{:?}", client.scan().table_name(table).send().await.unwrap());
        for words in ["Ana", "expecting", "away", "raise"] {
            assert!(!items.contains(words), "{table}: {words}");
        }
    }
}
