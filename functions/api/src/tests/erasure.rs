//! Erasing a person: at once or when the time to think better of it is over, for good, with a
//! receipt; and what the same identities do afterwards.

use domain::{
    erasure::{Erasure, Trace},
    home::HomeId,
    identity::Kind,
    user::Role,
};
use serde_json::{Value, json};
use testing::{Fault, Faults, a_tenant, an_event, home_of};

use super::{
    callers::user,
    edit::{Edit, edit},
    world::{Answer, World, at},
};

const EMAIL: &str = "ana@example.com";

fn id() -> HomeId {
    home_of(Kind::UserId, "u1").id
}

fn path() -> String {
    format!("/v1/leads/{}", id())
}

/// Ana, known by a user id and an address, with a note, and somebody else.
async fn ana() -> World {
    let world = World::start().await;
    let signup = an_event("e1").of_type("signup").by(Kind::UserId, "u1").by(Kind::Email, EMAIL);
    world.score(signup.declaring("plan", "free").arrival()).await;
    world.score(an_event("e2").by(Kind::UserId, "u2").arrival()).await;
    let note = json!({ "text": "Wants ten seats." });
    let noted = edit("POST", &format!("{}/notes", path())).body(&note).send(&world).await;
    assert_eq!(noted.status, 201, "{}", noted.body);
    world
}

fn erasing(query: &str) -> Edit {
    edit("DELETE", &format!("{}?mode=erase{query}", path()))
}

async fn erase_now(world: &World) -> Answer {
    let answer = erasing("&now=true").seconds_later(120).send(world).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer
}

/// Asks as an administrator, a while after the erasure.
async fn get(world: &World, target: &str) -> Answer {
    edit("GET", target).seconds_later(200).send(world).await
}

async fn listed(world: &World, query: &str) -> Vec<Value> {
    let answer = get(world, &format!("/v1/leads?{query}")).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.body["data"].as_array().unwrap().clone()
}

#[tokio::test]
async fn an_erased_lead_answers_to_nothing_and_its_receipt_tells_what_was_erased() {
    let world = ana().await;
    let receipt = erase_now(&world).await.body;
    let email = home_of(Kind::Email, EMAIL).id;
    assert_eq!(receipt["lead_id"], json!(id()));
    let mut homes = [id().to_string(), email.to_string()];
    homes.sort();
    let mut told: Vec<_> =
        receipt["homes"].as_array().unwrap().iter().map(Value::to_string).collect();
    told.sort();
    assert_eq!(told, homes.map(|home| format!("\"{home}\"")));
    assert_eq!(receipt["erased_at"], "2026-01-15T12:02:00.000Z");
    assert_eq!(receipt["done_at"], "2026-01-15T12:02:00.000Z");
    assert_eq!(receipt["backups_lapse_at"], "2026-02-19T12:02:00.000Z");
    assert_eq!(
        (&receipt["reason"], receipt["by"].as_str().unwrap().get(..4)),
        (&json!("asked"), Some("key_"))
    );
    for (trace, count) in [("keys", 2), ("identities", 2), ("declared_fields", 1), ("notes", 1)] {
        assert_eq!(receipt["erased"][trace], count, "{trace}: {receipt}");
    }
    let below = ["", "/timeline", "/explanation", "/intelligence", "/recommendations", "/notes"];
    for target in below.map(|part| format!("{}{part}", path())) {
        assert_eq!(get(&world, &target).await.code(), (404, "lead_not_found"), "{target}");
    }
    for target in [format!("{}/data", path()), format!("/v1/leads/{email}")] {
        assert_eq!(get(&world, &target).await.code(), (404, "lead_not_found"), "{target}");
    }
    let restored = edit("POST", &format!("{}/restore", path())).seconds_later(200);
    assert_eq!(restored.send(&world).await.code(), (404, "lead_not_found"));
    for query in ["user_id=u1", "email=ana@example.com", "q=ana"] {
        assert_eq!(listed(&world, query).await, [Value::Null; 0], "{query}");
    }
    assert_eq!(listed(&world, "").await.len(), 1, "somebody else stays");
    for target in [id(), email].map(|home| format!("/v1/erasures/{home}")) {
        assert_eq!(get(&world, &target).await.body, receipt, "{target}");
    }
    let list = get(&world, "/v1/erasures").await.body;
    assert_eq!(list, json!({ "data": [receipt], "next_cursor": null }));
}

