//! How many events are in memory at once.

use domain::{lead::Lead, state::MAX_EVENTS};
use tokio::sync::{Semaphore, SemaphorePermit};

/// How many events one permit stands for.
const EVENTS_A_PERMIT: u32 = 1_000;

/// How many permits there are. An event takes some 2 KB, so that all of them take 128 MB.
const PERMITS: u32 = 64;

/// Bounds the leads whose events are read by how many they have.
#[derive(Debug)]
pub(crate) struct Memory(Semaphore);

impl Default for Memory {
    fn default() -> Self {
        Self(Semaphore::new(PERMITS as usize))
    }
}

impl Memory {
    /// Waits until the events of a lead have room.
    pub async fn for_events_of(&self, lead: &Lead) -> Option<SemaphorePermit<'_>> {
        // The semaphore is never closed.
        self.0.acquire_many(permits(lead)).await.ok()
    }
}

/// A flooded lead has nobody knows how many events, so it takes all there is.
fn permits(lead: &Lead) -> u32 {
    if lead.state.flooded {
        return PERMITS;
    }
    let events = lead.state.folded().min(MAX_EVENTS) + lead.state.consents.by_senders();
    (events / EVENTS_A_PERMIT + 1).min(PERMITS)
}
