//! Leadline's domain: events, identity, families, the fold and what is read off it.
//!
//! Invariant: everything here is pure. No AWS, no async, no clock, no environment, no logging;
//! time and secrets come in as arguments.

pub mod api_key;
pub mod decay;
pub mod event;
pub mod explanation;
pub mod family;
pub mod fold;
pub mod home;
pub mod identity;
pub mod lead;
pub mod link;
pub mod points;
pub mod profile;
pub mod rollup;
pub mod rule_set;
pub mod stage;
pub mod state;
pub mod tenant;
pub mod time;
pub mod view;
