//! The history of a lead's consent.
//!
//! Invariant: its last entry of a purpose is what is in force, because the same code that folds
//! consent makes the entries.

use super::{Consents, Purpose};
use crate::{
    actor::Actor,
    event::{Event, EventId},
    home::HomeId,
    time::Timestamp,
};

/// One change of a lead's consent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConsentChange {
    /// The purpose.
    pub purpose: Purpose,
    /// Whether it was granted.
    pub granted: bool,
    /// When it was said.
    pub at: Timestamp,
    /// Who said it; `None` where a sender did.
    pub by: Option<Actor>,
    /// The event that says it.
    pub event_id: EventId,
    /// The home that it is stored in.
    pub home: HomeId,
}

/// Returns what is in force after events, which are all that the lead has, in the order of the fold,
/// and every change that led there. What says again what is in force is no change.
pub fn told(events: &[Event]) -> (Consents, Vec<ConsentChange>) {
    let (mut consents, mut changes) = (Consents::default(), Vec::new());
    for event in events {
        consents.take_in(event, |purpose, granted| {
            changes.push(ConsentChange {
                purpose: purpose.clone(),
                granted,
                at: event.timestamp,
                by: event.edit.as_ref().map(|edit| edit.by.clone()),
                event_id: event.event_id.clone(),
                home: event.home.id,
            });
        });
    }
    (consents, changes)
}
