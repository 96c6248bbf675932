//! Answers reads about leads, over HTTP.
//!
//! Trigger: the HTTP API. Effect: none; it only reads, so a retry is a new read and there is no
//! idempotency key. Scores are viewed at the gateway's request time: a lead that nobody touched
//! has decayed without any job.
//!
//! Invariant: every answer is scoped by the tenant of the caller's key, and every error is a
//! problem document.

pub mod analytics;
pub mod body;
pub mod config;
mod cursor;
mod error;
pub mod explanation;
pub mod gateway;
mod guard;
pub mod health;
pub mod lead;
pub mod leaderboard;
pub mod leads;
pub mod openapi;
mod person;
mod query;
mod reads;
pub mod routes;
mod show;
pub mod timeline;
mod walk;
mod words;

#[cfg(test)]
mod tests;
