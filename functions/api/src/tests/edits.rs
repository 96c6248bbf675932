//! What people change about a lead: values that win until they are released, `ETag`s, deletion.

use domain::identity::Kind;
use serde_json::{Value, json};
use testing::{Fault, Faults, an_event, home_of};

use super::{
    edit::edit,
    world::{Answer, World},
};

/// Ana, who signed up as a user of the free plan.
async fn ana() -> World {
    let signup = an_event("e1").of_type("signup").by(Kind::UserId, "u1");
    World::with([signup.declaring("plan", "free").declaring("title", "clerk").arrival()]).await
}

fn path() -> String {
    format!("/v1/leads/{}", home_of(Kind::UserId, "u1").id)
}

async fn etag(world: &World) -> String {
    world.get(&path()).await.etag().to_owned()
}

/// Patches the lead as it is now.
async fn patched(world: &World, body: &Value) -> Answer {
    let answer = edit("PATCH", &path()).body(body).if_match(&etag(world).await).send(world).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer
}

#[tokio::test]
async fn what_is_set_by_hand_wins_over_events_until_it_is_released() {
    let world = ana().await;
    let before = world.get(&path()).await.body;
    assert_eq!((&before["profile"]["plan"], &before["edits"]), (&json!("free"), &json!({})));
    patched(&world, &json!({"profile": {"plan": "pro", "first_name": "Ana"}})).await;
    let later = an_event("e2").by(Kind::UserId, "u1").days_later(1).declaring("plan", "basic");
    world.score(later.arrival()).await;
    let shown = world.get(&path()).await.body;
    assert_eq!(shown["profile"], json!({"first_name": "Ana", "plan": "pro", "title": "clerk"}));
    let plan = &shown["edits"]["plan"];
    assert_eq!((&plan["value"], &plan["declared"]), (&json!("pro"), &json!("basic")));
    assert_eq!(plan["at"], "2026-01-15T12:00:00.000Z");
    assert!(plan["by"].as_str().unwrap().starts_with("key_"), "{plan}");
    assert_eq!(shown["edits"]["first_name"]["declared"], Value::Null);
    let released = patched(&world, &json!({"profile": {"plan": null}})).await.body;
    assert_eq!(released["profile"]["plan"], "basic");
    assert!(released["edits"].get("plan").is_none(), "{}", released["edits"]);
    for field in ["points", "events", "last_event_at"] {
        assert_eq!(released[field], shown[field], "{field}");
    }
}

#[tokio::test]
async fn a_patch_leaves_what_it_does_not_name_and_a_put_leaves_nothing() {
    let world = ana().await;
    patched(&world, &json!({"profile": {"plan": "pro"}, "status": "contacted"})).await;
    let patch = json!({"profile": {"title": "CEO"}, "segment": "vip"});
    let lead = patched(&world, &patch).await.body;
    assert_eq!(lead["profile"], json!({"plan": "pro", "title": "CEO"}));
    assert_eq!((&lead["status"], &lead["segment"]), (&json!("contacted"), &json!("vip")));
    let whole = json!({"profile": {"title": "CTO"}});
    let put = edit("PUT", &path()).body(&whole).if_match(&etag(&world).await).send(&world).await;
    assert_eq!(put.status, 200, "{}", put.body);
    assert_eq!(put.body["profile"], json!({"plan": "free", "title": "CTO"}));
    assert_eq!((&put.body["status"], &put.body["segment_by_hand"]), (&json!("new"), &json!(false)));
    let lead = patched(&world, &json!({"status": "lost", "segment": "buyer"})).await.body;
    assert_eq!((&lead["status"], &lead["segment"]), (&json!("lost"), &json!("buyer")));
    let lead = patched(&world, &json!({"status": null, "segment": null})).await.body;
    assert_eq!((&lead["status"], &lead["segment_by_hand"]), (&json!("new"), &json!(false)));
}

#[tokio::test]
async fn a_change_needs_the_etag_of_what_was_read() {
    let world = ana().await;
    let body = json!({"status": "contacted"});
    let read = etag(&world).await;
    for method in ["PATCH", "PUT"] {
        let answer = edit(method, &path()).body(&body).send(&world).await;
        assert_eq!(answer.code(), (428, "precondition_required"), "{method}");
    }
    // What happens to a lead by itself leaves its ETag alone.
    world.score(an_event("e2").by(Kind::UserId, "u1").days_later(1).arrival()).await;
    assert_eq!(etag(&world).await, read);
    let changed = edit("PATCH", &path()).body(&body).if_match(&read).send(&world).await;
    assert_eq!(changed.status, 200, "{}", changed.body);
    assert_ne!(changed.etag(), read);
    for method in ["PATCH", "PUT", "DELETE"] {
        let stale = edit(method, &path()).body(&body).if_match(&read).send(&world).await;
        assert_eq!(stale.code(), (412, "precondition_failed"), "{method}");
    }
    assert_eq!(world.get(&path()).await.etag(), changed.etag());
    let any = edit("PATCH", &path()).body(&json!({"status": "lost"})).if_match("*");
    assert_eq!(any.send(&world).await.body["status"], "lost");
}

