//! What the function is told by its environment.

use lambda::env::{self, EnvError};

/// The names and addresses of what the function uses.
#[derive(Clone, Debug)]
pub struct Config {
    /// The bucket that holds the archive.
    pub archive_bucket: String,
    /// The queue that brings what is to be put together.
    pub archive_queue_url: String,
    /// About how much memory the events may take that are put together at once.
    pub group_bytes: usize,
}

/// Fits a function of 512 MB: beside a group lie one more object and the file that becomes of
/// them.
const GROUP_BYTES: usize = 96 * 1024 * 1024;

impl Config {
    /// Reads `ARCHIVE_BUCKET` and `ARCHIVE_QUEUE_URL`.
    pub fn from_env() -> Result<Self, EnvError> {
        Ok(Self {
            archive_bucket: env::required("ARCHIVE_BUCKET")?,
            archive_queue_url: env::required("ARCHIVE_QUEUE_URL")?,
            group_bytes: GROUP_BYTES,
        })
    }
}
