//! The archive as files: how events lie in Parquet, and what the objects are called. The only
//! crate that names `parquet`.
//!
//! One schema, one row for each event. Two columns are in the path of an object and not in it:
//! `tenant` and `dt`, the UTC day of `timestamp`.
//!
//! | column | type | what it holds |
//! | --- | --- | --- |
//! | `home` | string | the home that the event is stored in |
//! | `home_kind` | string | the kind of identity that the home is of, such as `user_id` |
//! | `event_id` | string | the id, unique within the home |
//! | `event_type` | string | what happened, such as `page_view` |
//! | `timestamp` | timestamp, ms, UTC | when it happened |
//! | `received_at` | timestamp, ms, UTC | when the gateway received it |
//! | `properties` | JSON object or null | what the sender says about it |
//! | `context` | JSON object or null | where it happened |
//! | `traits` | JSON object or null | what it declares about the person, nothing personal |
//! | `links` | JSON list or null | `{from, to, role}`: the homes that it links |
//! | `edit` | JSON object or null | what somebody decided by hand, where the event is an edit |
//!
//! Invariant: what was written once stays readable for ever. A column may be added, as one that
//! may be null; none is removed or given another meaning. The same rows make the same bytes.

mod error;
mod key;
mod read;
mod row;
mod schema;
mod write;

pub use crate::{
    error::LakeError,
    key::{ArchiveKey, EVENTS, InvalidKey, Partition, Place, SequenceNumber},
    read::read,
    row::{Row, once_each},
    write::write,
};