#[tokio::test]
async fn to_ask_again_answers_the_same_receipt_and_erases_nobody() {
    let world = ana().await;
    let first = erase_now(&world).await;
    let again = erasing("&now=true").seconds_later(300).send(&world).await;
    assert_eq!((again.status, &again.body), (200, &first.body));
    let log = world.audit_log().await;
    let erased: Vec<_> = log.iter().filter(|entry| entry.action == "lead.erased").collect();
    assert_eq!(erased.len(), 1);
    assert_eq!(
        (erased[0].object_id.as_str(), &erased[0].fields),
        (id().to_string().as_str(), &vec![])
    );
    let nobody = format!("/v1/leads/{}?mode=erase&now=true", home_of(Kind::UserId, "u9").id);
    assert_eq!(edit("DELETE", &nobody).send(&world).await.code(), (404, "lead_not_found"));
    assert_eq!(
        get(&world, &format!("/v1/erasures/{}", home_of(Kind::UserId, "u2").id)).await.code(),
        (404, "erasure_not_found")
    );
}

#[tokio::test]
async fn without_now_the_lead_is_hidden_and_erased_after_thirty_days_unless_it_is_restored() {
    let world = ana().await;
    let hidden = erasing("").send(&world).await;
    assert_eq!(hidden.status, 202, "{}", hidden.body);
    assert_eq!(hidden.body, json!({ "lead_id": id(), "erase_on": "2026-02-15" }));
    assert_eq!(get(&world, &path()).await.code(), (404, "lead_not_found"));
    // To ask again postpones nothing.
    let again = erasing("").at("2026-01-20T12:00:00Z").send(&world).await;
    assert_eq!((again.status, &again.body), (202, &hidden.body));
    let kept = || async { world.tables.store.lead(&a_tenant(), id()).await.unwrap().unwrap() };
    assert_eq!(kept().await.state.work.erase_on(id()).unwrap().to_string(), "2026-02-15");
    let restored = edit("POST", &format!("{}/restore", path())).send(&world).await;
    assert_eq!(restored.status, 200, "{}", restored.body);
    assert_eq!(restored.body["profile"]["plan"], "free");
    assert_eq!(kept().await.state.work.erase_on(id()), None);
    // Whoever deletes it later erases nobody by that.
    assert_eq!(edit("DELETE", &path()).send(&world).await.status, 204);
    assert_eq!(kept().await.state.work.erase_on(id()), None);
    // A deleted lead can be erased, too, by and by or at once.
    let hidden = erasing("").send(&world).await;
    assert_eq!((hidden.status, &hidden.body["erase_on"]), (202, &json!("2026-02-15")));
    let told = world.audit_log().await;
    let fields: Vec<_> = told
        .iter()
        .filter(|entry| entry.action == "lead.deleted")
        .map(|entry| entry.fields.clone())
        .collect();
    assert_eq!(fields, [vec!["erase_on"], vec!["deleted"], vec!["deleted", "erase_on"]]);
    assert_eq!(erase_now(&world).await.body["reason"], "asked");
}

#[tokio::test]
async fn only_an_administrator_erases_and_sees_all_that_is_held() {
    let world = ana().await;
    for role in [Role::Manager, Role::SalesRep, Role::Analyst, Role::Viewer] {
        let person = user(&a_tenant(), role);
        for query in ["", "&now=true"] {
            let refused = erasing(query).by(&person).send(&world).await;
            assert_eq!(refused.code(), (403, "missing_permission"), "{role:?}");
        }
        for target in [format!("{}/data", path()), "/v1/erasures".to_owned()] {
            let refused = edit("GET", &target).by(&person).send(&world).await;
            assert_eq!(refused.code(), (403, "missing_permission"), "{role:?} {target}");
        }
    }
    assert_eq!(get(&world, &path()).await.status, 200, "nothing was changed");
    let admin = user(&a_tenant(), Role::Admin);
    let erased = erasing("&now=true").by(&admin).send(&world).await;
    assert_eq!((erased.status, &erased.body["by"]), (200, &json!(admin)));
}

