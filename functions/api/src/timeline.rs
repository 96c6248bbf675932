//! `GET /v1/leads/{id}/timeline`: a lead's events with what each gave, newest first.
//!
//! Invariant: contributions are those of the fold that makes the score; they are computed at read
//! and never stored. Of what people changed it shows who and which fields, never a value.

use std::{collections::HashMap, sync::Arc};

use axum::{
    Json,
    extract::{Path, RawQuery, State},
};
use domain::{
    actor::Actor,
    edit::Edit,
    event::{Event, EventId, Position},
    explanation::{Line, Refusal},
    fold::{Recorder, fold_recording},
    home::HomeId,
    points::Points,
    rules::Rules,
    state::MAX_EVENTS,
    time::Timestamp,
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::{IntoParams, ToSchema};

use crate::{
    body::Page,
    cursor,
    error::ApiError,
    guard::Admitted,
    lead::{self, LeadPath},
    query::Query,
    reads::Reads,
    words,
};

const LIMIT: u16 = 50;
// An event has up to 32 KB, and a function may answer with 6 MB.
const MOST: u16 = 100;

/// An event as the timeline shows it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct TimelineEvent {
    /// The event's id, unique within its home.
    #[schema(value_type = String)]
    pub event_id: EventId,
    /// The home that it is stored in: one of the lead's ids.
    #[schema(schema_with = words::lead_id)]
    pub home: HomeId,
    /// What happened.
    #[schema(example = "page_view")]
    pub event_type: String,
    /// When it happened.
    #[schema(value_type = String, format = DateTime)]
    pub timestamp: Timestamp,
    /// When it was received.
    #[schema(value_type = String, format = DateTime)]
    pub received_at: Timestamp,
    /// What the sender says about it, personal values taken out.
    #[schema(schema_with = words::anything)]
    pub properties: Map<String, Value>,
    /// Where it happened, personal values taken out.
    #[schema(schema_with = words::anything)]
    pub context: Map<String, Value>,
    /// What it declares about the person, personal values taken out.
    #[schema(schema_with = words::anything)]
    pub traits: Map<String, Value>,
    /// What people changed by it; absent where it is not theirs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub edit: Option<TimelineEdit>,
    /// Whether it counts; edits, changes of consent, suppressed events, those without consent and
    /// those beyond the first 20,000 do not.
    pub scored: bool,
    /// Present where it does not count because the person did not consent to scoring then.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    #[schema(required = false)]
    pub no_consent: bool,
    /// The rule that took it out of scoring.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub suppressed_by: Option<String>,
    /// What the rules gave for it, before decay.
    #[schema(value_type = f64)]
    pub points: Points,
    /// What each rule gave.
    pub contributions: Vec<ContributionBody>,
}

/// What people changed by hand, or brought in from a file.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct TimelineEdit {
    /// Who did: a user, a key, or `system`.
    #[schema(value_type = String, example = "user_019a0b3c-4d5e-7f60-8a1b-2c3d4e5f6071")]
    pub by: Actor,
    /// The fields that were changed.
    #[schema(example = json!(["profile.title", "status"]))]
    pub fields: Vec<String>,
}

/// What one rule gave for an event.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[schema(as = Contribution)]
pub struct ContributionBody {
    /// The rule's id.
    #[schema(example = "page_view")]
    pub rule: String,
    /// The version of the rule set.
    #[schema(minimum = 1)]
    pub rule_set: u32,
    /// What it gave, negative where it took.
    #[schema(value_type = f64)]
    pub points: Points,
    /// What a cap or group cap withheld.
    #[schema(value_type = f64)]
    pub withheld: Points,
}

/// The latest events of a lead.
pub struct Latest {
    /// The events, newest first.
    pub data: Vec<TimelineEvent>,
    /// Whether there are earlier ones.
    pub has_more: bool,
}

/// What the fold tells about events, by home and event id.
#[derive(Debug, Default)]
struct Told {
    contributions: HashMap<(HomeId, EventId), Vec<ContributionBody>>,
    /// Those that count for nothing, each with the rule that suppresses it.
    refused: HashMap<(HomeId, EventId), Option<String>>,
}

impl Recorder for Told {
    fn record(&mut self, line: impl FnOnce() -> Line) {
        if let Line::Contribution { event_id, home, rule, rule_set, points, withheld, .. } = line()
        {
            let contribution = ContributionBody { rule, rule_set, points, withheld };
            self.contributions.entry((home, event_id)).or_default().push(contribution);
        }
    }

    fn refuse(&mut self, refusal: impl FnOnce() -> Refusal) {
        let refusal = refusal();
        if refusal.is_of_whole_event() {
            self.refused.insert((refusal.home, refusal.event_id), refusal.rule);
        }
    }
}

