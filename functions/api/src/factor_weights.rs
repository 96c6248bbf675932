//! `/v1/factor-weights`: how much each factor makes of the factor score, by marketplace.
//!
//! Invariant: weights are whole percents that sum to 100, under the name that facts know the
//! marketplace by. They are replaced or removed only as they were read.

mod body;

use std::sync::Arc;

use axum::{
    Json,
    extract::{Path, RawQuery, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use domain::{
    factor_weights::FactorWeights,
    marketplace::{Marketplace, NotAMarketplace},
};
use lambda::problem::Problem;
use serde::{Deserialize, Serialize};
use utoipa::IntoParams;

use self::body::{NewFactorWeights, WeightsBody};
use crate::{
    body::Page,
    cursor,
    error::ApiError,
    guard::{Admitted, Change},
    input::Input,
    query::Query,
    reads::Reads,
    revision::{self, ATTEMPTS, IfMatch},
};

/// What the audit log calls the weights of a marketplace.
const FACTOR_WEIGHTS: &str = "factor_weights";

const LIMIT: u16 = 50;
const MOST: u16 = 250;

/// How weights are asked for.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct WeightsQuery {
    /// How many marketplaces a page has at most; 50 by default.
    #[param(minimum = 1, maximum = 250)]
    pub limit: Option<u16>,
    /// Continues after the page whose `next_cursor` it was.
    pub cursor: Option<String>,
}

/// Which marketplace is asked about.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct MarketplacePath {
    /// A marketplace: `direct`, or the name that events give. Upper case, spaces, hyphens and
    /// slashes are read as events' are, and a longer name is cut like theirs.
    #[param(example = "mercado_livre")]
    pub marketplace: String,
}

/// What a cursor holds: the last marketplace listed.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Place {
    after: Marketplace,
}

/// Lists the weights that were set
///
/// By marketplace. A marketplace that is not listed has the default: purchase 30, browsing 25,
/// interest 25, engagement 20.
#[utoipa::path(
    get,
    path = "/v1/factor-weights",
    operation_id = "list_factor_weights",
    tag = "rules",
    params(WeightsQuery),
    responses((status = 200, description = "A page of marketplaces.", body = Page<WeightsBody>))
)]
pub async fn list(
    State(reads): State<Arc<Reads>>,
    admitted: Admitted,
    RawQuery(query): RawQuery,
) -> Result<Json<Page<WeightsBody>>, ApiError> {
    let mut query = Query::parse(query.as_deref(), &["limit", "cursor"]);
    let limit = query.limit(LIMIT, MOST);
    let cursor = query.text("cursor");
    query.finish()?;
    let place: Option<Place> = cursor.as_deref().map(cursor::read).transpose()?;
    let after = place.as_ref().map(|place| &place.after);
    let more = limit.saturating_add(1);
    let mut rows = reads.store.factor_weights_after(admitted.tenant(), after, more).await?;
    let place = |(marketplace, _): &(Marketplace, _)| Place { after: marketplace.clone() };
    let next_cursor = cursor::cut(&mut rows, limit, place)?;
    let row = |(marketplace, weights)| WeightsBody::new(marketplace, Some(weights));
    Ok(Json(Page { data: rows.into_iter().map(row).collect(), next_cursor }))
}

