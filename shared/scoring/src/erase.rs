//! Erasure: a person's keys are lost, and the homes of the family become tombstones.
//!
//! Invariant: an erasure is one transaction over every home of the family and its lead, with the
//! receipt that names what is left to be cleaned away. From then on nothing that anybody kept of the
//! person opens, in no copy. Events stay: without the keys they are facts about nobody. One that was
//! carried out and whose answer got lost is recognised by the tombstones.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use domain::{
    actor::Actor,
    audit::AuditEntry,
    edit::{Edit, LEAD_ERASED},
    erasure::{Erased, Erasure, Reason, Trace},
    event::{Arrival, Event, EventId},
    family::Member,
    home::{FIRST_GENERATION, HomeId, HomeRef},
    identity::Identity,
    lead::{Home, Lead},
    time::Timestamp,
};
use dynamo::{Commit, StoreError};
use serde_json::Map;
use vault::{IDENTITY_FIELD, Keyring};

use crate::{
    attempts::Attempts,
    edit::to_active_rules,
    plan::{Context, Plan, plan},
    relink,
    scorer::{ScoreError, Scorer},
    snapshot::Snapshot,
};

/// How many generations of an identity are looked through for the one of a home.
const MOST_GENERATIONS: u32 = 1_000;

/// Why nobody was erased. Nothing is changed then.
#[derive(Debug, thiserror::Error)]
pub enum EraseError {
    /// A table failed, or other runs kept changing the same lead.
    #[error(transparent)]
    Score(#[from] ScoreError),
    /// There is no such home.
    #[error("there is no lead {0}")]
    UnknownLead(HomeId),
    /// The lead is not any more what is to be erased.
    #[error("lead {0} has changed")]
    Changed(HomeId),
}

impl From<StoreError> for EraseError {
    fn from(error: StoreError) -> Self {
        Self::Score(error.into())
    }
}

/// Who erases whom, and why.
#[derive(Clone, Copy)]
pub struct Order<'a> {
    /// Who.
    pub by: &'a Actor,
    /// Why.
    pub reason: Reason,
    /// What the audit log is to say of it, where people asked for it.
    pub audit: Option<&'a AuditEntry>,
    /// Tells whether a lead is still to be erased. It is asked at every attempt, with the lead at
    /// the active rules, and nobody changes that one before it is erased. People without events have
    /// no lead.
    pub still: &'a (dyn Fn(&Lead) -> bool + Sync),
}

impl fmt::Debug for Order<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { by, reason, audit, still: _ } = self;
        let mut order = f.debug_struct("Order");
        order.field("by", by).field("reason", reason).field("audit", audit).finish_non_exhaustive()
    }
}

/// What an attempt comes to.
enum Step {
    /// The person was erased before.
    Done(Box<Erasure>),
    /// This is to be written, and is this erasure.
    Plan(Plan, Option<Box<Erasure>>),
}

impl Scorer {
    /// Erases a person, named by any home of the family, and returns the receipt. Who was erased
    /// before stays so, and the receipt is that of then.
    ///
    /// What is expected of the person holds at the very instant of the erasure, or nobody is erased.
    ///
    /// What is left to be cleaned away after it is what [`Erasure::done_at`] waits for.
    pub async fn erase(
        &self,
        keyring: &Keyring,
        lead: HomeId,
        order: Order<'_>,
        now: Timestamp,
    ) -> Result<Erasure, EraseError> {
        let tenant = keyring.tenant();
        let mut settings = self.settings.get(&self.store, tenant).await?;
        let mut attempts = Attempts::default();
        loop {
            let audit = order.audit;
            let context = Context { audit, ..self.context(tenant, &settings, now) };
            let (plan, erasure) = match attempt(context, keyring, lead, order).await {
                Ok(Step::Done(erasure)) => return Ok(*erasure),
                Ok(Step::Plan(plan, erasure)) => (plan, erasure),
                Err(EraseError::Score(ScoreError::Store(error))) => {
                    self.recover(context, &mut attempts, error, lead).await?;
                    continue;
                }
                Err(error) => return Err(error),
            };
            let outcome = self.carry_out(keyring, context, lead, plan).await;
            let is_done = self.settle(tenant, &mut settings, &mut attempts, lead, outcome).await?;
            if let (true, Some(erasure)) = (is_done, erasure) {
                return Ok(*erasure);
            }
        }
    }
}

/// A person as they were read.
struct Person {
    snapshot: Snapshot,
    /// `None` where no home has events.
    lead: Option<Lead>,
    survivor: HomeRef,
    homes: Vec<Home>,
}

/// Plans an erasure on the family as it is now.
async fn attempt(
    context: Context<'_>,
    keyring: &Keyring,
    id: HomeId,
    order: Order<'_>,
) -> Result<Step, EraseError> {
    let Context { store, tenant, .. } = context;
    let snapshot = Snapshot::of_homes(store, tenant, [id]).await?;
    let named = snapshot.homes.get(&id).ok_or(EraseError::UnknownLead(id))?;
    if named.is_tombstone() {
        let receipt = store.erasure(tenant, named.survivor.id).await?;
        let done = receipt.map(|receipt| Step::Done(Box::new(receipt)));
        return Ok(done.unwrap_or(Step::Plan(Plan::Unsettled, None)));
    }
    let Some(person) = read(context, id, snapshot).await? else {
        return Ok(Step::Plan(Plan::Unsettled, None));
    };
    if let Some(plan) = person.lead.as_ref().and_then(|lead| to_active_rules(context, lead)) {
        return Ok(Step::Plan(plan, None));
    }
    // The commit is on condition of the version of this very lead.
    if person.lead.as_ref().is_some_and(|lead| !(order.still)(lead)) {
        return Err(EraseError::Changed(id));
    }
    let (plan, erasure) = erasing(context, keyring, person, order).await?;
    Ok(Step::Plan(plan, Some(Box::new(erasure))))
}

