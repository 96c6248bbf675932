//! One record of the stream.

use domain::tenant::TenantId;
use lake::{LakeError, Partition, Row, SequenceNumber};
use serde::Deserialize;
use serde_json::Value;

/// What a record brings.
pub(crate) struct Stored {
    pub(crate) partition: Partition,
    pub(crate) sequence: SequenceNumber,
    pub(crate) row: Row,
}

/// Why a record cannot be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unreadable {
    #[error("the record has not the form of a stream's")]
    Form(#[source] serde_json::Error),
    #[error("the record's position is no number")]
    Position(#[source] lake::InvalidKey),
    #[error("the record's image is no event")]
    Image(#[source] dynamo::StoreError),
    #[error(transparent)]
    Row(#[from] LakeError),
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Record {
    event_name: String,
    dynamodb: Change,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Change {
    sequence_number: String,
    #[serde(default)]
    new_image: Value,
}

/// Reads a record; `None` when it stores no event.
///
/// An event is never changed. One that is removed has been archived before.
pub(crate) fn read(record: &Value) -> Result<Option<Stored>, Unreadable> {
    let Record { event_name, dynamodb: change } =
        Record::deserialize(record).map_err(Unreadable::Form)?;
    if event_name != "INSERT" {
        return Ok(None);
    }
    let sequence = change.sequence_number.parse().map_err(Unreadable::Position)?;
    let (tenant, event): (TenantId, _) =
        dynamo::event_of_image(change.new_image).map_err(Unreadable::Image)?;
    let row = Row::try_from(&event)?;
    Ok(Some(Stored { partition: Partition { tenant, day: event.timestamp.day() }, sequence, row }))
}

/// Returns the position of a record, if it can be read.
pub(crate) fn position(record: &Value) -> Option<SequenceNumber> {
    record.pointer("/dynamodb/SequenceNumber")?.as_str()?.parse().ok()
}
