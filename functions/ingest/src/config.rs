//! What the function is told by its environment.

use lambda::env::{self, EnvError};

/// The settings of the function.
#[derive(Clone, Debug)]
pub struct Config {
    /// The table that holds API keys (`LEADS_TABLE`).
    pub leads_table: String,
    /// The queue that `score` reads (`EVENTS_QUEUE_URL`).
    pub events_queue_url: String,
    /// The queue of items that were not accepted (`FAILED_QUEUE_URL`).
    pub failed_queue_url: String,
    /// The KMS key that wraps keyrings (`DATA_KEY_ID`).
    pub data_key_id: String,
}

impl Config {
    /// Reads the environment.
    pub fn from_env() -> Result<Self, EnvError> {
        Ok(Self {
            leads_table: env::required("LEADS_TABLE")?,
            events_queue_url: env::required("EVENTS_QUEUE_URL")?,
            failed_queue_url: env::required("FAILED_QUEUE_URL")?,
            data_key_id: env::required("DATA_KEY_ID")?,
        })
    }
}
