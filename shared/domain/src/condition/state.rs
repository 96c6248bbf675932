//! How conditions see a state.
//!
//! Invariant: a state is seen as it is before the event that conditions are evaluated for.

use std::collections::BTreeMap;

use super::FactsView;
use crate::{event::Event, facts::LONGEST_WINDOW_DAYS, state::State, time::Timestamp};

const WEEK_DAYS: u32 = 7;

impl FactsView for State {
    fn events(&self) -> u32 {
        self.events
    }

    fn counts(&self) -> &BTreeMap<String, u32> {
        &self.facts.counts
    }

    fn last_seen(&self) -> &BTreeMap<String, Timestamp> {
        &self.facts.last_seen
    }

    fn first_seen_at(&self) -> Option<Timestamp> {
        self.first_seen_at
    }

    fn last_event_at(&self) -> Option<Timestamp> {
        self.last_event_at
    }

    fn velocity(&self, event: &Event) -> u32 {
        Self::velocity(self, event.timestamp)
    }

    fn purchases(&self) -> u32 {
        self.facts.purchases
    }

    fn revenue(&self) -> f64 {
        self.facts.revenue.as_f64()
    }

    fn last_7_days(&self, event: &Event) -> u32 {
        self.facts.in_last_days(event.timestamp.day(), WEEK_DAYS)
    }

    fn last_30_days(&self, event: &Event) -> u32 {
        self.facts.in_last_days(event.timestamp.day(), LONGEST_WINDOW_DAYS)
    }

    fn marketplaces(&self) -> Vec<&str> {
        self.facts.marketplaces.iter().map(|(name, _)| name.as_str()).collect()
    }

    fn source(&self) -> &str {
        self.facts.source()
    }
}
