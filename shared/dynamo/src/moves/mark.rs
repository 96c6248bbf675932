//! The mark as a lead's item has it.

use domain::{
    archived::{Archived, Step},
    time::Timestamp,
};
use serde::{Deserialize, Serialize};

use crate::{error::StoreError, items::Place};

/// Where the events of a lead lie; the instant in milliseconds.
#[derive(Serialize, Deserialize)]
pub(crate) struct ArchivedItem {
    step: StepItem,
    object: String,
    events: u32,
    at: i64,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum StepItem {
    Archiving,
    Clearing,
    Archived,
    Restoring,
    Discarding,
    Returned,
}

impl From<&Archived> for ArchivedItem {
    fn from(archived: &Archived) -> Self {
        let step = match archived.step {
            Step::Archiving => StepItem::Archiving,
            Step::Clearing => StepItem::Clearing,
            Step::Archived => StepItem::Archived,
            Step::Restoring => StepItem::Restoring,
            Step::Discarding => StepItem::Discarding,
            Step::Returned => StepItem::Returned,
        };
        let (object, at) = (archived.object.clone(), archived.at.millis());
        Self { step, object, events: archived.events, at }
    }
}

impl ArchivedItem {
    /// Reads the mark of the item at a place.
    pub fn read(self, place: &Place) -> Result<Archived, StoreError> {
        let step = match self.step {
            StepItem::Archiving => Step::Archiving,
            StepItem::Clearing => Step::Clearing,
            StepItem::Archived => Step::Archived,
            StepItem::Restoring => Step::Restoring,
            StepItem::Discarding => Step::Discarding,
            StepItem::Returned => Step::Returned,
        };
        let at = Timestamp::from_millis(self.at).map_err(|source| place.unreadable(source))?;
        Ok(Archived { step, object: self.object, events: self.events, at })
    }
}
