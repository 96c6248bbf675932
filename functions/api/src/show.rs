//! Turning leads into what is shown: each viewed at the instant of the request, with its person.
//!
//! Invariant: one answer shows every lead as of the same instant.

use std::{collections::BTreeSet, sync::Arc};

use domain::{
    lead::Lead,
    rules::Rules,
    time::Timestamp,
    view::{View, view},
};
use dynamo::{Settings, StoreError};
use intake::person::Person;
use serde::Serialize;
use serde_json::value::RawValue;

use crate::{body::LeadBody, error::ApiError, guard::Admitted, reads::Reads};

/// What the rows of one answer may weigh: a function may answer with 6 MB.
const MOST_BYTES: usize = 4_000_000;

/// A lead as seen at the instant of the request.
#[derive(Clone, Debug)]
pub struct Seen {
    /// The lead.
    pub lead: Lead,
    /// What its state shows.
    pub view: View,
}

/// Views the leads of one answer, under rules that are no older than their states.
#[derive(Debug)]
pub struct Lens<'a> {
    reads: &'a Reads,
    admitted: &'a Admitted,
    settings: Arc<Settings>,
    is_newest: bool,
}

impl Seen {
    /// Views a lead at an instant.
    pub fn at(lead: Lead, rules: &Rules, now: Timestamp) -> Self {
        let view = view(&lead.state, rules, now);
        Self { lead, view }
    }
}

impl<'a> Lens<'a> {
    /// Takes the rules that are known.
    pub async fn new(reads: &'a Reads, admitted: &'a Admitted) -> Result<Self, StoreError> {
        let settings = reads.settings_for(admitted.tenant(), []).await?;
        Ok(Self { reads, admitted, settings, is_newest: false })
    }

    /// Views a lead as it is stored: one that waits for its re-fold shows its last state.
    pub async fn see(&mut self, lead: Lead) -> Result<Seen, StoreError> {
        if !self.is_newest && lead.state.is_newer_than(self.settings.rules.version()) {
            self.settings = self.reads.settings_for(self.admitted.tenant(), [&lead.state]).await?;
            self.is_newest = true;
        }
        Ok(Seen::at(lead, &self.settings.rules, self.admitted.now))
    }

    /// Returns the rules by which the last lead was viewed.
    pub fn rules(&self) -> &Rules {
        &self.settings.rules
    }
}

/// Adds to each lead who it is.
pub async fn bodies(
    reads: &Reads,
    admitted: &Admitted,
    seen: &[Seen],
) -> Result<Vec<LeadBody>, ApiError> {
    let members = seen.iter().flat_map(|seen| &seen.lead.members);
    let ids: BTreeSet<_> = members.map(|member| member.home.id).collect();
    let homes = reads.store.many_homes(admitted.tenant(), ids).await?;
    let body = |seen: &Seen| {
        let person = Person::of(&seen.lead.members, &homes, admitted.keyring());
        LeadBody::new(&seen.lead, &seen.view, person, admitted.now)
    };
    Ok(seen.iter().map(body).collect())
}

/// Reads a lead up to the active rules and shows it.
pub async fn exact(
    reads: &Reads,
    admitted: &Admitted,
    mut lead: Lead,
) -> Result<LeadBody, ApiError> {
    let settings = reads.make_exact(admitted.tenant(), &mut lead).await?;
    let seen = Seen::at(lead, &settings.rules, admitted.now);
    let shown = bodies(reads, admitted, std::slice::from_ref(&seen)).await?;
    shown.into_iter().next().ok_or(ApiError::Restless(seen.lead.survivor.id))
}

/// Writes as many rows as fit an answer, at least one if there is any.
pub fn fitting<T: Serialize>(bodies: &[T]) -> Result<Vec<Box<RawValue>>, ApiError> {
    let mut rows: Vec<Box<RawValue>> = Vec::with_capacity(bodies.len());
    let mut bytes = 0;
    for body in bodies {
        let row = serde_json::value::to_raw_value(body)?;
        bytes += row.get().len();
        if bytes > MOST_BYTES && !rows.is_empty() {
            break;
        }
        rows.push(row);
    }
    Ok(rows)
}
