//! What stands for a term where the term itself must not be stored.
//!
//! Invariant: a token says nothing about its term to whoever has not the tenant's keys.

use std::{fmt, str::FromStr};

use data_encoding::BASE32_DNSSEC;

const BYTES: usize = 16;

/// The first 16 bytes of a keyed digest; as text 26 characters of `0-9a-v`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Token([u8; BYTES]);

/// Says that a text is no token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a token is 26 characters of 0-9 and a-v")]
pub struct InvalidToken;

impl Token {
    /// Takes the beginning of a keyed digest of the term.
    pub fn from_digest(digest: &[u8; 32]) -> Self {
        Self(digest.first_chunk().copied().unwrap_or_default())
    }
}

impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", BASE32_DNSSEC.encode_display(&self.0))
    }
}

impl FromStr for Token {
    type Err = InvalidToken;

    fn from_str(text: &str) -> Result<Self, InvalidToken> {
        let bytes = BASE32_DNSSEC.decode(text.as_bytes()).map_err(|_| InvalidToken)?;
        let token = Self(bytes.try_into().map_err(|_| InvalidToken)?);
        // Upper case decodes too; a token is written in one way only.
        if token.to_string() == text { Ok(token) } else { Err(InvalidToken) }
    }
}
