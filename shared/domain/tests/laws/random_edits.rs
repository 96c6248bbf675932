//! Random edits: everything that people can do to a lead by hand, and lines of imported files.

use domain::{
    actor::Actor,
    edit::{Choice, Edit, LEAD_CREATED, LEAD_EDITED, LEAD_IMPORTED},
    event::Event,
    identity::Kind,
    lead::Status,
    segment::Segment,
    time::Day,
    user::UserId,
};
use proptest::{
    collection::{btree_map, vec},
    option::{of, weighted},
    prelude::*,
    sample::select,
};
use serde_json::{Value, json};

use crate::{event, home};

/// An edit's type says nothing: that of a page view makes it none.
const TYPES: [&str; 4] = [LEAD_CREATED, LEAD_EDITED, LEAD_IMPORTED, "page_view"];
pub const FIELDS: [&str; 4] = ["title", "city", "source", "marketplaces"];
const STATUSES: [Status; 4] = [Status::New, Status::Contacted, Status::Converted, Status::Lost];

/// What is done to a field.
#[derive(Clone, Debug)]
enum Done {
    Set(Value),
    Sealed,
    Released,
    Declared(Value),
}

fn values() -> impl Strategy<Value = Value> {
    let texts = ["CTO", "Clerk", "Rome", "shopee", " ", "Mercado Livre"];
    select([texts.map(Value::from).to_vec(), vec![json!(["amazon", "Amazon", "x\ny"])]].concat())
}

fn done() -> impl Strategy<Value = Done> {
    prop_oneof![
        3 => values().prop_map(Done::Set),
        1 => Just(Done::Sealed),
        2 => Just(Done::Released),
        1 => values().prop_map(Done::Declared),
    ]
}

fn users() -> impl Strategy<Value = UserId> {
    let user = |last: u8| format!("user_019a0b3c-4d5e-7f60-8a1b-2c3d4e5f607{last}");
    (0..2_u8).prop_map(move |last| user(last).parse().unwrap())
}

fn actors() -> impl Strategy<Value = Actor> {
    prop_oneof![Just(Actor::System), users().prop_map(Actor::User)]
}

fn work() -> impl Strategy<Value = Edit> {
    let status = weighted(0.3, select(STATUSES.to_vec()));
    let assigned = weighted(0.3, of(users()));
    let segment = weighted(0.3, of(select(Segment::ALL.to_vec())));
    let deleted = weighted(0.3, any::<bool>());
    let days = ["1970-01-09", "1970-03-01"].map(|day| day.parse::<Day>().unwrap());
    let erase_on = weighted(0.3, select(days.to_vec()));
    (actors(), status, assigned, segment, deleted, erase_on).prop_map(
        |(by, status, assigned, segment, deleted, erase_on)| Edit {
            status,
            assigned_to: assigned.map(Choice::from),
            segment: segment.map(Choice::from),
            deleted,
            erase_on,
            ..Edit::by(by)
        },
    )
}

/// Edits of a few homes within half a year, in any order, at the instants of other events too.
pub fn edits() -> impl Strategy<Value = Vec<Event>> {
    let fields = btree_map(select(FIELDS.to_vec()), done(), 0..4);
    let drawn = (select(TYPES.to_vec()), 0..400_i64, 0..3_u8, fields, work());
    vec(drawn, 0..12).prop_map(|drawn| {
        let edit =
            |(n, (event_type, step, number, fields, mut edit)): (usize, (_, i64, _, _, _))| {
                let home = home(Kind::UserId, number);
                let id = format!("e{}x", n * 5 % 12);
                let mut event: Event = event(&id, event_type, step * 11 * 3_600_000, home);
                for (name, done) in fields {
                    say(&mut event, &mut edit, name, done);
                }
                event.edit = Some(Box::new(edit));
                event
            };
        drawn.into_iter().enumerate().map(edit).collect()
    })
}

fn say(event: &mut Event, edit: &mut Edit, name: &str, done: Done) {
    let name = name.to_owned();
    match done {
        Done::Set(value) => {
            edit.set.insert(name, value);
        }
        Done::Sealed => {
            edit.set_sealed.insert(name);
        }
        Done::Released => {
            edit.released.insert(name);
        }
        Done::Declared(value) => {
            event.traits.insert(name, value);
        }
    }
}

/// Tells an edit from what happened.
pub fn is_edit(event: &Event) -> bool {
    event.edit.is_some()
}
