//! Brings a group of arrivals into the tables, commit by commit.

use std::{collections::BTreeSet, sync::Arc};

use domain::{
    event::Arrival,
    home::{HomeId, HomeRef},
    tenant::TenantId,
    time::Timestamp,
};
use dynamo::{CommitError, MAX_ITEMS, Settings, SettingsCache, Store, StoreError};

use crate::{
    arrivals::{EventKey, distinct, fitting, key, known, resolve},
    attempts::{Attempts, MAX_ATTEMPTS},
    plan::{Context, Plan, plan},
    rescore::{FormerRules, rescore_once},
    snapshot::Snapshot,
};

/// How many events go into one commit at most; the rest of a transaction is for homes and leads.
pub const MAX_EVENTS: usize = 90;

/// Writes leads.
#[derive(Debug)]
pub struct Scorer {
    pub(crate) store: Store,
    pub(crate) settings: SettingsCache,
    pub(crate) former: FormerRules,
}

/// Why a group was not scored to its end. What was committed before stays.
#[derive(Debug, thiserror::Error)]
pub enum ScoreError {
    /// A table did not do its part.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Other runs kept changing the same family.
    #[error("lead {0} kept changing under {MAX_ATTEMPTS} attempts")]
    Contended(HomeId),
    /// The lead was scored by newer code, or by rules that are not published.
    #[error("lead {0} was scored by a newer version")]
    Outdated(HomeId),
    /// One event with its family is more than a transaction takes.
    #[error("an event of lead {0} changes more items than a transaction takes")]
    TooLarge(HomeId),
}

/// What became of a group.
#[derive(Debug, Default, PartialEq)]
pub struct Scored {
    /// How many events were stored.
    pub stored: usize,
    /// How many were stored already.
    pub known: usize,
    /// The write units that the commits took.
    pub write_units: f64,
    /// Events that address a lead that does not exist; nothing was stored for them.
    pub strays: Vec<Arrival>,
}

/// What one attempt came to.
pub(crate) enum Attempt {
    /// The arrivals are stored, for so many write units.
    Committed(f64),
    /// These arrivals were stored before.
    Known(BTreeSet<EventKey>),
    /// Leads were brought to the active rules first, for so many write units.
    Freshened(f64),
    /// This lead is at newer rules than the settings in hand.
    Outdated(HomeId),
    /// Another run was faster; nothing changed.
    Again,
}

impl Scorer {
    /// Takes the tables.
    pub fn new(store: Store) -> Self {
        Self { store, settings: SettingsCache::default(), former: FormerRules::default() }
    }

    /// Reads a tenant's settings anew. Who knows that rules were published calls this before it
    /// goes on; everybody else learns of them within a minute, or from a lead that has them.
    pub async fn refresh(&self, tenant: &TenantId) -> Result<(), StoreError> {
        self.settings.refresh(&self.store, tenant).await.map(drop)
    }

    /// Stores and scores arrivals of one home, in as few commits as they fit.
    ///
    /// Of several arrivals with the same event id the first counts.
    pub async fn score(
        &self,
        tenant: &TenantId,
        home: HomeId,
        arrivals: Vec<Arrival>,
        now: Timestamp,
    ) -> Result<Scored, ScoreError> {
        let mut settings = self.settings.get(&self.store, tenant).await?;
        let mut scored = Scored::default();
        let all = arrivals.len();
        let mut pending = distinct(arrivals);
        scored.known = all - pending.len();
        let Some(home) = resolve(&self.store, tenant, home, &pending).await? else {
            scored.strays = pending;
            return Ok(scored);
        };
        for arrival in &mut pending {
            arrival.event.home = home;
        }
        let (mut attempts, mut most) = (Attempts::default(), MAX_EVENTS);
        while !pending.is_empty() {
            let next = pending.get(..fitting(&pending, most)).unwrap_or(&pending);
            let context = self.context(tenant, &settings, now);
            match self.attempt(context, home, next).await {
                Ok(Attempt::Committed(write_units)) => {
                    scored.write_units += write_units;
                    scored.stored += next.len();
                    pending.drain(..next.len());
                    (attempts, most) = (Attempts::default(), MAX_EVENTS);
                }
                Ok(Attempt::Known(known)) => {
                    scored.known += known.len();
                    pending.retain(|arrival| !known.contains(&key(arrival)));
                }
                Ok(Attempt::Freshened(write_units)) => scored.write_units += write_units,
                Ok(Attempt::Outdated(lead)) => {
                    settings = self.newer(tenant, &settings, lead).await?;
                }
                Err(ScoreError::TooLarge(_)) if next.len() > 1 => most = next.len() / 2,
                Ok(Attempt::Again) => attempts.again(home.id).await?,
                Err(ScoreError::Store(error)) => attempts.after(error, home.id).await?,
                Err(error) => return Err(error),
            }
        }
        Ok(scored)
    }

