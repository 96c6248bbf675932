//! What the function is told by its environment.

use lambda::env::{self, EnvError};

/// The names of what the function uses.
#[derive(Clone, Debug)]
pub struct Config {
    /// The leads table.
    pub leads_table: String,
    /// The KMS key that wraps keyrings.
    pub data_key_id: String,
}

impl Config {
    /// Reads `LEADS_TABLE` and `DATA_KEY_ID`.
    pub fn from_env() -> Result<Self, EnvError> {
        Ok(Self {
            leads_table: env::required("LEADS_TABLE")?,
            data_key_id: env::required("DATA_KEY_ID")?,
        })
    }
}
