//! Laws of the fold and of what is read off it.

use domain::{
    event::Event,
    explanation::{Line, explain},
    facts::MAX_KEYS,
    fold::{apply, fold, fold_recording, sorted},
    identity::Kind,
    points::Points,
    stage::Stage,
    state::{MAX_EVENTS, State},
    time::{DAY_MS, Timestamp},
    view::{Forecast, view},
};
use proptest::{collection::vec, prelude::*, sample::select};

use crate::{default_rules as rules, event, home};

fn at(day: i64) -> Timestamp {
    Timestamp::from_millis(day * DAY_MS).unwrap()
}

fn on_day(id: &str, event_type: &str, day: i64) -> Event {
    event(id, event_type, day * DAY_MS, home(Kind::UserId, 1))
}

fn events() -> impl Strategy<Value = Vec<Event>> {
    let types = select(vec!["page_view", "demo_request", "unsubscribe", "identify", "signup"]);
    // Few distinct instants, so that ties in time are common.
    vec((types, 0..300_i64, 0..3_u8), 0..60).prop_map(|drawn| {
        let event = |(n, (event_type, hours, number)): (usize, (&str, i64, u8))| {
            let home = home(Kind::UserId, number);
            event(&format!("e{}", n * 7 % 60), event_type, hours * DAY_MS / 4, home)
        };
        drawn.into_iter().enumerate().map(event).collect()
    })
}

proptest! {
    #[test]
    fn the_order_of_arrival_does_not_matter(
        (events, shuffled) in events()
            .prop_flat_map(|events| (Just(events.clone()), Just(events).prop_shuffle())),
    ) {
        prop_assert_eq!(fold(&rules(), events), fold(&rules(), shuffled));
    }

    #[test]
    fn applying_one_by_one_is_folding_at_once(events in events()) {
        let rules = rules();
        let mut state = State::empty(rules.version());
        for event in sorted(events.clone()) {
            apply(&mut state, &rules, &event).unwrap();
        }
        prop_assert_eq!(state, fold(&rules, events));
    }

    #[test]
    fn an_event_that_is_not_the_newest_is_told_and_changes_nothing(events in events()) {
        let rules = rules();
        let state = fold(&rules, events.clone());
        for event in events {
            let mut after = state.clone();
            prop_assert!(apply(&mut after, &rules, &event).is_err());
            prop_assert_eq!(&after, &state);
        }
    }

    #[test]
    fn the_lines_of_an_explanation_sum_to_its_score(events in events(), day in 0..900_i64) {
        let rules = rules();
        let explained = explain(&rules, &sorted(events.clone()), at(day));
        let sum: Points = explained.lines.iter().map(Line::points).sum();
        prop_assert_eq!(sum, Points::whole(explained.score));
        let seen = view(&fold(&rules, events), &rules, at(day));
        prop_assert_eq!((seen.score, seen.points), (explained.score, explained.points));
    }

    #[test]
    fn the_forecast_is_the_first_instant_of_another_stage(events in events(), day in 75..400_i64) {
        let (rules, state) = (rules(), fold(&rules(), events));
        let seen = view(&state, &rules, at(day));
        let last = state.last_event_at;
        if let Some(Forecast { stage, at }) = seen.forecast {
            prop_assert_eq!(view(&state, &rules, at).stage, stage);
            prop_assert_eq!(view(&state, &rules, at.plus_millis(-1)).stage, seen.stage);
            prop_assert_ne!(stage, seen.stage);
        } else {
            let far = last.map_or(at(day), |last| last.plus_millis(2_000 * DAY_MS));
            prop_assert_eq!(view(&state, &rules, far).stage, seen.stage);
        }
    }

    #[test]
    fn risk_is_a_percentage_that_idle_time_never_lowers(events in events(), day in 75..400_i64) {
        let (rules, state) = (rules(), fold(&rules(), events));
        let risk = |day| view(&state, &rules, at(day)).risk;
        prop_assert!(risk(day) <= risk(day + 1) && risk(day + 1) <= 100);
    }
}

#[test]
fn an_event_after_a_gap_finds_the_points_decayed_and_adds_its_own() {
    let events = [on_day("1", "contract_signed", 0), on_day("2", "page_view", 9)];
    let rules = rules();
    let state = fold(&rules, events);
    // 100 × 0.95² = 90.25, then + 5.
    assert_eq!(state.points(), Points::from_thousandths(95_250));
    let seen = view(&state, &rules, at(9));
    assert_eq!((seen.score, seen.stage), (95, Stage::Hot));
    // Eight idle days after the last event, once more: 95.25 × 0.95 = 90.4875.
    assert_eq!(view(&state, &rules, at(17)).points, Points::from_thousandths(90_488));
}

#[test]
fn a_negative_total_is_kept_and_shown_as_0() {
    let rules = rules();
    let explained = explain(&rules, &[on_day("1", "unsubscribe", 0)], at(0));
    assert_eq!((explained.points, explained.score), (Points::whole(-20), 0));
    assert_eq!(explained.lines.last(), Some(&Line::Floor { points: Points::whole(20) }));
    assert_eq!(rules.shown(Points::whole(-20)), 0);
}

#[test]
fn velocity_counts_the_last_24_hours_up_to_ten() {
    let rules = rules();
    let hour = DAY_MS / 24;
    let hourly = |n: i64| event(&format!("{n}"), "page_view", n * hour, home(Kind::UserId, 1));
    let state = fold(&rules, (0..30).map(hourly));
    let velocity = |hours: i64| view(&state, &rules, at(0).plus_millis(hours * hour)).velocity;
    assert_eq!(velocity(29), 10);
    assert_eq!(velocity(29 + 20), 4);
    // An event is 24 hours old, and out, at the same time of the next day.
    assert_eq!((velocity(29 + 23), velocity(29 + 24)), (1, 0));
}

#[test]
fn events_beyond_the_limit_flood_the_lead_and_are_not_scored() {
    let rules = rules();
    let limit = i64::from(MAX_EVENTS);
    let many =
        (0..limit + 5).map(|n| event(&format!("{n}"), "page_view", n, home(Kind::UserId, 1)));
    let many = sorted(many);
    let state = fold_recording(&rules, &many, &mut ());
    assert_eq!((state.events, state.flooded), (MAX_EVENTS, true));
    assert_eq!(state.points(), Points::whole(5 * limit));
    assert_eq!(state.last_event_at.map(Timestamp::millis), Some(limit - 1));
    let mut full = fold(&rules, many.into_iter().take(MAX_EVENTS as usize));
    assert!(!full.flooded);
    let late = event("z", "page_view", limit + 9, home(Kind::UserId, 1));
    apply(&mut full, &rules, &late).unwrap();
    assert_eq!(full, state);
}

#[test]
fn only_the_first_types_of_events_are_counted_by_name() {
    let types = (0..100).map(|n| on_day(&format!("e{n}"), &format!("type_{n:03}"), n));
    let state = fold(&rules(), types);
    assert_eq!(state.facts.counts.len(), MAX_KEYS);
    assert!(state.facts.counts.contains_key("type_000"));
    assert_eq!(state.events, 100);
}
