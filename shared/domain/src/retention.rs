//! Retention: for how long a tenant keeps people.
//!
//! Invariant: whoever consented to anything is kept however long nothing is heard of them, and
//! nobody is erased twice.

use std::ops::RangeInclusive;

use serde::{Deserialize, Serialize};

use crate::{
    erasure::Reason,
    lead::Lead,
    state::State,
    time::{DAY_MS, Timestamp},
};

/// After how many days without a sign of life what becomes of a lead; `None` is never.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Retention {
    /// One without any consent is made anonymous.
    pub anonymise_after_days: Option<u32>,
    /// One is moved to the archive, whole.
    pub archive_after_days: Option<u32>,
}

/// Says that a number of days is out of bounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it is a whole number of days from {} to {}, or null for never", Retention::BOUNDS.start(), Retention::BOUNDS.end())]
pub struct InvalidRetention;

impl Retention {
    /// What each number of days may be.
    pub const BOUNDS: RangeInclusive<u32> = 1..=3_650;

    /// Checks that every number of days is within its bounds.
    pub fn check(&self) -> Result<(), InvalidRetention> {
        let all = [self.anonymise_after_days, self.archive_after_days];
        let fits = all.into_iter().flatten().all(|days| Self::BOUNDS.contains(&days));
        if fits { Ok(()) } else { Err(InvalidRetention) }
    }

    /// Tells why a lead is to be erased, if it is. `state` is that of the lead by the active rules.
    ///
    /// An erasure that somebody asked for is due with the beginning of its day, whatever was
    /// consented to.
    pub fn erases(&self, lead: &Lead, state: &State, now: Timestamp) -> Option<Reason> {
        if lead.erased.is_some() {
            return None;
        }
        if state.work.erase_on(lead.survivor.id).is_some_and(|day| day.start() <= now) {
            return Some(Reason::Lapsed);
        }
        let lapsed = has_lapsed(state, self.anonymise_after_days, now);
        (lapsed && !state.consents().any_granted()).then_some(Reason::Unconsented)
    }
}

impl Default for Retention {
    fn default() -> Self {
        Self { anonymise_after_days: Some(90), archive_after_days: Some(365) }
    }
}

/// Tells whether so many days went by since the last sign of life. Every event is one, counted or
/// not: of a person who comes daily and forbids to be scored, the refusal must not be forgotten.
fn has_lapsed(state: &State, after_days: Option<u32>, now: Timestamp) -> bool {
    let last = state.last_position.as_ref().map(|last| last.timestamp).max(state.last_edit_at);
    let after = after_days.map(|days| i64::from(days) * DAY_MS);
    after.zip(last).is_some_and(|(after, last)| now.millis_since(last) >= after)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        actor::Actor,
        edit::Edit,
        event::{EventId, Position},
        family::Member,
        home::{HomeId, HomeRef},
        identity::Kind,
        time::Day,
    };

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    /// A lead whose last event was at noon of 2026-01-01.
    fn a_lead() -> Lead {
        let home = HomeRef { kind: Kind::UserId, id: HomeId::from_bytes([1; 16]) };
        let mut state = State::empty(1);
        state.last_position = Some(Position {
            timestamp: at("2026-01-01T12:00:00Z"),
            event_id: EventId::from_sender("1").unwrap(),
            home: home.id,
        });
        Lead {
            survivor: home,
            version: 1,
            members: vec![Member { home, has_events: true }],
            identity_limit: false,
            state,
            crossing: None,
            erased: None,
            archived: None,
        }
    }

    fn erases(lead: &Lead, days: Option<u32>, now: &str) -> Option<Reason> {
        let retention = Retention { anonymise_after_days: days, archive_after_days: None };
        retention.erases(lead, &lead.state, at(now))
    }

    #[test]
    fn a_lead_without_consent_is_kept_to_the_millisecond() {
        let lead = a_lead();
        assert_eq!(erases(&lead, Some(10), "2026-01-11T11:59:59.999Z"), None);
        assert_eq!(erases(&lead, Some(10), "2026-01-11T12:00:00Z"), Some(Reason::Unconsented));
        assert_eq!(erases(&lead, None, "2099-01-01T00:00:00Z"), None);
        let mut edited = a_lead();
        edited.state.last_edit_at = Some(at("2026-01-05T12:00:00Z"));
        assert_eq!(erases(&edited, Some(10), "2026-01-11T12:00:00Z"), None);
        let mut erased = a_lead();
        erased.erased = Some(at("2026-01-02T00:00:00Z"));
        assert_eq!(erases(&erased, Some(10), "2099-01-01T00:00:00Z"), None);
    }

    #[test]
    fn an_erasure_that_was_asked_for_comes_with_its_day_and_is_taken_back_with_the_deletion() {
        let mut lead = a_lead();
        let day: Day = "2026-01-03".parse().unwrap();
        let home = lead.survivor.id;
        let deleting = Edit { deleted: Some(true), erase_on: Some(day), ..Edit::by(Actor::System) };
        lead.state.work.apply(home, &deleting);
        assert_eq!(erases(&lead, Some(90), "2026-01-02T23:59:59.999Z"), None);
        assert_eq!(erases(&lead, None, "2026-01-03T00:00:00Z"), Some(Reason::Lapsed));
        let restoring = Edit { deleted: Some(false), ..Edit::by(Actor::System) };
        lead.state.work.apply(home, &restoring);
        assert_eq!(erases(&lead, Some(90), "2026-01-04T00:00:00Z"), None);
    }

    #[test]
    fn a_number_of_days_out_of_bounds_is_refused_and_never_is_not() {
        assert_eq!(Retention::default().check(), Ok(()));
        for (days, fits) in [(None, true), (Some(0), false), (Some(1), true), (Some(3_651), false)]
        {
            let one = Retention { anonymise_after_days: days, ..Retention::default() };
            let other = Retention { archive_after_days: days, ..Retention::default() };
            assert_eq!([one, other].map(|set| set.check().is_ok()), [fits; 2], "{days:?}");
        }
    }
}
