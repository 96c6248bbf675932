//! The laws of consent: the last word on each purpose holds, and what happened without consent for
//! scoring counts for nothing.

use std::collections::BTreeMap;

use domain::{
    consent::{Consent, MAX_CONSENT_CHANGES, Purpose, ScoringConsent, told},
    event::Event,
    explanation::{RefusalReason, explain_why_not},
    fold::{apply, fold, keep_foldable, sorted},
    identity::Kind,
    intelligence::Intelligence,
    rule_set::{ConsentRules, RuleSet},
    rules::Rules,
    state::{MAX_EVENTS, State},
    time::{DAY_MS, Timestamp},
};
use proptest::prelude::*;
use serde_json::json;

use crate::{
    default_rules, event, home,
    model::{Before, in_order},
    random_consents::{NAMES, without_scoring},
    random_edits::is_edit,
    random_sets::{histories, rule_sets},
};

const KNOWN: [&str; 4] = ["scoring", "marketing", "analytics", "sharing"];

fn at(day: i64) -> Timestamp {
    Timestamp::from_millis(day * DAY_MS + 3_600_000).unwrap()
}

fn rules_by(scoring: ScoringConsent) -> Rules {
    let consent = ConsentRules { scoring };
    Rules::prepare(RuleSet { consent, ..RuleSet::default_set().unwrap() }).unwrap()
}

/// What holds of each purpose, in words: what was said last, since it was first said after anything
/// else. Of the purposes that nobody knows those count that were named first, twelve of them.
fn in_force(events: &[Event]) -> BTreeMap<String, (bool, Timestamp)> {
    let ordered = in_order(events);
    let mut named: Vec<&str> = Vec::new();
    for event in &ordered {
        let new = NAMES.into_iter().filter(|name| Before::says(event, name).is_some());
        let mut new: Vec<_> = new.filter(|name| !named.contains(name)).collect();
        new.sort_unstable();
        named.extend(new);
    }
    let free = named.iter().filter(|name| !KNOWN.contains(name)).take(12);
    let kept = named.iter().filter(|name| KNOWN.contains(name)).chain(free);
    let holds = |name: &&str| {
        let said: Vec<_> =
            ordered.iter().filter_map(|event| Some((Before::says(event, name)?, *event))).collect();
        let (granted, _) = *said.last().unwrap();
        let other = said.iter().rposition(|(said, _)| *said != granted);
        let since = said[other.map_or(0, |place| place + 1)].1.timestamp;
        ((*name).to_owned(), (granted, since))
    };
    kept.map(holds).collect()
}

/// Says something of scoring by a sender.
fn said(id: &str, millis: i64, granted: bool) -> Event {
    let mut event = event(id, "consent_changed", millis, home(Kind::UserId, 1));
    event.properties.insert("consents".to_owned(), json!({ "scoring": granted }));
    event
}

fn view(id: &str, millis: i64) -> Event {
    event(id, "page_view", millis, home(Kind::UserId, 1))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn the_last_word_on_each_purpose_holds_since_it_was_first_said(events in histories()) {
        let state = fold(&default_rules(), events.clone());
        let folded = state.consents.iter();
        let folded: BTreeMap<_, _> = folded
            .map(|(purpose, consent)| (purpose.to_string(), (consent.granted, consent.at)))
            .collect();
        prop_assert_eq!(&folded, &in_force(&events));
        prop_assert_eq!(state.consents.any_granted(), folded.values().any(|(granted, _)| *granted));
        let by_senders = events.iter().filter(|event| !is_edit(event));
        let by_senders = by_senders.filter(|event| event.event_type == "consent_changed").count();
        prop_assert_eq!(state.consents.by_senders() as usize, by_senders);
    }

    #[test]
    fn the_history_ends_with_what_is_in_force_and_every_entry_changes_it(events in histories()) {
        let state = fold(&default_rules(), events.clone());
        let mut now: BTreeMap<Purpose, Consent> = BTreeMap::new();
        let (in_force, changes) = told(&sorted(events.clone()));
        prop_assert_eq!(&in_force, &state.consents);
        for change in changes {
            let consent = Consent { granted: change.granted, at: change.at };
            let was = now.insert(change.purpose.clone(), consent);
            prop_assert_ne!(was.map(|was| was.granted), Some(change.granted));
            let by = events.iter().find(|event| {
                (event.home.id, &event.event_id) == (change.home, &change.event_id)
            }).unwrap();
            prop_assert_eq!(Before::says(by, change.purpose.as_str()), Some(change.granted));
            prop_assert_eq!(by.edit.as_ref().map(|edit| &edit.by), change.by.as_ref());
        }
        let folded = state.consents.iter().map(|(purpose, consent)| (purpose.clone(), consent));
        prop_assert_eq!(now, folded.collect());
    }

    #[test]
    fn what_comes_without_consent_counts_as_if_it_had_never_been(
        set in rule_sets(), events in histories(), day in 184..400_i64,
    ) {
        // Its traits are declared all the same, so that no rule may read them here.
        let mut set = set;
        for rule in &mut set.rules {
            rule.when = rule.when.take().filter(|when| !when.contains("profile"));
        }
        let rules = Rules::prepare(set).unwrap();
        let ordered = sorted(events);
        let told = explain_why_not(&rules, &ordered, at(day), usize::MAX);
        let refused: Vec<_> = told
            .refusals
            .iter()
            .filter(|refusal| refusal.reason == RefusalReason::NoConsent)
            .inspect(|refusal| assert_eq!(refusal.rule, None))
            .map(|refusal| (refusal.home, refusal.event_id.clone()))
            .collect();
        prop_assert_eq!(refused.len(), told.state.without_consent as usize);
        let is_left = |event: &&Event| !refused.contains(&(event.home.id, event.event_id.clone()));
        let left: Vec<_> = ordered.iter().filter(is_left).cloned().collect();
        let never = explain_why_not(&rules, &left, at(day), usize::MAX);
        prop_assert_eq!(never.state.without_consent, 0);
        prop_assert_eq!(told.lines, never.lines);
        prop_assert_eq!((told.points, told.score), (never.points, never.score));
        let (state, without) = (&told.state, &never.state);
        prop_assert_eq!(state.events, without.events);
        prop_assert_eq!(&state.recent, &without.recent);
        prop_assert_eq!(state.last_event_at, without.last_event_at);
        prop_assert_eq!(state.first_seen_at, without.first_seen_at);
        prop_assert_eq!(state.conversion, without.conversion);
        prop_assert_eq!(&state.failures, &without.failures);
        let seen = Intelligence::of(&rules, &ordered, at(day));
        let never = Intelligence::of(&rules, &left, at(day));
        prop_assert_eq!(seen.timing, never.timing);
        prop_assert_eq!(seen.categories, never.categories);
        prop_assert_eq!(seen.factors, never.factors);
    }

    #[test]
    fn where_nobody_speaks_of_scoring_only_the_rule_set_decides(events in histories()) {
        let events = without_scoring(events);
        let told = fold(&rules_by(ScoringConsent::OptOut), events.clone());
        prop_assert_eq!(told.without_consent, 0);
        let kept = fold(&rules_by(ScoringConsent::OptIn), events);
        prop_assert_eq!((kept.events, kept.balance), (0, domain::balance::Balance::default()));
        prop_assert_eq!(kept.without_consent, told.folded());
    }
}

