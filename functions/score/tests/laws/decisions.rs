//! The laws of merge and unmerge on a real store: one transaction, exact scores on both sides,
//! and nothing that comes later undoes what people decided.

use std::collections::BTreeSet;

use domain::{
    event::{Arrival, EventId},
    home::HomeId,
    identity::Kind,
    lead::{Cause, Crossing},
    stage::Stage,
};
use proptest::prelude::*;
use scoring::{DecisionError, Parting, Scorer};
use testing::{EventBuilder, Fault, Faults, Tables, a_tenant, an_event, home_of, keyring};

use crate::{
    delivery::{Delivery, deliver},
    model::{Seen, expected, stored},
    now, population, runtime,
};

fn merge_id(n: usize) -> EventId {
    EventId::from_sender(&format!("merge_{n}")).unwrap()
}

async fn leads(tables: &Tables) -> Vec<HomeId> {
    stored(tables, now()).await.leads.keys().copied().collect()
}

async fn deliver_all(scorer: &Scorer, arrivals: &[Arrival]) {
    for arrival in arrivals {
        deliver(scorer, vec![vec![arrival.clone()]], now()).await;
    }
}

/// Counts the events of a lead, whether they count for its score or not.
async fn folded(tables: &Tables, id: HomeId) -> u32 {
    tables.store.lead(&a_tenant(), id).await.unwrap().unwrap().state.folded()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 16, ..ProptestConfig::default() })]

    #[test]
    fn a_merge_that_is_undone_never_was_whatever_events_came_meanwhile(
        arrivals in population::arrivals(2..30), delivery in any::<Delivery>(),
        part in 0..100_usize, picked in (0..9_usize, 1..9_usize),
    ) {
        runtime().block_on(async {
            let tables = Tables::with_tenant(&a_tenant()).await;
            let faults = Faults::at_random(delivery.seed, 20);
            let scorer = Scorer::new(tables.with_faults(&faults));
            let (early, late) = arrivals.split_at(1 + part * (arrivals.len() - 1) / 100);
            for batch in delivery.batches(early) {
                deliver(&scorer, batch, now()).await;
            }
            let known = leads(&tables).await;
            if known.len() < 2 {
                return;
            }
            let one = known[picked.0 % known.len()];
            let other = known[(picked.0 + 1 + picked.1 % (known.len() - 1)) % known.len()];
            let exact = Scorer::new(tables.store.clone());
            let apart = folded(&tables, one).await + folded(&tables, other).await;
            let merged = exact.merge(&keyring(), &[one, other], &merge_id(1), false, None, now()).await;
            let merged = merged.unwrap();
            assert_eq!((merged.before.len(), merged.after.len()), (2, 1));
            // What the one said of consent holds for what the other did.
            assert_eq!(folded(&tables, merged.after[0].id).await, apart);
            for batch in delivery.batches(late) {
                deliver(&scorer, batch, now()).await;
            }
            match exact.unmerge(&keyring(), one, Parting::LatestMerge, false, None, now()).await {
                Ok(_) => assert_eq!(stored(&tables, now()).await, expected(&arrivals, now())),
                // Other links came that hold them together as well.
                Err(DecisionError::NothingToUnmerge(_)) => {
                    assert_eq!(stored(&tables, now()).await.leads, expected(&arrivals, now()).leads);
                }
                Err(error) => panic!("{error:?}"),
            }
        });
    }

    #[test]
    fn what_was_separated_stays_so_and_scores_as_its_own_events_say(
        arrivals in population::arrivals(4..30), delivery in any::<Delivery>(),
        part in 0..100_usize, picked in 0..9_usize,
    ) {
        runtime().block_on(async {
            let tables = Tables::with_tenant(&a_tenant()).await;
            let scorer = Scorer::new(tables.store.clone());
            let (early, late) = arrivals.split_at(1 + part * (arrivals.len() - 1) / 100);
            deliver_all(&scorer, early).await;
            let known = leads(&tables).await;
            let id = known[picked % known.len()];
            let lead = tables.store.lead(&a_tenant(), id).await.unwrap().unwrap();
            let homes: BTreeSet<HomeId> = lead.members.iter().map(|m| m.home.id).collect();
            let named: BTreeSet<HomeId> = homes.iter().copied().take(homes.len() / 2).collect();
            if named.is_empty() {
                return;
            }
            let rest: BTreeSet<HomeId> = homes.difference(&named).copied().collect();
            let parting = Parting::Homes(named.clone());
            scorer.unmerge(&keyring(), id, parting.clone(), false, None, now()).await.unwrap();
            let again = scorer.unmerge(&keyring(), id, parting, false, None, now()).await;
            assert!(
                matches!(again, Err(DecisionError::NotPart(_) | DecisionError::NothingLeft(_)
                    | DecisionError::UnknownLead(_))),
                "{again:?}"
            );
            for batch in delivery.batches(late) {
                deliver(&scorer, batch, now()).await;
            }
            check_apart(&tables, &arrivals, &named, &rest).await;
        });
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 6, ..ProptestConfig::default() })]

    #[test]
    fn decisions_that_race_with_events_lose_nothing(
        arrivals in population::arrivals(8..30), delivery in any::<Delivery>(),
    ) {
        runtime().block_on(async {
            let tables = Tables::with_tenant(&a_tenant()).await;
            let (early, late) = arrivals.split_at(arrivals.len() / 2);
            deliver_all(&Scorer::new(tables.store.clone()), early).await;
            let homes: Vec<HomeId> = early.iter().map(|arrival| arrival.event.home.id).collect();
            let racing = (0..3).map(|racer| {
                let (tables, late, homes) = (tables.clone(), delivery.batches(late), homes.clone());
                tokio::spawn(async move {
                    let scorer = Scorer::new(tables.store.clone());
                    for (n, batch) in late.into_iter().enumerate() {
                        if racer > 0 {
                            deliver(&scorer, batch, now()).await;
                            continue;
                        }
                        let both = [homes[n % homes.len()], homes[(n * 3 + 1) % homes.len()]];
                        let id = merge_id(n);
                        let _ = scorer.merge(&keyring(), &both, &id, false, None, now()).await;
                        let latest = Parting::LatestMerge;
                        let _ = scorer.unmerge(&keyring(), both[0], latest, false, None, now()).await;
                    }
                })
            });
            for racer in racing.collect::<Vec<_>>() {
                racer.await.unwrap();
            }
            check_apart(&tables, &arrivals, &BTreeSet::new(), &BTreeSet::new()).await;
        });
    }
}

