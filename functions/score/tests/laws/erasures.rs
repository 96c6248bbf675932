//! The laws of erasure on a real store: whoever is erased whenever, what remains is what the events
//! say by the rules, nothing of the person opens any more, and nothing brings them back.

use std::collections::BTreeMap;

use domain::{
    actor::Actor,
    archived::EventHomes,
    erasure::{Erasure, Reason},
    event::{Arrival, EventId},
    home::HomeId,
    identity::Kind,
    lead::Lead,
    time::Timestamp,
};
use proptest::prelude::*;
use scoring::{DecisionError, EraseError, Order, Parting, Scorer};
use testing::{EventBuilder, Faults, Random, Tables, a_tenant, an_event, home_of, keyring};

use crate::{
    delivery::{Delivery, deliver},
    graves::{Graveyard, last_event},
    model::stored,
    now, population, runtime,
};

const ORDER: Order<'static> =
    Order { by: &Actor::System, reason: Reason::Asked, audit: None, still: &|_| true };

async fn erase(scorer: &Scorer, lead: HomeId, at: Timestamp) -> Result<Erasure, EraseError> {
    scorer.erase(&keyring(), lead, ORDER, at).await
}

fn user(value: &str) -> HomeId {
    home_of(Kind::UserId, value).id
}

/// Delivers events in any order, with some of those that came before once more.
async fn deliver_again(scorer: &Scorer, delivery: Delivery, news: &[Arrival], known: &[Arrival]) {
    let mut random = Random::new(delivery.seed ^ 0x5eed);
    let again = known.iter().filter(|_| random.below(2) == 0).cloned();
    let all: Vec<Arrival> = news.iter().cloned().chain(again).collect();
    for batch in delivery.batches(&all) {
        deliver(scorer, batch, now()).await;
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn whoever_is_erased_whenever_the_rest_is_what_the_events_say(
        arrivals in population::arrivals(3..36), delivery in any::<Delivery>(),
        erasures in prop::collection::vec((0..100_usize, 0..99_usize, 0..70_i64), 1..4),
        faulty in any::<bool>(),
    ) {
        runtime().block_on(async {
            let tables = Tables::with_tenant(&a_tenant()).await;
            let faults = Faults::at_random(delivery.seed, if faulty { 40 } else { 0 });
            let scorer = Scorer::new(tables.with_faults(&faults));
            let mut expected = Graveyard::new(now());
            let mut ends: Vec<_> = erasures;
            ends.sort_unstable();
            let mut from = 0;
            for (part, picked, day) in ends {
                let to = (part * arrivals.len() / 100).max(from);
                deliver_again(&scorer, delivery, &arrivals[from..to], &arrivals[..from]).await;
                arrivals[..to].iter().for_each(|arrival| expected.arrive(arrival));
                from = to;
                let living = expected.living();
                if living.is_empty() {
                    continue;
                }
                let lead = living[picked % living.len()];
                let at = an_event("at").days_later(day).event().timestamp;
                let receipt = loop {
                    match erase(&scorer, lead, at).await {
                        Ok(receipt) => break receipt,
                        Err(error) => assert!(faulty, "{error:?}"),
                    }
                };
                assert!(receipt.at >= at && receipt.lead == lead && receipt.done_at.is_none());
                expected.erase(lead, receipt.at, last_event(&tables, lead).await);
                assert_eq!(stored(&tables, now()).await, expected.seen());
            }
            deliver_again(&scorer, delivery, &arrivals[from..], &arrivals[..from]).await;
            for arrival in &arrivals {
                expected.arrive(arrival);
            }
            assert_eq!(stored(&tables, now()).await, expected.seen());
        });
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 8, ..ProptestConfig::default() })]

    #[test]
    fn an_erasure_that_races_with_events_leaves_every_lead_the_fold_of_its_own(
        arrivals in population::arrivals(8..40), delivery in any::<Delivery>(), picked in 0..99_usize,
    ) {
        runtime().block_on(async {
            let tables = Tables::with_tenant(&a_tenant()).await;
            let (early, late) = arrivals.split_at(arrivals.len() / 3);
            deliver_again(&Scorer::new(tables.store.clone()), delivery, early, &[]).await;
            let named = early[picked % early.len()].event.home.id;
            let racing = (0..4_u64).map(|racer| {
                let tables = tables.clone();
                let batches = Delivery { seed: delivery.seed ^ racer }.batches(late);
                tokio::spawn(async move {
                    let scorer = Scorer::new(tables.store.clone());
                    if racer == 0 {
                        let at = an_event("at").days_later(30).event().timestamp;
                        while erase(&scorer, named, at).await.is_err() {}
                        return;
                    }
                    for batch in batches {
                        deliver(&scorer, batch, now()).await;
                    }
                })
            });
            for racer in racing.collect::<Vec<_>>() {
                racer.await.unwrap();
            }
            check_all(&tables, &arrivals, named).await;
        });
    }
}

