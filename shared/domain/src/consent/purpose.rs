//! Purposes: what a person may consent to.
//!
//! Invariant: a purpose is 1 to 32 characters of `a-z` and `_`, so it can stand in a path and in a
//! log line, and two spellings are two purposes.

use std::{borrow::Borrow, fmt, str::FromStr};

use serde::{Deserialize, Serialize};

const MAX_BYTES: usize = 32;

/// Something that a person may consent to: a known purpose, or one that a tenant names.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Purpose(String);

/// Says that a text names no purpose. It never repeats the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a purpose is 1 to {MAX_BYTES} characters of a-z and _")]
pub struct InvalidPurpose;

impl Purpose {
    /// That what the person does counts for scores.
    pub const SCORING: &str = "scoring";
    /// That the person is written to.
    pub const MARKETING: &str = "marketing";
    /// That what the person does is counted in statistics elsewhere.
    pub const ANALYTICS: &str = "analytics";
    /// That what is known of the person goes to others.
    pub const SHARING: &str = "sharing";

    /// The purposes that always have room.
    pub const KNOWN: [&str; 4] = [Self::SCORING, Self::MARKETING, Self::ANALYTICS, Self::SHARING];

    /// Returns the name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Tells whether it is one of [`Purpose::KNOWN`].
    pub fn is_known(&self) -> bool {
        Self::KNOWN.contains(&self.as_str())
    }
}

impl FromStr for Purpose {
    type Err = InvalidPurpose;

    fn from_str(text: &str) -> Result<Self, InvalidPurpose> {
        let fits = (1..=MAX_BYTES).contains(&text.len());
        if fits && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_') {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidPurpose)
        }
    }
}

impl TryFrom<String> for Purpose {
    type Error = InvalidPurpose;

    fn try_from(text: String) -> Result<Self, InvalidPurpose> {
        text.parse()
    }
}

impl From<Purpose> for String {
    fn from(purpose: Purpose) -> Self {
        purpose.0
    }
}

// Both order texts by bytes.
impl Borrow<str> for Purpose {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Purpose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_purpose_is_a_short_word_in_lower_case() {
        for good in Purpose::KNOWN.iter().copied().chain(["a", "_", "sms_brazil", &"x".repeat(32)])
        {
            assert_eq!(good.parse::<Purpose>().unwrap().as_str(), good);
        }
        for bad in ["", "Scoring", "e-mail", "é", "a b", "ads2", "a/b", &"x".repeat(33)] {
            assert_eq!(bad.parse::<Purpose>(), Err(InvalidPurpose), "{bad:?}");
        }
    }
}
