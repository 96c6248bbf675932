//! Who a lead is: profile and identities, opened from what its homes keep sealed.
//!
//! Invariant: nothing merged is stored; the latest declaration of each field wins here, at read,
//! what people set by hand wins over it, and an identity is shown only as the kind that somebody
//! meant.

use std::collections::BTreeMap;

use domain::{
    actor::Actor,
    event::Sealed,
    family::Member,
    home::HomeId,
    identity::Kind,
    lead::Home,
    profile::{Field, FieldValue, Profile},
    time::Timestamp,
};
use intake::edit::{Held, HeldField};
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;
use vault::{IDENTITY_FIELD, Keyring};

use crate::words;

/// One identity that names the person.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, ToSchema)]
#[schema(as = Identity)]
pub struct IdentityBody {
    /// What sort of name it is, strongest first in lists.
    #[schema(schema_with = words::kind)]
    pub kind: Kind,
    /// The name.
    #[schema(example = "ana@example.com")]
    pub value: String,
}

/// A field that somebody set by hand.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[schema(as = EditedField)]
pub struct EditedFieldBody {
    /// What it was set to, which the profile shows.
    #[schema(schema_with = words::any_value)]
    pub value: Value,
    /// What events and imports declare, which the profile shows again once the field is released;
    /// `null` when they declare nothing.
    #[schema(schema_with = words::any_value)]
    pub declared: Value,
    /// When it was set.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// Who set it: a user, a key, or `system`.
    #[schema(value_type = String, example = "user_019a0b3c-4d5e-7f60-8a1b-2c3d4e5f6071")]
    pub by: Actor,
}

/// What a family's homes say about the person.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Person {
    /// The value shown of each field: what is set by hand, else the latest declaration.
    pub profile: Map<String, Value>,
    /// What is set by hand, by field.
    pub edits: BTreeMap<String, EditedFieldBody>,
    /// The identities, strongest kind first, then by value.
    pub identities: Vec<IdentityBody>,
}

/// An identity with what decides whether it is shown.
struct Reading {
    identity: IdentityBody,
    carried: bool,
}

impl Person {
    /// Reads the person off the homes of a family.
    pub fn of(members: &[Member], homes: &BTreeMap<HomeId, Home>, keyring: &Keyring) -> Self {
        let homes = || members.iter().filter_map(|member| homes.get(&member.home.id));
        let mut profile = Profile::default();
        for home in homes() {
            profile.combine(&opened(home, keyring));
        }
        let value = |(name, field): (&str, &Field)| match &field.value {
            FieldValue::Plain(value) => Some((name.to_owned(), value.clone())),
            FieldValue::Sealed(_) => None,
        };
        let mut profile: Map<_, _> = profile.iter().filter_map(value).collect();
        let opener = |home: &Home, name: &str, sealed: &Sealed| open(home, name, sealed, keyring);
        let edits = edits(&Held::of(homes(), opener), &profile);
        profile.extend(edits.iter().map(|(name, edit)| (name.clone(), edit.value.clone())));
        let readings: Vec<_> = homes().filter_map(|home| reading(home, keyring)).collect();
        Self { profile, edits, identities: shown(&readings) }
    }
}

/// Shows what is set by hand beside what is declared.
fn edits(held: &Held, declared: &Map<String, Value>) -> BTreeMap<String, EditedFieldBody> {
    let edit = |(name, value, field): (&str, &Value, &HeldField)| {
        let declared = declared.get(name).cloned().unwrap_or_default();
        let (value, by) = (value.clone(), field.by.clone());
        (name.to_owned(), EditedFieldBody { value, declared, at: field.at, by })
    };
    held.set().map(edit).collect()
}

/// Opens a home's profile. It has to happen before homes are combined, because a value opens only
/// for the home it was sealed for.
fn opened(home: &Home, keyring: &Keyring) -> Profile {
    let fields = home.profile.iter().filter_map(|(name, field)| {
        let value = match &field.value {
            FieldValue::Plain(value) => value.clone(),
            FieldValue::Sealed(sealed) => Value::String(open(home, name, sealed, keyring)?),
        };
        let value = FieldValue::Plain(value);
        Some((name.to_owned(), Field { value, ..field.clone() }))
    });
    Profile::from_fields(fields)
}

fn reading(home: &Home, keyring: &Keyring) -> Option<Reading> {
    let kind = home.home.kind;
    let value = open(home, IDENTITY_FIELD, home.identity.as_ref()?, keyring)?;
    Some(Reading { identity: IdentityBody { kind, value }, carried: home.carried })
}

/// Opens one value; one that does not open is left out, so that the rest can be shown.
pub fn open(home: &Home, field: &str, sealed: &Sealed, keyring: &Keyring) -> Option<String> {
    let opened = keyring.open(home.home.id, field, sealed);
    opened
        .inspect_err(|error| tracing::error!(home = %home.home.id, %error, "a value stays sealed"))
        .ok()
}

/// Chooses the identities to show.
///
/// The former id of an alias is read as a user id and as an anonymous id. The reading that an
/// event has carried is the one that was meant; until then it passes for an anonymous id.
fn shown(readings: &[Reading]) -> Vec<IdentityBody> {
    let meant_as_user_id = |value: &str| {
        let is = |other: &&Reading| {
            other.carried && other.identity.kind == Kind::UserId && other.identity.value == value
        };
        readings.iter().any(|other| is(&other))
    };
    let is_shown = |reading: &&Reading| match reading.identity.kind {
        Kind::UserId => reading.carried,
        Kind::AnonymousId => reading.carried || !meant_as_user_id(&reading.identity.value),
        Kind::Email | Kind::External | Kind::Phone => true,
    };
    let mut shown: Vec<_> =
        readings.iter().filter(is_shown).map(|reading| reading.identity.clone()).collect();
    shown.sort();
    shown
}

