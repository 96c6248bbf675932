//! Everything that a lead's behaviour says beyond its score, with what it was computed from.
//!
//! Invariant: it is a pure function of (rules, set of events, instant). Only events that count
//! are looked at: neither edits and changes of consent, nor suppressed ones and those without
//! consent, nor those beyond [`MAX_EVENTS`]. What people
//! decided stands beside what was computed and replaces none of it.

use crate::{
    category::{CategoryCount, top_categories},
    contact::ContactTiming,
    event::{Event, EventId},
    explanation::{Line, Refusal},
    factor::{Factors, idle_days},
    facts::Facts,
    fold::{Recorder, fold_recording},
    home::HomeId,
    recommendation::Recommendation,
    rules::Rules,
    segment::{Behaviour, ShownSegment},
    state::{MAX_EVENTS, State},
    time::Timestamp,
    view::{Risk, View, risk, view},
};

/// What a lead's behaviour says at an instant.
#[derive(Clone, Debug, PartialEq)]
pub struct Intelligence {
    /// The state that the events fold to.
    pub state: State,
    /// What the state shows.
    pub view: View,
    /// The signs of it going cold.
    pub cooling: Cooling,
    /// The four factors.
    pub factors: Factors,
    /// What decides the segment.
    pub behaviour: Behaviour,
    /// The segment that is shown.
    pub segment: ShownSegment,
    /// When the lead is there.
    pub timing: ContactTiming,
    /// What it cares for.
    pub categories: Vec<CategoryCount>,
    /// What to do next.
    pub recommendations: Vec<Recommendation>,
}

/// The risk of a lead going cold, with what it is measured by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cooling {
    /// The parts of the risk; all 0 when no event counts.
    pub risk: Risk,
    /// The whole days since the last event that counts; `None` when none does.
    pub idle_days: Option<u32>,
    /// Events in the last 24 hours, at most 10.
    pub velocity_now: u32,
    /// Events in the 24 hours up to the last event, at most 10.
    pub velocity_at_last_event: u32,
    /// What decay leaves of points after the idle days, of [`crate::decay::ONE`].
    pub decay_factor: i64,
}

/// What says where a lead comes from, strongest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SourceFrom {
    /// Somebody who set it by hand.
    Edit,
    /// The latest trait `source`.
    Trait,
    /// The first `campaign.source` of an event's context.
    Campaign,
    /// Nothing: the source is `direct`.
    Direct,
}

/// Remembers which events were refused as a whole, in the order of the fold.
#[derive(Default)]
struct Refused(Vec<(HomeId, EventId)>);

impl Recorder for Refused {
    fn record(&mut self, _: impl FnOnce() -> Line) {}

    fn refuse(&mut self, refusal: impl FnOnce() -> Refusal) {
        let refusal = refusal();
        if refusal.is_of_whole_event() {
            self.0.push((refusal.home, refusal.event_id));
        }
    }
}

impl Intelligence {
    /// Folds events that are in order and reads them at `now`.
    pub fn of(rules: &Rules, events: &[Event], now: Timestamp) -> Self {
        let mut refused = Refused::default();
        let state = fold_recording(rules, events, &mut refused);
        let counted = refused.left_of(events);
        let view = view(&state, rules, now);
        let cooling = Cooling::of(&state, rules, now);
        let factors = Factors::of(&state, now);
        let timing = ContactTiming::of(counted.iter().copied());
        let categories = top_categories(counted);
        let recommendations = Recommendation::of(&categories, &factors, &timing);
        let behaviour = Behaviour::of(&state, now);
        let segment = ShownSegment::of(&state, now);
        Self {
            state,
            view,
            cooling,
            factors,
            behaviour,
            segment,
            timing,
            categories,
            recommendations,
        }
    }
}

impl Cooling {
    fn of(state: &State, rules: &Rules, now: Timestamp) -> Self {
        let last = state.last_event_at;
        let idle_days = idle_days(state, now);
        Self {
            risk: last.map(|last| risk(state, rules, last, now)).unwrap_or_default(),
            idle_days,
            velocity_now: state.velocity(now),
            velocity_at_last_event: last.map_or(0, |last| state.velocity(last)),
            decay_factor: rules.decay().factor(idle_days.unwrap_or(0)),
        }
    }
}

impl SourceFrom {
    /// Every one, strongest first.
    pub const ALL: [Self; 4] = [Self::Edit, Self::Trait, Self::Campaign, Self::Direct];

    /// Returns what says the source that is shown, see [`State::shown_source`].
    pub fn shown(state: &State) -> Self {
        if state.edited_source().is_some() { Self::Edit } else { Self::of(&state.facts) }
    }

    /// Returns what says the source of facts.
    pub const fn of(facts: &Facts) -> Self {
        match (&facts.source, &facts.campaign_source) {
            (Some(_), _) => Self::Trait,
            (None, Some(_)) => Self::Campaign,
            (None, None) => Self::Direct,
        }
    }

    /// Returns the word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Edit => "edit",
            Self::Trait => "trait",
            Self::Campaign => "campaign",
            Self::Direct => "direct",
        }
    }
}

impl Refused {
    /// Returns the events that count, of those that were folded.
    fn left_of(self, events: &[Event]) -> Vec<&Event> {
        let folded = usize::try_from(MAX_EVENTS).unwrap_or(usize::MAX);
        // Both are in the order of the fold, so the next refused one is always the next to come.
        let mut refused = self.0.into_iter().peekable();
        let mut counts = |event: &Event| {
            let is_event =
                |(home, id): &(HomeId, EventId)| *home == event.home.id && *id == event.event_id;
            refused.next_if(is_event).is_none()
        };
        let behaviour = events.iter().filter(|event| event.is_behaviour());
        behaviour.take(folded).filter(|event| counts(event)).collect()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::edit::SOURCE;

    #[test]
    fn what_says_the_source_is_told_by_its_word() {
        let (said, campaign) = (Some("crm".to_owned()), Some("google".to_owned()));
        for (source, campaign_source, value, from) in [
            (said.clone(), campaign.clone(), "crm", "trait"),
            (said, None, "crm", "trait"),
            (None, campaign, "google", "campaign"),
            (None, None, "direct", "direct"),
        ] {
            let facts = Facts { source, campaign_source, ..Facts::default() };
            assert_eq!((facts.source(), SourceFrom::of(&facts).as_str()), (value, from));
            let mut state = State { facts, ..State::empty(1) };
            let shown = |state: &State| {
                (state.shown_source().to_owned(), SourceFrom::shown(state).as_str())
            };
            assert_eq!(shown(&state), (value.to_owned(), from));
            for (set, value, from) in [
                (json!(" fair "), "fair", "edit"),
                (json!(""), "direct", "edit"),
                (json!(null), value, from),
            ] {
                state.edited.insert(SOURCE.to_owned(), set);
                assert_eq!(shown(&state), (value.to_owned(), from));
            }
        }
    }
}
