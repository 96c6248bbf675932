//! Access tokens as the door of the function takes them.

use cognito::{TokenError as Refused, TokenVerifier};
use domain::time::Timestamp;
use lambda::auth::{Checking, TokenCheck, TokenError};

/// Checks that a token was given by the user pool to its client.
#[derive(Debug)]
pub struct AccessTokens(TokenVerifier);

impl AccessTokens {
    /// Takes what verifies a token.
    pub const fn new(verifier: TokenVerifier) -> Self {
        Self(verifier)
    }
}

impl TokenCheck for AccessTokens {
    fn check<'t>(&'t self, token: &'t str, now: Timestamp) -> Checking<'t> {
        Box::pin(async move {
            self.0.verify(token, now).await.map_err(|error| match error {
                Refused::Invalid(reason) => TokenError::Invalid(reason),
                Refused::Unavailable(cause) => TokenError::Unavailable(Box::new(cause)),
            })
        })
    }
}
