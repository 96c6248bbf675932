//! Signing up, and the tenant that comes of it.

use domain::{actor::Actor, user::Role};
use dynamo::{AuditRange, Member, MemberStatus};
use serde_json::json;
use testing::{Fault, Faults, a_tenant};

use super::desk::{ANA, Desk, PASSWORD};

#[tokio::test]
async fn whoever_signs_up_has_a_tenant_after_the_first_sign_in() {
    let desk = Desk::open().await;
    let told = desk.sign_up("Ana@Example.com", "Indústria Acme").await;
    assert_eq!((told.status, &told.body), (202, &json!({"sent_to": "a***@e***"})));
    assert_eq!(desk.sign_in(ANA, PASSWORD).await.code(), (403, "not_confirmed"));
    assert_eq!(desk.confirm(ANA).await.status, 204);

    let told = desk.sign_in(ANA, PASSWORD).await;

    let user = desk.user(ANA);
    assert_eq!((told.status, told.header("cache-control")), (200, "no-store"));
    assert_eq!(told.body["user"], user.as_str());
    assert_eq!(
        (&told.body["token_type"], &told.body["expires_in"]),
        (&json!("Bearer"), &json!(3_600))
    );
    for token in ["access_token", "id_token", "refresh_token"] {
        assert!(told.body[token].is_string(), "{token}");
    }
    let tenant = told.body["tenant"].as_str().unwrap();
    assert!(tenant.starts_with("industria-acme-"), "{tenant}");
    let id = tenant.parse().unwrap();
    let member = desk.tables.store.member(&id, &user).await.unwrap().unwrap();
    assert_eq!((member.role, member.status), (Role::Admin, MemberStatus::Active));
    let stored = desk.tables.store.tenant(&id).await.unwrap().unwrap();
    assert_eq!(stored.name, "Indústria Acme");
    desk.tables.store.settings(&id).await.unwrap();

    assert_eq!(desk.sign_in(ANA, PASSWORD).await.body["tenant"], tenant);
    let log = desk.tables.store.audit_entries(&id, AuditRange::default(), None, 10).await.unwrap();
    let [made] = log.as_slice() else { panic!("one entry: {log:?}") };
    assert_eq!((made.action.as_str(), made.object_id.as_str()), ("tenant.created", tenant));
    assert_eq!(
        (&made.actor, &made.fields[..]),
        (&Actor::User(user), &["name", "admin"].map(str::to_owned)[..])
    );
}

#[tokio::test]
async fn organisations_of_one_name_are_tenants_of_their_own() {
    let desk = Desk::open().await;
    let mut tenants = Vec::new();
    for email in [ANA, "bo@example.com"] {
        desk.with_user(email).await;
        tenants.push(desk.sign_in(email, PASSWORD).await.body["tenant"].clone());
    }
    assert_ne!(tenants[0], tenants[1]);
    assert!(tenants.iter().all(|tenant| tenant.as_str().unwrap().starts_with("acme-ltda-")));
}

#[tokio::test]
async fn a_first_sign_in_that_was_cut_short_is_mended_by_the_next() {
    for calls in 0..9 {
        let desk = Desk::open().await;
        desk.with_user(ANA).await;
        let healthy = desk.tables.store.clone();
        let crashing = desk.tables.with_faults(&Faults::crash_after(calls, true));
        let desk = desk.through(crashing);
        let cut_short = desk.sign_in(ANA, PASSWORD).await;
        assert!([200, 503].contains(&cut_short.status), "{calls}: {cut_short:?}");

        let desk = desk.through(healthy);
        let told = desk.sign_in(ANA, PASSWORD).await;

        let tenant = told.body["tenant"].as_str().unwrap().parse().unwrap();
        let user = desk.user(ANA);
        assert_eq!(desk.tables.store.tenant_of_user(&user).await.unwrap(), Some(tenant));
    }
}

