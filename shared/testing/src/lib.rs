//! What tests share: tables to write to, events to send, faults to survive.
//!
//! Invariant: a builder is valid by default, and a test says only what it is about. Nothing here
//! is ever part of a function: the crate is a dev-dependency only.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::missing_panics_doc,
    clippy::unwrap_used,
    reason = "a test that cannot be set up has failed"
)]

mod conformance;
mod events;
mod faults;
mod random;
mod tables;

pub use crate::{
    conformance::check_store,
    events::{EventBuilder, a_tenant, an_event, home_of, rules},
    faults::{Fault, Faults},
    random::Random,
    tables::Tables,
};
