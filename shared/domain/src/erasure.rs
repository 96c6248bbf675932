//! Erasure: what stays of a person who is erased, and the receipt of it.
//!
//! Invariant: neither a tombstone nor a receipt says anything about who the person was. An event
//! from before the erasure is dropped wherever it still comes from; a later one belongs to the next
//! generation of the identity's home, which knows nothing of the one before.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{
    actor::Actor,
    home::HomeId,
    time::{DAY_MS, Timestamp},
};

/// For how many days a backup of the tables can be restored: until then it holds what was erased.
pub const BACKUP_DAYS: i64 = 35;

/// What makes a home a tombstone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Erased {
    /// The instant: events up to it, itself included, are dropped.
    pub at: Timestamp,
    /// Which generation of the identity's home was erased. Later events go to the next.
    pub generation: u32,
}

/// Why somebody was erased.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// Somebody asked for it to be done at once.
    Asked,
    /// Somebody had asked for it, and the time to think better of it is over.
    Lapsed,
    /// Nobody had consented to anything for as long as the tenant keeps such people.
    Unconsented,
}

/// A sort of things that are erased.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Trace {
    /// Keys, without which nothing sealed under them opens, wherever a copy of it lies.
    Keys,
    /// Values of identities.
    Identities,
    /// Fields that events declared.
    DeclaredFields,
    /// Fields that people set by hand.
    EditedFields,
    /// Notes.
    Notes,
    /// Activities.
    Activities,
    /// Entries of the search index.
    SearchEntries,
    /// Answers that were kept for repeated requests.
    Answers,
    /// Files of exports and imports.
    Files,
}

/// The receipt of an erasure.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Erasure {
    /// The lead, by its id when it was erased.
    pub lead: HomeId,
    /// The homes of its family.
    pub homes: Vec<HomeId>,
    /// The instant: nothing of the person opens since then.
    pub at: Timestamp,
    /// Who erased it.
    pub by: Actor,
    /// Why.
    pub reason: Reason,
    /// How much of what was erased.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub traces: BTreeMap<Trace, u64>,
    /// When the last trace was cleaned away; `None` while that goes on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub done_at: Option<Timestamp>,
}

impl Erasure {
    /// Returns when the last backup lapses that holds what was erased.
    pub fn backups_lapse_at(&self) -> Timestamp {
        self.at.plus_millis(BACKUP_DAYS * DAY_MS)
    }

    /// Notes that so many things of a sort were erased, beside those that are noted already.
    pub fn count(&mut self, trace: Trace, more: u64) {
        if more > 0 {
            *self.traces.entry(trace).or_default() += more;
        }
    }
}
