//! What the function is told by its environment.

use std::time::Duration;

use dynamo::TableNames;
use lambda::env::{self, EnvError};

/// The longest that a function runs that publishes rules or writes leads, unless
/// `WRITER_TIMEOUT_SECONDS` says otherwise: the template gives `api` 29 s and `score` less.
const WRITER_TIMEOUT: Duration = Duration::from_secs(29);

/// The names and addresses of what the function uses.
#[derive(Clone, Debug)]
pub struct Config {
    /// The tables.
    pub tables: TableNames,
    /// The queue that brings a job's work.
    pub job_queue_url: String,
    /// The bucket in which the events of idle leads lie.
    pub archive_bucket: String,
    /// The longest that a function runs that publishes rules or writes leads.
    pub writer_timeout: Duration,
}

impl Config {
    /// Reads `LEADS_TABLE`, `EVENTS_TABLE`, `JOB_QUEUE_URL`, `ARCHIVE_BUCKET` and, if it is there,
    /// `WRITER_TIMEOUT_SECONDS`.
    pub fn from_env() -> Result<Self, EnvError> {
        let writer_timeout = match env::optional("WRITER_TIMEOUT_SECONDS") {
            Some(_) => Duration::from_secs(env::parsed("WRITER_TIMEOUT_SECONDS")?),
            None => WRITER_TIMEOUT,
        };
        Ok(Self {
            tables: TableNames {
                leads: env::required("LEADS_TABLE")?,
                events: env::required("EVENTS_TABLE")?,
                ..TableNames::default()
            },
            job_queue_url: env::required("JOB_QUEUE_URL")?,
            archive_bucket: env::required("ARCHIVE_BUCKET")?,
            writer_timeout,
        })
    }
}
