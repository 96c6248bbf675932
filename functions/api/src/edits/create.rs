//! `POST /v1/leads`: makes a lead by hand.
//!
//! Invariant: a lead is made of one event, under an id that follows from the request's
//! `Idempotency-Key`, and only if nobody answers to its identities yet.

use std::sync::Arc;

use axum::{
    extract::{RawQuery, State},
    http::{StatusCode, header::LOCATION},
    response::{IntoResponse, Response},
};
use domain::{
    edit::{Choice, Edit},
    event::EventId,
    home::HomeId,
    identity::{Identity, InvalidIdentity, Kind},
    lead::{Lead, Status},
};
use intake::edit::{Change, HandSet, own_identity};
use lambda::problem::Problem;
use scoring::{CreateError, living_home};
use serde_json::{Map, Value};

use super::{body::CreateLead, change::failed, fields, index};
use crate::{
    body::LeadBody, error::ApiError, guard::Admitted, input::Input, lead::tagged, merge::invalid,
    query::Query, reads::Reads,
};

/// Creates a lead
///
/// Of the identities that are given the lead is known by, and from then on their events are its
/// own; without any it has an identity of Leadline's, `external` `leadline:…`. What is in `profile`
/// is set by hand: it wins over what events declare until it is released. An email address in
/// `profile`, and a phone number that is written internationally, are identities, too, and so no
/// other than those that are given beside it; a later change of them is none of the identities.
///
/// Who answers to one of the identities already is told by 409 and not changed; change that lead
/// instead, by the `lead_id` of the answer. With an `Idempotency-Key` a repetition makes no second
/// lead.
#[utoipa::path(
    post,
    path = "/v1/leads",
    operation_id = "create_lead",
    tag = "leads",
    request_body = CreateLead,
    responses(
        (
            status = 201,
            description = "The lead.",
            body = LeadBody,
            headers(
                ("ETag" = String, description = "Names what people edit of it."),
                ("Location" = String, description = "Where it is."),
            ),
        ),
        (status = 403, description = "The caller may not: `missing_scope`, `missing_permission` or `no_membership`. Who sees only their own leads assigns none to another."),
        (status = 404, description = "An earlier try of this request made it, and it was erased since: `lead_not_found`."),
        (status = 409, description = "A lead answers to one of the identities: `lead_exists`, or `lead_deleted` if it can be restored; `lead_id` names it unless the caller may not see it."),
        (status = 422, description = "There is no such active user: `unknown_user`."),
    )
)]
pub async fn create(
    State(reads): State<Arc<Reads>>,
    admitted: Admitted,
    RawQuery(query): RawQuery,
    Input(body): Input<CreateLead>,
) -> Result<Response, ApiError> {
    Query::parse(query.as_deref(), &[]).finish()?;
    let creation = admitted.creation();
    // Texts of this form are always ids.
    let uuid = creation.uuid().to_string();
    let event_id = EventId::from_sender(&uuid)
        .map_err(|error| Problem::bad_request("invalid_id", error.to_string()))?;
    let own = own_identity(&uuid)
        .map_err(|error| Problem::bad_request("invalid_id", error.to_string()))?;
    let identities = body.identities()?;
    let hand = fields::profile(body.profile)?;
    let mut identities = with_profile(identities, &hand)?;
    if identities.is_empty() {
        identities.push(own);
    }
    let asked = body.assigned_to.or_else(|| admitted.own_leads_only().cloned());
    let assigned_to = fields::assignee(&admitted, asked.map(Choice::Set))?;
    if let Some(Choice::Set(user)) = &assigned_to {
        fields::require_active(&reads.store, &admitted, user).await?;
    }
    let kind = intake::edit::Kind::Created;
    let mut change = Change::new(kind, event_id, creation.at, admitted.actor(), hand);
    change.edit = Edit {
        status: Some(body.status).filter(|status| *status != Status::default()),
        assigned_to,
        segment: body.segment.map(Choice::Set),
        ..change.edit
    };
    let lead = made(&reads, &admitted, change, &identities).await?;
    let location = format!("/v1/leads/{}", lead.survivor.id);
    let shown = tagged(&reads, &admitted, lead).await?;
    Ok((StatusCode::CREATED, [(LOCATION, location)], shown).into_response())
}

