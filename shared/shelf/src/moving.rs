//! Moving events out of the table or back, part by part.
//!
//! Invariant: a part moves whole, and only while its lead is as it was read. One whose call fails
//! for now is tried again, whichever way it goes.

use std::time::Duration;

use domain::{lead::Lead, tenant::TenantId};
use dynamo::{EventsPart, StoreError, StoredEvents};

use crate::shelf::Shelf;

/// How often a part is moved before it is given up.
const ATTEMPTS: u32 = 5;

/// Which way events go.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Way {
    /// Out of the table.
    Out,
    /// Back into it.
    Back,
}

impl Shelf {
    /// Moves events, and tells whether their lead stayed as it was read. If not, some of them are
    /// not moved.
    pub(crate) async fn move_all(
        &self,
        tenant: &TenantId,
        lead: &Lead,
        stored: &StoredEvents,
        way: Way,
    ) -> Result<bool, StoreError> {
        for part in stored.parts() {
            if !self.move_part(tenant, lead, part, way).await? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    async fn move_part(
        &self,
        tenant: &TenantId,
        lead: &Lead,
        part: EventsPart<'_>,
        way: Way,
    ) -> Result<bool, StoreError> {
        let mut attempt = 1;
        loop {
            let moved = match way {
                Way::Out => self.store.take_out(tenant, lead, part).await,
                Way::Back => self.store.put_back(tenant, lead, part).await,
            };
            match moved {
                Err(error) if error.is_retryable() && attempt < ATTEMPTS => {
                    tokio::time::sleep(pause(attempt)).await;
                    attempt += 1;
                }
                answered => return answered,
            }
        }
    }
}

/// Waits for 100 ms, doubled up to 800 ms, half of it left to chance.
///
/// A part takes 200 write units, and the events of a home lie in one partition, which takes 1,000
/// a second: what is left over after a second has room again. Who moves the same lead at once is
/// out of the way sooner.
fn pause(attempt: u32) -> Duration {
    let longest = 50_u64 << attempt.min(4);
    Duration::from_millis(fastrand::u64(longest / 2..=longest))
}