/// Checks that every lead is the fold of its homes, and every event where it belongs.
async fn check_all(tables: &Tables, arrivals: &[Arrival], named: HomeId) {
    let (store, tenant) = (&tables.store, a_tenant());
    for (id, _) in stored(tables, now()).await.leads {
        let lead = store.lead(&tenant, id).await.unwrap().unwrap();
        let homes = EventHomes::of(&lead).unwrap();
        let events = store.foldable_events(&tenant, homes).await.unwrap();
        assert_eq!(lead.state, domain::fold::fold(&testing::rules(), events));
        assert_eq!(lead.has_member(named), lead.erased.is_some());
    }
    let homes = store.homes(&tenant, arrivals.iter().flat_map(people)).await.unwrap();
    for arrival in arrivals {
        let (home, id) = (arrival.event.home.id, arrival.event.event_id.clone());
        let erased = homes.get(&home).and_then(|home| home.erased);
        let is_known =
            people(arrival).all(|home| homes.get(&home).is_none_or(|h| h.erased.is_none()));
        let is_stored =
            store.stored_events(&tenant, [(home, id.clone())]).await.unwrap().len() == 1;
        match erased {
            None => assert!(is_stored || !is_known),
            Some(erased) if arrival.event.timestamp > erased.at => assert!(!is_stored),
            // Stored before, or dropped after.
            Some(_) => {}
        }
    }
}

/// Returns the home of an event, and others that it names and that are no cookies.
fn people(arrival: &Arrival) -> impl Iterator<Item = HomeId> {
    let links = arrival.event.links.iter().flat_map(|link| [link.from, link.to]);
    let people = links.filter(|home| home.kind != Kind::AnonymousId);
    [arrival.event.home].into_iter().chain(people).map(|home| home.id)
}

/// Two people with a cookie each.
fn two_people() -> Vec<Arrival> {
    [
        an_event("1").by(Kind::UserId, "u1").by(Kind::AnonymousId, "a1").of_type("signup"),
        an_event("2").by(Kind::AnonymousId, "a1").seconds_later(1),
        an_event("3").by(Kind::UserId, "u2").by(Kind::AnonymousId, "a2").of_type("demo_request"),
        an_event("4").by(Kind::UserId, "u1").by(Kind::Email, "ana@example.com").seconds_later(5),
    ]
    .map(EventBuilder::arrival)
    .into()
}

async fn deliver_all(scorer: &Scorer, arrivals: &[Arrival]) {
    for arrival in arrivals {
        deliver(scorer, vec![vec![arrival.clone()]], now()).await;
    }
}

#[test]
fn a_crash_between_any_two_calls_leaves_all_of_an_erasure_or_nothing() {
    runtime().block_on(async {
        for crash in 0.. {
            let mut calls = 0;
            for answer_lost in [false, true] {
                let tables = Tables::with_tenant(&a_tenant()).await;
                let sound = Scorer::new(tables.store.clone());
                deliver_all(&sound, &two_people()).await;
                let (before, mut expected) = (stored(&tables, now()).await, Graveyard::new(now()));
                for arrival in &two_people() {
                    expected.arrive(arrival);
                }
                assert_eq!(before, expected.seen());

                let faults = Faults::crash_after(crash, answer_lost);
                let dying = Scorer::new(tables.with_faults(&faults));
                let died = erase(&dying, home_of(Kind::AnonymousId, "a1").id, now()).await;
                calls = calls.max(faults.calls());
                let after = stored(&tables, now()).await;
                let open = tables.store.open_erasures(&a_tenant(), None, 9).await.unwrap();
                assert_eq!(after == before, open.is_empty(), "{crash}");
                assert!(died.is_err() || after != before);
                let receipt = erase(&sound, user("u1"), now().plus_millis(9)).await.unwrap();
                expected.erase(user("u1"), receipt.at, last_event(&tables, user("u1")).await);
                assert_eq!(stored(&tables, now()).await, expected.seen(), "{crash}");
                if !open.is_empty() {
                    assert_eq!(open, std::slice::from_ref(&receipt));
                    assert_eq!(after, expected.seen());
                }
                let again = erase(&sound, home_of(Kind::Email, "ana@example.com").id, now()).await;
                assert_eq!(again.unwrap(), receipt);
            }
            if calls <= crash {
                return;
            }
        }
    });
}

