//! A profile that somebody gives by hand: each field under the name that profiles have for it,
//! personal ones apart.
//!
//! Invariant: a value is kept as it was given or refused, never changed. A plain value holds
//! nothing personal; a personal one is only ever sealed, whole, under the field's own name.

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    actor::Actor,
    edit::Edit,
    event::Sealed,
    home::HomeId,
    identity::{Identity, Kind},
    profile,
};
use serde_json::{Map, Value};
use vault::{Keyring, SealError};

use super::{
    held::Held,
    invalid::{InvalidField, InvalidProfile, Reason},
};
use crate::personal::{
    Withheld, clean_value,
    keys::{self, Personal},
    patterns, standard, trait_name,
};

/// How many fields of a lead are ever set by hand at most.
pub const MAX_FIELDS: usize = profile::MAX_FIELDS;

/// How many bytes of JSON a value has at most.
pub const MAX_VALUE_BYTES: usize = profile::MAX_VALUE_BYTES;

/// How many bytes the names and values of all fields of a lead that are set by hand have together.
/// Beside the largest profile that events declare they still fit the 400 KB of a home's item.
pub const MAX_PROFILE_BYTES: usize = 64 * 1024;

/// How many bytes a name has at most.
pub const MAX_NAME_BYTES: usize = 64;

/// What stands beside the profile of a lead, not in it.
const BESIDE: &[&str] = &["status", "assigned_to", "segment", "deleted"];

/// Fields that follow from others: the field, what it follows from.
const DERIVED: [(&str, &str); 2] = [("email_domain", "email"), ("has_phone", "phone")];

/// What is set by hand and what is released.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct HandSet {
    /// Values that are not personal.
    set: BTreeMap<String, Value>,
    /// Personal values.
    personal: BTreeMap<String, String>,
    /// Fields that show again what events declare.
    released: BTreeSet<String>,
}

/// Reads a profile as a person or a program gives it: a value for each field that is set by hand,
/// `null` for one that is released.
///
/// Every spelling of a field that events may use is understood (`firstName`, `Job Title`). Of an
/// email address also the domain is set, of a phone number that there is one; both are released
/// with them.
///
/// # Errors
/// All that is wrong, at once.
pub fn hand_set(profile: Map<String, Value>) -> Result<HandSet, InvalidProfile> {
    let mut hand = HandSet::default();
    let mut errors = Vec::new();
    let too_many = profile.len() > MAX_FIELDS;
    for (key, value) in profile.into_iter().take(MAX_FIELDS) {
        if let Err(error) = hand.take(&key, value) {
            errors.push(error);
        }
    }
    errors.extend(hand.derive());
    if too_many {
        errors.push(InvalidField { name: None, reason: Reason::TooManyFields });
    }
    if errors.is_empty() { Ok(hand) } else { Err(InvalidProfile(errors)) }
}

impl HandSet {
    /// Iterates over the fields by name, `None` for one that is released.
    pub fn fields(&self) -> impl Iterator<Item = (&str, Option<Value>)> {
        let set = self.set.iter().map(|(name, value)| (name.as_str(), Some(value.clone())));
        let personal = self.personal.iter();
        let personal =
            personal.map(|(name, text)| (name.as_str(), Some(Value::from(text.clone()))));
        set.chain(personal).chain(self.released.iter().map(|name| (name.as_str(), None)))
    }

    /// Tells whether nothing is set or released.
    pub fn is_empty(&self) -> bool {
        self.set.is_empty() && self.personal.is_empty() && self.released.is_empty()
    }

    /// Makes this the whole of what is set by hand: every other field that is set is released.
    #[must_use]
    pub fn replacing(mut self, held: &Held) -> Self {
        let others = held.set().map(|(name, ..)| name).filter(|name| !self.names(name));
        let others: Vec<_> = others.map(str::to_owned).collect();
        self.released.extend(others);
        self
    }

    /// Leaves out what is so already: a field that is set to this very value, or released and not
    /// set.
    #[must_use]
    pub fn beyond(mut self, held: &Held) -> Self {
        self.set.retain(|name, value| held.get(name) != Some(value));
        let held_text = |name: &str| held.get(name).and_then(Value::as_str);
        self.personal.retain(|name, text| held_text(name) != Some(text));
        self.released.retain(|name| held.get(name).is_some());
        self
    }

    /// Refuses to let a lead have more set by hand than may be, all edits together.
    ///
    /// # Errors
    /// That there would be too many fields, or too large ones. A field that was released counts as
    /// one.
    pub fn fits(&self, held: &Held) -> Result<(), InvalidProfile> {
        let mut whole: BTreeMap<_, _> =
            held.names().map(|name| (name, held.get(name).cloned())).collect();
        whole.extend(self.fields());
        let bytes = |(name, value): (&&str, &Option<Value>)| {
            name.len() + value.as_ref().map_or(0, |value| value.to_string().len())
        };
        let bytes: usize = whole.iter().map(bytes).sum();
        let reason = match (whole.len() > MAX_FIELDS, bytes > MAX_PROFILE_BYTES) {
            (true, _) => Reason::TooManyFields,
            (_, true) => Reason::TooLarge,
            _ => return Ok(()),
        };
        Err(InvalidProfile(vec![InvalidField { name: None, reason }]))
    }

