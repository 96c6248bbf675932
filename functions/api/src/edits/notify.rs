//! Telling users that others assigned a lead to them.
//!
//! Invariant: a user is told only of an edit that is stored, once however often it is told here,
//! and never of their own. They are told right after the edit and before its answer: a run that dies
//! in between leaves the lead assigned and nobody told, and the list of the user's leads is right
//! all the same. A creation that is repeated under its `Idempotency-Key` makes up for it; a change
//! that is repeated is refused as stale, or is none, and does not.

use domain::{actor::Actor, edit::Choice, lead::Lead};
use intake::edit::Change;

use crate::{error::ApiError, guard::Admitted, reads::Reads, workspace::notifications};

/// Tells the new owner of a lead, if the change that was made gave it to one.
pub async fn assigned(
    reads: &Reads,
    admitted: &Admitted,
    lead: &Lead,
    change: &Change,
) -> Result<(), ApiError> {
    let owner = change.edit.assigned_to.as_ref().and_then(Choice::chosen);
    let Some(owner) = owner.filter(|owner| change.edit.by != Actor::User(owner.clone())) else {
        return Ok(());
    };
    let told = (&owner, lead.survivor.id);
    let (edit, at) = (change.event_id.as_str(), change.at);
    notifications::assigned(&reads.store, admitted.tenant(), told, edit, at).await?;
    Ok(())
}
