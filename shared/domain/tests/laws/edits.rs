//! The laws of edits: they are events of the fold like any other, and no behaviour.

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    edit::{Choice, Edit, Work},
    event::{Arrival, Event, Sealed},
    explanation::{Explanation, explain_why_not},
    facts::Facts,
    fold::{apply, fold, fold_recording, keep_foldable, sorted},
    home::HomeId,
    identity::Kind,
    intelligence::Intelligence,
    lead::Home,
    marketplace::Marketplace,
    profile::{Edits, FieldValue, Profile},
    rule_set::{ConsentRules, RuleSet},
    rules::Rules,
    state::{MAX_EVENTS, State},
    time::{DAY_MS, Day, Timestamp},
    view::view,
};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::{
    default_rules, event, home,
    model::{Before, in_order},
    random_consents::without_scoring,
    random_edits::{FIELDS, edits, is_edit},
    random_sets::{histories, rule_sets},
};

fn at(day: i64) -> Timestamp {
    Timestamp::from_millis(day * DAY_MS + 3_600_000).unwrap()
}

/// Rules that read no profile, and so nothing that people edit but consent for scoring.
fn rules_over_behaviour(mut set: RuleSet) -> Rules {
    set.consent = ConsentRules::default();
    for rule in &mut set.rules {
        rule.when = rule.when.take().filter(|when| !when.contains("profile"));
    }
    Rules::prepare(set).unwrap()
}

/// Rules with a condition that looks at the profile whole.
fn rules_over_profiles() -> Rules {
    let mut set = RuleSet::default_set().unwrap();
    set.rules[0].when = Some("size(profile) > 99".to_owned());
    Rules::prepare(set).unwrap()
}

fn behaviour(events: &[Event]) -> Vec<Event> {
    let happened = |event: &&Event| !is_edit(event) && event.event_type != "consent_changed";
    events.iter().filter(happened).cloned().collect()
}

/// What the facts say but for the source, which an imported line declares like any event.
fn without_source(state: &State) -> Facts {
    Facts { source: None, ..state.facts.clone() }
}

fn sealed(event: &Event, name: &str) -> Sealed {
    Sealed(format!("{name} of {}", event.event_id))
}

fn arrival(event: &Event) -> Arrival {
    let names = event.edit.iter().flat_map(|edit| &edit.set_sealed);
    Arrival {
        event: event.clone(),
        identities: BTreeMap::new(),
        personal: BTreeMap::new(),
        edited: names.map(|name| (name.clone(), sealed(event, name))).collect(),
    }
}

/// What the homes of a family keep of what arrives, put together.
fn combined(events: &[Event]) -> (Profile, Edits) {
    let mut homes = BTreeMap::new();
    for event in events {
        let home: &mut Home = homes.entry(event.home.id).or_insert_with(|| Home::new(event.home));
        home.profile.declare_all(&arrival(event));
        home.edits.take_in(&arrival(event));
        assert!(!home.edits.take_in(&arrival(event)), "a duplicate changes nothing");
    }
    let (mut profile, mut edits) = (Profile::default(), Edits::default());
    for home in homes.values() {
        profile.combine(&home.profile);
        edits.combine(&home.edits);
    }
    (profile, edits)
}

/// Finds what the last edit that says anything about one thing says about it.
fn last_said<T>(events: &[&Event], says: impl Fn(&Edit) -> Option<T>) -> Option<T> {
    events.iter().rev().filter_map(|event| event.edit.as_deref()).find_map(says)
}

/// What people decided, in words: of each thing what was said last.
fn decided(events: &[&Event]) -> Work {
    let chosen = |choice: Option<Choice<_>>| choice.and_then(|choice| choice.chosen());
    let segment = last_said(events, |edit| edit.segment.clone());
    Work {
        status: last_said(events, |edit| edit.status).unwrap_or_default(),
        assigned_to: chosen(last_said(events, |edit| edit.assigned_to.clone())),
        segment: segment.and_then(|choice| choice.chosen()),
        deleted_homes: homes_of(events).into_iter().filter(|id| is_deleted(events, *id)).collect(),
        erased_homes: homes_of(events)
            .into_iter()
            .filter_map(|id| Some((id, erase_on(events, id)?)))
            .collect(),
    }
}

