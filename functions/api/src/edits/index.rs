//! Letting a lead be found by what an edit says.
//!
//! Invariant: the answer to an edit comes after the lead can be found by it. Where the edit was
//! made and this was not, the next edit or event of the home makes up for it, and so does
//! repeating the edit.

use ::search::{IndexError, Indexer};
use domain::{edit::Edit, home::HomeId, search::is_field};

use crate::{error::ApiError, guard::Admitted, reads::Reads};

/// Tells whether an edit touches what leads are found by.
pub fn is_concerned(edit: &Edit) -> bool {
    edit.changes().any(|(name, _)| is_field(name))
}

/// Brings the index in step with homes. To do it again changes nothing.
pub async fn refresh(
    reads: &Reads,
    admitted: &Admitted,
    homes: impl IntoIterator<Item = HomeId>,
) -> Result<(), ApiError> {
    let indexer = Indexer::new(reads.store.clone());
    let refreshed = indexer.refresh(admitted.tenant(), admitted.keyring(), homes).await;
    refreshed.map_err(|error| match error {
        IndexError::Store(error) => error.into(),
        IndexError::Contended(home) => ApiError::Restless(home),
    })
}
