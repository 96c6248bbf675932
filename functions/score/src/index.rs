//! Lets leads be found by what was scored: the step after the commit.
//!
//! Invariant: events that say nothing that leads are found by cost nothing here. For the others
//! the index is in step with the homes before their message is done; a message that comes again
//! repeats it.

use std::collections::BTreeSet;

use domain::home::HomeId;
use search::{IndexError, Indexer};
use vault::Keyring;

/// Lets homes be found by what they say.
pub trait Finder {
    /// Brings the index in step with homes of a tenant, or fails.
    fn refresh(
        &self,
        keyring: &Keyring,
        homes: BTreeSet<HomeId>,
    ) -> impl Future<Output = Result<(), IndexError>> + Send;
}

impl Finder for Indexer {
    async fn refresh(&self, keyring: &Keyring, homes: BTreeSet<HomeId>) -> Result<(), IndexError> {
        if homes.is_empty() {
            return Ok(());
        }
        Self::refresh(self, keyring.tenant(), keyring, homes).await
    }
}
