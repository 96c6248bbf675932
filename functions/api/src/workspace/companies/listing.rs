//! `GET /v1/companies`: companies by name.
//!
//! Invariant: a company is listed once, by the name that it has now.

use std::sync::Arc;

use axum::{
    Json,
    extract::{RawQuery, State},
};
use domain::search::company_key;
use serde::{Deserialize, Serialize};
use utoipa::IntoParams;

use super::{CompanyBody, LIMIT, MOST, MOST_NAME_BYTES};
use crate::{body::Page, cursor, error::ApiError, guard::Admitted, query::Query, reads::Reads};

/// How many characters the beginning of a name has at most.
const MOST_QUERY: usize = 200;

/// How companies are asked for.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct CompaniesQuery {
    /// Only companies whose name begins with this, whatever the spelling.
    #[param(max_length = 200)]
    pub q: Option<String>,
    /// How many companies a page has at most; 50 by default.
    #[param(minimum = 1, maximum = 250)]
    pub limit: Option<u16>,
    /// Continues after the page whose `next_cursor` it was; only with the same `q`.
    pub cursor: Option<String>,
}

/// What a cursor holds: the last name listed, and the beginning that was asked for.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Place {
    q: String,
    after: String,
}

/// Lists companies
///
/// By name, without regard to case, accents and signs. Companies that leads name are here without
/// anybody making them. The scores of their leads are with each one: `GET /v1/companies/{id}`.
#[utoipa::path(
    get,
    path = "/v1/companies",
    operation_id = "list_companies",
    tag = "workspace",
    params(CompaniesQuery),
    responses((status = 200, description = "A page of companies.", body = Page<CompanyBody>))
)]
pub async fn list(
    State(reads): State<Arc<Reads>>,
    admitted: Admitted,
    RawQuery(query): RawQuery,
) -> Result<Json<Page<CompanyBody>>, ApiError> {
    let mut query = Query::parse(query.as_deref(), &["q", "limit", "cursor"]);
    let q = query.text("q").map(|name| beginning(&mut query, &name)).unwrap_or_default();
    let limit = query.limit(LIMIT, MOST);
    let cursor = query.text("cursor");
    query.finish()?;
    let place: Option<Place> = cursor.as_deref().map(cursor::read).transpose()?;
    let is_ours = |place: &Place| {
        place.q == q && place.after.starts_with(&q) && place.after.len() <= MOST_NAME_BYTES
    };
    if place.as_ref().is_some_and(|place| !is_ours(place)) {
        return Err(cursor::invalid().into());
    }
    let after = place.as_ref().map(|place| place.after.as_str());
    let page = reads.store.companies(admitted.tenant(), &q, after, limit).await?;
    let next_cursor = page.next.map(|after| cursor::write(&Place { q, after })).transpose()?;
    let kept = page.companies.into_iter();
    let data = kept.map(|(_, kept)| CompanyBody::of(&admitted, kept.company)).collect();
    Ok(Json(Page { data, next_cursor }))
}

/// Brings the beginning of a name to its normal form.
fn beginning(query: &mut Query, name: &str) -> String {
    if name.is_empty() {
        return String::new();
    }
    let key = if name.chars().count() > MOST_QUERY { None } else { company_key(name) };
    key.unwrap_or_else(|| {
        let message = format!("q has a letter or a digit, and at most {MOST_QUERY} characters");
        query.refuse("q", "invalid_value", message);
        String::new()
    })
}
