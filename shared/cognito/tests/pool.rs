//! The user pool as a client of it sees it: invitations, and what becomes of the code.
#![allow(clippy::panic, clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use cognito::{
    Challenge, EmailAddress, InvitationCode, PoolError, Refusal, Secret, Session, SignIn, UserPool,
};
use domain::user::UserId;
use testing::{Accounts, PASSWORD};

fn ana() -> EmailAddress {
    "ana@example.com".parse().unwrap()
}

fn pool(accounts: &Accounts) -> UserPool {
    UserPool::new(&accounts.config(), "us-east-1_test", "3h7k")
}

fn code(byte: u8) -> InvitationCode {
    InvitationCode::new([byte; 16])
}

async fn invite(pool: &UserPool, byte: u8) -> Option<UserId> {
    pool.invite(&ana(), Some("Ana"), &code(byte)).await.unwrap()
}

/// Deletes who has the address, and invites it anew.
async fn replace(pool: &UserPool, byte: u8) -> UserId {
    let before = pool.find(&ana()).await.unwrap().unwrap().user;
    pool.delete(&before).await.unwrap();
    let after = invite(pool, byte).await.unwrap();
    assert_ne!(after, before);
    after
}

async fn challenge(pool: &UserPool, password: &str) -> Result<Session, PoolError> {
    match pool.sign_in(&ana(), &Secret::new(password)).await? {
        SignIn::Challenge { session, .. } => Ok(session),
        SignIn::In(_) => panic!("they are in"),
    }
}

#[tokio::test]
async fn an_invitation_is_accepted_with_a_password_of_ones_own() {
    let accounts = Accounts::default();
    let pool = pool(&accounts);
    let invited = invite(&pool, 1).await.unwrap();
    assert_eq!(accounts.last_code("ana@example.com").unwrap(), code(1).reveal());

    let session = challenge(&pool, code(1).reveal()).await.unwrap();
    let short = pool.answer(&session, Challenge::NewPassword, &Secret::new("short")).await;
    assert_eq!(short.unwrap_err().refusal(), Some(Refusal::PasswordTooWeak));
    let session: Session = session.reveal().parse().unwrap();
    let password = Secret::new("correct horse battery staple");
    let SignIn::In(signed_in) =
        pool.answer(&session, Challenge::NewPassword, &password).await.unwrap()
    else {
        panic!("nobody is in");
    };
    assert_eq!(signed_in.user, invited);
    assert_eq!(signed_in.email.as_deref(), Some("ana@example.com"));
    assert_eq!(signed_in.name.as_deref(), Some("Ana"));

    assert_eq!(invite(&pool, 2).await, None);
    assert!(matches!(pool.sign_in(&ana(), &password).await.unwrap(), SignIn::In(_)));
}

#[tokio::test]
async fn who_is_invited_again_after_a_deletion_is_another_user_and_the_last_code_counts() {
    let accounts = Accounts::default();
    let pool = pool(&accounts);
    let first = invite(&pool, 1).await.unwrap();
    let begun = challenge(&pool, code(1).reveal()).await.unwrap();

    replace(&pool, 2).await;

    assert_eq!(accounts.last_code("ana@example.com").unwrap(), code(2).reveal());
    let refused = challenge(&pool, code(1).reveal()).await.unwrap_err();
    assert_eq!(refused.refusal(), Some(Refusal::InvalidCredentials));
    let password = Secret::new("a password of Mallory's");
    let late = pool.answer(&begun, Challenge::NewPassword, &password).await.unwrap_err();
    assert_eq!(late.refusal(), Some(Refusal::InvalidCredentials));
    // A deletion that comes late, or again, takes nobody else.
    pool.delete(&first).await.unwrap();
    challenge(&pool, code(2).reveal()).await.unwrap();
}

#[tokio::test]
async fn who_had_the_address_of_somebody_else_is_shut_out_by_the_deletion() {
    for is_confirmed in [false, true] {
        let accounts = Accounts::default();
        let pool = pool(&accounts);
        let password = Secret::new("a password of Mallory's");
        pool.sign_up(&ana(), &password, None, "Mallory's").await.unwrap();
        let mailed = Secret::new(accounts.last_code("ana@example.com").unwrap());
        if is_confirmed {
            pool.confirm(&ana(), &mailed).await.unwrap();
        }

        replace(&pool, 1).await;

        assert!(pool.confirm(&ana(), &mailed).await.is_err());
        let refused = pool.sign_in(&ana(), &password).await.unwrap_err();
        assert_eq!(refused.refusal(), Some(Refusal::InvalidCredentials));
        challenge(&pool, code(1).reveal()).await.unwrap();
    }
}

#[tokio::test]
async fn a_pool_that_fails_is_told_apart_from_one_that_refuses() {
    let accounts = Accounts::default();
    let pool = pool(&accounts);
    for (failure, is_retryable) in [
        (("InternalErrorException", 500), true),
        (("ThrottlingException", 400), true),
        (("ResourceNotFoundException", 400), false),
    ] {
        accounts.fail_with(Some(failure));
        let error = pool.sign_in(&ana(), &Secret::new(PASSWORD)).await.unwrap_err();
        assert_eq!((error.refusal(), error.is_retryable()), (None, is_retryable), "{error}");
    }
}

#[tokio::test]
async fn a_session_ends_everywhere() {
    let accounts = Accounts::default();
    accounts.has_signed_in("ana@example.com");
    let pool = pool(&accounts);
    let signed_in = pool.sign_in(&ana(), &Secret::new(PASSWORD)).await.unwrap();
    let SignIn::In(signed_in) = signed_in else { panic!("nobody is in") };
    let token = signed_in.refresh_token.unwrap();
    let SignIn::In(refreshed) = pool.refresh(&token).await.unwrap() else { panic!("a challenge") };
    assert_eq!((refreshed.user, refreshed.refresh_token), (signed_in.user, None));

    pool.sign_out_everywhere(&ana()).await.unwrap();

    let refused = pool.refresh(&token).await.unwrap_err();
    assert_eq!(refused.refusal(), Some(Refusal::InvalidCredentials));
}

#[test]
fn what_is_no_session_is_refused_and_none_is_printed() {
    for bad in ["", "a", ".a", "a.", "a b.c", "a.b\n", &format!("a.{}", "x".repeat(2_400))] {
        assert!(bad.parse::<Session>().is_err(), "{bad}");
    }
    let session: Session = "ana@example.com.se+ss/ion=".parse().unwrap();
    assert_eq!(session.reveal(), "ana@example.com.se+ss/ion=");
    assert!(!format!("{session:?}").contains("se+ss"));
}