    /// Makes the edit; its personal values are those of [`Self::seal`].
    pub fn into_edit(self, by: Actor) -> Edit {
        Edit {
            set: self.set,
            set_sealed: self.personal.into_keys().collect(),
            released: self.released,
            ..Edit::by(by)
        }
    }

    /// Seals the personal values for the home that the edit is stored in.
    ///
    /// # Errors
    /// That a value could not be sealed.
    pub fn seal(
        &self,
        home: HomeId,
        keyring: &Keyring,
    ) -> Result<BTreeMap<String, Sealed>, SealError> {
        let seal = |(name, text): (&String, &String)| {
            Ok((name.clone(), keyring.seal_for_transit(home, name, text)?))
        };
        self.personal.iter().map(seal).collect()
    }

    fn names(&self, name: &str) -> bool {
        self.set.contains_key(name)
            || self.personal.contains_key(name)
            || self.released.contains(name)
    }

    /// Takes one field in.
    fn take(&mut self, key: &str, value: Value) -> Result<(), InvalidField> {
        let meaning = keys::meaning(key, true);
        let name = name(key, meaning).map_err(|reason| InvalidField { name: None, reason })?;
        let invalid = |reason| InvalidField { name: Some(name.clone()), reason };
        match meaning {
            Some(Personal::Secret) => return Err(invalid(Reason::Secret)),
            _ if BESIDE.contains(&name.as_str()) => return Err(invalid(Reason::Beside)),
            _ if self.names(&name) => return Err(invalid(Reason::Repeated)),
            _ => {}
        }
        if value.to_string().len() > MAX_VALUE_BYTES {
            return Err(invalid(Reason::TooLong));
        }
        if value.is_null() {
            self.released.insert(name);
            return Ok(());
        }
        if let Some(Personal::Field(_)) = meaning {
            let text = personal(&name, value).map_err(invalid)?;
            self.personal.insert(name, text);
            return Ok(());
        }
        check(&name, &value).map_err(invalid)?;
        let is_plain = is_clean(&value, key) && !keys::is_free_text(key);
        match (is_plain, value) {
            (true, value) => {
                self.set.insert(name, value);
            }
            // Rules read these, and so do lists.
            (false, Value::String(text)) if !matches!(name.as_str(), "source" | "marketplaces") => {
                self.personal.insert(name, text);
            }
            (false, _) => return Err(invalid(Reason::PersonalInside)),
        }
        Ok(())
    }

    /// Adds what follows from other fields, and refuses what contradicts it.
    fn derive(&mut self) -> Vec<InvalidField> {
        let mut errors = Vec::new();
        for (name, from) in DERIVED {
            let follows = match self.personal.get(from) {
                Some(text) => Some(derived(name, text)),
                None if self.released.contains(from) => None,
                None => continue,
            };
            let given = self.set.get(name);
            let is_other = given.is_some() && given != follows.as_ref()
                || self.personal.contains_key(name)
                || follows.is_some() && self.released.contains(name);
            if is_other {
                let name = Some(name.to_owned());
                errors.push(InvalidField { name, reason: Reason::Derived });
            } else if let Some(value) = follows {
                self.set.insert(name.to_owned(), value);
            } else {
                self.released.insert(name.to_owned());
            }
        }
        errors
    }
}

/// Finds the name that profiles have for a field.
fn name(key: &str, meaning: Option<Personal>) -> Result<String, Reason> {
    if let Some(Personal::Field(field)) = meaning {
        return Ok(field.to_owned());
    }
    if patterns::is_personal(key) {
        return Err(Reason::PersonalName);
    }
    let fits = key.len() <= MAX_NAME_BYTES && key.chars().any(char::is_alphanumeric);
    let name = standard(&keys::bare(key)).map_or_else(|| trait_name(key), str::to_owned);
    if fits && name.len() <= MAX_NAME_BYTES { Ok(name) } else { Err(Reason::Name) }
}

/// Reads the value of a personal field.
fn personal(name: &str, value: Value) -> Result<String, Reason> {
    let text = match value {
        Value::String(text) => text,
        Value::Number(number) => number.to_string(),
        _ => return Err(Reason::NotText),
    };
    // Nothing at all is a value too: whatever events declare, there is none.
    let is_email = || text.is_empty() || Identity::new(Kind::Email, &text).is_ok();
    if name == "email" && !is_email() { Err(Reason::NotAnEmail) } else { Ok(text) }
}

/// Checks the value of a field that others read.
fn check(name: &str, value: &Value) -> Result<(), Reason> {
    let texts =
        |value: &Value| value.as_array().is_some_and(|values| values.iter().all(Value::is_string));
    match name {
        "title" | "company" | "industry" | "source" | "country" if !value.is_string() => {
            Err(Reason::NotText)
        }
        _ if keys::is_free_text(name) && !value.is_string() => Err(Reason::NotText),
        "company_size" if !value.is_string() && !value.is_number() => Err(Reason::NotText),
        "marketplaces" if !value.is_string() && !texts(value) => Err(Reason::NotTexts),
        _ => Ok(()),
    }
}

/// Tells whether nothing personal stands anywhere in a value.
fn is_clean(value: &Value, key: &str) -> bool {
    clean_value(value.clone(), "", key, &mut Withheld::default()) == *value
}

/// What follows from a personal value.
fn derived(name: &str, text: &str) -> Value {
    match name {
        "has_phone" => (!text.is_empty()).into(),
        _ => crate::personal::email_domain(text).unwrap_or_default().into(),
    }
}
