//! What moving or reading events can fail with.

use std::io;

use domain::home::HomeId;
use dynamo::StoreError;
use files::FileError;

/// Why events were not moved or read. The next call goes on where this one ended.
#[derive(Debug, thiserror::Error)]
pub enum ShelfError {
    /// A table did not do its part.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The bucket did not do its part.
    #[error(transparent)]
    File(#[from] FileError),
    /// Whoever set up this process gave it no bucket.
    #[error("lead {0} is archived, and there is no bucket to read it from")]
    NoBucket(HomeId),
    /// The object that the lead's mark names is not there.
    #[error("the object of archived lead {0} is missing")]
    Missing(HomeId),
    /// The object is not what was written.
    #[error("the object of archived lead {lead} is not readable")]
    Unreadable {
        /// The lead.
        lead: HomeId,
        /// What is wrong with it.
        #[source]
        source: io::Error,
    },
    /// Other runs kept changing the lead.
    #[error("lead {0} kept changing while it was read or brought back")]
    Contended(HomeId),
}

impl ShelfError {
    /// Tells whether the same call may succeed later.
    pub const fn is_retryable(&self) -> bool {
        match self {
            Self::Store(error) => error.is_retryable(),
            Self::File(error) => error.is_retryable(),
            Self::Contended(_) => true,
            Self::NoBucket(_) | Self::Missing(_) | Self::Unreadable { .. } => false,
        }
    }
}
