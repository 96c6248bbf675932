//! Plans a run: fixes its segments and queues those that are not done.

use domain::time::Timestamp;

use crate::{
    handler::{Aggregate, AggregateError},
    shard::{Shard, Shards},
};

impl<S: Shards, K> Aggregate<S, K> {
    /// Plans the run of the UTC day before `scheduled_time`.
    ///
    /// A plan that came before is carried on: what it fixed stays, what is finished is not queued
    /// again. Queueing a part twice only costs the time to find that it is done. A run that is
    /// closed begins its next pass.
    pub(crate) async fn plan(
        &self,
        scheduled_time: Timestamp,
        now: Timestamp,
    ) -> Result<(), AggregateError> {
        let day = scheduled_time.day().previous();
        if now <= day.last_instant() {
            return Err(AggregateError::DayNotOver(day));
        }
        let run = self.store.begin_run(day, self.segments.get(), now).await?;
        let run = if run.closed { self.store.begin_pass(&run, now).await? } else { run };
        let pass = run.pass;
        let mut shards: Vec<_> =
            run.unfinished().map(|segment| Shard::Scan { run: day, segment, pass }).collect();
        if shards.is_empty() && !run.closed {
            shards.push(Shard::Close { run: day, pass });
        }
        self.shards.send(&shards).await?;
        let (segments, queued) = (run.segments, shards.len());
        tracing::info!(run = %day, pass, segments, queued, "the run is planned");
        Ok(())
    }
}
