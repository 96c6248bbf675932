//! The laws over published versions: whoever wrote what under which rules, in the end every lead
//! is the fold under the newest, and no event is blamed for what the rules did.

use domain::{
    event::{Arrival, Event},
    fold::fold,
    identity::Kind,
    lead::{Cause, Crossing, Lead},
    stage::Stage,
    state::State,
    view::view,
};
use proptest::prelude::*;
use scoring::{Rescored, Scorer};
use testing::{EventBuilder, Faults, Tables, a_tenant, an_event, home_of, keyring};

use crate::{
    delivery::{Delivery, deliver},
    model::{expected_under, stored_under},
    now, population,
    publishing::{a_set, publish, rules_of},
    runtime,
};

/// Brings all leads to the active rules, as the job after a publish does.
async fn rescore_all(tables: &Tables, scorer: &Scorer) {
    scorer.refresh(&a_tenant()).await.unwrap();
    let page = tables.store.scan_leads(0, 1, None).await.unwrap();
    for (tenant, listed) in page.leads {
        scorer.rescore(&tenant, listed.lead.survivor.id, now()).await.unwrap();
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 16, ..ProptestConfig::default() })]

    #[test]
    fn events_and_publishes_in_any_order_end_in_the_fold_under_the_newest_rules(
        arrivals in population::arrivals(1..30), delivery in any::<Delivery>(), faulty in any::<bool>(),
    ) {
        runtime().block_on(async {
            let tables = Tables::with_tenant(&a_tenant()).await;
            // Each remembers the rules of when it began, for longer than the test takes.
            let mut scorers = vec![Scorer::new(tables.store.clone())];
            let mut newest = 1;
            for (n, batch) in delivery.batches(&arrivals).into_iter().enumerate() {
                if n % 2 == 1 {
                    newest += 1;
                    publish(&tables, &a_set(newest, delivery.seed)).await;
                    let faults = Faults::at_random(delivery.seed, if faulty { 40 } else { 0 });
                    scorers.push(Scorer::new(tables.with_faults(&faults)));
                }
                let writer = (n * 7 + usize::try_from(delivery.seed % 5).unwrap()) % scorers.len();
                deliver(&scorers[writer], batch, now()).await;
            }
            rescore_all(&tables, &Scorer::new(tables.store.clone())).await;
            let rules = rules_of(newest, delivery.seed);
            let stored = stored_under(&rules, &tables, now()).await;
            assert_eq!(stored, expected_under(&rules, &arrivals, now()));
        });
    }

    #[test]
    fn a_crossing_of_events_is_theirs_alone(
        days in prop::collection::vec((0..4_usize, 0..40_i64, any::<bool>()), 1..14), seed in any::<u64>(),
    ) {
        runtime().block_on(async {
            let tables = Tables::with_tenant(&a_tenant()).await;
            let mut scorer = Scorer::new(tables.store.clone());
            let (mut newest, mut known): (u32, Vec<Event>) = (1, Vec::new());
            for (n, (kind, day, publishes)) in days.into_iter().enumerate() {
                if publishes {
                    newest += 1;
                    publish(&tables, &a_set(newest, seed)).await;
                    scorer = Scorer::new(tables.store.clone());
                }
                let types = ["page_view", "demo_request", "unsubscribe", "contract_signed"];
                let event = an_event(format!("e{n}")).of_type(types[kind]).days_later(day);
                let arrival = event.arrival();
                deliver(&scorer, vec![vec![arrival.clone()]], now()).await;
                let rules = rules_of(newest, seed);
                let stage = |state: &State| view(state, &rules, now()).stage;
                let before = stage(&fold(&rules, known.clone()));
                known.push(arrival.event);
                let after = stage(&fold(&rules, known.clone()));
                let lead = lead(&tables).await;
                assert_eq!(lead.crossing, Crossing::between(before, after, Cause::Event));
                assert_eq!(lead.state, fold(&rules, known.clone()));
            }
        });
    }
}

