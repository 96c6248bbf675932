//! Works one segment: every lead is listed by its score as of now and counted as of the day's
//! end.
//!
//! Invariant: nothing is counted into the table before the whole segment was seen, so what a
//! partial holds comes from one pass over it.

use std::{collections::BTreeMap, sync::Arc, time::Instant};

use domain::{tenant::TenantId, time::Timestamp};
use dynamo::{Run, SCAN_SEGMENTS, keys::Pass};
use futures_util::{StreamExt, TryStreamExt, stream};

use crate::{
    handler::{Aggregate, AggregateError},
    shard::{Shard, Shards},
    tally::{Asked, Tally, TenantTally},
};

/// How many leads are under way at once.
const AT_ONCE: usize = 16;

impl<S: Shards> Aggregate<S> {
    /// Works a segment of a run, unless it is done, and lets the last one close the run.
    pub(crate) async fn scan(
        &self,
        pass: Pass,
        segment: u32,
        now: Timestamp,
    ) -> Result<(), AggregateError> {
        let day = pass.run;
        let run = self.store.run(day).await?.ok_or(AggregateError::NoRun(day))?;
        if segment >= run.segments {
            return Err(AggregateError::NoSegment { run: day, segment });
        }
        if run.pass != pass.number {
            return self.drop_leftovers(pass).await;
        }
        let is_done = run.finished.contains(&segment);
        let run = if is_done {
            run
        } else if let Some(after) = self.scan_unfinished(&run, segment, now).await? {
            after
        } else {
            return Ok(());
        };
        // Whoever scanned sends it even if the run is closed: it may be the slower of two that
        // worked the segment at once, and its recounts have to be cleared away.
        if run.is_finished() && !(is_done && run.closed) {
            self.shards.send(&[Shard::Close { run: day, pass: run.pass }]).await?;
        }
        Ok(())
    }

    /// Returns the run with the segment noted as finished, or `None` when it went on to another
    /// pass meanwhile: then others worked the segment, and nothing of this is kept.
    async fn scan_unfinished(
        &self,
        run: &Run,
        segment: u32,
        now: Timestamp,
    ) -> Result<Option<Run>, AggregateError> {
        let began = Instant::now();
        let tally = self.tally(run, segment, now).await?;
        for (tenant, counted) in &tally.tenants {
            self.keep(run, segment, tenant, counted).await?;
        }
        let after = self.store.finish_segment(run.current_pass(), segment).await?;
        if after.is_none() {
            for tenant in tally.tenants.keys() {
                self.drop_counted(tenant, run.current_pass()).await?;
            }
        }
        let Tally { leads, refolded, refreshed, tenants } = tally;
        tracing::info!(
            run = %run.day,
            pass = run.pass,
            segment,
            tenants = tenants.len(),
            leads,
            refolded,
            refreshed,
            duration_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX),
            "segment scanned"
        );
        Ok(after)
    }

    /// Sees every lead of the segment, page by page.
    async fn tally(
        &self,
        run: &Run,
        segment: u32,
        now: Timestamp,
    ) -> Result<Tally, AggregateError> {
        let (mut tally, mut plans) = (Tally::default(), BTreeMap::new());
        let mut after = None;
        loop {
            let page = self.store.scan_leads(segment, run.segments, after).await?;
            let mut leads = Vec::new();
            for (tenant, listed) in page.leads {
                let asked = self.asked(run, &mut plans, &tenant).await?;
                leads.push((asked, tenant, listed));
            }
            let look = async |(asked, tenant, listed): (Arc<Asked>, _, _)| {
                let seen = self.look(&asked, tenant, listed, now).await?;
                Ok::<_, AggregateError>((asked, seen))
            };
            let mut looks = stream::iter(leads.into_iter().map(look)).buffer_unordered(AT_ONCE);
            while let Some((asked, seen)) = looks.try_next().await? {
                tally.count(seen, &asked);
            }
            after = page.next;
            if after.is_none() {
                return Ok(tally);
            }
        }
    }

    /// Returns what the pass asks of a tenant's leads: fixed for all segments by the first that
    /// meets the tenant.
    async fn asked(
        &self,
        run: &Run,
        known: &mut BTreeMap<TenantId, Arc<Asked>>,
        tenant: &TenantId,
    ) -> Result<Arc<Asked>, AggregateError> {
        if let Some(asked) = known.get(tenant) {
            return Ok(asked.clone());
        }
        let plan = self.store.recount_plan(run.current_pass(), tenant).await?;
        let picture = (!run.has_picture()).then_some(run.day);
        let asked = Arc::new(Asked { picture, recounted: plan.days });
        known.insert(tenant.clone(), asked.clone());
        Ok(asked)
    }

    /// Keeps what the segment counted for one tenant.
    async fn keep(
        &self,
        run: &Run,
        segment: u32,
        tenant: &TenantId,
        counted: &TenantTally,
    ) -> Result<(), AggregateError> {
        let pass = run.current_pass();
        // Closing finds by the plan what is kept here. A faster worker's closing may have removed it.
        self.store.recount_plan(pass, tenant).await?;
        if !counted.rollup.is_empty() {
            self.store.keep_rollup_partial(tenant, run.day, segment, &counted.rollup).await?;
        }
        self.store.keep_recount(tenant, pass, segment, &counted.recounted).await?;
        // A re-score kept its counts by the same segments; other ones would count leads twice.
        if let Some((version, failures)) = counted.failures.last_key_value()
            && run.segments == SCAN_SEGMENTS.get()
        {
            self.store.put_rule_failures(tenant, *version, segment, failures).await?;
        }
        Ok(())
    }
}
