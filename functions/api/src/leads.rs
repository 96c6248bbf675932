//! `GET /v1/leads`: leads by score, or the one lead of an identity.
//!
//! Invariant: pages follow the materialised order, so a lead that nothing happened to is listed
//! exactly once; what a row shows is as of the request.

use std::sync::Arc;

use axum::{
    Json,
    extract::{RawQuery, State},
    response::{IntoResponse, Response},
};
use domain::{
    home::HomeId,
    identity::{Identity, InvalidIdentity, Kind},
    stage::Stage,
};
use dynamo::{ListedLead, ScorePlace};
use serde::{Deserialize, Serialize};
use utoipa::IntoParams;

use crate::{
    body::{LeadBody, Page},
    cursor,
    error::ApiError,
    guard::Admitted,
    query::Query,
    reads::Reads,
    show::{self, Lens, Seen},
    walk::{self, Walk},
    words,
};

const LIMIT: u16 = 50;
const MOST: u16 = 250;

const PARAMETERS: &[&str] =
    &["stage", "known", "limit", "cursor", "user_id", "email", "external", "phone", "anonymous_id"];

/// How leads are asked for.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct LeadsQuery {
    /// Only leads of this stage.
    #[param(schema_with = words::stage)]
    pub stage: Option<Stage>,
    /// Only people (`true`), or only mere cookies (`false`).
    pub known: Option<bool>,
    /// How many leads a page has at most; 50 by default.
    #[param(minimum = 1, maximum = 250)]
    pub limit: Option<u16>,
    /// Continues after the page whose `next_cursor` it was; only with the same filters.
    pub cursor: Option<String>,
    /// Finds the lead of this user id.
    #[param(max_length = 256)]
    pub user_id: Option<String>,
    /// Finds the lead of this email address.
    #[param(max_length = 256)]
    pub email: Option<String>,
    /// Finds the lead of an id in another system, written `system:id`.
    #[param(max_length = 256)]
    pub external: Option<String>,
    /// Finds the lead of this phone number, written internationally.
    #[param(max_length = 256)]
    pub phone: Option<String>,
    /// Finds the lead of this cookie or device.
    #[param(max_length = 256)]
    pub anonymous_id: Option<String>,
}

/// What a query asks for.
enum Asked {
    List(Listing),
    Person(Identity),
    /// The lead of a value that stands for nobody, such as `undefined`.
    Nobody,
}

/// One page of the list by score.
#[derive(Debug)]
struct Listing {
    filter: Filter,
    limit: u16,
    after: Option<Place>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Filter {
    only: Option<Stage>,
    known: Option<bool>,
}

/// What a cursor holds: the last entry examined, and the filter it was examined for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Place {
    stage: Stage,
    score: i64,
    lead: HomeId,
    only: Option<Stage>,
    known: Option<bool>,
}

/// Lists leads by score, or finds one by an identity
///
/// Leads come with the highest score first, in the order of the last commit or nightly run, and
/// show the score as of the request. With a filter a page may be short, even empty, while
/// `next_cursor` goes on: at most 1,000 leads are looked at for one page.
///
/// With one of `user_id`, `email`, `external`, `phone` or `anonymous_id`, and nothing else, the
/// answer is a list of the one lead of that person, or of none.
#[utoipa::path(
    get,
    path = "/v1/leads",
    operation_id = "list_leads",
    tag = "leads",
    params(LeadsQuery),
    responses((status = 200, description = "A page of leads.", body = Page<LeadBody>))
)]
pub async fn list(
    State(reads): State<Arc<Reads>>,
    admitted: Admitted,
    RawQuery(query): RawQuery,
) -> Result<Response, ApiError> {
    match Asked::parse(query.as_deref())? {
        Asked::List(listing) => page(&reads, &admitted, &listing).await,
        Asked::Person(identity) => person(&reads, &admitted, &identity).await,
        Asked::Nobody => {
            Ok(Json(Page::<LeadBody> { data: Vec::new(), next_cursor: None }).into_response())
        }
    }
}

