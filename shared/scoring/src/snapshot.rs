//! What a commit is planned on: homes and leads as they were read, with what changed since.
//!
//! Invariant: whatever is in a snapshot was read strongly consistent, and everything that is
//! written from it is written on condition of the version that was read. A home that is relied on
//! and not written has no such condition: its lead stands for it, which is why it must have been
//! read, or proven unchanged, after its lead. The events of its leads lie in the events table.

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    archived::EventHomes,
    edit::InvalidEdit,
    event::Arrival,
    family::Member,
    home::{HomeId, HomeRef},
    lead::{Home, Lead},
    link::Role,
    tenant::TenantId,
};
use dynamo::{Store, StoreError};

/// Homes and leads of one tenant.
#[derive(Clone, Debug, Default)]
pub(crate) struct Snapshot {
    /// The homes, by id; one that does not exist yet has version 0.
    pub homes: BTreeMap<HomeId, Home>,
    /// The leads, by survivor.
    pub leads: BTreeMap<HomeId, Lead>,
    /// Homes that differ from what was read.
    pub changed: BTreeSet<HomeId>,
    /// Homes whose change can change families: those with new links or a first event.
    pub relinked: BTreeSet<HomeId>,
    /// Homes that had no event before.
    pub first_events: BTreeSet<HomeId>,
    asked_leads: BTreeSet<HomeId>,
    /// Homes that were read before a lead was.
    unproven: BTreeSet<HomeId>,
    /// Whether a home changed between the reads.
    torn: bool,
}

impl Snapshot {
    /// Reads what scoring `arrivals` of one home needs at least: the home with its lead, and the
    /// homes that the arrivals name.
    pub async fn read(
        store: &Store,
        tenant: &TenantId,
        home: HomeRef,
        arrivals: &[Arrival],
    ) -> Result<Self, StoreError> {
        let mut snapshot = Self::default();
        let named = arrivals.iter().flat_map(|arrival| &arrival.event.links);
        let named = named.flat_map(|link| [link.from, link.to]).chain([home]);
        let refs: BTreeMap<HomeId, HomeRef> = named.map(|home| (home.id, home)).collect();
        snapshot.homes = store.homes(tenant, refs.keys().copied()).await?;
        for (id, home) in refs {
            snapshot.homes.entry(id).or_insert_with(|| Home::new(home));
        }
        snapshot.read_leads(store, tenant, [home.id]).await?;
        Ok(snapshot)
    }

    /// Tells whether a home is a tombstone: what names it belongs elsewhere, or nowhere.
    pub fn has_tombstones(&self) -> bool {
        self.homes.values().any(Home::is_tombstone)
    }

    /// Reads homes alone. One that does not exist is left out.
    pub async fn of_homes(
        store: &Store,
        tenant: &TenantId,
        homes: impl IntoIterator<Item = HomeId>,
    ) -> Result<Self, StoreError> {
        Ok(Self { homes: store.homes(tenant, homes).await?, ..Self::default() })
    }

    /// Notes homes whose links or cuts were changed.
    pub fn note(&mut self, homes: impl IntoIterator<Item = HomeId>) {
        for home in homes {
            self.changed.insert(home);
            self.relinked.insert(home);
        }
    }