async fn lead(tables: &Tables, home: HomeId) -> Option<Lead> {
    let homes = tables.store.homes(&a_tenant(), [home]).await.unwrap();
    tables.store.lead(&a_tenant(), homes.get(&home)?.survivor.id).await.unwrap()
}

#[test]
fn who_comes_back_is_somebody_new_and_who_only_knows_the_old_id_knows_nobody() {
    runtime().block_on(async {
        let tables = Tables::with_tenant(&a_tenant()).await;
        let scorer = Scorer::new(tables.store.clone());
        deliver_all(&scorer, &two_people()).await;
        let receipt = erase(&scorer, user("u1"), now()).await.unwrap();
        let later = |id: &str| an_event(id).at(receipt.at).by(Kind::UserId, "u1").seconds_later(1);
        // In one message: from before, by the old id alone before and after, and from after.
        let addressed = |mut arrival: Arrival| {
            arrival.identities.clear();
            arrival
        };
        let message = vec![
            an_event("5").by(Kind::UserId, "u1").arrival(),
            addressed(an_event("6").by(Kind::UserId, "u1").arrival()),
            addressed(later("7").arrival()),
            later("8").by(Kind::AnonymousId, "a1").arrival(),
        ];
        let scored = scorer.score(&keyring(), user("u1"), message.clone(), now()).await.unwrap();
        assert_eq!((scored.stored, scored.known), (1, 2));
        assert_eq!(scored.strays, [message[2].clone()]);
        let next = |kind, value| {
            let identity = domain::identity::Identity::new(kind, value).unwrap();
            keyring().home(&identity, 1).id
        };
        let reborn = next(Kind::UserId, "u1");
        assert_eq!(scored.living([user("u1"), user("u2")]), [reborn, user("u2")].into());
        let again = scorer.score(&keyring(), user("u1"), message, now()).await.unwrap();
        assert_eq!((again.stored, again.known, again.strays.len()), (0, 3, 1));
        let (old, new) = (lead(&tables, user("u1")).await, lead(&tables, reborn).await.unwrap());
        let old = old.unwrap();
        assert_eq!((old.erased, old.state.events, new.state.events), (Some(receipt.at), 3, 1));
        assert_eq!(new.members.len(), 2, "with the cookie that it came with");
        // And erased once more.
        let second = erase(&scorer, reborn, now().plus_millis(60_000)).await.unwrap();
        let generations: BTreeMap<_, _> = tables
            .store
            .homes(&a_tenant(), [user("u1"), reborn])
            .await
            .unwrap()
            .into_iter()
            .map(|(id, home)| (id, home.erased.unwrap().generation))
            .collect();
        assert_eq!(generations, [(user("u1"), 0), (reborn, 1)].into());
        let between = vec![later("9").arrival()];
        let dropped = scorer.score(&keyring(), user("u1"), between, now()).await.unwrap();
        assert_eq!((dropped.stored, dropped.known), (0, 1));
        let third = an_event("10").by(Kind::UserId, "u1").at(second.at).seconds_later(1).arrival();
        let third = scorer.score(&keyring(), user("u1"), vec![third], now()).await.unwrap();
        let identity = domain::identity::Identity::new(Kind::UserId, "u1").unwrap();
        let home = keyring().home(&identity, 2);
        assert_eq!((third.stored, third.living([user("u1")])), (1, [home.id].into()));
        let living = scoring::living_home(&tables.store, &keyring(), &identity).await.unwrap();
        assert_eq!(living, home);
    });
}

#[test]
fn an_event_that_a_tombstone_holds_is_known_whatever_instant_it_says() {
    runtime().block_on(async {
        let tables = Tables::with_tenant(&a_tenant()).await;
        let scorer = Scorer::new(tables.store.clone());
        deliver_all(&scorer, &two_people()).await;
        erase(&scorer, user("u1"), now()).await.unwrap();
        // The same event once more, with another instant: the first stored copy is the event.
        let same = an_event("1").by(Kind::UserId, "u1").at(now()).days_later(1).arrival();
        let scored = scorer.score(&keyring(), user("u1"), vec![same], now()).await.unwrap();
        assert_eq!((scored.stored, scored.known), (0, 1));
    });
}

