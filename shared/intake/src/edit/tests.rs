//! Profiles given by hand, and the events they become.

use std::collections::BTreeMap;

use domain::{actor::Actor, identity::Kind as IdentityKind, lead::Home};
use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::personal::patterns;

fn keyring() -> Keyring {
    Keyring::new("acme".parse().unwrap(), [7; 32], [2; 32])
}

fn object(value: Value) -> Map<String, Value> {
    let Value::Object(object) = value else { panic!("an object") };
    object
}

fn hand(value: Value) -> HandSet {
    hand_set(object(value)).unwrap()
}

fn fields(hand: &HandSet) -> Value {
    let fields = hand.fields().map(|(name, value)| (name.to_owned(), value.unwrap_or_default()));
    Value::Object(fields.collect())
}

fn refused(value: Value) -> Vec<(String, &'static str)> {
    let InvalidProfile(errors) = hand_set(object(value)).unwrap_err();
    errors.iter().map(|error| (error.path(), error.reason.code())).collect()
}

fn identity(kind: IdentityKind, value: &str) -> Identity {
    Identity::new(kind, value).unwrap()
}

fn a_change(kind: Kind, hand: HandSet) -> Change {
    let (id, at) = (EventId::from_sender("e1").unwrap(), "2026-01-15T12:00:00Z".parse().unwrap());
    Change::new(kind, id, at, Actor::System, hand)
}

#[test]
fn a_field_is_set_or_released_under_the_name_that_profiles_have_for_it() {
    let hand = hand(json!({
        "firstName": "Ana",
        "Job Title": "CTO",
        "email": "Ana@Example.com",
        "phone": 5_511_999_990_001_u64,
        "favoriteColor": "blue",
        "tags": ["a", "b"],
        "bio": "write to ana@example.com",
        "notes": "Ana likes lamps",
        "organization": null,
        "surname": null,
    }));
    assert_eq!(
        fields(&hand),
        json!({
            "first_name": "Ana",
            "title": "CTO",
            "email": "Ana@Example.com",
            "email_domain": "example.com",
            "phone": "5511999990001",
            "has_phone": true,
            "favorite_color": "blue",
            "tags": ["a", "b"],
            "bio": "write to ana@example.com",
            "notes": "Ana likes lamps",
            "company": null,
            "last_name": null,
        })
    );
    let edit = hand.into_edit(Actor::System);
    let sealed: Vec<_> = edit.set_sealed.iter().map(String::as_str).collect();
    assert_eq!(sealed, ["bio", "email", "first_name", "notes", "phone"]);
    assert!(!patterns::is_personal(&json!(edit.set).to_string()));
}

#[test]
fn what_follows_from_a_field_comes_and_goes_with_it() {
    assert_eq!(
        fields(&hand(json!({"email": null, "phone": ""}))),
        json!({"email": null, "email_domain": null, "phone": "", "has_phone": false})
    );
    assert!(hand_set(object(json!({"email": "a@b.co", "email_domain": "b.co"}))).is_ok());
    for profile in [
        json!({"email": "a@b.co", "email_domain": "c.co"}),
        json!({"email": "a@b.co", "email_domain": null}),
        json!({"email": null, "email_domain": "c.co"}),
    ] {
        let told = [("profile.email_domain".to_owned(), "conflicting_fields")];
        assert_eq!(refused(profile), told);
    }
}

#[test]
fn what_cannot_be_kept_as_it_is_given_is_refused() {
    for (profile, field, code) in [
        (json!({"password": "x"}), "profile.password", "secret"),
        (json!({"status": "lost"}), "profile.status", "not_in_profile"),
        (json!({"assignedTo": "me"}), "profile.assigned_to", "not_in_profile"),
        (json!({"firstName": "A", "first_name": "B"}), "profile.first_name", "repeated_field"),
        (json!({"first_name": true}), "profile.first_name", "invalid_value"),
        (json!({"address": {"street": "Rua A"}}), "profile.address", "invalid_value"),
        (json!({"email": "not an address"}), "profile.email", "invalid_value"),
        (json!({"company": {"name": "Acme"}}), "profile.company", "invalid_value"),
        (json!({"marketplaces": [1]}), "profile.marketplaces", "invalid_value"),
        (json!({"source": "ana@example.com"}), "profile.source", "personal_value"),
        (json!({"tags": ["ana@example.com"]}), "profile.tags", "personal_value"),
        (json!({"referee": {"first_name": "Bo"}}), "profile.referee", "personal_value"),
        (json!({"bio": "x".repeat(2_047)}), "profile.bio", "too_long"),
        (json!({"ana@example.com": 1}), "profile", "personal_name"),
        (json!({"!": 1}), "profile", "invalid_name"),
        (json!({"": 1}), "profile", "invalid_name"),
        (json!({"n".repeat(65): 1}), "profile", "invalid_name"),
    ] {
        assert_eq!(refused(profile.clone()), [(field.to_owned(), code)], "{profile}");
    }
    let fits = json!({"bio": "x".repeat(2_046), "n".repeat(64): 1});
    assert_eq!(hand(fits).fields().count(), 2);
}

#[test]
fn all_that_is_wrong_is_told_at_once_and_no_value_is_repeated() {
    let profile = json!({"email": "ana at example", "phone": ["+5511999990001"], "pwd": "hunter2"});
    let error = hand_set(object(profile)).unwrap_err();
    assert_eq!(error.0.len(), 3);
    for value in ["ana", "+55", "hunter2"] {
        assert!(!error.to_string().contains(value), "{error}");
    }
}