#[tokio::test]
async fn only_an_administrator_takes_a_scheduled_erasure_back() {
    let world = ana().await;
    let rep = user(&a_tenant(), Role::SalesRep);
    let restore = || edit("POST", &format!("{}/restore", path()));
    let take = json!({ "assigned_to": rep });
    let taken = edit("PATCH", &path()).body(&take).if_match("*").send(&world).await;
    assert_eq!(taken.status, 200, "{}", taken.body);
    // What somebody only hid is brought back by whoever may change it.
    assert_eq!(edit("DELETE", &path()).by(&rep).send(&world).await.status, 204);
    assert_eq!(restore().by(&rep).send(&world).await.status, 200);
    assert_eq!(restore().by(&rep).send(&world).await.status, 200);
    // Hidden by one, and to be erased as an administrator says.
    assert_eq!(edit("DELETE", &path()).by(&rep).send(&world).await.status, 204);
    assert_eq!(erasing("").send(&world).await.status, 202);
    let kept = || async { world.tables.store.lead(&a_tenant(), id()).await.unwrap().unwrap() };
    let before = kept().await;
    for person in [rep.clone(), user(&a_tenant(), Role::Manager)] {
        let refused = restore().by(&person).send(&world).await;
        assert_eq!(refused.code(), (403, "missing_permission"));
        let told = refused.body["message"].as_str().unwrap();
        assert!(told.contains("privacy is needed"), "{told}");
    }
    assert_eq!(kept().await, before, "nothing was changed");
    let admin = user(&a_tenant(), Role::Admin);
    assert_eq!(restore().by(&admin).send(&world).await.status, 200);
    assert_eq!(kept().await.state.work.erase_on(id()), None);
    // The plan is gone for good, so hiding and restoring are plain again.
    assert_eq!(edit("DELETE", &path()).by(&rep).send(&world).await.status, 204);
    assert_eq!(restore().by(&rep).send(&world).await.status, 200);
}

#[tokio::test]
async fn what_is_not_understood_erases_nobody() {
    let world = ana().await;
    for (query, field) in [
        ("mode=shred", "mode"),
        ("mode=erase&now=perhaps", "now"),
        ("now=true", "now"),
        ("now=false", "now"),
        ("mode=erase&at=once", "query"),
    ] {
        let refused = edit("DELETE", &format!("{}?{query}", path())).send(&world).await;
        assert_eq!((refused.status, refused.errors()[0].0), (400, field), "{query}");
    }
    let stale = || erasing("&now=true").if_match("\"stale\"");
    assert_eq!(stale().send(&world).await.code(), (412, "precondition_failed"));
    let stale = erasing("").if_match("\"stale\"").send(&world).await;
    assert_eq!(stale.code(), (412, "precondition_failed"));
    let lead = get(&world, &path()).await;
    assert_eq!(lead.status, 200);
    let seen = erasing("&now=true").if_match(lead.etag()).send(&world).await;
    assert_eq!(seen.status, 200, "{}", seen.body);
}