/// Checks that no lead has homes of both sides, and that each is the fold of its own events.
async fn check_apart(
    tables: &Tables,
    arrivals: &[Arrival],
    named: &BTreeSet<HomeId>,
    rest: &BTreeSet<HomeId>,
) {
    let mut counted = 0;
    for id in leads(tables).await {
        let lead = tables.store.lead(&a_tenant(), id).await.unwrap().unwrap();
        let has = |side: &BTreeSet<HomeId>| side.iter().any(|home| lead.has_member(*home));
        assert!(!(has(named) && has(rest)), "{id}");
        let own = arrivals.iter().filter(|arrival| lead.has_member(arrival.event.home.id));
        let own: Vec<_> = own.map(|arrival| arrival.event.clone()).collect();
        counted += own.len();
        assert_eq!(lead.state, domain::fold::fold(&testing::rules(), own));
    }
    assert_eq!(counted, arrivals.len());
}

/// Two people with a cookie each, one with a mistaken email.
fn two_people() -> Vec<Arrival> {
    [
        an_event("1").by(Kind::UserId, "u1").by(Kind::AnonymousId, "a1").of_type("signup"),
        an_event("2").by(Kind::AnonymousId, "a1").seconds_later(1),
        an_event("3").by(Kind::UserId, "u2").by(Kind::AnonymousId, "a2").of_type("demo_request"),
        an_event("4").by(Kind::UserId, "u2").by(Kind::Email, "ana@example.com").seconds_later(5),
    ]
    .map(EventBuilder::arrival)
    .into()
}

fn user(value: &str) -> HomeId {
    home_of(Kind::UserId, value).id
}

