//! Brings a lead to the active rules and the code of today: the fold of the same events, anew.
//!
//! Invariant: the commit brings no event and changes no family, and a lead that is current is not
//! touched. Events that come meanwhile raise the lead's version, and the commit gives way to them.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use domain::{
    event::Event,
    fold::fold,
    home::HomeId,
    lead::{Cause, Crossing, Lead},
    rules::Rules,
    stage::Stage,
    tenant::TenantId,
    time::Timestamp,
    view::shown,
};
use dynamo::{Commit, CommitError, Store, StoreError};
use shelf::ShelfError;

use crate::{
    attempts::Attempts,
    plan::Context,
    scorer::{Attempt, ScoreError, Scorer},
};

/// How many former rule sets are remembered.
const MOST_REMEMBERED: usize = 64;

/// What became of a lead.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Rescored {
    /// Whether it was written: it was not current.
    pub written: bool,
    /// The write units that took.
    pub write_units: f64,
    /// What that did to its stage, each stage by the rules of its own version.
    pub crossing: Option<Crossing>,
    /// The stage that it was written with.
    pub stage: Option<Stage>,
}

/// Rule sets that leads were scored by before: immutable, so each is read once.
#[derive(Debug, Default)]
pub(crate) struct FormerRules(Mutex<HashMap<(TenantId, u32), Rules>>);

impl Scorer {
    /// Brings one lead to the active rules, unless it is there. One that was taken in by another
    /// meanwhile is left to that one.
    ///
    /// The active rules are those known: see [`Scorer::refresh`].
    pub async fn rescore(
        &self,
        tenant: &TenantId,
        survivor: HomeId,
        now: Timestamp,
    ) -> Result<Rescored, ScoreError> {
        let mut settings = self.settings.get(&self.store, tenant).await?;
        let mut attempts = Attempts::default();
        loop {
            let context = self.context(tenant, &settings, now);
            match rescore_lead(context, &self.former, survivor).await {
                Ok(Step::Done(rescored)) => return Ok(rescored),
                Ok(Step::Outdated) => settings = self.newer(tenant, &settings, survivor).await?,
                Ok(Step::Again) => attempts.again(survivor).await?,
                Err(ScoreError::Store(error)) => attempts.after(error, survivor).await?,
                Err(error) => return Err(error),
            }
        }
    }
}

enum Step {
    Done(Rescored),
    Outdated,
    Again,
}

/// Makes one attempt for a commit that waits for it; `None` when there is nothing to do.
pub(crate) async fn rescore_once(
    context: Context<'_>,
    former: &FormerRules,
    survivor: HomeId,
) -> Result<Option<Attempt>, ScoreError> {
    let step = rescore_lead(context, former, survivor).await?;
    Ok(match step {
        Step::Done(Rescored { written: false, .. }) => None,
        Step::Done(rescored) => Some(Attempt::Committed(rescored.write_units)),
        Step::Outdated => Some(Attempt::Outdated(survivor)),
        Step::Again => Some(Attempt::Again),
    })
}

async fn rescore_lead(
    context: Context<'_>,
    former: &FormerRules,
    survivor: HomeId,
) -> Result<Step, ScoreError> {
    let Some(lead) = context.store.lead(context.tenant, survivor).await? else {
        return Ok(Step::Done(Rescored::default()));
    };
    let version = context.settings.rules.version();
    if lead.state.is_newer_than(version) {
        return Ok(Step::Outdated);
    }
    if lead.state.is_current(version) {
        return Ok(Step::Done(Rescored::default()));
    }
    let state = fold(&context.settings.rules, events(context, &lead).await?);
    let before = former.stage_of(context, &lead).await?;
    let stage = context.stage(&state);
    let crossing = Crossing::between(before, stage, Cause::Rescore);
    let read_version = Some(lead.version);
    let changed = Lead { version: lead.version + 1, state, crossing, ..lead.clone() };
    // Other rules move the days on which a lead is new and converts. The mark comes before the
    // commit, as in every commit.
    if let Some(days) = context.past_days(&[], [(Some(&lead), Some(&changed))]) {
        context.store.mark_dirty_days(context.tenant, &days, context.now).await?;
    }
    let leads = vec![context.changed_lead(changed, read_version)];
    let commit = Commit { leads, ..Commit::default() };
    match context.store.commit(context.tenant, &commit).await {
        Ok(write_units) => {
            let stage = Some(stage);
            Ok(Step::Done(Rescored { written: true, write_units, crossing, stage }))
        }
        Err(CommitError::Changed | CommitError::Stored(_)) => Ok(Step::Again),
        Err(CommitError::Store(error)) => Err(error.into()),
    }
}

/// Reads the events of a lead. Those of an idle one stay in the archive: a re-score brings none.
async fn events(context: Context<'_>, lead: &Lead) -> Result<Vec<Event>, ScoreError> {
    match context.shelf.events(context.tenant, lead).await {
        Ok(events) => Ok(events),
        Err(ShelfError::Store(error)) => Err(error.into()),
        Err(error) => Err(ScoreError::Archive { lead: lead.survivor.id, error }),
    }
}

impl FormerRules {
    /// Returns the stage that a lead shows now by the rules that it was scored by.
    async fn stage_of(&self, context: Context<'_>, lead: &Lead) -> Result<Stage, StoreError> {
        let version = lead.state.rule_set;
        if version == context.settings.rules.version() {
            return Ok(context.stage(&lead.state));
        }
        let rules = self.get(context.store, context.tenant, version).await?;
        Ok(shown(&lead.state, &rules, context.now).stage)
    }

    async fn get(
        &self,
        store: &Store,
        tenant: &TenantId,
        version: u32,
    ) -> Result<Rules, StoreError> {
        let key = (tenant.clone(), version);
        if let Some(rules) = self.remembered(&key) {
            return Ok(rules);
        }
        let rules = store.rules(tenant, version).await?;
        let mut remembered = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if remembered.len() >= MOST_REMEMBERED {
            remembered.clear();
        }
        remembered.insert(key, rules.clone());
        Ok(rules)
    }

    fn remembered(&self, key: &(TenantId, u32)) -> Option<Rules> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(key).cloned()
    }
}
