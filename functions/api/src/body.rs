//! The shapes of answers that several routes share.

use std::collections::BTreeMap;

use domain::{
    home::HomeId,
    lead::{Lead, Status},
    marketplace::Marketplace,
    points::Points,
    segment::{Segment, ShownSegment},
    stage::Stage,
    time::Timestamp,
    user::UserId,
    view::View,
};
use intake::person::Person;
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::{
    edits::consents::{self, ConsentBody},
    person::{EditedFieldBody, IdentityBody},
    words,
};

/// A page of a list.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Page<T> {
    /// What is on the page.
    pub data: Vec<T>,
    /// Continues after this page; `null` when it was the last.
    #[schema(required)]
    pub next_cursor: Option<String>,
}

/// A lead as of the instant of the request.
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Lead)]
pub struct LeadBody {
    /// The lead's own id. Every id of its family answers this lead.
    #[schema(schema_with = words::lead_id)]
    pub id: HomeId,
    /// The score shown: points rounded to a whole number, at least 0.
    #[schema(minimum = 0)]
    pub score: i64,
    /// The points behind the score; negative is kept as evidence.
    #[schema(value_type = f64)]
    pub points: Points,
    /// The stage of the score shown.
    #[schema(schema_with = words::stage)]
    pub stage: Stage,
    /// Events in the last 24 hours, at most 10.
    #[schema(minimum = 0, maximum = 10)]
    pub velocity: u32,
    /// How likely the lead is going cold.
    #[schema(minimum = 0, maximum = 100)]
    pub risk: u32,
    /// The sales state.
    #[schema(schema_with = words::status)]
    pub status: Status,
    /// Whether it is a person: some identity is more than a cookie.
    pub known: bool,
    /// Whom it is assigned to; `null` when nobody works it.
    #[schema(schema_with = words::optional_user_id, required)]
    pub assigned_to: Option<UserId>,
    /// The behavioural group, or the one that somebody chose.
    #[schema(schema_with = words::segment)]
    pub segment: Segment,
    /// Whether somebody chose the segment.
    pub segment_by_hand: bool,
    /// Where the lead comes from: what is set by hand, else the latest trait `source`, else the
    /// first campaign's source, else `direct`.
    #[schema(example = "google")]
    pub source: String,
    /// Where it trades: what is set by hand, else the marketplaces that events named, in the order
    /// in which they were first named.
    #[schema(value_type = Vec<String>, example = json!(["mercado_livre"]))]
    pub marketplaces: Vec<Marketplace>,
    /// What is known about the person, by field: what is set by hand, else the latest declaration
    /// of events and imports.
    #[schema(schema_with = words::anything)]
    pub profile: Map<String, Value>,
    /// What is set by hand, by field, beside what is declared.
    pub edits: BTreeMap<String, EditedFieldBody>,
    /// What names the person, strongest kind first.
    pub identities: Vec<IdentityBody>,
    /// What the person consents to, by purpose. Of a purpose that is not here nothing was said.
    pub consents: BTreeMap<String, ConsentBody>,
    /// How many events are scored.
    pub events: u32,
    /// When the lead came to be: the first event or edit of all, suppressed ones included. `null`
    /// for a lead that waits to be scored anew after an update of Leadline.
    #[schema(value_type = Option<String>, format = DateTime, required)]
    pub created_at: Option<Timestamp>,
    /// When the first event happened; `null` before any, as in a lead that was made by hand.
    #[schema(value_type = Option<String>, format = DateTime, required)]
    pub first_seen_at: Option<Timestamp>,
    /// When the last event happened; `null` before any.
    #[schema(value_type = Option<String>, format = DateTime, required)]
    pub last_event_at: Option<Timestamp>,
    /// The version of the rule set that the score was made by.
    #[schema(minimum = 1)]
    pub rule_set: u32,
    /// The next stage that decay alone will bring, and when; `null` when it will bring none.
    #[schema(required)]
    pub forecast: Option<ForecastBody>,
    /// Whether links exist that the family is too large to follow.
    pub identity_limit: bool,
    /// Whether there are more events than are scored.
    pub flooded: bool,
}

/// When decay will next change the stage, if no event comes.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[schema(as = Forecast)]
pub struct ForecastBody {
    /// The stage that decay will bring.
    #[schema(schema_with = words::stage)]
    pub stage: Stage,
    /// The instant from which the lead shows it.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
}

/// A lead with its place.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct RankedLead {
    /// The place, from 1.
    #[schema(minimum = 1)]
    pub rank: usize,
    /// The lead.
    #[serde(flatten)]
    pub lead: LeadBody,
}

impl LeadBody {
    /// Shows a lead as `view` sees it at `now`.
    pub fn new(lead: &Lead, view: &View, person: Person, now: Timestamp) -> Self {
        let state = &lead.state;
        let segment = ShownSegment::of(state, now);
        let forecast = view.forecast.map(|next| ForecastBody { stage: next.stage, at: next.at });
        Self {
            id: lead.survivor.id,
            score: view.score,
            points: view.points,
            stage: view.stage,
            velocity: view.velocity,
            risk: view.risk,
            status: state.work.status,
            assigned_to: state.work.assigned_to.clone(),
            segment: segment.segment,
            segment_by_hand: segment.chosen,
            source: state.shown_source().to_owned(),
            marketplaces: state.shown_marketplaces(),
            known: lead.is_known(),
            profile: person.profile,
            edits: person.edits.into_iter().map(|(name, set)| (name, set.into())).collect(),
            identities: person.identities.into_iter().map(Into::into).collect(),
            consents: consents::in_force(&state.consents),
            events: state.events,
            created_at: state.created_at,
            first_seen_at: state.first_seen_at,
            last_event_at: state.last_event_at,
            rule_set: state.rule_set,
            forecast,
            identity_limit: lead.identity_limit,
            flooded: state.flooded,
        }
    }
}
