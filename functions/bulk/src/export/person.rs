//! Who a lead is: its profile and identities, opened for a line of CSV.
//!
//! Invariant: what people set by hand wins over what is declared, and of several identities of a
//! kind the first by value stands in the kind's column.

use std::collections::BTreeMap;

use domain::{
    event::Sealed,
    home::HomeId,
    identity::Kind,
    lead::{Home, Lead},
    profile::{Field, FieldValue, Profile},
};
use intake::edit::Held;
use serde_json::Value;
use vault::{IDENTITY_FIELD, Keyring};

/// What a family's homes say about the person.
#[derive(Clone, Debug, Default)]
pub(super) struct Person {
    /// The value shown of each field.
    pub profile: BTreeMap<String, Value>,
    /// The identities, strongest kind first, then by value.
    pub identities: Vec<(Kind, String)>,
}

impl Person {
    /// Reads the person off the homes of a lead's family.
    pub fn of(lead: &Lead, homes: &BTreeMap<HomeId, Home>, keyring: &Keyring) -> Self {
        let homes = || lead.members.iter().filter_map(|member| homes.get(&member.home.id));
        let mut declared = Profile::default();
        for home in homes() {
            // Opened before homes are combined, because a value opens only for its own home.
            declared.combine(&opened(home, keyring));
        }
        let plain = |(name, field): (&str, &Field)| match &field.value {
            FieldValue::Plain(value) => Some((name.to_owned(), value.clone())),
            FieldValue::Sealed(_) => None,
        };
        let mut profile: BTreeMap<_, _> = declared.iter().filter_map(plain).collect();
        let held = Held::of(homes(), |home, name, sealed| open(home, name, sealed, keyring));
        profile.extend(held.set().map(|(name, value, _)| (name.to_owned(), value.clone())));
        Self { profile, identities: identities(homes(), keyring) }
    }

    /// Returns the first identity of a kind.
    pub fn first(&self, kind: Kind) -> Option<&str> {
        self.identities.iter().find(|(other, _)| *other == kind).map(|(_, value)| value.as_str())
    }
}

fn opened(home: &Home, keyring: &Keyring) -> Profile {
    Profile::from_fields(home.profile.iter().filter_map(|(name, field)| {
        let value = match &field.value {
            FieldValue::Plain(value) => value.clone(),
            FieldValue::Sealed(sealed) => Value::String(open(home, name, sealed, keyring)?),
        };
        Some((name.to_owned(), Field { value: FieldValue::Plain(value), ..field.clone() }))
    }))
}

/// Opens one value; one that does not open is left out, so that the rest can be written.
fn open(home: &Home, field: &str, sealed: &Sealed, keyring: &Keyring) -> Option<String> {
    let opened = keyring.open(home.home.id, field, sealed);
    opened
        .inspect_err(|error| tracing::error!(home = %home.home.id, %error, "a value stays sealed"))
        .ok()
}

/// Returns the identities that are shown. The former id of an alias is read as a user id and as an
/// anonymous id: the reading that an event has carried is the one that was meant; until then it
/// passes for an anonymous id.
fn identities<'h>(homes: impl Iterator<Item = &'h Home>, keyring: &Keyring) -> Vec<(Kind, String)> {
    let read = |home: &Home| {
        let value = open(home, IDENTITY_FIELD, home.identity.as_ref()?, keyring)?;
        Some((home.home.kind, value, home.carried))
    };
    let all: Vec<_> = homes.filter_map(read).collect();
    let is_user = |value: &str| {
        all.iter().any(|(kind, other, carried)| *carried && *kind == Kind::UserId && other == value)
    };
    let is_shown = |(kind, value, carried): &&(Kind, String, bool)| match kind {
        Kind::UserId => *carried,
        Kind::AnonymousId => *carried || !is_user(value),
        Kind::Email | Kind::External | Kind::Phone => true,
    };
    let mut shown: Vec<_> =
        all.iter().filter(is_shown).map(|(kind, value, _)| (*kind, value.clone())).collect();
    shown.sort();
    shown
}
