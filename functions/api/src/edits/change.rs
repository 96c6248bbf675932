//! Making one change of a lead that is there.
//!
//! Invariant: what is written follows from what the caller has seen, or nothing is written: the
//! edition that was read is the one that is edited. A change to what is so already is none.

use std::collections::BTreeMap;

use domain::{
    consent::Purpose,
    edit::{Choice, Edit},
    event::EventId,
    home::HomeId,
    lead::{Lead, Status},
    permission::Permission,
    segment::Segment,
    time::Day,
    user::UserId,
};
use intake::edit::{Change, HandSet, Held, Kind};
use lambda::problem::Problem;
use scoring::{Current, EditError, Expected, ScoreError};
use uuid::Uuid;
use vault::SealError;

use super::{consents, fields, index};
use crate::{
    error::ApiError,
    guard::Admitted,
    lead::etag,
    merge,
    reads::Reads,
    revision::{self, ATTEMPTS, IfMatch},
};

/// What a lead is to be like.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// What is set by hand or released.
    pub hand: HandSet,
    /// Whether that is all: every other field is released.
    pub whole: bool,
    /// The status, if it is to be another.
    pub status: Option<Status>,
    /// Whom it is assigned to, if that is to change.
    pub assigned_to: Option<Choice<UserId>>,
    /// The segment that is chosen, if that is to change.
    pub segment: Option<Choice<Segment>>,
    /// Whether it is deleted, if that is to change.
    pub deleted: Option<bool>,
    /// The day on which it is to be erased, unless one is set already.
    pub erase_on: Option<Day>,
    /// What the person consents to, of the purposes of which that is to change.
    pub consents: BTreeMap<Purpose, bool>,
}

impl Wanted {
    /// Makes the edit that brings a lead there; `None` when it is there.
    fn edit_of(
        &self,
        admitted: &Admitted,
        lead: &Lead,
        held: &Held,
    ) -> Result<Option<(HandSet, Edit)>, Problem> {
        let hand = self.hand.clone();
        let hand = if self.whole { hand.replacing(held) } else { hand }.beyond(held);
        hand.fits(held).map_err(|error| fields::invalid_profile(&error))?;
        let work = &lead.state.work;
        let erase_on = work.erase_on(lead.survivor.id);
        if self.deleted == Some(false) && erase_on.is_some() {
            // Who restores it takes back what only an administrator can ask for.
            admitted.caller().require(Permission::Privacy)?;
        }
        let edit = Edit {
            status: self.status.filter(|status| *status != work.status),
            assigned_to: chosen(self.assigned_to.as_ref(), work.assigned_to.as_ref()),
            segment: chosen(self.segment.as_ref(), work.segment.as_ref()),
            deleted: self.deleted.filter(|deleted| *deleted != lead.is_deleted()),
            erase_on: self.erase_on.filter(|_| erase_on.is_none()),
            consents: consents::beyond(&self.consents, &lead.state.consents)?,
            ..hand.clone().into_edit(admitted.actor())
        };
        let is_change = edit != Edit::by(admitted.actor());
        Ok(is_change.then_some((hand, edit)))
    }
}

/// Returns a choice that is another than what is chosen now.
fn chosen<T: Clone + PartialEq>(wanted: Option<&Choice<T>>, now: Option<&T>) -> Option<Choice<T>> {
    wanted.filter(|wanted| wanted.chosen().as_ref() != now).cloned()
}

/// Changes the lead of an id, if it is still as the caller has seen it, and returns it.
pub async fn change(
    reads: &Reads,
    admitted: &Admitted,
    id: HomeId,
    if_match: &IfMatch,
    wanted: &Wanted,
) -> Result<Lead, ApiError> {
    // A text of this form is always an event id.
    let event_id = EventId::from_sender(&Uuid::now_v7().to_string())
        .map_err(|error| Problem::bad_request("invalid_id", error.to_string()))?;
    for _ in 0..ATTEMPTS {
        let lead = found(reads, admitted, id, wanted).await?;
        if let Err(stale) = if_match.require(&etag(&lead)) {
            // Perhaps a change of this very caller, whose answer got lost before it was findable.
            index::refresh(reads, admitted, [lead.survivor.id]).await?;
            return Err(stale.into());
        }
        let held = reads.held(admitted, &lead).await?;
        let Some((hand, edit)) = wanted.edit_of(admitted, &lead, &held)? else {
            return Ok(lead);
        };
        if let Some(user) = edit.assigned_to.as_ref().and_then(Choice::chosen) {
            fields::require_active(&reads.store, admitted, &user).await?;
        }
        let change =
            Change { kind: Kind::Edited, event_id: event_id.clone(), at: admitted.now, edit, hand };
        match commit(reads, admitted, &lead, &change).await {
            Ok(lead) => {
                if index::is_concerned(&change.edit) {
                    index::refresh(reads, admitted, [lead.survivor.id]).await?;
                }
                return Ok(lead);
            }
            Err(EditError::Stale { .. }) => {}
            Err(EditError::UnknownLead(_)) => return Err(ApiError::lead_not_found()),
            Err(EditError::Score(error)) => return Err(failed(error)),
            Err(EditError::Refused(error)) => return Err(fields::unsealable(&error).into()),
        }
    }
    Err(revision::contended().into())
}

async fn found(
    reads: &Reads,
    admitted: &Admitted,
    id: HomeId,
    wanted: &Wanted,
) -> Result<Lead, ApiError> {
    let is_meant_deleted = wanted.deleted == Some(false) || wanted.erase_on.is_some();
    let found = if is_meant_deleted {
        reads.find_even_deleted(admitted, id).await?
    } else {
        reads.find(admitted, id).await?
    };
    found.ok_or_else(ApiError::lead_not_found)
}

/// Writes a change over the edition of the lead that was read.
async fn commit(
    reads: &Reads,
    admitted: &Admitted,
    lead: &Lead,
    change: &Change,
) -> Result<Lead, EditError<SealError>> {
    let (keyring, id) = (admitted.keyring(), lead.survivor.id);
    let audit = admitted.audit("lead", &id.to_string(), change.edit.fields());
    let expected = Expected::Edition(lead.state.edition);
    let make = |current: Current<'_>| {
        let change = Change { at: current.at, ..change.clone() };
        change.of_lead(current.home, keyring).map(Some)
    };
    let edited = reads.scorer.edit(keyring, id, expected, Some(&audit), admitted.now, make).await?;
    Ok(edited.lead)
}

/// Tells why a lead could not be written.
pub fn failed(error: ScoreError) -> ApiError {
    merge::refused(error.into())
}
