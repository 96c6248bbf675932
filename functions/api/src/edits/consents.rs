//! `GET /v1/leads/{id}/consents` and `PUT /v1/leads/{id}/consents/{purpose}`: what a person allows,
//! and who said so when.
//!
//! Invariant: both are read off the events of the lead, those that senders sent and those that
//! people made alike; the last word on a purpose is what is in force.

use std::{collections::BTreeMap, sync::Arc};

use axum::{
    Json,
    extract::{Path, RawQuery, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use domain::{
    actor::Actor,
    consent::{self, Consent, ConsentChange, Consents, Purpose},
    event::EventId,
    home::HomeId,
    lead::Lead,
    time::Timestamp,
};
use lambda::problem::Problem;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::change::{Wanted, change};
use crate::{
    error::ApiError,
    guard::Admitted,
    input::Input,
    lead::{self, LeadPath, etag},
    query::Query,
    reads::Reads,
    revision::{self, IfMatch},
    words,
};

/// How many changes are shown: an answer of a function has at most 6 MB.
const MOST_CHANGES: usize = 1_000;

/// What a person allows, by purpose.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Consents)]
pub struct ConsentsBody {
    /// What is in force, by purpose. Of a purpose that is not here nothing was said.
    pub consents: BTreeMap<String, ConsentBody>,
    /// Whether events count for the score now: what the rule set makes of the consent for
    /// `scoring`.
    pub scored: bool,
    /// What was changed, newest first: the latest 1,000 changes.
    pub history: Vec<ConsentChangeBody>,
    /// How many changes came before those.
    pub earlier_changes: usize,
}

/// What is in force of a purpose.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[schema(as = Consent)]
pub struct ConsentBody {
    /// Whether it is granted.
    pub granted: bool,
    /// Since when that is so.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
}

/// One change of what is in force.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = ConsentChange)]
pub struct ConsentChangeBody {
    /// The purpose.
    #[schema(value_type = String, example = "scoring")]
    pub purpose: Purpose,
    /// Whether it was granted.
    pub granted: bool,
    /// When that was said.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// Who changed it by hand: a user, a key, or `system`; `null` where an event of a sender did.
    #[schema(value_type = Option<String>, required, example = "user_019a0b3c-4d5e-7f60-8a1b-2c3d4e5f6071")]
    pub by: Option<Actor>,
    /// The event that says so, as the timeline shows it.
    #[schema(value_type = String)]
    pub event_id: EventId,
    /// The home that it is stored in: one of the lead's ids.
    #[schema(schema_with = words::lead_id)]
    pub home: HomeId,
}

/// What is to be in force.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "granted": false }))]
pub struct NewConsent {
    /// Whether it is granted.
    granted: bool,
}

/// Which purpose is meant.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct PurposePath {
    /// `scoring`, `marketing`, `analytics`, `sharing`, or a name of your own.
    #[param(pattern = "^[a-z_]{1,32}$", example = "marketing")]
    pub purpose: String,
}

/// Shows what a person consents to
///
/// By purpose, with who said so when. Senders say it by events of the type `consent_changed`
/// (in the Segment dialect a track call named `Consent Changed`) whose property `consents` has
/// `true` or `false` for each purpose; people say it here.
#[utoipa::path(
    get,
    path = "/v1/leads/{id}/consents",
    operation_id = "show_lead_consents",
    tag = "leads",
    params(LeadPath),
    responses((
        status = 200,
        description = "What is in force, and how it came to be.",
        body = ConsentsBody,
        headers(("ETag" = String, description = "That of the lead: it names what people edit.")),
    ))
)]
pub async fn show(
    State(reads): State<Arc<Reads>>,
    admitted: Admitted,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Response, ApiError> {
    Query::parse(query.as_deref(), &[]).finish()?;
    let lead = lead::find(&reads, &admitted, &id).await?;
    let (events, settings) = reads.history(admitted.tenant(), &lead).await?;
    let (consents, history) = consent::told(&events);
    let body = ConsentsBody {
        consents: in_force(&consents),
        scored: settings.rules.count_under(&consents),
        earlier_changes: history.len().saturating_sub(MOST_CHANGES),
        history: history.into_iter().rev().take(MOST_CHANGES).map(Into::into).collect(),
    };
    Ok((revision::header(etag(&lead)), Json(body)).into_response())
}

/// Grants or denies consent for a purpose
///
/// It is an event of the lead: the score follows at once, and what had come while consent for
/// `scoring` was denied stays out of it. To say what is in force already changes nothing. Needs the
/// `ETag` of the lead as it was read, or `*`.
#[utoipa::path(
    put,
    path = "/v1/leads/{id}/consents/{purpose}",
    operation_id = "set_lead_consent",
    tag = "leads",
    params(LeadPath, PurposePath),
    request_body = NewConsent,
    responses(
        (
            status = 200,
            description = "What is in force.",
            body = ConsentBody,
            headers(("ETag" = String, description = "That of the lead as it is now.")),
        ),
        (status = 412, description = "The lead was edited since it was read: `precondition_failed`."),
        (status = 422, description = "It is no purpose's name: `invalid_purpose`; or the lead has no room for another one: `too_many_purposes`."),
        (status = 428, description = "There is no `If-Match`: `precondition_required`."),
    )
)]
pub async fn set(
    State(reads): State<Arc<Reads>>,
    admitted: Admitted,
    Path((id, purpose)): Path<(String, String)>,
    if_match: IfMatch,
    RawQuery(query): RawQuery,
    Input(body): Input<NewConsent>,
) -> Result<Response, ApiError> {
    Query::parse(query.as_deref(), &[]).finish()?;
    let id: HomeId = id.parse().map_err(|_| ApiError::lead_not_found())?;
    let purpose: Purpose = purpose
        .parse()
        .map_err(|error: consent::InvalidPurpose| refusal("invalid_purpose", error.to_string()))?;
    if_match.require_present()?;
    let consents = BTreeMap::from([(purpose.clone(), body.granted)]);
    let wanted = Wanted { consents, ..Wanted::default() };
    let lead = change(&reads, &admitted, id, &if_match, &wanted).await?;
    let consent = in_force_of(&lead, &purpose)?;
    Ok((revision::header(etag(&lead)), Json(ConsentBody::from(consent))).into_response())
}

