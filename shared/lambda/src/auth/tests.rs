//! What callers see of authentication.

use std::sync::Mutex;

use domain::{
    actor::Actor,
    api_key::{ApiKey, Scope},
    event::Sealed,
    rate_limit::RateLimits,
    tenant::TenantId,
    user::Role,
};
use dynamo::{Member, StoreError};
use vault::Keyring;

use super::*;

const KEY: &str = "llk_acme_0123456789abcdef0123456789abcdef01234567";

/// A directory that answers what it is told, and counts how often it was asked.
#[derive(Debug, Default)]
struct Told {
    known: Mutex<bool>,
    broken: Mutex<bool>,
    asked: Mutex<usize>,
}

impl Told {
    fn knowing() -> Self {
        Self { known: Mutex::new(true), ..Self::default() }
    }

    fn find(&self, who: impl Fn(TenantId) -> Who) -> Result<Option<Caller>, FindError> {
        *self.asked.lock().unwrap() += 1;
        if *self.broken.lock().unwrap() {
            let code = "ThrottlingException".to_owned();
            return Err(FindError::Store(StoreError::Unavailable { operation: "GetItem", code }));
        }
        let acme: TenantId = "acme".parse().unwrap();
        let keyring = Arc::new(Keyring::new(acme.clone(), [1; 32], [2; 32]));
        let limits = RateLimits::default();
        let known = *self.known.lock().unwrap();
        Ok(known.then(|| Caller { who: who(acme), keyring, limits }))
    }
}

impl CallerDirectory for Told {
    async fn find(&self, key: &ApiKeyText, _: Timestamp) -> Result<Option<Caller>, FindError> {
        let (id, scopes) = (key.hash().id(), [Scope::Ingest].into());
        Self::find(self, |tenant| {
            Who::Key(ApiKey {
                id: id.clone(),
                tenant,
                name: "web".into(),
                scopes: Clone::clone(&scopes),
            })
        })
    }

    async fn find_user(&self, user: &UserId, now: Timestamp) -> Result<Option<Caller>, FindError> {
        let email = Sealed(String::new());
        Self::find(self, |tenant| {
            let (id, email) = (user.clone(), email.clone());
            Who::User(Member::invited(tenant, id, Role::Manager, email, Actor::System, now))
        })
    }
}

/// A check that takes the tokens whose last part names the minute in which they run out.
#[derive(Debug)]
struct ByMinute;

impl TokenCheck for ByMinute {
    fn check<'t>(&'t self, token: &'t str, now: Timestamp) -> Checking<'t> {
        Box::pin(async move {
            if token.ends_with("ZG93bg") {
                return Err(TokenError::Unavailable("no keys".into()));
            }
            let minutes: Option<i64> =
                token.rsplit('.').next().and_then(|text| text.trim_matches('A').parse().ok());
            match minutes {
                Some(minutes) if now < at(60_000 * minutes) => Ok(user()),
                Some(_) => Err(TokenError::Invalid("it has expired")),
                None => Err(TokenError::Invalid("it is not signed as it must be")),
            }
        })
    }
}

fn user() -> UserId {
    "user_019a0b3c-4d5e-7f60-8a1b-2c3d4e5f6071".parse().unwrap()
}

fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(1_700_000_000_000 + millis).unwrap()
}

fn presented() -> Presented {
    Presented::Key(KEY.parse().unwrap())
}

/// A token that is valid until that minute.
fn token(minute: &str) -> Presented {
    Presented::Token(Token::read(&format!("e30.e30.{minute:A>4}")).unwrap())
}

fn for_people(directory: Told) -> Authenticator<Told> {
    Authenticator::new(directory).with_tokens(Arc::new(ByMinute))
}

fn asked(auth: &Authenticator<Told>) -> usize {
    *auth.directory().asked.lock().unwrap()
}

async fn refused(
    auth: &Authenticator<Told>,
    presented: &Presented,
    millis: i64,
) -> (u16, &'static str) {
    let problem = auth.authenticate(presented, at(millis)).await.unwrap_err();
    (problem.status().as_u16(), problem.code())
}