#[test]
fn what_happened_before_brings_nobody_back_under_another_name() {
    runtime().block_on(async {
        let tables = Tables::with_tenant(&a_tenant()).await;
        let scorer = Scorer::new(tables.store.clone());
        let known = an_event("1").by(Kind::Email, "ana@example.com").by(Kind::AnonymousId, "a1");
        deliver_all(&scorer, &[known.arrival()]).await;
        let receipt =
            erase(&scorer, home_of(Kind::Email, "ana@example.com").id, now()).await.unwrap();
        let as_u9 = |id: &str| an_event(id).by(Kind::UserId, "u9");
        let named = as_u9("2").by(Kind::Email, "ana@example.com").arrival();
        let by_cookie = as_u9("3").by(Kind::AnonymousId, "a1").arrival();
        let scored = scorer.score(&keyring(), user("u9"), vec![named, by_cookie], now()).await;
        let scored = scored.unwrap();
        assert_eq!((scored.stored, scored.known), (1, 1), "the device may be another one's, too");
        let lead = lead(&tables, user("u9")).await.unwrap();
        assert_eq!((lead.members.len(), lead.state.events), (1, 1));

        let later = as_u9("4").by(Kind::Email, "ana@example.com").at(receipt.at).seconds_later(1);
        let scored = scorer.score(&keyring(), user("u9"), vec![later.arrival()], now()).await;
        assert_eq!(scored.unwrap().stored, 1, "who comes back comes as whoever they say");
    });
}

#[test]
fn an_erased_lead_is_edited_merged_and_parted_by_nobody() {
    runtime().block_on(async {
        let tables = Tables::with_tenant(&a_tenant()).await;
        let scorer = Scorer::new(tables.store.clone());
        deliver_all(&scorer, &two_people()).await;
        erase(&scorer, user("u1"), now()).await.unwrap();
        let before = stored(&tables, now()).await;
        let id = EventId::from_sender("m1").unwrap();
        let both = [user("u2"), user("u1")];
        let merged = scorer.merge(&keyring(), &both, &id, false, None, now()).await;
        assert!(matches!(merged, Err(DecisionError::UnknownLead(lead)) if lead == user("u1")));
        let parts = Parting::Homes([home_of(Kind::AnonymousId, "a1").id].into());
        let parted = scorer.unmerge(&keyring(), user("u1"), parts, false, None, now()).await;
        assert!(matches!(parted, Err(DecisionError::UnknownLead(_))));
        let any = scoring::Expected::Any;
        let edited = scorer
            .edit(&keyring(), user("u1"), any, None, now(), |_| {
                Ok::<_, std::convert::Infallible>(Some(an_event("x").arrival()))
            })
            .await;
        assert!(matches!(edited, Err(scoring::EditError::UnknownLead(_))));
        assert_eq!(stored(&tables, now()).await, before);
        let nobody = erase(&scorer, user("nobody"), now()).await;
        assert!(matches!(nobody, Err(EraseError::UnknownLead(_))));
    });
}

#[test]
fn an_identity_without_events_that_was_parted_is_erased_too() {
    runtime().block_on(async {
        let tables = Tables::with_tenant(&a_tenant()).await;
        let scorer = Scorer::new(tables.store.clone());
        deliver_all(&scorer, &two_people()).await;
        let email = home_of(Kind::Email, "ana@example.com").id;
        let parts = Parting::Homes([email].into());
        scorer.unmerge(&keyring(), user("u1"), parts, false, None, now()).await.unwrap();
        let receipt = erase(&scorer, email, now()).await.unwrap();
        assert_eq!((receipt.lead, receipt.homes.as_slice()), (email, [email].as_slice()));
        let home = tables.store.homes(&a_tenant(), [email]).await.unwrap().remove(&email).unwrap();
        assert!(home.is_tombstone() && home.identity.is_none() && home.key.is_none());
        assert!(lead(&tables, user("u1")).await.unwrap().erased.is_none());
        let login = an_event("9").by(Kind::UserId, "u1").by(Kind::Email, "ana@example.com");
        deliver_all(&scorer, &[login.at(now()).days_later(1).arrival()]).await;
        let identity = domain::identity::Identity::new(Kind::Email, "ana@example.com").unwrap();
        let reborn = keyring().home(&identity, 1).id;
        assert!(lead(&tables, user("u1")).await.unwrap().has_member(reborn));
    });
}
