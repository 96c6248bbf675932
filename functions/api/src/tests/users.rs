//! What callers see of users: who is there, who is invited, changed and deleted.

use domain::user::Role;
use dynamo::{AuditRange, Member};
use serde_json::{Value, json};
use testing::{Fault, Faults, a_tenant};

use super::{
    callers::{email, token, user},
    edit::{Edit, edit},
    world::{Answer, World, other_tenant},
};

const USERS: &str = "/v1/users";

fn path(role: Role) -> String {
    format!("{USERS}/{}", user(&a_tenant(), role))
}

fn ana() -> Value {
    json!({ "email": "Ana@Example.com", "role": "sales_rep", "name": "Ana" })
}

/// Asks as the admin of the first tenant.
async fn show(world: &World, target: &str) -> Answer {
    edit("GET", target).send(world).await
}

/// Patches what is there now.
async fn patch(world: &World, role: Role, body: Value) -> Edit {
    let etag = show(world, &path(role)).await.etag().to_owned();
    edit("PATCH", &path(role)).body(&body).if_match(&etag)
}

async fn actions(world: &World) -> Vec<(String, Vec<String>)> {
    let store = &world.tables.store;
    let entries = store.audit_entries(&a_tenant(), AuditRange::default(), None, 100).await.unwrap();
    entries.into_iter().rev().map(|entry| (entry.action, entry.fields)).collect()
}

#[tokio::test]
async fn everybody_learns_who_they_are_and_what_they_may() {
    let world = World::start().await;
    for role in Role::ALL {
        let id = user(&a_tenant(), role);
        let me = edit("GET", "/v1/me").by(&id).send(&world).await;
        assert_eq!(me.status, 200, "{}", me.body);
        assert_eq!(me.body["user"]["id"], json!(id));
        assert_eq!(me.body["user"]["email"], email(&a_tenant(), role));
        assert_eq!((&me.body["role"], &me.body["tenant"]["name"]), (&json!(role), &json!("Test")));
        let permissions = me.body["permissions"].as_array().unwrap();
        assert_eq!(permissions.contains(&json!("users:write")), role == Role::Admin);
        assert!(permissions.contains(&json!("leads:read")));
    }
    assert_eq!(show(&world, "/v1/me").await.code(), (403, "missing_scope"));
}

#[tokio::test]
async fn users_are_listed_page_by_page_and_shown_as_listed() {
    let world = World::start().await;
    let mut seen = Vec::new();
    let mut target = format!("{USERS}?limit=2");
    loop {
        let page = show(&world, &target).await.body;
        seen.extend(page["data"].as_array().unwrap().clone());
        let Some(cursor) = page["next_cursor"].as_str() else { break };
        target = format!("{USERS}?limit=2&cursor={cursor}");
    }
    assert_eq!(seen.len(), Role::ALL.len());
    for each in &seen {
        let id = each["id"].as_str().unwrap();
        assert_eq!(show(&world, &format!("{USERS}/{id}")).await.body, *each);
        assert_eq!((&each["status"], &each["active"]), (&json!("active"), &json!(true)));
    }
}