#[tokio::test]
async fn a_known_key_is_looked_up_once_a_minute() {
    let auth = Authenticator::new(Told::knowing());
    for millis in [0, 1, 59_999, 60_000, 60_001] {
        let caller = auth.authenticate(&presented(), at(millis)).await.unwrap();
        assert_eq!(caller.tenant().as_str(), "acme");
    }
    assert_eq!(asked(&auth), 2);
}

#[tokio::test]
async fn an_unknown_key_is_401_and_looked_up_once_a_minute() {
    let auth = Authenticator::new(Told::default());
    for millis in [0, 30_000, 60_000] {
        assert_eq!(refused(&auth, &presented(), millis).await, (401, "invalid_api_key"));
    }
    assert_eq!(asked(&auth), 2);
}

#[tokio::test]
async fn without_a_readable_credential_nobody_is_asked() {
    let auth = for_people(Told::knowing());
    for (presented, code) in [
        (Presented::Nothing, "missing_credentials"),
        (Presented::Unreadable, "invalid_api_key"),
        (token("0"), "invalid_token"),
        (token("x"), "invalid_token"),
    ] {
        assert_eq!(refused(&auth, &presented, 0).await, (401, code), "{presented:?}");
    }
    assert_eq!(asked(&auth), 0);
}

#[tokio::test]
async fn a_silent_store_is_503_and_remembered_by_nobody() {
    let auth = for_people(Told::knowing());
    for presented in [presented(), token("9")] {
        *auth.directory().broken.lock().unwrap() = true;
        assert_eq!(refused(&auth, &presented, 0).await, (503, "auth_unavailable"));
        *auth.directory().broken.lock().unwrap() = false;
        assert!(auth.authenticate(&presented, at(1)).await.is_ok());
        *auth.directory().broken.lock().unwrap() = true;
        let late = refused(&auth, &presented, 70_000).await;
        assert_eq!(late.0, 503, "an old answer is no answer");
    }
    let unchecked = Presented::Token(Token::read("e30.e30.ZG93bg").unwrap());
    assert_eq!(refused(&auth, &unchecked, 0).await, (503, "auth_unavailable"));
}

#[tokio::test]
async fn a_member_is_looked_up_once_a_minute_and_the_token_checked_each_time() {
    let auth = for_people(Told::knowing());
    for millis in [0, 59_999, 60_000] {
        let caller = auth.authenticate(&token("2"), at(millis)).await.unwrap();
        assert_eq!(caller.actor(), Actor::User(user()));
    }
    assert_eq!(asked(&auth), 2);
    assert_eq!(refused(&auth, &token("2"), 120_000).await, (401, "invalid_token"));
    assert!(auth.authenticate(&token("3"), at(119_999)).await.is_ok());
    assert_eq!(asked(&auth), 2, "another token of the same person asks for no other membership");
}

#[tokio::test]
async fn who_was_shut_out_is_403_within_a_minute_and_who_was_let_in_is_served_within_one() {
    let auth = for_people(Told::knowing());
    assert!(auth.authenticate(&token("9"), at(0)).await.is_ok());
    *auth.directory().known.lock().unwrap() = false;
    assert!(auth.authenticate(&token("9"), at(59_999)).await.is_ok(), "it is still remembered");
    assert_eq!(refused(&auth, &token("9"), 60_000).await, (403, "no_membership"));
    *auth.directory().known.lock().unwrap() = true;
    assert_eq!(refused(&auth, &token("9"), 119_999).await, (403, "no_membership"));
    assert!(auth.authenticate(&token("9"), at(120_000)).await.is_ok());
    assert_eq!(asked(&auth), 3);
}

#[tokio::test]
async fn where_no_token_is_taken_each_is_401() {
    let auth = Authenticator::new(Told::knowing());
    assert_eq!(refused(&auth, &token("9"), 0).await, (401, "invalid_token"));
    assert_eq!(asked(&auth), 0);
}
