//! Where the events of a lead lie that nothing happened to for long.
//!
//! Invariant: at every step all events of the lead lie whole in one place, which the step names:
//! in the events table, or in one object of the archive. Whoever reads them looks there, and
//! whoever changes the lead brings them back first.

use crate::{
    family::Member,
    home::HomeId,
    lead::Lead,
    time::{DAY_MS, Timestamp},
};

/// How far a lead's events are on their way to the archive, or back.
///
/// | step | the events lie in | what is done then |
/// | --- | --- | --- |
/// | `archiving` | the table | the object is written and read back |
/// | `clearing` | the object | the table's copies are removed |
/// | `archived` | the object | nothing |
/// | `restoring` | the object | the events are put back into the table |
/// | `discarding` | the table | the object is removed |
/// | `returned` | the table | nothing; there is no object |
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Step {
    /// The object is being written.
    Archiving,
    /// The object was read back; the table's copies are being removed.
    Clearing,
    /// The events lie in the object alone.
    Archived,
    /// The events are being put back.
    Restoring,
    /// The events are back, or never went; the object is being removed.
    Discarding,
    /// The lead was brought back, and the time for which it is idle begins anew.
    Returned,
}

/// The mark on a lead whose events were, or are, to be archived.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Archived {
    /// How far it is.
    pub step: Step,
    /// The key of the object. No two objects ever have the same.
    pub object: String,
    /// How many events the object holds.
    pub events: u32,
    /// When the step began.
    pub at: Timestamp,
}

/// Says that the events of a lead lie in the archive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the events of lead {0} are archived")]
pub struct InArchive(pub HomeId);

/// Homes whose events lie in the events table. There is no way to them but by the leads that the
/// homes belong to, so nobody reads an archived lead for one without events.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EventHomes(Vec<HomeId>);

impl Archived {
    /// Tells whether the events lie in the object.
    pub const fn is_in_object(&self) -> bool {
        matches!(self.step, Step::Clearing | Step::Archived | Step::Restoring)
    }

    /// Tells whether nothing is archived, nor on its way.
    pub const fn is_over(&self) -> bool {
        matches!(self.step, Step::Returned)
    }
}

impl Lead {
    /// Tells whether its events are archived, or on their way there or back: nobody changes it then
    /// before they are back.
    pub fn is_archived(&self) -> bool {
        self.archived.as_ref().is_some_and(|archived| !archived.is_over())
    }

    /// Returns when the lead was last of interest: by its latest event or edit, or because it was
    /// brought back.
    pub fn last_of_interest(&self) -> Option<Timestamp> {
        let folded = self.state.last_position.as_ref().map(|position| position.timestamp);
        let returned = self.archived.as_ref().map(|archived| archived.at);
        folded.max(self.state.last_edit_at).max(returned)
    }

    /// Tells whether the lead was of no interest for more than so many days, and its events may go.
    ///
    /// A flooded one stays: it has more events than are ever read at once. So does one that was
    /// erased, which is read by who still sends its events.
    pub fn is_idle(&self, now: Timestamp, days: u32) -> bool {
        let last = self.last_of_interest();
        let is_over = |last: Timestamp| now > last.plus_millis(i64::from(days) * DAY_MS);
        !self.is_archived()
            && !self.state.flooded
            && self.erased.is_none()
            && last.is_some_and(is_over)
    }
}

impl EventHomes {
    /// Returns the homes of a lead that have events.
    pub fn of(lead: &Lead) -> Result<Self, InArchive> {
        if lead.archived.as_ref().is_some_and(Archived::is_in_object) {
            return Err(InArchive(lead.survivor.id));
        }
        let with_events = lead.members.iter().filter(|member| member.has_events);
        Ok(Self(with_events.map(|member| member.home.id).collect()))
    }

    /// Returns the homes of a family that have events. The family grew out of some leads, and its
    /// events lie where theirs do.
    pub fn of_family<'l>(
        leads: impl IntoIterator<Item = &'l Lead>,
        family: &[Member],
    ) -> Result<Self, InArchive> {
        for lead in leads {
            Self::of(lead)?;
        }
        let with_events = family.iter().filter(|member| member.has_events);
        Ok(Self(with_events.map(|member| member.home.id).collect()))
    }

    /// Returns the homes.
    pub fn into_vec(self) -> Vec<HomeId> {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        home::HomeRef,
        identity::Kind,
        state::{MAX_EVENTS, State},
    };

    const NOON: i64 = 1_800_000_000_000;

    fn at(day: i64) -> Timestamp {
        Timestamp::from_millis(NOON + day * DAY_MS).unwrap()
    }

    fn home(byte: u8) -> HomeRef {
        HomeRef { kind: Kind::UserId, id: HomeId::from_bytes([byte; 16]) }
    }

    fn lead(step: Option<Step>) -> Lead {
        let object = "leads/1".to_owned();
        let member = |byte, has_events| Member { home: home(byte), has_events };
        Lead {
            survivor: home(1),
            version: 1,
            members: vec![member(1, true), member(2, false), member(3, true)],
            identity_limit: false,
            crossing: None,
            erased: None,
            archived: step.map(|step| Archived { step, object, events: 2, at: at(5) }),
            state: State { last_edit_at: Some(at(0)), ..State::empty(1) },
        }
    }

    #[test]
    fn a_lead_is_idle_once_its_days_are_over_and_not_before() {
        let lead = lead(None);
        assert!(!lead.is_idle(at(365), 365));
        assert!(lead.is_idle(at(365).plus_millis(1), 365));
        assert!(!Lead { erased: Some(at(0)), ..lead.clone() }.is_idle(at(999), 365));
        let state = State { flooded: true, events: MAX_EVENTS, ..lead.state.clone() };
        assert!(!Lead { state, ..lead }.is_idle(at(999), 365));
    }

    #[test]
    fn a_lead_that_was_brought_back_is_idle_as_long_again() {
        let returned = lead(Some(Step::Returned));
        assert!(!returned.is_idle(at(370), 365));
        assert!(returned.is_idle(at(371), 365));
        assert!(!lead(Some(Step::Archived)).is_idle(at(999), 365));
    }

    #[test]
    fn homes_are_had_only_of_leads_whose_events_lie_in_the_table() {
        for step in [None, Some(Step::Archiving), Some(Step::Discarding), Some(Step::Returned)] {
            let homes = EventHomes::of(&lead(step)).unwrap();
            assert_eq!(homes.into_vec(), [home(1).id, home(3).id]);
            let member = |byte, has_events| Member { home: home(byte), has_events };
            let family = [member(3, true), member(4, false)];
            let homes = EventHomes::of_family([&lead(step)], &family).unwrap();
            assert_eq!(homes.into_vec(), [home(3).id]);
        }
        for step in [Step::Clearing, Step::Archived, Step::Restoring] {
            let told = EventHomes::of_family([&lead(None), &lead(Some(step))], &[]);
            assert_eq!(told, Err(InArchive(home(1).id)));
        }
    }
}
