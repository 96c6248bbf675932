//! `/v1/leads/{id}/notes`: what people noted about a lead.
//!
//! Invariant: the text of a note lies sealed in the table and opens for the tenant alone.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Path, RawQuery, State},
    http::{StatusCode, header::LOCATION},
    response::{IntoResponse, Response},
};
use domain::{
    actor::Actor,
    entry::{Entry, EntryId, Note},
    time::Timestamp,
};
use dynamo::StoredEntry;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::entry::{self, Opening, Writing, check_text};
use crate::{
    body::Page,
    error::ApiError,
    guard::Admitted,
    input::Input,
    lead::LeadPath,
    query::Query,
    reads::Reads,
    revision::{self, IfMatch},
};

/// A note about a lead.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Note)]
pub struct NoteBody {
    /// Its id.
    #[schema(value_type = String, pattern = "^note_[0-9a-f-]{36}$", example = "note_019a0b3c-4d5e-7f60-8a1b-2c3d4e5f6071")]
    pub id: EntryId,
    /// What was noted; `null` when the text cannot be opened any more.
    #[schema(required, example = "Wants a quote for ten seats.")]
    pub text: Option<String>,
    /// Who wrote it: a user or a key.
    #[schema(value_type = String, example = "user_019a0b3c-4d5e-7f60-8a1b-2c3d4e5f6071")]
    pub by: Actor,
    /// When it was written.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    /// When it was last changed; `null` when it never was.
    #[schema(value_type = Option<String>, format = DateTime, required)]
    pub updated_at: Option<Timestamp>,
}

/// What is to be noted.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"text": "Wants a quote for ten seats."}))]
pub struct NoteInput {
    /// The text.
    #[schema(min_length = 1, max_length = 5_000)]
    text: String,
}

/// How notes are asked for.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct EntriesQuery {
    /// How many a page has at most; 50 by default.
    #[param(minimum = 1, maximum = 100)]
    pub limit: Option<u16>,
    /// Continues after the page whose `next_cursor` it was.
    pub cursor: Option<String>,
}

/// Which note is asked about.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct NotePath {
    /// Any id of the lead's family.
    #[param(
        pattern = "^lead_[a-z2-7]{25}[aeimquy4]$",
        example = "lead_5beiexgvm3fyfbysxs6stwaya4"
    )]
    pub id: String,
    /// The note's id.
    #[param(
        pattern = "^note_[0-9a-f-]{36}$",
        example = "note_019a0b3c-4d5e-7f60-8a1b-2c3d4e5f6071"
    )]
    pub note_id: String,
}

impl NoteBody {
    /// Shows a note as it is kept.
    pub(crate) fn of(opening: &Opening<'_>, entry: Entry<Note>) -> Self {
        let text = opening.words(&entry, &entry.content.text);
        let Entry { id, by, created_at, updated_at, .. } = entry;
        Self { id, text, by, created_at, updated_at }
    }
}

/// Lists the notes about a lead
///
/// The latest first, of the whole family.
#[utoipa::path(
    get,
    path = "/v1/leads/{id}/notes",
    operation_id = "list_notes",
    tag = "workspace",
    params(LeadPath, EntriesQuery),
    responses((status = 200, description = "A page of notes.", body = Page<NoteBody>))
)]
pub async fn list(
    State(reads): State<Arc<Reads>>,
    admitted: Admitted,
    Path(lead): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Json<Page<NoteBody>>, ApiError> {
    let (kept, next_cursor) = entry::page(&reads, &admitted, &lead, query.as_deref()).await?;
    let opening = Opening::of(&reads, &admitted, &kept).await?;
    let data = kept.into_iter().map(|stored| NoteBody::of(&opening, stored.entry)).collect();
    Ok(Json(Page { data, next_cursor }))
}

/// Notes something about a lead
#[utoipa::path(
    post,
    path = "/v1/leads/{id}/notes",
    operation_id = "create_note",
    tag = "workspace",
    params(LeadPath),
    request_body = NoteInput,
    responses(
        (
            status = 201,
            description = "The note.",
            body = NoteBody,
            headers(
                ("ETag" = String, description = "Its revision."),
                ("Location" = String, description = "Where it is."),
            ),
        ),
    )
)]
pub async fn create(
    State(reads): State<Arc<Reads>>,
    admitted: Admitted,
    Path(lead): Path<String>,
    RawQuery(query): RawQuery,
    Input(NoteInput { text }): Input<NoteInput>,
) -> Result<Response, ApiError> {
    Query::parse(query.as_deref(), &[]).finish()?;
    check_text("text", &text)?;
    let write = |writing: &Writing<'_>| Ok(Note { text: writing.seal(&text)? });
    let stored = entry::create(&reads, &admitted, &lead, write).await?;
    let location = format!("/v1/leads/{lead}/notes/{}", stored.entry.id);
    Ok((StatusCode::CREATED, [(LOCATION, location)], tagged(&reads, &admitted, stored).await?)
        .into_response())
}

