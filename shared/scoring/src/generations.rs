//! Generations: where what is said about a person belongs once a home of theirs is a tombstone.
//!
//! Invariant: senders name the first generation, for ever. What happened up to an erasure is dropped
//! wherever it still comes from, whichever identity of the erased person it names beside others, and
//! so is what a tombstone holds already; what happened later goes to the next generation, as if its
//! sender had named that. Who only knows the id of a tombstone knows nobody. A cookie alone tells of
//! nobody: devices are shared, so it is only left out of what somebody else did.

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    erasure::Erased,
    event::{Arrival, Sealed},
    home::{FIRST_GENERATION, HomeId, HomeRef},
    identity::{Identity, Kind},
    link::Link,
    time::Timestamp,
};
use dynamo::{Store, StoreError};
use vault::{IDENTITY_FIELD, Keyring, SealError};

use crate::{
    arrivals::{EventKey, key},
    scorer::ScoreError,
};

/// Finds the home in which an identity lives today: that of the first generation, or of the first
/// one after those that were erased. It may not exist yet.
///
/// One read for each generation.
pub async fn living_home(
    store: &Store,
    keyring: &Keyring,
    identity: &Identity,
) -> Result<HomeRef, StoreError> {
    Ok(Lineage::read(store, keyring, identity).await?.living)
}

/// The homes of one identity.
#[derive(Clone, Debug)]
struct Lineage {
    /// The erased ones, each with the instant.
    erased: Vec<(HomeId, Timestamp)>,
    living: HomeRef,
}

/// Arrivals that were brought to the homes that live.
#[derive(Debug, Default)]
pub(crate) struct Rehomed {
    /// Those that are to be stored. All are of one home, as before.
    pub arrivals: Vec<Arrival>,
    /// How many belong to the dead.
    pub dropped: usize,
    /// Those that address a tombstone by its id.
    pub strays: Vec<Arrival>,
    /// Which homes they went to, by those that they named.
    pub homes: BTreeMap<HomeId, HomeId>,
}

/// Where an arrival belongs.
enum Fate {
    Living(Box<Arrival>),
    Dead,
    Stray,
}

/// What is known of the homes that arrivals name.
struct Graves<'k> {
    keyring: &'k Keyring,
    erased: BTreeMap<HomeId, Erased>,
    /// By tombstone, where an arrival tells whose it is.
    lineages: BTreeMap<HomeId, Lineage>,
    /// The events that tombstones hold.
    held: BTreeSet<EventKey>,
}

/// Brings arrivals of one home to the homes that live.
pub(crate) async fn rehome(
    store: &Store,
    keyring: &Keyring,
    arrivals: Vec<Arrival>,
) -> Result<Rehomed, ScoreError> {
    let graves = Graves::read(store, keyring, &arrivals).await?;
    let mut rehomed = Rehomed::default();
    for arrival in arrivals {
        let named = arrival.event.home.id;
        match graves.fate(arrival.clone())? {
            Fate::Dead => rehomed.dropped += 1,
            Fate::Stray => rehomed.strays.push(arrival),
            Fate::Living(living) => {
                rehomed.homes.insert(named, living.event.home.id);
                rehomed.arrivals.push(*living);
            }
        }
    }
    let lineages = graves.lineages.into_iter();
    rehomed.homes.extend(lineages.map(|(home, lineage)| (home, lineage.living.id)));
    Ok(rehomed)
}

impl Lineage {
    async fn read(
        store: &Store,
        keyring: &Keyring,
        identity: &Identity,
    ) -> Result<Self, StoreError> {
        let mut erased = Vec::new();
        let mut generation = FIRST_GENERATION;
        loop {
            let home = keyring.home(identity, generation);
            let found = store.homes(keyring.tenant(), [home.id]).await?.remove(&home.id);
            let Some(end) = found.and_then(|home| home.erased) else {
                return Ok(Self { erased, living: home });
            };
            erased.push((home.id, end.at));
            generation += 1;
        }
    }

    /// Returns the home to which something belongs that happened at an instant; `None` when that
    /// one was erased.
    fn at(&self, at: Timestamp) -> Option<HomeRef> {
        self.erased.iter().all(|(_, end)| at > *end).then_some(self.living)
    }
}

impl<'k> Graves<'k> {
    async fn read(
        store: &Store,
        keyring: &'k Keyring,
        arrivals: &[Arrival],
    ) -> Result<Self, StoreError> {
        let tenant = keyring.tenant();
        let homes: BTreeSet<_> = arrivals.iter().flat_map(named).collect();
        let ids: Vec<_> = homes.iter().map(|home| home.id).collect();
        let found = store.homes(tenant, ids).await?;
        let erased: BTreeMap<_, _> =
            found.values().filter_map(|home| Some((home.home.id, home.erased?))).collect();
        let mut lineages = BTreeMap::new();
        for home in homes.into_iter().filter(|home| erased.contains_key(&home.id)) {
            let told = arrivals.iter().find_map(|arrival| identity(keyring, home, arrival));
            if let Some(identity) = told {
                lineages.insert(home.id, Lineage::read(store, keyring, &identity).await?);
            }
        }
        let places = arrivals.iter().flat_map(|arrival| {
            let lineage: Option<&Lineage> = lineages.get(&arrival.event.home.id);
            let graves = lineage.into_iter().flat_map(|lineage| &lineage.erased);
            graves.map(|(home, _)| (*home, arrival.event.event_id.clone()))
        });
        let places: Vec<_> = places.collect();
        let held = store.stored_events(tenant, places).await?;
        Ok(Self { keyring, erased, lineages, held })
    }

