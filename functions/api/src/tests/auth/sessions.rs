//! Sessions: challenges, refreshes, and their end.

use serde_json::{Value, json};

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
    let pool = cognito::UserPool::new(&desk.pool.config(), "us-east-1_test", "3h7k");
    let code = cognito::InvitationCode::new([1; 16]);
    pool.invite(&ANA.parse().unwrap(), None, code.clone()).await.unwrap();
    let told = desk.sign_in(ANA, code.reveal()).await;
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
