//! What the function is told by its environment.

use dynamo::TableNames;
use lambda::env::{EnvError, parsed, required};

/// The settings of the function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// The tables.
    pub tables: TableNames,
    /// The queue that brings jobs to `rescore`.
    pub job_queue_url: String,
    /// The queue that brings jobs to `bulk`.
    pub bulk_queue_url: String,
    /// The bucket of staged rows and written parts.
    pub files_bucket: String,
    /// The bucket in which the events of idle leads lie.
    pub archive_bucket: String,
    /// The KMS key that protects the keyrings.
    pub data_key_id: String,
    /// The user pool that people sign in to.
    pub user_pool_id: String,
    /// The pool's client.
    pub cognito_client_id: String,
    /// Who the pool says it is, in its tokens.
    pub cognito_issuer: String,
    /// Where the pool's public keys are.
    pub cognito_jwks_url: String,
    /// Whether anybody may sign up, or only who was invited.
    pub open_sign_up: bool,
}

impl Config {
    /// Reads the environment.
    pub fn from_env() -> Result<Self, EnvError> {
        Ok(Self {
            tables: TableNames {
                leads: required("LEADS_TABLE")?,
                events: required("EVENTS_TABLE")?,
                search: required("SEARCH_TABLE")?,
            },
            job_queue_url: required("JOB_QUEUE_URL")?,
            bulk_queue_url: required("BULK_QUEUE_URL")?,
            files_bucket: required("FILES_BUCKET")?,
            archive_bucket: required("ARCHIVE_BUCKET")?,
            data_key_id: required("DATA_KEY_ID")?,
            user_pool_id: required("USER_POOL_ID")?,
            cognito_client_id: required("COGNITO_CLIENT_ID")?,
            cognito_issuer: required("COGNITO_ISSUER")?,
            cognito_jwks_url: required("COGNITO_JWKS_URL")?,
            open_sign_up: parsed("OPEN_SIGN_UP")?,
        })
    }
}