#[tokio::test]
async fn an_if_match_without_its_quotes_names_the_same_etag() {
    let world = ana().await;
    let read = etag(&world).await;
    let bare = read.trim_matches('"');
    assert_ne!(bare, read);
    let body = json!({"status": "contacted"});
    let changed = edit("PATCH", &path()).body(&body).if_match(bare).send(&world).await;
    assert_eq!(changed.status, 200, "{}", changed.body);
    for method in ["PATCH", "PUT", "DELETE"] {
        let stale = edit(method, &path()).body(&body).if_match(bare).send(&world).await;
        assert_eq!(stale.code(), (412, "precondition_failed"), "{method}");
    }
}

#[tokio::test]
async fn a_change_to_what_is_so_already_writes_nothing() {
    let world = ana().await;
    let body = json!({"profile": {"plan": "pro", "last_name": "Silva"}, "status": "contacted"});
    let changed = patched(&world, &body).await;
    let entries = || async {
        let timeline = world.get(&format!("{}/timeline", path())).await.body;
        timeline["data"].as_array().unwrap().len()
    };
    assert_eq!(entries().await, 2);
    for same in [body, json!({}), json!({"profile": {"company": null}})] {
        let again = patched(&world, &same).await;
        assert_eq!((again.etag(), &again.body), (changed.etag(), &changed.body), "{same}");
    }
    assert_eq!(entries().await, 2);
}

#[tokio::test]
async fn a_deleted_lead_is_nowhere_until_it_is_restored() {
    let world = ana().await;
    let before = world.get(&path()).await.body;
    let deleted = edit("DELETE", &path()).send(&world).await;
    assert_eq!((deleted.status, &deleted.body), (204, &Value::Null));
    let below = ["", "/timeline", "/explanation", "/intelligence", "/recommendations"];
    for target in below.map(|part| format!("{}{part}", path())) {
        assert_eq!(world.get(&target).await.code(), (404, "lead_not_found"), "{target}");
    }
    for target in ["/v1/leads", "/v1/leads?user_id=u1", "/v1/leads?sort=created", "/v1/leaderboard"]
    {
        assert_eq!(world.get(target).await.body["data"], json!([]), "{target}");
    }
    let ids = json!({"lead_ids": [home_of(Kind::UserId, "u1").id, home_of(Kind::UserId, "u2").id]});
    for (method, target, body) in [
        ("DELETE", path(), json!({})),
        ("PATCH", path(), json!({"status": "lost"})),
        ("PUT", path(), json!({})),
        ("POST", format!("{}/unmerge", path()), json!({})),
        ("POST", "/v1/leads/merge".to_owned(), ids),
    ] {
        let answer = edit(method, &target).body(&body).if_match("*").send(&world).await;
        assert_eq!(answer.code(), (404, "lead_not_found"), "{method} {target}");
    }
    let creation = edit("POST", "/v1/leads").body(&json!({"user_id": "u1"})).send(&world).await;
    assert_eq!(creation.code(), (409, "lead_deleted"));
    // Events go on being counted.
    let event = an_event("e2").of_type("demo_request").by(Kind::UserId, "u1");
    world.score(event.arrival()).await;
    let restore = format!("{}/restore", path());
    let restored = edit("POST", &restore).send(&world).await;
    assert_eq!((restored.status, &restored.body["events"]), (200, &json!(2)));
    assert_eq!(restored.body["profile"], before["profile"]);
    assert_eq!(world.get("/v1/leads").await.body["data"][0]["id"], before["id"]);
    let again = edit("POST", &restore).send(&world).await;
    assert_eq!((again.status, again.etag()), (200, restored.etag()));
}

