//! What the fold of a lead's events has come to.
//!
//! Invariant: a state is a pure function of (fold version, rule set, set of events). It carries
//! both versions, so that a state of another one is recognised and folded again.

use std::collections::BTreeMap;

use crate::{event::Position, points::Points, time::Timestamp};

/// The version of the fold's code. Raise it when the same events give another state.
pub const FOLD_VERSION: u32 = 1;

/// How many events of a lead are scored. Events beyond, in fold order, are stored only.
pub const MAX_EVENTS: u32 = 20_000;

/// How many events make the highest velocity.
pub const MAX_VELOCITY: usize = 10;

/// How many keys a map in [`Facts`] keeps: the first ones in fold order.
pub const MAX_KEYS: usize = 64;

/// The result of a fold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct State {
    /// The version of the fold's code.
    pub fold_version: u32,
    /// The version of the rule set.
    pub rule_set: u32,
    /// The points as of the last event, decayed up to it.
    pub points: Points,
    /// How many events were folded.
    pub events: u32,
    /// When the first event happened; `None` before any event.
    pub first_seen_at: Option<Timestamp>,
    /// The place of the last event folded.
    pub last_position: Option<Position>,
    /// When the last [`MAX_VELOCITY`] events happened, oldest first.
    pub recent: Vec<Timestamp>,
    /// What is kept about behaviour.
    pub facts: Facts,
    /// Whether events beyond [`MAX_EVENTS`] exist, which are not scored.
    pub flooded: bool,
}

/// What the fold keeps about behaviour.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// How many events there were of each type.
    pub counts: BTreeMap<String, u32>,
}

impl State {
    /// Returns the state before any event.
    pub fn empty(rule_set: u32) -> Self {
        Self {
            fold_version: FOLD_VERSION,
            rule_set,
            points: Points::ZERO,
            events: 0,
            first_seen_at: None,
            last_position: None,
            recent: Vec::new(),
            facts: Facts::default(),
            flooded: false,
        }
    }

    /// Returns when the last event happened.
    pub fn last_event_at(&self) -> Option<Timestamp> {
        self.last_position.as_ref().map(|position| position.timestamp)
    }

    /// Tells whether this state was folded by this code with this rule set.
    pub const fn is_current(&self, rule_set: u32) -> bool {
        self.fold_version == FOLD_VERSION && self.rule_set == rule_set
    }

    /// Tells whether newer code or a newer rule set than the caller's folded this state.
    pub const fn is_newer_than(&self, rule_set: u32) -> bool {
        self.fold_version > FOLD_VERSION || self.rule_set > rule_set
    }
}

impl Facts {
    pub(crate) fn count(&mut self, event_type: &str) {
        if let Some(count) = self.counts.get_mut(event_type) {
            *count += 1;
        } else if self.counts.len() < MAX_KEYS {
            self.counts.insert(event_type.to_owned(), 1);
        }
    }
}
