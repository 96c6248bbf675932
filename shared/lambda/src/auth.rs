//! Who is calling: a program by its API key, in any of the places where senders put one, or a
//! person by the token of their session.
//!
//! Invariant: the tenant and what a caller may come from what is stored alone: of a key after its
//! hash was found, of a person after the token was checked and the membership found. A store that
//! does not answer makes a 503, never a guess.
//!
//! On time: a key is looked up by its SHA-256, in the cache and in the table alike, and never
//! compared as text. How long a look-up takes tells at most something about hashes, which does
//! not help to find a key with 160 bits of secret; so nothing here has to be constant-time.

mod cache;
mod caller;
mod credential;
mod directory;
mod token;

use std::sync::Arc;

use domain::{
    api_key::{ApiKeyText, KeyHash},
    time::Timestamp,
    user::UserId,
};

use self::cache::{Cache, Remembered};
pub use self::{
    caller::{Caller, Who},
    credential::{Presented, present},
    directory::{CallerDirectory, Directory, FindError},
    token::{Checking, Token, TokenCheck, TokenError},
};
use crate::{problem::Problem, telemetry::told};

/// Knows callers by their keys and tokens, and remembers for a minute whom it knew and whom not.
///
/// A key that was revoked is therefore served for up to a minute more, and so is a person whose
/// role was changed or who was shut out.
#[derive(Debug)]
pub struct Authenticator<D> {
    directory: D,
    tokens: Option<Arc<dyn TokenCheck>>,
    keys: Cache<KeyHash>,
    users: Cache<UserId>,
}

/// What a caller should do after a failed look-up.
const RETRY_AFTER_SECONDS: u32 = 2;

impl<D: CallerDirectory> Authenticator<D> {
    /// Takes the directory to ask. Tokens are refused.
    pub fn new(directory: D) -> Self {
        Self { directory, tokens: None, keys: Cache::default(), users: Cache::default() }
    }

    /// Takes tokens, too, if they pass a check.
    #[must_use]
    pub fn with_tokens(self, check: Arc<dyn TokenCheck>) -> Self {
        Self { tokens: Some(check), ..self }
    }

    /// Returns the directory.
    pub const fn directory(&self) -> &D {
        &self.directory
    }

    /// Finds out who presented a credential: a caller, or a 401, 403 or 503.
    pub async fn authenticate(
        &self,
        presented: &Presented,
        now: Timestamp,
    ) -> Result<Caller, Problem> {
        match presented {
            Presented::Key(key) => self.key(key, now).await,
            Presented::Token(token) => self.user(token, now).await,
            Presented::Unreadable => Err(unknown_key()),
            Presented::Nothing => {
                let message = "an API key is needed, as the user name of Basic, as Bearer, \
                               or in X-API-Key; a person's token, as Bearer";
                Err(Problem::unauthorized("missing_credentials", message))
            }
        }
    }

    async fn key(&self, key: &ApiKeyText, now: Timestamp) -> Result<Caller, Problem> {
        let hash = key.hash();
        match self.keys.get(&hash, now) {
            Remembered::Known(caller) => return Ok(caller),
            Remembered::Unknown => return Err(unknown_key()),
            Remembered::Nothing => {}
        }
        let found = self.directory.find(key, now).await.map_err(|error| {
            tracing::error!(tenant = %key.tenant(), error = told(&error), "no key look-up");
            unavailable("the API key could not be checked just now")
        })?;
        self.keys.put(hash, found.clone(), now);
        found.ok_or_else(unknown_key)
    }

    /// The token is checked each time: it may have run out since the membership was looked up.
    async fn user(&self, token: &Token, now: Timestamp) -> Result<Caller, Problem> {
        let Some(check) = &self.tokens else {
            let message = "this route takes an API key, not a person's token";
            return Err(Problem::unauthorized("invalid_token", message));
        };
        let user = check.check(token.as_str(), now).await.map_err(|error| refused_token(&error))?;
        match self.users.get(&user, now) {
            Remembered::Known(caller) => return Ok(caller),
            Remembered::Unknown => return Err(no_membership()),
            Remembered::Nothing => {}
        }
        let found = self.directory.find_user(&user, now).await.map_err(|error| {
            tracing::error!(%user, error = told(&error), "no membership look-up");
            unavailable("the membership could not be looked up just now")
        })?;
        self.users.put(user, found.clone(), now);
        found.ok_or_else(no_membership)
    }
}

fn unknown_key() -> Problem {
    Problem::unauthorized("invalid_api_key", "this API key is not known")
}

fn no_membership() -> Problem {
    let message = "you are signed in, but belong to no tenant or were deactivated";
    Problem::forbidden("no_membership", message)
}

fn refused_token(error: &TokenError) -> Problem {
    match error {
        TokenError::Invalid(reason) => {
            Problem::unauthorized("invalid_token", format!("the token is not valid: {reason}"))
        }
        TokenError::Unavailable(_) => {
            tracing::error!(error = told(error), "no token check");
            unavailable("the token could not be checked just now")
        }
    }
}

fn unavailable(message: &str) -> Problem {
    Problem::unavailable("auth_unavailable", message, RETRY_AFTER_SECONDS)
}

#[cfg(test)]
mod tests;
