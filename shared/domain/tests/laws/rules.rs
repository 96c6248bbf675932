//! The laws of the fold under random rule sets: conditions, caps, groups, expiry, suppression.

use domain::{
    event::Event,
    explanation::{Line, explain},
    fold::{apply, fold, sorted},
    points::Points,
    rules::Rules,
    state::State,
    time::{DAY_MS, Timestamp},
    view::{Forecast, view},
};
use proptest::prelude::*;

use crate::{
    model::outcome,
    random_sets::{histories, rule_sets},
};

fn at(day: i64) -> Timestamp {
    Timestamp::from_millis(day * DAY_MS + 3_600_000).unwrap()
}

/// A history with one of its shuffles.
fn shuffled() -> impl Strategy<Value = (Vec<Event>, Vec<Event>)> {
    histories().prop_flat_map(|events| (Just(events.clone()), Just(events).prop_shuffle()))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn the_fold_is_what_the_rules_say_in_words(
        set in rule_sets(), events in histories(), day in 184..400_i64,
    ) {
        let rules = Rules::prepare(set.clone()).unwrap();
        let state = fold(&rules, events.clone());
        let seen = view(&state, &rules, at(day));
        let expected = outcome(&set, &events, at(day));
        prop_assert_eq!((seen.points, seen.score), (expected.points, expected.score));
        prop_assert_eq!(state.events as usize, expected.events);
        prop_assert_eq!(state.suppressed as usize, expected.suppressed);
        prop_assert_eq!(state.without_consent as usize, expected.without_consent);
        prop_assert_eq!(state.failures.values().sum::<u32>() as usize, expected.failures);
    }

    #[test]
    fn neither_order_nor_batches_matter(
        set in rule_sets(), (events, shuffled) in shuffled(), split in 0..40_usize,
    ) {
        let rules = Rules::prepare(set).unwrap();
        let at_once = fold(&rules, events);
        prop_assert_eq!(&fold(&rules, shuffled.clone()), &at_once);
        let ordered = sorted(shuffled);
        let (first, rest) = ordered.split_at(split.min(ordered.len()));
        let mut state = fold(&rules, first.iter().cloned());
        for event in rest {
            apply(&mut state, &rules, event).unwrap();
        }
        prop_assert_eq!(state, at_once);
    }

    #[test]
    fn the_lines_sum_to_the_score_shown(
        set in rule_sets(), events in histories(), day in 184..400_i64,
    ) {
        let rules = Rules::prepare(set).unwrap();
        let explained = explain(&rules, &sorted(events), at(day));
        let sum: Points = explained.lines.iter().map(Line::points).sum();
        prop_assert_eq!(sum, Points::whole(explained.score));
        let seen = view(&explained.state, &rules, at(day));
        prop_assert_eq!((seen.score, seen.points), (explained.score, explained.points));
    }

    #[test]
    fn what_is_withheld_and_given_is_what_the_rule_says(set in rule_sets(), events in histories()) {
        let rules = Rules::prepare(set).unwrap();
        for line in explain(&rules, &sorted(events), at(200)).lines {
            if let Line::Contribution { rule: id, points, withheld, withheld_by, .. } = line {
                let rule = rules.set().rules.iter().find(|rule| rule.id == id).unwrap();
                prop_assert_eq!(points + withheld, rule.gives());
                prop_assert_eq!(withheld_by.is_some(), withheld != Points::ZERO);
            }
        }
    }

    #[test]
    fn the_forecast_is_the_next_instant_of_another_stage(
        set in rule_sets(), events in histories(), day in 184..260_i64,
    ) {
        let rules = Rules::prepare(set).unwrap();
        let state = fold(&rules, events);
        let stage_at = |at| view(&state, &rules, at).stage;
        let seen = view(&state, &rules, at(day));
        let end = seen.forecast.map_or(at(day + 1_500), |next| next.at);
        let mut hour = at(day);
        while hour < end {
            prop_assert_eq!(stage_at(hour), seen.stage, "{}", hour);
            hour = hour.plus_millis(DAY_MS / 4);
        }
        if let Some(Forecast { stage, at }) = seen.forecast {
            prop_assert_eq!(stage_at(at), stage);
            prop_assert_eq!(stage_at(at.plus_millis(-1)), seen.stage);
            prop_assert_ne!(stage, seen.stage);
        }
    }

    #[test]
    fn a_state_before_any_event_is_the_fold_of_nothing(set in rule_sets()) {
        let rules = Rules::prepare(set).unwrap();
        prop_assert_eq!(fold(&rules, []), State::empty(rules.version()));
    }
}
