//! Brings a group of arrivals into the tables, commit by commit.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use domain::{
    edit::InvalidEdit,
    event::Arrival,
    home::{HomeId, HomeRef},
    tenant::TenantId,
    time::Timestamp,
};
use dynamo::{CommitError, MAX_ITEMS, Settings, SettingsCache, Store, StoreError};
use shelf::{Shelf, ShelfError};
use vault::{Keyring, SealError};

use crate::{
    arrivals::{EventKey, distinct, fitting, key, known, resolve},
    attempts::{Attempts, MAX_ATTEMPTS},
    generations::{Rehomed, rehome},
    keeping::keep,
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
    pub(crate) shelf: Shelf,
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
    /// An edit would not be kept as it is said.
    #[error("an edit of home {home} cannot be made")]
    Edit {
        /// The home that it would be stored in.
        home: HomeId,
        /// What is wrong with it.
        #[source]
        error: InvalidEdit,
    },
    /// The events of an idle lead could not be read, or not be brought back.
    #[error("lead {lead} could not be brought back from the archive")]
    Archive {
        /// The lead.
        lead: HomeId,
        /// What went wrong.
        #[source]
        error: ShelfError,
    },
    /// A home's key could not be made or read, or a value not be sealed under it.
    #[error("a value of a home cannot be kept")]
    Seal(#[from] SealError),
}

/// What became of a group.
#[derive(Debug, Default, PartialEq)]
pub struct Scored {
    /// How many events were stored.
    pub stored: usize,
    /// How many were stored already, or are of somebody who was erased since.
    pub known: usize,
    /// The write units that the commits took.
    pub write_units: f64,
    /// Events that address a lead that does not exist; nothing was stored for them.
    pub strays: Vec<Arrival>,
    /// The homes of the next generation to which events went, by the tombstones that they named.
    pub moved: BTreeMap<HomeId, HomeId>,
}

impl Scored {
    /// Counts what became of arrivals that named tombstones, and returns those that are to be
    /// stored.
    fn rehome(&mut self, rehomed: Rehomed) -> Vec<Arrival> {
        self.known += rehomed.dropped;
        self.strays.extend(rehomed.strays);
        self.moved.extend(rehomed.homes);
        rehomed.arrivals
    }

    /// Returns where homes live that events named.
    pub fn living(&self, named: impl IntoIterator<Item = HomeId>) -> BTreeSet<HomeId> {
        let living = |home| self.moved.get(&home).copied().unwrap_or(home);
        named.into_iter().map(living).collect()
    }
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
    /// A home that the arrivals name is a tombstone; nothing changed.
    Erased,
}

impl Scorer {
    /// Takes the tables, and the bucket that the events of idle leads are brought back from.
    pub fn new(shelf: impl Into<Shelf>) -> Self {
        let shelf = shelf.into();
        let store = shelf.store().clone();
        Self { store, shelf, settings: SettingsCache::default(), former: FormerRules::default() }
    }

    /// Reads a tenant's settings anew. Who knows that rules were published calls this before it
    /// goes on; everybody else learns of them within a minute, or from a lead that has them.
    pub async fn refresh(&self, tenant: &TenantId) -> Result<(), StoreError> {
        self.settings.refresh(&self.store, tenant).await.map(drop)
    }

    /// Stores and scores arrivals of one home, in as few commits as they fit, with the keys of the
    /// tenant whose home it is.
    ///
    /// Of several arrivals with the same event id the first counts. Those of somebody who was
    /// erased since are dropped; later ones go to the next generation of the home.
    pub async fn score(
        &self,
        keyring: &Keyring,
        home: HomeId,
        arrivals: Vec<Arrival>,
        now: Timestamp,
    ) -> Result<Scored, ScoreError> {
        let tenant = keyring.tenant();
        let mut settings = self.settings.get(&self.store, tenant).await?;
        let mut scored = Scored::default();
        let all = arrivals.len();
        let mut pending = distinct(arrivals);
        scored.known = all - pending.len();
        let Some(mut home) = resolve(&self.store, tenant, home, &pending).await? else {
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
            match self.attempt(keyring, context, home, next).await {
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
                Ok(Attempt::Erased) => {
                    pending = scored.rehome(rehome(&self.store, keyring, pending).await?);
                    home = pending.first().map_or(home, |arrival| arrival.event.home);
                    attempts.again(home.id).await?;
                }
                Err(ScoreError::Store(error)) => {
                    self.recover(context, &mut attempts, error, home.id).await?;
                }
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
        Context { store: &self.store, shelf: &self.shelf, tenant, settings, now, audit: None }
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
        keyring: &Keyring,
        context: Context<'_>,
        home: HomeRef,
        arrivals: &[Arrival],
    ) -> Result<Attempt, ScoreError> {
        let snapshot = Snapshot::read(context.store, context.tenant, home, arrivals).await?;
        if snapshot.has_tombstones() {
            return Ok(Attempt::Erased);
        }
        let known = known(context, home, arrivals, &snapshot).await?;
        if !known.is_empty() {
            return Ok(Attempt::Known(known));
        }
        let plan = plan(context, home, arrivals, snapshot).await?;
        self.carry_out(keyring, context, home.id, plan).await
    }

    /// Does what a plan says. What came to a home sealed as it travels is kept under the home's own
    /// key.
    pub(crate) async fn carry_out(
        &self,
        keyring: &Keyring,
        context: Context<'_>,
        home: HomeId,
        plan: Plan,
    ) -> Result<Attempt, ScoreError> {
        let (mut commit, past_days) = match plan {
            Plan::Commit { commit, past_days } => (commit, past_days),
            Plan::Unsettled => return Ok(Attempt::Again),
            Plan::Outdated(lead) => return Ok(Attempt::Outdated(lead)),
            Plan::Stale(leads) => return self.freshen(context, leads).await,
        };
        if commit.len() > MAX_ITEMS {
            return Err(ScoreError::TooLarge(home));
        }
        for home in &mut commit.homes {
            keep(keyring, home)?;
        }
        // The mark comes first: a run that dies before the commit leaves a mark too many, never
        // one too few.
        if let Some(days) = past_days {
            context.store.mark_dirty_days(context.tenant, &days, context.now).await?;
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
