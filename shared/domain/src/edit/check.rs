//! What an edit must hold to, so that everything it says is taken in as it is said.
//!
//! Invariant: an edit that passes is taken in the same way by the fold and by the profile.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{Edit, MARKETPLACES, is_shown};
use crate::{
    consent::MAX_PURPOSES,
    profile::{MAX_EDITED, MAX_FIELDS, MAX_VALUE_BYTES},
};

/// How many bytes the name of a field has at most.
pub const MAX_NAME_BYTES: usize = 100;

/// Says that an edit cannot be made. No text holds a value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidEdit {
    /// It touches too many fields.
    #[error("an edit sets at most {MAX_FIELDS} fields and touches at most {MAX_EDITED}")]
    TooManyFields,
    /// Together with the fields that were set before it touches too many.
    #[error("of a lead at most {MAX_EDITED} fields are ever set by hand")]
    NoRoom,
    /// A field has no name, or too long a one.
    #[error("a field is named by 1 to {MAX_NAME_BYTES} bytes without control characters")]
    Name(String),
    /// It does several things to a field.
    #[error("the field is either set or released, and once")]
    Repeated(String),
    /// A value is too large.
    #[error("a value has at most {MAX_VALUE_BYTES} bytes of JSON")]
    TooLarge(String),
    /// A field is set to null.
    #[error("null is no value: release the field")]
    Null(String),
    /// It speaks of too many purposes.
    #[error("an edit speaks of at most {MAX_PURPOSES} purposes")]
    TooManyPurposes,
    /// The field says where the lead comes from or trades, and is not set to what can be shown.
    #[error("the source is a text, marketplaces are a text or a list of texts; nothing personal")]
    NotNames(String),
}

impl Edit {
    /// Checks that everything the edit says about fields is taken in as it is said.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub(crate) fn check(&self) -> Result<(), InvalidEdit> {
        let names = self.set.keys().chain(&self.set_sealed).chain(&self.released);
        let mut known = BTreeSet::new();
        for name in names {
            let fits = (1..=MAX_NAME_BYTES).contains(&name.len());
            if !fits || name.chars().any(char::is_control) {
                return Err(InvalidEdit::Name(name.clone()));
            }
            if !known.insert(name) {
                return Err(InvalidEdit::Repeated(name.clone()));
            }
        }
        if self.consents.len() > MAX_PURPOSES {
            return Err(InvalidEdit::TooManyPurposes);
        }
        if self.set.len() + self.set_sealed.len() > MAX_FIELDS || known.len() > MAX_EDITED {
            return Err(InvalidEdit::TooManyFields);
        }
        for (name, value) in &self.set {
            check_value(name, value)?;
        }
        match self.set_sealed.iter().find(|name| is_shown(name)) {
            Some(name) => Err(InvalidEdit::NotNames(name.clone())),
            None => Ok(()),
        }
    }
}

impl InvalidEdit {
    /// Returns the field that is wrong.
    pub fn field(&self) -> Option<&str> {
        match self {
            Self::TooManyFields | Self::NoRoom | Self::TooManyPurposes => None,
            Self::Name(name)
            | Self::Repeated(name)
            | Self::TooLarge(name)
            | Self::Null(name)
            | Self::NotNames(name) => Some(name),
        }
    }
}

fn check_value(name: &str, value: &Value) -> Result<(), InvalidEdit> {
    let names =
        |value: &Value| value.as_array().is_some_and(|names| names.iter().all(Value::is_string));
    if value.is_null() {
        Err(InvalidEdit::Null(name.to_owned()))
    } else if value.to_string().len() > MAX_VALUE_BYTES {
        Err(InvalidEdit::TooLarge(name.to_owned()))
    } else if is_shown(name) && !value.is_string() && !(name == MARKETPLACES && names(value)) {
        Err(InvalidEdit::NotNames(name.to_owned()))
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::json;

    use super::*;
    use crate::actor::Actor;

    fn setting(name: &str, value: Value) -> Edit {
        Edit { set: BTreeMap::from([(name.to_owned(), value)]), ..Edit::by(Actor::System) }
    }

    #[test]
    fn what_cannot_be_taken_in_as_it_is_said_is_refused() {
        use InvalidEdit as I;
        let large = || json!("x".repeat(MAX_VALUE_BYTES));
        for (name, value, error) in [
            ("", json!(1), I::Name(String::new())),
            ("a\nb", json!(1), I::Name("a\nb".to_owned())),
            (&"n".repeat(101), json!(1), I::Name("n".repeat(101))),
            ("title", large(), I::TooLarge("title".to_owned())),
            ("title", json!(null), I::Null("title".to_owned())),
            ("source", json!(["crm"]), I::NotNames("source".to_owned())),
            ("marketplaces", json!(["shopee", 7]), I::NotNames("marketplaces".to_owned())),
        ] {
            let refused = setting(name, value).check();
            assert_eq!(refused, Err(error.clone()));
            assert_eq!(error.field(), Some(name));
        }
        let twice = Edit { released: ["a".to_owned()].into(), ..setting("a", json!(1)) };
        assert_eq!(twice.check(), Err(I::Repeated("a".to_owned())));
        let sealed = Edit { set_sealed: ["source".to_owned()].into(), ..Edit::by(Actor::System) };
        assert_eq!(sealed.check(), Err(I::NotNames("source".to_owned())));
        let names = |most: usize| (0..=most).map(|n| format!("f{n}")).collect();
        let many = Edit { set_sealed: names(MAX_FIELDS), ..Edit::by(Actor::System) };
        assert_eq!(many.check(), Err(I::TooManyFields));
        let many = Edit { released: names(MAX_EDITED), ..Edit::by(Actor::System) };
        assert_eq!(many.check(), Err(I::TooManyFields));
        assert_eq!((I::TooManyFields.field(), I::NoRoom.field()), (None, None));
    }

    #[test]
    fn what_can_be_taken_in_passes() {
        let whole = json!("x".repeat(MAX_VALUE_BYTES - 2));
        for (name, value) in [
            ("title", whole),
            (&*"n".repeat(100), json!({"a": null})),
            ("source", json!("")),
            ("marketplaces", json!("shopee")),
            ("marketplaces", json!(["shopee", "amazon"])),
        ] {
            assert_eq!(setting(name, value).check(), Ok(()));
        }
    }
}
