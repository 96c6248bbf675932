//! Works a segment of a re-score: every lead that is not at the version is brought there.
//!
//! Invariant: a lead is noted as one to bring before it is brought. A worker that finds it noted
//! and brought counts it, from what its item says of the stage before, so that each lead counts
//! once however often the worker died.

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    comparison::Crossings, home::HomeId, lead::Cause, stage::Stage, tenant::TenantId,
    time::Timestamp,
};
use dynamo::{ListedLead, Progress, ScanPlace};
use futures_util::{StreamExt, TryStreamExt, stream};
use lambda::budget::Budget;
use queue::Parts;
use serde::{Deserialize, Serialize};

use crate::{
    handler::{Owned, Rescore, RescoreError},
    segment::{AT_ONCE, Came, Place, STEP},
};

/// What a segment of a re-score counted.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Tally {
    /// How many leads there were.
    pub seen: u64,
    /// How many the job brought to the version.
    pub rescored: u64,
    /// How many of those changed their stage.
    pub crossings: Crossings,
    /// How often the condition of each rule failed at run time; counted by the last pass.
    failures: BTreeMap<String, u64>,
    /// Leads that were to be brought, and are not counted yet.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    noted: BTreeSet<HomeId>,
}

/// What became of one lead.
#[derive(Debug, Default)]
struct Seen {
    /// Whether the job brought it to the version.
    rescored: bool,
    /// The stages before and after, where that changed it and somebody sees it.
    crossed: Option<(Stage, Stage)>,
    /// How often conditions failed for it.
    failures: BTreeMap<String, u32>,
}

impl<Q: Parts> Rescore<Q> {
    /// Brings the leads of a segment to a version.
    pub(crate) async fn rescore(
        &self,
        place: Place<'_>,
        version: u32,
        now: Timestamp,
        budget: Budget,
    ) -> Result<Came, RescoreError> {
        let Place { owned: Owned { tenant, job }, pass, segment } = place;
        let known = self.store.job_part::<Tally>(tenant, &job.id, pass, segment).await?;
        let (mut tally, mut after) = match known {
            Some(Progress { tally, done: true, .. }) => return Ok(Came::Through(tally.seen)),
            Some(Progress { tally, after, .. }) => (tally, after),
            None => (Tally::default(), None),
        };
        // Whatever this process remembers, from here on it knows the version.
        self.scorer.refresh(tenant).await?;
        let mut stepped = false;
        loop {
            let page =
                self.store.scan_leads_of(tenant, segment, job.segments, after.clone()).await?;
            for step in page.leads.chunks(STEP) {
                if budget.is_over() && stepped {
                    self.keep(place, &tally, after, false).await?;
                    return Ok(Came::Partway);
                }
                let leads: Vec<_> = step.iter().map(|(_, listed)| listed).collect();
                self.step(place, &leads, version, after.clone(), now, &mut tally).await?;
                stepped = true;
                let last = leads.last().map(|listed| listed.lead.survivor.id);
                after = last.map(|last| ScanPlace::after(tenant, last));
            }
            after = page.next;
            if after.is_none() {
                break;
            }
            if budget.is_over() {
                self.keep(place, &tally, after, false).await?;
                return Ok(Came::Partway);
            }
        }
        if pass == job.work.passes() {
            let failures = &tally.failures;
            self.store.put_rule_failures(tenant, version, segment, failures).await?;
        }
        self.keep(place, &tally, None, true).await?;
        Ok(Came::Through(tally.seen))
    }

    /// Brings some leads that follow each other to a version, and counts them.
    async fn step(
        &self,
        place: Place<'_>,
        leads: &[&ListedLead],
        version: u32,
        after: Option<ScanPlace>,
        now: Timestamp,
        tally: &mut Tally,
    ) -> Result<(), RescoreError> {
        let Place { owned: Owned { tenant, job }, pass, .. } = place;
        let stale = leads.iter().filter(|listed| listed.lead.state.is_older_than(version));
        let stale: Vec<HomeId> = stale.map(|listed| listed.lead.survivor.id).collect();
        if !stale.is_empty() {
            tally.noted.extend(&stale);
            self.keep(place, &*tally, after, false).await?;
        }
        let is_last = pass == job.work.passes();
        let noted = &tally.noted;
        let bring = |listed: &ListedLead| {
            let is_noted = noted.contains(&listed.lead.survivor.id);
            self.bring(tenant, listed.clone(), version, now, (is_noted, is_last))
        };
        let brought: Vec<_> = leads.iter().map(|listed| bring(listed)).collect();
        let brought: Vec<Seen> =
            stream::iter(brought).buffer_unordered(AT_ONCE).try_collect().await?;
        for seen in brought {
            tally.count(seen);
        }
        for listed in leads {
            tally.noted.remove(&listed.lead.survivor.id);
        }
        Ok(())
    }

    /// Brings one lead to a version, unless it is there, and tells what became of it.
    async fn bring(
        &self,
        tenant: &TenantId,
        listed: ListedLead,
        version: u32,
        now: Timestamp,
        (is_noted, is_last): (bool, bool),
    ) -> Result<Seen, RescoreError> {
        let (id, is_deleted) = (listed.lead.survivor.id, listed.lead.is_deleted());
        let mut seen = Seen { rescored: is_noted, ..Seen::default() };
        let mut standing = Some(listed);
        if let Some(stale) = standing.take_if(|listed| listed.lead.state.is_older_than(version)) {
            let _permit = self.memory.for_events_of(&stale.lead).await;
            let rescored = self.scorer.rescore(tenant, id, now).await;
            let rescored = rescored.map_err(|error| RescoreError::Lead(id, error))?;
            if rescored.written && !is_last {
                let from = rescored.crossing.map(|crossing| crossing.from);
                seen.crossed = from.zip(rescored.stage).filter(|_| !is_deleted);
                return Ok(seen);
            }
            standing = self.store.listed_lead(tenant, id).await?;
        }
        // One that is gone is another lead's by now, which is counted where it lies.
        let Some(ListedLead { lead, standing, .. }) = standing else {
            return Ok(Seen::default());
        };
        if is_noted && !is_deleted {
            let by_rules = lead.crossing.filter(|crossing| crossing.cause == Cause::Rescore);
            seen.crossed = by_rules.map(|crossing| (crossing.from, standing.stage));
        }
        if is_last {
            seen.failures = lead.state.failures;
        }
        Ok(seen)
    }
}

impl Tally {
    fn count(&mut self, seen: Seen) {
        self.seen += 1;
        self.rescored += u64::from(seen.rescored);
        if let Some((from, to)) = seen.crossed {
            self.crossings.count(from, to);
        }
        for (rule, failed) in seen.failures {
            *self.failures.entry(rule).or_default() += u64::from(failed);
        }
    }
}