#[test]
fn a_crash_between_any_two_calls_leaves_all_of_a_decision_or_nothing() {
    runtime().block_on(async {
        let names = [user("u1"), home_of(Kind::AnonymousId, "a2").id];
        let part = || Parting::Homes([user("u2")].into());
        for crash in 0.. {
            let mut calls = 0;
            for answer_lost in [false, true] {
                let tables = Tables::with_tenant(&a_tenant()).await;
                let sound = Scorer::new(tables.store.clone());
                deliver_all(&sound, &two_people()).await;
                let apart = stored(&tables, now()).await;

                let faults = Faults::crash_after(crash, answer_lost);
                let dying = Scorer::new(tables.with_faults(&faults));
                let _ = dying.merge(&keyring(), &names, &merge_id(1), false, None, now()).await;
                calls = calls.max(faults.calls());
                let after = stored(&tables, now()).await;
                assert!(after == apart || is_one(&after), "{crash}");
                sound.merge(&keyring(), &names, &merge_id(2), false, None, now()).await.unwrap();
                assert!(is_one(&stored(&tables, now()).await));

                let faults = Faults::crash_after(crash, answer_lost);
                let dying = Scorer::new(tables.with_faults(&faults));
                let _ = dying.unmerge(&keyring(), names[0], part(), false, None, now()).await;
                calls = calls.max(faults.calls());
                if is_one(&stored(&tables, now()).await) {
                    sound.unmerge(&keyring(), names[0], part(), false, None, now()).await.unwrap();
                }
                let after = stored(&tables, now()).await;
                let homes: BTreeSet<_> = [user("u1"), user("u2")].into();
                assert!(homes.is_subset(&after.leads.keys().copied().collect()), "{crash}");
                check_apart(&tables, &two_people(), &[user("u2")].into(), &[user("u1")].into())
                    .await;
            }
            if calls <= crash {
                return;
            }
        }
    });
}

fn is_one(seen: &Seen) -> bool {
    seen.leads.len() == 1
}

#[test]
fn an_answer_that_is_lost_undoes_one_merge_and_not_two() {
    runtime().block_on(async {
        for lost in 0.. {
            let tables = Tables::with_tenant(&a_tenant()).await;
            let scorer = Scorer::new(tables.store.clone());
            let people = ["u1", "u2", "u3"].map(|id| an_event(id).by(Kind::UserId, id).arrival());
            deliver_all(&scorer, &people).await;
            for (n, other) in ["u2", "u3"].into_iter().enumerate() {
                let both = [user("u1"), user(other)];
                scorer.merge(&keyring(), &both, &merge_id(n), false, None, now()).await.unwrap();
            }
            let faults =
                Faults::by_call(
                    move |call| {
                        if call == lost { Fault::AnswerLost } else { Fault::None }
                    },
                );
            let deaf = Scorer::new(tables.with_faults(&faults));
            let undone = deaf
                .unmerge(&keyring(), user("u1"), Parting::LatestMerge, false, None, now())
                .await;
            // Only the settings are read before anything is tried again.
            assert!(undone.is_ok() || lost < 3, "{lost}: {undone:?}");
            if let Ok(undone) = undone {
                assert_eq!(undone.merge, Some(merge_id(1)), "{lost}");
                assert_eq!((undone.before.len(), undone.after.len()), (1, 2), "{lost}");
                assert_eq!(leads(&tables).await.len(), 2, "{lost}");
            }
            if faults.calls() <= lost {
                return;
            }
        }
    });
}

