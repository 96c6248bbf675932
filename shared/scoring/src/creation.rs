//! Creation: a lead that somebody makes by hand, from an event that names it.
//!
//! Invariant: no lead answers to any of the event's identities before it is stored. A creation
//! that was carried out and whose answer got lost is recognised by its event, and answers the lead
//! that it made.

use std::collections::BTreeSet;

use domain::{audit::AuditEntry, event::Arrival, home::HomeId, lead::Lead, time::Timestamp};
use dynamo::StoreError;
use vault::Keyring;

use crate::{
    arrivals::key,
    attempts::Attempts,
    generations::rehome,
    plan::{Context, Plan, plan},
    scorer::{ScoreError, Scorer},
    snapshot::Snapshot,
};

/// Why a lead was not made. Nothing is changed then.
#[derive(Debug, thiserror::Error)]
pub enum CreateError {
    /// A table failed, or other runs kept changing the same homes.
    #[error(transparent)]
    Score(#[from] ScoreError),
    /// This lead, which may be a deleted one, answers to one of the identities.
    #[error("lead {0} answers to one of the identities")]
    Exists(HomeId),
    /// It was made before, and the person was erased since.
    #[error("lead {0} was erased")]
    Erased(HomeId),
}

impl From<StoreError> for CreateError {
    fn from(error: StoreError) -> Self {
        Self::Score(error.into())
    }
}

/// What an attempt comes to.
enum Step {
    /// The lead was made before.
    Made(Box<Lead>),
    /// This is to be written.
    Plan(Plan),
    /// A home that the event names is a tombstone.
    Erased,
}

impl Scorer {
    /// Makes a lead of the event that names its identities, together with the entry in the audit
    /// log, and then with the notification of who gets it. An event that is stored already made its lead before, and changes nothing.
    pub async fn create(
        &self,
        keyring: &Keyring,
        mut arrival: Arrival,
        audit: Option<&AuditEntry>,
        now: Timestamp,
    ) -> Result<Lead, CreateError> {
        let tenant = keyring.tenant();
        let mut settings = self.settings.get(&self.store, tenant).await?;
        let mut attempts = Attempts::default();
        loop {
            let home = arrival.event.home.id;
            let context = Context { audit, ..self.context(tenant, &settings, now) };
            let plan = match attempt(context, &arrival).await {
                Ok(Step::Made(lead)) => return Ok(*lead),
                Ok(Step::Plan(plan)) => plan,
                Ok(Step::Erased) => {
                    let rehomed = rehome(&self.store, keyring, vec![arrival]).await?;
                    let living = rehomed.arrivals.into_iter().next();
                    arrival = living.ok_or(CreateError::Erased(home))?;
                    attempts.again(home).await?;
                    continue;
                }
                Err(CreateError::Score(ScoreError::Store(error))) => {
                    self.recover(context, &mut attempts, error, home).await?;
                    continue;
                }
                Err(error) => return Err(error),
            };
            let written = plan.lead_of(home).cloned();
            let outcome = self.carry_out(keyring, context, home, plan).await;
            let is_done = self.settle(tenant, &mut settings, &mut attempts, home, outcome).await?;
            if let (true, Some(lead)) = (is_done, written) {
                return Ok(lead);
            }
        }
    }
}

/// Plans the creation on what the homes of the identities are now.
async fn attempt(context: Context<'_>, arrival: &Arrival) -> Result<Step, CreateError> {
    let Context { store, tenant, .. } = context;
    let home = arrival.event.home;
    let mut snapshot = Snapshot::read(store, tenant, home, std::slice::from_ref(arrival)).await?;
    snapshot.read_homes(store, tenant, arrival.identities.keys().copied()).await?;
    if snapshot.has_tombstones() {
        return Ok(Step::Erased);
    }
    let named: BTreeSet<HomeId> = snapshot.homes.keys().copied().collect();
    snapshot.read_leads(store, tenant, named.clone()).await?;
    let mut strongest_first = std::iter::once(home.id).chain(named);
    let existing = strongest_first.find_map(|id| snapshot.lead_of(id));
    if let Some(existing) = existing {
        let stored = store.stored_events(tenant, [key(arrival)]).await?;
        return match snapshot.lead_of(home.id) {
            Some(lead) if !stored.is_empty() => Ok(Step::Made(Box::new(lead.clone()))),
            // Stored, and yet in no lead: another run is changing that.
            None if !stored.is_empty() => Ok(Step::Plan(Plan::Unsettled)),
            _ => Err(CreateError::Exists(existing.survivor.id)),
        };
    }
    let arrivals = std::slice::from_ref(arrival);
    Ok(Step::Plan(plan(context, home, arrivals, snapshot).await?))
}
