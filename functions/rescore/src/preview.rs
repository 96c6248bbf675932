//! Works a segment of a preview: each lead is folded and viewed under both rule sets.
//!
//! Invariant: nothing of a lead is written, and both sides are made from the same events.

use domain::{
    comparison::{Comparison, Sets, is_sampled},
    event::Event,
    fold::sorted,
    lead::{Cause, Crossing, Lead},
    rules::Rules,
    tenant::TenantId,
};
use dynamo::{ListedLead, Progress, ScanPlace, Standing};
use futures_util::{StreamExt, TryStreamExt, stream};
use lambda::budget::Budget;
use queue::Parts;
use tokio::sync::SemaphorePermit;

use crate::{
    handler::{Owned, Rescore, RescoreError},
    segment::{AT_ONCE, Came, Place, STEP},
};

impl<Q: Parts> Rescore<Q> {
    /// Compares the leads of a segment that are in the sample and not deleted.
    pub(crate) async fn preview(
        &self,
        place: Place<'_>,
        (active, sample_percent): (u32, u32),
        budget: Budget,
    ) -> Result<Came, RescoreError> {
        let Place { owned: Owned { tenant, job }, pass, segment } = place;
        let known = self.store.job_part::<Comparison>(tenant, &job.id, pass, segment).await?;
        let (mut tally, mut after) = match known {
            Some(Progress { tally, done: true, .. }) => return Ok(Came::Through(tally.seen)),
            Some(Progress { tally, after, .. }) => (tally, after),
            None => (Comparison::default(), None),
        };
        let before = Rules::prepare(self.store.rule_set(tenant, active).await?)?;
        let draft = self.draft(place.owned, active).await?;
        let sets = Sets { before: &before, after: &draft, now: job.created_at };
        loop {
            let page = self.store.scan_leads_of(tenant, segment, job.segments, after).await?;
            tally.consumed.scan_half_units += page.half_units;
            let mut steps = page.leads.chunks(STEP).peekable();
            while let Some(step) = steps.next() {
                let wanted = step.iter().map(|(_, listed)| listed);
                let wanted: Vec<_> = wanted
                    .filter(|listed| !listed.lead.is_deleted())
                    .filter(|listed| is_sampled(listed.lead.survivor.id, sample_percent))
                    .collect();
                self.compare(place.owned, &wanted, sets, &mut tally).await?;
                tally.seen += u64::try_from(step.len()).unwrap_or(u64::MAX);
                if steps.peek().is_some() && budget.is_over() {
                    let last = step.last().map(|(_, listed)| listed.lead.survivor.id);
                    let after = last.map(|last| ScanPlace::after(tenant, last));
                    self.keep(place, &tally, after, false).await?;
                    return Ok(Came::Partway);
                }
            }
            after = page.next;
            if after.is_none() {
                self.keep(place, &tally, None, true).await?;
                return Ok(Came::Through(tally.seen));
            }
            if budget.is_over() {
                self.keep(place, &tally, after, false).await?;
                return Ok(Came::Partway);
            }
        }
    }

    /// Prepares the draft that a preview looks at, under the number that it would be published by.
    pub(crate) async fn draft(
        &self,
        Owned { tenant, job }: Owned<'_>,
        active: u32,
    ) -> Result<Rules, RescoreError> {
        let draft = self.store.job_draft(tenant, &job.id).await?;
        let mut draft = draft.ok_or_else(|| RescoreError::NoDraft(job.id.clone()))?;
        draft.version = active.saturating_add(1);
        Ok(Rules::prepare(draft)?)
    }

    async fn compare(
        &self,
        Owned { tenant, .. }: Owned<'_>,
        leads: &[&ListedLead],
        sets: Sets<'_>,
        tally: &mut Comparison,
    ) -> Result<(), RescoreError> {
        let reads: Vec<_> = leads.iter().map(|listed| self.read(tenant, listed)).collect();
        let mut reads = stream::iter(reads).buffer_unordered(AT_ONCE);
        while let Some(Read { listed, events, half_units, .. }) = reads.try_next().await? {
            let compared = tally.count(listed.lead.survivor.id, &events, sets);
            let standing = Standing { score: compared.to.score, stage: compared.to.stage };
            let written = Lead {
                version: listed.lead.version + 1,
                state: compared.state,
                crossing: Crossing::between(compared.from.stage, standing.stage, Cause::Rescore),
                ..listed.lead.clone()
            };
            let units = listed.rewrite_units(tenant, &written, standing)?;
            tally.consumed.event_half_units += half_units;
            tally.consumed.lead_units += units.read;
            tally.consumed.write_units += units.write;
        }
        Ok(())
    }

    /// Reads the events of a lead when there is room for them.
    async fn read<'l>(
        &'l self,
        tenant: &TenantId,
        listed: &'l ListedLead,
    ) -> Result<Read<'l>, RescoreError> {
        let room = self.memory.for_events_of(&listed.lead).await;
        let (events, half_units) = self.shelf.metered_events(tenant, &listed.lead).await?;
        Ok(Read { listed, events: sorted(events), half_units, _room: room })
    }
}

/// A lead with its events in order, and the room that they take.
struct Read<'l> {
    listed: &'l ListedLead,
    events: Vec<Event>,
    half_units: u64,
    _room: Option<SemaphorePermit<'l>>,
}