#[test]
fn a_preview_says_what_would_be_and_writes_nothing() {
    runtime().block_on(async {
        let tables = Tables::with_tenant(&a_tenant()).await;
        let scorer = Scorer::new(tables.store.clone());
        deliver_all(&scorer, &two_people()).await;
        let (before, both) = (stored(&tables, now()).await, [user("u1"), user("u2")]);
        let shown = scorer.merge(&keyring(), &both, &merge_id(1), true, None, now()).await.unwrap();
        assert_eq!(stored(&tables, now()).await, before);
        let done = scorer.merge(&keyring(), &both, &merge_id(1), false, None, now()).await.unwrap();
        assert_eq!(shown, done);
        let merged = stored(&tables, now()).await;
        let again =
            scorer.merge(&keyring(), &both, &merge_id(2), false, None, now()).await.unwrap();
        assert_eq!((again.before, again.after), (done.after.clone(), done.after));
        assert_eq!((done.merge, again.merge), (Some(merge_id(1)), None));
        assert_eq!(stored(&tables, now()).await, merged);

        let latest = || Parting::LatestMerge;
        let shown = scorer.unmerge(&keyring(), both[0], latest(), true, None, now()).await.unwrap();
        assert_eq!(stored(&tables, now()).await, merged);
        let done = scorer.unmerge(&keyring(), both[0], latest(), false, None, now()).await.unwrap();
        assert_eq!(shown, done);
        assert_eq!(done.merge, Some(merge_id(1)));
        assert_eq!(stored(&tables, now()).await, before);
        let named = Parting::Merge(merge_id(1));
        let again = scorer.unmerge(&keyring(), both[0], named, false, None, now()).await;
        assert!(matches!(again, Err(DecisionError::NothingToUnmerge(_))), "{again:?}");
        assert_eq!(stored(&tables, now()).await, before);
    });
}

#[test]
fn a_stage_that_a_decision_changes_crosses_by_a_link() {
    runtime().block_on(async {
        let tables = Tables::with_tenant(&a_tenant()).await;
        let scorer = Scorer::new(tables.store.clone());
        let demo = |id: &str| an_event(id).by(Kind::UserId, id).of_type("demo_request");
        deliver_all(&scorer, &["u1", "u2"].map(|id| demo(id).days_later(67).arrival())).await;
        let both = [user("u1"), user("u2")];
        let lead = async |id| tables.store.lead(&a_tenant(), id).await.unwrap();
        let crossing = |from| Some(Crossing { from, cause: Cause::Link });

        scorer.merge(&keyring(), &both, &merge_id(1), false, None, now()).await.unwrap();
        let (one, other) = (lead(both[0]).await, lead(both[1]).await);
        let merged = one.iter().chain(&other).next().unwrap();
        assert_eq!(merged.crossing, crossing(Stage::Warm));
        assert_eq!(one.iter().chain(&other).count(), 1);

        let (survivor, latest) = (merged.survivor.id, Parting::LatestMerge);
        scorer.unmerge(&keyring(), survivor, latest, false, None, now()).await.unwrap();
        assert_eq!(lead(survivor).await.unwrap().crossing, crossing(Stage::Qualified));
        let separated = both.into_iter().find(|id| *id != survivor).unwrap();
        assert_eq!(lead(separated).await.unwrap().crossing, None);
    });
}

#[test]
fn a_merge_lifts_the_cut_and_a_family_too_large_is_refused() {
    runtime().block_on(async {
        let tables = Tables::with_tenant(&a_tenant()).await;
        let scorer = Scorer::new(tables.store.clone());
        let devices = |user: &'static str, count: i64| {
            (0..count).flat_map(move |n| {
                let device = format!("{user} {n}");
                let seen = an_event(format!("seen {device}")).by(Kind::AnonymousId, &device);
                let login = an_event(format!("login {device}")).by(Kind::UserId, user);
                [seen.seconds_later(n), login.by(Kind::AnonymousId, &device).seconds_later(n)]
            })
        };
        let all: Vec<_> =
            devices("u1", 45).chain(devices("u2", 40)).map(EventBuilder::arrival).collect();
        deliver_all(&scorer, &all).await;
        let both = [user("u1"), user("u2")];
        let refused = scorer.merge(&keyring(), &both, &merge_id(1), false, None, now()).await;
        assert!(matches!(refused, Err(DecisionError::TooLarge(_))), "{refused:?}");

        let device = home_of(Kind::AnonymousId, "u1 3").id;
        let parting = Parting::Homes([device].into());
        scorer.unmerge(&keyring(), both[0], parting, false, None, now()).await.unwrap();
        let login = an_event("again").by(Kind::UserId, "u1").by(Kind::AnonymousId, "u1 3");
        deliver_all(&scorer, &[login.days_later(3).arrival()]).await;
        assert_eq!(leads(&tables).await.len(), 3);
        let together = [device, both[0]];
        scorer.merge(&keyring(), &together, &merge_id(2), false, None, now()).await.unwrap();
        assert_eq!(leads(&tables).await.len(), 2);
    });
}
