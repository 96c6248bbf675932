//! Edits one by one: who races, what is stale, what crashes in the middle.

use std::sync::atomic::{AtomicUsize, Ordering};

use domain::{
    edit::{Choice, Edit},
    identity::Kind,
    lead::Status,
    rule_set::RuleSet,
    stage::Stage,
    user::UserId,
};
use dynamo::{Draft, Publication, PublishedSet};
use scoring::{Current, EditError, Edited, Expected, Scorer};
use serde_json::json;
use testing::{Fault, Faults, Tables, a_tenant, an_event, home_of, keyring};

use crate::{
    audited, by_hand, change, checked, deliver, edit_event, entry, lead, now, runtime, user,
};

fn owner() -> UserId {
    "user_019a0b3c-4d5e-7f60-8a1b-2c3d4e5f6071".parse().unwrap()
}

fn contacted() -> Edit {
    Edit { status: Some(Status::Contacted), ..by_hand() }
}

async fn a_lead(tables: &Tables) -> Scorer {
    let scorer = Scorer::new(tables.store.clone());
    let events = [
        an_event("1").of_type("signup").at(now()).days_later(-2),
        an_event("2").at(now()).days_later(-1).by(Kind::UserId, "u1").by(Kind::AnonymousId, "a1"),
    ];
    deliver(&scorer, events).await;
    scorer
}

#[test]
fn an_edit_changes_what_people_see_and_nothing_of_the_behaviour() {
    runtime().block_on(async {
        let tables = Tables::with_tenant(&a_tenant()).await;
        let scorer = a_lead(&tables).await;
        let before = lead(&tables, user("u1")).await;
        let edit = Edit {
            assigned_to: Some(Choice::Set(owner())),
            set: [("source".to_owned(), json!("fair"))].into(),
            set_sealed: ["email".to_owned()].into(),
            ..contacted()
        };
        // By any id of the family, and stored in the survivor.
        let cookie = home_of(Kind::AnonymousId, "a1").id;
        let edited = change(&scorer, cookie, Expected::Edition(0), "e1", edit).await.unwrap();
        let after = lead(&tables, user("u1")).await;
        assert_eq!(edited, Edited { lead: after.clone(), changed: true });
        let work = &after.state.work;
        assert_eq!((work.status, work.assigned_to.as_ref()), (Status::Contacted, Some(&owner())));
        assert_ne!(after.state.edition, 0);
        assert_eq!(after.state.last_edit_at, Some(now()));
        let behaviour = |lead: &domain::lead::Lead| {
            let state = &lead.state;
            (state.events, state.last_event_at, state.recent.clone(), state.balance.clone())
        };
        assert_eq!(behaviour(&after), behaviour(&before));
        let homes = tables.store.homes(&a_tenant(), [user("u1")]).await.unwrap();
        assert!(homes[&user("u1")].edits.get("email").is_some_and(|field| field.value.is_some()));
        // The next one is later, even within the same millisecond.
        let next = change(&scorer, cookie, Expected::Any, "e2", by_hand()).await.unwrap().lead;
        assert_eq!(next.state.last_edit_at, Some(now().plus_millis(1)));
        assert_ne!(next.state.edition, after.state.edition);
        checked(&tables).await;
        assert_eq!(audited(&tables).await, 2);
    });
}

