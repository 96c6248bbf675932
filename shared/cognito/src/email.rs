//! An e-mail address, by which people sign in.
//!
//! Invariant: one person's address is written in one way, in lower case and without white space
//! around it: the pool tells no case apart on AWS, and does so elsewhere.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// How long an address is at most; a user pool takes no longer names.
pub const MAX_EMAIL_BYTES: usize = 128;

/// The form of an address, as a pattern of JSON Schema: that of HTML's, with a dot in the domain.
pub const EMAIL_PATTERN: &str = r"^[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)+$";

/// An address in lower case. Its `Debug` hides it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct EmailAddress(String);

/// Says that a text is no e-mail address. It never repeats the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an e-mail address has the form name@example.com and at most {MAX_EMAIL_BYTES} characters")]
pub struct InvalidEmail;

impl EmailAddress {
    /// Returns the address.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns as much of the address as whoever knows it needs to recognise it: `a***@e***`.
    pub fn masked(&self) -> String {
        let first = |part: &str| part.chars().next().map(String::from).unwrap_or_default();
        let (name, domain) = self.0.split_once('@').unwrap_or_default();
        format!("{}***@{}***", first(name), first(domain))
    }
}

impl FromStr for EmailAddress {
    type Err = InvalidEmail;

    fn from_str(text: &str) -> Result<Self, InvalidEmail> {
        let text = text.trim();
        let (name, domain) = text.split_once('@').ok_or(InvalidEmail)?;
        let marks = b".!#$%&'*+/=?^_`{|}~-";
        let in_name = |byte: u8| byte.is_ascii_alphanumeric() || marks.contains(&byte);
        let in_label = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        let is_label = |label: &str| {
            let ends = [label.bytes().next(), label.bytes().last()];
            label.bytes().all(in_label)
                && ends.into_iter().all(|end| end.is_some_and(|byte| byte != b'-'))
        };
        let fits = text.len() <= MAX_EMAIL_BYTES
            && !name.is_empty()
            && name.bytes().all(in_name)
            && domain.contains('.')
            && domain.split('.').all(is_label);
        if fits { Ok(Self(text.to_ascii_lowercase())) } else { Err(InvalidEmail) }
    }
}

impl TryFrom<String> for EmailAddress {
    type Error = InvalidEmail;

    fn try_from(text: String) -> Result<Self, InvalidEmail> {
        text.parse()
    }
}

impl From<EmailAddress> for String {
    fn from(email: EmailAddress) -> Self {
        email.0
    }
}

impl fmt::Debug for EmailAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EmailAddress(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_written_in_lower_case_without_space_around_it_and_never_printed() {
        let email: EmailAddress = " Ana.Souza+news@Example.COM.br\t\n".parse().unwrap();
        assert_eq!(email.as_str(), "ana.souza+news@example.com.br");
        assert_eq!(email.masked(), "a***@e***");
        assert!(!format!("{email:?}").contains("ana"));
    }

    #[test]
    fn what_is_no_address_is_refused() {
        let long = format!("{}@example.com", "a".repeat(MAX_EMAIL_BYTES));
        for bad in [
            "",
            "   ",
            "ana",
            "@example.com",
            "ana@",
            "ana@localhost",
            "a na@example.com",
            "a@b@c.com",
            "ana@-example.com",
            "ana@example-.com",
            "ana@example..com",
            "ana@example.com.",
            "a\n@b.c",
            "añá@example.com",
            &long,
        ] {
            assert_eq!(bad.parse::<EmailAddress>(), Err(InvalidEmail), "{bad}");
        }
    }
}
