//! What people call a user, a key or a tenant.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// How long a name is at most.
pub const MAX_CHARS: usize = 100;

/// A name: 1 to 100 characters on one line, the first of which is no space.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Name(String);

/// Says that a text is no name. It never repeats the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a name is 1 to {MAX_CHARS} characters on one line, the first of which is no space")]
pub struct InvalidName;

impl Name {
    /// Reads a name that has space of any kind around it, which is not kept.
    pub fn trimmed(text: &str) -> Result<Self, InvalidName> {
        text.trim().parse()
    }

    /// Returns the name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Name {
    type Err = InvalidName;

    fn from_str(text: &str) -> Result<Self, InvalidName> {
        let begins = text.chars().next().is_some_and(|first| ![' ', '\u{a0}'].contains(&first));
        let fits = text.chars().count() <= MAX_CHARS && !text.chars().any(char::is_control);
        if begins && fits { Ok(Self(text.to_owned())) } else { Err(InvalidName) }
    }
}

impl TryFrom<String> for Name {
    type Error = InvalidName;

    fn try_from(text: String) -> Result<Self, InvalidName> {
        text.parse()
    }
}

impl From<Name> for String {
    fn from(name: Name) -> Self {
        name.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_fits_on_one_line_and_begins_with_something() {
        let long = "é".repeat(MAX_CHARS);
        for good in ["a", "Ana de Souza ", "日本", &long] {
            assert_eq!(good.parse::<Name>().unwrap().as_str(), good);
        }
        assert_eq!(Name::trimmed(" \u{3000}Ana ").unwrap().as_str(), "Ana");
        assert_eq!(Name::trimmed("\u{3000} "), Err(InvalidName));
        let longer = format!("{long}é");
        for bad in ["", " a", "\u{a0}a", "a\nb", "a\u{85}", "\0", &longer] {
            assert_eq!(bad.parse::<Name>(), Err(InvalidName), "{bad:?}");
        }
    }
}
