//! The people's accounts: a Cognito user pool. The only crate that names
//! `aws-sdk-cognitoidentityprovider`.
//!
//! Invariant: the pool proves who somebody is and keeps their passwords; what they may do here is
//! none of its business. Nothing personal or secret is printed or logged.

mod email;
mod error;
mod fetch;
mod invitation;
mod keys;
mod pool;
mod rs256;
mod secret;
mod sign_in;
mod token;

pub use crate::{
    email::{EMAIL_PATTERN, EmailAddress, InvalidEmail, MAX_EMAIL_BYTES},
    error::{PoolError, Refusal},
    fetch::FetchError,
    invitation::{InvitationCode, Person},
    pool::UserPool,
    secret::Secret,
    sign_in::{Challenge, InvalidSession, MAX_SESSION_BYTES, Session, SignIn, SignedIn},
    token::{TokenError, TokenVerifier},
};
