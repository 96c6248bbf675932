//! What names a person: a kind and a normalised value.
//!
//! Invariant: an `Identity` is never empty, never a placeholder such as `undefined`, and equal
//! identities have equal text, whatever the sender's spelling was.

use serde::{Deserialize, Serialize};

/// The kinds of identity, strongest first: an event lives in the home of its strongest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// The sender's own stable id of a signed-in person.
    UserId,
    /// An email address.
    Email,
    /// An id in another system, written `system:id`.
    External,
    /// A phone number in E.164.
    Phone,
    /// A cookie or device, before anybody is known.
    AnonymousId,
}

impl Kind {
    /// Every kind, strongest first.
    pub const ALL: [Self; 5] =
        [Self::UserId, Self::Email, Self::External, Self::Phone, Self::AnonymousId];

    /// Returns the kind's word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::UserId => "user_id",
            Self::Email => "email",
            Self::External => "external",
            Self::Phone => "phone",
            Self::AnonymousId => "anonymous_id",
        }
    }
}

impl std::fmt::Display for Kind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Says that a text names no kind of identity.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a kind of identity is one of user_id, email, external, phone, anonymous_id")]
pub struct UnknownKind;

impl std::str::FromStr for Kind {
    type Err = UnknownKind;

    fn from_str(text: &str) -> Result<Self, UnknownKind> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text).ok_or(UnknownKind)
    }
}

/// One normalised identity.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Identity {
    kind: Kind,
    value: String,
}

/// Says why a value is no identity. It never repeats the value, which is personal.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidIdentity {
    /// The value stands for nobody: `""`, `null`, `undefined`, all zeros and the like.
    #[error("{0} is a placeholder that stands for nobody")]
    Placeholder(Kind),
    /// The value is longer than 256 bytes.
    #[error("{0} is longer than 256 bytes")]
    TooLong(Kind),
    /// The value is not of the kind's form.
    #[error("{0} is not valid: {1}")]
    Malformed(Kind, &'static str),
}

const MAX_BYTES: usize = 256;

const PLACEHOLDERS: &[&str] = &[
    "null",
    "undefined",
    "anonymous",
    "none",
    "nan",
    "nil",
    "na",
    "n/a",
    "unknown",
    "(null)",
    "(none)",
    "not set",
    "(not set)",
    "[object object]",
    "false",
    "true",
    "guest",
    "-",
];

impl Identity {
    /// Normalises a sender's value.
    ///
    /// Emails are trimmed and lower-cased, phones brought to E.164 (`+` and 8 to 15 digits),
    /// external ids are `system:id` with the system lower-cased; other values are kept as they
    /// are.
    pub fn new(kind: Kind, value: &str) -> Result<Self, InvalidIdentity> {
        // However long nobody's name is, it is no name.
        if value.len() > MAX_BYTES {
            return Err(InvalidIdentity::TooLong(kind));
        }
        if is_placeholder(value) {
            return Err(InvalidIdentity::Placeholder(kind));
        }
        let value = match kind {
            Kind::UserId | Kind::AnonymousId => value.to_owned(),
            Kind::Email => email(value)?,
            Kind::External => external(value)?,
            Kind::Phone => phone(value)?,
        };
        Ok(Self { kind, value })
    }

    /// Returns the kind.
    pub const fn kind(&self) -> Kind {
        self.kind
    }

    /// Returns the normalised value. It is personal: never log it.
    pub fn value(&self) -> &str {
        &self.value
    }
}

impl std::fmt::Debug for Identity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Identity").field("kind", &self.kind).finish_non_exhaustive()
    }
}

/// Tells whether a value stands for nobody.
pub fn is_placeholder(value: &str) -> bool {
    let word = value.trim().to_lowercase();
    let zeros = word.contains('0') && word.chars().all(|c| matches!(c, '0' | '-' | '.'));
    word.is_empty() || zeros || PLACEHOLDERS.contains(&word.as_str())
}

