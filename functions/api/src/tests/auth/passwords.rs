//! Forgotten passwords.

use serde_json::json;

use super::desk::{ANA, Desk, PASSWORD};

const NEW: &str = "a password that is new";

#[tokio::test]
async fn a_new_password_takes_the_place_of_the_old_and_ends_every_session() {
    let desk = Desk::open().await;
    desk.with_user(ANA).await;
    let signed_in = desk.sign_in(ANA, PASSWORD).await;
    let told = desk.ask("forgot-password", json!({"email": ANA})).await;
    assert_eq!((told.status, &told.body), (202, &json!({"sent_to": "a***@e***"})));
    let code = desk.pool.last_code(ANA).unwrap();
    let reset =
        |code: &str, password: &str| json!({"email": ANA, "code": code, "password": password});

    assert_eq!(
        desk.ask("reset-password", reset("000000", NEW)).await.code(),
        (422, "invalid_code")
    );
    let weak = desk.ask("reset-password", reset(&code, "short")).await;
    assert_eq!(weak.code(), (422, "password_too_weak"));
    assert_eq!(desk.sign_in(ANA, PASSWORD).await.status, 200);
    assert_eq!(desk.ask("reset-password", reset(&code, NEW)).await.status, 204);

    assert_eq!(desk.sign_in(ANA, PASSWORD).await.code(), (401, "invalid_credentials"));
    assert_eq!(desk.sign_in(ANA, NEW).await.status, 200);
    let token = json!({"refresh_token": signed_in.body["refresh_token"]});
    assert_eq!(desk.ask("refresh", token).await.code(), (401, "invalid_credentials"));
}

#[tokio::test]
async fn no_answer_tells_whether_an_address_is_known() {
    let desk = Desk::open().await;
    desk.with_user("ann@example.com").await;
    desk.sign_up("amy@example.com", "Acme").await;
    let pool = cognito::UserPool::new(&desk.pool.config(), "us-east-1_test", "3h7k");
    let invited = "ada@example.com".parse().unwrap();
    pool.invite(&invited, None, &cognito::InvitationCode::new([1; 16])).await.unwrap();
    let everybody = ["ann@example.com", "amy@example.com", "ada@example.com", "abe@example.com"];

    for (route, more) in [
        ("confirm/resend", json!({})),
        ("forgot-password", json!({})),
        ("confirm", json!({"code": "000000"})),
        ("reset-password", json!({"code": "000000", "password": NEW})),
        ("sign-up", json!({"password": NEW, "invitation_code": "0000-0000-0000-0000"})),
        ("sign-up", json!({"password": NEW, "organisation": "Acme"})),
    ] {
        let mut answers = Vec::new();
        for email in everybody {
            let mut body = more.clone();
            body["email"] = json!(email);
            let told = desk.ask(route, body).await;
            answers.push((told.status, told.body));
        }
        assert!(answers.iter().all(|answer| *answer == answers[0]), "{route}: {answers:?}");
    }
    let wrong = desk.sign_in("ann@example.com", NEW).await;
    let unknown = desk.sign_in("aba@example.com", NEW).await;
    assert_eq!((wrong.status, wrong.body), (unknown.status, unknown.body));
}
