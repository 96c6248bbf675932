//! `GET /v1/companies/{id}/leads`: the leads of a company, page by page.
//!
//! Invariant: a lead is listed once, at the first of its homes that names the company.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Path, RawQuery, State},
    response::{IntoResponse, Response},
};
use domain::{company::CompanyId, home::HomeId};
use serde::{Deserialize, Serialize};
use utoipa::IntoParams;

use super::{CompanyPath, LIMIT, MOST, MOST_NAME_BYTES, find, roll_up::of_name};
use crate::{
    body::{LeadBody, Page},
    cursor,
    error::ApiError,
    guard::Admitted,
    query::Query,
    reads::Reads,
    show::{self, Lens, Seen},
};

/// How many homes are looked at for one page.
const MOST_EXAMINED: usize = 1_000;

/// How the leads of a company are asked for.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct CompanyLeadsQuery {
    /// How many leads a page has at most; 50 by default.
    #[param(minimum = 1, maximum = 250)]
    pub limit: Option<u16>,
    /// Continues after the page whose `next_cursor` it was.
    pub cursor: Option<String>,
}

/// What a cursor holds: the last home looked at, and the name under which it was found.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Place {
    company: CompanyId,
    name: String,
    home: Option<HomeId>,
}

/// A page in the making.
struct Found {
    seen: Vec<Seen>,
    /// Where each of them was found.
    places: Vec<Place>,
    /// Where the search goes on; `None` at the end.
    next: Option<Place>,
}

/// Lists the leads of a company
///
/// Those whose profile gives one of its names, in no useful order, with scores as of the request. A
/// page may be short, even empty, while `next_cursor` goes on.
#[utoipa::path(
    get,
    path = "/v1/companies/{id}/leads",
    operation_id = "list_company_leads",
    tag = "workspace",
    params(CompanyPath, CompanyLeadsQuery),
    responses(
        (status = 200, description = "A page of leads.", body = Page<LeadBody>),
        (status = 404, description = "There is no such company: `company_not_found`."),
    )
)]
pub async fn list_leads(
    State(reads): State<Arc<Reads>>,
    admitted: Admitted,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Response, ApiError> {
    let mut query = Query::parse(query.as_deref(), &["limit", "cursor"]);
    let limit = query.limit(LIMIT, MOST);
    let cursor = query.text("cursor");
    query.finish()?;
    let company = find(&reads, &admitted, &id).await?.company;
    // Sealed: it holds a name of the company.
    let keyring = admitted.keyring();
    let place: Option<Place> = cursor.map(|cursor| cursor::open(&cursor, keyring)).transpose()?;
    let is_ours =
        |place: &Place| place.company == company.id && place.name.len() <= MOST_NAME_BYTES;
    if place.as_ref().is_some_and(|place| !is_ours(place)) {
        return Err(cursor::invalid().into());
    }
    let start = Place { company: company.id.clone(), name: String::new(), home: None };
    let place = place.unwrap_or(start);
    let found = Found::read(&reads, &admitted, &company, place, limit).await?;
    let bodies = show::bodies(&reads, &admitted, &found.seen).await?;
    let data = show::fitting(&bodies)?;
    // Where rows did not fit, the next page begins with them.
    let cut = data.len() < bodies.len();
    let next = if cut { found.places.get(data.len() - 1).cloned() } else { found.next };
    let next_cursor = next.map(|place| cursor::seal(&place, keyring)).transpose()?;
    Ok(Json(Page { data, next_cursor }).into_response())
}

impl Found {
    async fn read(
        reads: &Reads,
        admitted: &Admitted,
        company: &domain::company::Company,
        from: Place,
        limit: u16,
    ) -> Result<Self, ApiError> {
        let (keys, most) = (company.keys(), usize::from(limit));
        let mut lens = Lens::new(reads, admitted).await?;
        let mut found = Self { seen: Vec::new(), places: Vec::new(), next: None };
        let mut left = MOST_EXAMINED;
        let mut place = from;
        let names: Vec<_> = keys.keys().filter(|name| **name >= place.name).collect();
        for name in names {
            if place.name != *name {
                place = Place { name: name.clone(), home: None, ..place };
            }
            loop {
                if left == 0 || found.seen.len() >= most {
                    found.next = Some(place);
                    return Ok(found);
                }
                let at_once = limit.min(u16::try_from(left).unwrap_or(limit));
                let page = of_name(reads, admitted, &keys, name, place.home, at_once).await?;
                left -= usize::from(at_once);
                for (home, lead) in page.leads {
                    let at = Place { home: Some(home), ..place.clone() };
                    if found.seen.len() == most {
                        found.next = found.places.last().cloned();
                        return Ok(found);
                    }
                    found.seen.push(lens.see(lead).await?);
                    found.places.push(at);
                }
                place.home = page.last.or(place.home);
                if !page.more {
                    break;
                }
            }
        }
        Ok(found)
    }
}