#[cfg(test)]
mod tests {
    use domain::{event::EventId, home::HomeRef, identity::Identity, time::Timestamp};

    use super::*;

    fn keyring() -> Keyring {
        Keyring::new("acme".parse().unwrap(), [7; 32], [2; 32])
    }

    fn a_home(kind: Kind, value: &str, carried: bool) -> Home {
        let home = keyring().home(&Identity::new(kind, value).unwrap(), 0);
        let identity = keyring().seal(home.id, IDENTITY_FIELD, value).unwrap();
        Home { carried, identity: Some(identity), ..Home::new(home) }
    }

    fn declared(home: &mut Home, name: &str, value: FieldValue, millis: i64) {
        let timestamp = Timestamp::from_millis(millis).unwrap();
        let event_id = EventId::from_sender("e").unwrap();
        home.profile.declare(name, Field { value, timestamp, event_id });
    }

    fn person(homes: &[Home]) -> Person {
        let member = |home: &HomeRef| Member { home: *home, has_events: true };
        let members: Vec<_> = homes.iter().map(|home| member(&home.home)).collect();
        let homes = homes.iter().map(|home| (home.home.id, home.clone())).collect();
        Person::of(&members, &homes, &keyring())
    }

    fn identities(homes: &[Home]) -> Vec<(Kind, String)> {
        let identities = person(homes).identities.into_iter();
        identities.map(|identity| (identity.kind, identity.value)).collect()
    }

    #[test]
    fn the_latest_value_of_each_home_is_opened_and_shown() {
        let mut user = a_home(Kind::UserId, "u1", true);
        let mut cookie = a_home(Kind::AnonymousId, "c1", true);
        let sealed = |home: &Home, value| {
            FieldValue::Sealed(keyring().seal(home.home.id, "first_name", value).unwrap())
        };
        let (old, new) = (sealed(&user, "Anna"), sealed(&cookie, "Ana"));
        declared(&mut user, "first_name", old, 1);
        declared(&mut cookie, "first_name", new, 2);
        declared(&mut user, "plan", FieldValue::Plain("pro".into()), 1);
        let profile = person(&[user, cookie]).profile;
        assert_eq!(Value::from(profile), serde_json::json!({"first_name": "Ana", "plan": "pro"}));
    }

    fn edited(home: &mut Home, profile: Value, millis: i64) {
        let Value::Object(profile) = profile else { panic!("an object") };
        let hand = intake::edit::hand_set(profile).unwrap();
        let event_id = EventId::from_sender("edit").unwrap();
        let at = Timestamp::from_millis(millis).unwrap();
        let kind = intake::edit::Kind::Edited;
        let change = intake::edit::Change::new(kind, event_id, at, Actor::System, hand);
        home.edits.take_in(&change.of_lead(home.home, &keyring()).unwrap());
    }

    #[test]
    fn what_is_set_by_hand_wins_over_later_declarations_until_it_is_released() {
        let mut user = a_home(Kind::UserId, "u1", true);
        let mut cookie = a_home(Kind::AnonymousId, "c1", true);
        let sealed = keyring().seal(cookie.home.id, "first_name", "Anna").unwrap();
        declared(&mut cookie, "first_name", FieldValue::Sealed(sealed), 9);
        declared(&mut cookie, "title", FieldValue::Plain("clerk".into()), 9);
        edited(&mut user, serde_json::json!({"first_name": "Ana", "title": "CTO"}), 5);
        let shown = person(&[user.clone(), cookie.clone()]);
        let expected = serde_json::json!({"first_name": "Ana", "title": "CTO"});
        assert_eq!(Value::from(shown.profile), expected);
        assert_eq!(shown.edits["first_name"].declared, "Anna");
        edited(&mut cookie, serde_json::json!({"first_name": null}), 6);
        let shown = person(&[user, cookie]);
        let expected = serde_json::json!({"first_name": "Anna", "title": "CTO"});
        assert_eq!(Value::from(shown.profile), expected);
        assert_eq!(shown.edits.keys().collect::<Vec<_>>(), ["title"]);
    }

    #[test]
    fn a_value_that_does_not_open_leaves_the_rest() {
        let mut user = a_home(Kind::UserId, "u1", true);
        declared(&mut user, "email", FieldValue::Sealed(Sealed("junk".into())), 1);
        declared(&mut user, "plan", FieldValue::Plain("pro".into()), 1);
        assert_eq!(person(&[user]).profile.len(), 1);
    }

    #[test]
    fn identities_come_strongest_first_then_by_value() {
        let homes = [
            a_home(Kind::AnonymousId, "c1", true),
            a_home(Kind::Email, "b@example.com", true),
            a_home(Kind::Email, "a@example.com", true),
            a_home(Kind::UserId, "u1", true),
        ];
        let values: Vec<_> = identities(&homes).into_iter().map(|(_, value)| value).collect();
        assert_eq!(values, ["u1", "a@example.com", "b@example.com", "c1"]);
    }

    #[test]
    fn a_former_id_is_shown_as_what_it_was_meant() {
        let readings = |user, cookie| {
            let homes =
                [a_home(Kind::UserId, "old", user), a_home(Kind::AnonymousId, "old", cookie)];
            identities(&homes).into_iter().map(|(kind, _)| kind).collect::<Vec<_>>()
        };
        assert_eq!(readings(false, false), [Kind::AnonymousId]);
        assert_eq!(readings(true, false), [Kind::UserId]);
        assert_eq!(readings(false, true), [Kind::AnonymousId]);
        assert_eq!(readings(true, true), [Kind::UserId, Kind::AnonymousId]);
    }
}
