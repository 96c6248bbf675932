//! The object that a lead's events lie in: what it is called, and its form.
//!
//! `leads/tenant=<tenant>/<lead>/<version>.jsonl.gz`, gzip of one event a line, in DynamoDB's JSON
//! and the order of their keys. `<version>` is that of the lead when it was marked, and versions
//! never repeat, so no key is ever used for anything else. Equal events are equal bytes.

use std::io::{self, Read, Write};

use bytes::Bytes;
use domain::{home::HomeId, lead::Lead, tenant::TenantId};
use dynamo::StoredEvents;
use flate2::{Compression, bufread::MultiGzDecoder, write::GzEncoder};

use crate::error::ShelfError;

/// What the keys of all objects of a lead begin with.
pub(crate) fn prefix(tenant: &TenantId, lead: HomeId) -> String {
    format!("leads/tenant={tenant}/{lead}/")
}

/// The key of the object of a lead that is about to be marked.
pub(crate) fn key(tenant: &TenantId, lead: &Lead) -> String {
    format!("{}{}.jsonl.gz", prefix(tenant, lead.survivor.id), lead.version + 1)
}

/// Writes events down.
pub(crate) fn write(lead: HomeId, events: &StoredEvents) -> Result<Vec<u8>, ShelfError> {
    let lines = events.to_lines()?;
    compressed(&lines).map_err(|source| ShelfError::Unreadable { lead, source })
}

fn compressed(lines: &[u8]) -> io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(lines)?;
    encoder.finish()
}

/// Reads events that were written down.
pub(crate) fn read(
    tenant: &TenantId,
    lead: HomeId,
    content: &Bytes,
) -> Result<StoredEvents, ShelfError> {
    let mut lines = Vec::new();
    let read = MultiGzDecoder::new(content.as_ref()).read_to_end(&mut lines);
    read.map_err(|source| ShelfError::Unreadable { lead, source })?;
    Ok(StoredEvents::of_lines(tenant, &lines)?)
}

/// Says that an object does not hold what its lead's mark says.
pub(crate) fn incomplete(lead: HomeId) -> ShelfError {
    let source = io::Error::new(io::ErrorKind::InvalidData, "it holds another number of events");
    ShelfError::Unreadable { lead, source }
}
