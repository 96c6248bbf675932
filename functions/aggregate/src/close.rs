//! Closes a run whose segments are all done: puts the partials of each tenant together, corrects
//! the days that it recounted and clears their marks, and writes down what the night did.
//!
//! Invariant: a rollup is written before the partials that it sums are removed, a correction before
//! its counts, the record of the night before its parts, and the same pass never corrects a day
//! twice. So closing again, from the beginning or from the middle, or twice at once, ends in the
//! same items.

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    rollup::{Counts, Dimensions},
    tenant::TenantId,
    time::{Day, Timestamp},
};
use dynamo::{DirtyDays, NightlyRun, RecountPlan, Run, keys::Pass};

use lambda::keyrings::Keyrings;

use crate::{
    handler::{Aggregate, AggregateError},
    shard::Shards,
};

/// How long before a pass a mark has to be made to be cleared by it.
///
/// A mark is made before its change is committed. Ten minutes later the change was committed, or
/// the work on it died and will mark again; that leaves wide room for clocks that differ.
const SETTLED_MS: i64 = 10 * 60 * 1_000;

impl<S: Shards, K: Keyrings> Aggregate<S, K> {
    /// Does what follows the last segment of a pass of a run.
    pub(crate) async fn close(&self, pass: Pass, now: Timestamp) -> Result<(), AggregateError> {
        let day = pass.run;
        let run = self.store.run(day).await?.ok_or(AggregateError::NoRun(day))?;
        // What lies there after closing is half of a count, left by the slower of two workers.
        if run.pass != pass.number || run.closed {
            return self.drop_leftovers(pass).await;
        }
        if !run.is_finished() {
            return Err(AggregateError::Unfinished(day));
        }
        let plans = self.store.recount_plans(pass).await?;
        let mut drift = 0;
        for plan in &plans {
            self.store.settle_rollup(&plan.tenant, day).await?;
            self.correct(&run, plan).await?;
            self.clear_marks(&run, plan).await?;
            drift += self.record(&run, &plan.tenant, now).await?;
            self.queue_cleaning(&plan.tenant).await?;
            self.drop_counted(&plan.tenant, pass).await?;
        }
        self.store.close_run(pass).await?;
        // Where there is some, its segments have said so: what the alarm sums is logged once.
        let drift = (drift == 0).then_some(drift);
        let tenants = plans.len();
        tracing::info!(run = %day, pass = pass.number, tenants, drift, "the run is closed");
        Ok(())
    }

    /// Writes down what the run did for a tenant, and returns how many leads drifted.
    async fn record(
        &self,
        run: &Run,
        tenant: &TenantId,
        now: Timestamp,
    ) -> Result<u64, AggregateError> {
        let pass = run.current_pass();
        let counts = self.store.nightly_parts(tenant, pass).await?;
        let (drift, started_at) = (counts.drift, run.pass_started_at);
        let finished_at = now.max(started_at);
        let record = NightlyRun { pass, started_at, finished_at, shards: run.segments, counts };
        self.store.keep_nightly_run(tenant, &record).await?;
        Ok(drift)
    }

    /// Removes what is left of counting for a pass that is closed.
    pub(crate) async fn drop_leftovers(&self, pass: Pass) -> Result<(), AggregateError> {
        for RecountPlan { tenant, .. } in self.store.recount_plans(pass).await? {
            self.drop_counted(&tenant, pass).await?;
        }
        Ok(())
    }

    /// Removes what the segments kept for a tenant in a pass, and last the plan by which it is
    /// found.
    pub(crate) async fn drop_counted(
        &self,
        tenant: &TenantId,
        pass: Pass,
    ) -> Result<(), AggregateError> {
        self.store.drop_rollup_partials(tenant, pass.run).await?;
        Ok(self.store.drop_recount(tenant, pass).await?)
    }

    async fn correct(&self, run: &Run, plan: &RecountPlan) -> Result<(), AggregateError> {
        let RecountPlan { tenant, days, .. } = plan;
        for day in days {
            let counted = self.store.recounted(tenant, run.current_pass(), *day).await?;
            let names = self.store.rollup_names(tenant, *day).await?.with_those_of(&counted);
            let mut counts: BTreeMap<Dimensions, Counts> = BTreeMap::new();
            for (dimensions, more) in counted {
                *counts.entry(names.fold(dimensions)).or_default() += more;
            }
            self.store.correct_counts(tenant, *day, &counts, run.pass_started_at).await?;
        }
        Ok(())
    }

    /// Clears the marks of the days that were counted. A mark that holds others too is made to end
    /// with the last of them, if that is before its end.
    async fn clear_marks(&self, run: &Run, plan: &RecountPlan) -> Result<(), AggregateError> {
        let RecountPlan { tenant, days, .. } = plan;
        let marks = self.store.dirty_days_before(tenant, run.day.next()).await?;
        let until = marks.iter().map(|mark| mark.until).max();
        let (Some(first), Some(until)) = (marks.first(), until) else { return Ok(()) };
        // A day without a run has no rollup, and one that gets its run later is counted by it.
        let runs = self.store.runs(first.first, until).await?;
        let counted: BTreeSet<Day> = days.iter().copied().chain([run.day]).collect();
        let mut uncounted: Vec<Day> = runs.into_iter().map(|run| run.day).collect();
        uncounted.retain(|day| !counted.contains(day));
        for mark in marks {
            match uncounted.iter().rfind(|day| mark.holds(**day)) {
                None => self.store.clear_dirty_days(tenant, mark, settled_before(run)).await?,
                Some(last) if *last < mark.until => {
                    self.shorten(run, tenant, mark, *last).await?;
                }
                Some(_) => {}
            }
        }
        Ok(())
    }

    async fn shorten(
        &self,
        run: &Run,
        tenant: &TenantId,
        mark: DirtyDays,
        until: Day,
    ) -> Result<(), AggregateError> {
        let before = settled_before(run);
        Ok(self.store.shorten_dirty_days(tenant, mark, until, before).await?)
    }
}

fn settled_before(run: &Run) -> Timestamp {
    run.pass_started_at.plus_millis(-SETTLED_MS)
}
