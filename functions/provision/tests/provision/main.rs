//! The operations of `provision`, on real tables and a key service that remembers its context.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that cannot go on has failed"
)]

mod admins;
mod world;

use domain::{
    api_key::Scope,
    identity::{Identity, Kind},
    rule_set::RuleSet,
};
use provision::ProvisionError;
use serde_json::json;
use testing::{Fault, Faults, Tables};

use self::world::{answer, create_tenant, fresh, key, now, over, vault};

#[tokio::test]
async fn a_tenant_is_made_with_rules_and_two_keys_that_do_only_their_part() {
    let tables = Tables::start().await;
    let provision = over(tables.store.clone());

    let made = answer(&provision, create_tenant("demo"), 1).await;

    assert_eq!(made["tenant"], "demo");
    let demo = "demo".parse().unwrap();
    let settings = tables.store.settings(&demo).await.unwrap();
    assert_eq!(settings.rules.set(), &RuleSet::default_set().unwrap());
    let tenant = tables.store.tenant(&demo).await.unwrap().unwrap();
    assert_eq!((tenant.name.as_str(), tenant.created_at), ("Demo", now()));
    for (name, scopes) in
        [("ingest", vec![Scope::Ingest]), ("admin", vec![Scope::Read, Scope::Admin])]
    {
        let key = key(&made["keys"][name]);
        let stored = tables.store.api_key(&demo, &key.hash()).await.unwrap().unwrap();
        assert_eq!(stored.stored.key.scopes, scopes.into_iter().collect());
        assert_eq!(stored.stored.created_at, Some(now()));
        assert_eq!(stored.wrapped_keyring, tenant.wrapped_keyring);
    }
}

#[tokio::test]
async fn all_tenants_share_the_installation_secret_and_no_key() {
    let tables = Tables::start().await;
    let provision = over(tables.store.clone());
    let vault = vault();
    let identity = Identity::new(Kind::UserId, "7").unwrap();
    for (tenant, byte) in [("one", 10), ("two", 20)] {
        answer(&provision, create_tenant(tenant), byte).await;
        let id = tenant.parse().unwrap();
        let stored = tables.store.tenant(&id).await.unwrap().unwrap();
        let keyring = vault.unwrap(&id, &stored.wrapped_keyring).await.unwrap();
        let first = vault::InstallationKey::new([10; 32]).secret();
        assert_eq!(keyring.home(&identity, 0), first.home(&id, &identity, 0));
    }
}

#[tokio::test]
async fn an_existing_tenant_is_refused_and_stays_as_it_is() {
    let tables = Tables::start().await;
    let provision = over(tables.store.clone());
    answer(&provision, create_tenant("demo"), 1).await;
    let before = tables.store.tenant(&"demo".parse().unwrap()).await.unwrap();

    let again = answer(&provision, create_tenant("demo"), 50).await;

    let message = "there is a tenant demo already";
    assert_eq!(again, json!({"error": {"code": "tenant_exists", "message": message}}));
    assert_eq!(tables.store.tenant(&"demo".parse().unwrap()).await.unwrap(), before);
}

#[tokio::test]
async fn two_first_calls_at_once_agree_on_one_secret() {
    let tables = Tables::start().await;
    let (one, other) = (over(tables.store.clone()), over(tables.store.clone()));
    tokio::join!(answer(&one, create_tenant("one"), 10), answer(&other, create_tenant("two"), 20));
    let vault = vault();
    let identity = Identity::new(Kind::UserId, "7").unwrap();
    let kept = tables.store.installation_secret().await.unwrap().unwrap();
    let secret = vault.unwrap_installation(&kept).await.unwrap().secret();
    for tenant in ["one", "two"] {
        let id = tenant.parse().unwrap();
        let stored = tables.store.tenant(&id).await.unwrap().unwrap();
        let keyring = vault.unwrap(&id, &stored.wrapped_keyring).await.unwrap();
        assert_eq!(keyring.home(&identity, 0), secret.home(&id, &identity, 0));
    }
}

#[tokio::test]
async fn a_key_is_made_for_a_tenant_that_exists() {
    let tables = Tables::start().await;
    let provision = over(tables.store.clone());
    let payload = json!({
        "operation": "create_key", "tenant": "demo", "name": "Web site", "scopes": ["ingest"]
    });
    let refused = answer(&provision, payload.clone(), 1).await;
    assert_eq!(refused["error"]["code"], "tenant_not_found");

    answer(&provision, create_tenant("demo"), 10).await;
    let made = answer(&provision, payload, 20).await;

    let demo = "demo".parse().unwrap();
    let stored = tables.store.api_key(&demo, &key(&made["key"]).hash()).await.unwrap().unwrap();
    let key = stored.stored.key;
    assert_eq!(key.name, "Web site");
    assert!(key.allows(Scope::Ingest) && !key.allows(Scope::Read));
}

#[tokio::test]
async fn what_the_caller_got_wrong_is_answered_and_what_failed_here_fails() {
    let tables = Tables::start().await;
    let provision = over(tables.store.clone());
    let refused = answer(&provision, json!({"operation": "create_tenant"}), 1).await;
    assert_eq!(refused["error"]["code"], "invalid_payload");

    let unreachable = tables.with_faults(&Faults::by_call(|_| Fault::NotSent));
    let provision = over(unreachable);
    let failed = provision.handle(create_tenant("demo"), now(), &fresh(1)).await;
    assert!(matches!(failed, Err(ProvisionError::Store(error)) if error.is_retryable()));
}

#[tokio::test]
async fn a_crash_at_any_call_leaves_no_half_tenant() {
    for calls in 0..6 {
        let tables = Tables::start().await;
        let crashing = tables.with_faults(&Faults::crash_after(calls, false));
        let crashed = over(crashing);
        let first = crashed.handle(create_tenant("demo"), now(), &fresh(1)).await;
        let provision = over(tables.store.clone());
        let again = answer(&provision, create_tenant("demo"), 50).await;
        assert_eq!(first.is_ok(), again["error"]["code"] == "tenant_exists", "{calls}: {again}");
        tables.store.settings(&"demo".parse().unwrap()).await.unwrap();
    }
}

#[tokio::test]
async fn no_key_is_printed() {
    let tables = Tables::start().await;
    let provision = over(tables.store.clone());
    let made = provision.handle(create_tenant("demo"), now(), &fresh(0xa0)).await.unwrap();
    assert!(!format!("{made:?}").contains("a2a2"));
}
