//! Reading who an item is about.
//!
//! Invariant: an item that is let through has at least one identity that stands for somebody; a
//! placeholder beside a real identity is dropped, and alone it is a rejection.

use domain::identity::{Identity, InvalidIdentity, Kind};
use serde_json::Value;

use crate::rejection::Rejection;

/// The identities of an item, as far as they have been read.
#[derive(Debug, Default)]
pub struct Identities {
    found: Vec<Identity>,
    placeholder: Option<&'static str>,
}

impl Identities {
    /// Reads an identity that the sender states: null and placeholders are passed over, anything
    /// else that is no identity is a rejection.
    pub fn state(
        &mut self,
        kind: Kind,
        field: &'static str,
        value: Option<&Value>,
    ) -> Result<(), Rejection> {
        let Some(value) = value.filter(|value| !value.is_null()) else { return Ok(()) };
        let text = as_text(value).ok_or_else(|| {
            let message = format!("{field} is a text or a whole number");
            Rejection::of(field, "invalid_identity", message)
        })?;
        match Identity::new(kind, &text) {
            Ok(identity) => self.add(identity),
            Err(InvalidIdentity::Placeholder(_)) => self.placeholder = Some(field),
            Err(error) => return Err(Rejection::of(field, "invalid_identity", error.to_string())),
        }
        Ok(())
    }

    /// Reads a value that is an identity only if it has the form of one, such as a trait.
    pub fn notice(&mut self, kind: Kind, value: Option<&Value>) {
        let identity = value.and_then(as_text).and_then(|text| Identity::new(kind, &text).ok());
        // What the sender states counts more than what a trait says.
        let stated = |identity: &Identity| self.found.iter().any(|i| i.kind() == identity.kind());
        if let Some(identity) = identity.filter(|identity| !stated(identity)) {
            self.add(identity);
        }
    }

    /// Tells whether nobody was named; a placeholder names nobody.
    pub const fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    /// Returns the identities, strongest first.
    pub fn strongest_first(mut self) -> Result<Vec<Identity>, Rejection> {
        if self.found.is_empty() {
            let (field, message) = match self.placeholder {
                Some(field) => (Some(field), format!("{field} is a placeholder for nobody")),
                None => (None, "the event names nobody: it needs an identity".to_owned()),
            };
            return Err(Rejection { code: "missing_identity", message, field });
        }
        self.found.sort();
        Ok(self.found)
    }

    fn add(&mut self, identity: Identity) {
        if !self.found.contains(&identity) {
            self.found.push(identity);
        }
    }
}

/// Returns a text, or a whole number in decimal.
///
/// A number beyond 2^64 was rounded when the JSON was read, so two people could share it: it is
/// refused.
pub fn as_text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) if number.is_i64() || number.is_u64() => Some(number.to_string()),
        Value::Number(number) => {
            let number = number.as_f64().filter(|number| number.abs() < 9_007_199_254_740_992.0)?;
            Some(number.to_string())
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(values: &[(Kind, &'static str, Value)]) -> Result<Vec<Identity>, Rejection> {
        let mut identities = Identities::default();
        for (kind, field, value) in values {
            identities.state(*kind, field, Some(value))?;
        }
        identities.strongest_first()
    }

    #[test]
    fn numbers_are_decimal_text() {
        for (value, text) in [
            (json!(42), "42"),
            (json!(18_446_744_073_709_551_615_u64), "18446744073709551615"),
            (json!(42.0), "42"),
            (json!(-7), "-7"),
        ] {
            let found = read(&[(Kind::UserId, "userId", value)]).unwrap();
            assert_eq!(found[0].value(), text);
        }
        for value in [json!(1e20), json!(true), json!(["7"]), json!({"id": 7})] {
            let rejection = read(&[(Kind::UserId, "userId", value)]).unwrap_err();
            assert_eq!((rejection.code, rejection.field), ("invalid_identity", Some("userId")));
        }
    }

    #[test]
    fn a_placeholder_is_dropped_beside_an_identity_and_rejected_alone() {
        let both = [
            (Kind::UserId, "userId", json!("undefined")),
            (Kind::AnonymousId, "anonymousId", json!("a-1")),
        ];
        assert_eq!(read(&both).unwrap().len(), 1);
        let alone = read(&both[..1]).unwrap_err();
        assert_eq!((alone.code, alone.field), ("missing_identity", Some("userId")));
        assert_eq!(read(&[]).unwrap_err().code, "missing_identity");
        assert_eq!(read(&[(Kind::UserId, "userId", json!(null))]).unwrap_err().field, None);
        assert_eq!(
            read(&[(Kind::UserId, "userId", json!(0))]).unwrap_err().code,
            "missing_identity"
        );
    }

    #[test]
    fn a_trait_that_has_no_form_is_no_identity() {
        let mut identities = Identities::default();
        identities.notice(Kind::Phone, Some(&json!("11 99999")));
        identities.notice(Kind::Email, Some(&json!("ANA@example.com")));
        identities.notice(Kind::Email, Some(&json!("other@example.com")));
        let found = identities.strongest_first().unwrap();
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].value(), "ana@example.com");
    }
}
