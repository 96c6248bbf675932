//! Works one segment: every lead is listed by its score as of now and counted as of the day's
//! end.
//!
//! Invariant: nothing is counted into the table before the whole segment was seen, so what a
//! partial holds comes from one pass over it.

use std::{
    collections::{BTreeMap, btree_map::Entry},
    sync::Arc,
    time::Instant,
};

use domain::{home::HomeId, self_audit::Draw, tenant::TenantId};
use dynamo::{ListedLead, NightCounts, Run, SCAN_SEGMENTS, keys::Pass};
use futures_util::{StreamExt, TryStreamExt, stream};
use lambda::budget::Budget;

use lambda::keyrings::Keyrings;

use crate::{
    clock::Clock,
    handler::{Aggregate, AggregateError},
    look::Round,
    shard::{Shard, Shards},
    tally::{Asked, Tally, TenantTally},
};

/// How many leads are under way at once.
const AT_ONCE: usize = 16;

/// What is asked of a tenant's leads, and which of them are audited.
struct Orders {
    asked: Arc<Asked>,
    draw: Draw,
}

/// A lead, what is asked of it, and whether it is audited.
type Wanted = (Arc<Asked>, bool, TenantId, ListedLead);

impl<S: Shards, K: Keyrings> Aggregate<S, K> {
    /// Works a segment of a run, unless it is done, and lets the last one close the run.
    pub(crate) async fn scan(
        &self,
        pass: Pass,
        segment: u32,
        clock: Clock,
        budget: Budget,
    ) -> Result<(), AggregateError> {
        let day = pass.run;
        let run = self.store.run(day).await?.ok_or(AggregateError::NoRun(day))?;
        if segment >= run.segments {
            return Err(AggregateError::NoSegment { run: day, segment });
        }
        let is_done = run.finished.contains(&segment);
        // What lies there then is half of a count, left by a slower worker that died.
        if run.pass != pass.number || (is_done && run.closed) {
            return self.drop_leftovers(pass).await;
        }
        let began = run.pass_started_at;
        let round = Round { began, now: clock.began().max(began), clock, budget };
        let run = if is_done {
            run
        } else if let Some(after) = self.scan_unfinished(&run, segment, round).await? {
            after
        } else {
            return Ok(());
        };
        // Whoever scanned sends it even if the run is closed: it may be the slower of two that
        // worked the segment at once, and its recounts have to be cleared away.
        if run.is_finished() {
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
        round: Round,
    ) -> Result<Option<Run>, AggregateError> {
        let began = Instant::now();
        let tally = self.tally(run, segment, round).await?;
        for (tenant, counted) in &tally.tenants {
            self.keep(run, segment, tenant, counted).await?;
        }
        let after = self.store.finish_segment(run.current_pass(), segment).await?;
        if after.is_none() {
            for tenant in tally.tenants.keys() {
                self.drop_counted(tenant, run.current_pass()).await?;
            }
        }
        let Tally { leads, refolded, tenants } = tally;
        let sum = |count: fn(&TenantTally) -> u64| tenants.values().map(count).sum::<u64>();
        tracing::info!(
            run = %run.day,
            pass = run.pass,
            segment,
            tenants = tenants.len(),
            leads,
            refolded,
            refreshed = sum(|tenant| tenant.night.refreshed),
            audited = sum(|tenant| tenant.night.audited),
            erased = sum(|tenant| tenant.night.erased + tenant.night.anonymised),
            postponed = sum(|tenant| tenant.night.postponed),
            duration_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX),
            "segment scanned"
        );
        Ok(after)
    }

    /// Sees every lead of the segment, page by page.
    async fn tally(&self, run: &Run, segment: u32, round: Round) -> Result<Tally, AggregateError> {
        let (mut tally, mut plans) = (Tally::default(), BTreeMap::new());
        let mut after = None;
        loop {
            let page = self.store.scan_leads(segment, run.segments, after).await?;
            let mut leads = Vec::new();
            for (tenant, listed) in page.leads {
                let orders = self.orders(run, &mut plans, &tenant).await?;
                let is_drawn = orders.draw.takes(listed.lead.survivor.id);
                leads.push((orders.asked.clone(), is_drawn, tenant, listed));
            }
            let look = async |(asked, is_drawn, tenant, listed): Wanted| {
                let seen = self.look(round, (&asked, is_drawn), tenant, listed).await?;
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
    async fn orders<'k>(
        &self,
        run: &Run,
        known: &'k mut BTreeMap<TenantId, Orders>,
        tenant: &TenantId,
    ) -> Result<&'k mut Orders, AggregateError> {
        match known.entry(tenant.clone()) {
            Entry::Occupied(known) => Ok(known.into_mut()),
            Entry::Vacant(unknown) => {
                let plan = self.store.recount_plan(run.current_pass(), tenant).await?;
                let picture = (!run.has_picture()).then_some(run.day);
                let asked = Arc::new(Asked { picture, recounted: plan.days });
                let draw = Draw::of(run.day, plan.leads);
                Ok(unknown.insert(Orders { asked, draw }))
            }
        }
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
        self.store.keep_nightly_part(tenant, pass, segment, &counted.night).await?;
        tell_of_drift(run, segment, tenant, &counted.night);
        // A re-score kept its counts by the same segments; other ones would count leads twice.
        if let Some((version, failures)) = counted.failures.last_key_value()
            && run.segments == SCAN_SEGMENTS.get()
        {
            self.store.put_rule_failures(tenant, *version, segment, failures).await?;
        }
        Ok(())
    }
}

/// Names the leads that drifted. A metric filter sums the field `drift`, and an alarm goes by it.
fn tell_of_drift(run: &Run, segment: u32, tenant: &TenantId, night: &NightCounts) {
    if night.drift == 0 {
        return;
    }
    let leads: Vec<_> = night.drift_leads.iter().map(HomeId::to_string).collect();
    let (run, pass, drift, leads) = (run.day, run.pass, night.drift, leads.join(" "));
    let message = "leads are stored as something else than their events say";
    tracing::error!(%run, pass, segment, %tenant, drift, leads, "{message}");
}
