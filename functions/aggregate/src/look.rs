//! Looks at one lead: lists it by its score as of now, and takes what it adds to the days that are
//! asked for.
//!
//! Invariant: its events are read only if what is stored does not tell, and then once, however many
//! days are asked for.

use std::sync::Arc;

use domain::{
    event::Event,
    fold::sorted,
    lead::{Cause, Crossing, Lead},
    rollup::{History, LeadDay, needs_events},
    rules::Rules,
    tenant::TenantId,
    time::Timestamp,
    view::shown,
};
use dynamo::{ListedLead, Settings, Standing, StoreError};

use crate::{
    handler::{Aggregate, AggregateError},
    tally::{Asked, Seen},
};

/// What a lead is and was.
struct Looked {
    history: History,
    /// Whether its events were read.
    refolded: bool,
}

impl<S> Aggregate<S> {
    /// Looks at one lead.
    pub(crate) async fn look(
        &self,
        asked: &Asked,
        tenant: TenantId,
        listed: ListedLead,
        now: Timestamp,
    ) -> Result<Seen, AggregateError> {
        let ListedLead { lead, standing, is_placed } = listed;
        let settings = self.settings_for(&tenant, &lead).await?;
        let rules = settings.rules.clone();
        let Looked { history, refolded } = self.history(&tenant, &lead, &rules, asked).await?;
        let History { state, days } = history;
        let now_shown = shown(&state, &rules, now);
        let fresh = Standing { score: now_shown.score, stage: now_shown.stage };
        // What new rules do to a stage is noted where the state is brought to them, once.
        let is_current = lead.state.is_current(rules.version());
        let crossing = Crossing::between(standing.stage, fresh.stage, Cause::Decay);
        let crossing = crossing.filter(|_| is_current);
        let is_deleted = state.work.is_deleted(lead.survivor.id);
        let has_conditions = rules.set().rules.iter().any(|rule| rule.when.is_some());
        let failures = has_conditions.then(|| (rules.version(), state.failures.clone()));
        // Nobody sees by what a deleted lead would be listed.
        let refreshed = (!is_placed || fresh != standing && !is_deleted) && {
            let lead = Lead { state, ..lead };
            self.store.refresh_standing(&tenant, &lead, fresh, crossing).await?
        };
        Ok(Seen { tenant, rules, days, refolded, refreshed, failures })
    }

    /// Returns what a lead is now and what it adds to the days that are asked for.
    async fn history(
        &self,
        tenant: &TenantId,
        lead: &Lead,
        rules: &Rules,
        asked: &Asked,
    ) -> Result<Looked, AggregateError> {
        let (stored, survivor) = (&lead.state, lead.survivor.id);
        let is_current = stored.is_current(rules.version());
        // Of a state of other rules nobody knows what the days of the lead are now.
        let days = if is_current { asked.days_of(stored) } else { asked.days() };
        if is_current && !days.iter().any(|day| needs_events(stored, *day)) {
            let told = |day| Some((day, LeadDay::of_state(rules, stored, survivor, day)?));
            let days = days.into_iter().filter_map(told).collect();
            let history = History { days, state: stored.clone() };
            return Ok(Looked { history, refolded: false });
        }
        // The semaphore is never closed.
        let _permit = self.refolds.acquire().await.ok();
        let events = sorted(self.events(tenant, lead).await?);
        let mut history = History::of(rules, &events, survivor, days);
        if is_current {
            history.state = stored.clone();
        }
        Ok(Looked { history, refolded: true })
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
}
