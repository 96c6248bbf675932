//! The laws of what behaviour says: it depends on which events count and on nothing else.

use domain::{
    decay::Decay,
    event::Event,
    fold::sorted,
    intelligence::Intelligence,
    pattern::Pattern,
    rule::Rule,
    rule_set::RuleSet,
    rules::Rules,
    stage::Thresholds,
    time::{DAY_MS, Timestamp},
};
use proptest::prelude::*;
use serde_json::json;

use crate::random_sets::{histories, rule_sets};

fn prepare(set: RuleSet) -> Rules {
    Rules::prepare(set).unwrap()
}

/// A set that only suppresses one type of events.
fn suppressing(event_type: &str) -> Rules {
    let rule = Rule {
        id: "bots".to_owned(),
        name: "Bots".to_owned(),
        event_type: Pattern::from(event_type.to_owned()),
        when: None,
        points: None,
        cap: None,
        group: None,
        group_cap: None,
        expires_after_days: None,
        suppress: true,
        active: true,
    };
    let decay = Decay { idle_days: 7, daily_rate_ppm: 50_000 };
    let thresholds = Thresholds { warm: 10, hot: 30, qualified: 60 };
    prepare(RuleSet {
        version: 1,
        rules: vec![rule],
        decay,
        thresholds,
        ..RuleSet::default_set().unwrap()
    })
}

/// Histories in which events name marketplaces and categories.
fn shopping() -> impl Strategy<Value = Vec<Event>> {
    histories().prop_map(|mut events| {
        for (place, event) in events.iter_mut().enumerate() {
            let marketplace = ["shopee", "amazon"][place % 2];
            event.properties.insert("marketplace".to_owned(), json!(marketplace));
            let category = ["Shoes", "Hats", "Books"][place % 3];
            event.properties.insert("category".to_owned(), json!(category));
        }
        events
    })
}

fn after_the_last(events: &[Event], days: i64) -> Timestamp {
    let last = events.iter().map(|event| event.timestamp).max();
    last.unwrap_or("2026-01-01T00:00:00Z".parse().unwrap()).plus_millis(days * DAY_MS)
}

proptest! {
    #[test]
    fn the_order_of_arrival_changes_nothing(
        (events, shuffled) in
            shopping().prop_flat_map(|events| (Just(events.clone()), Just(events).prop_shuffle())),
        set in rule_sets(),
        days in 0..60_i64,
    ) {
        let (rules, now) = (prepare(set), after_the_last(&events, days));
        let read = |events| Intelligence::of(&rules, &sorted(events), now);
        prop_assert_eq!(read(events), read(shuffled));
    }

    #[test]
    fn every_event_that_counts_is_seen_and_no_other(
        events in shopping(),
        set in rule_sets(),
        days in 0..60_i64,
    ) {
        let (rules, now) = (prepare(set), after_the_last(&events, days));
        let read = Intelligence::of(&rules, &sorted(events), now);
        let seen: u32 = read.timing.hours().map(|(_, events)| events).sum();
        prop_assert_eq!(seen, read.state.events);
        let named: u32 = read.categories.iter().map(|category| category.events).sum();
        prop_assert_eq!(named, read.state.events);
        let factors = read.factors;
        let counted = factors.browsing.views + factors.purchase.purchases;
        prop_assert!(counted + factors.engagement.interactions <= read.state.events);
        prop_assert_eq!(read.cooling.risk.total(), read.view.risk);
        prop_assert!(read.view.risk <= 100);
        // A lead that shows nothing has no events, and the other way round.
        prop_assert_eq!(read.timing.best().is_none(), read.state.events == 0);
        prop_assert_eq!(read.recommendations.is_empty(), read.state.events == 0);
    }

    #[test]
    fn suppressed_events_are_as_if_they_had_never_been(events in shopping(), days in 0..60_i64) {
        let now = after_the_last(&events, days);
        let rules = suppressing("page_*");
        // Edits are not suppressed, whatever their type.
        let stays = |event: &Event| event.edit.is_some() || !event.event_type.starts_with("page_");
        let left: Vec<_> = events.iter().filter(|event| stays(event)).cloned().collect();
        let suppressed = Intelligence::of(&rules, &sorted(events), now);
        let never = Intelligence::of(&rules, &sorted(left), now);
        prop_assert_eq!(suppressed.factors, never.factors);
        prop_assert_eq!(suppressed.behaviour, never.behaviour);
        prop_assert_eq!(suppressed.timing, never.timing);
        prop_assert_eq!(suppressed.categories, never.categories);
        prop_assert_eq!(suppressed.recommendations, never.recommendations);
        prop_assert_eq!(suppressed.view, never.view);
        prop_assert_eq!(suppressed.cooling, never.cooling);
        prop_assert_eq!(suppressed.state.facts, never.state.facts);
    }
}

#[test]
fn events_beyond_the_limit_are_not_looked_at() {
    let home = crate::home(domain::identity::Kind::UserId, 1);
    let flood = |count: u32| {
        let event = |number: u32| {
            let millis = i64::from(number) * 60_000;
            crate::event(&format!("e{number:05}"), "page_view", millis, home)
        };
        (0..count).map(event).collect::<Vec<_>>()
    };
    let (rules, now) = (crate::default_rules(), "2026-01-01T00:00:00Z".parse().unwrap());
    let full = Intelligence::of(&rules, &flood(domain::state::MAX_EVENTS), now);
    let beyond = Intelligence::of(&rules, &flood(domain::state::MAX_EVENTS + 500), now);
    assert!(beyond.state.flooded);
    assert_eq!((full.timing, full.factors), (beyond.timing, beyond.factors));
}
