//! What callers see of API keys: made once, shown once, revoked for ever.

use domain::{api_key::ApiKeyText, user::Role};
use dynamo::AuditRange;
use serde_json::{Value, json};
use testing::{Fault, Faults, a_tenant};

use super::{
    callers::{stored_key, user},
    edit::edit,
    world::{World, key, other_tenant},
};

const KEYS: &str = "/v1/api-keys";

fn shop() -> Value {
    json!({ "name": "Web shop", "scopes": ["read"] })
}

#[tokio::test]
async fn a_key_is_shown_once_works_at_once_and_is_listed_without_its_secret() {
    let world = World::start().await;
    let admin = user(&a_tenant(), Role::Admin);
    let made = edit("POST", KEYS).body(&shop()).by(&admin).send(&world).await;
    assert_eq!(made.status, 201, "{}", made.body);
    assert_eq!(made.headers["cache-control"], "no-store");
    let text = made.body["key"].as_str().unwrap().to_owned();
    assert!(text.starts_with(&format!("llk_{}_", a_tenant())), "{text}");
    assert_eq!(made.body["id"], json!(text.parse::<ApiKeyText>().unwrap().hash().id()));
    assert_eq!(
        (&made.body["created_by"], &made.body["last_used_on"]),
        (&json!(admin), &Value::Null)
    );
    assert_eq!(world.get_with("/v1/leads", Some(&text)).await.status, 200);
    assert_eq!(world.get_with(KEYS, Some(&text)).await.code(), (403, "missing_scope"));
    let list = edit("GET", KEYS).send(&world).await.body;
    let mut expected = made.body.clone();
    expected.as_object_mut().unwrap().remove("key");
    assert!(list["data"].as_array().unwrap().contains(&expected), "{list}");
    assert!(!list.to_string().contains(&text));
}

#[tokio::test]
async fn a_key_is_made_once_however_often_its_request_is_repeated() {
    for lost in 0.. {
        let world = World::start().await;
        let faults =
            Faults::by_call(move |call| if call == lost { Fault::AnswerLost } else { Fault::None });
        let store = world.tables.with_faults(&faults);
        let world = world.through(store);
        let request = || edit("POST", KEYS).body(&shop()).idempotency_key("one");
        let first = request().send(&world).await;
        if faults.calls() <= lost {
            assert_eq!(first.status, 201);
            return;
        }
        let one = request().at("2026-01-15T13:00:00Z").send(&world).await;
        let two = request().at("2026-01-15T13:00:00Z").send(&world).await;
        assert_eq!((one.status, &one.body), (201, &two.body), "{lost}");
        assert_eq!(two.headers["idempotent-replayed"], "true", "{lost}");
        assert_eq!(two.headers["cache-control"], "no-store", "{lost}");
        let keys = world.tables.store.api_keys(&a_tenant(), None, 100).await.unwrap();
        assert_eq!(keys.len(), 2, "{lost}: this one and the one that was there");
        let (store, acme) = (&world.tables.store, a_tenant());
        let entries = store.audit_entries(&acme, AuditRange::default(), None, 9).await.unwrap();
        assert_eq!(entries.len(), 1, "{lost}");
    }
}

#[tokio::test]
async fn two_requests_make_two_keys() {
    let world = World::start().await;
    let one = edit("POST", KEYS).body(&shop()).send(&world).await;
    let two = edit("POST", KEYS).body(&shop()).send(&world).await;
    assert_ne!(one.body["key"], two.body["key"]);
}

#[tokio::test]
async fn a_revoked_key_is_refused_a_minute_later_and_never_comes_back() {
    let world = World::start().await;
    let text = stored_key();
    let target = format!("{KEYS}/{}", text.hash().id());
    let ask = |now| world.get_at_with("/v1/leads", now, text.reveal());
    assert_eq!(ask("2026-01-15T12:00:00Z").await.status, 200);
    assert_eq!(edit("DELETE", &target).send(&world).await.status, 204);
    assert_eq!(ask("2026-01-15T12:01:00Z").await.code(), (401, "invalid_api_key"));
    let again = edit("DELETE", &target).send(&world).await;
    assert_eq!(again.code(), (404, "api_key_not_found"));
    assert_eq!(edit("GET", KEYS).send(&world).await.body["data"], json!([]));
}

#[tokio::test]
async fn keys_of_another_tenant_do_not_exist() {
    let world = World::start().await;
    let target = format!("{KEYS}/{}", stored_key().hash().id());
    let theirs = || edit("DELETE", &target).with_key(&other_tenant(), "admin");
    assert_eq!(theirs().send(&world).await.code(), (404, "api_key_not_found"));
    let list = world.get_with(KEYS, Some(&key(&other_tenant(), "admin"))).await;
    assert_eq!(list.body["data"], json!([]));
    let junk = edit("DELETE", &format!("{KEYS}/junk")).send(&world).await;
    assert_eq!(junk.code(), (404, "api_key_not_found"));
}

#[tokio::test]
async fn keys_are_listed_page_by_page() {
    let world = World::start().await;
    for _ in 0..3 {
        assert_eq!(edit("POST", KEYS).body(&shop()).send(&world).await.status, 201);
    }
    let first = edit("GET", &format!("{KEYS}?limit=3")).send(&world).await.body;
    assert_eq!(first["data"].as_array().unwrap().len(), 3);
    let cursor = first["next_cursor"].as_str().unwrap();
    let last = edit("GET", &format!("{KEYS}?limit=3&cursor={cursor}")).send(&world).await.body;
    assert_eq!((last["data"].as_array().unwrap().len(), &last["next_cursor"]), (1, &Value::Null));
}

#[tokio::test]
async fn a_key_needs_a_name_and_scopes_each_once() {
    let world = World::start().await;
    for body in [
        json!({ "name": "x", "scopes": [] }),
        json!({ "name": "x", "scopes": ["read", "read"] }),
        json!({ "name": "x", "scopes": ["root"] }),
        json!({ "name": "", "scopes": ["read"] }),
        json!({ "scopes": ["read"] }),
        json!({ "name": "x", "scopes": ["read"], "key": "llk_acme_0" }),
    ] {
        let refused = edit("POST", KEYS).body(&body).send(&world).await;
        assert_eq!(refused.code(), (422, "invalid_body"), "{body}");
    }
}
