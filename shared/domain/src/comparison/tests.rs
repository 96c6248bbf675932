//! Comparisons: what they count, and that parts merge in any order.

use proptest::prelude::*;

use super::*;
use crate::{
    actor::Actor, edit::Edit, event::EventId, fold::fold, fold::sorted, home::HomeRef,
    identity::Kind, points::Points, rule_set::RuleSet, time::DAY_MS,
};

const TYPES: [&str; 5] = ["page_view", "signup", "demo_request", "unsubscribe", "identify"];

fn start() -> Timestamp {
    "2026-01-01T12:00:00Z".parse().unwrap()
}

fn lead_id(number: u8) -> HomeId {
    HomeId::from_bytes([number; 16])
}

/// The events of a lead: what happened, and how many days after the one before.
fn events(lead: u8, happened: &[(usize, i64)]) -> Vec<Event> {
    let mut timestamp = start();
    let event = |(place, (event_type, days)): (usize, &(usize, i64))| {
        timestamp = timestamp.plus_millis(days * DAY_MS / 2);
        Event {
            event_id: EventId::from_sender(&format!("e{place:03}")).unwrap(),
            event_type: TYPES[*event_type].to_owned(),
            home: HomeRef { kind: Kind::UserId, id: lead_id(lead) },
            timestamp,
            received_at: timestamp,
            properties: serde_json::Map::new(),
            context: serde_json::Map::new(),
            traits: serde_json::Map::new(),
            links: Vec::new(),
            edit: None,
        }
    };
    let events: Vec<_> = happened.iter().enumerate().map(event).collect();
    sorted(events)
}

fn rules(change: impl FnOnce(&mut RuleSet)) -> Rules {
    let mut set = RuleSet::default_set().unwrap();
    change(&mut set);
    Rules::prepare(set).unwrap()
}

fn active() -> Rules {
    rules(|_| {})
}

fn draft() -> Rules {
    rules(|set| {
        set.version = 0;
        set.decay.idle_days = 3;
        for rule in &mut set.rules {
            rule.points = Some(Points::whole(60) - rule.gives());
        }
        set.rules[0].when = Some("event.properties.depth > 3".to_owned());
    })
}

fn histories() -> impl Strategy<Value = Vec<Vec<(usize, i64)>>> {
    let history = prop::collection::vec((0..TYPES.len(), 0_i64..30), 1..12);
    prop::collection::vec(history, 0..90)
}

fn compared(leads: &[(u8, Vec<Event>)], sets: Sets<'_>) -> Comparison {
    let mut comparison = Comparison::default();
    for (lead, events) in leads {
        comparison.count(lead_id(*lead), events, sets);
        comparison.consumed.write_units += u64::from(*lead);
    }
    comparison
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn parts_merge_into_the_whole_in_any_order(
        histories in histories(), cuts in prop::collection::vec(0_usize..6, 90), turn in 0_usize..6,
    ) {
        let (before, after) = (active(), draft());
        let now = start().plus_millis(60 * DAY_MS);
        let sets = Sets { before: &before, after: &after, now };
        let leads: Vec<_> = (0_u8..)
            .zip(&histories)
            .map(|(lead, happened)| (lead, events(lead, happened)))
            .collect();
        let whole = compared(&leads, sets);
        let mut parts: Vec<_> = (0..6)
            .map(|part| {
                let of_part = leads.iter().zip(&cuts).filter(|(_, cut)| **cut == part);
                let of_part: Vec<_> = of_part.map(|(lead, _)| lead.clone()).collect();
                compared(&of_part, sets)
            })
            .collect();
        parts.rotate_left(turn);
        let mut merged = Comparison::default();
        for part in parts {
            let written = serde_json::to_string(&part).unwrap();
            merged.merge(serde_json::from_str(&written).unwrap());
        }
        prop_assert_eq!(merged, whole);
    }

    #[test]
    fn what_is_compared_is_what_a_read_shows_and_the_lines_sum_to_it(histories in histories()) {
        let (before, after) = (active(), draft());
        let now = start().plus_millis(40 * DAY_MS);
        let sets = Sets { before: &before, after: &after, now };
        for (lead, happened) in (0_u8..).zip(&histories) {
            let mut comparison = Comparison::default();
            let events = events(lead, happened);
            let Compared { state, from, to } = comparison.count(lead_id(lead), &events, sets);
            prop_assert_eq!(&state, &fold(&after, events.clone()));
            let shown = [view::view(&fold(&before, events), &before, now), view::view(&state, &after, now)];
            prop_assert_eq!((from.score, to.score), (shown[0].score, shown[1].score));
            let up = shown[1].score > shown[0].score;
            prop_assert_eq!(comparison.up, u64::from(up));
            let Some(change) = comparison.changes.first() else {
                prop_assert_eq!(shown[0].score, shown[1].score);
                continue;
            };
            for (side, view) in [&change.before, &change.after].into_iter().zip(shown) {
                prop_assert_eq!(
                    (side.score, side.stage, side.points), (view.score, view.stage, view.points)
                );
                let sum: Points = side.lines.iter().map(|line| line.points).sum();
                prop_assert_eq!(sum, Points::whole(side.score));
            }
        }
    }
}