async fn lead(tables: &Tables) -> Lead {
    let id = home_of(Kind::UserId, "u1").id;
    tables.store.lead(&a_tenant(), id).await.unwrap().unwrap()
}

fn batch(events: Vec<EventBuilder>) -> Vec<Vec<Arrival>> {
    vec![events.into_iter().map(EventBuilder::arrival).collect()]
}

#[test]
fn a_rescore_writes_once_and_says_what_the_rules_did() {
    runtime().block_on(async {
        let tables = Tables::with_tenant(&a_tenant()).await;
        let scorer = Scorer::new(tables.store.clone());
        let day = |n| an_event(format!("e{n}")).of_type("demo_request").days_later(66);
        deliver(&scorer, batch(vec![day(1)]), now()).await;
        let before = lead(&tables).await;
        let id = before.survivor.id;
        assert_eq!(before.crossing, Some(Crossing { from: Stage::Cold, cause: Cause::Event }));

        let untouched = scorer.rescore(&a_tenant(), id, now()).await.unwrap();
        assert_eq!(untouched, Rescored::default());

        // Nothing but a threshold: the points stay.
        let mut set = domain::rule_set::RuleSet::default_set().unwrap();
        (set.version, set.thresholds.hot) = (2, 45);
        publish(&tables, &set).await;
        scorer.refresh(&a_tenant()).await.unwrap();
        let rescored = scorer.rescore(&a_tenant(), id, now()).await.unwrap();
        let crossing = Some(Crossing { from: Stage::Warm, cause: Cause::Rescore });
        assert_eq!((rescored.written, rescored.crossing), (true, crossing));
        assert!(rescored.write_units > 0.0);
        let after = lead(&tables).await;
        assert_eq!((after.version, after.crossing), (before.version + 1, crossing));
        assert_eq!((after.state.rule_set, after.state.points()), (2, before.state.points()));

        let again = scorer.rescore(&a_tenant(), id, now()).await.unwrap();
        assert_eq!(again, Rescored::default());
        assert_eq!(lead(&tables).await, after);
        let gone = home_of(Kind::UserId, "nobody").id;
        assert_eq!(scorer.rescore(&a_tenant(), gone, now()).await.unwrap(), Rescored::default());
    });
}

#[test]
fn a_writer_that_meets_newer_rules_learns_them_and_goes_on() {
    runtime().block_on(async {
        let tables = Tables::with_tenant(&a_tenant()).await;
        let stale = Scorer::new(tables.store.clone());
        deliver(&stale, batch(vec![an_event("1")]), now()).await;
        publish(&tables, &a_set(2, 1)).await;
        let fresh = Scorer::new(tables.store.clone());
        deliver(&fresh, batch(vec![an_event("2").seconds_later(1)]), now()).await;
        assert_eq!(lead(&tables).await.state.rule_set, 2);

        let home = home_of(Kind::UserId, "u1").id;
        let third = vec![an_event("3").seconds_later(2).arrival()];
        let scored = stale.score(&keyring(), home, third, now()).await.unwrap();
        assert_eq!(scored.stored, 1);
        assert_eq!((lead(&tables).await.state.rule_set, lead(&tables).await.state.events), (2, 3));
    });
}

#[test]
fn a_login_that_takes_a_cookies_lead_over_crosses_by_a_link() {
    runtime().block_on(async {
        let tables = Tables::with_tenant(&a_tenant()).await;
        let scorer = Scorer::new(tables.store.clone());
        let cookie = an_event("1").by(Kind::AnonymousId, "a1").of_type("demo_request");
        deliver(&scorer, batch(vec![cookie.days_later(67)]), now()).await;
        let login = an_event("2").by(Kind::UserId, "u1").by(Kind::AnonymousId, "a1");
        deliver(&scorer, batch(vec![login.of_type("signup").days_later(67)]), now()).await;
        let crossing = Some(Crossing { from: Stage::Warm, cause: Cause::Link });
        assert_eq!(lead(&tables).await.crossing, crossing);
    });
}
