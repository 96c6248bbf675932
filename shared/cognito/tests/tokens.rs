//! Which tokens are believed, with keys from a server that counts how often it is asked.
#![allow(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test that cannot go on has failed"
)]

mod issuer;

use cognito::{TokenError, TokenVerifier};
use domain::time::Timestamp;
use serde_json::{Value, json};

use self::issuer::{CLIENT, ISSUER, KeyServer, Signer, claims, encode};

const NOW: i64 = 1_800_000_000;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_millis((NOW + seconds) * 1_000).unwrap()
}

fn verifier(server: &KeyServer) -> TokenVerifier {
    TokenVerifier::new(server.url(), ISSUER, CLIENT)
}

fn with(name: &str, value: Value) -> Value {
    let mut claims = claims(NOW);
    claims[name] = value;
    claims
}

fn reason(error: &TokenError) -> &'static str {
    match error {
        TokenError::Invalid(reason) => reason,
        TokenError::Unavailable(_) => "unavailable",
    }
}

#[tokio::test]
async fn an_access_token_of_the_pool_names_its_user() {
    let one = Signer::new("one", 1);
    let server = KeyServer::start(&[&one]).await;
    let user = verifier(&server).verify(&one.sign(&claims(NOW)), at(0)).await.unwrap();
    assert_eq!(user.subject(), claims(NOW)["sub"].as_str().unwrap());
}

#[tokio::test]
async fn a_token_is_believed_only_with_every_claim_in_place() {
    let one = Signer::new("one", 1);
    let server = KeyServer::start(&[&one]).await;
    let verifier = verifier(&server);
    for (name, value, expected) in [
        ("iss", json!("https://cognito-idp.us-east-1.amazonaws.com/other"), "not made"),
        ("iss", json!(null), "not made"),
        ("client_id", json!("another"), "another client"),
        ("client_id", json!(null), "another client"),
        ("token_use", json!("id"), "no access token"),
        ("token_use", json!(null), "not made"),
        ("exp", json!(NOW - 30), "expired"),
        ("exp", json!("never"), "not made"),
        ("exp", json!(-1), "not made"),
        ("iat", json!(NOW + 31), "not valid yet"),
        ("nbf", json!(NOW + 31), "not valid yet"),
        ("iat", json!(i64::MAX), "not valid yet"),
        ("sub", json!("root"), "names no user"),
        ("sub", json!(null), "not made"),
    ] {
        let token = one.sign(&with(name, value.clone()));
        let error = verifier.verify(&token, at(0)).await.unwrap_err();
        assert!(reason(&error).contains(expected), "{name} {value}: {error}");
    }
    for (name, value) in [("exp", NOW - 29), ("iat", NOW + 30), ("nbf", NOW + 30)] {
        let token = one.sign(&with(name, json!(value)));
        assert!(verifier.verify(&token, at(0)).await.is_ok(), "{name} {value}");
    }
}

#[tokio::test]
async fn the_token_does_not_decide_how_it_is_verified() {
    let one = Signer::new("one", 1);
    let server = KeyServer::start(&[&one]).await;
    let verifier = verifier(&server);
    let genuine = one.sign(&claims(NOW));
    let (message, signature) = genuine.rsplit_once('.').unwrap();
    let (_, payload) = message.split_once('.').unwrap();
    let header = |alg: &str| encode(json!({"alg": alg, "kid": "one"}).to_string().as_bytes());
    let other_claims = encode(with("sub", json!("0")).to_string().as_bytes());
    let forged = Signer::new("one", 2).sign(&claims(NOW));
    for token in [
        String::new(),
        "a.b.c".to_owned(),
        format!("{message}."),
        message.to_owned(),
        format!("{genuine}.x"),
        format!("{}.{payload}.", header("none")),
        format!("{}.{payload}.{signature}", header("none")),
        one.sign_with_public_key_as_secret(&claims(NOW)),
        format!("{}.{payload}.{signature}", header("RS512")),
        format!("{}.{payload}.{signature}", header("PS256")),
        format!("{}.{other_claims}.{signature}", header("RS256")),
        forged,
        "x".repeat(20_000),
    ] {
        let error = verifier.verify(&token, at(0)).await.unwrap_err();
        assert!(matches!(error, TokenError::Invalid(_)), "{token}: {error:?}");
    }
    assert!(verifier.verify(&genuine, at(0)).await.is_ok());
}

#[tokio::test]
async fn keys_are_fetched_when_a_token_comes_and_then_kept_for_an_hour() {
    let one = Signer::new("one", 1);
    let server = KeyServer::start(&[&one]).await;
    let verifier = verifier(&server);
    assert_eq!(server.asked(), 0);
    for seconds in [0, 1, 3_599] {
        let token = one.sign(&claims(NOW + seconds));
        verifier.verify(&token, at(seconds)).await.unwrap();
        assert_eq!(server.asked(), 1, "{seconds}");
    }
    let token = one.sign(&claims(NOW + 3_600));
    verifier.verify(&token, at(3_600)).await.unwrap();
    assert_eq!(server.asked(), 2);
}

