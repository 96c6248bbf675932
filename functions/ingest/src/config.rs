//! What the function is told by its environment.

use dynamo::TableNames;
use lambda::env::{self, EnvError};

/// The settings of the function.
#[derive(Clone, Debug)]
pub struct Config {
    /// The tables; only that which holds API keys is used.
    pub tables: TableNames,
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
            tables: TableNames { leads: env::required("LEADS_TABLE")?, ..TableNames::default() },
            events_queue_url: env::required("EVENTS_QUEUE_URL")?,
            failed_queue_url: env::required("FAILED_QUEUE_URL")?,
            data_key_id: env::required("DATA_KEY_ID")?,
        })
    }
}
