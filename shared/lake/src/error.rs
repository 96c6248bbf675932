//! What reading and writing a file of the archive can fail with. No text carries an event.

use parquet::errors::ParquetError;

/// A file that could not be written or read.
#[derive(Debug, thiserror::Error)]
pub enum LakeError {
    /// An event could not be written as a row.
    #[error("a part of event {event_id} cannot be written as JSON")]
    Unwritable {
        /// The event.
        event_id: String,
        /// Why.
        #[source]
        source: serde_json::Error,
    },
    /// The bytes are no sound Parquet file, or none could be made.
    #[error("the file is not sound Parquet")]
    Parquet(#[from] ParquetError),
    /// The file has a column that this version does not know, so a newer one wrote it.
    #[error("the file has a column `{0}` of a newer version")]
    Newer(String),
    /// The file lacks a column, has it with another type, or not in every row.
    #[error("the file has no sound column `{0}`")]
    Column(&'static str),
}