    /// Returns what planning needs for a commit that nobody asked for in person.
    pub(crate) const fn context<'a>(
        &'a self,
        tenant: &'a TenantId,
        settings: &'a Settings,
        now: Timestamp,
    ) -> Context<'a> {
        Context { store: &self.store, tenant, settings, now, audit: None }
    }

    /// Reads settings that are newer than those in hand, for the sake of a lead that is.
    pub(crate) async fn newer(
        &self,
        tenant: &TenantId,
        known: &Settings,
        lead: HomeId,
    ) -> Result<Arc<Settings>, ScoreError> {
        let read = self.settings.refresh(&self.store, tenant).await?;
        if read.rules.version() <= known.rules.version() {
            return Err(ScoreError::Outdated(lead));
        }
        Ok(read)
    }

    async fn attempt(
        &self,
        context: Context<'_>,
        home: HomeRef,
        arrivals: &[Arrival],
    ) -> Result<Attempt, ScoreError> {
        let snapshot = Snapshot::read(context.store, context.tenant, home, arrivals).await?;
        let known = known(context, home, arrivals, &snapshot).await?;
        if !known.is_empty() {
            return Ok(Attempt::Known(known));
        }
        let plan = plan(context, home, arrivals, snapshot).await?;
        self.carry_out(context, home.id, plan).await
    }

    /// Does what a plan says.
    pub(crate) async fn carry_out(
        &self,
        context: Context<'_>,
        home: HomeId,
        plan: Plan,
    ) -> Result<Attempt, ScoreError> {
        let (commit, past_days) = match plan {
            Plan::Commit { commit, past_days } => (commit, past_days),
            Plan::Unsettled => return Ok(Attempt::Again),
            Plan::Outdated(lead) => return Ok(Attempt::Outdated(lead)),
            Plan::Stale(leads) => return self.freshen(context, leads).await,
        };
        if commit.len() > MAX_ITEMS {
            return Err(ScoreError::TooLarge(home));
        }
        // The mark comes first: a run that dies before the commit leaves a mark too many, never
        // one too few.
        for day in past_days {
            context.store.mark_dirty_day(context.tenant, day, context.now).await?;
        }
        match context.store.commit(context.tenant, &commit).await {
            Ok(write_units) => Ok(Attempt::Committed(write_units)),
            Err(CommitError::Stored(known)) => Ok(Attempt::Known(known)),
            Err(CommitError::Changed) => Ok(Attempt::Again),
            Err(CommitError::Store(error)) => Err(error.into()),
        }
    }

    /// Brings leads to the active rules, each by a commit of its own.
    async fn freshen(
        &self,
        context: Context<'_>,
        leads: Vec<HomeId>,
    ) -> Result<Attempt, ScoreError> {
        let mut all = 0.0;
        for lead in leads {
            match rescore_once(context, &self.former, lead).await? {
                Some(Attempt::Committed(write_units)) => all += write_units,
                // Gone, or current by now: the next plan sees it.
                None => {}
                Some(other) => return Ok(other),
            }
        }
        Ok(Attempt::Freshened(all))
    }
}
