//! Idle leads: whoever changes one brings its events back from the archive first.
//!
//! Invariant: nothing is planned on an archived lead. Reading one for a change fails, and the change
//! is planned anew once the lead is back.

use domain::{archived::InArchive, home::HomeId, tenant::TenantId, time::Timestamp};
use dynamo::StoreError;
use shelf::ShelfError;

use crate::{
    attempts::Attempts,
    plan::Context,
    scorer::{ScoreError, Scorer},
};

impl Scorer {
    /// Brings the events of an idle lead back from the archive, if that is where they are. The
    /// lead is of interest again from then on; its score stays as it is.
    pub async fn bring_back(
        &self,
        tenant: &TenantId,
        lead: HomeId,
        now: Timestamp,
    ) -> Result<(), ScoreError> {
        let mut attempts = Attempts::default();
        loop {
            match self.shelf.restore(tenant, lead, now).await {
                Ok(true) => return Ok(()),
                Ok(false) => attempts.again(lead).await?,
                Err(ShelfError::Store(error)) => attempts.after(error, lead).await?,
                Err(error) => return Err(ScoreError::Archive { lead, error }),
            }
        }
    }

    /// Does what the next attempt at a plan waits for: brings back an archived lead that it needs,
    /// or waits after a call that failed. Any other error ends it.
    pub(crate) async fn recover(
        &self,
        context: Context<'_>,
        attempts: &mut Attempts,
        error: StoreError,
        lead: HomeId,
    ) -> Result<(), ScoreError> {
        match error {
            StoreError::Archived(InArchive(archived)) => {
                // Seldom, and on the heap: every attempt would have to be as large otherwise.
                Box::pin(self.bring_back(context.tenant, archived, context.now)).await
            }
            error => attempts.after(error, lead).await,
        }
    }
}
