//! Reading the events of a lead, wherever they lie.
//!
//! Invariant: an answer has all events that the lead had when it was read, however it moves
//! meanwhile. What is removed from the table was in the object for longer than any function runs;
//! what is removed from the bucket is in the table, and the lead's mark says so.

use std::sync::Arc;

use domain::{
    archived::{Archived, EventHomes},
    event::Event,
    fold::keep_foldable,
    lead::Lead,
    tenant::TenantId,
};
use dynamo::{Store, StoredEvents};

use crate::{error::ShelfError, object, objects::DynObjects};

/// How often a lead that moves meanwhile is looked at again.
const ATTEMPTS: usize = 5;

/// The tables, with the bucket in which the events of idle leads lie.
#[derive(Clone, Debug)]
pub struct Shelf {
    pub(crate) store: Store,
    objects: Option<Arc<dyn DynObjects>>,
}

impl From<Store> for Shelf {
    /// Takes the tables of an installation in which no lead is archived.
    fn from(store: Store) -> Self {
        Self { store, objects: None }
    }
}

impl Shelf {
    /// Takes the tables and the archive bucket.
    pub fn new(store: Store, objects: impl DynObjects + 'static) -> Self {
        Self { store, objects: Some(Arc::new(objects)) }
    }

    /// Returns the tables.
    pub const fn store(&self) -> &Store {
        &self.store
    }

    /// Reads the events of a lead as far as they are folded, in no useful order.
    pub async fn events(&self, tenant: &TenantId, lead: &Lead) -> Result<Vec<Event>, ShelfError> {
        Ok(self.metered_events(tenant, lead).await?.0)
    }

    /// Reads the same with the read units that this took, in halves.
    pub async fn metered_events(
        &self,
        tenant: &TenantId,
        lead: &Lead,
    ) -> Result<(Vec<Event>, u64), ShelfError> {
        match self.place(tenant, lead).await? {
            Place::Table(homes) => Ok(self.store.metered_events(tenant, homes).await?),
            Place::Object(stored) => {
                let mut events = stored.into_events()?;
                keep_foldable(&mut events);
                Ok((events, 0))
            }
        }
    }

    /// Reads the events of a lead, in no useful order; `None` when there are more than `at_most`.
    /// Edits come with them and are not counted.
    pub async fn events_at_most(
        &self,
        tenant: &TenantId,
        lead: &Lead,
        at_most: usize,
    ) -> Result<Option<Vec<Event>>, ShelfError> {
        match self.place(tenant, lead).await? {
            Place::Table(homes) => Ok(self.store.events_of_homes(tenant, homes, at_most).await?),
            Place::Object(stored) => {
                let events = stored.into_events()?;
                let counted = events.iter().filter(|event| event.edit.is_none()).count();
                Ok((counted <= at_most).then_some(events))
            }
        }
    }

    /// Finds where the events of a lead lie, and reads the object if they lie there.
    async fn place(&self, tenant: &TenantId, lead: &Lead) -> Result<Place, ShelfError> {
        let (id, mut lead) = (lead.survivor.id, lead.clone());
        for _ in 0..ATTEMPTS {
            let object = match EventHomes::of(&lead) {
                Ok(homes) => return Ok(Place::Table(homes)),
                Err(_) => lead.archived.clone(),
            };
            let Some(object) = object else { break };
            if let Some(stored) = self.get(tenant, &lead, &object).await? {
                return Ok(Place::Object(stored));
            }
            // Brought back since it was read, or taken in by another lead after that.
            let read = self.store.lead(tenant, id).await?;
            let archived = read.and_then(|read| read.archived);
            let is_the_same = |now: &Archived| now.is_in_object() && now.object == object.object;
            if archived.as_ref().is_some_and(is_the_same) {
                return Err(ShelfError::Missing(id));
            }
            lead = Lead { archived, ..lead };
        }
        Err(ShelfError::Contended(id))
    }

    /// Reads the object that a lead's mark names; `None` when there is none.
    pub(crate) async fn get(
        &self,
        tenant: &TenantId,
        lead: &Lead,
        mark: &Archived,
    ) -> Result<Option<StoredEvents>, ShelfError> {
        let id = lead.survivor.id;
        let Some(content) = self.bucket(lead)?.get(&mark.object).await? else { return Ok(None) };
        let stored = object::read(tenant, id, &content)?;
        if u32::try_from(stored.len()) != Ok(mark.events) {
            return Err(object::incomplete(id));
        }
        Ok(Some(stored))
    }

    /// Makes sure that a lead whose object is not there was changed since it was read.
    pub(crate) async fn check_changed(
        &self,
        tenant: &TenantId,
        lead: &Lead,
    ) -> Result<(), ShelfError> {
        let id = lead.survivor.id;
        let read = self.store.lead(tenant, id).await?;
        let is_as_read = read.is_some_and(|read| read.version == lead.version);
        if is_as_read { Err(ShelfError::Missing(id)) } else { Ok(()) }
    }

    /// Returns the bucket that a lead's events go to or lie in.
    pub(crate) fn bucket(&self, lead: &Lead) -> Result<&dyn DynObjects, ShelfError> {
        self.objects.as_deref().ok_or(ShelfError::NoBucket(lead.survivor.id))
    }

    /// Returns the bucket.
    pub(crate) fn objects(&self) -> Option<&dyn DynObjects> {
        self.objects.as_deref()
    }
}

/// Where the events of a lead lie.
enum Place {
    Table(EventHomes),
    Object(StoredEvents),
}
