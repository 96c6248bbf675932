//! The picture of a day is what a fold of the events up to its last instant gives.

use domain::{
    event::Event,
    fold::fold,
    identity::Kind,
    lead::{Cause, Crossing, Lead},
    rollup::{ByStage, Counts, History, Rollup, Totals},
    stage::Stage,
    tenant::TenantId,
    time::{DAY_MS, Day},
    view::view,
};
use dynamo::DayRollup;
use proptest::prelude::*;
use testing::{Tables, a_tenant, an_event, rules};

use crate::{
    night::{Night, at, everything},
    population::{day, event, lead_of, store, store_for},
};

const NIGHT: &str = "2026-11-21T00:10:00Z";

#[tokio::test]
async fn a_night_takes_the_picture_of_the_day_that_ended() {
    let tables = Tables::with_tenant(&a_tenant()).await;
    let noon = at("2026-11-20T12:00:00Z");
    store(&tables.store, &[event("new", "1", "signup", noon)]).await;
    let old = [
        event("old", "1", "contract_signed", noon.plus_millis(-10 * DAY_MS)),
        // Ten days idle leave 86 of the 100; this event is no part of the picture.
        event("old", "2", "demo_request", at("2026-11-21T00:05:00Z")),
    ];
    store(&tables.store, &old).await;
    store(&tables.store, &[event("later", "1", "signup", at("2026-11-21T00:01:00Z"))]).await;

    Night::new(tables.store.clone()).run(NIGHT).await;

    let ended = day("2026-11-20");
    let rollups = tables.store.rollups(&a_tenant(), ended.previous(), ended.next()).await;
    let rollups = rollups.unwrap();
    assert_eq!(rollups.iter().map(|of| (of.day, of.complete)).collect::<Vec<_>>(), [(ended, true)]);
    let totals = rollups[0].rollup.totals();
    assert_eq!(totals.by_stage, ByStage { warm: 1, hot: 1, ..ByStage::default() });
    assert_eq!((totals.picture.leads, totals.picture.score_sum), (2, 30 + 86));
    assert_eq!(totals.counts, Counts { events: 1, new_leads: 1, conversions: 0 });
}

#[tokio::test]
async fn a_day_is_incomplete_until_its_last_segment_is_done() {
    let tables = Tables::with_tenant(&a_tenant()).await;
    let night = Night::new(tables.store.clone());
    night.plan(NIGHT, at(NIGHT)).await.unwrap();
    let ended = day("2026-11-20");
    let is_complete =
        || async { tables.store.rollups(&a_tenant(), ended, ended).await.unwrap()[0].complete };
    for shard in night.queue.waiting() {
        assert!(!is_complete().await);
        night.deliver(shard, at(NIGHT)).await.unwrap();
    }
    assert!(is_complete().await);
}

#[tokio::test]
async fn each_tenant_has_its_own_picture() {
    let tables = Tables::with_tenant(&a_tenant()).await;
    let other: TenantId = "other".parse().unwrap();
    let rule_set = domain::rule_set::RuleSet::default_set().unwrap();
    let mut tenant = tables.store.tenant(&a_tenant()).await.unwrap().unwrap();
    tenant.id = other.clone();
    tables.store.create_tenant(&tenant, &rule_set, &[], None).await.unwrap();
    let noon = at("2026-11-20T12:00:00Z");
    store(&tables.store, &[event("ana", "1", "signup", noon)]).await;
    for user in ["ana", "bob"] {
        let events = [event(user, "1", "demo_request", noon)];
        store_for(&tables.store, &other, lead_of(&events), &events, None).await;
    }

    Night::new(tables.store.clone()).run(NIGHT).await;

    let ended = day("2026-11-20");
    for (tenant, leads, score_sum) in [(a_tenant(), 1, 30), (other, 2, 100)] {
        let rollups = tables.store.rollups(&tenant, ended, ended).await.unwrap();
        let picture = rollups[0].rollup.totals().picture;
        assert_eq!((picture.leads, picture.score_sum), (leads, score_sum), "{tenant}");
    }
}

#[tokio::test]
async fn a_lead_of_older_code_is_folded_again_and_one_of_newer_code_stops_its_segment() {
    let tables = Tables::with_tenant(&a_tenant()).await;
    let events = [event("ana", "1", "signup", at("2026-11-20T12:00:00Z"))];
    let mut lead = lead_of(&events);
    lead.state.fold_version = 0;
    lead.state.balance.lasting = domain::points::Points::whole(7);
    store_for(&tables.store, &a_tenant(), lead.clone(), &events, None).await;

    Night::new(tables.store.clone()).run(NIGHT).await;

    let ended = day("2026-11-20");
    let rollups = tables.store.rollups(&a_tenant(), ended, ended).await.unwrap();
    assert_eq!(rollups[0].rollup.totals().picture.score_sum, 30);
    let listed = tables.store.leads_by_score(&a_tenant(), Stage::Warm, None, 10).await.unwrap();
    assert_eq!(listed[0].standing.score, 30);

    lead.state.fold_version = 99;
    lead.version = 2;
    store_for(&tables.store, &a_tenant(), lead, &[], Some(1)).await;
    let night = Night::new(tables.store.clone());
    let next = "2026-11-22T00:10:00Z";
    night.plan(next, at(next)).await.unwrap();
    let mut failed = 0;
    for shard in night.queue.waiting() {
        failed += usize::from(night.deliver(shard, at(next)).await.is_err());
    }
    assert_eq!(failed, 1);
}

