//! Edits: what people change of one lead, each an event of the lead's fold.
//!
//! Invariant: an edit is one transaction on the very lead that it was made from. One that was
//! carried out and whose answer got lost is recognised by its event id, in whichever home of the
//! family it lies, and never carried out twice.

use std::sync::Arc;

use domain::{
    audit::AuditEntry,
    event::{Arrival, EventId},
    home::{HomeId, HomeRef},
    lead::Lead,
    tenant::TenantId,
    time::Timestamp,
};
use dynamo::{Settings, StoreError};
use vault::Keyring;

use crate::{
    attempts::Attempts,
    plan::{Context, Plan, plan},
    relink,
    scorer::{Attempt, ScoreError, Scorer},
    snapshot::Snapshot,
};

/// Which edits an edit is to follow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expected {
    /// Whatever others did meanwhile.
    Any,
    /// Just those that this edition names.
    Edition(u64),
}

/// What an edit is made from.
#[derive(Clone, Copy, Debug)]
pub struct Current<'a> {
    /// The lead, a deleted one too, at the active rules.
    pub lead: &'a Lead,
    /// Where the edit will be stored: in the survivor.
    pub home: HomeRef,
    /// The instant that the edit will get: later than every edit before it.
    pub at: Timestamp,
}

/// A lead after an edit.
#[derive(Clone, Debug, PartialEq)]
pub struct Edited {
    /// The lead.
    pub lead: Lead,
    /// Whether the edit is stored, by this call or one before; there may have been nothing to
    /// change.
    pub changed: bool,
}