#[tokio::test]
async fn old_events_are_dropped_and_later_ones_make_a_new_lead_with_a_new_id() {
    let world = ana().await;
    let erased_at = at("2026-01-15T12:02:00Z");
    erase_now(&world).await;
    let old = an_event("e9").by(Kind::UserId, "u1").by(Kind::Email, EMAIL).at(erased_at);
    let known = an_event("e1").of_type("signup").by(Kind::UserId, "u1").by(Kind::Email, EMAIL);
    for arrival in [old, known].map(testing::EventBuilder::arrival) {
        world.score(arrival).await;
    }
    assert_eq!(listed(&world, "user_id=u1").await, [Value::Null; 0]);
    let later = an_event("e10").by(Kind::UserId, "u1").at(erased_at.plus_millis(1));
    world.score(later.arrival()).await;
    let leads = listed(&world, "user_id=u1").await;
    let [lead] = leads.as_slice() else { panic!("{leads:?}") };
    assert_ne!(lead["id"], json!(id()));
    assert_eq!((&lead["events"], &lead["profile"]), (&json!(1), &json!({})));
    assert_eq!(get(&world, &path()).await.code(), (404, "lead_not_found"));
    let body = json!({ "email": EMAIL });
    let made = edit("POST", "/v1/leads").body(&body).seconds_later(200).send(&world).await;
    assert_eq!(made.status, 201, "{}", made.body);
    assert_ne!(made.body["id"], json!(home_of(Kind::Email, EMAIL).id));
    // The next generation is erased like the first, with a receipt of its own.
    let target = format!("/v1/leads/{}?mode=erase&now=true", lead["id"].as_str().unwrap());
    let second = edit("DELETE", &target).seconds_later(400).send(&world).await;
    assert_eq!(second.status, 200, "{}", second.body);
    assert_eq!(get(&world, "/v1/erasures?limit=1").await.body["data"].as_array().unwrap().len(), 1);
    let pages = async || {
        let (mut ids, mut query) = (Vec::new(), "limit=1".to_owned());
        loop {
            let page = get(&world, &format!("/v1/erasures?{query}")).await.body;
            ids.extend(page["data"].as_array().unwrap().iter().map(|row| row["lead_id"].clone()));
            let Some(cursor) = page["next_cursor"].as_str() else { return ids };
            query = format!("limit=1&cursor={cursor}");
        }
    };
    let mut expected = [json!(id()), lead["id"].clone()];
    expected.sort_by_key(ToString::to_string);
    assert_eq!(pages().await, expected);
}

#[tokio::test]
async fn a_repeated_creation_of_an_erased_lead_makes_nobody() {
    let world = World::start().await;
    let body = json!({ "email": EMAIL, "profile": { "first_name": "Ana" } });
    let create = || edit("POST", "/v1/leads").body(&body).idempotency_key("k1");
    let made = create().send(&world).await;
    assert_eq!(made.status, 201, "{}", made.body);
    let target = format!("{}?mode=erase&now=true", made.headers["location"]);
    let erased = edit("DELETE", &target).seconds_later(120).send(&world).await;
    assert_eq!(erased.status, 200, "{}", erased.body);
    assert_eq!(erased.body["erased"]["answers"], 1);
    let again = create().seconds_later(200).send(&world).await;
    assert_eq!(again.code(), (404, "lead_not_found"));
    assert_eq!(listed(&world, "").await, [Value::Null; 0]);
    // A new request makes somebody new.
    let made = edit("POST", "/v1/leads").body(&body).idempotency_key("k2").seconds_later(200);
    assert_eq!(made.send(&world).await.status, 201);
}

#[tokio::test]
async fn an_erasure_that_dies_anywhere_is_finished_by_asking_again() {
    for lost in 0.. {
        let world = ana().await;
        let faults =
            Faults::by_call(move |call| if call < lost { Fault::None } else { Fault::NotSent });
        let store = world.tables.with_faults(&faults);
        let world = world.through(store);
        let died = erasing("&now=true").seconds_later(120).send(&world).await;
        let world = {
            let store = world.tables.store.clone();
            world.through(store)
        };
        let done = erasing("&now=true").seconds_later(300).send(&world).await;
        assert_eq!(done.status, 200, "{}", done.body);
        let kept: Erasure = world.tables.store.erasure(&a_tenant(), id()).await.unwrap().unwrap();
        assert!(kept.done_at.is_some(), "died at call {lost}: {}", died.body);
        assert_eq!(kept.traces.get(&Trace::Notes), Some(&1), "died at call {lost}");
        let log = world.audit_log().await;
        assert_eq!(log.iter().filter(|entry| entry.action == "lead.erased").count(), 1);
        if died.body["done_at"].is_string() {
            assert!(lost <= 40, "an erasure takes {lost} calls");
            return;
        }
    }
}

#[tokio::test]
async fn an_api_key_needs_the_admin_scope() {
    let world = ana().await;
    let refused = edit("GET", &format!("{}/data", path())).with_key(&a_tenant(), "read");
    assert_eq!(refused.send(&world).await.code(), (403, "missing_scope"));
}
