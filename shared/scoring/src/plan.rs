//! Plans a commit: which homes and leads the new events of one home change, and how.
//!
//! Invariant: a commit that brings events finds every lead it writes at the active rules. One that
//! is not is brought there first, by a commit of its own, so that what the rules did to a stage is
//! never taken for what the events did.

use std::collections::BTreeSet;

use domain::{
    audit::AuditEntry,
    event::{Arrival, Event},
    family::Member,
    home::{HomeId, HomeRef},
    lead::{Cause, Crossing, Lead},
    stage::Stage,
    state::State,
    tenant::TenantId,
    time::{Day, Timestamp},
    view::shown,
};
use dynamo::{ChangedLead, Commit, Settings, Standing, Store, StoreError};

use crate::{
    fresh::{applied, refolded},
    relink,
    snapshot::Snapshot,
};

/// What planning needs beside the events.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Context<'a> {
    pub store: &'a Store,
    pub tenant: &'a TenantId,
    pub settings: &'a Settings,
    pub now: Timestamp,
    /// What the audit log is to say of the commit, where people asked for it.
    pub audit: Option<&'a AuditEntry>,
}

/// What to do with some arrivals of one home.
#[derive(Debug)]
pub(crate) enum Plan {
    /// Write this, after marking these past days as changed.
    Commit { commit: Box<Commit>, past_days: BTreeSet<Day> },
    /// What was read does not fit together: another run is changing it. Read again.
    Unsettled,
    /// A lead was scored by newer code or newer rules than this run knows.
    Outdated(HomeId),
    /// These leads were scored by older code or older rules: bring them to the active ones first.
    Stale(Vec<HomeId>),
}

impl Plan {
    /// Returns the lead that will answer for a home, if the plan writes it.
    pub fn lead_of(&self, home: HomeId) -> Option<&Lead> {
        let Self::Commit { commit, .. } = self else { return None };
        let mut written = commit.leads.iter().map(|changed| &changed.lead);
        written.find(|lead| lead.has_member(home))
    }
}

/// Plans the commit of `arrivals`, all of one home and none of them known to be stored.
pub(crate) async fn plan(
    context: Context<'_>,
    home: HomeRef,
    arrivals: &[Arrival],
    mut snapshot: Snapshot,
) -> Result<Plan, StoreError> {
    for arrival in arrivals {
        snapshot.declare(arrival);
    }
    let events: Vec<Event> = arrivals.iter().map(|arrival| arrival.event.clone()).collect();
    if snapshot.relinked.is_empty() {
        plan_in_place(context, home, events, &snapshot).await
    } else {
        relink::plan(context, home, events, snapshot).await
    }
}

/// Plans new events of a home whose family stays as it is.
async fn plan_in_place(
    context: Context<'_>,
    home: HomeRef,
    events: Vec<Event>,
    snapshot: &Snapshot,
) -> Result<Plan, StoreError> {
    let Some(lead) = snapshot.lead_of(home.id) else { return Ok(Plan::Unsettled) };
    let version = context.settings.rules.version();
    if lead.state.is_newer_than(version) {
        return Ok(Plan::Outdated(lead.survivor.id));
    }
    if !lead.state.is_current(version) {
        return Ok(Plan::Stale(vec![lead.survivor.id]));
    }
    let state = match applied(&lead.state, &context.settings.rules, &events) {
        Some(state) => state,
        None => context.refold(&lead.members, &events).await?,
    };
    let crossing = context.crossing(&lead.state, &state, Cause::Event);
    let changed = Lead { version: lead.version + 1, state, crossing, ..lead.clone() };
    let past_days = context.past_days(&events, [(Some(lead), Some(&changed))]);
    let commit = Commit {
        events,
        homes: snapshot.changed.iter().filter_map(|id| snapshot.homes.get(id)).cloned().collect(),
        leads: vec![context.changed_lead(changed, Some(lead.version))],
        audit: context.audit.cloned(),
        ..Commit::default()
    };
    Ok(Plan::Commit { commit: Box::new(commit), past_days })
}

impl Context<'_> {
    /// Folds what the members' homes hold together with new events.
    pub async fn refold(self, members: &[Member], new: &[Event]) -> Result<State, StoreError> {
        let homes = members.iter().filter(|member| member.has_events).map(|member| member.home.id);
        let homes: Vec<HomeId> = homes.collect();
        refolded(self.store, self.tenant, &self.settings.rules, homes, new).await
    }

    /// Returns the stage that a state shows now.
    pub fn stage(self, state: &State) -> Stage {
        shown(state, &self.settings.rules, self.now).stage
    }

    /// Compares the stages that two states of a lead show now.
    pub fn crossing(self, before: &State, after: &State, cause: Cause) -> Option<Crossing> {
        Crossing::between(self.stage(before), self.stage(after), cause)
    }

    /// Returns a lead as it is to be written, listed by what it shows now.
    pub fn changed_lead(self, lead: Lead, read_version: Option<u64>) -> ChangedLead {
        let shown = shown(&lead.state, &self.settings.rules, self.now);
        let standing = Standing { score: shown.score, stage: shown.stage };
        ChangedLead { lead, read_version, standing }
    }

    /// Finds the days before today whose counts a commit changes: those of its events, and those
    /// on which a lead was first seen and now is not, or the other way round. Edits are counted
    /// nowhere, and no more is a deleted lead.
    pub fn past_days<'l>(
        self,
        events: &[Event],
        leads: impl IntoIterator<Item = (Option<&'l Lead>, Option<&'l Lead>)>,
    ) -> BTreeSet<Day> {
        let today = self.now.day();
        let first_seen = |lead: Option<&Lead>| {
            let state = lead.map(|lead| &lead.state).filter(|state| !state.work.deleted);
            state.and_then(|state| state.first_seen_at).map(Timestamp::day)
        };
        let counted = events.iter().filter(|event| event.edit.is_none());
        let mut days: BTreeSet<Day> = counted.map(|event| event.timestamp.day()).collect();
        for (before, after) in leads {
            let (before, after) = (first_seen(before), first_seen(after));
            if before != after {
                days.extend(before.into_iter().chain(after));
            }
        }
        days.into_iter().filter(|day| *day < today).collect()
    }
}
