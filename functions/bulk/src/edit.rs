//! Works a segment of a bulk edit: every lead that is meant is edited, unless it is so already.
//!
//! Invariant: a lead is noted as one to edit before it is edited. A worker that finds it noted
//! counts it, whoever edited it, so that each lead counts once however often the worker died. The
//! event of the edit has the job's id, so a lead is edited by a job at most once.

use std::collections::BTreeSet;

use domain::{
    actor::Actor,
    bulk::{BulkChange, MAX_LISTED, Selection},
    event::EventId,
    home::HomeId,
    job::JobId,
    lead::Lead,
    time::Timestamp,
};
use futures_util::{StreamExt, TryStreamExt, stream};
use intake::edit::{Change, HandSet, Kind};
use lambda::budget::Budget;
use queue::Parts;
use scoring::{EditError, Expected, ScoreError};
use serde::{Deserialize, Serialize};
use vault::Keyring;

use lambda::keyrings::Keyrings;

use crate::{
    error::BulkError,
    handler::Bulk,
    segment::{AT_ONCE, Came, Place},
    walk::{At, Walk},
};

/// What a segment of a bulk edit counted.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Tally {
    /// How many leads were meant.
    pub leads: u64,
    /// How many of them were edited.
    pub changed: u64,
    /// Named leads that there are not.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<HomeId>,
    /// The last of the named leads that was met.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    named: Option<HomeId>,
    /// Leads that were to be edited, and are not counted yet.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    noted: BTreeSet<HomeId>,
}

/// What is made of each lead, and by whom.
#[derive(Clone, Copy)]
struct Task<'t> {
    job: &'t JobId,
    by: &'t Actor,
    change: &'t BulkChange,
    keyring: &'t Keyring,
    now: Timestamp,
}

impl<Q: Parts, K: Keyrings> Bulk<Q, K> {
    /// Edits the leads of a segment.
    pub(crate) async fn edit(
        &self,
        place: Place<'_>,
        by: &Actor,
        change: &BulkChange,
        selection: &Selection,
        budget: Budget,
        now: Timestamp,
    ) -> Result<Came, BulkError> {
        let known = self.known::<Tally>(place).await?;
        let mut tally = known.tally;
        if known.done {
            return Ok(Came::Through(tally.leads));
        }
        let (tenant, job) = (place.owned.tenant, place.owned.job);
        let keyring = self.needs.keyrings.keyring(tenant).await?;
        let task = Task { job: &job.id, by, change, keyring: &keyring, now };
        let at = At { named: tally.named, after: known.after };
        let mut walk = Walk::new(&self.store, place, selection, at).await?;
        tally.missing = walk.missing().iter().take(MAX_LISTED).copied().collect();
        let mut before = walk.at.clone();
        while let Some(leads) = walk.next().await? {
            let meant = self.meant(place, selection, leads, &tally).await?;
            let differs = |lead: &&Lead| !change.is_done(&lead.state.work);
            let differing = meant.iter().filter(differs).map(|lead| lead.survivor.id);
            let noted = tally.noted.len();
            tally.noted.extend(differing);
            if tally.noted.len() > noted && !self.keep(place, &tally, before.after, false).await? {
                return self.ended_by_another(place).await;
            }
            self.edit_noted(task, &tally.noted).await?;
            tally.count(meant.len());
            tally.named = walk.at.named;
            if budget.is_over() && !walk.is_done() {
                self.keep(place, &tally, walk.at.after, false).await?;
                return Ok(Came::Partway);
            }
            before = walk.at.clone();
        }
        if !self.keep(place, &tally, None, true).await? {
            return self.ended_by_another(place).await;
        }
        Ok(Came::Through(tally.leads))
    }

    /// Returns the leads that are meant, and those that were when they were noted.
    async fn meant(
        &self,
        place: Place<'_>,
        selection: &Selection,
        mut leads: Vec<Lead>,
        tally: &Tally,
    ) -> Result<Vec<Lead>, BulkError> {
        let Selection::Matching(filter) = selection else { return Ok(leads) };
        let (tenant, at) = (place.owned.tenant, place.owned.job.created_at);
        let settings = self.settings_for(tenant, &leads).await?;
        leads.retain(|lead| {
            tally.noted.contains(&lead.survivor.id) || filter.takes(lead, &settings.rules, at)
        });
        Ok(leads)
    }

    async fn edit_noted(&self, task: Task<'_>, noted: &BTreeSet<HomeId>) -> Result<(), BulkError> {
        let edits: Vec<_> = noted.iter().map(|lead| self.edit_one(task, *lead)).collect();
        stream::iter(edits).buffer_unordered(AT_ONCE).try_collect().await
    }

    /// Edits a lead, unless it is so by now or gone.
    async fn edit_one(&self, task: Task<'_>, lead: HomeId) -> Result<(), BulkError> {
        let Task { job, by, change, keyring, now } = task;
        let id = EventId::hashed(&[b"bulk_edit", job.as_str().as_bytes()]);
        let edited = self
            .scorer
            .edit(keyring, lead, Expected::Any, None, now, |current| {
                let lead = current.lead;
                if lead.is_deleted() || change.is_done(&lead.state.work) {
                    return Ok(None);
                }
                let hand = HandSet::default();
                let mut edit = Change::new(Kind::Edited, id.clone(), current.at, by.clone(), hand);
                edit.edit = change.edit(by.clone());
                edit.of_lead(current.home, keyring).map(Some)
            })
            .await;
        match edited {
            Ok(_) | Err(EditError::UnknownLead(_)) => Ok(()),
            Err(EditError::Score(error)) => Err(BulkError::Lead(lead, error)),
            Err(EditError::Refused(error)) => Err(BulkError::Seal(error)),
            // Any edition is expected, so this means that the lead kept changing.
            Err(EditError::Stale { .. }) => Err(BulkError::Lead(lead, ScoreError::Contended(lead))),
        }
    }

    async fn ended_by_another(&self, place: Place<'_>) -> Result<Came, BulkError> {
        Ok(Came::Through(self.known::<Tally>(place).await?.tally.leads))
    }
}

impl Tally {
    /// Counts leads of which those that were noted were edited.
    fn count(&mut self, leads: usize) {
        self.leads += u64::try_from(leads).unwrap_or(u64::MAX);
        self.changed += u64::try_from(self.noted.len()).unwrap_or(u64::MAX);
        self.noted.clear();
    }
}