    fn fate(&self, arrival: Arrival) -> Result<Fate, SealError> {
        let (own, at) = (arrival.event.home, arrival.event.timestamp);
        if let Some(erased) = self.erased.get(&own.id) {
            if at <= erased.at || self.is_held(&arrival) {
                return Ok(Fate::Dead);
            }
            let is_carried = arrival.identities.contains_key(&own.id);
            if !is_carried || !self.lineages.contains_key(&own.id) {
                return Ok(Fate::Stray);
            }
        }
        let is_person = |home: &HomeRef| home.kind != Kind::AnonymousId;
        if named(&arrival).filter(is_person).any(|home| self.is_dead(home, at)) {
            return Ok(Fate::Dead);
        }
        let Some(home) = self.living(own, at) else { return Ok(Fate::Dead) };
        Ok(Fate::Living(Box::new(self.moved(arrival, home)?)))
    }

    /// Tells whether a tombstone holds an event, whatever instant it says.
    fn is_held(&self, arrival: &Arrival) -> bool {
        let (own, id) = key(arrival);
        let lineage = self.lineages.get(&own);
        lineage.is_some_and(|lineage| {
            lineage.erased.iter().any(|(home, _)| self.held.contains(&(*home, id.clone())))
        })
    }

    /// Tells whether a home was erased at an instant or after it.
    fn is_dead(&self, home: HomeRef, at: Timestamp) -> bool {
        match (self.erased.get(&home.id), self.lineages.get(&home.id)) {
            (Some(_), Some(lineage)) => lineage.at(at).is_none(),
            (Some(erased), None) => at <= erased.at,
            (None, _) => false,
        }
    }

    /// Returns where a home lives that something at an instant names; `None` when it is dead.
    fn living(&self, home: HomeRef, at: Timestamp) -> Option<HomeRef> {
        if !self.erased.contains_key(&home.id) {
            return Some(home);
        }
        self.lineages.get(&home.id)?.at(at)
    }

    /// Makes of an arrival what its sender would have sent who named the homes that live.
    fn moved(&self, mut arrival: Arrival, home: HomeRef) -> Result<Arrival, SealError> {
        let (own, at) = (arrival.event.home, arrival.event.timestamp);
        let places: BTreeMap<_, _> =
            named(&arrival).map(|named| (named.id, self.living(named, at))).collect();
        let place = |home: HomeId| places.get(&home).copied().flatten();
        let mut identities = BTreeMap::new();
        for (named, sealed) in &arrival.identities {
            let Some(living) = place(*named) else { continue };
            let sealed = self.carried_over((*named, living.id), IDENTITY_FIELD, sealed)?;
            identities.insert(living.id, sealed);
        }
        for values in [&mut arrival.personal, &mut arrival.edited] {
            for (field, sealed) in values {
                *sealed = self.carried_over((own.id, home.id), field, sealed)?;
            }
        }
        let links = arrival.event.links.iter().filter_map(|link| {
            Some(Link { from: place(link.from.id)?, to: place(link.to.id)?, role: link.role })
        });
        arrival.event.links = links.collect();
        arrival.identities = identities;
        arrival.event.home = home;
        Ok(arrival)
    }

    /// Seals a value for the way to another home. One that does not open stays as it is: it opens
    /// nowhere.
    fn carried_over(
        &self,
        (from, to): (HomeId, HomeId),
        field: &str,
        sealed: &Sealed,
    ) -> Result<Sealed, SealError> {
        match self.keyring.open_from_transit(from, field, sealed) {
            Ok(value) if from != to => self.keyring.seal_for_transit(to, field, &value),
            _ => Ok(sealed.clone()),
        }
    }
}

/// Returns the homes that an arrival names.
fn named(arrival: &Arrival) -> impl Iterator<Item = HomeRef> + '_ {
    let ends = arrival.event.links.iter().flat_map(|link| [link.from, link.to]);
    ends.chain([arrival.event.home])
}

/// Opens the identity of a home, where an arrival carries it.
fn identity(keyring: &Keyring, home: HomeRef, arrival: &Arrival) -> Option<Identity> {
    let sealed = arrival.identities.get(&home.id)?;
    let value = keyring.open_from_transit(home.id, IDENTITY_FIELD, sealed).ok()?;
    Identity::new(home.kind, &value).ok()
}
