//! Random events, edits, merges and separations of a few people, on tables that fail.

use domain::{
    edit::{Choice, Edit},
    event::EventId,
    identity::Kind,
    lead::Status,
    user::UserId,
};
use proptest::{collection::vec, prelude::*, sample::select};
use scoring::{EditError, Expected, Parting, ScoreError, Scorer};
use serde_json::json;
use testing::{EventBuilder, Faults, Tables, a_tenant, an_event, keyring};

use crate::{audited, by_hand, change, checked, now, runtime, user};

/// What somebody does.
#[derive(Clone, Debug)]
enum Act {
    /// A person does something, with a device or without.
    Event(u8, Option<u8>, &'static str, i64),
    /// Somebody edits the lead of a person.
    Edit(u8, Edit),
    /// Somebody takes two persons for one.
    Merge(u8, u8),
    /// Somebody takes the last merge back.
    Unmerge(u8),
}

fn edit() -> impl Strategy<Value = Edit> {
    let owner: UserId = "user_019a0b3c-4d5e-7f60-8a1b-2c3d4e5f6071".parse().unwrap();
    select(vec![
        Edit { status: Some(Status::Contacted), ..by_hand() },
        Edit { assigned_to: Some(Choice::Set(owner)), ..by_hand() },
        Edit { assigned_to: Some(Choice::Clear), ..by_hand() },
        Edit { set: [("source".to_owned(), json!("fair"))].into(), ..by_hand() },
        Edit { set_sealed: ["email".to_owned()].into(), ..by_hand() },
        Edit { released: ["source".to_owned(), "email".to_owned()].into(), ..by_hand() },
        Edit { deleted: Some(true), ..by_hand() },
        Edit { deleted: Some(false), ..by_hand() },
    ])
}

fn act() -> impl Strategy<Value = Act> {
    let kinds = select(vec!["page_view", "signup", "demo_request", "unsubscribe"]);
    let event = (0..3_u8, proptest::option::of(0..3_u8), kinds, -60..2_i64);
    prop_oneof![
        5 => event.prop_map(|(user, device, kind, day)| Act::Event(user, device, kind, day)),
        4 => (0..3_u8, edit()).prop_map(|(user, edit)| Act::Edit(user, edit)),
        1 => (0..3_u8, 0..3_u8).prop_map(|(one, other)| Act::Merge(one, other)),
        1 => (0..3_u8).prop_map(Act::Unmerge),
    ]
}

fn event(number: usize, (person, device, kind, day): (u8, Option<u8>, &str, i64)) -> EventBuilder {
    let event = an_event(format!("e{number}")).of_type(kind).at(now()).days_later(day);
    let event = event.by(Kind::UserId, &format!("u{person}"));
    match device {
        Some(device) => event.by(Kind::AnonymousId, &format!("a{device}")),
        None => event,
    }
}

/// Does something until it is done, and tells how many entries the audit log gets by it.
async fn perform(tables: &Tables, faulty: &Scorer, number: usize, act: Act) -> usize {
    let exact = Scorer::new(tables.store.clone());
    let of = |person: u8| user(&format!("u{person}"));
    match act {
        Act::Event(person, device, kind, day) => {
            let arrival = event(number, (person, device, kind, day)).arrival();
            let home = arrival.event.home.id;
            while faulty.score(&keyring(), home, vec![arrival.clone()], now()).await.is_err() {}
            0
        }
        Act::Edit(person, edit) => loop {
            let id = format!("edit-{number}");
            match change(faulty, of(person), Expected::Any, &id, edit.clone()).await {
                Ok(edited) => {
                    assert!(edited.changed);
                    return 1;
                }
                Err(EditError::UnknownLead(_)) => return 0,
                Err(EditError::Score(ScoreError::Store(_) | ScoreError::Contended(_))) => {}
                Err(error) => panic!("{error:?}"),
            }
        },
        Act::Merge(one, other) => {
            let (id, both) = (EventId::from_sender(&format!("m{number}")).unwrap(), [one, other]);
            let entry = crate::entry(&format!("{number}"));
            let both = both.map(of);
            let merged = exact.merge(&keyring(), &both, &id, false, Some(&entry), now()).await;
            usize::from(merged.is_ok_and(|merged| merged.merge.is_some()))
        }
        Act::Unmerge(person) => {
            let entry = crate::entry(&format!("{number}"));
            let (lead, latest) = (of(person), Parting::LatestMerge);
            let parted = exact.unmerge(&keyring(), lead, latest, false, Some(&entry), now()).await;
            usize::from(parted.is_ok())
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn edits_among_events_merges_and_partings_are_kept_once_and_fold_like_any_event(
        acts in vec(act(), 1..24), seed in any::<u64>(),
    ) {
        runtime().block_on(async {
            let tables = Tables::with_tenant(&a_tenant()).await;
            let faulty = Scorer::new(tables.with_faults(&Faults::at_random(seed, 60)));
            let edits = acts.iter().filter(|act| matches!(act, Act::Edit(..))).count();
            let (mut entries, mut made) = (0, 0);
            for (number, act) in acts.into_iter().enumerate() {
                let is_edit = matches!(act, Act::Edit(..));
                let written = perform(&tables, &faulty, number, act).await;
                entries += written;
                made += if is_edit { written } else { 0 };
            }
            let leads = checked(&tables).await;
            let stored = leads.iter().flat_map(|(_, events)| events);
            let stored = stored.filter(|event| event.edit.is_some()).count();
            assert!(made <= edits);
            assert_eq!((stored, audited(&tables).await), (made, entries));
        });
    }
}
