//! What can be wrong with a profile that somebody gives by hand, told field by field.
//!
//! Invariant: no value is repeated, and no name that may be a value itself.

use std::fmt;

use super::hand::{MAX_FIELDS, MAX_NAME_BYTES, MAX_PROFILE_BYTES, MAX_VALUE_BYTES};

/// Everything that is wrong with a profile.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the profile cannot be taken: {}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
pub struct InvalidProfile(pub Vec<InvalidField>);

/// What is wrong with one field, or with the profile as a whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidField {
    /// The field's name; `None` where the profile as a whole, or a name that is not repeated, is
    /// wrong.
    pub name: Option<String>,
    /// What is wrong.
    pub reason: Reason,
}

/// What is wrong with a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Reason {
    /// There are too many fields.
    #[error("a lead has at most {MAX_FIELDS} fields that are set by hand, released ones included")]
    TooManyFields,
    /// All fields together are too large.
    #[error("the fields that are set by hand have at most {MAX_PROFILE_BYTES} bytes together")]
    TooLarge,
    /// The name has no letter or digit, or is too long.
    #[error("the name of a field is letters, digits and _, at most {MAX_NAME_BYTES} bytes")]
    Name,
    /// The name holds an email address or a phone number.
    #[error("the name of a field holds no email address or phone number")]
    PersonalName,
    /// The field is a password or the like.
    #[error("passwords, card numbers and other secrets are not kept")]
    Secret,
    /// The field is no part of the profile.
    #[error("this is no part of the profile; give it beside the profile")]
    Beside,
    /// Two spellings of the same field are given.
    #[error("this field is given twice, in two spellings")]
    Repeated,
    /// The value is too long.
    #[error("a value has at most {MAX_VALUE_BYTES} bytes of JSON")]
    TooLong,
    /// The value is no text.
    #[error("expected text")]
    NotText,
    /// The value is neither text nor a list of texts.
    #[error("expected text or a list of texts")]
    NotTexts,
    /// The value is not an email address.
    #[error("expected an email address, name@host.domain")]
    NotAnEmail,
    /// The value holds something personal that cannot be sealed where it stands.
    #[error("personal values cannot stand inside this field; give them as fields of their own")]
    PersonalInside,
    /// The value is not what follows from another field of the same profile.
    #[error("this follows from another field of the profile and is not what follows from it")]
    Derived,
}

impl Reason {
    /// Returns the stable word for programs.
    pub const fn code(self) -> &'static str {
        match self {
            Self::TooManyFields => "too_many_fields",
            Self::TooLarge => "too_large",
            Self::Name => "invalid_name",
            Self::PersonalName => "personal_name",
            Self::Secret => "secret",
            Self::Beside => "not_in_profile",
            Self::Repeated => "repeated_field",
            Self::TooLong => "too_long",
            Self::NotText | Self::NotTexts | Self::NotAnEmail => "invalid_value",
            Self::PersonalInside => "personal_value",
            Self::Derived => "conflicting_fields",
        }
    }
}

impl InvalidField {
    /// Returns the path of the field in a body whose profile is called `profile`.
    pub fn path(&self) -> String {
        self.name.as_ref().map_or_else(|| "profile".to_owned(), |name| format!("profile.{name}"))
    }
}

impl fmt::Display for InvalidField {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path(), self.reason)
    }
}
