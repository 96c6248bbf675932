//! Sessions: challenges, refreshes, and their end.

use dynamo::{Changed, Member};
use serde_json::{Value, json};
use testing::a_tenant;

use super::desk::{ANA, Desk, PASSWORD};

#[tokio::test]
async fn the_code_of_an_app_is_asked_for_and_let_through_once() {
    let desk = Desk::open().await;
    desk.with_user(ANA).await;
    desk.pool.ask_for_app_code(ANA, "482915");

    let told = desk.sign_in(ANA, PASSWORD).await;
    assert_eq!((told.status, &told.body["challenge"]), (200, &json!("software_token_mfa")));
    assert!(told.body.get("access_token").is_none());
    let answer = |code: &str| {
        let session = told.body["session"].clone();
        json!({"challenge": "software_token_mfa", "session": session, "code": code})
    };
    let wrong = desk.ask("challenge", answer("000000")).await;
    assert_eq!((wrong.code(), wrong.field()), ((422, "invalid_code"), ("code", "invalid_code")));
    let right = desk.ask("challenge", answer("482915")).await;
    assert_eq!((right.status, right.header("cache-control")), (200, "no-store"));
    assert!(right.body["tenant"].is_string() && right.body["access_token"].is_string());
    assert_eq!(desk.ask("challenge", answer("482915")).await.code(), (401, "invalid_credentials"));
}

#[tokio::test]
async fn an_invitation_can_be_accepted_as_a_challenge_too() {
    let desk = Desk::invited_only().await;
    let code = desk.invite(ANA).await;
    let told = desk.sign_in(ANA, &code).await;
    assert_eq!(told.body["challenge"], "new_password_required");
    let answer = |password: &str| {
        let session = told.body["session"].clone();
        json!({"challenge": "new_password_required", "session": session, "password": password})
    };
    assert_eq!(desk.ask("challenge", answer("short")).await.code(), (422, "password_too_weak"));
    assert_eq!(desk.ask("challenge", answer(PASSWORD)).await.status, 200);
    assert_eq!(desk.sign_in(ANA, PASSWORD).await.status, 200);
}

#[tokio::test]
async fn a_session_goes_on_until_it_is_ended() {
    let desk = Desk::open().await;
    desk.with_user(ANA).await;
    let signed_in = desk.sign_in(ANA, PASSWORD).await;
    let token = json!({"refresh_token": signed_in.body["refresh_token"]});

    let told = desk.ask("refresh", token.clone()).await;
    assert_eq!((told.status, told.header("cache-control")), (200, "no-store"));
    assert_eq!(told.body["refresh_token"], Value::Null);
    assert_eq!(told.body["tenant"], signed_in.body["tenant"]);

    assert_eq!(desk.ask("sign-out", token.clone()).await.status, 204);
    assert_eq!(desk.ask("refresh", token.clone()).await.code(), (401, "invalid_credentials"));
    assert_eq!(desk.ask("sign-out", token).await.status, 204);
}

#[tokio::test]
async fn a_session_is_ended_by_its_refresh_token_and_by_no_other_means() {
    let desk = Desk::open().await;
    desk.with_user(ANA).await;
    let signed_in = desk.sign_in(ANA, PASSWORD).await;
    let token = json!({"refresh_token": signed_in.body["refresh_token"]});
    for nothing in [None, Some(json!(null)), Some(json!({}))] {
        let told = desk.send("sign-out", nothing.as_ref()).await;
        assert_eq!((told.code(), told.field()), ((422, "invalid_body"), ("body", "missing_field")));
    }
    assert_eq!(desk.ask("refresh", token).await.status, 200, "it goes on");
}

#[tokio::test]
async fn white_space_around_an_address_does_not_count() {
    let desk = Desk::open().await;
    let padded = format!("  {ANA} ");
    assert_eq!(desk.sign_up(&padded, "Acme Ltda").await.status, 202);
    let code = desk.pool.last_code(ANA).unwrap();
    let confirmed = desk.ask("confirm", json!({"email": padded, "code": code})).await;
    assert_eq!(confirmed.status, 204, "{confirmed:?}");
    assert_eq!(desk.sign_in(&padded, PASSWORD).await.status, 200);
    assert_eq!(desk.sign_in(ANA, PASSWORD).await.status, 200);
}

/// Lets somebody act in their tenant, or not any more.
async fn set_active(desk: &Desk, active: bool) {
    let (store, user) = (&desk.tables.store, desk.user(ANA));
    let tenant = store.tenant_of_user(&user).await.unwrap().unwrap();
    let read = store.member(&tenant, &user).await.unwrap().unwrap();
    let next = Member { active, ..read.clone() };
    assert_eq!(store.put_member(&read, &next).await.unwrap(), Changed::Made);
}

#[tokio::test]
async fn who_was_deactivated_gets_no_tokens_until_they_are_let_in_again() {
    let desk = Desk::invited_only().await;
    let code = desk.invite(ANA).await;
    let accept = json!({"email": ANA, "password": PASSWORD, "invitation_code": code});
    let session = desk.ask("sign-up", accept.clone()).await;
    assert_eq!(session.status, 200, "{session:?}");
    let refresh = json!({"refresh_token": session.body["refresh_token"]});
    set_active(&desk, false).await;

    for (route, body) in [
        ("sign-in", json!({"email": ANA, "password": PASSWORD})),
        ("sign-up", accept),
        ("refresh", refresh.clone()),
    ] {
        let told = desk.ask(route, body).await;
        assert_eq!(told.code(), (403, "no_membership"), "{route}");
        assert!(!told.body.to_string().contains("token"), "{route}: {told:?}");
        // The session that the pool began for it is over.
        let ended = if route == "refresh" { "InitiateAuth" } else { "RevokeToken" };
        assert_eq!(desk.pool.calls().last().map(String::as_str), Some(ended), "{route}");
    }
    let wrong = desk.sign_in(ANA, "wrong horse battery").await;
    assert_eq!(wrong.code(), (401, "invalid_credentials"), "only who they are is told so");

    set_active(&desk, true).await;
    assert_eq!(desk.sign_in(ANA, PASSWORD).await.status, 200);
    assert_eq!(desk.ask("refresh", refresh).await.status, 200);
}

#[tokio::test]
async fn who_was_deactivated_before_they_came_does_not_get_in_by_the_invitation() {
    let desk = Desk::invited_only().await;
    let code = desk.invite(ANA).await;
    set_active(&desk, false).await;
    let accept = json!({"email": ANA, "password": PASSWORD, "invitation_code": code});
    assert_eq!(desk.ask("sign-up", accept).await.code(), (403, "no_membership"));
}

#[tokio::test]
async fn who_belongs_to_no_tenant_any_more_gets_no_tokens() {
    let desk = Desk::open().await;
    let code = desk.invite(ANA).await;
    let accept = json!({"email": ANA, "password": PASSWORD, "invitation_code": code});
    assert_eq!(desk.ask("sign-up", accept).await.status, 200);
    let (store, user) = (&desk.tables.store, desk.user(ANA));
    let member = store.member(&a_tenant(), &user).await.unwrap().unwrap();
    assert_eq!(store.remove_member(&member).await.unwrap(), Changed::Made);
    assert_eq!(desk.sign_in(ANA, PASSWORD).await.code(), (403, "no_membership"));
    assert_eq!(store.tenant_of_user(&user).await.unwrap(), None);
}
