//! `POST /v1/imports`: a CSV file whose rows become leads.
//!
//! Invariant: the file as a whole is checked before anything is staged, and a row is staged only
//! when everything in it is sound. Nothing that is wrong is told by repeating what was sent.

mod columns;
mod field;
mod file;
mod rows;
mod staff;
mod upload;

use std::sync::Arc;

use axum::{
    Json,
    extract::{RawQuery, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use domain::{bulk::LineError, event::Sealed, job::Work};
use files::FileKey;
use futures_util::{StreamExt, TryStreamExt, stream};
use lambda::problem::Problem;
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

pub use self::upload::MAX_FILE_BYTES;
use self::{
    columns::{Columns, Mapping},
    field::Field,
    file::CsvFile,
    rows::{Reader, Taken},
    staff::Staff,
    upload::Upload,
};
use super::begin::{self, Beginning};
use crate::{
    error::ApiError,
    guard::Admitted,
    jobs::{JobBody, LineErrorBody, named},
    query::Query,
    reads::Reads,
};

/// How many chunks are put at once.
const AT_ONCE: usize = 16;

/// How a file is to be read.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ImportQuery {
    /// Checks the file and brings nothing in.
    pub dry_run: Option<bool>,
    /// Brings a column to a field, written `column:field`; may be given for each column. The fields
    /// are `user_id`, `email`, `external`, `phone`, `anonymous_id`, `first_name`, `last_name`,
    /// `name`, `company`, `title`, `industry`, `company_size`, `source`, `marketplaces`, `status`,
    /// `assigned_to` (a user's id or email address), `traits` (a JSON object), `trait:<name>`, and
    /// `ignore`. Columns that are not mapped are recognised by their names, or ignored.
    #[param(example = json!(["Plano:trait:plan"]), style = Form, explode)]
    pub map: Option<Vec<String>>,
}

/// What a dry run found.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct DryRun {
    /// How many rows the file has; empty ones do not count.
    rows: u64,
    /// How many of them can be brought in.
    valid: u64,
    /// How many cannot.
    invalid: u64,
    /// The columns, in order.
    columns: Vec<ColumnBody>,
    /// What is wrong: the first 1,000, by line. No value is repeated.
    errors: Vec<LineErrorBody>,
}

/// A column of the file.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = ImportColumn)]
struct ColumnBody {
    /// Its name.
    column: String,
    /// The field that it is brought to; `null` when it is ignored.
    #[schema(required, example = "email")]
    field: Option<String>,
}

/// Imports leads from CSV
///
/// Each row says something about one person, who is found by the identities in it or made; a row
/// without any makes a lead that is found again when the very same file is imported again. A row
/// is no behaviour: it gives no points. Its fields declare as those of an event at the instant of
/// this request do, so later events win over them, and so do people's edits; `status` and
/// `assigned_to` are set as by hand. Of two rows about one person the later line wins. Importing a
/// file again changes nothing that is shown.
///
/// UTF-8, with or without byte order mark; commas, semicolons or tabs, as the header says; quotes
/// as in RFC 4180. At most 5 MB, and less where the gateway's own limit of 6 MB for an escaped body
/// comes first. Phone numbers are international (`+55 …`). The cell of a custom field that is a
/// number or `true` or `false` becomes one. An apostrophe that an export put before a formula is
/// taken off.
///
/// Rows that are not sound are left out and told in the job's result, by line; with `dry_run` they
/// are told at once and nothing is brought in.
#[utoipa::path(
    post,
    path = "/v1/imports",
    operation_id = "import_leads",
    tag = "leads",
    params(ImportQuery),
    request_body(
        content = String,
        content_type = "text/csv",
        description = "A header line, and a line for each lead.",
        example = json!("Email,First name,Empresa\nana@example.com,Ana,Acme\n"),
    ),
    responses(
        (status = 200, description = "With `dry_run`: what an import would find.", body = DryRun),
        (
            status = 202,
            description = "The job that was begun.",
            body = JobBody,
            headers(("Location" = String, description = "Where the job is.")),
        ),
        (status = 413, description = "The file has more than 5 MB: `payload_too_large`."),
        (status = 415, description = "The body is not CSV: `unsupported_content_type`."),
        (status = 422, description = "The file cannot be read, with the line: `invalid_csv`; or its columns cannot be brought to fields: `invalid_mapping`."),
    )
)]
pub async fn create(
    State(reads): State<Arc<Reads>>,
    admitted: Admitted,
    RawQuery(query): RawQuery,
    Upload(body): Upload,
) -> Result<Response, ApiError> {
    let mut query = Query::parse_repeating(query.as_deref(), &["dry_run", "map"], &["map"]);
    let is_dry = query.flag("dry_run").unwrap_or(false);
    let map: Vec<_> =
        query.all("map").iter().filter_map(|map| Mapping::read(map, &mut query)).collect();
    query.finish()?;
    let file = CsvFile::read(&body)?;
    let columns = Columns::of(file.header(), &map)?;
    let keyring = admitted.keyring();
    let staff = if columns.has(&Field::AssignedTo) {
        Staff::read(&reads.store, admitted.tenant(), keyring).await?
    } else {
        Staff::default()
    };
    if is_dry {
        let taken = Reader::new(&columns, &staff, &body, keyring).take(file, None)?;
        return Ok(Json(DryRun::new(&columns, taken)).into_response());
    }
    if let Some(begun) = begin::begun_before(&reads, &admitted).await? {
        return Ok(begun);
    }
    let mut chunks = Vec::new();
    let taken = Reader::new(&columns, &staff, &body, keyring).take(file, Some(&mut chunks))?;
    if taken.rows() == 0 {
        return Err(no_rows().into());
    }
    let segments = u32::try_from(chunks.len()).unwrap_or(u32::MAX);
    stage(&reads, &admitted, chunks).await?;
    let work = Work::Import { by: admitted.actor(), rows: taken.rows() };
    let fields = columns.fields().map(ToString::to_string).collect();
    begin::begin(&reads, &admitted, Beginning { work, segments, leads: None, fields }).await
}

/// Puts the chunks where the worker finds them.
async fn stage(reads: &Reads, admitted: &Admitted, chunks: Vec<Sealed>) -> Result<(), ApiError> {
    let job = &named(admitted)?;
    let put = |(place, chunk): (usize, Sealed)| async move {
        let place = u32::try_from(place).unwrap_or(u32::MAX);
        reads.files.put(&FileKey::import(admitted.tenant(), job, place), chunk).await
    };
    let puts: Vec<_> = chunks.into_iter().enumerate().map(put).collect();
    Ok(stream::iter(puts).buffer_unordered(AT_ONCE).try_collect().await?)
}

impl DryRun {
    fn new(columns: &Columns, Taken { valid, invalid, errors }: Taken) -> Self {
        let column = |(name, field): (&str, Option<&Field>)| ColumnBody {
            column: name.to_owned(),
            field: field.map(ToString::to_string),
        };
        Self {
            rows: valid + invalid,
            valid,
            invalid,
            columns: columns.iter().map(column).collect(),
            errors: errors.into_iter().map(|error: LineError| error.into()).collect(),
        }
    }
}

fn no_rows() -> Problem {
    let message = "the file has a header and no rows";
    Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid_csv", message)
        .with_error("body", "no_rows", message)
}
