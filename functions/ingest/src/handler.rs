//! The way of a request: route, key, body, items, queue, answer.
//!
//! Invariant: everything is read before anything is sent, and everything is queued before it is
//! accepted. Whatever a client sends, it is answered below 500; a 503 says that a table or a
//! queue did not answer and that the same request is safe to send again.

use domain::{event::Arrival, time::Timestamp};
use http::HeaderMap;
use lambda::{
    auth::{self, Caller, CallerDirectory, Presented},
    limit::Counters,
    problem::Problem,
    telemetry::told,
};
use queue::FailedItem;
use serde_json::{Value, json};
use uuid::Uuid;
use vault::SealError;

use crate::{
    answer::{self, Items, Read},
    arrival, body,
    callers::{Callers, Counted},
    cloud_events,
    dispatch::{self, Outbox},
    gateway::{Answer, Request},
    incoming::{self, Incoming},
    native,
    rejection::Rejection,
    route::Route,
    segment::Envelope,
};

/// When a sender should come back after a queue did not answer.
const RETRY_AFTER_SECONDS: u32 = 2;

/// The function, with whom it asks for keys and where it sends.
#[derive(Debug)]
pub struct Ingest<D, C, O> {
    callers: Callers<D, C>,
    outbox: O,
    fresh_id: fn() -> Uuid,
}

/// A request on its way.
struct Arrived<'r> {
    request: &'r Request,
    headers: HeaderMap,
    route: Route,
    at: Timestamp,
    counted: &'r Counted,
}

impl<D: CallerDirectory, C: Counters, O: Outbox> Ingest<D, C, O> {
    /// Takes who knows the callers, the queues, and what makes new ids.
    pub const fn new(callers: Callers<D, C>, outbox: O, fresh_id: fn() -> Uuid) -> Self {
        Self { callers, outbox, fresh_id }
    }

    /// Returns the queues.
    pub const fn outbox(&self) -> &O {
        &self.outbox
    }

    /// Answers a request. `now` stands in for a gateway that does not tell when it received it.
    pub async fn handle(&self, request: &Request, now: Timestamp) -> Answer {
        let at = request.received_at().unwrap_or(now);
        let counted = Counted::default();
        let mut answer = self.accept(request, at, &counted).await.unwrap_or_else(|problem| {
            tracing::info!(status = problem.status().as_u16(), code = problem.code(), "refused");
            Answer::from(problem.into_response::<String>())
        });
        counted.write(&mut answer);
        answer
    }

    async fn accept(
        &self,
        request: &Request,
        at: Timestamp,
        counted: &Counted,
    ) -> Result<Answer, Problem> {
        let route = Route::of(&request.method(), request.path())?;
        let arrived = Arrived { request, headers: request.headers(), route, at, counted };
        match route {
            Route::Call(_) | Route::Batch => self.segment(arrived).await,
            Route::Event | Route::Events => self.native(arrived).await,
        }
    }

    async fn segment(&self, arrived: Arrived<'_>) -> Result<Answer, Problem> {
        let Arrived { request, ref headers, route, at: received_at, counted } = arrived;
        // A key in a header is checked before the body is touched.
        let in_headers = match auth::present(headers, None) {
            presented @ Presented::Key(_) => {
                Some(self.callers.admit(&presented, counted, received_at).await?)
            }
            _ => None,
        };
        let (text, is_base64) = request.body();
        let body = body::decode(text, is_base64, headers)?;
        let envelope = Envelope::read(&body, route)?;
        let caller = if let Some(caller) = in_headers {
            caller
        } else {
            let presented = auth::present(headers, envelope.write_key.as_deref());
            self.callers.admit(&presented, counted, received_at).await?
        };
        let (arrivals, rejected) = self.read_calls(&envelope, &caller, received_at);
        if let (false, Some((_, rejection))) = (envelope.is_batch, rejected.first()) {
            return Err(rejection.clone().into_problem());
        }
        let accepted = arrivals.len();
        let tenant = caller.tenant();
        let unsent = dispatch::queue(&self.outbox, tenant, arrivals).await;
        if !unsent.is_empty() {
            // The SDK sends all of it again; the ids make that safe.
            return Err(queue_unavailable());
        }
        self.send_failed(&rejected, &caller, route, received_at).await?;
        let rejected = rejected.len();
        tracing::info!(%tenant, route = route.name(), accepted, rejected, "queued");
        Ok(Answer::json(200, &json!({ "success": true })))
    }

