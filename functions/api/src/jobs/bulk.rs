//! What came of an import, a bulk edit or an export, as it is shown.

use domain::{
    bulk::{BulkEditOutcome, ExportOutcome, ImportOutcome, LineError},
    home::HomeId,
    time::{DAY_MS, Timestamp},
};
use dynamo::Job;
use serde::Serialize;
use utoipa::ToSchema;

use crate::words;

/// For how many days the parts of an export are kept; the bucket's lifecycle says the same.
const KEPT_DAYS: i64 = 7;

/// What an import did.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = ImportResult)]
pub struct ImportBody {
    /// How many rows the file has.
    pub rows: u64,
    /// How many of them were brought in.
    pub imported: u64,
    /// How many were left out.
    pub invalid: u64,
    /// What is wrong with those: the first 1,000, by line.
    pub errors: Vec<LineErrorBody>,
}

/// What is wrong with a row. No value is repeated.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = LineError)]
pub struct LineErrorBody {
    /// The line that the row begins in, from 1.
    #[schema(minimum = 1)]
    pub line: u64,
    /// The column, from 1; `null` when the row as a whole is meant.
    #[schema(required, minimum = 1)]
    pub column: Option<u32>,
    /// The field that the column is brought to.
    #[schema(required, example = "email")]
    pub field: Option<String>,
    /// What is wrong, as a stable word: `wrong_column_count`, `invalid_identity`,
    /// `unknown_status`, `unknown_user`, `invalid_marketplace`, `invalid_traits`, `too_long`,
    /// `nothing_said`, `no_identity`, `invalid_edit` or `too_large`.
    #[schema(example = "invalid_identity")]
    pub code: String,
    /// What is wrong, for people.
    pub message: String,
}

/// What a bulk edit did.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = BulkEditResult)]
pub struct BulkEditBody {
    /// How many leads were meant and found.
    pub leads: u64,
    /// How many of them were changed.
    pub changed: u64,
    /// How many were so already.
    pub unchanged: u64,
    /// Named leads that there are not.
    #[schema(value_type = Vec<String>)]
    pub missing: Vec<HomeId>,
}

/// What an export wrote.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = ExportResult)]
pub struct ExportBody {
    /// How many leads were written.
    pub leads: u64,
    /// The parts, in order; put together they are one file.
    pub parts: Vec<PartBody>,
    /// Until when the parts can be downloaded.
    #[schema(schema_with = words::optional_timestamp)]
    pub expires_at: Option<Timestamp>,
    /// Named leads that there are not.
    #[schema(value_type = Vec<String>)]
    pub missing: Vec<HomeId>,
}

/// A part of an export.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = ExportPart)]
pub struct PartBody {
    /// Its number, from 1.
    #[schema(minimum = 1)]
    pub part: usize,
    /// Where it is.
    #[schema(example = "/v1/exports/job_019a0b3c-4d5e-7f60-8a1b-2c3d4e5f6071/parts/1")]
    pub path: String,
    /// How many leads it has.
    pub leads: u64,
}

impl From<LineError> for LineErrorBody {
    fn from(LineError { line, column, field, code, message }: LineError) -> Self {
        Self { line, column, field, code, message }
    }
}

impl From<ImportOutcome> for ImportBody {
    fn from(ImportOutcome { rows, imported, errors }: ImportOutcome) -> Self {
        let errors = errors.into_iter().map(LineErrorBody::from).collect();
        Self { rows, imported, invalid: rows.saturating_sub(imported), errors }
    }
}

impl From<BulkEditOutcome> for BulkEditBody {
    fn from(BulkEditOutcome { leads, changed, missing }: BulkEditOutcome) -> Self {
        Self { leads, changed, unchanged: leads.saturating_sub(changed), missing }
    }
}

impl ExportBody {
    /// Shows what a job wrote. An export of nobody has one part, which is the header.
    pub fn new(job: &Job, ExportOutcome { leads, parts, missing }: ExportOutcome) -> Self {
        let part = |(place, leads)| {
            let part = place + 1;
            PartBody { part, path: format!("/v1/exports/{}/parts/{part}", job.id), leads }
        };
        let mut leads_of: Vec<_> = parts.iter().map(|part| part.leads).collect();
        if leads_of.is_empty() {
            leads_of.push(0);
        }
        Self {
            leads,
            parts: leads_of.into_iter().enumerate().map(part).collect(),
            expires_at: job.ended_at.map(|ended| ended.plus_millis(KEPT_DAYS * DAY_MS)),
            missing,
        }
    }
}
