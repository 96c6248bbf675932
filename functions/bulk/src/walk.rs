//! Going through the leads of a segment, some at a time: those that somebody named, or those of a
//! segment of the table.
//!
//! Invariant: the place after a step lies just behind its last lead, so a worker that goes on from
//! there leaves none out and meets none twice.

use std::collections::BTreeSet;

use domain::{bulk::Selection, home::HomeId, lead::Lead, tenant::TenantId};
use dynamo::{ScanPlace, Store};

use crate::{error::BulkError, segment::Place};

/// How many leads are one step: between two of them the budget is looked at.
const STEP: usize = 64;

/// Where a walk is: behind this one of the named leads, or at this place of the table.
#[derive(Clone, Debug, Default)]
pub(crate) struct At {
    pub named: Option<HomeId>,
    pub after: Option<ScanPlace>,
}

/// A walk that is under way.
#[derive(Debug)]
pub(crate) struct Walk<'a> {
    store: &'a Store,
    tenant: &'a TenantId,
    source: Source,
    /// What was read and not returned yet.
    ahead: Vec<Lead>,
    /// Where the next step begins.
    pub at: At,
    is_over: bool,
}

#[derive(Debug)]
enum Source {
    Named {
        missing: Vec<HomeId>,
    },
    /// A segment of the table, of how many, and where its next page begins.
    Table {
        segment: u32,
        segments: u32,
        next: Option<ScanPlace>,
    },
}

impl<'a> Walk<'a> {
    /// Begins a walk at a place.
    pub async fn new(
        store: &'a Store,
        place: Place<'a>,
        selection: &Selection,
        at: At,
    ) -> Result<Self, BulkError> {
        let (tenant, job) = (place.owned.tenant, place.owned.job);
        let mut walk = Self {
            store,
            tenant,
            source: Source::Table { segment: place.segment, segments: job.segments, next: None },
            ahead: Vec::new(),
            at,
            is_over: false,
        };
        if let Selection::Named(_) = selection {
            let named = store.job_leads(tenant, &job.id).await?;
            walk.find(named.ok_or_else(|| BulkError::Lapsed(job.id.clone()))?).await?;
        }
        Ok(walk)
    }

    /// Finds the leads that answer to ids, each once, in the order of their own ids.
    async fn find(&mut self, ids: Vec<HomeId>) -> Result<(), BulkError> {
        let homes = self.store.many_homes(self.tenant, ids.iter().copied().collect()).await?;
        let survivors: BTreeSet<_> = homes.values().map(|home| home.survivor.id).collect();
        let mut leads = self.store.many_leads(self.tenant, survivors).await?;
        leads.retain(|_, lead| !lead.is_deleted());
        let answers =
            |id: &HomeId| homes.get(id).is_some_and(|home| leads.contains_key(&home.survivor.id));
        self.source =
            Source::Named { missing: ids.into_iter().filter(|id| !answers(id)).collect() };
        let after = self.at.named;
        let ahead = leads.into_iter().filter(|(id, _)| after.is_none_or(|after| *id > after));
        self.ahead = ahead.map(|(_, lead)| lead).collect();
        self.is_over = true;
        Ok(())
    }

    /// Tells whether no lead follows.
    pub const fn is_done(&self) -> bool {
        self.is_over && self.ahead.is_empty()
    }

    /// Returns the ids that somebody named and no lead answers to.
    pub fn missing(&self) -> &[HomeId] {
        match &self.source {
            Source::Named { missing } => missing,
            Source::Table { .. } => &[],
        }
    }

    /// Returns the next leads, deleted ones left out; `None` at the end. There may be none though
    /// more follow.
    pub async fn next(&mut self) -> Result<Option<Vec<Lead>>, BulkError> {
        if self.is_done() {
            return Ok(None);
        }
        if self.ahead.is_empty() {
            self.read_on().await?;
        }
        let rest = self.ahead.split_off(self.ahead.len().min(STEP));
        let mut leads = std::mem::replace(&mut self.ahead, rest);
        let last = leads.last().map(|lead| lead.survivor.id);
        match &self.source {
            Source::Named { .. } => self.at.named = last.or(self.at.named),
            Source::Table { next, .. } if self.ahead.is_empty() => self.at.after.clone_from(next),
            Source::Table { .. } => {
                self.at.after = last.map(|last| ScanPlace::after(self.tenant, last));
            }
        }
        leads.retain(|lead| !lead.is_deleted());
        Ok(Some(leads))
    }

    async fn read_on(&mut self) -> Result<(), BulkError> {
        let Source::Table { segment, segments, next } = &mut self.source else { return Ok(()) };
        let (tenant, after) = (self.tenant, self.at.after.clone());
        let page = self.store.scan_leads_of(tenant, *segment, *segments, after).await?;
        self.ahead = page.leads.into_iter().map(|(_, listed)| listed.lead).collect();
        self.is_over = page.next.is_none();
        *next = page.next;
        Ok(())
    }
}
