//! Closes a run whose segments are all done: corrects the days that it recounted and clears
//! their marks.
//!
//! Invariant: a correction is written before the counts that it sums are removed, and the same
//! pass never corrects a day twice. So closing again, from the beginning or from the middle, or
//! twice at once, ends in the same items.

use std::collections::BTreeSet;

use domain::time::{Day, Timestamp};
use dynamo::{RecountPlan, Run, keys::Pass};

use crate::{
    handler::{Aggregate, AggregateError},
    shard::Shards,
};

/// How long before a pass a mark has to be made to be cleared by it.
///
/// A mark is made before its change is committed. Ten minutes later the change was committed, or
/// the work on it died and will mark again; that leaves wide room for clocks that differ.
const SETTLED_MS: i64 = 10 * 60 * 1_000;

impl<S: Shards> Aggregate<S> {
    /// Does what follows the last segment of a pass of a run.
    pub(crate) async fn close(&self, pass: Pass) -> Result<(), AggregateError> {
        let day = pass.run;
        let run = self.store.run(day).await?.ok_or(AggregateError::NoRun(day))?;
        // What lies there after closing is half of a count, left by the slower of two workers.
        if run.pass != pass.number || run.closed {
            return self.drop_recounts(pass).await;
        }
        if !run.is_finished() {
            return Err(AggregateError::Unfinished(day));
        }
        let plans = self.store.recount_plans(pass).await?;
        for plan in &plans {
            self.correct(&run, plan).await?;
        }
        self.store.close_run(pass).await?;
        tracing::info!(run = %day, pass = pass.number, tenants = plans.len(), "the run is closed");
        Ok(())
    }

    /// Removes what is left of counting for a pass that is closed.
    pub(crate) async fn drop_recounts(&self, pass: Pass) -> Result<(), AggregateError> {
        for RecountPlan { tenant, .. } in self.store.recount_plans(pass).await? {
            self.store.drop_recount(&tenant, pass).await?;
        }
        Ok(())
    }

    async fn correct(&self, run: &Run, plan: &RecountPlan) -> Result<(), AggregateError> {
        let RecountPlan { tenant, days } = plan;
        if let (Some(first), Some(last)) = (days.first(), days.last()) {
            let runs = self.store.runs(*first, *last).await?;
            let with_rollup: BTreeSet<Day> = runs.into_iter().map(|run| run.day).collect();
            let counted = self.store.recounted(tenant, run.current_pass()).await?;
            for day in days {
                if with_rollup.contains(day) {
                    let count = counted.get(day).copied().unwrap_or_default();
                    self.store.correct_new_leads(tenant, *day, count, run.pass_started_at).await?;
                }
                self.store.clear_dirty_day(tenant, *day, settled_before(run)).await?;
            }
        }
        self.store.drop_recount(tenant, run.current_pass()).await?;
        Ok(())
    }
}

fn settled_before(run: &Run) -> Timestamp {
    run.pass_started_at.plus_millis(-SETTLED_MS)
}