/// How a timeline is asked for.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct TimelineQuery {
    /// How many events a page has at most; 50 by default.
    #[param(minimum = 1, maximum = 100)]
    pub limit: Option<u16>,
    /// Continues after the page whose `next_cursor` it was.
    pub cursor: Option<String>,
}

/// What a cursor holds: the last event shown, and the id it was asked under.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Place {
    under: HomeId,
    at: Position,
}

/// Lists a lead's events
///
/// Newest first, each with what the rules gave for it. Their points do not sum to the score:
/// idle time takes its share, as the explanation shows. What people changed by hand stands among
/// them as `lead_created`, `lead_edited` and `lead_imported`, with who did and which fields, and
/// gives no points.
#[utoipa::path(
    get,
    path = "/v1/leads/{id}/timeline",
    operation_id = "list_lead_events",
    tag = "leads",
    params(LeadPath, TimelineQuery),
    responses((status = 200, description = "A page of events.", body = Page<TimelineEvent>))
)]
pub async fn show(
    State(reads): State<Arc<Reads>>,
    admitted: Admitted,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Json<Page<TimelineEvent>>, ApiError> {
    let mut query = Query::parse(query.as_deref(), &["limit", "cursor"]);
    let limit = query.limit(LIMIT, MOST);
    let cursor = query.text("cursor");
    query.finish()?;
    let under: HomeId = id.parse().map_err(|_| ApiError::lead_not_found())?;
    let after = cursor.map(|cursor| Place::read(&cursor, under)).transpose()?;
    let lead = lead::find(&reads, &admitted, &id).await?;
    let (events, settings) = reads.history(admitted.tenant(), &lead).await?;

    let page = latest(&settings.rules, &events, after.as_ref(), limit, |_| true);
    let last = page.data.last().filter(|_| page.has_more);
    let place = |event: &TimelineEvent| cursor::write(&Place { under, at: event.position() });
    let next_cursor = last.map(place).transpose()?;
    Ok(Json(Page { data: page.data, next_cursor }))
}

impl Place {
    fn read(cursor: &str, under: HomeId) -> Result<Position, ApiError> {
        let place: Self = cursor::read(cursor)?;
        if place.under == under { Ok(place.at) } else { Err(cursor::invalid().into()) }
    }
}

fn is_before(event: &Event, place: &Position) -> bool {
    (event.timestamp, &event.event_id, event.home.id)
        < (place.timestamp, &place.event_id, place.home)
}

/// Shows the latest of those events before a place that are wanted, newest first. The events are
/// all that the lead has, in the order of the fold.
pub fn latest(
    rules: &Rules,
    events: &[Event],
    before: Option<&Position>,
    limit: u16,
    wanted: impl Fn(&Event) -> bool,
) -> Latest {
    let mut told = Told::default();
    fold_recording(rules, events, &mut told);
    let end = before
        .map_or(events.len(), |place| events.partition_point(|event| is_before(event, place)));
    let folded = usize::try_from(MAX_EVENTS).unwrap_or(usize::MAX);
    let mut counted = 0;
    let is_folded = events.iter().map(|event| {
        let has_place = event.is_behaviour();
        counted += usize::from(has_place);
        has_place && counted <= folded
    });
    let is_folded: Vec<_> = is_folded.collect();
    let numbered = events.iter().zip(is_folded).take(end).rev();
    let mut found = numbered.filter(|(event, _)| wanted(event));
    let data = found.by_ref().take(limit.into());
    let data = data.map(|(event, is_folded)| told.show(event, is_folded)).collect();
    Latest { data, has_more: found.next().is_some() }
}

impl Told {
    fn show(&mut self, event: &Event, is_folded: bool) -> TimelineEvent {
        let key = (event.home.id, event.event_id.clone());
        let contributions = self.contributions.remove(&key).unwrap_or_default();
        let refused = self.refused.remove(&key);
        let is_refused = refused.is_some();
        let suppressed_by = refused.flatten();
        TimelineEvent {
            event_id: event.event_id.clone(),
            home: event.home.id,
            event_type: event.event_type.clone(),
            timestamp: event.timestamp,
            received_at: event.received_at,
            properties: event.properties.clone(),
            context: event.context.clone(),
            traits: event.traits.clone(),
            edit: event.edit.as_deref().map(TimelineEdit::of),
            scored: is_folded && !is_refused,
            no_consent: is_refused && suppressed_by.is_none(),
            suppressed_by,
            points: contributions.iter().map(|contribution| contribution.points).sum(),
            contributions,
        }
    }
}

impl TimelineEvent {
    /// Returns its place in the order of the fold.
    pub fn position(&self) -> Position {
        let Self { timestamp, event_id, home, .. } = self;
        Position { timestamp: *timestamp, event_id: event_id.clone(), home: *home }
    }
}

impl TimelineEdit {
    fn of(edit: &Edit) -> Self {
        Self { by: edit.by.clone(), fields: edit.fields() }
    }
}
