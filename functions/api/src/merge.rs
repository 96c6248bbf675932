//! `POST /v1/leads/merge`: says that several leads are one person.
//!
//! Invariant: a merge is one transaction, and so is its answer: the scores of all leads before and
//! of the one after, at the instant of the request under the active rules. Repeating it changes
//! nothing more. It has a name of its own, by which it can be undone once and not twice.

use std::sync::Arc;

use axum::{
    Json,
    extract::{RawQuery, State},
    http::StatusCode,
};
use domain::{
    event::EventId,
    family::{MAX_HOMES, MAX_HOMES_WITH_EVENTS},
    home::HomeId,
    points::Points,
    stage::Stage,
};
use lambda::problem::Problem;
use scoring::{Decided, DecisionError, LeadScore, ScoreError};
use serde::{Deserialize, Serialize};
use utoipa::{
    ToSchema,
    openapi::{Array, ArrayBuilder},
};
use uuid::Uuid;

use crate::{error::ApiError, guard::Admitted, input::Input, query::Query, reads::Reads, words};

const FEWEST: usize = 2;
const MOST: usize = 10;

/// Which leads are one person.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Merge {
    /// Ids of the leads, or of any homes of their families.
    #[schema(schema_with = leads_to_merge)]
    lead_ids: Vec<HomeId>,
    /// Whether nothing is to be changed: the answer only shows what would be.
    #[serde(default)]
    preview: bool,
}

/// What a merge or unmerge did, or would do.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = FamilyChange)]
pub struct FamilyChangeBody {
    /// Whether nothing was changed: the answer shows what would be.
    pub preview: bool,
    /// The manual merge that was recorded, or that was or would be undone: unmerge takes it. `null`
    /// when the leads were one already, in the preview of a merge, and where what is separated was
    /// named.
    #[schema(schema_with = words::optional_merge, required)]
    pub merge: Option<EventId>,
    /// The leads that change, as they were, highest score first.
    pub before: Vec<LeadScoreBody>,
    /// The leads that come out of them, highest score first. Identities without events have none.
    pub after: Vec<LeadScoreBody>,
}

/// What a lead shows at the instant of the request, under the active rules.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[schema(as = LeadScore)]
pub struct LeadScoreBody {
    /// The lead's own id.
    #[schema(schema_with = words::lead_id)]
    pub id: HomeId,
    /// The score shown.
    #[schema(minimum = 0)]
    pub score: i64,
    /// The points before rounding and floor.
    #[schema(value_type = f64)]
    pub points: Points,
    /// The stage of the score shown.
    #[schema(schema_with = words::stage)]
    pub stage: Stage,
    /// How many events count.
    pub events: u32,
}

fn leads_to_merge() -> Array {
    let items = ArrayBuilder::new().items(words::lead_id());
    items.min_items(Some(FEWEST)).max_items(Some(MOST)).build()
}

/// Merges leads
///
/// Says that 2 to 10 leads are one person. It lifts every cut between them, so links between them
/// count again, and holds until it is undone by unmerge. Leads that are one already stay as they
/// are. With `preview` nothing is changed. Keep the `merge` of the answer: unmerge undoes it by that
/// name.
#[utoipa::path(
    post,
    path = "/v1/leads/merge",
    operation_id = "merge_leads",
    tag = "leads",
    request_body = Merge,
    responses(
        (status = 200, description = "The scores before and after.", body = FamilyChangeBody),
        (
            status = 404,
            description = "No lead answers to one of the ids: `lead_not_found`, with its place.",
        ),
        (status = 422, description = "Together they are too many: `family_too_large`."),
    )
)]
pub async fn merge(
    State(reads): State<Arc<Reads>>,
    admitted: Admitted,
    RawQuery(query): RawQuery,
    Input(Merge { lead_ids, preview }): Input<Merge>,
) -> Result<Json<FamilyChangeBody>, ApiError> {
    Query::parse(query.as_deref(), &[]).finish()?;
    if !(FEWEST..=MOST).contains(&lead_ids.len()) {
        let message = format!("{FEWEST} to {MOST} leads are merged at once");
        return Err(invalid("lead_ids", "out_of_range", message).into());
    }
    // A text of this form is always an event id.
    let id = EventId::from_sender(&format!("merge_{}", Uuid::now_v7()));
    let id = id.map_err(|error| Problem::bad_request("invalid_id", error.to_string()))?;
    let mut audit = None;
    for lead in &lead_ids {
        // A deleted lead is not there to be merged.
        let found = reads.find(&admitted, *lead).await?;
        let found = found.ok_or_else(|| unknown_lead(&lead_ids, *lead))?;
        audit.get_or_insert_with(|| admitted.audit("lead", &found.survivor.id.to_string(), []));
    }
    let (keyring, now) = (admitted.keyring(), admitted.now);
    let decided = reads.scorer.merge(keyring, &lead_ids, &id, preview, audit.as_ref(), now).await;
    let decided = decided.map_err(|error| match error {
        DecisionError::UnknownLead(id) => unknown_lead(&lead_ids, id),
        error => refused(error),
    })?;
    // What was only looked at has recorded none that could be undone.
    let merge = decided.merge.clone().filter(|_| !preview);
    Ok(Json(FamilyChangeBody { merge, ..answer(preview, "merged", &decided) }))
}

