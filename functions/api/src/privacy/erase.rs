//! `DELETE /v1/leads/{id}?mode=erase`: a person is erased, at once or after 30 days in which
//! somebody may think better of it.
//!
//! Invariant: until the day has come the lead is hidden and nothing is lost; from the erasure on
//! everything is. To ask again changes nothing, and finishes what was left half done.

use std::sync::Arc;

use axum::{
    Json,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use domain::{
    audit::AuditEntry,
    erasure::{Erasure, Reason},
    home::HomeId,
    lead::Lead,
    permission::Permission,
    time::{Day, Timestamp},
};
use privacy::Cleaner;
use scoring::{EraseError, Order};
use serde::Serialize;
use utoipa::ToSchema;

use super::erasures::ErasureBody;
use lambda::telemetry::told;

use crate::{
    edits::{Wanted, change, failed},
    error::ApiError,
    guard::Admitted,
    lead::etag,
    reads::Reads,
    revision::{IfMatch, changed},
    words,
};

/// For how many days a lead that is to be erased can be restored.
const GRACE_DAYS: u32 = 30;

/// What the audit log calls an erasure.
const LEAD_ERASED: &str = "lead.erased";

/// A lead that is hidden, and will be erased.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ScheduledErasure {
    /// The lead.
    #[schema(schema_with = words::lead_id)]
    lead_id: HomeId,
    /// The day in UTC, in whose first hours it is erased unless it is restored before.
    #[schema(value_type = String, format = Date, example = "2026-02-15")]
    erase_on: Day,
}

/// Hides a lead and has it erased when the time to restore it is over.
pub(crate) async fn schedule(
    reads: &Reads,
    admitted: &Admitted,
    id: HomeId,
    if_match: &IfMatch,
) -> Result<Response, ApiError> {
    admitted.caller().require(Permission::Privacy)?;
    let day = day_after_grace(admitted.now);
    let wanted = Wanted { deleted: Some(true), erase_on: Some(day), ..Wanted::default() };
    let lead = change(reads, admitted, id, if_match, &wanted).await?;
    let lead_id = lead.survivor.id;
    let erase_on = lead.state.work.erase_on(lead_id).unwrap_or(day);
    Ok((StatusCode::ACCEPTED, Json(ScheduledErasure { lead_id, erase_on })).into_response())
}

/// Returns the first day that begins when the grace is over.
fn day_after_grace(now: Timestamp) -> Day {
    now.day().plus_days(GRACE_DAYS + 1)
}

/// Erases a lead, a hidden one too, and cleans up after it.
pub(crate) async fn now(
    reads: &Reads,
    admitted: &Admitted,
    id: HomeId,
    if_match: &IfMatch,
) -> Result<Response, ApiError> {
    admitted.caller().require(Permission::Privacy)?;
    let lead = reads.find_even_deleted(admitted, id).await?;
    let named = lead.map_or(id, |lead| lead.survivor.id).to_string();
    let audit = admitted.audit("lead", &named, []);
    let audit = AuditEntry { action: LEAD_ERASED.to_owned(), ..audit };
    let still = |lead: &Lead| if_match.require(&etag(lead)).is_ok();
    let (by, reason, audit) = (&admitted.actor(), Reason::Asked, Some(&audit));
    let order = Order { by, reason, audit, still: &still };
    let erased = reads.scorer.erase(admitted.keyring(), id, order, admitted.now).await;
    let erasure = erased.map_err(|error| match error {
        EraseError::UnknownLead(_) => ApiError::lead_not_found(),
        EraseError::Changed(_) => changed().into(),
        EraseError::Score(error) => failed(error),
    })?;
    Ok(Json(ErasureBody::from(cleaned(reads, admitted, erasure).await)).into_response())
}

/// Cleans up after an erasure. That it is erased is true even if this fails: what is left to be
/// done is noted with it.
async fn cleaned(reads: &Reads, admitted: &Admitted, erasure: Erasure) -> Erasure {
    let cleaner = Cleaner::new(reads.shelf.clone(), Arc::clone(&reads.files));
    match cleaner.finish(admitted.keyring(), vec![erasure.clone()], admitted.now).await {
        Ok(cleaned) => cleaned.into_iter().next().unwrap_or(erasure),
        Err(error) => {
            let error = told(&error);
            tracing::error!(lead = %erasure.lead, error, "an erasure is not cleaned up");
            erasure
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_day_begins_when_thirty_days_are_over_and_not_two_days_later() {
        for now in ["2026-01-15T00:00:00.000Z", "2026-01-15T23:59:59.999Z"] {
            let now: Timestamp = now.parse().unwrap();
            let day = day_after_grace(now);
            assert_eq!(day.to_string(), "2026-02-15");
            let over = now.plus_millis(30 * domain::time::DAY_MS);
            assert!(over <= day.start() && day.start() <= over.plus_millis(domain::time::DAY_MS));
        }
    }
}
