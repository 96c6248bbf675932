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
use serde_json::{Map, Value};
use vault::{IDENTITY_FIELD, Keyring, Opener};

use crate::edit::{Held, HeldField};

/// What a family's homes say about the person.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Person {
    /// The value shown of each field: what is set by hand, else the latest declaration.
    pub profile: Map<String, Value>,
    /// What is set by hand, by field.
    pub edits: BTreeMap<String, SetByHand>,
    /// The identities, strongest kind first, then by value.
    pub identities: Vec<(Kind, String)>,
}

/// A field that somebody set by hand.
#[derive(Clone, Debug, PartialEq)]
pub struct SetByHand {
    /// What it was set to, which the profile shows.
    pub value: Value,
    /// What the profile shows again once the field is released; `null` when nothing is declared.
    pub declared: Value,
    /// When it was set.
    pub at: Timestamp,
    /// Who set it.
    pub by: Actor,
}

/// An identity with what decides whether it is shown.
struct Reading {
    kind: Kind,
    value: String,
    carried: bool,
}

impl Person {
    /// Reads the person off the homes of a family.
    pub fn of(members: &[Member], homes: &BTreeMap<HomeId, Home>, keyring: &Keyring) -> Self {
        let homes = || members.iter().filter_map(|member| homes.get(&member.home.id));
        let mut profile = declared(homes(), keyring);
        let edits = edits(&Held::of(homes(), keyring), &profile);
        profile.extend(edits.iter().map(|(name, edit)| (name.clone(), edit.value.clone())));
        let readings: Vec<_> = homes().filter_map(|home| reading(home, keyring)).collect();
        Self { profile, edits, identities: shown(&readings) }
    }

    /// Returns the first identity of a kind.
    pub fn first(&self, kind: Kind) -> Option<&str> {
        self.identities.iter().find(|(other, _)| *other == kind).map(|(_, value)| value.as_str())
    }
}

/// Returns the latest declaration of each field.
fn declared<'h>(homes: impl Iterator<Item = &'h Home>, keyring: &Keyring) -> Map<String, Value> {
    let mut profile = Profile::default();
    for home in homes {
        profile.combine(&opened(home, keyring));
    }
    let value = |(name, field): (&str, &Field)| match &field.value {
        FieldValue::Plain(value) => Some((name.to_owned(), value.clone())),
        FieldValue::Sealed(_) => None,
    };
    profile.iter().filter_map(value).collect()
}

/// Shows what is set by hand beside what is declared.
fn edits(held: &Held, declared: &Map<String, Value>) -> BTreeMap<String, SetByHand> {
    let edit = |(name, value, field): (&str, &Value, &HeldField)| {
        let declared = declared.get(name).cloned().unwrap_or_default();
        let (value, by) = (value.clone(), field.by.clone());
        (name.to_owned(), SetByHand { value, declared, at: field.at, by })
    };
    held.set().map(edit).collect()
}

/// Opens a home's profile. It has to happen before homes are combined, because a value opens only
/// for the home it was sealed for.
fn opened(home: &Home, keyring: &Keyring) -> Profile {
    let opener = keyring.opener(home);
    let fields = home.profile.iter().filter_map(|(name, field)| {
        let value = match &field.value {
            FieldValue::Plain(value) => value.clone(),
            FieldValue::Sealed(sealed) => Value::String(open(&opener, name, sealed)?),
        };
        let value = FieldValue::Plain(value);
        Some((name.to_owned(), Field { value, ..field.clone() }))
    });
    Profile::from_fields(fields)
}

fn reading(home: &Home, keyring: &Keyring) -> Option<Reading> {
    let value = open(&keyring.opener(home), IDENTITY_FIELD, home.identity.as_ref()?)?;
    Some(Reading { kind: home.home.kind, value, carried: home.carried })
}

/// Opens one value; one that does not open is left out, so that the rest can be shown.
pub(crate) fn open(opener: &Opener<'_>, field: &str, sealed: &Sealed) -> Option<String> {
    let (home, opened) = (opener.home(), opener.open(field, sealed));
    opened.inspect_err(|error| tracing::error!(%home, %error, "a value stays sealed")).ok()
}

/// Chooses the identities to show.
///
/// The former id of an alias is read as a user id and as an anonymous id. The reading that an
/// event has carried is the one that was meant; until then it passes for an anonymous id.
fn shown(readings: &[Reading]) -> Vec<(Kind, String)> {
    let meant_as_user_id = |value: &str| {
        let is =
            |other: &Reading| other.carried && other.kind == Kind::UserId && other.value == value;
        readings.iter().any(is)
    };
    let is_shown = |reading: &&Reading| match reading.kind {
        Kind::UserId => reading.carried,
        Kind::AnonymousId => reading.carried || !meant_as_user_id(&reading.value),
        Kind::Email | Kind::External | Kind::Phone => true,
    };
    let shown = readings.iter().filter(is_shown);
    let mut shown: Vec<_> = shown.map(|reading| (reading.kind, reading.value.clone())).collect();
    shown.sort();
    shown
}

#[cfg(test)]
mod tests {
    use domain::{event::EventId, home::HomeRef, identity::Identity};

    use super::*;
    use crate::edit::{self, Change, hand_set};

    fn keyring() -> Keyring {
        Keyring::new("acme".parse().unwrap(), [7; 32], [2; 32])
    }

    fn a_home(kind: Kind, value: &str, carried: bool) -> Home {
        let home = keyring().home(&Identity::new(kind, value).unwrap(), 0);
        let identity = keyring().seal_for_transit(home.id, IDENTITY_FIELD, value).unwrap();
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
        person(homes).identities
    }

    #[test]
    fn the_latest_value_of_each_home_is_opened_and_shown() {
        let mut user = a_home(Kind::UserId, "u1", true);
        let mut cookie = a_home(Kind::AnonymousId, "c1", true);
        let sealed = |home: &Home, value| {
            FieldValue::Sealed(
                keyring().seal_for_transit(home.home.id, "first_name", value).unwrap(),
            )
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
        let hand = hand_set(profile).unwrap();
        let event_id = EventId::from_sender("edit").unwrap();
        let at = Timestamp::from_millis(millis).unwrap();
        let change = Change::new(edit::Kind::Edited, event_id, at, Actor::System, hand);
        home.edits.take_in(&change.of_lead(home.home, &keyring()).unwrap());
    }

    #[test]
    fn what_is_set_by_hand_wins_over_later_declarations_until_it_is_released() {
        let mut user = a_home(Kind::UserId, "u1", true);
        let mut cookie = a_home(Kind::AnonymousId, "c1", true);
        let sealed = keyring().seal_for_transit(cookie.home.id, "first_name", "Anna").unwrap();
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