#[test]
fn the_largest_changes_come_first_and_ties_by_id() {
    let (before, after) = (active(), rules(|set| set.rules[0].points = Some(Points::whole(7))));
    let sets = Sets { before: &before, after: &after, now: start() };
    let mut comparison = Comparison::default();
    for lead in (0..80).rev() {
        let views = if lead % 2 == 0 { 1 } else { 3 };
        comparison.count(lead_id(lead), &events(lead, &vec![(0, 0); views]), sets);
    }
    assert_eq!((comparison.up, comparison.changes.len()), (80, MOST_CHANGES));
    let order: Vec<_> =
        comparison.changes.iter().map(|change| (change.difference(), change.lead)).collect();
    let odd = (1..80).step_by(2).map(|lead| (6, lead_id(lead)));
    let even = (0..20).step_by(2).map(|lead| (2, lead_id(lead)));
    assert_eq!(order, odd.chain(even).collect::<Vec<_>>());
    let lines = &comparison.changes[0].after.lines;
    assert_eq!((lines.len(), lines[0].events, lines[0].points), (1, 3, Points::whole(21)));
    assert_eq!(lines[0].rule.as_deref(), Some("page_view"));
}

#[test]
fn many_rules_become_few_lines_that_still_sum() {
    let after = rules(|set| {
        let rule = set.rules[0].clone();
        set.rules = (1..=40_i64)
            .map(|number| crate::rule::Rule {
                id: format!("rule-{number:02}"),
                points: Some(Points::whole(number)),
                ..rule.clone()
            })
            .collect();
    });
    let before = active();
    let sets = Sets { before: &before, after: &after, now: start() };
    let mut comparison = Comparison::default();
    comparison.count(lead_id(1), &events(1, &[(0, 0)]), sets);
    let side = &comparison.changes[0].after;
    assert_eq!((side.score, side.lines.len()), (820, MAX_LINES));
    assert_eq!(side.lines[0].rule.as_deref(), Some("rule-40"));
    let other = side.lines.last().unwrap();
    assert_eq!((other.kind, other.events), (LineKind::Other, 25));
    assert_eq!(side.lines.iter().map(|line| line.points).sum::<Points>(), Points::whole(820));
}

#[test]
fn stages_are_counted_from_one_to_the_other_and_failures_by_rule() {
    let before = active();
    let after = rules(|set| {
        set.thresholds.hot = 40;
        set.rules[0].when = Some("event.properties.depth > 3".to_owned());
    });
    let sets = Sets { before: &before, after: &after, now: start() };
    let mut comparison = Comparison::default();
    let demo = TYPES.iter().position(|name| *name == "demo_request").unwrap();
    comparison.count(lead_id(1), &events(1, &[(0, 0), (0, 0)]), sets);
    comparison.count(lead_id(2), &events(2, &[(demo, 0)]), sets);
    assert_eq!(comparison.transitions[0], [1, 0, 0, 0]);
    assert_eq!(comparison.transitions[1], [0, 0, 1, 0]);
    assert_eq!(comparison.crossings(), Crossings { up: 1, down: 0 });
    assert_eq!(comparison.failures, [("page_view".to_owned(), 2)].into());
    let sets = Sets { before: &after, after: &before, ..sets };
    comparison.count(lead_id(3), &events(3, &[(demo, 0)]), sets);
    assert_eq!(comparison.transitions[2], [0, 1, 0, 0]);
    assert_eq!(comparison.crossings(), Crossings { up: 1, down: 1 });
    assert_eq!((comparison.up, comparison.down, comparison.unchanged), (0, 1, 2));
}

#[test]
fn edits_are_no_part_of_a_comparison() {
    let sets = Sets { before: &active(), after: &draft(), now: start() };
    let plain = events(1, &[(0, 1), (1, 3), (2, 2)]);
    let mut edited = plain.clone();
    for event in &plain {
        let edit = Some(Box::new(Edit::by(Actor::System)));
        let event_id = EventId::from_sender(&format!("{}x", event.event_id)).unwrap();
        edited.push(Event { event_id, edit, ..event.clone() });
    }
    let count = |events| compared(&[(1, sorted(events))], sets);
    assert_eq!(count(edited), count(plain));
}