#[tokio::test]
async fn many_at_once_fetch_once() {
    let one = Signer::new("one", 1);
    let server = KeyServer::start(&[&one]).await;
    let verifier = &verifier(&server);
    let token = &one.sign(&claims(NOW));
    let verify = || verifier.verify(token, at(0));
    let (a, b, c) = tokio::join!(verify(), verify(), verify());
    assert!(a.is_ok() && b.is_ok() && c.is_ok());
    assert_eq!(server.asked(), 1);
}

#[tokio::test]
async fn a_rotated_key_is_found_and_unknown_ones_are_looked_for_once_in_ten_seconds() {
    let (one, two) = (Signer::new("one", 1), Signer::new("two", 2));
    let server = KeyServer::start(&[&one]).await;
    let verifier = verifier(&server);
    let token = |signer: &Signer, seconds| signer.sign(&claims(NOW + seconds));
    verifier.verify(&token(&one, 0), at(0)).await.unwrap();
    server.serve(&[&one, &two]);

    for seconds in 1..10 {
        let error = verifier.verify(&token(&two, seconds), at(seconds)).await.unwrap_err();
        assert!(reason(&error).contains("not the user pool's"), "{error}");
    }
    assert_eq!(server.asked(), 1);
    verifier.verify(&token(&two, 10), at(10)).await.unwrap();
    verifier.verify(&token(&one, 11), at(11)).await.unwrap();
    assert_eq!(server.asked(), 2);

    server.serve(&[&two]);
    verifier.verify(&token(&one, 12), at(12)).await.unwrap();
    assert!(verifier.verify(&token(&one, 4_000), at(4_000)).await.is_err());
}

#[tokio::test]
async fn old_keys_serve_for_a_day_when_no_new_ones_are_to_be_had() {
    let (one, two) = (Signer::new("one", 1), Signer::new("two", 2));
    let server = KeyServer::start(&[&one]).await;
    let verifier = verifier(&server);
    let token = |signer: &Signer, seconds| signer.sign(&claims(NOW + seconds));
    verifier.verify(&token(&one, 0), at(0)).await.unwrap();
    server.break_down();

    for seconds in [3_600, 3_605, 3_609, 86_399] {
        verifier.verify(&token(&one, seconds), at(seconds)).await.unwrap();
    }
    // The three within ten seconds of one another asked once.
    assert_eq!(server.asked(), 3);
    let error = verifier.verify(&token(&two, 86_399), at(86_399)).await.unwrap_err();
    assert_eq!(reason(&error), "unavailable");
    let error = verifier.verify(&token(&one, 86_400), at(86_400)).await.unwrap_err();
    assert_eq!(reason(&error), "unavailable");
    server.serve(&[&one]);
    verifier.verify(&token(&one, 86_409), at(86_409)).await.unwrap();
}

#[tokio::test]
async fn a_server_that_fails_is_asked_once_in_ten_seconds_whatever_token_comes() {
    let (one, two) = (Signer::new("one", 1), Signer::new("two", 2));
    let server = KeyServer::start(&[&one]).await;
    server.break_down();
    let verifier = verifier(&server);
    for seconds in 0..10 {
        for signer in [&one, &two] {
            let token = signer.sign(&claims(NOW));
            let error = verifier.verify(&token, at(seconds)).await.unwrap_err();
            assert_eq!(reason(&error), "unavailable");
        }
    }
    assert_eq!(server.asked(), 1);
    server.serve(&[&one]);
    verifier.verify(&one.sign(&claims(NOW)), at(10)).await.unwrap();
    assert_eq!(server.asked(), 2);
}

#[tokio::test]
async fn without_keys_nobody_is_believed_or_refused() {
    let one = Signer::new("one", 1);
    for answer in
        ["{}", "{\"keys\": []}", "{\"keys\": [{\"kty\": \"EC\", \"kid\": \"one\"}]}", "<html>"]
    {
        let server = KeyServer::start(&[]).await;
        server.serve_text(answer);
        let error = verifier(&server).verify(&one.sign(&claims(NOW)), at(0)).await.unwrap_err();
        assert_eq!(reason(&error), "unavailable", "{answer}");
    }
    let nobody = TokenVerifier::new("http://127.0.0.1:1/keys", ISSUER, CLIENT);
    let error = nobody.verify(&one.sign(&claims(NOW)), at(0)).await.unwrap_err();
    assert_eq!(reason(&error), "unavailable");
}

#[tokio::test]
async fn a_server_that_hangs_is_not_waited_for_long() {
    let one = Signer::new("one", 1);
    let server = KeyServer::start(&[&one]).await;
    server.hang();
    let began = std::time::Instant::now();
    let error = verifier(&server).verify(&one.sign(&claims(NOW)), at(0)).await.unwrap_err();
    assert_eq!(reason(&error), "unavailable");
    assert!(began.elapsed().as_secs() < 4, "{:?}", began.elapsed());
}