/// Notes a decision and shows it.
pub fn answer(preview: bool, what: &'static str, decided: &Decided) -> FamilyChangeBody {
    if !preview {
        let ids = |leads: &[LeadScore]| {
            leads.iter().map(|lead| lead.id.to_string()).collect::<Vec<_>>().join(" ")
        };
        let (before, after) = (ids(&decided.before), ids(&decided.after));
        tracing::info!(before, after, "{what}");
    }
    let shown = |leads: &[LeadScore]| leads.iter().map(LeadScoreBody::from).collect();
    let (before, after) = (shown(&decided.before), shown(&decided.after));
    FamilyChangeBody { preview, merge: decided.merge.clone(), before, after }
}

/// Tells why a decision was not carried out.
pub fn refused(error: DecisionError) -> ApiError {
    let (code, message) = match error {
        DecisionError::UnknownLead(_) => return ApiError::lead_not_found(),
        DecisionError::Score(ScoreError::Store(error)) => return error.into(),
        DecisionError::Score(ScoreError::Archive { error, .. }) => return error.into(),
        DecisionError::Score(ScoreError::Contended(lead)) => return ApiError::Restless(lead),
        DecisionError::Score(ScoreError::Outdated(lead)) => return ApiError::Newer(lead),
        DecisionError::Score(ScoreError::TooLarge(_)) | DecisionError::TooLarge(_) => (
            "family_too_large",
            format!(
                "a lead has at most {MAX_HOMES_WITH_EVENTS} identities with events and {MAX_HOMES} \
                 in all, and a change touches at most 100 of them; take fewer at once, or unmerge \
                 what is not the same person first"
            ),
        ),
        DecisionError::Score(ScoreError::Edit { error, .. }) => {
            let field = error.field().map_or_else(String::new, |name| format!(".{name}"));
            return invalid(&format!("profile{field}"), "invalid_edit", error.to_string()).into();
        }
        DecisionError::Score(ScoreError::Seal(error)) => return error.into(),
        DecisionError::NotPart(_) => {
            ("not_part_of_lead", "what is to be separated is not part of the lead".to_owned())
        }
        DecisionError::NothingLeft(_) => (
            "nothing_left",
            "all of the lead is to be separated; name only what is another person".to_owned(),
        ),
        DecisionError::NothingToUnmerge(_) => (
            "nothing_to_unmerge",
            "no manual merge, or not the one that was named, holds this lead together on its own: \
             it may be undone already; else name the identities or the lead_ids that are another \
             person"
                .to_owned(),
        ),
    };
    Problem::new(StatusCode::UNPROCESSABLE_ENTITY, code, message).into()
}

/// 422: a field of the body is not right.
pub fn invalid(field: &str, code: &'static str, message: String) -> Problem {
    let summary = format!("the body cannot be taken: {field}: {message}");
    Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid_body", summary)
        .with_error(field, code, message)
}

fn unknown_lead(lead_ids: &[HomeId], unknown: HomeId) -> ApiError {
    let message = "there is no lead with this id";
    let place = lead_ids.iter().position(|id| *id == unknown).unwrap_or_default();
    Problem::not_found("lead_not_found", message)
        .with_error(format!("lead_ids.{place}"), "lead_not_found", message)
        .into()
}

impl From<&LeadScore> for LeadScoreBody {
    fn from(lead: &LeadScore) -> Self {
        let LeadScore { id, score, points, stage, events } = *lead;
        Self { id, score, points, stage, events }
    }
}
