//! Callers found in real tables, with a key service of the test's own.
#![expect(clippy::unwrap_used, reason = "a test that meets what it does not expect has failed")]

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_dynamodb::config::{Credentials, SharedCredentialsProvider};
use aws_smithy_http_client::test_util::infallible_client_fn;
use data_encoding::BASE64;
use domain::{
    actor::Actor,
    api_key::{ApiKey, ApiKeyText, Scope},
    event::Sealed,
    permission::Permission,
    tenant::TenantId,
    time::Timestamp,
    user::{Role, UserId},
};
use dynamo::{AuditRange, Member, MemberStatus, Store, StoredApiKey};
use lambda::auth::{CallerDirectory, Directory};
use serde_json::json;
use testing::{Fault, Faults, Tables};
use vault::Vault;

/// A key service that unwraps every keyring to the same one.
fn vault() -> Vault {
    let client = infallible_client_fn(|_| {
        let answer = json!({ "Plaintext": BASE64.encode(&[7; 64]) });
        http::Response::builder().status(200).body(answer.to_string()).unwrap()
    });
    let credentials = Credentials::new("test", "test", None, None, "test");
    let config = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .http_client(client)
        .build();
    Vault::new(&config, "alias/leadline")
}

fn acme() -> TenantId {
    "acme".parse().unwrap()
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn user() -> UserId {
    "user_019a0b3c-4d5e-7f60-8a1b-2c3d4e5f6071".parse().unwrap()
}

fn over(store: &Store) -> Directory {
    Directory::new(store.clone(), vault())
}

async fn stored_member(store: &Store) -> Member {
    store.member(&acme(), &user()).await.unwrap().unwrap()
}

async fn invite(store: &Store) {
    let (email, now) = (Sealed("sealed".to_owned()), at("2026-01-14T09:00:00Z"));
    let member = Member::invited(acme(), user(), Role::Manager, email, Actor::System, now);
    assert!(store.create_member(&member).await.unwrap());
}

async fn make_key(store: &Store) -> ApiKeyText {
    let text = ApiKeyText::compose(&acme(), &[1; 20]);
    let (id, name) = (text.hash().id(), "web".to_owned());
    let key = ApiKey { id, tenant: acme(), name, scopes: [Scope::Read].into() };
    let stored = StoredApiKey::new(key, at("2026-01-14T09:00:00Z"), Actor::System);
    store.create_api_key(&text.hash(), &stored).await.unwrap();
    text
}

#[tokio::test]
async fn who_comes_for_the_first_time_has_accepted_and_is_seen_once_a_day() {
    let tables = Tables::with_tenant(&acme()).await;
    let (store, directory) = (&tables.store, over(&tables.store));
    assert!(directory.find_user(&user(), at("2026-01-15T08:00:00Z")).await.unwrap().is_none());
    invite(store).await;
    for (now, seen) in [
        ("2026-01-15T08:00:00.000Z", "2026-01-15T08:00:00.000Z"),
        ("2026-01-15T23:59:59.999Z", "2026-01-15T08:00:00.000Z"),
        ("2026-01-16T00:00:00.000Z", "2026-01-16T00:00:00.000Z"),
    ] {
        let caller = directory.find_user(&user(), at(now)).await.unwrap().unwrap();
        assert_eq!((caller.tenant(), caller.actor()), (&acme(), Actor::User(user())));
        assert!(caller.may(Permission::RulesWrite) && !caller.may(Permission::UsersWrite));
        let kept = stored_member(store).await;
        assert_eq!((kept.status, kept.last_seen_at), (MemberStatus::Active, Some(at(seen))));
    }
    let log = store.audit_entries(&acme(), AuditRange::default(), None, 10).await.unwrap();
    let told: Vec<_> = log.iter().map(|entry| (entry.action.as_str(), &entry.actor)).collect();
    assert_eq!(told, [("user.joined", &Actor::User(user()))], "that they joined is told once");
    assert_eq!(
        (log[0].object_id.as_str(), log[0].at),
        (user().as_str(), at("2026-01-15T08:00:00Z"))
    );
}

#[tokio::test]
async fn who_is_not_active_is_nobody_and_not_seen() {
    let tables = Tables::with_tenant(&acme()).await;
    let store = &tables.store;
    invite(store).await;
    let read = stored_member(store).await;
    let inactive = Member { active: false, ..read.clone() };
    store.put_member(&read, &inactive).await.unwrap();
    let found = over(store).find_user(&user(), at("2026-01-15T08:00:00Z")).await.unwrap();
    assert!(found.is_none());
    assert_eq!(stored_member(store).await.last_seen_at, None);
    let log = store.audit_entries(&acme(), AuditRange::default(), None, 10).await.unwrap();
    assert!(log.is_empty());
}

#[tokio::test]
async fn a_key_is_found_until_it_is_revoked_and_the_day_of_use_kept() {
    let tables = Tables::with_tenant(&acme()).await;
    let (store, directory) = (&tables.store, over(&tables.store));
    let text = make_key(store).await;
    let now = at("2026-01-15T08:00:00Z");
    let caller = directory.find(&text, now).await.unwrap().unwrap();
    assert_eq!(caller.actor(), Actor::Key(text.hash().id()));
    let kept = store.api_key(&acme(), &text.hash()).await.unwrap().unwrap();
    assert_eq!(kept.stored.last_used_on, Some(now.day()));
    assert!(store.revoke_api_key(&acme(), &text.hash().id()).await.unwrap());
    assert!(directory.find(&text, now).await.unwrap().is_none());
}

#[tokio::test]
async fn a_note_that_fails_refuses_nobody() {
    let tables = Tables::with_tenant(&acme()).await;
    let store = &tables.store;
    let text = make_key(store).await;
    invite(store).await;
    let now = at("2026-01-15T08:00:00Z");
    // The key takes one read and a note, the user three reads and a note.
    for (reads, is_key) in [(1, true), (3, false)] {
        let faults =
            Faults::by_call(move |call| if call == reads { Fault::NotSent } else { Fault::None });
        let directory = over(&tables.with_faults(&faults));
        let found = if is_key {
            directory.find(&text, now).await.unwrap()
        } else {
            directory.find_user(&user(), now).await.unwrap()
        };
        assert!(found.is_some());
        assert_eq!(faults.calls(), reads + 1);
    }
    assert_eq!(stored_member(store).await.last_seen_at, None);
}
