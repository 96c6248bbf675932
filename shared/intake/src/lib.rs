//! What is said about a person, on its way in: personal values split off and sealed, homes and
//! links derived from the identities.
//!
//! Invariant: what becomes the event holds no personal value; each goes sealed beside it.

pub mod edit;
pub mod personal;
mod whom;

pub use crate::whom::{Whom, note_helpers, note_identities, seal};
