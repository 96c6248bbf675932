//! What stays of people who are erased and where later events go, computed from the rules alone.

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    erasure::Erased,
    event::{Arrival, Sealed},
    fold::fold,
    home::{HomeId, HomeRef},
    identity::{Identity, Kind},
    link::Link,
    time::Timestamp,
};
use testing::{a_tenant, keyring, rules};
use vault::IDENTITY_FIELD;

use crate::model::{LeadSeen, Seen, expected_among};

/// A tenant's people, some of them erased.
#[derive(Clone, Debug, Default)]
pub struct Graveyard {
    /// The events that are stored, each as it is.
    stored: BTreeMap<(HomeId, String), Arrival>,
    graves: BTreeMap<HomeId, Erased>,
    erased: BTreeMap<HomeId, LeadSeen>,
    now: Option<Timestamp>,
}

impl Graveyard {
    /// Begins without anybody; what is shown is shown as of `now`.
    pub fn new(now: Timestamp) -> Self {
        Self { now: Some(now), ..Self::default() }
    }

    /// Takes in an event, wherever it belongs.
    pub fn arrive(&mut self, arrival: &Arrival) {
        let (own, at) = (arrival.event.home, arrival.event.timestamp);
        let Some(home) = self.place(arrival, own, at) else { return };
        let links = arrival.event.links.iter().flat_map(|link| [link.from, link.to]);
        let mut people = links.filter(|named| named.kind != Kind::AnonymousId);
        if people.any(|named| self.place(arrival, named, at).is_none()) {
            return;
        }
        let moved = |home: HomeId, field: &str, sealed: &Sealed| {
            let named = named(arrival, home);
            let living = self.place(arrival, named, at)?;
            let value = keyring().open_from_transit(home, field, sealed).unwrap();
            Some((living.id, keyring().seal_for_transit(living.id, field, &value).unwrap()))
        };
        let mut stored = arrival.clone();
        stored.event.home = home;
        stored.event.links = (arrival.event.links.iter())
            .filter_map(|link| {
                let from = self.place(arrival, link.from, at)?;
                let to = self.place(arrival, link.to, at)?;
                Some(Link { from, to, role: link.role })
            })
            .collect();
        let identities = arrival.identities.iter();
        stored.identities =
            identities.filter_map(|(home, sealed)| moved(*home, IDENTITY_FIELD, sealed)).collect();
        for (field, sealed) in &mut stored.edited {
            *sealed = moved(own.id, field, sealed).unwrap().1;
        }
        let key = (home.id, arrival.event.event_id.to_string());
        self.stored.entry(key).or_insert(stored);
    }

    /// Erases a lead at an instant.
    pub fn erase(&mut self, lead: HomeId, at: Timestamp, last: Arrival) {
        let mut seen = self.seen().leads.remove(&lead).unwrap();
        let homes: BTreeSet<HomeId> = seen.members.iter().map(|member| member.home.id).collect();
        let own = self.stored.values().filter(|arrival| homes.contains(&arrival.event.home.id));
        let events = own.map(|arrival| arrival.event.clone()).chain([last.event]);
        let events: Vec<_> = events.collect();
        assert!(events.iter().all(|event| event.timestamp <= at));
        seen.state = fold(&rules(), events);
        seen.erased = Some(at);
        self.erased.insert(lead, seen);
        for home in homes {
            let generation = self.generation(home);
            self.graves.insert(home, Erased { at, generation });
        }
    }

    /// Returns what the tables hold then.
    pub fn seen(&self) -> Seen {
        let arrivals: Vec<Arrival> = self.stored.values().cloned().collect();
        let now = self.now.unwrap();
        let mut seen = expected_among(&rules(), &arrivals, &self.graves, now);
        seen.events += self.erased.len();
        seen.leads.extend(self.erased.clone());
        for (lead, erased) in &self.erased {
            for member in &erased.members {
                seen.home_mut(member.home.id).survivor =
                    erased.members.iter().find(|other| other.home.id == *lead).unwrap().home;
            }
        }
        seen
    }

    /// Tells whether nobody is left to be erased.
    pub fn living(&self) -> Vec<HomeId> {
        self.seen().leads.keys().copied().filter(|lead| !self.erased.contains_key(lead)).collect()
    }

    /// Finds where something belongs that names a home of the first generation.
    fn place(&self, arrival: &Arrival, home: HomeRef, at: Timestamp) -> Option<HomeRef> {
        let sealed = &arrival.identities[&home.id];
        let value = keyring().open_from_transit(home.id, IDENTITY_FIELD, sealed).unwrap();
        let identity = Identity::new(home.kind, &value).unwrap();
        let mut homes = (0..).map(|generation| keyring().home(&identity, generation));
        homes.find_map(|home| match self.graves.get(&home.id) {
            None => Some(Some(home)),
            Some(grave) if at <= grave.at => Some(None),
            Some(_) => None,
        })?
    }

    fn generation(&self, home: HomeId) -> u32 {
        let told = self.stored.values().find_map(|arrival| {
            let value = keyring()
                .open_from_transit(home, IDENTITY_FIELD, arrival.identities.get(&home)?)
                .unwrap();
            Some(Identity::new(named(arrival, home).kind, &value).unwrap())
        });
        let identity = told.unwrap();
        (0..=u32::MAX).find(|generation| keyring().home(&identity, *generation).id == home).unwrap()
    }
}

fn named(arrival: &Arrival, home: HomeId) -> HomeRef {
    let links = arrival.event.links.iter().flat_map(|link| [link.from, link.to]);
    links.chain([arrival.event.home]).find(|named| named.id == home).unwrap()
}

/// Reads the last event of an erased lead.
pub async fn last_event(tables: &testing::Tables, lead: HomeId) -> Arrival {
    let events = tables.store.events(&a_tenant(), lead).await.unwrap();
    let mut events = events.into_iter();
    let event = events.find(|event| event.event_type == domain::edit::LEAD_ERASED).unwrap();
    assert_eq!(event.edit.as_ref().unwrap().deleted, Some(true));
    let (identities, personal, edited) = Default::default();
    Arrival { event, identities, personal, edited }
}
