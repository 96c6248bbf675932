//! API keys, what a tenant sets, and how one is made, as the tables keep them.
#![expect(clippy::unwrap_used, reason = "a test that meets what it does not expect has failed")]

use domain::{
    actor::Actor,
    api_key::{ApiKey, ApiKeyText, Scope},
    event::Sealed,
    rate_limit::RateLimits,
    rule_set::RuleSet,
    tenant::TenantId,
    time::Timestamp,
    user::{Role, UserId},
};
use dynamo::{Member, StoredApiKey, TenantSettings};
use testing::Tables;

fn acme() -> TenantId {
    "acme".parse().unwrap()
}

fn other() -> TenantId {
    "other".parse().unwrap()
}

fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(millis).unwrap()
}

fn id(number: u8) -> UserId {
    format!("user_019a0b3c-4d5e-7f60-8a1b-0000000000{number:02}").parse().unwrap()
}

/// Makes an admin of the other tenant.
fn admin(number: u8) -> Member {
    let email = Sealed(format!("sealed {number}"));
    Member::invited(other(), id(number), Role::Admin, email, Actor::System, at(1_000))
}

fn a_key(byte: u8) -> (ApiKeyText, StoredApiKey) {
    let text = ApiKeyText::compose(&acme(), &[byte; 20]);
    let key = ApiKey {
        id: text.hash().id(),
        tenant: acme(),
        name: format!("key {byte}"),
        scopes: [Scope::Read].into(),
    };
    (text, StoredApiKey::new(key, at(1_000), Actor::User(id(1))))
}

#[tokio::test]
async fn a_key_is_found_with_what_its_tenant_needs_until_it_is_revoked() {
    let tables = Tables::with_tenant(&acme()).await;
    let store = &tables.store;
    let (text, stored) = a_key(1);
    for _ in 0..2 {
        store.create_api_key(&text.hash(), &stored).await.unwrap();
    }
    let known = store.api_key(&acme(), &text.hash()).await.unwrap().unwrap();
    assert_eq!((known.stored, known.limits), (stored.clone(), RateLimits::default()));
    assert_eq!(store.api_key(&other(), &text.hash()).await.unwrap(), None);
    assert!(!store.revoke_api_key(&other(), &stored.key.id).await.unwrap());
    assert!(store.revoke_api_key(&acme(), &stored.key.id).await.unwrap());
    assert!(!store.revoke_api_key(&acme(), &stored.key.id).await.unwrap());
    assert_eq!(store.api_key(&acme(), &text.hash()).await.unwrap(), None);
}

#[tokio::test]
async fn the_day_of_use_only_moves_on_and_brings_no_key_back() {
    let tables = Tables::with_tenant(&acme()).await;
    let store = &tables.store;
    let (text, stored) = a_key(1);
    store.create_api_key(&text.hash(), &stored).await.unwrap();
    for (day, expected) in
        [("2026-11-20", "2026-11-20"), ("2026-11-19", "2026-11-20"), ("2026-11-21", "2026-11-21")]
    {
        store.note_used(&acme(), &text.hash(), day.parse().unwrap()).await.unwrap();
        let known = store.api_key(&acme(), &text.hash()).await.unwrap().unwrap();
        assert_eq!(known.stored.last_used_on, Some(expected.parse().unwrap()));
    }
    assert!(store.revoke_api_key(&acme(), &stored.key.id).await.unwrap());
    store.note_used(&acme(), &text.hash(), "2026-11-22".parse().unwrap()).await.unwrap();
    assert_eq!(store.api_keys(&acme(), None, 10).await.unwrap(), []);
}

#[tokio::test]
async fn keys_are_listed_page_by_page() {
    let tables = Tables::with_tenant(&acme()).await;
    let store = &tables.store;
    for byte in 1..=3 {
        let (text, stored) = a_key(byte);
        store.create_api_key(&text.hash(), &stored).await.unwrap();
    }
    let all = store.api_keys(&acme(), None, 10).await.unwrap();
    assert_eq!(all.len(), 3);
    let (first, second) = (&all[0], &all[1]);
    let page = store.api_keys(&acme(), Some(&first.key.id), 1).await.unwrap();
    assert_eq!(page, std::slice::from_ref(second));
    assert_eq!(store.api_keys(&other(), None, 10).await.unwrap(), []);
}

#[tokio::test]
async fn settings_are_changed_only_as_they_were_read_and_reach_every_key() {
    let tables = Tables::with_tenant(&acme()).await;
    let store = &tables.store;
    let read = store.tenant_settings(&acme()).await.unwrap().unwrap();
    assert_eq!((read.version, read.rate_limits), (0, RateLimits::default()));
    let limits = RateLimits { people: 200, ..RateLimits::default() };
    let put = async |read: &TenantSettings, name: &str| {
        let next = TenantSettings { name: name.to_owned(), rate_limits: limits, ..read.clone() };
        store.put_tenant_settings(&acme(), read, &next).await.unwrap()
    };
    // The second time as when the first answer got lost.
    for _ in 0..2 {
        assert!(put(&read, "New").await);
    }
    assert!(!put(&read, "Newer").await, "the first change was not seen");
    let next = store.tenant_settings(&acme()).await.unwrap().unwrap();
    assert_eq!((next.name.as_str(), next.version, next.rate_limits), ("New", 1, limits));
    assert!(put(&next, "Newer").await);
    let (text, stored) = a_key(1);
    store.create_api_key(&text.hash(), &stored).await.unwrap();
    let known = store.api_key(&acme(), &text.hash()).await.unwrap().unwrap();
    assert_eq!(known.limits, limits);
    let nobody = store.put_tenant_settings(&other(), &read, &read).await.unwrap();
    assert!(!nobody, "settings make no tenant");
}

#[tokio::test]
async fn a_tenant_is_made_with_its_first_admin_or_not_at_all() {
    let tables = Tables::with_tenant(&acme()).await;
    let store = &tables.store;
    let mut tenant = store.tenant(&acme()).await.unwrap().unwrap();
    tenant.id = other();
    let rules = RuleSet::default_set().unwrap();
    assert!(store.create_member(&Member { tenant: acme(), ..admin(1) }).await.unwrap());
    assert!(!store.create_tenant(&tenant, &rules, &[], Some(&admin(1))).await.unwrap());
    assert_eq!(store.tenant(&other()).await.unwrap(), None);
    assert!(store.create_tenant(&tenant, &rules, &[], Some(&admin(2))).await.unwrap());
    assert_eq!(store.tenant_of_user(&id(2)).await.unwrap(), Some(other()));
    assert_eq!(store.member(&other(), &id(2)).await.unwrap().unwrap().role, Role::Admin);
}
