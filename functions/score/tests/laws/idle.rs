//! The laws of idle leads on a real store: however often their events move to the archive and
//! back, whatever dies on the way, the leads are those that the set of events gives.

mod crashes;
mod tries;
mod world;

use domain::{
    actor::Actor,
    archived::Step,
    erasure::Reason,
    event::{Arrival, EventId},
    identity::Kind,
};
use files::Objects;
use proptest::prelude::*;
use scoring::{Current, Expected, Order, Parting, Scorer};
use shelf::{Moved, Shelf, ShelfError};
use testing::{Faults, MemoryBucket, a_tenant, an_edit, an_event, home_of, keyring};

use self::world::{Archive, days_later, of_one_person, user};
use crate::{
    delivery::{Delivery, deliver},
    model::{expected, expected_under, stored, stored_under},
    now, population,
    publishing::{a_set, publish, rules_of},
    runtime,
};

proptest! {
    #![proptest_config(ProptestConfig { cases: 16, ..ProptestConfig::default() })]

    #[test]
    fn events_that_come_between_nights_end_in_the_same_leads(
        arrivals in population::arrivals(1..30), delivery in any::<Delivery>(), faulty in any::<bool>(),
    ) {
        runtime().block_on(async {
            let archive = Archive::start().await;
            let faults = Faults::at_random(delivery.seed, if faulty { 60 } else { 0 });
            let (scorer, shelf) = (archive.scorer_with(&faults), archive.shelf_with(&faults));
            for (n, batch) in delivery.batches(&arrivals).into_iter().enumerate() {
                deliver(&scorer, batch, now()).await;
                for night in 0..delivery.seed % 4 {
                    let at = 40 * (1 + i64::try_from(n).unwrap()) + i64::try_from(night).unwrap();
                    archive.night_with(&shelf, days_later(at)).await;
                }
            }
            archive.bring_all_back().await;
            assert_eq!(stored(&archive.tables, now()).await, expected(&arrivals, now()));
            assert!(archive.bucket.objects().is_empty());
        });
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 6, ..ProptestConfig::default() })]

    #[test]
    fn nights_that_race_with_events_lose_none(
        arrivals in population::arrivals(8..30), delivery in any::<Delivery>(),
    ) {
        runtime().block_on(async {
            let archive = Archive::start().await;
            let racing = (0..3).map(|racer| {
                let archive = archive.clone();
                let delivery = Delivery { seed: delivery.seed ^ racer };
                let batches = delivery.batches(&arrivals);
                tokio::spawn(async move {
                    for (n, batch) in batches.into_iter().enumerate() {
                        if racer < 2 {
                            deliver(&archive.scorer(), batch, now()).await;
                        } else {
                            archive.night_twice(days_later(40 + i64::try_from(n).unwrap())).await;
                        }
                    }
                })
            });
            for racer in racing.collect::<Vec<_>>() {
                racer.await.unwrap();
            }
            archive.bring_all_back().await;
            assert_eq!(stored(&archive.tables, now()).await, expected(&arrivals, now()));
        });
    }
}

/// Archives a person, sends what comes, and compares with a person who never went.
fn goes_and_comes_back(count: usize, comes: &Arrival) {
    runtime().block_on(async {
        let archive = Archive::start().await;
        let arrivals = of_one_person(count);
        archive.deliver(&arrivals).await;
        let before = stored(&archive.tables, now()).await;
        archive.archive_all().await;
        let away = stored(&archive.tables, now()).await;
        assert_eq!((&away.leads, away.events), (&before.leads, 0), "a stub shows what was shown");
        assert_eq!(archive.bucket.objects().len(), 1);
        deliver(&archive.scorer(), vec![vec![comes.clone()]], now()).await;
        let is_known = arrivals.iter().any(|a| a.event.event_id == comes.event.event_id);
        let all = if is_known { arrivals } else { [arrivals, vec![comes.clone()]].concat() };
        assert_eq!(stored(&archive.tables, now()).await, expected(&all, now()));
        assert!(archive.bucket.objects().is_empty());
        // It is of interest again.
        assert_eq!(archive.night(days_later(25)).await, [Moved::Not]);
    });
}

#[test]
fn a_duplicate_brings_everything_back_and_changes_nothing() {
    goes_and_comes_back(250, &of_one_person(250)[17]);
}

#[test]
fn a_new_event_is_applied_to_the_whole_history() {
    let cookie = an_event("new").by(Kind::AnonymousId, "a1").of_type("signup").days_later(60);
    goes_and_comes_back(250, &cookie.arrival());
}

