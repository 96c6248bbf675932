//! What is refused, and how that is told.

use serde_json::{Value, json};

use super::desk::{ANA, Desk, PASSWORD};

#[tokio::test]
async fn a_pool_that_does_not_answer_is_told_apart_from_one_that_says_no() {
    let desk = Desk::open().await;
    desk.with_user(ANA).await;
    for (failure, expected, retry_after) in [
        (("InternalErrorException", 500), (503, "temporarily_unavailable"), "1"),
        (("TooManyRequestsException", 400), (429, "too_many_attempts"), "60"),
        (("LimitExceededException", 400), (429, "too_many_attempts"), "60"),
        (("PasswordResetRequiredException", 400), (403, "password_reset_required"), ""),
        (("InvalidParameterException", 400), (422, "invalid_body"), ""),
        (("ResourceNotFoundException", 400), (500, "internal_error"), ""),
    ] {
        desk.pool.fail_with(Some(failure));
        let told = desk.sign_in(ANA, PASSWORD).await;
        assert_eq!(
            (told.code(), told.header("retry-after")),
            (expected, retry_after),
            "{failure:?}"
        );
    }
    for route in ["forgot-password", "confirm/resend"] {
        desk.pool.fail_with(Some(("LimitExceededException", 400)));
        let told = desk.ask(route, json!({"email": ANA})).await;
        assert_eq!(told.code(), (429, "too_many_attempts"), "{route}");
    }
}

#[tokio::test]
async fn an_address_is_tried_only_so_often_a_minute_by_all_routes_together() {
    let desk = Desk::open().await;
    let body = json!({"email": ANA, "password": PASSWORD, "code": "000000"});
    let take = |names: &[&str]| -> Value {
        names.iter().map(|name| ((*name).to_owned(), body[name].clone())).collect()
    };
    let routes = [
        ("sign-in", take(&["email", "password"])),
        ("confirm", take(&["email", "code"])),
        ("confirm/resend", take(&["email"])),
        ("forgot-password", take(&["email"])),
        ("reset-password", take(&["email", "code", "password"])),
    ];
    // A minute may end meanwhile, and then twice as many are let through.
    let mut tried = 0;
    let told = loop {
        let (route, body) = &routes[tried % routes.len()];
        let told = desk.ask(route, body.clone()).await;
        if told.status == 429 {
            break told;
        }
        tried += 1;
        assert!(tried <= 40, "{tried} were let through");
    };
    assert!(tried >= 20, "{tried}");
    assert_eq!(told.code(), (429, "too_many_attempts"));
    assert!((1..=60).contains(&told.header("retry-after").parse::<u32>().unwrap()));
    assert!(!told.body.to_string().contains("ana@"));
    let calls = desk.pool.calls().len();
    assert_eq!(desk.sign_in("bo@example.com", PASSWORD).await.status, 401);
    assert!(desk.pool.calls().len() > calls);
}

#[tokio::test]
async fn a_body_that_does_not_fit_is_told_with_its_field_and_never_repeated() {
    let desk = Desk::open().await;
    let good = json!({"email": ANA, "password": PASSWORD, "organisation": "Acme"});
    let with = |name: &str, value: Value| {
        let mut body = good.clone();
        body[name] = value;
        body
    };
    for (route, body, field) in [
        ("sign-up", with("email", json!("ana")), "email"),
        ("sign-up", with("email", json!("ana@localhost")), "email"),
        ("sign-up", with("organisation", json!("")), "organisation"),
        ("sign-up", with("organisation", json!("\u{3000}")), "organisation"),
        ("sign-up", with("organisation", json!(null)), "body"),
        ("sign-up", with("invitation_code", json!("x")), "body"),
        ("sign-up", with("role", json!("admin")), "body"),
        ("sign-up", with("password", json!(7)), "password"),
        ("sign-in", json!({"email": ANA, "password": ""}), "password"),
        ("sign-in", json!({"email": ANA, "password": "x".repeat(257)}), "password"),
        ("confirm", json!({"email": ANA, "code": "12345"}), "code"),
        ("confirm", json!({"email": ANA, "code": "12345a"}), "code"),
        ("refresh", json!({"refresh_token": ""}), "refresh_token"),
        ("sign-out", json!({"refresh_token": "x".repeat(8_193)}), "refresh_token"),
        (
            "challenge",
            json!({"challenge": "device_srp_auth", "session": "a.b", "code": "1"}),
            "challenge",
        ),
        (
            "challenge",
            json!({"challenge": "email_otp", "session": "a", "code": "123456"}),
            "session",
        ),
        (
            "challenge",
            json!({"challenge": "email_otp", "session": "a.b", "password": PASSWORD}),
            "body",
        ),
    ] {
        let told = desk.ask(route, body.clone()).await;
        assert_eq!((told.code(), told.field().0), ((422, "invalid_body"), field), "{route} {body}");
        let text = told.body.to_string();
        assert!(!text.contains("ana") && !text.contains(PASSWORD), "{text}");
    }
    assert!(desk.pool.calls().is_empty());
}
