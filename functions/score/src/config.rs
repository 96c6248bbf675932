//! What the function is told by its environment.

use dynamo::TableNames;
use lambda::env::{self, EnvError};

/// The names and addresses of what the function uses.
#[derive(Clone, Debug)]
pub struct Config {
    /// The tables.
    pub tables: TableNames,
    /// The queue for events that cannot be scored.
    pub failed_queue_url: String,
    /// The bucket in which the events of idle leads lie.
    pub archive_bucket: String,
    /// The KMS key that protects the keyrings.
    pub data_key_id: String,
}

impl Config {
    /// Reads `LEADS_TABLE`, `EVENTS_TABLE`, `SEARCH_TABLE`, `FAILED_QUEUE_URL`, `ARCHIVE_BUCKET`
    /// and `DATA_KEY_ID`.
    pub fn from_env() -> Result<Self, EnvError> {
        Ok(Self {
            tables: TableNames {
                leads: env::required("LEADS_TABLE")?,
                events: env::required("EVENTS_TABLE")?,
                search: env::required("SEARCH_TABLE")?,
            },
            failed_queue_url: env::required("FAILED_QUEUE_URL")?,
            archive_bucket: env::required("ARCHIVE_BUCKET")?,
            data_key_id: env::required("DATA_KEY_ID")?,
        })
    }
}