#[test]
fn a_late_event_is_folded_into_the_whole_history() {
    let late = an_event("late").by(Kind::UserId, "u1").of_type("signup").days_later(-3);
    goes_and_comes_back(250, &late.arrival());
}

#[test]
fn a_person_of_5000_events_comes_back_whole() {
    goes_and_comes_back(5_000, &of_one_person(5_000)[4_000]);
}

#[test]
fn events_leave_the_table_only_when_nobody_can_be_reading_them_any_more() {
    runtime().block_on(async {
        let archive = Archive::start().await;
        archive.deliver(&of_one_person(5)).await;
        let night = days_later(31);
        assert_eq!(archive.night(days_later(30)).await, [Moved::Not], "not idle for long enough");
        assert_eq!(archive.night(night).await, [Moved::Written]);
        let soon = night.plus_millis(3_599_999);
        assert_eq!(archive.night(soon).await, [Moved::Not]);
        assert_eq!(stored(&archive.tables, now()).await.events, 5);
        assert_eq!(archive.night(night.plus_millis(3_600_000)).await, [Moved::Archived]);
        assert_eq!(stored(&archive.tables, now()).await.events, 0);
        assert_eq!(archive.night(days_later(400)).await, [Moved::Not]);
    });
}

#[test]
fn an_event_that_comes_while_a_night_is_at_it_wins() {
    runtime().block_on(async {
        // Not begun, marked, written, away.
        for step in 0..=3 {
            let archive = Archive::start().await;
            let arrivals = of_one_person(150);
            archive.deliver(&arrivals[..149]).await;
            if step == 1 {
                let dying = archive.shelf_with(&Faults::crash_after(1, false));
                archive.night_with(&dying, days_later(31)).await;
            }
            for night in 1..step {
                archive.night(days_later(30 + night)).await;
            }
            // The night has read the lead; then the event comes; then the night goes on.
            let read = archive.leads().await;
            archive.deliver(&arrivals[149..]).await;
            let shelf = archive.shelf();
            for lead in &read {
                let moved = archive.look(&shelf, lead, days_later(40)).await.unwrap();
                assert_eq!(moved, Moved::Not, "{step}");
            }
            assert_eq!(stored(&archive.tables, now()).await, expected(&arrivals, now()));
            assert!(archive.bucket.objects().is_empty(), "{step}");
        }
    });
}

#[test]
fn edits_merges_and_their_undoing_bring_leads_back_first() {
    runtime().block_on(async {
        let archive = Archive::start().await;
        let people = [of_one_person(120), vec![an_event("o").by(Kind::UserId, "u2").arrival()]];
        let arrivals = people.concat();
        archive.deliver(&arrivals).await;
        let (scorer, keys) = (archive.scorer(), keyring());
        let both = [user("u1"), user("u2")];
        let id = EventId::from_sender("merge").unwrap();

        archive.archive_all().await;
        let merged = scorer.merge(&keys, &both, &id, false, None, now()).await.unwrap();
        assert_eq!(merged.after[0].events, 121);
        archive.archive_all().await;
        let part = Parting::LatestMerge;
        let parted = scorer.unmerge(&keys, both[0], part, false, None, now()).await.unwrap();
        assert_eq!((parted.before[0].events, parted.after.len()), (121, 2));
        assert_eq!(stored(&archive.tables, now()).await, expected(&arrivals, now()));

        archive.archive_all().await;
        let edit = an_edit("edit").of(Kind::UserId, "u1").arrival();
        let make = |_: Current<'_>| Ok::<_, ()>(Some(edit.clone()));
        let edited = scorer.edit(&keys, both[0], Expected::Any, None, now(), make).await.unwrap();
        assert_eq!(edited.lead.state.events, 120);
        let events = archive.shelf().events(&a_tenant(), &edited.lead).await.unwrap();
        assert_eq!(edited.lead.state, domain::fold::fold(&testing::rules(), events));
        // Asked again, it finds itself among the events that went and came back.
        archive.archive_all().await;
        let again = scorer.edit(&keys, both[0], Expected::Any, None, now(), make).await.unwrap();
        assert_eq!((again.lead.state, again.changed), (edited.lead.state, true));
    });
}

