//! The answer to native events, item by item.
//!
//! Invariant: `accepted` is said of an event that is durably queued, and of no other.

use domain::{event::EventId, home::HomeId};
use serde::Serialize;
use serde_json::Value;

use intake::personal::patterns;

use crate::{dispatch::Unsent, rejection::Rejection};

/// What became of an item before anything was sent.
#[derive(Debug)]
pub enum Read {
    /// It is an event.
    Event(HomeId, EventId),
    /// It is none; the id is the sender's, where it has one.
    Rejected(Option<EventId>, Rejection),
}

/// The answer to native events.
#[derive(Debug, Serialize)]
pub struct Items {
    data: Vec<Item>,
}

#[derive(Debug, Serialize)]
struct Item {
    event_id: Option<EventId>,
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<Error>,
}

#[derive(Debug, Serialize)]
struct Error {
    code: &'static str,
    message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<&'static str>,
    /// Whether the same item may be accepted when it is sent again.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    retry: bool,
}

impl Items {
    /// Tells what became of every item, in the order in which they came.
    pub fn of(read: Vec<Read>, unsent: &Unsent) -> Self {
        Self { data: read.into_iter().map(|item| Item::of(item, unsent)).collect() }
    }
}

impl Item {
    fn of(read: Read, unsent: &Unsent) -> Self {
        match read {
            Read::Event(home, event_id) if unsent.contains(home, &event_id) => {
                let error = Error {
                    code: "queue_unavailable",
                    message: "the event could not be queued just now".to_owned(),
                    field: None,
                    retry: true,
                };
                Self { event_id: Some(event_id), status: "rejected", error: Some(error) }
            }
            Read::Event(_, event_id) => {
                Self { event_id: Some(event_id), status: "accepted", error: None }
            }
            Read::Rejected(event_id, Rejection { code, message, field }) => {
                let error = Error { code, message, field, retry: false };
                Self { event_id, status: "rejected", error: Some(error) }
            }
        }
    }
}

/// Returns the id that a rejected item states, so that its sender knows which one it was. An id
/// that is personal is not repeated.
pub fn stated_id(item: &Value) -> Option<EventId> {
    let id = crate::identities::as_text(item.get("event_id").or_else(|| item.get("id"))?)?;
    if patterns::is_personal(&id) { None } else { EventId::from_sender(&id).ok() }
}
