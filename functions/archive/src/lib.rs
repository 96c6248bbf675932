//! Copies every event to S3 as Parquet, and puts small objects together.
//!
//! - **Trigger**: the stream of the events table brings what was stored; a nightly schedule and
//!   the archive queue bring what is to be put together, a day of a tenant at a time.
//! - **Effect**: each batch of the stream becomes one object for each tenant and day in it; of a
//!   day with several objects, few large ones are made. A record that cannot be read is set aside
//!   under `failed/`, and the rest of its batch goes on.
//! - **Idempotency key**: the position in the stream and the ids of the events; for what is put
//!   together, the names of the objects that it is made of. Both are the name of the object.
//! - **Retry**: overwrites its own objects with the same. An object is removed only after another
//!   one with its events was put, so a crash leaves at worst two copies of an event, which the
//!   view `events` and the saved queries show once, and the next night makes one.
//!
//! A batch whose objects were not all put fails as a whole and comes again.

mod batch;
mod compact;
mod config;
mod handler;
mod plan;
mod record;
mod work;

pub use crate::{
    config::Config,
    handler::{Archive, ArchiveError},
    work::{Work, Works},
};