fn homes_of(events: &[&Event]) -> BTreeSet<HomeId> {
    events.iter().map(|event| event.home.id).collect()
}

/// Tells whether the last word on its deletion that lies in a home itself is that it is deleted.
fn is_deleted(events: &[&Event], home: HomeId) -> bool {
    let own: Vec<_> = events.iter().copied().filter(|event| event.home.id == home).collect();
    last_said(&own, |edit| edit.deleted).unwrap_or_default()
}

/// The day of the last word on its erasure that lies in a home itself, unless it was restored
/// since.
fn erase_on(events: &[&Event], home: HomeId) -> Option<Day> {
    let own: Vec<_> = events.iter().copied().filter(|event| event.home.id == home).collect();
    let restored = |edit: &Edit| edit.deleted == Some(false);
    last_said(&own, |edit| edit.erase_on.map(Some).or_else(|| restored(edit).then_some(None)))?
}

/// The edits in the order of the fold, by what names them.
fn named(events: &[Event]) -> Vec<(&str, [u8; 16])> {
    let edits = in_order(events).into_iter().filter(|event| is_edit(event));
    edits.map(|event| (event.event_id.as_str(), *event.home.id.as_bytes())).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn edits_change_nothing_that_behaviour_comes_to(
        set in rule_sets(), events in histories(), day in 184..400_i64,
    ) {
        let (rules, events) = (rules_over_behaviour(set), without_scoring(events));
        let (edited, plain) = (fold(&rules, events.clone()), fold(&rules, behaviour(&events)));
        prop_assert_eq!(&edited.balance, &plain.balance);
        prop_assert_eq!((edited.events, edited.suppressed), (plain.events, plain.suppressed));
        prop_assert_eq!(edited.first_seen_at, plain.first_seen_at);
        prop_assert_eq!(edited.last_event_at, plain.last_event_at);
        prop_assert_eq!(&edited.recent, &plain.recent);
        prop_assert_eq!(without_source(&edited), without_source(&plain));
        prop_assert_eq!(&edited.limits, &plain.limits);
        prop_assert_eq!(&edited.failures, &plain.failures);
        prop_assert_eq!(view(&edited, &rules, at(day)), view(&plain, &rules, at(day)));
    }

    #[test]
    fn no_line_and_no_refusal_speaks_of_an_edit(
        set in rule_sets(), events in histories(), day in 184..400_i64,
    ) {
        let (rules, events) = (rules_over_behaviour(set), without_scoring(events));
        let told = |events| explain_why_not(&rules, &sorted(events), at(day), usize::MAX);
        let Explanation { lines, refusals, points, score, .. } = told(events.clone());
        let plain = told(behaviour(&events));
        prop_assert_eq!(lines, plain.lines);
        prop_assert_eq!(refusals, plain.refusals);
        prop_assert_eq!((points, score), (plain.points, plain.score));
    }

    #[test]
    fn edits_are_no_part_of_what_behaviour_says(
        set in rule_sets(), events in histories(), day in 184..400_i64,
    ) {
        let (rules, events) = (rules_over_behaviour(set), without_scoring(events));
        let read = |events| Intelligence::of(&rules, &sorted(events), at(day));
        let (edited, plain) = (read(events.clone()), read(behaviour(&events)));
        prop_assert_eq!(edited.segment.computed, plain.segment.segment);
        let chosen = edited.state.work.segment;
        prop_assert_eq!(edited.segment.segment, chosen.unwrap_or(edited.segment.computed));
        prop_assert_eq!(edited.segment.chosen, chosen.is_some());
        prop_assert_eq!(edited.behaviour, plain.behaviour);
        prop_assert_eq!(edited.cooling, plain.cooling);
        prop_assert_eq!(edited.factors, plain.factors);
        prop_assert_eq!(edited.timing, plain.timing);
        prop_assert_eq!(edited.categories, plain.categories);
        prop_assert_eq!(edited.recommendations, plain.recommendations);
    }

    #[test]
    fn what_is_set_by_hand_shows_until_it_is_released(events in histories()) {
        let before = Before::after(in_order(&events));
        let (profile, edits) = combined(&events);
        let shown = edits.over(&profile);
        let state = fold(&rules_over_profiles(), events.clone());
        for name in FIELDS {
            let sealed_by = before.last_edit_of(name).filter(|edit| edit.set_sealed.contains(name));
            let by_hand = edits.get(name).and_then(|field| field.value.as_ref());
            prop_assert_eq!(sealed_by.is_some(), matches!(by_hand, Some(FieldValue::Sealed(_))));
            if sealed_by.is_none() {
                let plain = before.profile(name).cloned().map(FieldValue::Plain);
                prop_assert_eq!(shown.get(name).copied(), plain.as_ref(), "{}", name);
            }
            // The declared value is there all the same.
            let declared = before.all.iter().rev().find_map(|event| event.traits.get(name));
            let kept = profile.get(name).map(|field| field.value.clone());
            prop_assert_eq!(kept, declared.cloned().map(FieldValue::Plain));
            // Rules see the same, but nothing personal.
            let set = state.edited.get(name).filter(|value| !value.is_null());
            let seen = set.or_else(|| state.profile.get(name));
            prop_assert_eq!(seen, before.profile(name), "{}", name);
        }
    }

    #[test]
    fn what_homes_keep_does_not_depend_on_the_order_of_arrival(
        (events, shuffled) in
            histories().prop_flat_map(|events| (Just(events.clone()), Just(events).prop_shuffle())),
    ) {
        prop_assert_eq!(combined(&events), combined(&shuffled));
    }

    #[test]
    fn what_is_shown_of_source_and_marketplaces_does_not_depend_on_the_rules(
        set in rule_sets(), events in histories(),
    ) {
        let before = Before::after(in_order(&events));
        let state = fold(&rules_over_behaviour(set), events.clone());
        let set = |name| before.last_edit_of(name).and_then(|edit| edit.set.get(name));
        let source = set("source").and_then(Value::as_str).map(str::trim);
        let shown = source.map(|source| if source.is_empty() { "direct" } else { source });
        prop_assert_eq!(state.shown_source(), shown.unwrap_or(state.facts.source()));
        let expected: Vec<_> = match set("marketplaces") {
            Some(Value::Array(_)) => vec!["amazon".to_owned()],
            Some(text) if text == " " => vec![],
            Some(text) => vec![text.as_str().unwrap().to_lowercase().replace(' ', "_")],
            None => state.facts.marketplaces.iter().map(|(name, _)| name.to_string()).collect(),
        };
        let shown = state.shown_marketplaces();
        prop_assert_eq!(shown.iter().map(ToString::to_string).collect::<Vec<_>>(), expected);
        let first = shown.into_iter().next().unwrap_or_else(Marketplace::direct);
        let by_hand = set("marketplaces").is_some();
        let primary = if by_hand { first } else { state.facts.marketplace() };
        prop_assert_eq!(state.shown_marketplace(), primary);
    }

    #[test]
    fn the_last_word_on_each_thing_is_kept(events in histories()) {
        let state = fold(&default_rules(), events.clone());
        let ordered = in_order(&events);
        prop_assert_eq!(&state.work, &decided(&ordered));
        prop_assert_eq!(state.created_at, ordered.first().map(|event| event.timestamp));
        let last_edit = ordered.iter().rfind(|event| is_edit(event));
        prop_assert_eq!(state.last_edit_at, last_edit.map(|event| event.timestamp));
        prop_assert_eq!(state.last_position, ordered.last().map(|event| event.position()));
    }

    #[test]
    fn whom_a_home_belongs_to_changes_nothing_of_its_own_deletion(events in histories()) {
        let rules = default_rules();
        let together = fold(&rules, events.clone()).work;
        for survivor in homes_of(&events.iter().collect::<Vec<_>>()) {
            let own = events.iter().filter(|event| event.home.id == survivor).cloned();
            let alone = fold(&rules, own).work;
            prop_assert_eq!(together.is_deleted(survivor), alone.is_deleted(survivor));
        }
    }

    #[test]
    fn an_edition_names_the_ordered_set_of_edits(
        pool in edits(), other_events in histories(), picks in any::<[u16; 2]>(),
    ) {
        let rules = default_rules();
        let other_events = behaviour(&other_events);
        let pick = |bits: u16| -> Vec<Event> {
            let picked = |n: &usize| bits & (1 << n) != 0;
            (0..pool.len()).filter(picked).map(|n| pool[n].clone()).collect()
        };
        let [one, other] = picks.map(pick);
        let edition = |events: Vec<Event>| fold(&rules, events).edition;
        let with_events = edition([one.clone(), other_events].concat());
        prop_assert_eq!(with_events, edition(one.clone()));
        prop_assert_eq!(with_events == 0, one.is_empty());
        prop_assert_eq!(with_events == edition(other.clone()), named(&one) == named(&other));
        if let [first, .., last] = one.as_slice() && first.timestamp != last.timestamp {
            let mut swapped = one.clone();
            let end = swapped.len() - 1;
            swapped[0].timestamp = last.timestamp;
            swapped[end].timestamp = first.timestamp;
            prop_assert_eq!(edition(swapped.clone()) == with_events, named(&swapped) == named(&one));
        }
    }

    #[test]
    fn an_edit_that_was_folded_is_told_and_changes_nothing(
        set in rule_sets(), events in histories(),
    ) {
        let rules = Rules::prepare(set).unwrap();
        let state = fold(&rules, events.clone());
        for event in events.iter().filter(|event| is_edit(event)) {
            let mut after = state.clone();
            prop_assert!(apply(&mut after, &rules, event).is_err());
            prop_assert_eq!(&after, &state);
        }
    }
}

