//! Keeps what leads are found by in step with what their homes say, and tells what is said now.
//!
//! Invariant: an index entry holds no personal value, only tokens made with the tenant's keys. It
//! may lead to a lead that no longer says what it was made from; whoever follows it checks that
//! with [`Shown`].

mod concerned;
mod indexer;
mod values;

pub use crate::{
    concerned::concerned,
    indexer::{IndexError, Indexer},
    values::{Findable, Shown, company, term},
};
