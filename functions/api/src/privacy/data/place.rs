//! Where the lists of a person's data go on.
//!
//! Invariant: a list that is over stays so, and one that was not begun begins at its latest.

use domain::{entry::EntryId, event::Position, home::HomeId};
use serde::{Deserialize, Serialize};

use crate::{cursor, error::ApiError};

/// What a cursor holds: where each list goes on, and the id it was asked under.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Place {
    pub under: HomeId,
    pub notes: Rest<EntryId>,
    pub activities: Rest<EntryId>,
    pub events: Rest<Position>,
}

/// What is left of a list.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rest<T> {
    /// All of it.
    All,
    /// What comes after this.
    After(T),
    /// Nothing.
    Over,
}

impl Place {
    /// Reads the place of a cursor; the beginning without one.
    pub fn of(cursor: Option<&str>, under: HomeId) -> Result<Self, ApiError> {
        let Some(cursor) = cursor else {
            let (notes, activities) = (Rest::All, Rest::All);
            return Ok(Self { under, notes, activities, events: Rest::All });
        };
        let place: Self = cursor::read(cursor)?;
        if place.under == under { Ok(place) } else { Err(cursor::invalid().into()) }
    }

    /// Tells whether every list is over.
    pub const fn is_over(&self) -> bool {
        matches!(
            (&self.notes, &self.activities, &self.events),
            (Rest::Over, Rest::Over, Rest::Over)
        )
    }
}

impl<T> Rest<T> {
    /// Takes the last thing shown, and whether there is more.
    pub fn after(last: Option<T>, has_more: bool) -> Self {
        last.filter(|_| has_more).map_or(Self::Over, Self::After)
    }

    /// Returns the last thing shown, if anything was.
    pub const fn last(&self) -> Option<&T> {
        match self {
            Self::After(last) => Some(last),
            Self::All | Self::Over => None,
        }
    }
}
