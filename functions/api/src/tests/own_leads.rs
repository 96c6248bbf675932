//! What a sales rep sees and changes: the leads that are assigned to them, by whatever way.

use data_encoding::BASE64URL_NOPAD;
use domain::{
    identity::Kind,
    user::{Role, UserId},
};
use serde_json::{Value, json};
use testing::{a_tenant, an_event, home_of};

use super::{
    callers::{token, user},
    edit::edit,
    world::{Answer, World},
};

fn rep() -> UserId {
    user(&a_tenant(), Role::SalesRep)
}

fn path(name: &str) -> String {
    format!("/v1/leads/{}", home_of(Kind::UserId, name).id)
}

/// A lead of the sales rep, one of a manager's, one of nobody's.
async fn office() -> World {
    let event = |name: &str| an_event(format!("e-{name}")).by(Kind::UserId, name).arrival();
    let world = World::with(["mine", "other", "idle"].map(event)).await;
    let manager = user(&a_tenant(), Role::Manager);
    for (name, owner) in [("mine", &rep()), ("other", &manager)] {
        let body = json!({"assigned_to": owner, "profile": {"company": "Acme"}});
        let answer = edit("PATCH", &path(name)).body(&body).if_match("*").send(&world).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
    }
    world
}

async fn get(world: &World, target: &str) -> Answer {
    world.get_with(target, Some(&token(&rep()))).await
}

async fn ids(world: &World, query: &str) -> Value {
    let body = get(world, &format!("/v1/leads?{query}")).await.body;
    body["data"].as_array().unwrap().iter().map(|row| row["id"].clone()).collect()
}

#[tokio::test]
async fn whatever_drives_a_list_a_sales_rep_is_shown_their_own_leads_alone() {
    let world = office().await;
    let own = json!([home_of(Kind::UserId, "mine").id]);
    let me = format!("assigned_to={}", rep());
    for query in [
        "",
        "sort=score",
        "sort=created",
        "sort=activity",
        "q=acme",
        "assigned_to=me",
        &me,
        "user_id=mine",
    ] {
        assert_eq!(ids(&world, query).await, own, "{query}");
    }
    let other = format!("assigned_to={}", user(&a_tenant(), Role::Manager));
    for query in ["user_id=other", "user_id=idle", "assigned_to=none", &other, "status=lost"] {
        assert_eq!(ids(&world, query).await, json!([]), "{query}");
    }
    assert_eq!(get(&world, "/v1/leaderboard").await.code(), (403, "missing_permission"));
}

#[tokio::test]
async fn a_cursor_tells_a_sales_rep_of_no_lead_and_is_made_by_nobody() {
    let world = office().await;
    let mine = edit("PATCH", &path("idle"));
    let mine = mine.body(&json!({"assigned_to": rep(), "profile": {"company": "Acme"}}));
    assert_eq!(mine.if_match("*").send(&world).await.status, 200);
    // As cursors were before they were sealed, with the place of anything the rep likes.
    let place = json!({"at": {"home": home_of(Kind::UserId, "other").id}, "made_for": ""});
    let forged = BASE64URL_NOPAD.encode(place.to_string().as_bytes());
    for list in ["/v1/leads?sort=score", "/v1/leads?q=acme"] {
        let mut seen = 0;
        let mut next = format!("{list}&limit=1");
        while let Some(cursor) = get(&world, &next).await.body["next_cursor"].as_str() {
            seen += 1;
            let text = BASE64URL_NOPAD.decode(cursor.as_bytes()).unwrap();
            let text = String::from_utf8_lossy(&text).into_owned();
            for hidden in ["lead_", "made_for", "home", "score", "acme"] {
                assert!(!text.contains(hidden) && !cursor.contains(hidden), "{list}: {text}");
            }
            let edited: String = cursor.chars().rev().collect();
            for bad in [&edited, &forged] {
                let answer = get(&world, &format!("{list}&limit=1&cursor={bad}")).await;
                assert_eq!(answer.code(), (400, "invalid_cursor"), "{list}");
            }
            next = format!("{list}&limit=1&cursor={cursor}");
        }
        assert!(seen > 0, "{list} has another page");
    }
}

#[tokio::test]
async fn a_lead_of_somebody_else_is_not_there_for_a_sales_rep() {
    let world = office().await;
    for name in ["other", "idle", "nobody"] {
        for part in ["", "/timeline", "/explanation", "/intelligence", "/recommendations"] {
            let answer = get(&world, &format!("{}{part}", path(name))).await;
            assert_eq!(answer.code(), (404, "lead_not_found"), "{name}{part}");
        }
        for (method, part) in [("PATCH", ""), ("PUT", ""), ("DELETE", ""), ("POST", "/restore")] {
            let target = format!("{}{part}", path(name));
            let send = edit(method, &target).body(&json!({"status": "lost"})).if_match("*");
            let answer = send.by(&rep()).send(&world).await;
            assert_eq!(answer.code(), (404, "lead_not_found"), "{method} {name}");
        }
    }
    assert_eq!(world.get(&path("other")).await.body["status"], "new");
    assert_eq!(get(&world, &path("mine")).await.status, 200);
}

