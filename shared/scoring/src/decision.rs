//! Merge and unmerge: what people decide about families, with the scores before and after.
//!
//! Invariant: a decision is one transaction over every home and lead it changes. One that was
//! carried out and whose answer got lost is recognised, and never carried out twice.

mod planning;

use std::collections::BTreeSet;

use domain::{
    audit::AuditEntry, event::EventId, home::HomeId, points::Points, stage::Stage, time::Timestamp,
};
use dynamo::StoreError;
use vault::Keyring;

use crate::{
    attempts::Attempts,
    decision::planning::{Planned, plan_merge, plan_parting},
    plan::{Context, Plan},
    scorer::{Attempt, ScoreError, Scorer},
};

/// How a lead is to be taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Parting {
    /// The latest manual merge in its family is undone.
    LatestMerge,
    /// The manual merge with this id is undone.
    Merge(EventId),
    /// These homes are separated from the rest.
    Homes(BTreeSet<HomeId>),
}

/// What a lead shows, at the instant of the decision under the active rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LeadScore {
    /// The lead's id.
    pub id: HomeId,
    /// The score shown.
    pub score: i64,
    /// The points behind it.
    pub points: Points,
    /// The stage of the score shown.
    pub stage: Stage,
    /// How many events count.
    pub events: u32,
}

/// What a decision did, or would do. Leads come with the highest score first; a family without
/// events has no lead.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Decided {
    /// The leads that it changes, as they were.
    pub before: Vec<LeadScore>,
    /// The leads that come out of it.
    pub after: Vec<LeadScore>,
    /// The manual merge that it records or undoes; `None` where homes are named, and where the
    /// leads are one already.
    pub merge: Option<EventId>,
}

/// Why a decision was not carried out. Nothing is changed then.
#[derive(Debug, thiserror::Error)]
pub enum DecisionError {
    /// A table failed, or other runs kept changing the same families.
    #[error(transparent)]
    Score(#[from] ScoreError),
    /// No lead answers to this id, or it was erased.
    #[error("there is no lead {0}")]
    UnknownLead(HomeId),
    /// What was to be separated is not part of the lead.
    #[error("home {0} is not part of the lead")]
    NotPart(HomeId),
    /// Everything was to be separated: nothing would be left of the lead.
    #[error("all homes of lead {0} were to be separated")]
    NothingLeft(HomeId),
    /// There is no manual merge to undo, or other links hold the lead together as well.
    #[error("lead {0} has no manual merge whose undoing would part it")]
    NothingToUnmerge(HomeId),
    /// The families are larger than one family, or one transaction, may be.
    #[error("the families of lead {0} are too large")]
    TooLarge(HomeId),
}

impl From<StoreError> for DecisionError {
    fn from(error: StoreError) -> Self {
        Self::Score(error.into())
    }
}

/// What is to be done, as far as it is known.
#[derive(Clone, Debug)]
enum Decision<'a> {
    Merge { leads: &'a [HomeId], id: &'a EventId },
    Part(Parting),
}

/// How a decision was asked for.
#[derive(Clone, Copy, Debug)]
struct Asked<'a> {
    preview: bool,
    audit: Option<&'a AuditEntry>,
    now: Timestamp,
}

impl Scorer {
    /// Merges leads by hand, each named by any home of its family. `id` names the merge, so that
    /// it can be undone; a preview reads only. What is merged is merged together with the entry in
    /// the audit log.
    pub async fn merge(
        &self,
        keyring: &Keyring,
        leads: &[HomeId],
        id: &EventId,
        preview: bool,
        audit: Option<&AuditEntry>,
        now: Timestamp,
    ) -> Result<Decided, DecisionError> {
        let Some(first) = leads.first() else { return Ok(Decided::default()) };
        let asked = Asked { preview, audit, now };
        self.decide(keyring, *first, Decision::Merge { leads, id }, asked).await
    }

    /// Takes a lead apart, named by any home of its family. A preview reads only. What is parted is
    /// parted together with the entry in the audit log.
    pub async fn unmerge(
        &self,
        keyring: &Keyring,
        lead: HomeId,
        parting: Parting,
        preview: bool,
        audit: Option<&AuditEntry>,
        now: Timestamp,
    ) -> Result<Decided, DecisionError> {
        let asked = Asked { preview, audit, now };
        self.decide(keyring, lead, Decision::Part(parting), asked).await
    }

    async fn decide(
        &self,
        keyring: &Keyring,
        lead: HomeId,
        mut decision: Decision<'_>,
        Asked { preview, audit, now }: Asked<'_>,
    ) -> Result<Decided, DecisionError> {
        let tenant = keyring.tenant();
        let mut settings = self.settings.current(&self.store, tenant).await?;
        let mut attempts = Attempts::default();
        // What an attempt would have done whose answer got lost.
        let mut sent: Option<Decided> = None;
        loop {
            let context = Context { audit, ..self.context(tenant, &settings, now) };
            let (decided, plan) = match decision.plan(context, lead, preview).await {
                Ok(Planned::AsItIs(decided)) => return Ok(sent.unwrap_or(decided)),
                Ok(Planned::Change(decided, plan)) => (decided, plan),
                Err(DecisionError::Score(ScoreError::Store(error))) => {
                    self.recover(context, &mut attempts, error, lead).await?;
                    continue;
                }
                Err(error) => return sent.filter(|_| error.may_be_done()).ok_or(error),
            };
            let is_commit = matches!(plan, Plan::Commit { .. });
            if preview && is_commit {
                return Ok(decided);
            }
            match self.carry_out(keyring, context, lead, plan).await {
                Ok(Attempt::Committed(_)) => return Ok(decided),
                Ok(Attempt::Freshened(_)) => {}
                Ok(Attempt::Outdated(lead)) => {
                    settings = self.newer(tenant, &settings, lead).await?;
                }
                Ok(Attempt::Again | Attempt::Known(_) | Attempt::Erased) => {
                    attempts.again(lead).await?;
                }
                Err(ScoreError::Store(error)) => {
                    sent = if is_commit { Some(decided) } else { sent };
                    attempts.after(error, lead).await?;
                }
                Err(error) => return Err(error.into()),
            }
        }
    }
}

impl DecisionError {
    /// Tells whether the same decision fails like this once it was carried out.
    const fn may_be_done(&self) -> bool {
        matches!(self, Self::NotPart(_) | Self::NothingLeft(_) | Self::NothingToUnmerge(_))
    }
}

impl Decision<'_> {
    async fn plan(
        &mut self,
        context: Context<'_>,
        lead: HomeId,
        preview: bool,
    ) -> Result<Planned, DecisionError> {
        match self {
            Self::Merge { leads, id } => plan_merge(context, leads, id, preview).await,
            Self::Part(parting) => plan_parting(context, lead, parting, preview).await,
        }
    }
}
