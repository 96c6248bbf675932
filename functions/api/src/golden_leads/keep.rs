//! Keeping golden leads: what is checked before, and what is refused.
//!
//! Invariant: what is kept can be folded under any rule set.

use axum::{
    Json,
    http::{HeaderName, StatusCode, header::LOCATION},
    response::{IntoResponse, Response},
};
use domain::{check::is_id, golden_lead::GoldenLead, rules::Rules, tenant::TenantId};
use dynamo::{Store, StoredGoldenLead};
use lambda::problem::Problem;

use super::{
    body::{self, GoldenLeadBody, ShownGoldenLead},
    personal,
};
use crate::{
    draft::{self, Current},
    error::ApiError,
    guard::Admitted,
    reads::Reads,
    revision, slug,
};

/// What the audit log calls a golden lead, and its id where the name makes none.
pub const GOLDEN_LEAD: &str = "golden_lead";

/// How many golden leads a tenant has at most. Two that are added at once may both be the last.
pub const MOST_KEPT: usize = 200;

/// Prepares the rules of the draft; `None` when this version no longer takes them.
pub async fn draft_rules(reads: &Reads, admitted: &Admitted) -> Result<Option<Rules>, ApiError> {
    let current = Current::read(&reads.store, admitted.tenant()).await?;
    Ok(Rules::prepare(current.set).ok())
}

/// How large a golden lead is at most, as JSON without spaces: a publish reads all of them.
const MAX_BYTES: usize = 32 * 1024;

/// Checks a golden lead before it is kept, and shows what the draft makes of it.
pub async fn sound(
    reads: &Reads,
    admitted: &Admitted,
    golden: GoldenLead,
) -> Result<ShownGoldenLead, ApiError> {
    body::check(&golden)?;
    personal::refuse(&golden)?;
    draft::fits(&golden, MAX_BYTES)?;
    let rules = match draft_rules(reads, admitted).await? {
        Some(rules) => rules,
        None => reads.settings_for(admitted.tenant(), []).await?.rules.clone(),
    };
    let outcome = golden.outcome(&rules);
    outcome.map_err(|error| {
        let message = error.to_string();
        invalid(&message).with_error("events", "invalid_events", message)
    })?;
    Ok(ShownGoldenLead::new(golden, Some(&rules)))
}

/// Finds the golden lead that an earlier try of this request has added.
pub async fn added_before(
    reads: &Reads,
    admitted: &Admitted,
    body: &GoldenLeadBody,
) -> Result<Option<StoredGoldenLead>, ApiError> {
    if !admitted.creation().is_repeated {
        return Ok(None);
    }
    let given = body.id.iter().cloned();
    let made = slug::candidates(&body.name, GOLDEN_LEAD).filter(|_| body.id.is_none());
    // What has not the form of an id was never added.
    for id in given.filter(|id| is_id(id)).chain(made) {
        let Some(kept) = reads.store.golden_lead(admitted.tenant(), &id).await? else { break };
        if kept.golden == body.clone().into_golden(id) {
            return Ok(Some(kept));
        }
    }
    Ok(None)
}

/// Finds an id for a golden lead that is to be added: the given one, or the first made from its
/// name that is not taken.
pub async fn free_id(
    store: &Store,
    tenant: &TenantId,
    given: Option<&str>,
    name: &str,
) -> Result<String, ApiError> {
    let taken_ids = store.golden_lead_ids(tenant).await?;
    if given.is_some_and(|given| taken_ids.contains(given)) {
        return Err(taken().into());
    }
    if taken_ids.len() >= MOST_KEPT {
        let message = format!("at most {MOST_KEPT} golden leads are kept; remove one first");
        return Err(Problem::new(StatusCode::CONFLICT, "too_many_golden_leads", message).into());
    }
    let made = || slug::unused(name, GOLDEN_LEAD, |id| taken_ids.contains(id));
    Ok(given.map_or_else(made, str::to_owned))
}

/// Answers that a golden lead was added.
pub fn added(shown: ShownGoldenLead, revision: u64) -> Response {
    let target = format!("/v1/golden-leads/{}", shown.golden.id);
    let location: [(HeaderName, String); 1] = [(LOCATION, target)];
    let etag = revision::header(revision::etag(revision));
    (StatusCode::CREATED, location, etag, Json(shown)).into_response()
}

pub async fn find(
    store: &Store,
    tenant: &TenantId,
    id: &str,
) -> Result<StoredGoldenLead, ApiError> {
    let not_found =
        || Problem::not_found("golden_lead_not_found", "there is no golden lead with this id");
    // What has not the form of an id names none either.
    let kept = if is_id(id) { store.golden_lead(tenant, id).await? } else { None };
    kept.ok_or_else(|| not_found().into())
}

pub fn taken() -> Problem {
    let message = "there is a golden lead with this id already; replace it with PUT";
    Problem::new(StatusCode::CONFLICT, "golden_lead_exists", message)
}

pub fn invalid(message: &str) -> Problem {
    let message = format!("the golden lead cannot be taken: {message}");
    Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid_golden_lead", message)
}
