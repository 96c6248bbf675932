//! Takes events in: checks them, splits personal data off, queues them.
//!
//! - **Trigger**: the HTTP API: the Segment dialect, Leadline's own event API, `CloudEvents`.
//! - **Effect**: every accepted event is in the queue that `score` reads, in one message with the
//!   other events of its home, its personal values sealed. Bad items of a Segment batch are in the
//!   `failed` queue with their reason.
//! - **Idempotency key**: (home, event id). The id is the sender's or a hash of what the event
//!   says, so the same event has the same key on every attempt.
//! - **Retry**: makes the same messages again. `score` counts each event once; an event with
//!   neither id nor timestamp is a new one every time.
//!
//! The only read on the way is that of the API key, once a minute; the requests of a key are
//! counted together with other containers now and then.

pub mod answer;
pub mod arrival;
pub mod body;
pub mod callers;
pub mod canonical;
pub mod cloud_events;
pub mod config;
pub mod dispatch;
pub mod gateway;
pub mod handler;
pub mod identities;
pub mod incoming;
pub mod native;
pub mod rejection;
pub mod route;
pub mod segment;
pub mod when;

pub use crate::{config::Config, dispatch::Queues, handler::Ingest};
