//! `POST /v1/leads/bulk`: the same for many leads, or all of them as CSV.
//!
//! Invariant: a request that would change leads says which; none is changed because something was
//! left out.

use std::{collections::BTreeSet, sync::Arc};

use axum::{
    extract::{RawQuery, State},
    http::StatusCode,
    response::Response,
};
use domain::{
    bulk::{BulkChange, Selection},
    edit::Choice,
    home::HomeId,
    job::Work,
    lead::Status,
    lead_filter::LeadFilter,
    marketplace::Marketplace,
    segment::Segment,
    stage::Stage,
    user::UserId,
};
use dynamo::SCAN_SEGMENTS;
use lambda::problem::Problem;
use serde::{Deserialize, Deserializer};
use utoipa::ToSchema;

use super::begin::{self, Beginning};
use crate::{
    edits::fields::require_active, error::ApiError, guard::Admitted, input::Input, jobs::JobBody,
    query::Query, reads::Reads, words,
};

/// How many leads can be named.
const MOST_NAMED: usize = 1_000;

/// What is done to which leads.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[schema(example = json!({"action": "assign", "leads": ["lead_5beiexgvm3fyfbysxs6stwaya4"], "assigned_to": "user_019a0b3c-4d5e-7f60-8a1b-2c3d4e5f6071"}))]
#[serde(deny_unknown_fields)]
pub struct BulkInput {
    /// What is done.
    action: Action,
    /// The leads, by any id of each. Either this or `filter`.
    #[serde(default)]
    #[schema(value_type = Option<Vec<String>>, min_items = 1, max_items = 1_000)]
    leads: Option<Vec<HomeId>>,
    /// What the leads have in common. Either this or `leads`.
    #[serde(default)]
    filter: Option<FilterInput>,
    /// With `assign` only: the user who works the leads from now on, or `null` for nobody.
    #[serde(default, deserialize_with = "choice")]
    #[schema(value_type = Option<String>, example = "user_019a0b3c-4d5e-7f60-8a1b-2c3d4e5f6071")]
    assigned_to: Option<Choice<UserId>>,
    /// With `resegment` only: the segment to show, or `null` for the one that the behaviour says.
    #[serde(default, deserialize_with = "choice")]
    #[schema(schema_with = words::optional_segment)]
    segment: Option<Choice<Segment>>,
}

/// What is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = BulkAction)]
enum Action {
    /// Somebody works them, or nobody.
    Assign,
    /// Their status becomes `archived`.
    Archive,
    /// They show another segment, or again their own.
    Resegment,
    /// They are written as CSV.
    Export,
}

/// What leads have in common; what is left out does not matter.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = LeadFilter)]
pub struct FilterInput {
    /// Their stage.
    #[serde(default)]
    #[schema(schema_with = words::stage)]
    stage: Option<Stage>,
    /// Their sales state.
    #[serde(default)]
    #[schema(schema_with = words::status)]
    status: Option<Status>,
    /// The segment that they show.
    #[serde(default)]
    #[schema(schema_with = words::segment)]
    segment: Option<Segment>,
    /// The source that they show, in any case of letters.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 64)]
    source: Option<String>,
    /// A marketplace that they trade at.
    #[serde(default)]
    #[schema(value_type = Option<String>, min_length = 1)]
    marketplace: Option<Marketplace>,
    /// The lowest score.
    #[serde(default)]
    #[schema(minimum = 0)]
    min_score: Option<i64>,
    /// The highest score.
    #[serde(default)]
    #[schema(minimum = 0)]
    max_score: Option<i64>,
    /// Only people (`true`), or only mere cookies (`false`).
    #[serde(default)]
    known: Option<bool>,
    /// The user who works them, or `null` for nobody.
    #[serde(default, deserialize_with = "choice")]
    #[schema(value_type = Option<String>)]
    assigned_to: Option<Choice<UserId>>,
}

/// Tells `null` from what was left out.
fn choice<'de, D, T>(value: D) -> Result<Option<Choice<T>>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    Option::deserialize(value).map(|chosen: Option<T>| Some(chosen.into()))
}

