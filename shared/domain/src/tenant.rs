//! The tenant: the organisation that every item, key, query and log line is scoped by.
//!
//! Invariant: an id is 2 to 40 characters of `a-z`, `0-9` and inner `-`, so it can stand in a
//! key before a `#` and in an API key before a `_` without escaping.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// What belongs to the whole installation is kept under this name.
const RESERVED: &str = "installation";

/// Names one tenant.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TenantId(String);

/// Says why a text is no tenant id.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a tenant id is 2 to 40 characters of a-z, 0-9 and inner hyphens, and not `{RESERVED}`")]
pub struct InvalidTenantId;

impl TenantId {
    /// Returns the id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for TenantId {
    type Err = InvalidTenantId;

    fn from_str(text: &str) -> Result<Self, InvalidTenantId> {
        let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        let fits = (2..=40).contains(&text.len()) && text.bytes().all(allowed);
        if !fits || text.starts_with('-') || text.ends_with('-') || text == RESERVED {
            return Err(InvalidTenantId);
        }
        Ok(Self(text.to_owned()))
    }
}

impl TryFrom<String> for TenantId {
    type Error = InvalidTenantId;

    fn try_from(text: String) -> Result<Self, InvalidTenantId> {
        text.parse()
    }
}

impl From<TenantId> for String {
    fn from(id: TenantId) -> Self {
        id.0
    }
}

impl fmt::Display for TenantId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_that_could_break_a_key_is_refused() {
        for bad in ["", "a", "Acme", "a#b", "a_b", "-ab", "ab-", RESERVED, &"x".repeat(41)] {
            assert!(bad.parse::<TenantId>().is_err(), "{bad}");
        }
        assert_eq!("acme-1".parse::<TenantId>().unwrap().as_str(), "acme-1");
    }
}