/// Shows a note
#[utoipa::path(
    get,
    path = "/v1/leads/{id}/notes/{note_id}",
    operation_id = "show_note",
    tag = "workspace",
    params(NotePath),
    responses(
        (
            status = 200,
            description = "The note.",
            body = NoteBody,
            headers(("ETag" = String, description = "Its revision.")),
        ),
        (status = 404, description = "The lead has no such note: `note_not_found`."),
    )
)]
pub async fn show(
    State(reads): State<Arc<Reads>>,
    admitted: Admitted,
    Path((lead, id)): Path<(String, String)>,
    RawQuery(query): RawQuery,
) -> Result<Response, ApiError> {
    Query::parse(query.as_deref(), &[]).finish()?;
    let stored = entry::find(&reads, &admitted, &lead, &id).await?;
    tagged(&reads, &admitted, stored).await
}

/// Changes a note
///
/// Needs the `ETag` of the note as it was read. The text that is there already changes nothing.
#[utoipa::path(
    patch,
    path = "/v1/leads/{id}/notes/{note_id}",
    operation_id = "update_note",
    tag = "workspace",
    params(NotePath),
    request_body = NoteInput,
    responses(
        (
            status = 200,
            description = "The note as it is now.",
            body = NoteBody,
            headers(("ETag" = String, description = "Its revision.")),
        ),
        (status = 404, description = "The lead has no such note: `note_not_found`."),
    )
)]
pub async fn update(
    State(reads): State<Arc<Reads>>,
    admitted: Admitted,
    Path((lead, id)): Path<(String, String)>,
    if_match: IfMatch,
    RawQuery(query): RawQuery,
    Input(NoteInput { text }): Input<NoteInput>,
) -> Result<Response, ApiError> {
    Query::parse(query.as_deref(), &[]).finish()?;
    check_text("text", &text)?;
    let write = |writing: &Writing<'_>, before: &Note| {
        Ok(Note { text: writing.seal_over(&before.text, &text)? })
    };
    let stored = entry::update(&reads, &admitted, (&lead, &id), &if_match, write).await?;
    tagged(&reads, &admitted, stored).await
}

/// Removes a note
///
/// With `If-Match` only if it is still that revision. Repeated, it answers `note_not_found`: the
/// note is gone, as was asked.
#[utoipa::path(
    delete,
    path = "/v1/leads/{id}/notes/{note_id}",
    operation_id = "delete_note",
    tag = "workspace",
    params(NotePath),
    responses(
        (status = 204, description = "It is gone."),
        (status = 404, description = "The lead has no such note: `note_not_found`."),
    )
)]
pub async fn delete(
    State(reads): State<Arc<Reads>>,
    admitted: Admitted,
    Path((lead, id)): Path<(String, String)>,
    if_match: IfMatch,
    RawQuery(query): RawQuery,
) -> Result<StatusCode, ApiError> {
    Query::parse(query.as_deref(), &[]).finish()?;
    entry::delete::<Note>(&reads, &admitted, (&lead, &id), &if_match).await
}

/// Shows a note with its `ETag`.
async fn tagged(
    reads: &Reads,
    admitted: &Admitted,
    stored: StoredEntry<Note>,
) -> Result<Response, ApiError> {
    let opening = Opening::of(reads, admitted, std::slice::from_ref(&stored)).await?;
    let etag = revision::header(revision::etag(stored.revision));
    Ok((etag, Json(NoteBody::of(&opening, stored.entry))).into_response())
}