    /// Applies what an arrival says about homes: identities, links and profile.
    ///
    /// An arrival of a home that is not in the snapshot changes nothing.
    ///
    /// # Errors
    /// That it is an edit which the home would not keep as it is said. This is where every edit
    /// passes, whoever makes it.
    pub fn declare(&mut self, arrival: &Arrival) -> Result<(), InvalidEdit> {
        let event = &arrival.event;
        let mut carried = BTreeSet::from([event.home.id]);
        for (from, link) in event.recorded_links() {
            if link.role == Role::Carried {
                carried.insert(from.id);
            }
            let recorded = self.homes.get_mut(&from.id).is_some_and(|home| home.links.record(link));
            if recorded {
                self.changed.insert(from.id);
                self.relinked.insert(from.id);
            }
        }
        for (id, sealed) in &arrival.identities {
            let Some(home) = self.homes.get_mut(id) else { continue };
            let first_named = home.identity.is_none();
            let first_carried = !home.carried && carried.contains(id);
            if first_named || first_carried {
                home.identity.get_or_insert_with(|| sealed.clone());
                home.carried |= first_carried;
                self.changed.insert(*id);
            }
        }
        let Some(home) = self.homes.get_mut(&event.home.id) else { return Ok(()) };
        if let Some(edit) = &event.edit {
            home.edits.check(edit)?;
        }
        if !home.has_events {
            home.has_events = true;
            self.first_events.insert(event.home.id);
            self.relinked.insert(event.home.id);
            self.changed.insert(event.home.id);
        }
        let declared = home.profile.declare_all(arrival);
        if home.edits.take_in(arrival) || declared {
            self.changed.insert(event.home.id);
        }
        Ok(())
    }

    /// Reads the leads that answer for some homes, where they were not read before. One that was
    /// erased answers for nobody.
    ///
    /// # Errors
    /// `Archived` if the events of one lie in the archive. This is where every change of a lead
    /// passes, whoever makes it: they are brought back, and the change is planned anew.
    pub async fn read_leads(
        &mut self,
        store: &Store,
        tenant: &TenantId,
        homes: impl IntoIterator<Item = HomeId>,
    ) -> Result<(), StoreError> {
        let existing = homes.into_iter().filter_map(|id| self.homes.get(&id));
        let survivors: Vec<_> = existing
            .filter(|home| home.version > 0 && !home.is_tombstone())
            .map(|home| home.survivor.id)
            .filter(|survivor| !self.asked_leads.contains(survivor))
            .collect();
        if !survivors.is_empty() {
            self.unproven.extend(self.homes.keys());
        }
        for survivor in survivors {
            if self.asked_leads.insert(survivor)
                && let Some(lead) = store.changeable_lead(tenant, survivor).await?
                && lead.erased.is_none()
            {
                self.leads.insert(survivor, lead);
            }
        }
        Ok(())
    }

    /// Reads homes that were not read before. One that does not exist is left out.
    pub async fn read_homes(
        &mut self,
        store: &Store,
        tenant: &TenantId,
        homes: impl IntoIterator<Item = HomeId>,
    ) -> Result<bool, StoreError> {
        let unknown: BTreeSet<_> =
            homes.into_iter().filter(|id| !self.homes.contains_key(id)).collect();
        if unknown.is_empty() {
            return Ok(false);
        }
        let read = store.homes(tenant, unknown).await?;
        let grown = !read.is_empty();
        self.homes.extend(read);
        Ok(grown)
    }

    /// Reads again the homes that were read before a lead was: one that somebody changed meanwhile
    /// tears the snapshot.
    pub async fn prove(&mut self, store: &Store, tenant: &TenantId) -> Result<(), StoreError> {
        let unproven = std::mem::take(&mut self.unproven);
        if unproven.is_empty() || self.torn {
            return Ok(());
        }
        let read = store.homes(tenant, unproven.iter().copied()).await?;
        let version = |homes: &BTreeMap<HomeId, Home>, id| homes.get(id).map_or(0, |h| h.version);
        self.torn = unproven.iter().any(|id| version(&self.homes, id) != version(&read, id));
        Ok(())
    }

    /// Tells whether a home changed while homes and leads were read, so that they do not belong
    /// together.
    pub const fn is_torn(&self) -> bool {
        self.torn
    }

    /// Returns the homes of a family in which events may be stored.
    pub fn event_homes(&self, family: &[Member]) -> Result<EventHomes, StoreError> {
        EventHomes::of_family(self.leads.values(), family).map_err(StoreError::Archived)
    }

    /// Returns the lead that answers for a home, if the two agree that it does.
    pub fn lead_of(&self, home: HomeId) -> Option<&Lead> {
        let survivor = self.homes.get(&home)?.survivor;
        self.leads.get(&survivor.id).filter(|lead| lead.has_member(home))
    }
}
