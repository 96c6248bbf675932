//! What the function is told by its environment.

use dynamo::TableNames;
use lambda::env::{self, EnvError};

/// The names of what the function uses.
#[derive(Clone, Debug)]
pub struct Config {
    /// The tables.
    pub tables: TableNames,
    /// The KMS key that wraps keyrings.
    pub data_key_id: String,
    /// The user pool that people sign in to.
    pub user_pool_id: String,
    /// The pool's client.
    pub cognito_client_id: String,
}

impl Config {
    /// Reads the environment.
    pub fn from_env() -> Result<Self, EnvError> {
        Ok(Self {
            tables: TableNames { leads: env::required("LEADS_TABLE")?, ..TableNames::default() },
            data_key_id: env::required("DATA_KEY_ID")?,
            user_pool_id: env::required("USER_POOL_ID")?,
            cognito_client_id: env::required("COGNITO_CLIENT_ID")?,
        })
    }
}
