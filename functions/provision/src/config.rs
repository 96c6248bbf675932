//! What the function is told by its environment.

use lambda::env::{self, EnvError};

/// The names of what the function uses.
#[derive(Clone, Debug)]
pub struct Config {
    /// The leads table.
    pub leads_table: String,
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
            leads_table: env::required("LEADS_TABLE")?,
            data_key_id: env::required("DATA_KEY_ID")?,
            user_pool_id: env::required("USER_POOL_ID")?,
            cognito_client_id: env::required("COGNITO_CLIENT_ID")?,
        })
    }
}