/// A family of one home whose fields were set to these values one after the other.
fn held(profiles: impl IntoIterator<Item = Value>) -> Held {
    let mut home = Home::new(keyring().home(&identity(IdentityKind::UserId, "u1"), 0));
    for (second, profile) in profiles.into_iter().enumerate() {
        let mut change = a_change(Kind::Edited, hand(profile));
        change.at = change.at.plus_millis(i64::try_from(second).unwrap());
        home.edits.take_in(&change.of_lead(home.home, &keyring()).unwrap());
    }
    Held::of([&home], &keyring())
}

#[test]
fn a_lead_has_a_hundred_fields_of_64_kb_set_by_hand_at_most() {
    let many = |count: u32, value: Value| -> Value {
        (0..count).map(|n| (format!("f{n:03}"), value.clone())).collect::<Map<_, _>>().into()
    };
    assert_eq!(refused(many(101, json!(1))), [("profile".into(), "too_many_fields")]);
    let full = held([many(100, json!(1)), json!({"f001": null})]);
    assert!(hand(json!({"f000": 2, "f001": 3})).fits(&full).is_ok());
    let one_more = hand(json!({"f000": null, "other": 2})).fits(&full).unwrap_err();
    assert_eq!(one_more.0[0].reason, Reason::TooManyFields);
    let large = hand(many(33, json!("x".repeat(2_000))));
    assert_eq!(large.fits(&Held::default()).unwrap_err().0[0].reason, Reason::TooLarge);
}

#[test]
fn what_is_so_already_is_left_out() {
    let held = held([
        json!({"title": "CTO", "first_name": "Anna", "plan": "pro"}),
        json!({"first_name": "Ana", "plan": null}),
    ]);
    assert_eq!(held.get("first_name"), Some(&json!("Ana")));
    let same = hand(json!({"title": "CTO", "first_name": "Ana", "plan": null, "company": null}));
    assert!(same.beyond(&held).is_empty());
    let other = hand(json!({"title": "CEO", "first_name": null})).beyond(&held);
    assert_eq!(fields(&other), json!({"title": "CEO", "first_name": null}));
    let whole = hand(json!({"title": "CTO"})).replacing(&held).beyond(&held);
    assert_eq!(fields(&whole), json!({"first_name": null}));
}

#[test]
fn a_creation_links_its_identities_and_seals_every_personal_value() {
    let identities = [
        identity(IdentityKind::AnonymousId, "c1"),
        identity(IdentityKind::Email, "ana@example.com"),
    ];
    let change = a_change(Kind::Created, hand(json!({"first_name": "Ana", "title": "CTO"})));
    let traits = object(json!({"lastName": "Silva", "plan": "pro"}));
    let make = || change.clone().of_person(&identities, traits.clone(), &keyring()).unwrap();
    let arrival = make().unwrap();
    assert_eq!(Some(&arrival), make().as_ref());
    let home = keyring().home(&identities[1], 0);
    assert_eq!((arrival.event.home, arrival.event.event_type.as_str()), (home, "lead_created"));
    assert_eq!(arrival.event.links.len(), 1);
    assert_eq!(arrival.identities.len(), 2);
    let traits = json!({"email_domain": "example.com", "plan": "pro"});
    assert_eq!(Value::Object(arrival.event.traits.clone()), traits);
    let names = |sealed: &BTreeMap<_, _>| sealed.keys().cloned().collect::<Vec<String>>();
    assert_eq!(names(&arrival.personal), ["email", "last_name"]);
    assert_eq!(names(&arrival.edited), ["first_name"]);
    let opened =
        keyring().open_from_transit(home.id, "first_name", &arrival.edited["first_name"]).unwrap();
    assert_eq!(opened, "Ana");
    let edit = arrival.event.edit.as_ref().unwrap();
    assert_eq!(json!(edit.set), json!({"title": "CTO"}));
    assert!(change.of_person(&[], Map::new(), &keyring()).unwrap().is_none());
}

#[test]
fn a_change_is_stored_with_its_lead_and_links_nothing() {
    let home = keyring().home(&identity(IdentityKind::UserId, "u1"), 0);
    let change = a_change(Kind::Edited, hand(json!({"last_name": "Silva"})));
    let arrival = change.of_lead(home, &keyring()).unwrap();
    assert_eq!((arrival.event.home, arrival.event.event_type.as_str()), (home, "lead_edited"));
    assert!(arrival.event.links.is_empty() && arrival.identities.is_empty());
    assert!(
        keyring().open_from_transit(home.id, "last_name", &arrival.edited["last_name"]).is_ok()
    );
}

proptest! {
    #[test]
    fn no_plain_value_is_ever_personal(
        key in "[a-zA-Z_ ]{1,12}",
        before in "\\PC{0,12}",
        secret in prop_oneof![Just("ana@example.com"), Just("+5511999990001"), Just("")],
        nested in any::<bool>(),
    ) {
        let text = json!(format!("{before} {secret}"));
        let value = if nested { json!({"list": [text]}) } else { text };
        let profile = Map::from_iter([(key, value)]);
        if let Ok(hand) = hand_set(profile) {
            let edit = hand.into_edit(Actor::System);
            for value in edit.set.values() {
                prop_assert!(!patterns::is_personal(&value.to_string()), "{}", value);
            }
        }
    }
}
