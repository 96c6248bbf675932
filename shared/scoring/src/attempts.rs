//! How often a step is planned again when other runs are faster, and how long it waits before.

use std::time::Duration;

use domain::home::HomeId;
use dynamo::StoreError;

use crate::scorer::ScoreError;

/// How often a step is planned before it is given up.
pub(crate) const MAX_ATTEMPTS: u32 = 12;

/// How many of those may fail because a table did not answer.
const MAX_UNANSWERED: u32 = 3;

/// Counts the attempts of one step.
#[derive(Debug, Default)]
pub(crate) struct Attempts(u32);

impl Attempts {
    /// Waits before the next attempt at a lead, or gives up.
    pub async fn again(&mut self, lead: HomeId) -> Result<(), ScoreError> {
        self.0 += 1;
        if self.0 >= MAX_ATTEMPTS {
            return Err(ScoreError::Contended(lead));
        }
        tokio::time::sleep(pause(self.0)).await;
        Ok(())
    }

    /// Waits before the next attempt if a failed call may succeed then, or fails with it.
    pub async fn after(&mut self, error: StoreError, lead: HomeId) -> Result<(), ScoreError> {
        if error.is_retryable() && self.0 < MAX_UNANSWERED {
            return self.again(lead).await;
        }
        Err(error.into())
    }
}

/// Waits longer after each attempt, by 5 ms doubled up to 320 ms, half of it left to chance.
fn pause(attempts: u32) -> Duration {
    let longest = 5_u64 << attempts.min(6);
    Duration::from_millis(fastrand::u64(longest / 2..=longest))
}
