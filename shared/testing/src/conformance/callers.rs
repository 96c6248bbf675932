//! Who may call: members, API keys, and the limits that a tenant sets.

use std::hash::{DefaultHasher, Hash, Hasher};

use domain::{
    actor::Actor,
    api_key::{ApiKey, ApiKeyText, Scope},
    event::Sealed,
    rate_limit::RateLimits,
    retention::Retention,
    tenant::TenantId,
    time::Timestamp,
    user::{Role, UserId},
};
use dynamo::{Changed, Member, StoredApiKey, TenantSettings};

use crate::Tables;

/// Runs every check of this part.
pub(super) async fn check(tables: &Tables, tenant: impl Fn(&str) -> TenantId) {
    the_last_acting_admin_stays(tables, &tenant("admins")).await;
    a_key_is_found_until_it_is_revoked(tables, &tenant("keys")).await;
    settings_are_changed_as_they_were_read(tables, &tenant("settings")).await;
}

fn now() -> Timestamp {
    "2026-01-15T12:00:00Z".parse().unwrap()
}

/// Names a user. Users belong to the installation, so each tenant has its own.
fn user(tenant: &TenantId, number: u8) -> UserId {
    let mut hasher = DefaultHasher::new();
    (tenant.as_str(), number).hash(&mut hasher);
    let digits = format!("{:012x}", hasher.finish() >> 16);
    format!("user_019a0b3c-4d5e-7f60-8a1b-{digits}").parse().unwrap()
}

/// Adds an admin who has signed in.
async fn add_admin(tables: &Tables, tenant: &TenantId, number: u8) -> Member {
    let id = user(tenant, number);
    let email = Sealed("sealed".to_owned());
    let member =
        Member::invited(tenant.clone(), id.clone(), Role::Admin, email, Actor::System, now());
    assert!(tables.store.create_member(&member).await.unwrap());
    assert!(!tables.store.create_member(&member).await.unwrap(), "a user is made once");
    assert!(tables.store.note_joined(tenant, &id, now()).await.unwrap());
    tables.store.note_seen(tenant, &id, now()).await.unwrap();
    tables.store.member(tenant, &id).await.unwrap().unwrap()
}

async fn the_last_acting_admin_stays(tables: &Tables, tenant: &TenantId) {
    let store = &tables.store;
    let (one, other) = (add_admin(tables, tenant, 1).await, add_admin(tables, tenant, 2).await);
    let viewer = Member { role: Role::Viewer, ..one.clone() };
    assert_eq!(store.put_member(&one, &viewer).await.unwrap(), Changed::Made);
    let stale = Member { active: false, ..one.clone() };
    assert_eq!(store.put_member(&one, &stale).await.unwrap(), Changed::Stale);
    assert_eq!(store.remove_member(&other).await.unwrap(), Changed::LastAdmin);
    let kept = store.member(tenant, &one.id).await.unwrap().unwrap();
    assert_eq!(store.remove_member(&kept).await.unwrap(), Changed::Made);
    assert_eq!(store.tenant_of_user(&one.id).await.unwrap(), None);
    let rest = store.members(tenant, None, 10).await.unwrap();
    assert_eq!(rest.len(), 1, "the other one is there");
}

async fn a_key_is_found_until_it_is_revoked(tables: &Tables, tenant: &TenantId) {
    tables.add_tenant(tenant).await;
    let store = &tables.store;
    let text = ApiKeyText::compose(tenant, &[1; 20]);
    let (hash, scopes) = (text.hash(), [Scope::Read].into());
    let key = ApiKey { id: hash.id(), tenant: tenant.clone(), name: "web".to_owned(), scopes };
    let stored = StoredApiKey::new(key, now(), Actor::System);
    store.create_api_key(&hash, &stored).await.unwrap();
    for _ in 0..2 {
        store.note_used(tenant, &hash, now().day()).await.unwrap();
    }
    let known = store.api_key(tenant, &hash).await.unwrap().unwrap();
    assert_eq!(known.stored.last_used_on, Some(now().day()));
    assert!(store.revoke_api_key(tenant, &hash.id()).await.unwrap());
    store.note_used(tenant, &hash, now().day()).await.unwrap();
    assert_eq!(store.api_key(tenant, &hash).await.unwrap(), None);
    assert!(!store.revoke_api_key(tenant, &hash.id()).await.unwrap());
}

async fn settings_are_changed_as_they_were_read(tables: &Tables, tenant: &TenantId) {
    tables.add_tenant(tenant).await;
    let store = &tables.store;
    let read = store.tenant_settings(tenant).await.unwrap().unwrap();
    let rate_limits = RateLimits { people: 200, ..RateLimits::default() };
    let retention = Retention { anonymise_after_days: None, ..Retention::default() };
    let next = TenantSettings { name: "New".to_owned(), rate_limits, retention, ..read.clone() };
    assert!(store.put_tenant_settings(tenant, &read, &next).await.unwrap());
    let newer = TenantSettings { name: "Newer".to_owned(), ..next.clone() };
    let blind = store.put_tenant_settings(tenant, &read, &newer).await.unwrap();
    assert!(!blind, "another change was made since");
    let kept = store.tenant_settings(tenant).await.unwrap().unwrap();
    assert_eq!(kept, TenantSettings { version: 1, ..next });
}
