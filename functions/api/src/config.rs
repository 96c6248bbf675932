//! What the function is told by its environment.

use lambda::env::{EnvError, required};

/// The settings of the function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// The leads table.
    pub leads_table: String,
    /// The events table.
    pub events_table: String,
    /// The queue that brings jobs to `rescore`.
    pub job_queue_url: String,
    /// The KMS key that protects the keyrings.
    pub data_key_id: String,
}

impl Config {
    /// Reads the environment.
    pub fn from_env() -> Result<Self, EnvError> {
        Ok(Self {
            leads_table: required("LEADS_TABLE")?,
            events_table: required("EVENTS_TABLE")?,
            job_queue_url: required("JOB_QUEUE_URL")?,
            data_key_id: required("DATA_KEY_ID")?,
        })
    }
}