#[tokio::test]
async fn the_timeline_tells_who_changed_which_fields_and_no_value() {
    let world = ana().await;
    patched(&world, &json!({"profile": {"first_name": "Ana", "plan": "pro"}, "status": "lost"}))
        .await;
    patched(&world, &json!({"profile": {"plan": null}})).await;
    let timeline = world.get(&format!("{}/timeline", path())).await.body;
    let shown: Vec<_> = timeline["data"].as_array().unwrap().iter().collect();
    let types: Vec<_> = shown.iter().map(|event| event["event_type"].clone()).collect();
    assert_eq!(json!(types), json!(["lead_edited", "lead_edited", "signup"]));
    assert_eq!(shown[0]["edit"]["fields"], json!(["profile.plan"]));
    let fields = json!(["profile.plan", "profile.first_name", "status"]);
    assert_eq!(shown[1]["edit"]["fields"], fields);
    assert_eq!((&shown[1]["scored"], &shown[1]["points"]), (&json!(false), &json!(0)));
    assert_eq!((&shown[2]["scored"], shown[2].get("edit")), (&json!(true), None));
    for value in ["Ana", "\"pro\""] {
        assert!(!json!(shown[0..2]).to_string().contains(value), "{value}");
    }
}

#[tokio::test]
async fn every_change_is_in_the_audit_log_without_values() {
    let world = ana().await;
    patched(&world, &json!({"profile": {"first_name": "Ana"}, "segment": "vip"})).await;
    patched(&world, &json!({"segment": "vip"})).await;
    edit("DELETE", &path()).send(&world).await;
    edit("POST", &format!("{}/restore", path())).send(&world).await;
    let entries = world.audit_log().await;
    let mut told: Vec<_> = entries
        .iter()
        .map(|entry| (entry.action.as_str(), entry.object_id.clone(), entry.fields.join(" ")))
        .collect();
    let id = home_of(Kind::UserId, "u1").id.to_string();
    // They are of one instant here, so in no order.
    told.sort();
    let expected = [
        ("lead.deleted", id.clone(), "deleted".to_owned()),
        ("lead.restored", id.clone(), "deleted".to_owned()),
        ("lead.updated", id, "profile.first_name segment".to_owned()),
    ];
    assert_eq!(told, expected);
}

#[tokio::test]
async fn a_change_whose_answer_got_lost_is_made_once_or_found_stale() {
    for lost in 0.. {
        let world = ana().await;
        let read = etag(&world).await;
        let faults =
            Faults::by_call(move |call| if call == lost { Fault::AnswerLost } else { Fault::None });
        let store = world.tables.with_faults(&faults);
        let world = world.through(store);
        let body = json!({"profile": {"first_name": "Ana"}});
        let send = || edit("PATCH", &path()).body(&body).if_match(&read).send(&world);
        let first = send().await;
        if faults.calls() <= lost {
            assert_eq!(first.status, 200);
            return;
        }
        assert!([200, 503].contains(&first.status), "{lost}: {}", first.body);
        let again = send().await;
        assert!([200, 412].contains(&again.status), "{lost}: {}", again.body);
        let timeline = world.get(&format!("{}/timeline", path())).await.body;
        assert_eq!(timeline["data"].as_array().unwrap().len(), 2, "{lost}");
        let found = world.get("/v1/leads?q=ana").await.body;
        assert_eq!(found["data"].as_array().map(Vec::len), Some(1), "{lost}: {found}");
    }
}

#[tokio::test]
async fn another_tenant_finds_no_lead_to_change() {
    let world = ana().await;
    for (method, target) in [
        ("PATCH", path()),
        ("PUT", path()),
        ("DELETE", path()),
        ("POST", format!("{}/restore", path())),
    ] {
        let other = super::world::other_tenant();
        let answer = edit(method, &target).body(&json!({})).if_match("*").with_key(&other, "admin");
        assert_eq!(answer.send(&world).await.code(), (404, "lead_not_found"), "{method}");
        let reader = edit(method, &target).body(&json!({})).if_match("*");
        let reader = reader.with_key(&testing::a_tenant(), "read").send(&world).await;
        assert_eq!(reader.code(), (403, "missing_scope"), "{method}");
    }
    assert_eq!(world.get(&path()).await.status, 200);
}

#[tokio::test]
async fn a_field_can_be_emptied_and_a_put_of_what_is_shown_changes_nothing() {
    let world = ana().await;
    let body = json!({"profile": {"title": "", "email": "ana@example.com", "notes": "tall"}});
    let lead = patched(&world, &body).await;
    assert_eq!(lead.body["profile"]["title"], "");
    let edits = lead.body["edits"].as_object().unwrap();
    let profile: serde_json::Map<_, _> =
        edits.iter().map(|(name, edit)| (name.clone(), edit["value"].clone())).collect();
    let whole = json!({"profile": profile});
    let put = edit("PUT", &path()).body(&whole).if_match(lead.etag()).send(&world).await;
    assert_eq!((put.status, put.etag()), (200, lead.etag()), "{}", put.body);
}
