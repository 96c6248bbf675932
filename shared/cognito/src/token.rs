//! Access tokens of the pool: whether one was given by the pool, to this client, and still counts.
//!
//! Invariant: a token only says who somebody is. Which algorithm verifies it is decided here, never
//! by the token, and no part of a token is logged.

use domain::{time::Timestamp, user::UserId};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use serde::Deserialize;

use crate::{
    fetch::{FetchError, Source},
    keys::Keys,
    rs256,
};

/// By how much the pool's clock may differ from the gateway's.
const LEEWAY_SECONDS: i64 = 30;

/// Cognito's tokens have some 1,200 bytes.
const MAX_BYTES: usize = 16 * 1024;

/// Verifies access tokens.
#[derive(Debug)]
pub struct TokenVerifier {
    keys: Keys,
    client_id: String,
    validation: Validation,
}

/// Says why a token proves nothing.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// It was not given by this pool to this client, or counts no more.
    #[error("{0}")]
    Invalid(&'static str),
    /// It could not be verified: the pool's keys are not to be had.
    #[error("the keys of the user pool could not be fetched")]
    Unavailable(#[source] FetchError),
}

#[derive(Deserialize)]
struct Claims {
    sub: String,
    exp: i64,
    iat: i64,
    nbf: Option<i64>,
    token_use: String,
    client_id: Option<String>,
}

impl TokenVerifier {
    /// Takes where the pool's keys are, who it says it is (`iss`), and the client that tokens are
    /// given to. Nothing is fetched before the first token comes.
    pub fn new(
        keys_url: impl Into<String>,
        issuer: impl Into<String>,
        client_id: impl Into<String>,
    ) -> Self {
        rs256::install();
        let mut validation = Validation::new(Algorithm::RS256);
        validation.set_issuer(&[issuer.into()]);
        validation.set_required_spec_claims(&["exp", "iss", "sub"]);
        // The instants are checked here, against the instant of the request. An access token has
        // no audience; it names its client.
        validation.validate_exp = false;
        validation.validate_aud = false;
        Self { keys: Keys::new(Source::new(keys_url)), client_id: client_id.into(), validation }
    }

    /// Finds out whose token it is.
    pub async fn verify(&self, token: &str, now: Timestamp) -> Result<UserId, TokenError> {
        let invalid = TokenError::Invalid;
        if token.len() > MAX_BYTES {
            return Err(invalid("the token is too long"));
        }
        let header = decode_header(token).map_err(|_| invalid("this is no signed token"))?;
        if header.alg != Algorithm::RS256 {
            return Err(invalid("the token is not signed with RS256"));
        }
        let key_id = header.kid.ok_or(invalid("the token does not name its key"))?;
        let key = self.keys.find(&key_id, now).await.map_err(TokenError::Unavailable)?;
        let key = key.ok_or(invalid("the token's key is not the user pool's"))?;
        self.read(token, &key, now)
    }

    fn read(&self, token: &str, key: &DecodingKey, now: Timestamp) -> Result<UserId, TokenError> {
        let invalid = TokenError::Invalid;
        let token = decode::<Claims>(token, key, &self.validation)
            .map_err(|_| invalid("the token was not made by the user pool"))?;
        let claims = token.claims;
        let now = now.millis().div_euclid(1_000);
        if claims.exp.saturating_add(LEEWAY_SECONDS) <= now {
            return Err(invalid("the token has expired"));
        }
        let begins = claims.nbf.unwrap_or(claims.iat).max(claims.iat);
        if begins.saturating_sub(LEEWAY_SECONDS) > now {
            return Err(invalid("the token is not valid yet"));
        }
        if claims.token_use != "access" {
            return Err(invalid("this is no access token"));
        }
        if claims.client_id.as_deref() != Some(self.client_id.as_str()) {
            return Err(invalid("the token was given to another client"));
        }
        UserId::from_subject(&claims.sub).map_err(|_| invalid("the token names no user"))
    }
}