impl Asked {
    fn parse(raw: Option<&str>) -> Result<Self, ApiError> {
        let mut query = Query::parse(raw, PARAMETERS);
        let identity = Kind::ALL.into_iter().find_map(|kind| {
            let value = query.text(kind.as_str())?;
            Some((kind, Identity::new(kind, &value)))
        });
        let Some((kind, identity)) = identity else {
            return Ok(Self::List(Listing::parse(query)?));
        };
        for other in query.rest() {
            let message = format!("{kind} finds one lead and takes no other parameter");
            query.refuse(other, "conflicting_parameter", message);
        }
        match &identity {
            Ok(_) | Err(InvalidIdentity::Placeholder(_)) => {}
            Err(error) => query.refuse(kind.as_str(), "invalid_identity", error.to_string()),
        }
        query.finish()?;
        if identity == Err(InvalidIdentity::Placeholder(kind)) {
            return Ok(Self::Nobody);
        }
        // What was no identity was refused above.
        identity.map(Self::Person).map_err(|_| cursor::invalid().into())
    }
}

impl Listing {
    fn parse(mut query: Query) -> Result<Self, ApiError> {
        let filter = Filter { only: query.parsed("stage"), known: query.flag("known") };
        let limit = query.limit(LIMIT, MOST);
        let cursor = query.text("cursor");
        query.finish()?;
        let after = cursor.map(|cursor| Place::read(&cursor, filter)).transpose()?;
        Ok(Self { filter, limit, after })
    }
}

impl Place {
    fn of(entry: &ListedLead, filter: Filter) -> Self {
        let ScorePlace { score, lead } = walk::place(entry);
        let Filter { only, known } = filter;
        Self { stage: entry.standing.stage, score, lead, only, known }
    }

    /// Reads a cursor that must have been given for this filter.
    fn read(cursor: &str, filter: Filter) -> Result<Self, ApiError> {
        let place: Self = cursor::read(cursor)?;
        let made_for = Filter { only: place.only, known: place.known };
        let in_stage = filter.only.is_none_or(|only| only == place.stage);
        if made_for != filter || !in_stage || place.score < 0 {
            return Err(cursor::invalid().into());
        }
        Ok(place)
    }
}

impl Filter {
    fn stages(self) -> Vec<Stage> {
        match self.only {
            Some(stage) => vec![stage],
            None => walk::highest_first().collect(),
        }
    }

    fn takes(self, seen: &Seen) -> bool {
        self.only.is_none_or(|stage| stage == seen.view.stage)
            && self.known.is_none_or(|known| known == seen.lead.is_known())
    }
}

async fn page(reads: &Reads, admitted: &Admitted, listing: &Listing) -> Result<Response, ApiError> {
    let Listing { filter, limit, after } = listing;
    let mut lens = Lens::new(reads, admitted).await?;
    let mut walk = Walk::new(&reads.store, admitted.tenant(), filter.stages(), *limit);
    if let Some(Place { stage, score, lead, .. }) = *after {
        walk.after(stage, ScorePlace { score, lead });
    }
    let (mut seen, mut places, mut last) = (Vec::new(), Vec::new(), None);
    while seen.len() < usize::from(*limit) {
        let Some(entry) = walk.next().await? else { break };
        let place = Place::of(&entry, *filter);
        last = Some(place);
        let row = lens.see(entry.lead).await?;
        if filter.takes(&row) {
            seen.push(row);
            places.push(place);
        }
    }
    let more = walk.has_more().await?;
    let bodies = show::bodies(reads, admitted, &seen).await?;
    let data = show::fitting(&bodies)?;
    // Where rows did not fit, the next page begins with them.
    let cut = data.len() < bodies.len();
    let next = if cut { places.get(data.len() - 1).copied() } else { last.filter(|_| more) };
    let next_cursor = next.map(|place| cursor::write(&place)).transpose()?;
    Ok(Json(Page { data, next_cursor }).into_response())
}

async fn person(
    reads: &Reads,
    admitted: &Admitted,
    identity: &Identity,
) -> Result<Response, ApiError> {
    let home = admitted.keyring().home(identity, 0);
    let lead = reads.find(admitted.tenant(), home.id).await?;
    let data = match lead {
        Some(lead) => vec![show::exact(reads, admitted, lead).await?],
        None => Vec::new(),
    };
    Ok(Json(Page { data, next_cursor: None }).into_response())
}
