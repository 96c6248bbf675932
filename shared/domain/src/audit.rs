//! The audit log: who changed what, and when.
//!
//! Invariant: an entry names fields, never what they held or hold: it has no personal value.

use serde::{Deserialize, Serialize};

use crate::{actor::Actor, time::Timestamp};

/// One change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditEntry {
    /// Names the entry: a UUID of version 7, so that entries sort by time.
    pub id: String,
    /// When it was asked for.
    pub at: Timestamp,
    /// Who asked for it.
    pub actor: Actor,
    /// What was done, such as `lead.updated`.
    pub action: String,
    /// What kind of thing was changed, such as `lead`.
    pub object_type: String,
    /// The id of what was changed.
    pub object_id: String,
    /// The names of the fields that were changed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<String>,
}
