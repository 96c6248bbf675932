//! Looks at one lead: lists it by its score as of now, takes what it adds to the days that are asked
//! for, and does to it what is due.
//!
//! Invariant: its events are read only if what is stored does not tell, or to audit it, and then
//! once, however many days are asked for. What it adds to a day does not depend on what is done to
//! it.

use std::sync::Arc;

use domain::{
    fold::sorted,
    lead::{Cause, Crossing, Lead},
    rollup::{History, LeadDay, needs_events},
    rules::Rules,
    state::State,
    tenant::TenantId,
    time::Timestamp,
    view::shown,
};
use dynamo::{ListedLead, Settings, Standing, StoreError};
use lambda::budget::Budget;

use lambda::keyrings::Keyrings;

use crate::{
    clock::Clock,
    handler::{Aggregate, AggregateError},
    idle::is_concerned,
    tally::{Asked, Kept, Seen},
};

/// When a segment is worked.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Round {
    /// When the pass began. What is due by then is done, whenever the segment is worked.
    pub began: Timestamp,
    /// When the work on it began, not before that.
    pub now: Timestamp,
    /// Tells how long that goes on.
    pub clock: Clock,
    /// The time that there is for what can wait for another night.
    pub budget: Budget,
}

/// What a lead is and was.
struct Looked {
    history: History,
    /// Its state by its events, if they were read.
    replayed: Option<State>,
}

impl<S, K: Keyrings> Aggregate<S, K> {
    /// Looks at one lead. One that is drawn is audited, too.
    pub(crate) async fn look(
        &self,
        round: Round,
        (asked, is_drawn): (&Asked, bool),
        tenant: TenantId,
        listed: ListedLead,
    ) -> Result<Seen, AggregateError> {
        let settings = self.settings_for(&tenant, &listed.lead).await?;
        let rules = settings.rules.clone();
        let looked = self.history(&tenant, &listed.lead, &rules, (asked, is_drawn)).await?;
        let Looked { history: History { state, days }, replayed } = looked;
        let refolded = replayed.is_some();
        let drifts = match replayed.filter(|_| is_drawn) {
            Some(replayed) => self.drifts(&tenant, &listed.lead, &rules, &replayed).await?,
            None => None,
        };
        let has_conditions = rules.set().rules.iter().any(|rule| rule.when.is_some());
        let failures = has_conditions.then(|| (rules.version(), state.failures.clone()));
        let (lead, retention) = (listed.lead.survivor.id, settings.retention);
        let is_idle = is_concerned(&listed.lead, round, retention);
        let idle = is_idle.then(|| listed.lead.clone());
        let mut kept = self.retain(round, &tenant, (&listed.lead, &state), retention).await?;
        let refreshed = match kept {
            Kept::Erased(_) => false,
            Kept::Stays | Kept::Archived | Kept::Postponed => {
                self.relist(round, &tenant, listed, state, &rules).await?
            }
        };
        // After it is listed anew: each step of a move raises its version.
        if let (Kept::Stays, Some(lead)) = (kept, &idle) {
            kept = Box::pin(self.archive(round, &tenant, lead, retention)).await?;
        }
        Ok(Seen { tenant, lead, rules, days, refolded, refreshed, drifts, kept, failures })
    }

    /// Lists a lead by its score as of now, and tells whether this pass listed it anew.
    async fn relist(
        &self,
        round: Round,
        tenant: &TenantId,
        listed: ListedLead,
        state: State,
        rules: &Rules,
    ) -> Result<bool, StoreError> {
        let ListedLead { lead, standing, is_placed, relisted_at } = listed;
        let now_shown = shown(&state, rules, round.now);
        let fresh = Standing { score: now_shown.score, stage: now_shown.stage };
        // Nobody sees by what a deleted lead would be listed.
        let is_deleted = state.work.is_deleted(lead.survivor.id);
        if is_placed && (fresh == standing || is_deleted) {
            // An earlier try at the segment may have done it.
            return Ok(relisted_at.is_some_and(|at| at >= round.began));
        }
        // What new rules do to a stage is noted where the state is brought to them, once.
        let is_current = lead.state.is_current(rules.version());
        let crossing = Crossing::between(standing.stage, fresh.stage, Cause::Decay);
        let crossing = crossing.filter(|_| is_current);
        let lead = Lead { state, ..lead };
        self.store.refresh_standing(tenant, &lead, fresh, crossing, round.now).await
    }

    /// Returns what a lead is now and what it adds to the days that are asked for.
    async fn history(
        &self,
        tenant: &TenantId,
        lead: &Lead,
        rules: &Rules,
        (asked, is_drawn): (&Asked, bool),
    ) -> Result<Looked, AggregateError> {
        let (stored, survivor) = (&lead.state, lead.survivor.id);
        let is_current = stored.is_current(rules.version());
        // Of a state of other rules nobody knows what the days of the lead are now.
        let days = if is_current { asked.days_of(stored) } else { asked.days() };
        if is_current && !is_drawn && !days.iter().any(|day| needs_events(stored, *day)) {
            let told = |day| Some((day, LeadDay::of_state(rules, stored, survivor, day)?));
            let days = days.into_iter().filter_map(told).collect();
            let history = History { days, state: stored.clone() };
            return Ok(Looked { history, replayed: None });
        }
        // The semaphore is never closed.
        let _permit = self.refolds.acquire().await.ok();
        let events = sorted(self.shelf.events(tenant, lead).await?);
        let mut history = History::of(rules, &events, survivor, days);
        let replayed = Some(history.state.clone());
        if is_current {
            history.state = stored.clone();
        }
        Ok(Looked { history, replayed })
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
}
