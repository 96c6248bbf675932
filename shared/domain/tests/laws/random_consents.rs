//! Random changes of consent, by senders and by hand, sound and malformed.

use domain::{actor::Actor, consent::Purpose, edit::Edit, event::Event, identity::Kind};
use proptest::{
    collection::{btree_map, vec},
    option::weighted,
    prelude::*,
    sample::select,
};
use serde_json::{Value, json};

use crate::{event, home};

/// More purposes than a lead has room for, and names that are none.
pub const NAMES: [&str; 24] = [
    "scoring",
    "marketing",
    "analytics",
    "sharing",
    "a",
    "b",
    "c",
    "d",
    "e",
    "f",
    "g",
    "h",
    "i",
    "j",
    "k",
    "l",
    "m",
    "sms_brazil",
    "_",
    "z",
    "Scoring",
    "e-mail",
    "",
    "a_name_of_more_than_thirty_two_chars",
];

/// What is said of a purpose: mostly yes or no.
fn said() -> impl Strategy<Value = Value> {
    prop_oneof![
        6 => any::<bool>().prop_map(Value::from),
        1 => select(vec![json!("yes"), json!(1), json!(null), json!({"granted": true})]),
    ]
}

fn spoken() -> impl Strategy<Value = Vec<(&'static str, Value)>> {
    let others = btree_map(select(NAMES.to_vec()), said(), 0..6);
    (weighted(0.7, said()), others).prop_map(|(scoring, mut others)| {
        others.extend(scoring.map(|said| ("scoring", said)));
        others.into_iter().collect()
    })
}

/// Changes of the consent of one lead in a few homes, in any order, at the instants of other events
/// too. By hand nothing malformed can be said.
pub fn consents() -> impl Strategy<Value = Vec<Event>> {
    let drawn = (spoken(), 0..400_i64, 0..3_u8, any::<bool>(), weighted(0.9, Just(())));
    vec(drawn, 0..6).prop_map(|drawn| {
        let change = |(n, (said, step, number, by_hand, is_sound)): (usize, (_, i64, _, _, _))| {
            let home = home(Kind::UserId, number);
            let id = format!("e{}c", n * 5 % 6);
            let mut event: Event = event(&id, "consent_changed", step * 11 * 3_600_000, home);
            say(&mut event, said, by_hand, Option::is_some(&is_sound));
            event
        };
        drawn.into_iter().enumerate().map(change).collect()
    })
}

fn say(event: &mut Event, said: Vec<(&str, Value)>, by_hand: bool, is_sound: bool) {
    if by_hand {
        let sound =
            |(name, said): (&str, Value)| Some((name.parse::<Purpose>().ok()?, said.as_bool()?));
        let consents = said.into_iter().filter_map(sound).collect();
        event.edit = Some(Box::new(Edit { consents, ..Edit::by(Actor::System) }));
    } else if is_sound {
        let said = said.into_iter().map(|(name, said)| (name.to_owned(), said)).collect();
        event.properties.insert("consents".to_owned(), Value::Object(said));
    } else {
        event.properties.insert("consents".to_owned(), json!(["scoring"]));
    }
    event.traits.insert("title".to_owned(), json!("CEO"));
}

/// Takes out whatever is said of consent for scoring.
pub fn without_scoring(mut events: Vec<Event>) -> Vec<Event> {
    for event in &mut events {
        if let Some(said) = event.properties.get_mut("consents").and_then(Value::as_object_mut) {
            said.remove("scoring");
        }
        if let Some(edit) = &mut event.edit {
            edit.consents.retain(|purpose, _| purpose.as_str() != "scoring");
        }
    }
    events
}