    fn read_calls<'a>(
        &self,
        envelope: &Envelope<'a>,
        caller: &Caller,
        received_at: Timestamp,
    ) -> (Vec<Arrival>, Vec<(&'a str, Rejection)>) {
        let mut arrivals = Vec::with_capacity(envelope.items.len());
        let mut rejected = Vec::new();
        for raw in &envelope.items {
            let arrival = envelope
                .read_item(raw, received_at)
                .and_then(|incoming| self.arrival(incoming, caller, received_at));
            match arrival {
                Ok(arrival) => arrivals.push(arrival),
                Err(rejection) => rejected.push((*raw, rejection)),
            }
        }
        (arrivals, rejected)
    }

    async fn send_failed(
        &self,
        rejected: &[(&str, Rejection)],
        caller: &Caller,
        route: Route,
        received_at: Timestamp,
    ) -> Result<(), Problem> {
        let unkept = |error: &(dyn std::error::Error + 'static)| {
            let error = told(error);
            tracing::error!(tenant = %caller.tenant(), error, "failed items were not queued");
            queue_unavailable()
        };
        let items: Result<Vec<FailedItem>, SealError> = rejected
            .iter()
            .map(|(raw, rejection)| failed_item(raw, rejection, caller, route, received_at))
            .collect();
        let items = items.map_err(|error| unkept(&error))?;
        if items.is_empty() {
            return Ok(());
        }
        self.outbox.send_failed(&items).await.map_err(|error| unkept(&error))
    }

    async fn native(&self, arrived: Arrived<'_>) -> Result<Answer, Problem> {
        let Arrived { request, ref headers, route, at: received_at, counted } = arrived;
        let presented = auth::present(headers, None);
        let caller = self.callers.admit(&presented, counted, received_at).await?;
        let (text, is_base64) = request.body();
        let body = body::decode(text, is_base64, headers)?;
        if route == Route::Event {
            body::check_depth(&body, body::MAX_DEPTH)?;
        }
        let mut arrivals = Vec::new();
        let mut read = Vec::new();
        for item in native_items(headers, route, &body)? {
            let stated_id = item.value.as_ref().ok().and_then(answer::stated_id);
            let arrival = item
                .read(received_at)
                .and_then(|incoming| self.arrival(incoming, &caller, received_at));
            match arrival {
                Ok(arrival) => {
                    let event = &arrival.event;
                    read.push(Read::Event(event.home.id, event.event_id.clone()));
                    arrivals.push(arrival);
                }
                Err(rejection) => read.push(Read::Rejected(stated_id, rejection)),
            }
        }
        let (items, accepted) = (read.len(), arrivals.len());
        let tenant = caller.tenant();
        let unsent = dispatch::queue(&self.outbox, tenant, arrivals).await;
        if !unsent.is_empty() && read.iter().all(|item| !is_queued(item, &unsent)) {
            return Err(queue_unavailable());
        }
        tracing::info!(
            %tenant, route = route.name(), accepted, rejected = items - accepted,
            unsent = unsent.len(), "queued"
        );
        Ok(Answer::json(202, &Items::of(read, &unsent)))
    }

    fn arrival(
        &self,
        incoming: Incoming,
        caller: &Caller,
        received_at: Timestamp,
    ) -> Result<Arrival, Rejection> {
        arrival::of(incoming, &caller.keyring, received_at, self.fresh_id)
    }
}

/// An item of the native routes, parsed.
struct NativeItem {
    value: Result<Value, Rejection>,
    is_cloud_event: bool,
}

impl NativeItem {
    fn of(raw: &str, is_cloud_event: bool) -> Self {
        let value = incoming::check_size(raw).and_then(|()| incoming::parse(raw));
        Self { value, is_cloud_event }
    }

    fn read(self, received_at: Timestamp) -> Result<Incoming, Rejection> {
        let value = self.value?;
        if self.is_cloud_event {
            cloud_events::read(value, received_at)
        } else {
            native::read(value, received_at)
        }
    }
}

/// Tells native events and `CloudEvents` apart, and returns the items.
fn native_items(headers: &HeaderMap, route: Route, body: &str) -> Result<Vec<NativeItem>, Problem> {
    if let Some(items) = cloud_events::batch(headers, body) {
        return Ok(items?.into_iter().map(|raw| NativeItem::of(raw, true)).collect());
    }
    if route == Route::Events && !cloud_events::is_alone(headers, body) {
        return Ok(native::items(body)?
            .into_iter()
            .map(|raw| NativeItem::of(raw, false))
            .collect());
    }
    if let Some(value) = cloud_events::binary(headers, body) {
        return Ok(vec![NativeItem { value, is_cloud_event: true }]);
    }
    if !body.trim_start().starts_with('{') {
        let message = "the body is not a JSON object";
        return Err(Problem::bad_request("invalid_envelope", message));
    }
    Ok(vec![NativeItem::of(body, cloud_events::is_structured(headers, body))])
}

fn is_queued(item: &Read, unsent: &dispatch::Unsent) -> bool {
    matches!(item, Read::Event(home, event_id) if !unsent.contains(*home, event_id))
}

fn failed_item(
    raw: &str,
    rejection: &Rejection,
    caller: &Caller,
    route: Route,
    received_at: Timestamp,
) -> Result<FailedItem, SealError> {
    let item = caller.keyring.seal_item(FailedItem::cut(raw.as_bytes()))?;
    let failed = FailedItem {
        tenant: caller.tenant().clone(),
        received_at,
        source: route.name().to_owned(),
        code: rejection.code.to_owned(),
        message: rejection.message.clone(),
        item,
    };
    Ok(failed.with_short_texts())
}

fn queue_unavailable() -> Problem {
    let message = "the events could not be queued just now; sending them again is safe";
    Problem::unavailable("queue_unavailable", message, RETRY_AFTER_SECONDS)
}