#[tokio::test]
async fn a_founder_who_was_deleted_gets_no_second_tenant_by_signing_in() {
    let desk = Desk::open().await;
    desk.with_user(ANA).await;
    let first = desk.sign_in(ANA, PASSWORD).await;
    let (tenant, ana) = (first.body["tenant"].as_str().unwrap().parse().unwrap(), desk.user(ANA));
    let store = &desk.tables.store;
    let founder = store.member(&tenant, &ana).await.unwrap().unwrap();
    let bo = "user_019a0b3c-4d5e-7f60-8a1b-000000000098".parse().unwrap();
    let bo = Member { id: bo, ..founder };
    assert!(store.create_member(&bo).await.unwrap());
    assert_eq!(desk.remove(&ana, &bo.id).await, 204);

    assert_eq!(desk.sign_in(ANA, PASSWORD).await.code(), (401, "invalid_credentials"));
    let refresh = json!({"refresh_token": first.body["refresh_token"]});
    assert_eq!(desk.ask("refresh", refresh).await.code(), (401, "invalid_credentials"));
    assert_eq!(store.tenant_of_user(&ana).await.unwrap(), None);
    // Who signs up again is somebody else.
    desk.with_user(ANA).await;
    let again = desk.sign_in(ANA, PASSWORD).await;
    assert_ne!(again.body["user"], ana.as_str());
    assert_ne!(again.body["tenant"], first.body["tenant"]);
}

#[tokio::test]
async fn whose_account_is_being_replaced_founds_nothing() {
    let desk = Desk::open().await;
    desk.with_user(ANA).await;
    let now = "2026-01-15T12:00:00Z".parse().unwrap();
    assert!(desk.tables.store.retire_user(&desk.user(ANA), now).await.unwrap());
    let told = desk.sign_in(ANA, PASSWORD).await;
    assert_eq!(told.code(), (403, "no_membership"));
    assert_eq!(desk.tables.store.tenant_of_user(&desk.user(ANA)).await.unwrap(), None);
}

#[tokio::test]
async fn a_sign_in_fails_while_the_tables_do() {
    let desk = Desk::open().await;
    desk.with_user(ANA).await;
    let failing = desk.tables.with_faults(&Faults::by_call(|_| Fault::NotSent));
    let told = desk.through(failing).sign_in(ANA, PASSWORD).await;
    assert_eq!(told.code(), (503, "temporarily_unavailable"));
}

#[tokio::test]
async fn where_sign_up_is_closed_only_an_invitation_lets_somebody_in() {
    let desk = Desk::invited_only().await;
    assert_eq!(desk.sign_up(ANA, "Acme").await.code(), (403, "sign_up_closed"));
    assert!(desk.pool.calls().is_empty());

    let code = desk.invite(ANA).await;
    let accept = json!({"email": ANA, "password": PASSWORD, "invitation_code": code});
    let told = desk.ask("sign-up", accept.clone()).await;
    assert_eq!((told.status, told.header("cache-control")), (200, "no-store"));
    assert_eq!(told.body["tenant"], a_tenant().as_str());
    assert!(told.body["access_token"].is_string());

    // The answer may have been lost: the same again is answered the same.
    assert_eq!(desk.ask("sign-up", accept).await.status, 200);
    let other = json!({"email": ANA, "password": "another long password", "invitation_code": code});
    let told = desk.ask("sign-up", other).await;
    assert_eq!(
        (told.code(), told.field()),
        ((422, "invalid_code"), ("invitation_code", "invalid_code"))
    );
    assert_eq!(desk.sign_in(ANA, PASSWORD).await.status, 200);
}

#[tokio::test]
async fn an_invitation_is_accepted_by_its_code_alone() {
    let desk = Desk::open().await;
    let code = desk.invite(ANA).await;
    let accept = |email: &str, password: &str, code: &str| json!({"email": email, "password": password, "invitation_code": code});
    let told = desk.ask("sign-up", accept(ANA, PASSWORD, "0000-0000-0000-0000")).await;
    assert_eq!(told.code(), (422, "invalid_code"));
    let told = desk.ask("sign-up", accept("bo@example.com", PASSWORD, &code)).await;
    assert_eq!(told.code(), (422, "invalid_code"));
    let told = desk.ask("sign-up", accept(ANA, "short", &code)).await;
    assert_eq!(
        (told.code(), told.field()),
        ((422, "password_too_weak"), ("password", "password_too_weak"))
    );
    assert_eq!(desk.ask("sign-up", accept(ANA, PASSWORD, &code)).await.status, 200);
    // What is somebody's password by now is no code.
    let told = desk.ask("sign-up", accept(ANA, "another long password", PASSWORD)).await;
    assert_eq!(told.code(), (422, "invalid_code"));
}

#[tokio::test]
async fn whoever_signs_up_twice_gets_another_code() {
    let desk = Desk::open().await;
    let first = desk.sign_up(ANA, "Acme").await;
    let code = desk.pool.last_code(ANA);
    let second = desk.sign_up(ANA, "Acme").await;
    assert_eq!((first.status, first.body), (second.status, second.body));
    assert_ne!(desk.pool.last_code(ANA), code);
    assert_eq!(desk.confirm(ANA).await.status, 204);
}
