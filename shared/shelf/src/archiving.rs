//! The way to the archive: what a night does with one lead.
//!
//! Invariant: events are removed from the table an hour after they were read back from the object
//! at the earliest, and only while the lead is as it was then. Whoever read the lead before has
//! ended by that time, for a function runs for 15 minutes at most; whoever changes it after, brings
//! it back first, and no more is removed then.

use domain::{
    archived::{Archived, EventHomes, Step},
    home::HomeId,
    lead::Lead,
    state::MAX_EVENTS,
    tenant::TenantId,
    time::Timestamp,
};
use dynamo::StoreError;

use crate::{error::ShelfError, moving::Way, object, objects::DynObjects, shelf::Shelf};

/// How long the events stay in both places.
const OVERLAP_MS: i64 = 3_600_000;

/// How many events are moved at most, edits among them. A lead with more is flooded, or nearly.
const MOST_EVENTS: usize = MAX_EVENTS as usize + 5_000;

/// When a lead is idle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Idle {
    /// The instant of the look.
    pub now: Timestamp,
    /// After how many days without any event or edit; `None` for never.
    pub after_days: Option<u32>,
}

/// What became of a lead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moved {
    /// Nothing: it is not idle, is archived, or changed meanwhile.
    Not,
    /// Its events lie in the object too; the next night removes them from the table.
    Written,
    /// Its events lie in the object alone.
    Archived,
    /// What was begun was undone: its events lie in the table alone.
    Returned,
}

impl Shelf {
    /// Tells whether a night has anything to do with a lead. Nothing is read for that.
    pub fn is_due(lead: &Lead, idle: Idle) -> bool {
        match &lead.archived {
            Some(Archived { step: Step::Archived, .. }) => false,
            Some(Archived { step: Step::Clearing, at, .. }) => {
                idle.now >= at.plus_millis(OVERLAP_MS)
            }
            Some(archived) if !archived.is_over() => true,
            _ => idle.after_days.is_some_and(|days| lead.is_idle(idle.now, days)),
        }
    }

    /// Does what is due of moving a lead to the archive, or ends what was begun and left.
    ///
    /// Repeated at any time, after any failure, it goes on where it was. A lead that changes
    /// meanwhile is left to who changes it.
    pub async fn archive_idle(
        &self,
        tenant: &TenantId,
        lead: &Lead,
        idle: Idle,
    ) -> Result<Moved, ShelfError> {
        if !Self::is_due(lead, idle) {
            return Ok(Moved::Not);
        }
        match &lead.archived {
            Some(mark) if mark.step == Step::Archiving => {
                self.write(tenant, lead, mark, idle.now).await
            }
            Some(mark) if mark.step == Step::Clearing => {
                self.clear(tenant, lead, mark, idle.now).await
            }
            Some(mark) if !mark.is_over() => {
                let is_back = self.restore(tenant, lead.survivor.id, idle.now).await?;
                Ok(if is_back { Moved::Returned } else { Moved::Not })
            }
            _ => self.begin(tenant, lead, idle.now).await,
        }
    }

    /// Removes whatever lies in the bucket of a lead that was erased and had these homes: what a run
    /// left there that lost a race and died, since no mark names it.
    pub async fn forget(
        &self,
        tenant: &TenantId,
        homes: impl IntoIterator<Item = HomeId>,
    ) -> Result<(), ShelfError> {
        // Whoever has no bucket has put nothing there.
        let Some(bucket) = self.objects() else { return Ok(()) };
        for home in homes {
            remove_others(bucket, &object::prefix(tenant, home), None).await?;
        }
        Ok(())
    }

    async fn begin(
        &self,
        tenant: &TenantId,
        lead: &Lead,
        now: Timestamp,
    ) -> Result<Moved, ShelfError> {
        let (bucket, object) = (self.bucket(lead)?, object::key(tenant, lead));
        let mark = Archived { step: Step::Archiving, object, events: 0, at: now };
        let Some(lead) = self.store.mark_archived(tenant, lead, mark.clone()).await? else {
            return Ok(Moved::Not);
        };
        // What a run left that lost a race and died. No mark names it any more.
        let prefix = object::prefix(tenant, lead.survivor.id);
        remove_others(bucket, &prefix, Some(&mark.object)).await?;
        self.write(tenant, &lead, &mark, now).await
    }

