//! What is said about a person. On its way in: personal values split off and sealed, homes and
//! links derived from the identities. On its way back: opened, for who may see it.
//!
//! Invariant: what becomes the event holds no personal value; each goes sealed beside it.

pub mod edit;
pub mod person;
pub mod personal;
mod whom;

pub use crate::whom::{Whom, note_helpers, note_identities, seal};
