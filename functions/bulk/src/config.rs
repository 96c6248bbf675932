//! What the function is told by its environment.

use std::time::Duration;

use dynamo::TableNames;
use lambda::env::{self, EnvError};

/// The longest that the function runs that makes jobs, unless `WRITER_TIMEOUT_SECONDS` says
/// otherwise: the template gives `api` 29 s.
const WRITER_TIMEOUT: Duration = Duration::from_secs(29);

/// The names and addresses of what the function uses.
#[derive(Clone, Debug)]
pub struct Config {
    /// The tables.
    pub tables: TableNames,
    /// The queue that brings a job's work.
    pub bulk_queue_url: String,
    /// The bucket of staged rows and written parts.
    pub files_bucket: String,
    /// The bucket in which the events of idle leads lie.
    pub archive_bucket: String,
    /// The KMS key that protects the keyrings.
    pub data_key_id: String,
    /// The longest that the function runs that makes jobs.
    pub writer_timeout: Duration,
}

impl Config {
    /// Reads `LEADS_TABLE`, `EVENTS_TABLE`, `SEARCH_TABLE`, `BULK_QUEUE_URL`, `FILES_BUCKET`,
    /// `ARCHIVE_BUCKET`, `DATA_KEY_ID` and, if it is there, `WRITER_TIMEOUT_SECONDS`.
    pub fn from_env() -> Result<Self, EnvError> {
        let writer_timeout = match env::optional("WRITER_TIMEOUT_SECONDS") {
            Some(_) => Duration::from_secs(env::parsed("WRITER_TIMEOUT_SECONDS")?),
            None => WRITER_TIMEOUT,
        };
        Ok(Self {
            tables: TableNames {
                leads: env::required("LEADS_TABLE")?,
                events: env::required("EVENTS_TABLE")?,
                search: env::required("SEARCH_TABLE")?,
            },
            bulk_queue_url: env::required("BULK_QUEUE_URL")?,
            files_bucket: env::required("FILES_BUCKET")?,
            archive_bucket: env::required("ARCHIVE_BUCKET")?,
            data_key_id: env::required("DATA_KEY_ID")?,
            writer_timeout,
        })
    }
}