#[test]
fn who_is_erased_leaves_no_object() {
    runtime().block_on(async {
        let archive = Archive::start().await;
        archive.deliver(&of_one_person(120)).await;
        archive.archive_all().await;
        let order =
            Order { by: &Actor::System, reason: Reason::Asked, audit: None, still: &|_| true };
        archive.scorer().erase(&keyring(), user("u1"), order, now()).await.unwrap();
        let erased = archive.leads().await.remove(0);
        assert!(erased.erased.is_some() && !erased.is_archived());
        assert!(archive.bucket.objects().is_empty());
        // What somebody left there who died at the wrong time goes too.
        let orphan = format!("leads/tenant=acme/{}/9.jsonl.gz", user("u1"));
        for key in [orphan.as_str(), "leads/tenant=acme/lead_other/1.jsonl.gz"] {
            archive.bucket.put(key, Vec::new()).await.unwrap();
        }
        archive.shelf().forget(&a_tenant(), [erased.survivor.id]).await.unwrap();
        let left: Vec<_> = archive.bucket.objects().into_keys().collect();
        assert_eq!(left, ["leads/tenant=acme/lead_other/1.jsonl.gz"]);
        archive.archive_all().await;
        assert_eq!(stored(&archive.tables, now()).await.events, 121, "the dead stay");
    });
}

#[test]
fn new_rules_reach_a_lead_whose_events_stay_archived() {
    runtime().block_on(async {
        let archive = Archive::start().await;
        let arrivals = of_one_person(120);
        archive.deliver(&arrivals).await;
        for nights in 0..3 {
            if nights > 0 {
                archive.night(days_later(30 + nights)).await;
            }
            let version = 2 + u32::try_from(nights).unwrap();
            publish(&archive.tables, &a_set(version, 7)).await;
            let scorer = archive.scorer();
            scorer.refresh(&a_tenant()).await.unwrap();
            assert!(scorer.rescore(&a_tenant(), user("u1"), now()).await.unwrap().written);
            let rules = rules_of(version, 7);
            let seen = stored_under(&rules, &archive.tables, now()).await;
            assert_eq!(seen.leads, expected_under(&rules, &arrivals, now()).leads);
        }
        // The night that was to clear the table went by the version of before.
        archive.night(days_later(40)).await;
        assert_eq!(archive.leads().await[0].archived.as_ref().unwrap().step, Step::Archived);
        archive.bring_all_back().await;
        let rules = rules_of(4, 7);
        let seen = stored_under(&rules, &archive.tables, now()).await;
        assert_eq!(seen, expected_under(&rules, &arrivals, now()));
    });
}

#[test]
fn an_archived_lead_is_read_as_before_at_every_step() {
    runtime().block_on(async {
        let archive = Archive::start().await;
        archive.deliver(&of_one_person(120)).await;
        let shelf = archive.shelf();
        let read = async |lead: &domain::lead::Lead| {
            let (events, _) = shelf.metered_events(&a_tenant(), lead).await.unwrap();
            let most = shelf.events_at_most(&a_tenant(), lead, 120).await.unwrap().unwrap();
            assert_eq!(domain::fold::sorted(most), domain::fold::sorted(events.clone()));
            assert_eq!(shelf.events_at_most(&a_tenant(), lead, 119).await.unwrap(), None);
            domain::fold::sorted(events)
        };
        let mut seen = archive.leads().await;
        let before = read(&seen[0]).await;
        for night in 31..33 {
            archive.night(days_later(night)).await;
            seen.extend(archive.leads().await);
        }
        assert_eq!(read(&seen[1]).await, before);
        assert_eq!(read(&seen[2]).await, before);
        archive.bring_all_back().await;
        // Whoever read the lead while it was away finds its events where they are now.
        assert_eq!(read(&seen[1]).await, before);
        assert_eq!(read(&seen[2]).await, before);
    });
}

#[test]
fn an_object_that_is_gone_or_short_is_told_and_nothing_is_lost_by_it() {
    runtime().block_on(async {
        let archive = Archive::start().await;
        archive.deliver(&of_one_person(5)).await;
        archive.archive_all().await;
        let lead = archive.leads().await.remove(0);
        let elsewhere = Shelf::new(archive.tables.store.clone(), MemoryBucket::default());
        let told = elsewhere.events(&a_tenant(), &lead).await.unwrap_err();
        assert!(matches!(told, ShelfError::Missing(id) if id == user("u1")), "{told}");
        let told = elsewhere.restore(&a_tenant(), user("u1"), now()).await.unwrap_err();
        assert!(matches!(told, ShelfError::Missing(_)), "{told}");
        let without = Scorer::new(archive.tables.store.clone());
        let comes = an_event("new").by(Kind::UserId, "u1").arrival();
        let home = home_of(Kind::UserId, "u1").id;
        assert!(without.score(&keyring(), home, vec![comes.clone()], now()).await.is_err());
        assert_eq!(stored(&archive.tables, now()).await.events, 0);
        archive.deliver(std::slice::from_ref(&comes)).await;
        let all = [of_one_person(5), vec![comes]].concat();
        assert_eq!(stored(&archive.tables, now()).await, expected(&all, now()));
    });
}
