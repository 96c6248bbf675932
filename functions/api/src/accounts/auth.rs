//! `/v1/auth/…`: signing up, in and out, and forgotten passwords, thinly over the user pool.
//!
//! Invariant: an answer never says more about an address than the pool itself does: where a code
//! is asked for or given, it is the same for an address that nobody knows. No password, code or
//! token is logged, and no cache may keep an answer that holds one.

mod answer;
mod attempts;
mod body;
mod fields;
mod membership;
pub mod password;
mod refusal;
pub mod session;
pub mod sign_up;
mod tokens;

use std::sync::Arc;

use axum::{extract::FromRequestParts, http::request::Parts};
use cognito::{EmailAddress, UserPool};
use domain::time::Timestamp;
use founding::Founder;

pub use self::{attempts::Attempts, tokens::AccessTokens};
use crate::{error::ApiError, guard::requested_at, query::Query, reads::Reads};

/// Where people sign in, and how whoever signed up gets a tenant.
#[derive(Debug)]
pub struct Accounts {
    /// The user pool.
    pub pool: UserPool,
    /// Makes tenants.
    pub founder: Founder,
    /// Whether anybody may sign up, or only who was invited.
    pub is_open: bool,
    /// How often addresses were tried.
    pub attempts: Attempts,
}

/// What a handler of these routes works with. Nobody is known here.
#[derive(Debug)]
pub struct Desk {
    accounts: Arc<Accounts>,
    now: Timestamp,
}

impl Desk {
    /// Counts a request about an address, or answers 429.
    fn attempt(&self, email: &EmailAddress) -> Result<(), ApiError> {
        Ok(self.accounts.attempts.take(email, self.now)?)
    }
}

impl FromRequestParts<Arc<Reads>> for Desk {
    type Rejection = ApiError;

    /// Refuses query parameters: none of these routes has any.
    async fn from_request_parts(parts: &mut Parts, reads: &Arc<Reads>) -> Result<Self, ApiError> {
        Query::parse(parts.uri.query(), &[]).finish()?;
        Ok(Self { accounts: Arc::clone(&reads.accounts), now: requested_at(&parts.extensions)? })
    }
}
