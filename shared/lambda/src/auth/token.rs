//! Tokens of people's sessions.
//!
//! Invariant: a token is never printed.

use std::{error::Error, fmt, future::Future, pin::Pin};

use data_encoding::BASE64URL_NOPAD;
use domain::{time::Timestamp, user::UserId};

/// The longest token that is looked at.
const MAX_BYTES: usize = 8 * 1024;

/// A text of the form of a JSON Web Token. Its `Debug` hides it.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(String);

/// A check that is under way.
pub type Checking<'t> = Pin<Box<dyn Future<Output = Result<UserId, TokenError>> + Send + 't>>;

/// Tells whom a token names.
pub trait TokenCheck: fmt::Debug + Send + Sync {
    /// Checks that a token was given by whom it must be, to an app of ours, and is valid now.
    fn check<'t>(&'t self, token: &'t str, now: Timestamp) -> Checking<'t>;
}

/// Says why a token names nobody.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// It is not valid.
    #[error("the token is not valid: {0}")]
    Invalid(&'static str),
    /// What is needed to check it is out of reach.
    #[error("the token could not be checked")]
    Unavailable(#[source] Box<dyn Error + Send + Sync>),
}

impl Token {
    /// Takes a text that looks like a token: three parts of base64url, joined by dots.
    pub fn read(text: &str) -> Option<Self> {
        let mut parts = 0;
        for part in text.split('.') {
            let is_base64 = BASE64URL_NOPAD.decode_len(part.len()).is_ok()
                && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
            if part.is_empty() || !is_base64 {
                return None;
            }
            parts += 1;
        }
        (parts == 3 && text.len() <= MAX_BYTES).then(|| Self(text.to_owned()))
    }

    /// Returns the token as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_three_parts_of_base64url_look_like_a_token_and_none_is_printed() {
        let token = Token::read("eyJhbGciOiJSUzI1NiJ9.e30.c2ln-_8").unwrap();
        assert_eq!(format!("{token:?}"), "Token(…)");
        let long = format!("e30.e30.{}", "A".repeat(MAX_BYTES));
        for other in ["", "e30.e30", "e30..e30", "e30.e30.e30.e30", "e30.e30.e3=", "a.b c.d", &long]
        {
            assert_eq!(Token::read(other), None, "{other}");
        }
    }
}
