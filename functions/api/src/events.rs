//! `GET /v1/events`: the events of one lead, newest first, by type and time.
//!
//! Invariant: an event is shown as the lead's timeline shows it, to who may see the lead. A cursor
//! serves only the question that it was given for.

use std::sync::Arc;

use axum::{
    Json,
    extract::{RawQuery, State},
    response::{IntoResponse, Response},
};
use domain::{
    event::{Event, Position},
    home::HomeId,
    time::Timestamp,
};
use serde::{Deserialize, Serialize};
use utoipa::IntoParams;

use crate::{
    body::Page,
    cursor,
    error::ApiError,
    guard::Admitted,
    leads::place::digest,
    query::Query,
    reads::Reads,
    show::fitting,
    timeline::{self, TimelineEvent},
    words,
};

const LIMIT: u16 = 50;
const MOST: u16 = 250;

/// How many types one query may name, and how many bytes a type has at most.
const MOST_TYPES: usize = 20;
const MAX_TYPE_BYTES: usize = 128;

/// Which events are asked for.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct EventsQuery {
    /// Any id of the lead's family.
    #[param(
        pattern = "^lead_[a-z2-7]{25}[aeimquy4]$",
        example = "lead_5beiexgvm3fyfbysxs6stwaya4"
    )]
    pub lead_id: String,
    /// Only events of this type, as it is stored; given up to 20 times, of any of them.
    #[param(rename = "type", example = json!(["page_view"]))]
    pub event_type: Option<Vec<String>>,
    /// Only events from this instant on.
    #[param(schema_with = words::timestamp)]
    pub from: Option<Timestamp>,
    /// Only events up to this instant.
    #[param(schema_with = words::timestamp)]
    pub to: Option<Timestamp>,
    /// How many events a page has at most; 50 by default.
    #[param(minimum = 1, maximum = 250)]
    pub limit: Option<u16>,
    /// Continues after the page whose `next_cursor` it was.
    pub cursor: Option<String>,
}

/// What is asked for, page by page.
#[derive(Debug, Serialize)]
struct Asked {
    lead: HomeId,
    types: Vec<String>,
    from: Option<Timestamp>,
    to: Option<Timestamp>,
}

/// What a cursor holds: the last event shown, and a digest of what was asked for.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Place {
    made_for: String,
    at: Position,
}

/// Lists the events of a lead by type and time
///
/// Newest first, each as the lead's timeline shows it. A page may have fewer events than `limit`
/// while `next_cursor` goes on: large events fill it earlier. Events are read lead by lead;
/// questions across leads are for the archive.
#[utoipa::path(
    get,
    path = "/v1/events",
    operation_id = "list_events",
    tag = "events",
    params(EventsQuery),
    responses(
        (status = 200, description = "A page of events.", body = Page<TimelineEvent>),
        (status = 404, description = "No lead answers to the id: `lead_not_found`."),
        (status = 422, description = "The lead has more events than one answer is made from: `too_many_events`."),
    )
)]
pub async fn list(
    State(reads): State<Arc<Reads>>,
    admitted: Admitted,
    RawQuery(query): RawQuery,
) -> Result<Response, ApiError> {
    let known = ["lead_id", "type", "from", "to", "limit", "cursor"];
    let mut query = Query::parse_repeating(query.as_deref(), &known, &["type"]);
    let limit = query.limit(LIMIT, MOST);
    let cursor = query.text("cursor");
    let asked = Asked::read(query)?;
    let made_for = digest(&asked, admitted.keyring())?;
    let after = cursor.map(|cursor| Place::read(&cursor, &made_for)).transpose()?;
    let lead = reads.find(&admitted, asked.lead).await?.ok_or_else(ApiError::lead_not_found)?;
    let (events, settings) = reads.history(admitted.tenant(), &lead).await?;

    let wanted = |event: &Event| asked.takes(event);
    let page = timeline::latest(&settings.rules, &events, after.as_ref(), limit, wanted);
    let data = fitting(&page.data)?;
    let is_cut = page.has_more || data.len() < page.data.len();
    let last = data.len().checked_sub(1).and_then(|last| page.data.get(last));
    let place = |event: &TimelineEvent| cursor::write(&Place { made_for, at: event.position() });
    let next_cursor = last.filter(|_| is_cut).map(place).transpose()?;
    Ok(Json(Page { data, next_cursor }).into_response())
}

impl Asked {
    /// Reads what is left of a query.
    fn read(mut query: Query) -> Result<Self, ApiError> {
        let is_given = query.rest().contains(&"lead_id");
        let lead = query.parsed("lead_id");
        if !is_given {
            let message = "lead_id is needed: events are listed lead by lead, and the archive \
                           answers questions across leads";
            query.refuse("lead_id", "missing_parameter", message.to_owned());
        }
        let mut types = query.all("type");
        types.sort_unstable();
        types.dedup();
        if types.len() > MOST_TYPES {
            let message = format!("type is given at most {MOST_TYPES} times");
            query.refuse("type", "out_of_range", message);
        }
        if types.iter().any(|name| !(1..=MAX_TYPE_BYTES).contains(&name.len())) {
            let message = format!("type has 1 to {MAX_TYPE_BYTES} bytes");
            query.refuse("type", "out_of_range", message);
        }
        let (from, to) = (query.read("from", Timestamp::bound), query.read("to", Timestamp::bound));
        if from.zip(to).is_some_and(|(from, to)| from > to) {
            query.refuse("from", "out_of_range", "from is not after to".to_owned());
        }
        query.finish()?;
        // What is no id was refused above.
        let lead = lead.ok_or_else(ApiError::lead_not_found)?;
        Ok(Self { lead, types, from, to })
    }

    fn takes(&self, event: &Event) -> bool {
        (self.types.is_empty() || self.types.binary_search(&event.event_type).is_ok())
            && self.from.is_none_or(|from| from <= event.timestamp)
            && self.to.is_none_or(|to| event.timestamp <= to)
    }
}

impl Place {
    fn read(cursor: &str, made_for: &str) -> Result<Position, ApiError> {
        let place: Self = cursor::read(cursor)?;
        if place.made_for == made_for { Ok(place.at) } else { Err(cursor::invalid().into()) }
    }
}