    /// Writes the object of a marked lead and reads it back.
    async fn write(
        &self,
        tenant: &TenantId,
        lead: &Lead,
        mark: &Archived,
        now: Timestamp,
    ) -> Result<Moved, ShelfError> {
        let (id, bucket) = (lead.survivor.id, self.bucket(lead)?);
        let homes = EventHomes::of(lead).map_err(StoreError::Archived)?;
        let Some(stored) = self.store.movable_events(tenant, homes, MOST_EVENTS).await? else {
            // It stays, and is looked at again when it was idle for as long once more.
            self.restore(tenant, id, now).await?;
            return Ok(Moved::Returned);
        };
        bucket.put(&mark.object, object::write(id, &stored)?).await?;
        let written = Archived {
            step: Step::Clearing,
            events: u32::try_from(stored.len()).unwrap_or(u32::MAX),
            at: now,
            ..mark.clone()
        };
        match self.get(tenant, lead, &written).await? {
            Some(read) if read == stored => {}
            Some(_) => return Err(object::incomplete(id)),
            None => return self.left_to_others(tenant, lead).await,
        }
        if self.store.mark_archived(tenant, lead, written).await?.is_some() {
            return Ok(Moved::Written);
        }
        self.drop_unnamed(tenant, lead, mark).await?;
        Ok(Moved::Not)
    }

    /// Leaves a lead whose object is not there to who changed it.
    ///
    /// # Errors
    /// That nobody did, so that its events would be lost.
    async fn left_to_others(&self, tenant: &TenantId, lead: &Lead) -> Result<Moved, ShelfError> {
        self.check_changed(tenant, lead).await.map(|()| Moved::Not)
    }

    /// Removes an object that was written for a lead which somebody changed meanwhile, unless its
    /// mark still names the object.
    async fn drop_unnamed(
        &self,
        tenant: &TenantId,
        lead: &Lead,
        mark: &Archived,
    ) -> Result<(), ShelfError> {
        let read = self.store.lead(tenant, lead.survivor.id).await?;
        let now = read.and_then(|read| read.archived);
        let is_named = now.is_some_and(|now| {
            now.object == mark.object && (now.is_in_object() || now.step == Step::Archiving)
        });
        if !is_named {
            self.bucket(lead)?.remove(&mark.object).await?;
        }
        Ok(())
    }

    /// Removes from the table what lies in the object.
    async fn clear(
        &self,
        tenant: &TenantId,
        lead: &Lead,
        mark: &Archived,
        now: Timestamp,
    ) -> Result<Moved, ShelfError> {
        let Some(stored) = self.get(tenant, lead, mark).await? else {
            return self.left_to_others(tenant, lead).await;
        };
        if !self.move_all(tenant, lead, &stored, Way::Out).await? {
            return Ok(Moved::Not);
        }
        let cleared = Archived { step: Step::Archived, at: now, ..mark.clone() };
        let marked = self.store.mark_archived(tenant, lead, cleared).await?;
        Ok(if marked.is_some() { Moved::Archived } else { Moved::Not })
    }
}

/// Removes the objects whose keys begin with `prefix`, but for one.
async fn remove_others(
    bucket: &dyn DynObjects,
    prefix: &str,
    but: Option<&String>,
) -> Result<(), ShelfError> {
    let mut after: Option<String> = None;
    loop {
        let listing = bucket.list(prefix, after.as_deref()).await?;
        for key in listing.keys.iter().filter(|key| Some(*key) != but) {
            bucket.remove(key).await?;
        }
        after = listing.keys.last().cloned();
        if !listing.goes_on || after.is_none() {
            return Ok(());
        }
    }
}
