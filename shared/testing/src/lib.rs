//! What tests share: tables to write to, events to send, faults to survive, a meter of
//! what reading takes.
//!
//! Invariant: a builder is valid by default, and a test says only what it is about. Nothing here
//! is ever part of a function: the crate is a dev-dependency only.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::missing_panics_doc,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that cannot be set up has failed"
)]

mod accounts;
mod conformance;
mod edits;
mod events;
mod faults;
mod key_service;
mod keys;
mod memory_bucket;
mod meter;
mod random;
mod tables;

pub use crate::{
    accounts::{Accounts, PASSWORD},
    conformance::check_store,
    edits::{EditBuilder, a_user, an_edit},
    events::{EventBuilder, a_tenant, an_event, home_of, rules},
    faults::{Fault, Faults, Stop},
    key_service::key_service,
    keys::{keyring, opened},
    memory_bucket::MemoryBucket,
    meter::{Meter, Reading},
    random::Random,
    tables::Tables,
};
