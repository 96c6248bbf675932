//! Answers reads about leads, and does what people decide about them, over HTTP.
//!
//! Trigger: the HTTP API. Effect: a read has none; a change is one transaction with its entry in the
//! audit log. Scores are viewed at the gateway's request time: a lead that nobody touched has
//! decayed without any job.
//!
//! Retries: what makes something is made once for each `Idempotency-Key`, however often it is sent.
//! What names what it changes is done once without one. Repeated, it finds its work done, does the
//! same again, or is refused because it is done: a merge, a PUT, a DELETE, a creation with an `id`,
//! an unmerge that names a merge or homes, a publish or rollback. What names nothing does more each
//! time: a creation without `id` and key adds another thing, an unmerge without names undoes the
//! merge before. An edit with `If-Match` that was made is refused when it is repeated: it has
//! changed what it was to match.
//!
//! Invariant: every answer is scoped by the tenant of the caller, and every error is a problem
//! document.

pub mod accounts;
pub mod adapters;
pub mod analytics;
pub mod body;
pub mod bulk;
pub mod config;
mod cursor;
mod draft;
pub mod edits;
mod error;
pub mod events;
pub mod explanation;
pub mod factor_weights;
pub mod gateway;
pub mod golden_leads;
mod guard;
pub mod health;
mod input;
pub mod intelligence;
pub mod job_queue;
pub mod jobs;
pub mod lead;
pub mod leaderboard;
pub mod leads;
pub mod merge;
pub mod nightly_runs;
pub mod openapi;
mod person;
pub mod preview;
pub mod privacy;
pub mod publish;
mod query;
mod reads;
pub mod recommendations;
mod revision;
pub mod routes;
pub mod rule_sets;
pub mod scoring_rules;
mod search;
mod show;
mod slug;
pub mod timeline;
pub mod unmerge;
mod walk;
mod words;
pub mod workspace;

#[cfg(test)]
mod tests;