/// Shows the weights of a marketplace
///
/// Every name has some: its own, or the default.
#[utoipa::path(
    get,
    path = "/v1/factor-weights/{marketplace}",
    operation_id = "show_factor_weights",
    tag = "rules",
    params(MarketplacePath),
    responses(
        (
            status = 200,
            description = "The weights.",
            body = WeightsBody,
            headers(("ETag" = String, description = "The revision of the weights.")),
        ),
        (status = 422, description = "It is no marketplace's name: `invalid_marketplace`."),
    )
)]
pub async fn show(
    State(reads): State<Arc<Reads>>,
    admitted: Admitted,
    Path(marketplace): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Response, ApiError> {
    Query::parse(query.as_deref(), &[]).finish()?;
    let marketplace = named(&marketplace)?;
    let own = reads.store.factor_weights(admitted.tenant(), &marketplace).await?;
    Ok(shown(marketplace, own))
}

/// Sets the weights of a marketplace
///
/// Four whole percents that sum to 100. Factor scores follow at the next read. With `If-Match` only
/// if they are still that revision.
#[utoipa::path(
    put,
    path = "/v1/factor-weights/{marketplace}",
    operation_id = "set_factor_weights",
    tag = "rules",
    params(
        MarketplacePath,
        ("If-Match" = Option<String>, Header, description = "Their ETag as they were read."),
    ),
    request_body = NewFactorWeights,
    responses(
        (
            status = 200,
            description = "The weights as they are now.",
            body = WeightsBody,
            headers(("ETag" = String, description = "The revision of the weights.")),
        ),
        (status = 412, description = "They have changed: `precondition_failed`."),
        (status = 422, description = "It is no marketplace's name: `invalid_marketplace`; or the weights do not sum to 100: `invalid_weights`, with their sum."),
    )
)]
pub async fn set(
    State(reads): State<Arc<Reads>>,
    admitted: Admitted,
    Path(marketplace): Path<String>,
    if_match: IfMatch,
    RawQuery(query): RawQuery,
    Input(body): Input<NewFactorWeights>,
) -> Result<Response, ApiError> {
    Query::parse(query.as_deref(), &[]).finish()?;
    let marketplace = named(&marketplace)?;
    let weights = body.weights()?;
    let (store, tenant) = (&reads.store, admitted.tenant());
    for _ in 0..ATTEMPTS {
        let read = store.factor_weights(tenant, &marketplace).await?;
        if_match.require(&etag(read))?;
        let [before, after] =
            [read, Some(weights)].map(|weights| WeightsBody::new(marketplace.clone(), weights));
        let name = marketplace.as_str();
        let change = Change::of(FACTOR_WEIGHTS, name, Some(&before), Some(&after))?;
        let store = admitted.recording_change(store, change);
        if store.put_factor_weights(tenant, &marketplace, weights, read).await? {
            return Ok(shown(marketplace, Some(weights)));
        }
    }
    Err(revision::contended().into())
}

/// Gives a marketplace the default weights again
///
/// With `If-Match` only if they are still that revision.
#[utoipa::path(
    delete,
    path = "/v1/factor-weights/{marketplace}",
    operation_id = "reset_factor_weights",
    tag = "rules",
    params(
        MarketplacePath,
        ("If-Match" = Option<String>, Header, description = "Their ETag as they were read."),
    ),
    responses(
        (status = 204, description = "It has the default weights."),
        (status = 412, description = "They have changed: `precondition_failed`."),
        (status = 422, description = "It is no marketplace's name: `invalid_marketplace`."),
    )
)]
pub async fn reset(
    State(reads): State<Arc<Reads>>,
    admitted: Admitted,
    Path(marketplace): Path<String>,
    if_match: IfMatch,
    RawQuery(query): RawQuery,
) -> Result<StatusCode, ApiError> {
    Query::parse(query.as_deref(), &[]).finish()?;
    let marketplace = named(&marketplace)?;
    let (store, tenant) = (&reads.store, admitted.tenant());
    for _ in 0..ATTEMPTS {
        let own = store.factor_weights(tenant, &marketplace).await?;
        if_match.require(&etag(own))?;
        let Some(read) = own else { return Ok(StatusCode::NO_CONTENT) };
        let store = admitted.recording(store, FACTOR_WEIGHTS, marketplace.as_str(), []);
        if store.drop_factor_weights(tenant, &marketplace, read).await? {
            return Ok(StatusCode::NO_CONTENT);
        }
    }
    Err(revision::contended().into())
}

/// Reads a marketplace's name as facts do.
fn named(text: &str) -> Result<Marketplace, Problem> {
    text.parse().map_err(|error: NotAMarketplace| {
        let code = "invalid_marketplace";
        Problem::new(StatusCode::UNPROCESSABLE_ENTITY, code, error.to_string())
    })
}

/// Returns the `ETag` of weights, or of the default while none were set.
fn etag(own: Option<FactorWeights>) -> String {
    own.map_or_else(
        || "\"default\"".to_owned(),
        |own| {
            let [purchase, browsing, interest, engagement] =
                [own.purchase(), own.browsing(), own.interest(), own.engagement()];
            format!("\"{purchase}-{browsing}-{interest}-{engagement}\"")
        },
    )
}

fn shown(marketplace: Marketplace, own: Option<FactorWeights>) -> Response {
    let etag = revision::header(etag(own));
    (etag, Json(WeightsBody::new(marketplace, own))).into_response()
}