/// Why an edit was not made. Nothing is changed then.
#[derive(Debug, thiserror::Error)]
pub enum EditError<E> {
    /// A table failed, or other runs kept changing the same lead.
    #[error(transparent)]
    Score(#[from] ScoreError),
    /// No lead answers to this id, or it was erased.
    #[error("there is no lead {0}")]
    UnknownLead(HomeId),
    /// Somebody else edited the lead.
    #[error("the lead is at edition {edition}")]
    Stale {
        /// The edition of the lead.
        edition: u64,
    },
    /// Who makes the edit does not want it for this lead.
    #[error("the edit was refused")]
    Refused(E),
}

impl<E> From<StoreError> for EditError<E> {
    fn from(error: StoreError) -> Self {
        Self::Score(error.into())
    }
}

/// What an attempt comes to.
enum Step {
    /// Nothing is to be written.
    Done(Box<Edited>),
    /// This is, and stores the event if there is one.
    Plan(Plan, Option<EventId>),
}

impl Step {
    fn done(lead: Lead, changed: bool) -> Self {
        Self::Done(Box::new(Edited { lead, changed }))
    }
}

impl Scorer {
    /// Changes a lead, named by any home of its family, by the event that `make` makes of it,
    /// together with the entry in the audit log, and then with the notification of who gets the
    /// lead by it. `None` says that there is nothing to change.
    ///
    /// `make` is called again at every attempt and so has no effect of its own. Its event carries
    /// an edit and the same id every time; it gets the home and instant of what it was made from.
    /// An event with an id that is stored already was made before, and changes nothing.
    pub async fn edit<E>(
        &self,
        keyring: &Keyring,
        lead: HomeId,
        expected: Expected,
        audit: Option<&AuditEntry>,
        now: Timestamp,
        make: impl Fn(Current<'_>) -> Result<Option<Arrival>, E> + Send + Sync,
    ) -> Result<Edited, EditError<E>> {
        let tenant = keyring.tenant();
        let mut settings =
            self.settings.get(&self.store, tenant).await.map_err(ScoreError::from)?;
        let mut attempts = Attempts::default();
        // The event of an attempt that may have been stored though nobody said so.
        let mut sent: Option<EventId> = None;
        loop {
            let context = Context { audit, ..self.context(tenant, &settings, now) };
            let planned = attempt(context, lead, expected, sent.as_ref(), &make).await;
            let (plan, event) = match planned {
                Ok(Step::Done(edited)) => return Ok(*edited),
                Ok(Step::Plan(plan, event)) => (plan, event),
                Err(EditError::Score(ScoreError::Store(error))) => {
                    self.recover(context, &mut attempts, error, lead).await?;
                    continue;
                }
                Err(error) => return Err(error),
            };
            let written = plan.lead_of(lead).cloned();
            let outcome = self.carry_out(keyring, context, lead, plan).await;
            let is_done = self.settle(tenant, &mut settings, &mut attempts, lead, outcome).await?;
            if let (true, Some(lead)) = (is_done, written) {
                return Ok(Edited { lead, changed: true });
            }
            sent = event.or(sent);
        }
    }

    /// Tells whether an attempt was carried out; if not, waits, or reads newer rules, before the
    /// next one.
    pub(crate) async fn settle(
        &self,
        tenant: &TenantId,
        settings: &mut Arc<Settings>,
        attempts: &mut Attempts,
        lead: HomeId,
        outcome: Result<Attempt, ScoreError>,
    ) -> Result<bool, ScoreError> {
        match outcome {
            Ok(Attempt::Committed(_)) => return Ok(true),
            Ok(Attempt::Freshened(_)) => {}
            Ok(Attempt::Outdated(lead)) => *settings = self.newer(tenant, settings, lead).await?,
            Ok(Attempt::Again | Attempt::Known(_) | Attempt::Erased) => {
                attempts.again(lead).await?;
            }
            Err(ScoreError::Store(error)) => attempts.after(error, lead).await?,
            Err(error) => return Err(error),
        }
        Ok(false)
    }
}

/// Plans an edit on the lead as it is now.
async fn attempt<E>(
    context: Context<'_>,
    id: HomeId,
    expected: Expected,
    sent: Option<&EventId>,
    make: &(impl Fn(Current<'_>) -> Result<Option<Arrival>, E> + Send + Sync),
) -> Result<Step, EditError<E>> {
    let Some((snapshot, lead)) = read(context, id).await? else {
        return Ok(Step::Plan(Plan::Unsettled, None));
    };
    if let Some(plan) = to_active_rules(context, &lead) {
        return Ok(Step::Plan(plan, None));
    }
    if let Some(sent) = sent
        && is_stored(context, &lead, sent).await?
    {
        return Ok(Step::done(lead, true));
    }
    let after_others = lead.state.last_edit_at.map(|last| last.plus_millis(1));
    let at = after_others.map_or(context.now, |after| after.max(context.now));
    let made = make(Current { lead: &lead, home: lead.survivor, at });
    if let Ok(Some(arrival)) = &made
        && is_stored(context, &lead, &arrival.event.event_id).await?
    {
        return Ok(Step::done(lead, true));
    }
    let edition = lead.state.edition;
    if matches!(expected, Expected::Edition(expected) if expected != edition) {
        return Err(EditError::Stale { edition });
    }
    let Some(mut arrival) = made.map_err(EditError::Refused)? else {
        return Ok(Step::done(lead, false));
    };
    (arrival.event.home, arrival.event.timestamp) = (lead.survivor, at);
    let event = arrival.event.event_id.clone();
    Ok(Step::Plan(plan(context, lead.survivor, &[arrival], snapshot).await?, Some(event)))
}

/// Plans what comes first where a lead is not at the active rules, or not by the code of today,
/// which alone knows its edition.
pub(crate) fn to_active_rules(context: Context<'_>, lead: &Lead) -> Option<Plan> {
    let (id, version) = (lead.survivor.id, context.settings.rules.version());
    if lead.state.is_newer_than(version) {
        return Some(Plan::Outdated(id));
    }
    (!lead.state.is_current(version)).then(|| Plan::Stale(vec![id]))
}

/// Reads the lead that answers to an id, with its survivor's home; `None` when what was read does
/// not fit together.
async fn read<E>(
    context: Context<'_>,
    id: HomeId,
) -> Result<Option<(Snapshot, Lead)>, EditError<E>> {
    let Context { store, tenant, .. } = context;
    let mut snapshot = Snapshot::of_homes(store, tenant, [id]).await?;
    snapshot.read_leads(store, tenant, [id]).await?;
    let Some(lead) = snapshot.lead_of(id).cloned() else {
        // A family without events has no lead; or another run is changing it.
        relink::close(context, &mut snapshot).await?;
        let is_settled = relink::agree(&snapshot) && snapshot.lead_of(id).is_none();
        return if is_settled { Err(EditError::UnknownLead(id)) } else { Ok(None) };
    };
    snapshot.read_homes(store, tenant, [lead.survivor.id]).await?;
    let fits = snapshot.lead_of(lead.survivor.id).is_some();
    Ok(fits.then_some((snapshot, lead)))
}

/// Tells whether an edit is stored in any home of a lead. The survivor may have been another one
/// when it was made.
async fn is_stored(context: Context<'_>, lead: &Lead, event: &EventId) -> Result<bool, StoreError> {
    if lead.state.last_edit_at.is_none() {
        return Ok(false);
    }
    let homes = lead.members.iter().filter(|member| member.has_events);
    let places: Vec<_> = homes.map(|member| (member.home.id, event.clone())).collect();
    Ok(!context.store.stored_events(context.tenant, places).await?.is_empty())
}