#[tokio::test]
async fn users_of_another_tenant_do_not_exist() {
    let world = World::start().await;
    let theirs = format!("{USERS}/{}", user(&other_tenant(), Role::Admin));
    for request in [
        edit("GET", &theirs),
        edit("PATCH", &theirs).body(&json!({ "role": "viewer" })).if_match("*"),
        edit("PATCH", &theirs).body(&json!({ "role": "viewer" })),
        edit("DELETE", &theirs),
        edit("GET", "/v1/users/nobody"),
        edit("DELETE", "/v1/users/nobody"),
    ] {
        assert_eq!(request.send(&world).await.code(), (404, "user_not_found"));
    }
    let admin = user(&other_tenant(), Role::Admin);
    assert_eq!(edit("GET", &theirs).by(&admin).send(&world).await.status, 200);
    let list = edit("GET", USERS).by(&admin).send(&world).await.body;
    assert_eq!(list["data"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn who_is_invited_gets_a_code_once_and_may_begin() {
    let world = World::start().await;
    let invited = edit("POST", USERS).body(&ana()).send(&world).await;
    assert_eq!(invited.status, 201, "{}", invited.body);
    let (body, person) = (&invited.body, &invited.body["user"]);
    assert_eq!((&person["email"], &person["name"]), (&json!("ana@example.com"), &json!("Ana")));
    assert_eq!((&person["role"], &person["status"]), (&json!("sales_rep"), &json!("invited")));
    assert_eq!(person["last_seen_at"], Value::Null);
    assert_eq!(body["expires_at"], "2026-01-22T12:00:00.000Z");
    let mailed = world.pool.mailed.lock().unwrap().clone();
    assert_eq!(mailed.len(), 1);
    assert_eq!(body["invitation_code"], mailed[0].1.reveal());
    assert_eq!(invited.headers["cache-control"], "no-store");
    let location = &invited.headers["location"];
    let shown = show(&world, location).await;
    assert_eq!((&shown.body, shown.etag()), (person, invited.etag()));
    assert!(!shown.body.to_string().contains(mailed[0].1.reveal()));
    let id = person["id"].as_str().unwrap().parse().unwrap();
    let me = edit("GET", "/v1/me").by(&id).send(&world).await;
    assert_eq!((me.status, &me.body["role"]), (200, &json!("sales_rep")));
    let expected = ["email", "role", "name"].map(str::to_owned).to_vec();
    assert_eq!(actions(&world).await, [("user.invited".to_owned(), expected)]);
}

#[tokio::test]
async fn who_belongs_to_a_tenant_is_invited_by_nobody_and_keeps_their_account() {
    let world = World::start().await;
    let theirs = email(&other_tenant(), Role::Admin);
    world.pool.add(&theirs, user(&other_tenant(), Role::Admin));
    world.pool.add("viewer@here.example.com", user(&a_tenant(), Role::Viewer));
    for email in [&theirs, "viewer@here.example.com"] {
        let body = json!({ "email": email, "role": "admin" });
        let refused = edit("POST", USERS).body(&body).send(&world).await;
        assert_eq!(refused.code(), (409, "user_exists"));
        assert!(!refused.body.to_string().contains(email), "an address is personal");
    }
    assert_eq!(world.pool.mailed.lock().unwrap().len(), 0);
    assert_eq!(edit("POST", USERS).body(&ana()).send(&world).await.status, 201);
    let again = edit("POST", USERS).body(&ana()).send(&world).await;
    assert_eq!(again.code(), (409, "user_exists"));
    assert_eq!(world.pool.mailed.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn an_invitation_that_failed_on_the_way_is_made_whole_by_its_repetition() {
    for failing in 0.. {
        let world = World::start().await;
        let faults = Faults::by_call(
            move |call| {
                if call == failing { Fault::AnswerLost } else { Fault::None }
            },
        );
        let store = world.tables.with_faults(&faults);
        let world = world.through(store);
        let request = || edit("POST", USERS).body(&ana()).idempotency_key("one");
        let first = request().send(&world).await;
        if faults.calls() <= failing {
            assert_eq!(first.status, 201);
            return;
        }
        assert!([201, 503].contains(&first.status), "{failing}");
        // The lease of a request whose answer is not known has run out by then.
        let again = request().at("2026-01-15T13:00:00Z").send(&world).await;
        assert_eq!(again.status, 201, "{failing}: {}", again.body);
        let code = again.body["invitation_code"].as_str().unwrap().to_owned();
        let mailed = world.pool.mailed.lock().unwrap().clone();
        assert_eq!(mailed.last().unwrap().1.reveal(), code, "{failing}: the last code counts");
        let listed = show(&world, USERS).await.body["data"].as_array().unwrap().len();
        assert_eq!(listed, Role::ALL.len() + 1, "{failing}");
    }
}

#[tokio::test]
async fn who_had_an_account_before_the_invitation_gets_nowhere_with_it() {
    let world = World::start().await;
    // Mallory confirmed it, whoever's mailbox it is, and holds tokens of it.
    let mallory = "user_019a0b3c-4d5e-7f60-8a1b-000000000098".parse().unwrap();
    world.pool.add("ana@example.com", Clone::clone(&mallory));

    let invited = edit("POST", USERS).body(&ana()).send(&world).await;

    assert_eq!(invited.status, 201, "{}", invited.body);
    assert!(invited.body["invitation_code"].is_string());
    assert_eq!(world.pool.mailed.lock().unwrap().len(), 1);
    assert_ne!(invited.body["user"]["id"], json!(mallory));
    assert_eq!(invited.body["user"]["status"], "invited");
    let me = edit("GET", "/v1/me").by(&mallory).send(&world).await;
    assert_eq!(me.code(), (403, "no_membership"));
    let accounts = world.pool.accounts.lock().unwrap().clone();
    assert!(accounts.iter().all(|(_, person)| person.user != mallory));
    // Whatever is under way for the old account comes to nothing.
    let late = Member { id: mallory, ..super::callers::member(&other_tenant(), Role::Admin) };
    assert!(!world.tables.store.create_member(&late).await.unwrap());
}

#[tokio::test]
async fn a_pool_that_does_not_answer_makes_a_503_and_no_user() {
    let world = World::start().await;
    for failing in 1..=2 {
        *world.pool.failures.lock().unwrap() = failing;
        for _ in 0..failing {
            let answer = edit("POST", USERS).body(&ana()).send(&world).await;
            assert_eq!(answer.code(), (503, "temporarily_unavailable"));
        }
    }
    assert_eq!(edit("POST", USERS).body(&ana()).send(&world).await.status, 201);
}

#[tokio::test]
async fn a_body_that_does_not_fit_is_told_field_by_field_without_repeating_it() {
    let world = World::start().await;
    for (body, field) in [
        (json!({ "email": "ana-of-acme", "role": "viewer" }), "email"),
        (json!({ "email": "ana@example.com", "role": "owner" }), "role"),
        (json!({ "email": "ana@example.com", "role": "viewer", "name": " " }), "name"),
        (json!({ "email": "ana@example.com", "role": "viewer", "admin": true }), "body"),
        (json!({ "email": "ana@example.com" }), "body"),
    ] {
        let refused = edit("POST", USERS).body(&body).send(&world).await;
        assert_eq!(refused.code(), (422, "invalid_body"), "{body}");
        assert_eq!(refused.errors()[0].0, field, "{body}");
        let told = refused.body.to_string();
        assert!(!told.contains("ana@example") && !told.contains("ana-of"), "{told}");
    }
    for body in [json!({ "role": null }), json!({ "active": null }), json!({ "email": "a@b.co" })] {
        let refused = edit("PATCH", &path(Role::Viewer)).body(&body).if_match("*");
        assert_eq!(refused.send(&world).await.code(), (422, "invalid_body"), "{body}");
    }
}

#[tokio::test]
async fn a_change_is_made_to_what_was_read_and_written_down_without_values() {
    let world = World::start().await;
    let viewer = path(Role::Viewer);
    let body = json!({ "role": "manager", "name": "Vera" });
    let blind = edit("PATCH", &viewer).body(&body).send(&world).await;
    assert_eq!(blind.code(), (428, "precondition_required"));
    let before = show(&world, &viewer).await;
    let changed = patch(&world, Role::Viewer, body.clone()).await.send(&world).await;
    assert_eq!((changed.status, &changed.body["role"]), (200, &json!("manager")));
    assert_eq!(changed.body["name"], "Vera");
    assert_ne!(changed.etag(), before.etag());
    let stale = edit("PATCH", &viewer).body(&body).if_match(before.etag()).send(&world).await;
    assert_eq!(stale.code(), (412, "precondition_failed"));
    let nothing = patch(&world, Role::Viewer, json!({})).await.send(&world).await;
    assert_eq!((nothing.status, nothing.etag()), (200, changed.etag()));
    let nameless = patch(&world, Role::Viewer, json!({ "name": null })).await.send(&world).await;
    assert_eq!(nameless.body["name"], Value::Null);
    let fields = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    let updated = |names| ("user.updated".to_owned(), fields(names));
    let mut written = actions(&world).await;
    // Both are of the same instant, so their order is chance.
    written.sort();
    let expected = [updated(&["name"]), updated(&["role", "name"])];
    assert_eq!(written, expected, "what changes nothing is not written down");
}

#[tokio::test]
async fn a_change_counts_a_minute_later() {
    let world = World::start().await;
    let id = user(&a_tenant(), Role::Viewer);
    let ask = |now| edit("GET", "/v1/settings").by(&id).at(now);
    assert_eq!(ask("2026-01-15T12:00:00Z").send(&world).await.code(), (403, "missing_permission"));
    let body = json!({ "role": "admin" });
    assert_eq!(patch(&world, Role::Viewer, body).await.send(&world).await.status, 200);
    assert_eq!(ask("2026-01-15T12:00:59Z").send(&world).await.code(), (403, "missing_permission"));
    assert_eq!(ask("2026-01-15T12:01:00Z").send(&world).await.status, 200);
    world.pool.add(&email(&a_tenant(), Role::Viewer), id.clone());
    let body = json!({ "active": false });
    assert_eq!(patch(&world, Role::Viewer, body).await.send(&world).await.status, 200);
    assert_eq!(ask("2026-01-15T12:02:00Z").send(&world).await.code(), (403, "no_membership"));
    assert_eq!(world.pool.signed_out.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn the_last_admin_stays() {
    let world = World::start().await;
    let admin = path(Role::Admin);
    for body in [json!({ "role": "manager" }), json!({ "active": false })] {
        let refused = patch(&world, Role::Admin, body).await.send(&world).await;
        assert_eq!(refused.code(), (409, "last_admin"));
    }
    assert_eq!(edit("DELETE", &admin).send(&world).await.code(), (409, "last_admin"));
    assert_eq!(show(&world, &admin).await.body["active"], true);
    let body = json!({ "role": "admin" });
    assert_eq!(patch(&world, Role::Viewer, body).await.send(&world).await.status, 200);
    assert_eq!(edit("DELETE", &admin).send(&world).await.status, 204);
    let other = edit("DELETE", &path(Role::Viewer)).send(&world).await;
    assert_eq!(other.code(), (409, "last_admin"));
}

#[tokio::test]
async fn who_is_deleted_is_gone_with_the_account_and_somebody_else_when_invited_again() {
    let world = World::start().await;
    let (id, address) = (user(&a_tenant(), Role::Analyst), email(&a_tenant(), Role::Analyst));
    world.pool.add(&address, id.clone());
    let analyst = path(Role::Analyst);
    let stale = edit("DELETE", &analyst).if_match("\"0000000000000000\"").send(&world).await;
    assert_eq!(stale.code(), (412, "precondition_failed"));
    // The first try fails after the user was shut out; the second goes on.
    *world.pool.failures.lock().unwrap() = 1;
    assert_eq!(edit("DELETE", &analyst).send(&world).await.status, 503);
    assert_eq!(show(&world, &analyst).await.body["active"], false);
    assert_eq!(edit("DELETE", &analyst).send(&world).await.status, 204);
    for method in ["GET", "DELETE"] {
        let gone = edit(method, &analyst).send(&world).await;
        assert_eq!(gone.code(), (404, "user_not_found"));
    }
    assert!(world.pool.accounts.lock().unwrap().is_empty());
    let me = edit("GET", "/v1/me").by(&id).send(&world).await;
    assert_eq!(me.code(), (403, "no_membership"));
    let body = json!({ "email": address, "role": "viewer" });
    let admin = user(&other_tenant(), Role::Admin);
    let again = edit("POST", USERS).body(&body).by(&admin).send(&world).await;
    assert_eq!(again.status, 201, "{}", again.body);
    assert!(again.body["invitation_code"].is_string() && again.body["expires_at"].is_string());
    assert_ne!(again.body["user"]["id"], json!(id));
    assert_eq!(edit("GET", "/v1/me").by(&id).send(&world).await.code(), (403, "no_membership"));
    let actions: Vec<_> = actions(&world).await.into_iter().map(|(action, _)| action).collect();
    assert_eq!(actions, ["user.deleted", "user.deleted"], "shut out, and removed");
}

#[tokio::test]
async fn nothing_personal_lies_open_in_the_tables() {
    let world = World::start().await;
    assert_eq!(edit("POST", USERS).body(&ana()).send(&world).await.status, 201);
    let body = json!({ "name": "Vera" });
    assert_eq!(patch(&world, Role::Viewer, body).await.send(&world).await.status, 200);
    let client = &world.tables.client;
    let items = client.scan().table_name(world.tables.leads_table()).send().await.unwrap();
    let all = format!("{:?}", items.items()).to_lowercase();
    for personal in ["ana@", "example.com", "\"ana\"", "vera"] {
        assert!(!all.contains(personal), "{personal}");
    }
}

#[tokio::test]
async fn a_token_that_names_nobody_here_is_refused() {
    let world = World::start().await;
    let stranger = "user_019a0b3c-4d5e-7f60-8a1b-000000000099".parse().unwrap();
    let answer = edit("GET", "/v1/me").by(&stranger).send(&world).await;
    assert_eq!(answer.code(), (403, "no_membership"));
    assert_eq!(world.get_with("/v1/me", Some("e30.e30.c2ln")).await.code(), (401, "invalid_token"));
    let inactive = Member { active: false, ..super::callers::member(&a_tenant(), Role::Viewer) };
    let store = &world.tables.store;
    let read = store.member(&a_tenant(), &inactive.id).await.unwrap().unwrap();
    store.put_member(&read, &inactive).await.unwrap();
    let shut_out = world.get_with("/v1/leads", Some(&token(&inactive.id))).await;
    assert_eq!(shut_out.code(), (403, "no_membership"));
}
