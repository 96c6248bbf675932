//! What one lead adds to the rollup of a day.
//!
//! Invariant: it depends on the events up to the day's last instant alone, however many came after
//! it and whenever it is asked for. Whether the stored state tells it is decided here, so nobody
//! reads events in vain and nobody does without those that are needed.

use std::collections::BTreeMap;

use super::{Counts, Dimensions};
use crate::{
    conversion::Conversion,
    event::Event,
    fold::fold_on,
    funnel::{OfDay, Transition},
    home::HomeId,
    rule_marks::RuleMarks,
    rules::Rules,
    state::State,
    time::{Day, Timestamp},
    view::shown,
};

/// What a lead adds to the rollup of a day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeadDay {
    /// What it was at the day's last instant.
    pub dimensions: Dimensions,
    /// The score shown then; `None` when no event that counts had come by then.
    pub score: Option<i64>,
    /// What happened to it on the day.
    pub counts: Counts,
    /// Its changes of stage on the day, in order.
    pub transitions: Vec<Transition>,
    /// How it had converted by then.
    pub conversion: Option<Conversion>,
    /// The rules that had given points before that, or by then.
    pub scored_by: RuleMarks,
}

/// A lead at the end of several days, and today.
#[derive(Clone, Debug, PartialEq)]
pub struct History {
    /// What it adds to the days asked for; a day to which it adds nothing is left out.
    pub days: BTreeMap<Day, LeadDay>,
    /// The fold of all events.
    pub state: State,
}

/// Tells whether only the events of a lead tell what it adds to a day: it was active on the day, or
/// went on after it.
pub fn needs_events(state: &State, day: Day) -> bool {
    let end = day.last_instant();
    let existed = state.created_at.is_some_and(|created| created <= end);
    let went_on = state.last_position.as_ref().is_some_and(|last| last.timestamp > end);
    existed && (went_on || state.last_event_at.is_some_and(|last| last.day() == day))
}

/// Tells whether the counts of a day can hold anything of a lead.
pub fn counts_on(state: &State, day: Day) -> bool {
    let converted = state.conversion.is_some_and(|conversion| conversion.at.day() == day);
    let days = state.first_seen_at.zip(state.last_event_at);
    converted || days.is_some_and(|(first, last)| (first.day()..=last.day()).contains(&day))
}

impl LeadDay {
    /// Returns what a lead adds to a day that its state tells of, see [`needs_events`]; `None` where
    /// that is nothing: it was deleted then, or had neither an event that counts nor converted.
    pub fn of_state(rules: &Rules, state: &State, survivor: HomeId, day: Day) -> Option<Self> {
        Self::at_end(rules, state, survivor, OfDay::new(day), 0)
    }

    /// Takes the state at the day's last instant, the transitions that its events brought, and how
    /// many of these count.
    fn at_end(
        rules: &Rules,
        state: &State,
        survivor: HomeId,
        mut told: OfDay,
        events: u64,
    ) -> Option<Self> {
        let (day, end) = (told.day, told.day.last_instant());
        let first_seen_at = state.first_seen_at.filter(|first| *first <= end);
        let conversion = state.conversion.filter(|conversion| conversion.at <= end);
        if first_seen_at.is_none() && conversion.is_none() || state.work.is_deleted(survivor) {
            return None;
        }
        told.pass_time(state, rules);
        let on_day = |at: Option<Timestamp>| u64::from(at.is_some_and(|at| at.day() == day));
        Some(Self {
            dimensions: Dimensions::of(state, rules, end),
            score: first_seen_at.map(|_| shown(state, rules, end).score),
            counts: Counts {
                events,
                new_leads: on_day(first_seen_at),
                conversions: on_day(conversion.map(|conversion| conversion.at)),
            },
            transitions: told.transitions,
            conversion,
            scored_by: state.scored_by.clone(),
        })
    }
}

impl History {
    /// Folds the events of a lead, given in order, and looks at it at the end of each of some days,
    /// given in order too.
    pub fn of(
        rules: &Rules,
        events: &[Event],
        survivor: HomeId,
        days: impl IntoIterator<Item = Day>,
    ) -> Self {
        let mut state = State::empty(rules.version());
        let (mut left, mut found) = (events, BTreeMap::new());
        for day in days {
            let is_before = |event: &Event| event.timestamp < day.start();
            let (before, rest) = left.split_at(left.partition_point(is_before));
            let is_on = |event: &Event| event.timestamp <= day.last_instant();
            let (on, rest) = rest.split_at(rest.partition_point(is_on));
            fold_on(&mut state, rules, before, &mut ());
            let counted = state.events;
            let mut told = OfDay::new(day);
            fold_on(&mut state, rules, on, &mut told);
            let events = u64::from(state.events - counted);
            let lead = LeadDay::at_end(rules, &state, survivor, told, events);
            found.extend(lead.map(|lead| (day, lead)));
            left = rest;
        }
        fold_on(&mut state, rules, left, &mut ());
        Self { days: found, state }
    }
}
