//! What is done to many leads at once, by a job that somebody asked for.
//!
//! Invariant: neither a request nor what came of it holds a personal value.

use serde::{Deserialize, Serialize};

use crate::{
    actor::Actor,
    edit::{Choice, Edit, Work},
    home::HomeId,
    lead::Status,
    lead_filter::LeadFilter,
    segment::Segment,
    user::UserId,
};

/// How many things that went wrong the result of a job lists.
pub const MAX_LISTED: usize = 1_000;

/// What a bulk edit makes of each lead.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BulkChange {
    /// Somebody works it, or nobody.
    Assign(Option<UserId>),
    /// It is out of sight.
    Archive,
    /// It shows this segment, or again the one that its behaviour says.
    Resegment(Option<Segment>),
}

/// Which leads are meant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Selection {
    /// So many that were named one by one.
    Named(u32),
    /// All that have this in common.
    Matching(LeadFilter),
}

/// What is wrong with a row of a file. It never repeats what the row holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LineError {
    /// The line that the row begins in, from 1.
    pub line: u64,
    /// The column, from 1; `None` when the row as a whole is meant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub column: Option<u32>,
    /// The field that the column is brought to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// What is wrong, as a stable word.
    pub code: String,
    /// What is wrong, for people.
    pub message: String,
}

/// What an import did.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImportOutcome {
    /// How many rows the file has.
    pub rows: u64,
    /// How many of them were brought in.
    pub imported: u64,
    /// What is wrong with the others: the first [`MAX_LISTED`], by line.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<LineError>,
}

/// What a bulk edit did.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BulkEditOutcome {
    /// How many leads were meant and found.
    pub leads: u64,
    /// How many of them were changed; the others were so already.
    pub changed: u64,
    /// Named leads that there are not: the first [`MAX_LISTED`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<HomeId>,
}

/// What an export wrote.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExportOutcome {
    /// How many leads were written.
    pub leads: u64,
    /// The parts, in order. Put together they are one file.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parts: Vec<ExportPart>,
    /// Named leads that there are not: the first [`MAX_LISTED`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<HomeId>,
}

/// A part of an export.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExportPart {
    /// Names its file.
    pub name: String,
    /// How many leads it has.
    pub leads: u64,
    /// How many bytes of CSV it has, without the header.
    pub bytes: u64,
}

impl BulkChange {
    /// Returns the word for what is done.
    pub const fn action(&self) -> &'static str {
        match self {
            Self::Assign(_) => "assign",
            Self::Archive => "archive",
            Self::Resegment(_) => "resegment",
        }
    }

    /// Returns the field of a lead that is changed.
    pub const fn field(&self) -> &'static str {
        match self {
            Self::Assign(_) => "assigned_to",
            Self::Archive => "status",
            Self::Resegment(_) => "segment",
        }
    }

    /// Tells whether a lead is so already.
    pub fn is_done(&self, work: &Work) -> bool {
        match self {
            Self::Assign(user) => work.assigned_to == *user,
            Self::Archive => work.status == Status::Archived,
            Self::Resegment(segment) => work.segment == *segment,
        }
    }

    /// Returns the edit of each lead.
    pub fn edit(&self, by: Actor) -> Edit {
        let edit = Edit::by(by);
        match self {
            Self::Assign(user) => Edit { assigned_to: Some(Choice::from(user.clone())), ..edit },
            Self::Archive => Edit { status: Some(Status::Archived), ..edit },
            Self::Resegment(segment) => Edit { segment: Some(Choice::from(*segment)), ..edit },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_that_was_made_is_done() {
        let user: UserId = "user_019a0b3c-4d5e-7f60-8a1b-2c3d4e5f6071".parse().unwrap();
        let before = Work {
            assigned_to: Some(user.clone()),
            segment: Some(Segment::Vip),
            ..Work::default()
        };
        let other = "user_019a0b3c-4d5e-7f60-8a1b-2c3d4e5f6072".parse().unwrap();
        for change in [
            BulkChange::Assign(Some(other)),
            BulkChange::Assign(None),
            BulkChange::Archive,
            BulkChange::Resegment(Some(Segment::New)),
            BulkChange::Resegment(None),
        ] {
            assert!(!change.is_done(&before), "{change:?}");
            let mut after = before.clone();
            let edit = change.edit(Actor::System);
            after.apply(HomeId::from_bytes([1; 16]), &edit);
            assert!(change.is_done(&after), "{change:?}");
            assert_eq!(edit.fields(), [change.field()]);
        }
        assert!(BulkChange::Assign(Some(user)).is_done(&before));
    }
}
