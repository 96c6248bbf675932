//! `GET /v1/leads`: leads by score, owner, age or activity, those that match a search, or the one
//! lead of an identity.
//!
//! Invariant: pages follow the order of what drives them, so a lead that nothing happened to is
//! listed exactly once; what a row shows is as of the request, and nobody is shown a lead that
//! they may not see.

mod asked;
mod entries;
pub(crate) mod place;

use std::sync::Arc;

use axum::{
    Json,
    extract::{RawQuery, State},
    response::{IntoResponse, Response},
};
use domain::{
    identity::Identity,
    lead::Status,
    segment::Segment,
    stage::Stage,
    time::{Day, Timestamp},
};
use scoring::living_home;
use utoipa::IntoParams;

use self::{
    asked::{Asked, Listing},
    entries::Entries,
    place::Place,
};
use crate::{
    body::{LeadBody, Page},
    cursor,
    error::ApiError,
    guard::Admitted,
    reads::{Reads, is_visible},
    show::{self, Lens},
    words,
};

/// How leads are asked for.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct LeadsQuery {
    /// What the list is ordered by: `score` (by default), highest first; `created`, the latest
    /// first; `activity`, the day of the last event, the latest first: leads without any event,
    /// such as those made by hand or imported, are left out.
    #[param(schema_with = words::lead_order)]
    pub sort: Option<String>,
    /// Finds leads by words in name, email address, company and phone number: by beginnings of
    /// three letters or digits and more, or by whole shorter words (`mar` finds Maria, `ma` does
    /// not). Beside such a word others may be shorter beginnings: `maria s`. Excludes `sort`.
    #[param(min_length = 2, max_length = 100, example = "ana exam")]
    pub q: Option<String>,
    /// Only leads that this user works, `me` for the caller's own, `none` for leads that nobody
    /// works. Without `sort` and `q` the latest come first.
    #[param(schema_with = words::assignee)]
    pub assigned_to: Option<String>,
    /// Only leads of this stage.
    #[param(schema_with = words::stage)]
    pub stage: Option<Stage>,
    /// Only leads of this status.
    #[param(schema_with = words::status)]
    pub status: Option<Status>,
    /// Only leads that show this segment.
    #[param(schema_with = words::segment)]
    pub segment: Option<Segment>,
    /// Only leads that come from here, in any case of letters.
    #[param(min_length = 1, max_length = 64, example = "google")]
    pub source: Option<String>,
    /// Only leads that trade here; `direct` takes those that trade at no marketplace.
    #[param(min_length = 1, max_length = 64, example = "mercado_livre")]
    pub marketplace: Option<String>,
    /// Only leads with at least this score.
    #[param(minimum = 0, maximum = 999_999_999_999_i64)]
    pub min_score: Option<i64>,
    /// Only leads with at most this score.
    #[param(minimum = 0, maximum = 999_999_999_999_i64)]
    pub max_score: Option<i64>,
    /// Only people (`true`), or only mere cookies (`false`).
    pub known: Option<bool>,
    /// Only leads that came to be at this instant or later; with `sort=created`.
    #[param(value_type = Option<String>, format = DateTime)]
    pub created_from: Option<Timestamp>,
    /// Only leads that came to be at this instant or before; with `sort=created`.
    #[param(value_type = Option<String>, format = DateTime)]
    pub created_to: Option<Timestamp>,
    /// Only leads whose last event was on this UTC day or later; with `sort=activity`.
    #[param(schema_with = words::day)]
    pub active_from: Option<Day>,
    /// Only leads whose last event was on this UTC day or before; with `sort=activity`.
    #[param(schema_with = words::day)]
    pub active_to: Option<Day>,
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

/// Lists leads, searches them, or finds one by an identity
///
/// One thing drives a list: `sort`, a search by `q`, or else `assigned_to`; without any it is by
/// score. Everything else filters. By score, leads come in the order of the last commit or nightly
/// run and show the score as of the request. With a filter a page may be short, even empty, while
/// `next_cursor` goes on: at most 1,000 leads are looked at for one page.
///
/// Who sees only the leads that are assigned to them gets those alone, whatever drives the list.
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
    match Asked::parse(query.as_deref(), &admitted)? {
        Asked::List(listing) => page(&reads, &admitted, &listing).await,
        Asked::Person(identity) => person(&reads, &admitted, &identity).await,
        Asked::Nobody => {
            Ok(Json(Page::<LeadBody> { data: Vec::new(), next_cursor: None }).into_response())
        }
    }
}

async fn page(reads: &Reads, admitted: &Admitted, listing: &Listing) -> Result<Response, ApiError> {
    let limit = usize::from(listing.limit);
    let mut lens = Lens::new(reads, admitted).await?;
    let mut entries = Entries::new(reads, admitted, listing);
    let (mut seen, mut places) = (Vec::new(), Vec::new());
    while seen.len() < limit {
        let Some((at, lead)) = entries.next().await? else { break };
        if !is_visible(admitted, &lead) {
            continue;
        }
        let row = lens.see(lead).await?;
        if listing.filter.takes(&row.lead, lens.rules(), admitted.now) {
            seen.push(row);
            places.push(at);
        }
    }
    let more = entries.has_more().await?;
    let bodies = show::bodies(reads, admitted, &seen).await?;
    let data = show::fitting(&bodies)?;
    // Where rows did not fit, the next page begins with them.
    let cut = data.len() < bodies.len();
    let next =
        if cut { places.get(data.len() - 1).cloned() } else { entries.passed().filter(|_| more) };
    let next = next.map(|at| Place { at, made_for: listing.made_for.clone() });
    let seal = |place: Place| cursor::seal(&place, admitted.keyring());
    let next_cursor = next.map(seal).transpose()?;
    Ok(Json(Page { data, next_cursor }).into_response())
}

async fn person(
    reads: &Reads,
    admitted: &Admitted,
    identity: &Identity,
) -> Result<Response, ApiError> {
    let home = living_home(&reads.store, admitted.keyring(), identity).await?;
    let lead = reads.find(admitted, home.id).await?;
    let data = match lead {
        Some(lead) => vec![show::exact(reads, admitted, lead).await?],
        None => Vec::new(),
    };
    Ok(Json(Page { data, next_cursor: None }).into_response())
}
