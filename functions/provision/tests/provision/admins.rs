//! A tenant with its first admin.

use domain::{
    actor::Actor,
    user::{Role, UserId},
};
use dynamo::{AuditRange, MemberStatus};
use serde_json::{Value, json};
use testing::{Accounts, Faults, Tables};

use crate::world::{answer, create_tenant, fresh, now, vault, with_pool};

const ANA: &str = "ana@example.com";

fn for_ana(tenant: &str) -> Value {
    let mut payload = create_tenant(tenant);
    payload["admin_email"] = json!("Ana@Example.com");
    payload["admin_name"] = json!("Ana");
    payload
}

#[tokio::test]
async fn the_first_admin_is_invited_and_a_member_from_the_beginning() {
    let (tables, accounts) = (Tables::start().await, Accounts::default());
    let provision = with_pool(tables.store.clone(), &accounts);

    let made = answer(&provision, for_ana("demo"), 1).await;

    let code = made["admin"]["invitation_code"].as_str().unwrap();
    assert_eq!(accounts.last_code(ANA).as_deref(), Some(code));
    let user = UserId::from_subject(&accounts.subject(ANA).unwrap()).unwrap();
    assert_eq!(made["admin"]["user"], user.as_str());
    let demo = "demo".parse().unwrap();
    assert_eq!(tables.store.tenant_of_user(&user).await.unwrap().as_ref(), Some(&demo));
    let member = tables.store.member(&demo, &user).await.unwrap().unwrap();
    assert_eq!((member.role, member.status), (Role::Admin, MemberStatus::Invited));
    let stored = tables.store.tenant(&demo).await.unwrap().unwrap();
    let keyring = vault().unwrap(&demo, &stored.wrapped_keyring).await.unwrap();
    assert_eq!(keyring.open_value(user.as_str(), "email", &member.email).unwrap(), ANA);
    let log = tables.store.audit_entries(&demo, AuditRange::default(), None, 10).await.unwrap();
    let [made] = log.as_slice() else { panic!("one entry: {log:?}") };
    assert_eq!((made.action.as_str(), made.object_id.as_str()), ("tenant.created", "demo"));
    assert_eq!((&made.actor, made.at), (&Actor::System, now()));
    assert_eq!(made.fields, ["name", "admin", "api_keys"]);
}

#[tokio::test]
async fn nobody_gets_a_second_tenant_or_another_code_for_one() {
    let (tables, accounts) = (Tables::start().await, Accounts::default());
    let provision = with_pool(tables.store.clone(), &accounts);
    answer(&provision, for_ana("demo"), 1).await;
    let code = accounts.last_code(ANA);

    let refused = answer(&provision, for_ana("other"), 20).await;
    assert_eq!(refused["error"]["code"], "user_exists");
    let refused = answer(&provision, for_ana("demo"), 30).await;
    assert_eq!(refused["error"]["code"], "tenant_exists");

    assert_eq!(tables.store.tenant(&"other".parse().unwrap()).await.unwrap(), None);
    assert_eq!(accounts.last_code(ANA), code);
}

#[tokio::test]
async fn an_account_that_the_admin_had_before_is_replaced_and_proves_nothing() {
    let (tables, accounts) = (Tables::start().await, Accounts::default());
    accounts.has_signed_in(ANA);
    let before = UserId::from_subject(&accounts.subject(ANA).unwrap()).unwrap();
    let provision = with_pool(tables.store.clone(), &accounts);
    let made = answer(&provision, for_ana("demo"), 1).await;
    let code = made["admin"]["invitation_code"].as_str().unwrap();
    assert_eq!(accounts.last_code(ANA).as_deref(), Some(code));
    assert_ne!(made["admin"]["user"], before.as_str());
    assert_eq!(tables.store.tenant_of_user(&before).await.unwrap(), None);
}

#[tokio::test]
async fn a_crash_at_any_call_is_mended_by_the_next_try() {
    for calls in 0..10 {
        let (tables, accounts) = (Tables::start().await, Accounts::default());
        let crashing = tables.with_faults(&Faults::crash_after(calls, true));
        let crashed = with_pool(crashing, &accounts);
        let _ = crashed.handle(for_ana("demo"), now(), &fresh(1)).await;
        let provision = with_pool(tables.store.clone(), &accounts);
        let again = answer(&provision, for_ana("demo"), 50).await;
        let exists = again["error"]["code"] == "tenant_exists";
        assert!(exists || again["admin"]["invitation_code"].is_string(), "{calls}: {again}");
        let user = UserId::from_subject(&accounts.subject(ANA).unwrap()).unwrap();
        let tenant = tables.store.tenant_of_user(&user).await.unwrap();
        assert_eq!(tenant.unwrap().as_str(), "demo", "{calls}");
    }
}

#[tokio::test]
async fn without_the_user_pool_there_is_no_tenant() {
    let (tables, accounts) = (Tables::start().await, Accounts::default());
    accounts.fail_with(Some(("InternalErrorException", 500)));
    let provision = with_pool(tables.store.clone(), &accounts);
    assert!(provision.handle(for_ana("demo"), now(), &fresh(1)).await.is_err());
    assert_eq!(tables.store.tenant(&"demo".parse().unwrap()).await.unwrap(), None);
}