#[test]
fn what_is_not_to_be_changed_is_not_written() {
    runtime().block_on(async {
        let tables = Tables::with_tenant(&a_tenant()).await;
        let scorer = a_lead(&tables).await;
        let before = lead(&tables, user("u1")).await;
        let edition = before.state.edition;
        let make = |make: fn(Current<'_>) -> Result<Option<_>, &'static str>, expected, id| {
            let (scorer, entry) = (&scorer, entry("none"));
            async move { scorer.edit(&keyring(), id, expected, Some(&entry), now(), make).await }
        };
        let (any, stale) = (Expected::Any, Expected::Edition(edition ^ 1));
        let nothing = make(|_| Ok(None), any, user("u1")).await.unwrap();
        assert_eq!(nothing, Edited { lead: before.clone(), changed: false });
        let refused = make(|_| Err("no"), any, user("u1")).await;
        assert!(matches!(refused, Err(EditError::Refused("no"))), "{refused:?}");
        let late = make(|_| Err("no"), stale, user("u1")).await;
        assert!(matches!(late, Err(EditError::Stale { edition: of }) if of == edition), "{late:?}");
        let gone = make(|_| Ok(None), any, user("nobody")).await;
        assert!(matches!(gone, Err(EditError::UnknownLead(id)) if id == user("nobody")));
        assert_eq!(lead(&tables, user("u1")).await, before);
        assert_eq!(audited(&tables).await, 0);
    });
}

#[test]
fn of_edits_that_race_on_one_edition_one_is_made() {
    runtime().block_on(async {
        let tables = Tables::with_tenant(&a_tenant()).await;
        let scorer = a_lead(&tables).await;
        let racing = async |expected: Expected, prefix: &str| {
            let racers = (0..6).map(|n| {
                let (tables, id) = (tables.clone(), format!("{prefix}{n}"));
                tokio::spawn(async move {
                    let scorer = Scorer::new(tables.store.clone());
                    change(&scorer, user("u1"), expected, &id, contacted()).await
                })
            });
            let mut made = 0;
            for racer in racers.collect::<Vec<_>>() {
                match racer.await.unwrap() {
                    Ok(edited) => made += usize::from(edited.changed),
                    Err(EditError::Stale { .. }) => {}
                    Err(error) => panic!("{error:?}"),
                }
            }
            made
        };
        assert_eq!(racing(Expected::Edition(0), "a").await, 1);
        assert_eq!(racing(Expected::Any, "b").await, 6);
        let stored = checked(&tables).await;
        assert_eq!(stored[0].1.iter().filter(|event| event.edit.is_some()).count(), 7);
        assert_eq!(audited(&tables).await, 7);
        drop(scorer);
    });
}

#[test]
fn a_crash_between_any_two_calls_leaves_the_edit_to_be_made_once() {
    runtime().block_on(async {
        for crash in 0.. {
            let mut calls = 0;
            for answer_lost in [false, true] {
                let tables = Tables::with_tenant(&a_tenant()).await;
                let sound = a_lead(&tables).await;
                let faults = Faults::crash_after(crash, answer_lost);
                let dying = Scorer::new(tables.with_faults(&faults));
                let _ = change(&dying, user("u1"), Expected::Any, "e1", contacted()).await;
                calls = faults.calls();
                let stored = checked(&tables).await;
                let edits = stored[0].1.iter().filter(|event| event.edit.is_some()).count();
                assert_eq!(audited(&tables).await, edits, "both or neither");
                for _ in 0..2 {
                    let again = change(&sound, user("u1"), Expected::Edition(0), "e1", contacted());
                    assert!(again.await.unwrap().changed, "{crash}");
                }
                let stored = checked(&tables).await;
                assert_eq!(stored[0].1.iter().filter(|event| event.edit.is_some()).count(), 1);
                assert_eq!(audited(&tables).await, 1);
            }
            if calls <= crash {
                return;
            }
        }
    });
}

#[test]
fn an_edit_whose_answer_is_lost_is_not_judged_by_what_it_did() {
    runtime().block_on(async {
        for lost in 0..10 {
            let tables = Tables::with_tenant(&a_tenant()).await;
            a_lead(&tables).await;
            let decide = move |call| if call == lost { Fault::AnswerLost } else { Fault::None };
            let faults = Faults::by_call(decide);
            let deaf = Scorer::new(tables.with_faults(&faults));
            let deleting = Edit { deleted: Some(true), ..by_hand() };
            let make = |current: Current<'_>| {
                let is_there = !current.lead.is_deleted();
                is_there.then(|| Some(edit_event("e1", deleting.clone()))).ok_or("it is deleted")
            };
            let expected = Expected::Edition(0);
            let entry = entry("e1");
            let edited =
                deaf.edit(&keyring(), user("u1"), expected, Some(&entry), now(), make).await;
            // Only the settings are read before anything is tried again.
            assert!(edited.is_ok() || lost < 3, "{lost}: {edited:?}");
            if edited.is_ok() {
                assert!(lead(&tables, user("u1")).await.is_deleted());
                assert_eq!(audited(&tables).await, 1);
            }
        }
    });
}