fn an_edit(id: &str, millis: i64, title: &str) -> Event {
    let mut event = event(id, "lead_edited", millis, home(Kind::UserId, 1));
    let mut edit = Edit::by(domain::actor::Actor::System);
    edit.set.insert("title".to_owned(), json!(title));
    event.edit = Some(Box::new(edit));
    event
}

/// One event a millisecond more than are folded by five, and edits before, among and after them.
fn flood() -> Vec<Event> {
    let limit = i64::from(MAX_EVENTS);
    let view = |n: i64| event(&format!("{n}"), "page_view", n, home(Kind::UserId, 1));
    let mut events: Vec<_> = (0..limit + 5).map(view).collect();
    for (id, millis) in [("a", 0), ("b", 700), ("c", limit), ("d", limit + 2), ("e", limit + 99)] {
        events.push(an_edit(id, millis, id));
    }
    events
}

#[test]
fn a_flooded_lead_is_edited_like_any_other() {
    let rules = rules_over_profiles();
    let state = fold(&rules, flood());
    assert_eq!((state.events, state.flooded), (MAX_EVENTS, true));
    assert_eq!(state.last_event_at.map(Timestamp::millis), Some(i64::from(MAX_EVENTS) - 1));
    assert_eq!(state.edited.get("title"), Some(&json!("e")));
    assert_eq!(state.last_edit_at.map(Timestamp::millis), Some(i64::from(MAX_EVENTS) + 99));
    let plain = fold(&rules, behaviour(&flood()));
    assert_eq!((&state.balance, state.events), (&plain.balance, plain.events));
    let mut one_by_one = State::empty(rules.version());
    for event in sorted(flood()) {
        apply(&mut one_by_one, &rules, &event).unwrap();
    }
    assert_eq!(one_by_one, state);
}

#[test]
fn every_edit_of_a_flooded_lead_is_kept_for_the_fold() {
    let rules = rules_over_profiles();
    let mut kept = flood();
    kept.reverse();
    keep_foldable(&mut kept);
    assert_eq!(kept.iter().filter(|event| is_edit(event)).count(), 5);
    assert_eq!(behaviour(&kept).len(), MAX_EVENTS as usize + 1);
    assert_eq!(fold(&rules, kept), fold(&rules, flood()));
    // Edits alone make no flood.
    let mut edits: Vec<_> =
        (0..i64::from(MAX_EVENTS) + 9).map(|n| an_edit(&format!("{n}"), n, "CTO")).collect();
    let all: BTreeSet<_> = edits.iter().map(|event| event.event_id.clone()).collect();
    keep_foldable(&mut edits);
    assert_eq!(edits.len(), all.len());
    assert!(!fold_recording(&rules, &sorted(edits), &mut ()).flooded);
}