/// Reads the person whose home is given; `None` when what was read does not fit together.
async fn read(
    context: Context<'_>,
    id: HomeId,
    mut snapshot: Snapshot,
) -> Result<Option<Person>, StoreError> {
    let Context { store, tenant, .. } = context;
    snapshot.read_leads(store, tenant, [id]).await?;
    let lead = snapshot.lead_of(id).cloned();
    let whole = match &lead {
        Some(lead) => Some((lead.survivor, lead.members.clone())),
        None => family_without_lead(context, id, &mut snapshot).await?,
    };
    let Some((survivor, members)) = whole else { return Ok(None) };
    let members: BTreeSet<HomeId> = members.iter().map(|member| member.home.id).collect();
    snapshot.read_homes(store, tenant, members.iter().copied()).await?;
    let homes = snapshot.homes.values().filter(|home| members.contains(&home.home.id));
    let homes: Vec<Home> = homes.cloned().collect();
    let fits = homes.len() == members.len() && !homes.iter().any(Home::is_tombstone);
    Ok(fits.then_some(Person { snapshot, lead, survivor, homes }))
}

/// Finds the family of a home that no lead has: it has no events, or another run is changing it,
/// then `None`.
async fn family_without_lead(
    context: Context<'_>,
    id: HomeId,
    snapshot: &mut Snapshot,
) -> Result<Option<(HomeRef, Vec<Member>)>, StoreError> {
    let families = relink::close(context, snapshot).await?;
    let of = families.into_iter().find(|family| family.members.iter().any(|m| m.home.id == id));
    let settled = of.filter(|family| relink::agree(snapshot) && !relink::has_events(family));
    Ok(settled.map(|family| (family.survivor, family.members)))
}

/// Plans what erases a person.
async fn erasing(
    context: Context<'_>,
    keyring: &Keyring,
    person: Person,
    order: Order<'_>,
) -> Result<(Plan, Erasure), ScoreError> {
    let Person { snapshot, lead, survivor, homes } = person;
    let at = lead.as_ref().map_or(context.now, |lead| after_all(lead, context.now));
    let erasure = receipt(survivor, &homes, at, order);
    let mut plan = match lead {
        Some(lead) => {
            let last = last_event(lead.survivor, at, order);
            plan(context, lead.survivor, &[last], snapshot).await?
        }
        None => Plan::of(Commit { audit: context.audit.cloned(), ..Commit::default() }),
    };
    if let Plan::Commit { commit, .. } = &mut plan {
        let tombstones = homes.into_iter().map(|home| tombstone(keyring, home, survivor, at));
        commit.homes = tombstones.collect();
        commit.erasure = Some(erasure.clone());
        for changed in &mut commit.leads {
            changed.lead.erased = Some(at);
        }
    }
    Ok((plan, erasure))
}

/// Returns an instant that is after all that is folded of a lead.
fn after_all(lead: &Lead, now: Timestamp) -> Timestamp {
    let last = lead.state.last_position.as_ref().map(|last| last.timestamp);
    let latest = last.max(lead.state.last_edit_at);
    latest.map_or(now, |latest| now.max(latest.plus_millis(1)))
}

/// Makes the event that hides the lead from every picture that is taken later.
fn last_event(home: HomeRef, at: Timestamp, order: Order<'_>) -> Arrival {
    let edit = Edit { deleted: Some(true), ..Edit::by(order.by.clone()) };
    let event = Event {
        event_id: EventId::hashed(&[LEAD_ERASED.as_bytes(), home.id.as_bytes()]),
        event_type: LEAD_ERASED.to_owned(),
        home,
        timestamp: at,
        received_at: at,
        properties: Map::new(),
        context: Map::new(),
        traits: Map::new(),
        links: Vec::new(),
        edit: Some(Box::new(edit)),
    };
    let (identities, personal, edited) = Default::default();
    Arrival { event, identities, personal, edited }
}

fn tombstone(keyring: &Keyring, home: Home, survivor: HomeRef, at: Timestamp) -> Home {
    let generation = generation(keyring, &home);
    Home { survivor, ..home.into_tombstone(Erased { at, generation }) }
}

/// Finds which generation of its identity a home is; 0 where the identity does not open.
fn generation(keyring: &Keyring, home: &Home) -> u32 {
    let opened = home.identity.as_ref();
    let opened = opened.and_then(|sealed| keyring.opener(home).open(IDENTITY_FIELD, sealed).ok());
    let identity = opened.and_then(|value| Identity::new(home.home.kind, &value).ok());
    let is_it = |identity: &Identity, generation| keyring.home(identity, generation) == home.home;
    let found = identity.and_then(|identity| {
        (FIRST_GENERATION..MOST_GENERATIONS).find(|generation| is_it(&identity, *generation))
    });
    found.unwrap_or_default()
}

/// Writes down what is erased.
fn receipt(survivor: HomeRef, homes: &[Home], at: Timestamp, order: Order<'_>) -> Erasure {
    let mut erasure = Erasure {
        lead: survivor.id,
        homes: homes.iter().map(|home| home.home.id).collect(),
        at,
        by: order.by.clone(),
        reason: order.reason,
        traces: BTreeMap::new(),
        done_at: None,
    };
    for home in homes {
        let set = home.edits.iter().filter(|(_, field)| field.value.is_some()).count();
        erasure.count(Trace::Keys, u64::from(home.key.is_some()));
        erasure.count(Trace::Identities, u64::from(home.identity.is_some()));
        erasure.count(Trace::DeclaredFields, number(home.profile.iter().count()));
        erasure.count(Trace::EditedFields, number(set));
    }
    erasure
}

fn number(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}