#[test]
fn an_edit_that_was_made_is_known_though_another_home_survives_now() {
    runtime().block_on(async {
        let tables = Tables::with_tenant(&a_tenant()).await;
        let scorer = Scorer::new(tables.store.clone());
        deliver(&scorer, [an_event("1").by(Kind::AnonymousId, "a1")]).await;
        let cookie = home_of(Kind::AnonymousId, "a1").id;
        change(&scorer, cookie, Expected::Any, "e1", contacted()).await.unwrap();
        let login = an_event("2").by(Kind::UserId, "u1").by(Kind::AnonymousId, "a1");
        deliver(&scorer, [login.seconds_later(9)]).await;
        let qualified = Edit { status: Some(Status::Qualified), ..by_hand() };
        change(&scorer, cookie, Expected::Any, "e2", qualified).await.unwrap();
        let again = change(&scorer, cookie, Expected::Any, "e1", contacted()).await.unwrap();
        assert_eq!((again.lead.survivor.id, again.changed), (user("u1"), true));
        assert_eq!(again.lead.state.work.status, Status::Qualified);
        assert_eq!(audited(&tables).await, 2);
        checked(&tables).await;
    });
}

/// Makes a second version of the rules the active one.
async fn publish(tables: &Tables) {
    let set = RuleSet { version: 0, ..RuleSet::default_set().unwrap() };
    let (store, tenant) = (&tables.store, a_tenant());
    let mut set = set;
    set.thresholds.hot = 35;
    set.thresholds.warm = 5;
    let draft = Draft::new(&tenant, &set, 1).unwrap();
    assert!(store.base_draft(&tenant, &draft, None).await.unwrap());
    set.version = 2;
    let published =
        PublishedSet { set, published_at: Some(now()), restored_from: None, note: None };
    let id = "job_019a0b3c-4d5e-7f60-8a1b-2c3d4e5f6071".parse().unwrap();
    let job = dynamo::Job::new(id, domain::job::Work::Rescore { version: 2 }, 1, now());
    let publication = Publication {
        active: 1,
        published: &published,
        draft_revision: Some(draft.revision),
        job: &job,
    };
    assert!(store.publish(&tenant, &publication).await.unwrap());
}

#[test]
fn a_lead_at_former_rules_is_brought_to_the_active_ones_before_it_is_edited() {
    runtime().block_on(async {
        let tables = Tables::with_tenant(&a_tenant()).await;
        let former = a_lead(&tables).await;
        publish(&tables).await;
        let scorer = Scorer::new(tables.store.clone());
        let seen = |current: Current<'_>| -> Result<_, ()> {
            assert_eq!(current.lead.state.rule_set, 2);
            Ok(Some(edit_event("e1", contacted())))
        };
        let any = Expected::Any;
        let edited = scorer.edit(&keyring(), user("u1"), any, None, now(), seen).await.unwrap();
        assert_eq!((edited.lead.state.rule_set, edited.lead.crossing), (2, None));
        // And who still knows the former ones learns of them.
        let edited = change(&former, user("u1"), any, "e2", contacted()).await.unwrap();
        assert_eq!(edited.lead.state.rule_set, 2);
        let listed = tables.store.leads_by_score(&a_tenant(), Stage::Hot, None, 9).await.unwrap();
        assert_eq!(listed.len(), 1);
    });
}

#[test]
fn nobody_is_asked_twice_without_need() {
    runtime().block_on(async {
        let tables = Tables::with_tenant(&a_tenant()).await;
        let scorer = a_lead(&tables).await;
        let asked = AtomicUsize::new(0);
        let make = |_: Current<'_>| -> Result<_, ()> {
            asked.fetch_add(1, Ordering::Relaxed);
            Ok(Some(edit_event("e1", contacted())))
        };
        let any = Expected::Any;
        scorer.edit(&keyring(), user("u1"), any, None, now(), make).await.unwrap();
        assert_eq!(asked.load(Ordering::Relaxed), 1);
        assert_eq!(audited(&tables).await, 0, "nobody asked for an entry");
    });
}