/// Returns which of the purposes are to be another way than they are; 422 where one has no room.
pub(super) fn beyond(
    wanted: &BTreeMap<Purpose, bool>,
    consents: &Consents,
) -> Result<BTreeMap<Purpose, bool>, Problem> {
    if wanted.keys().any(|purpose| !consents.has_room_for(purpose)) {
        return Err(too_many());
    }
    let differs = |(purpose, granted): &(&Purpose, &bool)| {
        consents.get(purpose).is_none_or(|consent| consent.granted != **granted)
    };
    let wanted = wanted.iter().filter(differs);
    Ok(wanted.map(|(purpose, granted)| (purpose.clone(), *granted)).collect())
}

/// Others may have taken the room just before.
fn in_force_of(lead: &Lead, purpose: &Purpose) -> Result<Consent, Problem> {
    lead.state.consents.get(purpose).ok_or_else(too_many)
}

/// Shows what is in force, by purpose.
pub fn in_force(consents: &Consents) -> BTreeMap<String, ConsentBody> {
    consents.iter().map(|(purpose, consent)| (purpose.to_string(), consent.into())).collect()
}

fn too_many() -> Problem {
    let message = format!(
        "of a lead at most {} purposes are kept beside {}",
        consent::MAX_PURPOSES - Purpose::KNOWN.len(),
        Purpose::KNOWN.join(", ")
    );
    refusal("too_many_purposes", message)
}

fn refusal(code: &'static str, message: String) -> Problem {
    Problem::new(StatusCode::UNPROCESSABLE_ENTITY, code, message)
}

impl From<Consent> for ConsentBody {
    fn from(Consent { granted, at }: Consent) -> Self {
        Self { granted, at }
    }
}

impl From<ConsentChange> for ConsentChangeBody {
    fn from(change: ConsentChange) -> Self {
        let ConsentChange { purpose, granted, at, by, event_id, home } = change;
        Self { purpose, granted, at, by, event_id, home }
    }
}
