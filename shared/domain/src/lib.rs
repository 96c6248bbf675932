//! Leadline's domain: events, identity, families, the fold and what is read off it.
//!
//! Invariant: everything here is pure. No AWS, no async, no clock, no environment, no logging;
//! time and secrets come in as arguments.

pub mod amount;
pub mod api_key;
pub mod balance;
pub mod category;
pub mod check;
pub mod comparison;
pub mod condition;
pub mod contact;
pub mod decay;
pub mod event;
pub mod explanation;
pub mod factor;
pub mod factor_weights;
pub mod facts;
pub mod family;
pub mod fold;
pub mod golden_lead;
pub mod home;
pub mod identity;
pub mod intelligence;
pub mod job;
pub mod lead;
pub mod limits;
pub mod link;
pub mod marketplace;
pub mod pattern;
pub mod points;
pub mod profile;
pub mod recommendation;
pub mod rollup;
pub mod rule;
pub mod rule_set;
pub mod rules;
pub mod segment;
pub mod separation;
pub mod stage;
pub mod state;
pub mod tenant;
pub mod time;
pub mod view;