/// Changes or exports many leads
///
/// Begins a job. Leads are named one by one, at most 1,000, or by what they have in common; deleted
/// leads are left out. What they have in common is looked at as of this instant, in the course of
/// the job.
///
/// `export` writes CSV with one line for each lead, scores as of this instant. The job's result
/// lists the parts, each at `/v1/exports/{job}/parts/{part}` for 7 days; put together they are one
/// file. Text that a spreadsheet would take for a formula (beginning with `=`, `+`, `-`, `@` or a
/// tab) has an apostrophe before it, which an import takes off again.
#[utoipa::path(
    post,
    path = "/v1/leads/bulk",
    operation_id = "change_many_leads",
    tag = "leads",
    request_body = BulkInput,
    responses(
        (
            status = 202,
            description = "The job that was begun.",
            body = JobBody,
            headers(("Location" = String, description = "Where the job is.")),
        ),
        (status = 422, description = "What is to be done is not said, or not to which leads: `invalid_body`, with the fields. Or the user is not there to work leads: `unknown_user`."),
    )
)]
pub async fn begin(
    State(reads): State<Arc<Reads>>,
    admitted: Admitted,
    RawQuery(query): RawQuery,
    Input(input): Input<BulkInput>,
) -> Result<Response, ApiError> {
    Query::parse(query.as_deref(), &[]).finish()?;
    let by = admitted.actor();
    let change = input.change()?;
    let (selection, leads) = input.selection()?;
    if let Some(begun) = begin::begun_before(&reads, &admitted).await? {
        return Ok(begun);
    }
    if let Some(BulkChange::Assign(Some(user))) = &change {
        require_active(&reads.store, &admitted, user).await?;
    }
    let segments = if leads.is_some() { 1 } else { SCAN_SEGMENTS.get() };
    let fields = change.iter().map(|change| change.field().to_owned()).collect();
    let work = match change {
        Some(change) => Work::BulkEdit { by, change, leads: selection },
        None => Work::Export { by, leads: selection },
    };
    begin::begin(&reads, &admitted, Beginning { work, segments, leads, fields }).await
}

impl BulkInput {
    /// Returns what is made of each lead; `None` when they are exported.
    fn change(&self) -> Result<Option<BulkChange>, Problem> {
        let belongs = |field, wanted, is_given: bool, action: &str| match (wanted, is_given) {
            (true, false) => Err(invalid(field, "missing_field", format!("{action} needs it"))),
            (false, true) => {
                let message = format!("only {action} takes it");
                Err(invalid(field, "conflicting_field", message))
            }
            _ => Ok(()),
        };
        let (assigns, resegments) =
            (self.action == Action::Assign, self.action == Action::Resegment);
        belongs("assigned_to", assigns, self.assigned_to.is_some(), "assign")?;
        belongs("segment", resegments, self.segment.is_some(), "resegment")?;
        Ok(match self.action {
            Action::Assign => {
                Some(BulkChange::Assign(self.assigned_to.as_ref().and_then(Choice::chosen)))
            }
            Action::Archive => Some(BulkChange::Archive),
            Action::Resegment => {
                Some(BulkChange::Resegment(self.segment.as_ref().and_then(Choice::chosen)))
            }
            Action::Export => None,
        })
    }

    /// Returns which leads are meant, with those that are named.
    fn selection(self) -> Result<(Selection, Option<Vec<HomeId>>), Problem> {
        match (self.leads, self.filter) {
            (Some(leads), None) => {
                if !(1..=MOST_NAMED).contains(&leads.len()) {
                    let message = format!("leads has 1 to {MOST_NAMED} ids");
                    return Err(invalid("leads", "out_of_range", message));
                }
                let leads: BTreeSet<_> = leads.into_iter().collect();
                let count = u32::try_from(leads.len()).unwrap_or(u32::MAX);
                Ok((Selection::Named(count), Some(leads.into_iter().collect())))
            }
            (None, Some(filter)) => {
                let filter = filter.checked()?;
                if filter.is_empty() && self.action != Action::Export {
                    let message = "say what the leads have in common; only export takes them all";
                    return Err(invalid("filter", "out_of_range", message));
                }
                Ok((Selection::Matching(filter), None))
            }
            (Some(_), Some(_)) => {
                let message = "leads are named or have something in common, not both";
                Err(invalid("filter", "conflicting_field", message))
            }
            (None, None) => Err(invalid("leads", "missing_field", "leads or filter is needed")),
        }
    }
}

impl FilterInput {
    fn checked(self) -> Result<LeadFilter, Problem> {
        let scores = [("filter.min_score", self.min_score), ("filter.max_score", self.max_score)];
        if let Some((field, _)) = scores.iter().find(|(_, score)| score.is_some_and(|s| s < 0)) {
            return Err(invalid(field, "out_of_range", "a score is at least 0"));
        }
        if self.source.as_ref().is_some_and(|source| !(1..=64).contains(&source.len())) {
            return Err(invalid("filter.source", "out_of_range", "a source has 1 to 64 bytes"));
        }
        Ok(LeadFilter {
            stage: self.stage,
            status: self.status,
            segment: self.segment,
            source: self.source,
            marketplace: self.marketplace,
            min_score: self.min_score,
            max_score: self.max_score,
            known: self.known,
            assigned_to: self.assigned_to,
        })
    }
}

/// 422: one field of the body says what cannot be done.
fn invalid(field: &str, code: &'static str, message: impl Into<String>) -> Problem {
    let message = message.into();
    let summary = format!("the body cannot be taken: {field}: {message}");
    Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid_body", summary)
        .with_error(field, code, message)
}