impl CreateLead {
    /// Reads the identities; one that stands for nobody counts as not given.
    fn identities(&self) -> Result<Vec<Identity>, Problem> {
        let given = [
            (Kind::UserId, &self.user_id),
            (Kind::Email, &self.email),
            (Kind::External, &self.external),
            (Kind::Phone, &self.phone),
            (Kind::AnonymousId, &self.anonymous_id),
        ];
        let mut identities = Vec::new();
        for (kind, value) in given {
            let Some(value) = value else { continue };
            match Identity::new(kind, value) {
                Ok(identity) => identities.push(identity),
                Err(InvalidIdentity::Placeholder(_)) => {}
                Err(error) => {
                    return Err(invalid(kind.as_str(), "invalid_identity", error.to_string()));
                }
            }
        }
        Ok(identities)
    }
}

/// Adds the identities that stand in the profile. One that differs from that beside the profile is
/// refused: a lead that shows an address which it is not found by would have twins.
fn with_profile(mut identities: Vec<Identity>, hand: &HandSet) -> Result<Vec<Identity>, Problem> {
    for kind in [Kind::Email, Kind::Phone] {
        let value = hand.fields().find(|(name, _)| *name == kind.as_str());
        let Some((_, Some(Value::String(text)))) = value else { continue };
        // What is no identity, like a phone number without its country, is shown and no more.
        let Ok(identity) = Identity::new(kind, &text) else { continue };
        let beside = identities.iter().find(|given| given.kind() == kind);
        if beside.is_some_and(|beside| *beside != identity) {
            let message = format!("it is another than the {kind} beside the profile; give one");
            return Err(invalid(&format!("profile.{kind}"), "conflicting_field", message));
        }
        if beside.is_none() {
            identities.push(identity);
        }
    }
    Ok(identities)
}

/// Makes the lead, or answers 409.
async fn made(
    reads: &Reads,
    admitted: &Admitted,
    change: Change,
    identities: &[Identity],
) -> Result<Lead, ApiError> {
    let keyring = admitted.keyring();
    let touched = change.edit.fields();
    let arrival = change
        .of_person(identities, Map::new(), keyring)
        .map_err(|error| fields::unsealable(&error))?
        .ok_or_else(ApiError::lead_not_found)?;
    let strongest = identities.iter().min().ok_or_else(ApiError::lead_not_found)?;
    let home = living_home(&reads.store, keyring, strongest).await?.id;
    let audit = admitted.audit("lead", &home.to_string(), touched);
    let created = reads.scorer.create(keyring, arrival, Some(&audit), admitted.now).await;
    match created {
        Ok(lead) => {
            let homes = lead.members.iter().map(|member| member.home.id);
            index::refresh(reads, admitted, homes).await?;
            Ok(lead)
        }
        // A repetition of a creation whose lead was erased since.
        Err(CreateError::Erased(_)) => Err(ApiError::lead_not_found()),
        Err(CreateError::Exists(lead)) => Err(exists(reads, admitted, lead).await?),
        Err(CreateError::Score(error)) => Err(failed(error)),
    }
}

/// 409: somebody answers to the identities already. It names the lead to who may see it alone.
async fn exists(reads: &Reads, admitted: &Admitted, lead: HomeId) -> Result<ApiError, ApiError> {
    let lead = reads.find_even_deleted(admitted, lead).await?;
    let (code, message) = match &lead {
        Some(lead) if lead.is_deleted() => {
            ("lead_deleted", "a deleted lead answers to one of these identities; restore it")
        }
        Some(_) => ("lead_exists", "a lead answers to one of these identities; change that one"),
        None => {
            ("lead_exists", "a lead that somebody else works answers to one of these identities")
        }
    };
    let problem = Problem::new(StatusCode::CONFLICT, code, message);
    Ok(match lead {
        Some(lead) => problem.with_lead(lead.survivor.id.to_string()).into(),
        None => problem.into(),
    })
}