#[test]
fn events_count_by_the_consent_at_their_place() {
    let events = [
        view("1", 0),
        said("2", 10, false),
        view("3", 10),
        view("4", 20),
        said("5", 30, true),
        view("6", 30),
        said("7", 40, true),
    ];
    let folded = |scoring| fold(&rules_by(scoring), events.clone());
    let (out, within) = (folded(ScoringConsent::OptOut), folded(ScoringConsent::OptIn));
    assert_eq!((out.events, out.without_consent), (2, 2));
    assert_eq!((within.events, within.without_consent), (1, 3));
    assert_eq!(within.first_seen_at, Timestamp::from_millis(30).ok());
    let scoring = out.consents.get(&"scoring".parse().unwrap()).unwrap();
    assert_eq!((scoring.granted, scoring.at.millis()), (true, 30));
    assert_eq!(out.last_position.map(|last| last.timestamp.millis()), Some(40));
}

#[test]
fn a_flooded_lead_can_still_withdraw() {
    let rules = default_rules();
    let limit = i64::from(MAX_EVENTS);
    let mut events: Vec<_> = (0..limit + 5).map(|n| view(&format!("{n}"), n)).collect();
    events.push(said("a", 0, true));
    events.push(said("b", limit + 9, false));
    let state = fold(&rules, events.clone());
    assert_eq!((state.events, state.flooded), (MAX_EVENTS, true));
    assert!(!state.consents.any_granted() && state.consents.by_senders() == 2);
    events.reverse();
    keep_foldable(&mut events);
    assert_eq!(events.len(), MAX_EVENTS as usize + 3);
    assert_eq!(fold(&rules, events), state);
}

#[test]
fn senders_change_consent_only_so_often_and_people_always_can() {
    let rules = default_rules();
    let limit = i64::from(MAX_CONSENT_CHANGES);
    let mut events: Vec<_> = (0..limit).map(|n| said(&format!("{n}"), n, n % 2 == 0)).collect();
    let full = fold(&rules, events.clone());
    assert!(!full.flooded && !full.consents.any_granted());
    events.push(said("beyond", limit, true));
    let mut by_hand = view("by hand", limit + 3);
    let mut edit = domain::edit::Edit::by(domain::actor::Actor::System);
    edit.consents.insert("marketing".parse().unwrap(), true);
    by_hand.edit = Some(Box::new(edit));
    let ignored = fold(&rules, events.clone());
    assert!(ignored.flooded && !ignored.consents.any_granted());
    assert_eq!(State { flooded: false, ..ignored }, full);
    events.push(said("far beyond", limit + 1, true));
    events.push(view("seen", limit + 2));
    events.push(by_hand);
    let state = fold(&rules, events.clone());
    assert_eq!((state.events, state.without_consent, state.consents.any_granted()), (0, 1, true));
    let mut one_by_one = State::empty(rules.version());
    for event in sorted(events.clone()) {
        apply(&mut one_by_one, &rules, &event).unwrap();
    }
    assert_eq!(one_by_one, state);
    keep_foldable(&mut events);
    assert_eq!(events.len(), MAX_CONSENT_CHANGES as usize + 3);
    assert_eq!(fold(&rules, events), state);
}
