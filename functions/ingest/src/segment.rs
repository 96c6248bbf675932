//! The Segment dialect: single calls and batches as Segment's, `RudderStack`'s and Jitsu's SDKs
//! send them.
//!
//! Invariant: an envelope that parses never fails for one of its items; each is read alone.

mod call;

use std::collections::BTreeMap;

use domain::time::Timestamp;
use http::StatusCode;
use lambda::problem::Problem;
use serde_json::{Map, Value, value::RawValue};

use crate::{
    body,
    incoming::{self, Incoming},
    rejection::Rejection,
    route::{Call, Route},
    when,
};

/// The most items of a batch.
pub const MAX_ITEMS: usize = 20_000;

/// How large all items of a batch may become together when each takes over the batch's context.
const MAX_UNFOLDED_BYTES: usize = 8 * 1024 * 1024;

/// The largest item together with the batch's context.
const MAX_ITEM_WITH_CONTEXT_BYTES: usize = 48 * 1024;

/// A body of the dialect, its items not read yet.
#[derive(Debug)]
pub struct Envelope<'a> {
    /// The key, where the sender puts it into the body.
    pub write_key: Option<String>,
    /// The items as they came.
    pub items: Vec<&'a str>,
    /// Whether the body is a batch.
    pub is_batch: bool,
    path_call: Option<Call>,
    sent_at: Option<Timestamp>,
    context: Map<String, Value>,
    context_bytes: usize,
}

type Members<'a> = BTreeMap<String, &'a RawValue>;

impl<'a> Envelope<'a> {
    /// Reads a body that is known to be JSON.
    pub fn read(text: &'a str, route: Route) -> Result<Self, Problem> {
        let members: Members<'a> = serde_json::from_str(text).map_err(|_| {
            Problem::bad_request("invalid_envelope", "the body is not a JSON object")
        })?;
        let mut envelope = Self {
            write_key: member(&members, "writeKey").and_then(|key| key.as_str().map(str::to_owned)),
            items: Vec::new(),
            is_batch: route == Route::Batch,
            path_call: if let Route::Call(call) = route { call } else { None },
            sent_at: member(&members, "sentAt").as_ref().and_then(when::instant),
            context: Map::new(),
            context_bytes: 0,
        };
        if !envelope.is_batch {
            body::check_depth(text, body::MAX_DEPTH)?;
            envelope.items.push(text);
            return Ok(envelope);
        }
        envelope.read_items(&members)?;
        envelope.read_context(&members)?;
        Ok(envelope)
    }

    fn read_items(&mut self, members: &Members<'a>) -> Result<(), Problem> {
        let items = members
            .get("batch")
            .and_then(|batch| serde_json::from_str::<Vec<&RawValue>>(batch.get()).ok())
            .ok_or_else(|| {
                Problem::bad_request("invalid_envelope", "batch is missing or not an array")
            })?;
        if items.len() > MAX_ITEMS {
            let message = format!("a batch has at most {MAX_ITEMS} events");
            return Err(Problem::bad_request("too_many_events", message));
        }
        self.items = items.into_iter().map(RawValue::get).collect();
        Ok(())
    }

    fn read_context(&mut self, members: &Members<'a>) -> Result<(), Problem> {
        if let Some(context) = members.get("context") {
            // Every item takes it over, one level down.
            body::check_depth(context.get(), body::MAX_DEPTH - 1)?;
        }
        let Some(Value::Object(context)) = member(members, "context") else { return Ok(()) };
        self.context = context;
        self.context_bytes = members.get("context").map_or(0, |context| context.get().len());
        let items: usize = self.items.iter().map(|item| item.len()).sum();
        let unfolded = self.context_bytes.saturating_mul(self.items.len()).saturating_add(items);
        if unfolded > MAX_UNFOLDED_BYTES {
            let message = "the batch is too large when each event takes over its context";
            let status = StatusCode::PAYLOAD_TOO_LARGE;
            return Err(Problem::new(status, "payload_too_large", message));
        }
        Ok(())
    }

    /// Reads one of the items.
    pub fn read_item(&self, raw: &str, received_at: Timestamp) -> Result<Incoming, Rejection> {
        incoming::check_size(raw)?;
        if raw.len() + self.context_bytes > MAX_ITEM_WITH_CONTEXT_BYTES {
            let message = "the event is too large together with the batch's context";
            return Err(Rejection::new("event_too_large", message));
        }
        call::read(incoming::parse(raw)?, self, received_at)
    }
}

fn member(members: &Members<'_>, name: &str) -> Option<Value> {
    members.get(name).and_then(|raw| serde_json::from_str(raw.get()).ok())
}
