//! What the function is told by its environment.

use std::num::NonZeroU32;

use dynamo::{SCAN_SEGMENTS, TableNames};
use lambda::env::{self, EnvError};

/// The names and addresses of what the function uses.
#[derive(Clone, Debug)]
pub struct Config {
    /// The tables.
    pub tables: TableNames,
    /// The KMS key that protects the keyrings.
    pub data_key_id: String,
    /// Where the files of imports and exports lie.
    pub files_bucket: String,
    /// Where the events of idle leads lie.
    pub archive_bucket: String,
    /// The queue that brings a run's work.
    pub shard_queue_url: String,
    /// In how many segments a run scans the table: [`SCAN_SEGMENTS`], unless `SEGMENTS` says
    /// otherwise.
    ///
    /// At 1,000,000 leads a segment of 64 has some 16,000 of them. On the worst night, on which
    /// every lead is folded again and listed anew, that is 40 s of folding (4 at once, 10 ms a
    /// read) and 95,000 write units: 95 s when 4 segments share the 4,000 units a second that a
    /// new on-demand table gives. A segment has 300 s.
    pub segments: NonZeroU32,
}

impl Config {
    /// Reads `LEADS_TABLE`, `EVENTS_TABLE`, `SEARCH_TABLE`, `DATA_KEY_ID`, `FILES_BUCKET`,
    /// `ARCHIVE_BUCKET`, `SHARD_QUEUE_URL` and, if it is there, `SEGMENTS`.
    pub fn from_env() -> Result<Self, EnvError> {
        let segments = match env::optional("SEGMENTS") {
            Some(_) => env::parsed("SEGMENTS")?,
            None => SCAN_SEGMENTS,
        };
        Ok(Self {
            tables: TableNames {
                leads: env::required("LEADS_TABLE")?,
                events: env::required("EVENTS_TABLE")?,
                search: env::required("SEARCH_TABLE")?,
            },
            data_key_id: env::required("DATA_KEY_ID")?,
            files_bucket: env::required("FILES_BUCKET")?,
            archive_bucket: env::required("ARCHIVE_BUCKET")?,
            shard_queue_url: env::required("SHARD_QUEUE_URL")?,
            segments,
        })
    }
}