fn email(value: &str) -> Result<String, InvalidIdentity> {
    let email = value.trim().to_lowercase();
    let well_formed = email.split_once('@').is_some_and(|(local, host)| {
        !local.is_empty()
            && host.contains('.')
            && !host.starts_with('.')
            && !host.ends_with('.')
            && !host.contains("..")
            && !host.contains('@')
    });
    if !well_formed || email.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return Err(InvalidIdentity::Malformed(Kind::Email, "expected name@host.domain"));
    }
    Ok(email)
}

fn external(value: &str) -> Result<String, InvalidIdentity> {
    let malformed = InvalidIdentity::Malformed(Kind::External, "expected system:id");
    let (system, id) = value.trim().split_once(':').ok_or(malformed.clone())?;
    if system.is_empty() {
        return Err(malformed);
    }
    if is_placeholder(id) {
        return Err(InvalidIdentity::Placeholder(Kind::External));
    }
    Ok(format!("{}:{id}", system.to_lowercase()))
}

fn phone(value: &str) -> Result<String, InvalidIdentity> {
    let malformed = InvalidIdentity::Malformed(
        Kind::Phone,
        "expected an international number, + and 8 to 15 digits",
    );
    let trimmed = value.trim();
    let international = match trimmed.strip_prefix("00") {
        Some(rest) => rest,
        None => trimmed.strip_prefix('+').ok_or(malformed.clone())?,
    };
    let punctuation = |c: char| matches!(c, ' ' | '-' | '.' | '(' | ')' | '/' | '\u{a0}');
    let digits: String = international.chars().filter(|c| !punctuation(*c)).collect();
    let well_formed = (8..=15).contains(&digits.len())
        && !digits.starts_with('0')
        && digits.bytes().all(|byte| byte.is_ascii_digit());
    if well_formed { Ok(format!("+{digits}")) } else { Err(malformed) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_people_have_equal_text() {
        for (kind, sent, normal) in [
            (Kind::Email, "  Ana@Example.COM ", "ana@example.com"),
            (Kind::Phone, "+55 (11) 99999-0001", "+5511999990001"),
            (Kind::Phone, "0055 11 99999 0001", "+5511999990001"),
            (Kind::External, "HubSpot:AbC:1", "hubspot:AbC:1"),
            (Kind::UserId, "User 1", "User 1"),
        ] {
            assert_eq!(Identity::new(kind, sent).unwrap().value(), normal);
        }
    }

    #[test]
    fn a_placeholder_names_nobody() {
        for text in [
            "",
            " ",
            "null",
            "Undefined",
            "ANONYMOUS",
            "0",
            "none",
            "NaN",
            "000",
            "00000000-0000-0000-0000-000000000000",
        ] {
            let refused = Identity::new(Kind::UserId, text);
            assert_eq!(refused, Err(InvalidIdentity::Placeholder(Kind::UserId)), "{text}");
        }
        assert_eq!(
            Identity::new(Kind::External, "crm:0"),
            Err(InvalidIdentity::Placeholder(Kind::External))
        );
    }

    #[test]
    fn what_is_too_long_is_refused_before_it_can_stand_for_nobody() {
        for kind in Kind::ALL {
            for text in ["0".repeat(257), " ".repeat(257), "x".repeat(257)] {
                assert_eq!(Identity::new(kind, &text), Err(InvalidIdentity::TooLong(kind)));
            }
            let refused = Identity::new(kind, &"0".repeat(256));
            assert_eq!(refused, Err(InvalidIdentity::Placeholder(kind)));
        }
    }

    #[test]
    fn a_malformed_value_is_refused_without_repeating_it() {
        for (kind, text) in [
            (Kind::Email, "ana@"),
            (Kind::Email, "ana example.com"),
            (Kind::Email, "a@b@c.de"),
            (Kind::Phone, "11 99999-0001"),
            (Kind::Phone, "+12"),
            (Kind::External, "no-system"),
        ] {
            let message = Identity::new(kind, text).unwrap_err().to_string();
            assert!(!message.contains(text), "{message}");
        }
    }

    #[test]
    fn the_strongest_kind_sorts_first() {
        assert_eq!(Kind::ALL.iter().min(), Some(&Kind::UserId));
        assert!(Kind::Email < Kind::External && Kind::Phone < Kind::AnonymousId);
    }
}
