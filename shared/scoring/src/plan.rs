//! Plans a commit: which homes and leads the new events of one home change, and how.
//!
//! Invariant: a commit that brings events finds every lead it writes at the active rules. One that
//! is not is brought there first, by a commit of its own, so that what the rules did to a stage is
//! never taken for what the events did.

use std::ops::RangeInclusive;

use domain::{
    archived::EventHomes,
    audit::AuditEntry,
    event::{Arrival, Event},
    home::{HomeId, HomeRef},
    lead::{Cause, Crossing, Lead},
    notification::Notification,
    stage::Stage,
    state::State,
    tenant::TenantId,
    time::{Day, Timestamp},
    user::UserId,
    view::shown,
};
use dynamo::{ChangedLead, Commit, Settings, Standing, Store, StoreError};
use shelf::Shelf;

use crate::{
    fresh::{applied, refolded},
    past::past_days,
    relink,
    scorer::ScoreError,
    snapshot::Snapshot,
};

/// What planning needs beside the events.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Context<'a> {
    pub store: &'a Store,
    pub shelf: &'a Shelf,
    pub tenant: &'a TenantId,
    pub settings: &'a Settings,
    pub now: Timestamp,
    /// What the audit log is to say of the commit, where people asked for it. Who gets a lead by
    /// it is told then; of what a job does they are told by the job.
    pub audit: Option<&'a AuditEntry>,
}

/// What to do with some arrivals of one home.
#[derive(Debug)]
pub(crate) enum Plan {
    /// Write this, after marking these past days as changed.
    Commit { commit: Box<Commit>, past_days: Option<RangeInclusive<Day>> },
    /// What was read does not fit together: another run is changing it. Read again.
    Unsettled,
    /// A lead was scored by newer code or newer rules than this run knows.
    Outdated(HomeId),
    /// These leads were scored by older code or older rules: bring them to the active ones first.
    Stale(Vec<HomeId>),
}

impl Plan {
    /// Plans a commit that changes no past day.
    pub fn of(commit: Commit) -> Self {
        Self::Commit { commit: Box::new(commit), past_days: None }
    }

    /// Returns the lead that will answer for a home, if the plan writes it.
    pub fn lead_of(&self, home: HomeId) -> Option<&Lead> {
        let Self::Commit { commit, .. } = self else { return None };
        let mut written = commit.leads.iter().map(|changed| &changed.lead);
        written.find(|lead| lead.has_member(home))
    }
}

/// Plans the commit of `arrivals`, all of one home and none of them known to be stored. An edit
/// among them that would not be kept as it is said refuses them all.
pub(crate) async fn plan(
    context: Context<'_>,
    home: HomeRef,
    arrivals: &[Arrival],
    mut snapshot: Snapshot,
) -> Result<Plan, ScoreError> {
    for arrival in arrivals {
        snapshot
            .declare(arrival)
            .map_err(|error| ScoreError::Edit { home: arrival.event.home.id, error })?;
    }
    let events: Vec<Event> = arrivals.iter().map(|arrival| arrival.event.clone()).collect();
    Ok(if snapshot.relinked.is_empty() {
        plan_in_place(context, home, events, &snapshot).await?
    } else {
        relink::plan(context, home, events, snapshot).await?
    })
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
        None => context.refold(event_homes(lead)?, &events).await?,
    };
    let crossing = context.crossing(&lead.state, &state, Cause::Event);
    let changed = Lead { version: lead.version + 1, state, crossing, ..lead.clone() };
    let past_days = context.past_days(&events, [(Some(lead), Some(&changed))]);
    let told = context.told(&events, changed.survivor.id);
    let commit = Commit {
        events,
        homes: snapshot.changed.iter().filter_map(|id| snapshot.homes.get(id)).cloned().collect(),
        leads: vec![context.changed_lead(changed, Some(lead.version))],
        audit: context.audit.cloned(),
        told,
        ..Commit::default()
    };
    Ok(Plan::Commit { commit: Box::new(commit), past_days })
}

/// Returns the homes of a lead in which events are stored.
pub(crate) fn event_homes(lead: &Lead) -> Result<EventHomes, StoreError> {
    EventHomes::of(lead).map_err(StoreError::Archived)
}

impl Context<'_> {
    /// Folds what homes hold together with new events.
    pub async fn refold(self, homes: EventHomes, new: &[Event]) -> Result<State, StoreError> {
        refolded(self.store, self.tenant, &self.settings.rules, homes, new).await
    }

    /// Finds who is to be told of new events of a lead.
    pub fn told(self, events: &[Event], lead: HomeId) -> Vec<(UserId, Notification)> {
        let events = if self.audit.is_some() { events } else { &[] };
        events.iter().filter_map(|event| Notification::of_assignment(event, lead)).collect()
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

    /// Finds the days before today whose counts a commit changes, by its events and the leads that
    /// it changes, each as it was and as it will be.
    pub fn past_days<'l>(
        self,
        events: &[Event],
        leads: impl IntoIterator<Item = (Option<&'l Lead>, Option<&'l Lead>)>,
    ) -> Option<RangeInclusive<Day>> {
        let (before, after): (Vec<_>, Vec<_>) = leads.into_iter().unzip();
        let known = |leads: Vec<Option<&'l Lead>>| leads.into_iter().flatten().collect::<Vec<_>>();
        past_days(events, &known(before), &known(after), self.now.day())
    }
}