#[tokio::test]
async fn messages_delivered_again_after_the_run_is_closed_change_nothing() {
    let tables = Tables::with_tenant(&a_tenant()).await;
    let first = [event("ana", "1", "signup", at("2026-11-01T12:00:00Z"))];
    let lead = store(&tables.store, &first).await;
    store(&tables.store, &[event("bob", "1", "signup", at("2026-11-20T12:00:00Z"))]).await;
    let night = Night::new(tables.store.clone());
    night.run(NIGHT).await;
    let after = everything(&tables).await;

    let later = at("2026-11-22T09:00:00Z");
    for segment in 0..3 {
        let shard = aggregate::Shard::Scan { run: day("2026-11-20"), segment, pass: 1 };
        night.deliver(shard, later).await.unwrap();
    }
    night
        .deliver(aggregate::Shard::Close { run: day("2026-11-20"), pass: 1 }, later)
        .await
        .unwrap();

    assert_eq!(night.queue.waiting(), []);
    assert_eq!(everything(&tables).await, after);
    let stored = tables.store.lead(&a_tenant(), lead.survivor.id).await.unwrap().unwrap();
    let crossing = Some(Crossing { from: Stage::Warm, cause: Cause::Decay });
    assert_eq!(stored, Lead { crossing, ..lead }, "a refresh is no new version");
}

#[tokio::test]
async fn what_a_segment_counted_first_is_kept() {
    let tables = Tables::with_tenant(&a_tenant()).await;
    let ended = day("2026-11-20");
    tables.store.begin_run(ended, 1, at(NIGHT)).await.unwrap();
    let of = |user: &str| {
        let mut rollup = Rollup::default();
        let events = [event(user, "1", "signup", at("2026-11-20T12:00:00Z"))];
        let history = History::of(&rules(), &events, events[0].home.id, [ended]);
        rollup.count(&history.days[&ended], &rules());
        rollup
    };
    let (first, mut second) = (of("ana"), of("bob"));
    second.add(of("eve"));
    assert!(tables.store.keep_rollup_partial(&a_tenant(), ended, 0, &first).await.unwrap());
    assert!(!tables.store.keep_rollup_partial(&a_tenant(), ended, 0, &second).await.unwrap());
    let rollups = tables.store.rollups(&a_tenant(), ended, ended).await.unwrap();
    assert_eq!(rollups, [DayRollup { day: ended, rollup: first, complete: false }]);
}

/// A person: events in one or two homes, around the end of the day.
fn a_person() -> impl Strategy<Value = Vec<(bool, usize, i64)>> {
    let hours = prop_oneof![-30_i64 * 24..48, Just(-1), Just(0)];
    proptest::collection::vec((any::<bool>(), 0..4_usize, hours), 1..6)
}

fn events_of(person: usize, drawn: &[(bool, usize, i64)]) -> Vec<Event> {
    let midnight = at("2026-11-21T00:00:00Z");
    let types = ["page_view", "signup", "demo_request", "unsubscribe"];
    let event = |(index, (known, event_type, hours)): (usize, &(bool, usize, i64))| {
        let kind = if *known { Kind::UserId } else { Kind::AnonymousId };
        an_event(format!("{index}"))
            .of_type(types[*event_type])
            .by(kind, &format!("person {person}"))
            .at(midnight.plus_millis(hours * 3_600_000))
            .event()
    };
    drawn.iter().enumerate().map(event).collect()
}

/// Leads, sum of scores, leads by stage, new leads.
fn brute_force(people: &[Vec<Event>], day: Day) -> (u64, u64, ByStage, u64) {
    let rules = rules();
    let (mut leads, mut score_sum, mut by_stage, mut new) = (0, 0, ByStage::default(), 0);
    for events in people {
        let seen: Vec<_> =
            events.iter().filter(|event| event.timestamp.day() <= day).cloned().collect();
        let Some(first) = seen.iter().map(|event| event.timestamp).min() else { continue };
        let view = view(&fold(&rules, seen), &rules, day.last_instant());
        leads += 1;
        score_sum += u64::try_from(view.score).unwrap();
        *by_stage.of(view.stage) += 1;
        new += u64::from(first.day() == day);
    }
    (leads, score_sum, by_stage, new)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn the_rollup_is_the_fold_of_every_lead_up_to_the_days_end(
        drawn in proptest::collection::vec(a_person(), 0..10),
    ) {
        let people: Vec<_> =
            drawn.iter().enumerate().map(|(person, drawn)| events_of(person, drawn)).collect();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let rollups = runtime.block_on(async {
            let tables = Tables::with_tenant(&a_tenant()).await;
            for events in &people {
                store(&tables.store, events).await;
            }
            Night::new(tables.store.clone()).run("2026-11-23T00:10:00Z").await;
            Night::new(tables.store.clone()).run(NIGHT).await;
            tables.store.rollups(&a_tenant(), day("2026-11-19"), day("2026-11-22")).await.unwrap()
        });
        let days: Vec<_> = rollups.iter().map(|of| of.day).collect();
        prop_assert_eq!(days, [day("2026-11-20"), day("2026-11-22")]);
        for DayRollup { day, rollup, complete } in rollups {
            let Totals { picture, by_stage, counts } = rollup.totals();
            let told = (picture.leads, picture.score_sum, by_stage, counts.new_leads);
            prop_assert_eq!((told, complete), (brute_force(&people, day), true), "{}", day);
        }
    }
}
