//! The way back: what whoever changes an archived lead does first.
//!
//! Invariant: the events lie in the table again, all of them, before the mark says so, and the mark
//! says so before the object goes. Whoever dies on the way leaves a lead that the next one brings
//! back, from just the same events.

use domain::{
    archived::{Archived, Step},
    home::HomeId,
    lead::Lead,
    tenant::TenantId,
    time::Timestamp,
};

use crate::{error::ShelfError, moving::Way, shelf::Shelf};

impl Shelf {
    /// Brings the events of a lead back into the table, wherever they are on their way, and tells
    /// whether they are there; if not, another run changed the lead meanwhile.
    ///
    /// The score stays as it is. From then on the lead is idle only after as many days again.
    pub async fn restore(
        &self,
        tenant: &TenantId,
        survivor: HomeId,
        now: Timestamp,
    ) -> Result<bool, ShelfError> {
        let Some(mut lead) = self.store.lead(tenant, survivor).await? else { return Ok(true) };
        while let Some(mark) = lead.archived.clone().filter(|mark| !mark.is_over()) {
            let Some(after) = self.step_back(tenant, &lead, mark, now).await? else {
                return Ok(false);
            };
            lead = after;
        }
        Ok(true)
    }

    /// Does what the mark of a lead says is to be done on the way back, and marks it on; `None`
    /// when the lead changed meanwhile.
    async fn step_back(
        &self,
        tenant: &TenantId,
        lead: &Lead,
        mark: Archived,
        now: Timestamp,
    ) -> Result<Option<Lead>, ShelfError> {
        let step = match mark.step {
            Step::Archiving => Step::Discarding,
            Step::Clearing | Step::Archived => Step::Restoring,
            Step::Restoring => {
                if !self.put_back(tenant, lead, &mark).await? {
                    return Ok(None);
                }
                Step::Discarding
            }
            Step::Discarding | Step::Returned => {
                self.bucket(lead)?.remove(&mark.object).await?;
                Step::Returned
            }
        };
        let mark = Archived { step, at: now, ..mark };
        Ok(self.store.mark_archived(tenant, lead, mark).await?)
    }

    /// Puts those events back that are not in the table yet: so a lead that takes longer than its
    /// function lives comes back by and by.
    async fn put_back(
        &self,
        tenant: &TenantId,
        lead: &Lead,
        mark: &Archived,
    ) -> Result<bool, ShelfError> {
        let Some(stored) = self.get(tenant, lead, mark).await? else {
            // Another run was faster, and put all of them back before it removed the object.
            self.check_changed(tenant, lead).await?;
            return Ok(false);
        };
        // Whoever began this and died, or is at it, has put some back already, and nobody takes
        // any out again. Where none is missing, the next mark asks whether the lead is as it was.
        let missing = self.store.missing_events(stored).await?;
        Ok(self.move_all(tenant, lead, &missing, Way::Back).await?)
    }
}
