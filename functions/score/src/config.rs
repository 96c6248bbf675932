//! What the function is told by its environment.

use lambda::env::{self, EnvError};

/// The names and addresses of what the function uses.
#[derive(Clone, Debug)]
pub struct Config {
    /// The leads table.
    pub leads_table: String,
    /// The events table.
    pub events_table: String,
    /// The queue for events that cannot be scored.
    pub failed_queue_url: String,
    /// The KMS key that protects the keyrings.
    pub data_key_id: String,
}

impl Config {
    /// Reads `LEADS_TABLE`, `EVENTS_TABLE`, `FAILED_QUEUE_URL` and `DATA_KEY_ID`.
    pub fn from_env() -> Result<Self, EnvError> {
        Ok(Self {
            leads_table: env::required("LEADS_TABLE")?,
            events_table: env::required("EVENTS_TABLE")?,
            failed_queue_url: env::required("FAILED_QUEUE_URL")?,
            data_key_id: env::required("DATA_KEY_ID")?,
        })
    }
}
