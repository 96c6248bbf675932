//! What a job does, in the form in which it lies in the table.
//!
//! Invariant: every form that was ever written stays readable.

use domain::{
    actor::Actor,
    bulk::{BulkChange, Selection},
    job::Work,
};
use serde::{Deserialize, Serialize};

/// What a job does, as it is written down.
#[derive(Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub(super) enum WorkItem {
    Preview {
        /// The version that was active when the preview began.
        rule_set: u32,
        sample_percent: u32,
    },
    Rescore {
        /// The version that leads are brought to.
        rule_set: u32,
    },
    Import {
        by: Actor,
        rows: u64,
    },
    BulkEdit {
        by: Actor,
        change: BulkChange,
        selection: Selection,
    },
    Export {
        by: Actor,
        selection: Selection,
    },
}

impl From<&Work> for WorkItem {
    fn from(work: &Work) -> Self {
        match work.clone() {
            Work::Preview { active, sample_percent } => {
                Self::Preview { rule_set: active, sample_percent }
            }
            Work::Rescore { version } => Self::Rescore { rule_set: version },
            Work::Import { by, rows } => Self::Import { by, rows },
            Work::BulkEdit { by, change, leads } => Self::BulkEdit { by, change, selection: leads },
            Work::Export { by, leads } => Self::Export { by, selection: leads },
        }
    }
}

impl From<WorkItem> for Work {
    fn from(item: WorkItem) -> Self {
        match item {
            WorkItem::Preview { rule_set, sample_percent } => {
                Self::Preview { active: rule_set, sample_percent }
            }
            WorkItem::Rescore { rule_set } => Self::Rescore { version: rule_set },
            WorkItem::Import { by, rows } => Self::Import { by, rows },
            WorkItem::BulkEdit { by, change, selection } => {
                Self::BulkEdit { by, change, leads: selection }
            }
            WorkItem::Export { by, selection } => Self::Export { by, leads: selection },
        }
    }
}