#[tokio::test]
async fn a_sales_rep_neither_takes_a_lead_nor_gives_one_away() {
    let world = office().await;
    let send = async |method: &str, body: Value| {
        edit(method, &path("mine")).body(&body).if_match("*").by(&rep()).send(&world).await
    };
    let manager = user(&a_tenant(), Role::Manager);
    for owner in [json!(manager), Value::Null] {
        for method in ["PATCH", "PUT"] {
            let answer = send(method, json!({"assigned_to": owner})).await;
            assert_eq!(answer.code(), (403, "missing_permission"), "{method} {owner}");
        }
    }
    for (method, body) in [
        ("PATCH", json!({"status": "contacted", "assigned_to": rep()})),
        ("PUT", json!({"status": "qualified"})),
    ] {
        let answer = send(method, body).await;
        assert_eq!((answer.status, &answer.body["assigned_to"]), (200, &json!(rep())));
    }
    let deleted = send("DELETE", json!({})).await;
    assert_eq!(deleted.status, 204);
    let restore = edit("POST", &format!("{}/restore", path("mine"))).by(&rep());
    assert_eq!(restore.send(&world).await.status, 200);
}

#[tokio::test]
async fn what_a_sales_rep_makes_is_theirs_and_whom_others_have_they_learn_nothing_of() {
    let world = office().await;
    let make =
        async |body: Value| edit("POST", "/v1/leads").body(&body).by(&rep()).send(&world).await;
    let made = make(json!({"email": "ana@example.com"})).await;
    assert_eq!((made.status, &made.body["assigned_to"]), (201, &json!(rep())));
    let manager = user(&a_tenant(), Role::Manager);
    let given = make(json!({"email": "bo@example.com", "assigned_to": manager})).await;
    assert_eq!(given.code(), (403, "missing_permission"));
    let own = make(json!({"user_id": "mine"})).await;
    assert_eq!(own.code(), (409, "lead_exists"));
    assert_eq!(own.body["lead_id"], json!(home_of(Kind::UserId, "mine").id));
    let other = make(json!({"user_id": "other"})).await;
    assert_eq!((other.code(), other.body.get("lead_id")), ((409, "lead_exists"), None));
}

#[tokio::test]
async fn who_is_given_a_lead_by_somebody_else_is_told_once() {
    let world = office().await;
    let told = async |who: &UserId| {
        let body = world.get_with("/v1/notifications", Some(&token(who))).await.body;
        let about = |row: &Value| row["object_id"].clone();
        body["data"].as_array().unwrap().iter().map(about).collect::<Vec<_>>()
    };
    assert_eq!(json!(told(&rep()).await), json!([home_of(Kind::UserId, "mine").id]));
    let manager = user(&a_tenant(), Role::Manager);
    let before = told(&manager).await.len();
    let take = json!({"assigned_to": manager});
    let taken = edit("PATCH", &path("idle")).body(&take).if_match("*").by(&manager);
    assert_eq!(taken.send(&world).await.status, 200);
    assert_eq!(told(&manager).await.len(), before, "nobody is told of what they did themselves");
    let nobody = edit("PATCH", &path("mine")).body(&json!({"assigned_to": null})).if_match("*");
    assert_eq!(nobody.send(&world).await.body["assigned_to"], Value::Null);
    assert_eq!(get(&world, &path("mine")).await.status, 404);
}

#[tokio::test]
async fn a_lead_is_assigned_to_active_users_of_the_tenant_alone() {
    let world = office().await;
    let foreign = user(&super::world::other_tenant(), Role::Admin);
    let store = &world.tables.store;
    let viewer =
        store.member(&a_tenant(), &user(&a_tenant(), Role::Viewer)).await.unwrap().unwrap();
    let gone = dynamo::Member { active: false, ..viewer.clone() };
    store.put_member(&viewer, &gone).await.unwrap();
    for nobody in [foreign, viewer.id] {
        let body = json!({"assigned_to": nobody});
        for (method, target) in
            [("PATCH", path("idle")), ("PUT", path("idle")), ("POST", "/v1/leads".to_owned())]
        {
            let answer = edit(method, &target).body(&body).if_match("*").send(&world).await;
            assert_eq!(answer.code(), (422, "unknown_user"), "{method}");
            assert_eq!(answer.errors(), [("assigned_to", "unknown_user")], "{method}");
        }
    }
}
