//! Works one segment: every lead is listed by its score as of now and counted as of the day's
//! end.
//!
//! Invariant: nothing is counted into the table before the whole segment was seen, so what a
//! partial holds comes from one pass over it.

use std::{sync::Arc, time::Instant};

use domain::{
    event::Event,
    fold::{fold_recording, sorted},
    lead::{Cause, Crossing, Lead},
    rules::Rules,
    state::State,
    tenant::TenantId,
    time::{Day, Timestamp},
    view::shown,
};
use dynamo::{ListedLead, Run, SCAN_SEGMENTS, Settings, Standing, StoreError, keys::Pass};
use futures_util::{StreamExt, TryStreamExt, stream};

use crate::{
    handler::{Aggregate, AggregateError},
    picture::{picture, state_at_end, went_on_after},
    shard::{Shard, Shards},
    tally::{Seen, Tally, TenantTally},
};

/// How many leads are under way at once.
const AT_ONCE: usize = 16;

/// What a lead is.
struct States {
    /// With all its events.
    state: State,
    /// At the end of the day, if it had events by then.
    then: State,
    /// Whether its events were read.
    refolded: bool,
}

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
            return self.drop_recounts(pass).await;
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
                self.store.drop_recount(tenant, run.current_pass()).await?;
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
        let mut tally = Tally::default();
        let mut after = None;
        loop {
            let page = self.store.scan_leads(segment, run.segments, after).await?;
            let look = |(tenant, listed)| self.look(run.day, tenant, listed, now);
            let mut looks =
                stream::iter(page.leads.into_iter().map(look)).buffer_unordered(AT_ONCE);
            while let Some(seen) = looks.try_next().await? {
                tally.count(seen);
            }
            after = page.next;
            if after.is_none() {
                return Ok(tally);
            }
        }
    }

    /// Looks at one lead: lists it anew if need be, and takes its picture of the day.
    async fn look(
        &self,
        day: Day,
        tenant: TenantId,
        listed: ListedLead,
        now: Timestamp,
    ) -> Result<Seen, AggregateError> {
        let ListedLead { lead, standing, is_placed } = listed;
        let settings = self.settings_for(&tenant, &lead).await?;
        let rules = &settings.rules;
        let States { state, then, refolded } = self.states(&tenant, &lead, rules, day).await?;
        let now_shown = shown(&state, rules, now);
        let fresh = Standing { score: now_shown.score, stage: now_shown.stage };
        // What new rules do to a stage is noted where the state is brought to them, once.
        let is_current = lead.state.is_current(rules.version());
        let crossing = Crossing::between(standing.stage, fresh.stage, Cause::Decay);
        let crossing = crossing.filter(|_| is_current);
        let picture = picture(&then, rules, day);
        let is_deleted = state.work.deleted;
        let first_seen_on = state.first_seen_at.map(Timestamp::day).filter(|_| !is_deleted);
        let has_conditions = rules.set().rules.iter().any(|rule| rule.when.is_some());
        let failures = has_conditions.then(|| (rules.version(), state.failures.clone()));
        // Nobody sees by what a deleted lead would be listed.
        let refreshed = (!is_placed || fresh != standing && !is_deleted) && {
            let lead = Lead { state, ..lead };
            self.store.refresh_standing(&tenant, &lead, fresh, crossing).await?
        };
        Ok(Seen { tenant, picture, first_seen_on, refolded, refreshed, failures })
    }

    /// Returns a lead's state now and at the end of the day; reads its events only if what is
    /// stored does not tell.
    async fn states(
        &self,
        tenant: &TenantId,
        lead: &Lead,
        rules: &Rules,
        day: Day,
    ) -> Result<States, AggregateError> {
        let stored = &lead.state;
        let is_current = stored.is_current(rules.version());
        if is_current && !went_on_after(stored, day) {
            return Ok(States { state: stored.clone(), then: stored.clone(), refolded: false });
        }
        // The semaphore is never closed.
        let _permit = self.refolds.acquire().await.ok();
        let events = sorted(self.events(tenant, lead).await?);
        let then = state_at_end(rules, &events, day);
        let state =
            if is_current { stored.clone() } else { fold_recording(rules, &events, &mut ()) };
        Ok(States { state, then, refolded: true })
    }

    /// Returns settings at least as new as those that the lead was scored by.
    async fn settings_for(
        &self,
        tenant: &TenantId,
        lead: &Lead,
    ) -> Result<Arc<Settings>, AggregateError> {
        let known = self.settings.get(&self.store, tenant).await?;
        if !lead.state.is_newer_than(known.rules.version()) {
            return Ok(known);
        }
        let read = Arc::new(self.store.settings(tenant).await?);
        if lead.state.is_newer_than(read.rules.version()) {
            return Err(AggregateError::Outdated(lead.survivor.id));
        }
        Ok(read)
    }

    /// Reads the events of all homes of a lead.
    async fn events(&self, tenant: &TenantId, lead: &Lead) -> Result<Vec<Event>, StoreError> {
        let homes = lead.members.iter().filter(|member| member.has_events);
        self.store.foldable_events(tenant, homes.map(|member| member.home.id)).await
    }

    /// Keeps what the segment counted for one tenant.
    async fn keep(
        &self,
        run: &Run,
        segment: u32,
        tenant: &TenantId,
        counted: &TenantTally,
    ) -> Result<(), AggregateError> {
        // The first pass took the picture; where it saw nothing, there is nothing to add.
        if !run.has_picture() && counted.rollup.leads > 0 {
            self.store.keep_rollup_partial(tenant, run.day, segment, &counted.rollup).await?;
        }
        let plan = self.store.recount_plan(run.current_pass(), tenant).await?;
        let new_leads = counted.new_leads_of(&plan.days);
        if !new_leads.is_empty() {
            self.store.keep_recount(tenant, run.current_pass(), segment, new_leads).await?;
        }
        // A re-score kept its counts by the same segments; other ones would count leads twice.
        if let Some((version, failures)) = counted.failures.last_key_value()
            && run.segments == SCAN_SEGMENTS.get()
        {
            self.store.put_rule_failures(tenant, *version, segment, failures).await?;
        }
        Ok(())
    }
}
