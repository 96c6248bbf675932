//! The laws of the fold, held by the real handler on a real store: whatever way events arrive,
//! the stored leads are those that the set of events gives.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that cannot go on has failed"
)]

mod decisions;
mod delivery;
mod erasures;
mod expectations;
mod graves;
mod idle;
mod model;
mod population;
mod publishing;
mod shredding;
mod versions;

use domain::{identity::Kind, time::Timestamp};
use proptest::prelude::*;
use scoring::Scorer;
use testing::{EventBuilder, Faults, Tables, a_tenant, an_event};

use crate::{
    delivery::{Delivery, deliver},
    model::{expected, stored},
};

fn now() -> Timestamp {
    "2026-03-10T12:00:00Z".parse().unwrap()
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}

/// Delivers events one message each, in order, and compares.
fn arrive(events: Vec<EventBuilder>) {
    runtime().block_on(async {
        let tables = Tables::with_tenant(&a_tenant()).await;
        let arrivals: Vec<_> = events.into_iter().map(EventBuilder::arrival).collect();
        for arrival in &arrivals {
            let scorer = Scorer::new(tables.store.clone());
            deliver(&scorer, vec![vec![arrival.clone()]], now()).await;
        }
        assert_eq!(stored(&tables, now()).await, expected(&arrivals, now()));
    });
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn any_order_split_and_repetition_ends_in_the_same_leads(
        arrivals in population::arrivals(1..40), delivery in any::<Delivery>(),
    ) {
        runtime().block_on(async {
            let tables = Tables::with_tenant(&a_tenant()).await;
            let scorer = Scorer::new(tables.store.clone());
            for batch in delivery.batches(&arrivals) {
                deliver(&scorer, batch, now()).await;
            }
            assert_eq!(stored(&tables, now()).await, expected(&arrivals, now()));
        });
    }

    #[test]
    fn failing_calls_and_lost_answers_change_nothing(
        arrivals in population::arrivals(1..25), delivery in any::<Delivery>(),
    ) {
        runtime().block_on(async {
            let tables = Tables::with_tenant(&a_tenant()).await;
            let faults = Faults::at_random(delivery.seed, 80);
            let scorer = Scorer::new(tables.with_faults(&faults));
            for batch in delivery.batches(&arrivals) {
                deliver(&scorer, batch, now()).await;
            }
            assert_eq!(stored(&tables, now()).await, expected(&arrivals, now()));
        });
    }

}

proptest! {
    #![proptest_config(ProptestConfig { cases: 8, ..ProptestConfig::default() })]

    #[test]
    fn racing_runs_lose_no_event_and_no_link(
        arrivals in population::arrivals(8..40), delivery in any::<Delivery>(),
    ) {
        runtime().block_on(async {
            let tables = Tables::with_tenant(&a_tenant()).await;
            let racing = (0..4).map(|racer| {
                let tables = tables.clone();
                let delivery = Delivery { seed: delivery.seed ^ racer };
                let batches = delivery.batches(&arrivals);
                tokio::spawn(async move {
                    let faults = Faults::at_random(delivery.seed, 30);
                    let scorer = Scorer::new(tables.with_faults(&faults));
                    for batch in batches {
                        deliver(&scorer, batch, now()).await;
                    }
                })
            });
            for racer in racing.collect::<Vec<_>>() {
                racer.await.unwrap();
            }
            assert_eq!(stored(&tables, now()).await, expected(&arrivals, now()));
        });
    }
}

#[test]
fn a_crash_between_any_two_calls_is_made_good_by_the_next_run() {
    let arrivals: Vec<_> = [
        an_event("1").by(Kind::AnonymousId, "a1"),
        an_event("2").by(Kind::UserId, "u1").by(Kind::AnonymousId, "a1").seconds_later(5),
        an_event("3").by(Kind::UserId, "u2").by(Kind::Email, "x@y.de").seconds_later(6),
        an_event("4").by(Kind::UserId, "u1").by(Kind::Email, "x@y.de").seconds_later(4),
        an_event("5").by(Kind::UserId, "u2").formerly("a9").seconds_later(2),
        an_event("6").by(Kind::AnonymousId, "a9").days_later(20),
    ]
    .map(EventBuilder::arrival)
    .into();
    let batches: Vec<_> = arrivals.iter().map(|arrival| vec![vec![arrival.clone()]]).collect();
    runtime().block_on(async {
        for crash in 0.. {
            let mut calls = 0;
            for answer_lost in [false, true] {
                let tables = Tables::with_tenant(&a_tenant()).await;
                let faults = Faults::crash_after(crash, answer_lost);
                let scorer = Scorer::new(tables.with_faults(&faults));
                for batch in &batches {
                    delivery::try_once(&scorer, batch.clone(), now()).await;
                }
                calls = faults.calls();
                let scorer = Scorer::new(tables.store.clone());
                for batch in &batches {
                    deliver(&scorer, batch.clone(), now()).await;
                }
                assert_eq!(stored(&tables, now()).await, expected(&arrivals, now()), "{crash}");
            }
            if calls <= crash {
                return;
            }
        }
    });
}

#[test]
fn a_shared_device_goes_to_its_earliest_person_even_if_that_is_told_last() {
    arrive(vec![
        an_event("1").by(Kind::AnonymousId, "kiosk"),
        an_event("2").by(Kind::UserId, "u1").by(Kind::AnonymousId, "kiosk").seconds_later(20),
        an_event("3").by(Kind::UserId, "u2").by(Kind::AnonymousId, "kiosk").seconds_later(30),
        an_event("4").by(Kind::UserId, "u3").by(Kind::AnonymousId, "kiosk").seconds_later(10),
        an_event("5").by(Kind::AnonymousId, "kiosk").days_later(9),
    ]);
}

#[test]
fn an_email_of_eleven_user_ids_joins_nobody_any_more() {
    let users = (0..11).map(|user| {
        an_event(format!("e{user}"))
            .by(Kind::UserId, &format!("u{user}"))
            .by(Kind::Email, "office@example.com")
            .seconds_later(user)
    });
    arrive(users.collect());
}

#[test]
fn a_family_follows_eighty_homes_and_says_so() {
    let devices = (0..82).flat_map(|device| {
        let id = format!("a{device}");
        [
            an_event(format!("seen {device}")).by(Kind::AnonymousId, &id).seconds_later(device),
            an_event(format!("login {device}"))
                .by(Kind::UserId, "u1")
                .by(Kind::AnonymousId, &id)
                .seconds_later(1_000 + device),
        ]
    });
    arrive(devices.collect());
}

#[test]
fn a_batch_larger_than_a_transaction_is_split() {
    let arrivals: Vec<_> =
        (0..250).map(|n| an_event(format!("e{n}")).seconds_later(n).arrival()).collect();
    runtime().block_on(async {
        let tables = Tables::with_tenant(&a_tenant()).await;
        let scorer = Scorer::new(tables.store.clone());
        deliver(&scorer, vec![arrivals.clone()], now()).await;
        assert_eq!(stored(&tables, now()).await, expected(&arrivals, now()));
    });
}
