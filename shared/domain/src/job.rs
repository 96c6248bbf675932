//! Jobs: work over many leads of a tenant that takes longer than a request.
//!
//! Invariant: a job's id sorts by the time at which it was made, and a job that ended never goes
//! on.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::{
    actor::Actor,
    bulk::{BulkChange, BulkEditOutcome, ExportOutcome, ImportOutcome, Selection},
    comparison::{Comparison, Crossings, GoldenReport},
    naming::is_uuid,
    time::Timestamp,
};

const PREFIX: &str = "job_";

/// Names one job: `job_` and a UUID of version 7.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct JobId(String);

/// Says that a text is no job id.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a job id is job_ followed by a UUID in lower case")]
pub struct InvalidJobId;

impl JobId {
    /// Returns the id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns when the job was asked for first, which the first 48 bits of the UUID say.
    pub fn instant(&self) -> Option<Timestamp> {
        let digits: String = self.0.strip_prefix(PREFIX)?.split('-').take(2).collect();
        Timestamp::from_millis(i64::from_str_radix(&digits, 16).ok()?).ok()
    }
}

impl FromStr for JobId {
    type Err = InvalidJobId;

    fn from_str(text: &str) -> Result<Self, InvalidJobId> {
        let uuid = text.strip_prefix(PREFIX).ok_or(InvalidJobId)?;
        if is_uuid(uuid) { Ok(Self(text.to_owned())) } else { Err(InvalidJobId) }
    }
}

impl TryFrom<String> for JobId {
    type Error = InvalidJobId;

    fn try_from(text: String) -> Result<Self, InvalidJobId> {
        text.parse()
    }
}

impl From<JobId> for String {
    fn from(id: JobId) -> Self {
        id.0
    }
}

impl fmt::Display for JobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a job does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Work {
    /// Compares what a draft would make of the leads with what the active rules do.
    Preview {
        /// The version that was active when the job was made.
        active: u32,
        /// How many of a hundred leads are looked at.
        sample_percent: u32,
    },
    /// Brings all leads to a version of the rules.
    Rescore {
        /// The version.
        version: u32,
    },
    /// Brings in the rows of an uploaded file.
    Import {
        /// Who uploaded it.
        by: Actor,
        /// How many rows it has.
        rows: u64,
    },
    /// Makes the same of many leads by hand.
    BulkEdit {
        /// Who asked for it.
        by: Actor,
        /// What is made of each.
        change: BulkChange,
        /// Which.
        leads: Selection,
    },
    /// Writes leads to files.
    Export {
        /// Who asked for them.
        by: Actor,
        /// Which.
        leads: Selection,
    },
}

impl Work {
    /// Returns the job's kind as a word.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Preview { .. } => "preview",
            Self::Rescore { .. } => "rescore",
            Self::Import { .. } => "import",
            Self::BulkEdit { .. } => "bulk_edit",
            Self::Export { .. } => "export",
        }
    }

    /// Tells whether the job takes leads that somebody chose, not all for the sake of the rules.
    pub const fn is_bulk(&self) -> bool {
        !matches!(self, Self::Preview { .. } | Self::Rescore { .. })
    }

    /// Counts the rows or leads that the job has; `None` where only its end will tell.
    pub fn total(&self) -> Option<u64> {
        match self {
            Self::Import { rows, .. } => Some(*rows),
            Self::BulkEdit { leads: Selection::Named(leads), .. }
            | Self::Export { leads: Selection::Named(leads), .. } => Some((*leads).into()),
            _ => None,
        }
    }

    /// Counts how often the job goes through its leads.
    pub const fn passes(&self) -> u32 {
        match self {
            // The last one catches what writers did who still held the old rules.
            Self::Rescore { .. } => 2,
            _ => 1,
        }
    }
}

/// How far a job has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JobStatus {
    /// It is to be begun.
    Queued,
    /// It goes through the leads.
    Running,
    /// It went through the leads, and waits for or makes its last pass.
    Settling,
    /// It is done.
    Done,
    /// Other rules were published meanwhile; another job goes on in its place.
    Superseded,
    /// A part of it kept failing. It goes on when it is resumed.
    Failed,
}

impl JobStatus {
    /// Every status, in the order in which they come.
    pub const ALL: [Self; 6] =
        [Self::Queued, Self::Running, Self::Settling, Self::Done, Self::Superseded, Self::Failed];

    /// Returns the status's word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Settling => "settling",
            Self::Done => "done",
            Self::Superseded => "superseded",
            Self::Failed => "failed",
        }
    }

    /// Tells whether the job ended for good.
    pub const fn is_over(self) -> bool {
        matches!(self, Self::Done | Self::Superseded)
    }
}

/// What came of a job.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Of a preview.
    Preview(Box<PreviewOutcome>),
    /// Of a re-score.
    Rescore(RescoreOutcome),
    /// Of an import.
    Import(ImportOutcome),
    /// Of a bulk edit.
    BulkEdit(BulkEditOutcome),
    /// Of an export.
    Export(ExportOutcome),
}

/// What a preview found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PreviewOutcome {
    /// The leads under both rule sets.
    pub comparison: Comparison,
    /// The golden leads under the draft.
    pub golden_leads: GoldenReport,
}

/// What a re-score did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RescoreOutcome {
    /// How many leads there were in the last pass.
    pub leads: u64,
    /// How many leads were brought to the version by the job; others were by their own events.
    pub rescored: u64,
    /// How many of those changed their stage. Nobody is told of them.
    pub crossings: Crossings,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_job_is_named_by_a_uuid_and_nothing_else() {
        let good = "job_019a0b3c-4d5e-7f60-8a1b-2c3d4e5f6071";
        assert_eq!(good.parse::<JobId>().unwrap().to_string(), good);
        for bad in [
            "019a0b3c-4d5e-7f60-8a1b-2c3d4e5f6071",
            "job_019a0b3c4d5e-7f60-8a1b-2c3d4e5f60710",
            "job_019A0B3C-4D5E-7F60-8A1B-2C3D4E5F6071",
            "job_019a0b3c-4d5e-7f60-8a1b-2c3d4e5f607",
            "job_019a0b3c-4d5e-7f60-8a1b-2c3d4e5f60#1",
            "job_",
        ] {
            assert_eq!(bad.parse::<JobId>(), Err(InvalidJobId), "{bad}");
        }
    }

    #[test]
    fn a_status_has_the_word_that_it_is_written_by() {
        for status in JobStatus::ALL {
            assert_eq!(serde_json::to_value(status).unwrap(), status.as_str());
        }
    }
}
