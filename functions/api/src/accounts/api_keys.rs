//! `/v1/api-keys`: what programs of a tenant call with.
//!
//! Invariant: a key is shown once, in the answer to the request that made it; of the key only its
//! hash is stored. It follows from the seed of that request, so the same request made again after a
//! crash makes and answers the same key. What is kept of a request with an `Idempotency-Key` for 24
//! hours, seed and answer, gives the key to whoever holds the tenant's keys, under which it lies.

use std::{collections::BTreeSet, sync::Arc};

use axum::{
    Json,
    extract::{Path, RawQuery, State},
    http::{StatusCode, header::CACHE_CONTROL},
    response::{IntoResponse, Response},
};
use domain::{
    actor::Actor,
    api_key::{ApiKey, ApiKeyText, KeyId, Scope},
    name::Name,
    time::{Day, Timestamp},
};
use dynamo::StoredApiKey;
use lambda::problem::Problem;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{invalid_field, name, words as own};
use crate::{
    body::Page, cursor, error::ApiError, guard::Admitted, input::Input, query::Query, reads::Reads,
    words,
};

const LIMIT: u16 = 50;
const MOST: u16 = 250;

/// An API key, without the key itself.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = ApiKey)]
pub struct ApiKeyBody {
    /// Its id.
    #[schema(schema_with = own::key_id)]
    pub id: KeyId,
    /// What people call it.
    #[schema(example = "Web shop")]
    pub name: String,
    /// What it is for.
    #[schema(schema_with = own::scopes)]
    pub scopes: BTreeSet<Scope>,
    /// When it was made; `null` when that was not kept yet.
    #[schema(schema_with = words::optional_timestamp, required)]
    pub created_at: Option<Timestamp>,
    /// Who made it: a user, an API key, or `system`; `null` when that was not kept yet.
    #[schema(schema_with = own::optional_actor, required)]
    pub created_by: Option<Actor>,
    /// The last day on which it was used; `null` when it never was.
    #[schema(schema_with = own::optional_day, required)]
    pub last_used_on: Option<Day>,
}

/// A key to make.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "name": "Web shop", "scopes": ["ingest"] }))]
pub struct NewApiKey {
    /// What people call it.
    #[schema(schema_with = name::schema)]
    name: Name,
    /// What it is for. A key that others can see, as in a web page, has `ingest` and nothing else.
    #[schema(schema_with = own::scopes)]
    scopes: Vec<Scope>,
}

/// A key that was made.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct CreatedApiKey {
    /// The key itself.
    #[schema(schema_with = own::key_text)]
    key: String,
    /// What is kept of it.
    #[serde(flatten)]
    kept: ApiKeyBody,
}

/// How API keys are asked for.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ApiKeysQuery {
    /// How many keys a page has at most; 50 by default.
    #[param(minimum = 1, maximum = 250)]
    pub limit: Option<u16>,
    /// Continues after the page whose `next_cursor` it was.
    pub cursor: Option<String>,
}

/// Which API key is asked about.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct ApiKeyPath {
    /// The key's id, which is no secret.
    #[param(pattern = "^key_[0-9a-f]{16}$", example = "key_0123456789abcdef")]
    pub id: String,
}

/// What a cursor holds: the last key listed.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Place {
    after: KeyId,
}

impl From<StoredApiKey> for ApiKeyBody {
    fn from(stored: StoredApiKey) -> Self {
        let ApiKey { id, name, scopes, .. } = stored.key;
        let StoredApiKey { created_at, created_by, last_used_on, .. } = stored;
        Self { id, name, scopes, created_at, created_by, last_used_on }
    }
}

/// Lists API keys
///
/// By id, never with the keys themselves.
#[utoipa::path(
    get,
    path = "/v1/api-keys",
    operation_id = "list_api_keys",
    tag = "accounts",
    params(ApiKeysQuery),
    responses((status = 200, description = "A page of keys.", body = Page<ApiKeyBody>))
)]
pub async fn list(
    State(reads): State<Arc<Reads>>,
    admitted: Admitted,
    RawQuery(query): RawQuery,
) -> Result<Json<Page<ApiKeyBody>>, ApiError> {
    let mut query = Query::parse(query.as_deref(), &["limit", "cursor"]);
    let limit = query.limit(LIMIT, MOST);
    let cursor = query.text("cursor");
    query.finish()?;
    let place: Option<Place> = cursor.as_deref().map(cursor::read).transpose()?;
    let after = place.as_ref().map(|place| &place.after);
    let more = limit.saturating_add(1);
    let mut kept = reads.store.api_keys(admitted.tenant(), after, more).await?;
    let next_cursor = cursor::cut(&mut kept, limit, |last| Place { after: last.key.id.clone() })?;
    let data = kept.into_iter().map(ApiKeyBody::from).collect();
    Ok(Json(Page { data, next_cursor }))
}

/// Makes an API key
///
/// The key is in the answer and nowhere else: keep it. Lost, it can only be revoked and another one
/// made.
#[utoipa::path(
    post,
    path = "/v1/api-keys",
    operation_id = "create_api_key",
    tag = "accounts",
    request_body = NewApiKey,
    responses((status = 201, description = "The key, which works at once.", body = CreatedApiKey))
)]
pub async fn create(
    State(reads): State<Arc<Reads>>,
    admitted: Admitted,
    RawQuery(query): RawQuery,
    Input(body): Input<NewApiKey>,
) -> Result<Response, ApiError> {
    Query::parse(query.as_deref(), &[]).finish()?;
    let scopes: BTreeSet<_> = body.scopes.iter().copied().collect();
    if scopes.is_empty() || scopes.len() < body.scopes.len() {
        return Err(invalid_field("scopes", "a key has at least one scope, each once").into());
    }
    let creation = admitted.creation();
    let secret = admitted.keyring().pseudonym("api_key", &creation.seed);
    let secret = secret.first_chunk().copied().unwrap_or_default();
    let text = ApiKeyText::compose(admitted.tenant(), &secret);
    let hash = text.hash();
    let (id, tenant, name) = (hash.id(), admitted.tenant().clone(), body.name.into());
    let stored =
        StoredApiKey::new(ApiKey { id, tenant, name, scopes }, creation.at, admitted.actor());
    let fields = ["name", "scopes"].map(str::to_owned);
    let store = admitted.recording(&reads.store, "api_key", stored.key.id.as_str(), fields);
    store.create_api_key(&hash, &stored).await?;
    let answer = CreatedApiKey { key: text.reveal().to_owned(), kept: stored.into() };
    Ok((StatusCode::CREATED, [(CACHE_CONTROL, "no-store")], Json(answer)).into_response())
}

/// Revokes an API key
///
/// For ever. Requests with it may be served for up to a minute more.
#[utoipa::path(
    delete,
    path = "/v1/api-keys/{id}",
    operation_id = "revoke_api_key",
    tag = "accounts",
    params(ApiKeyPath),
    responses(
        (status = 204, description = "It is revoked."),
        (status = 404, description = "There is no such key: `api_key_not_found`."),
    )
)]
pub async fn revoke(
    State(reads): State<Arc<Reads>>,
    admitted: Admitted,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<StatusCode, ApiError> {
    Query::parse(query.as_deref(), &[]).finish()?;
    let not_found = || Problem::not_found("api_key_not_found", "there is no API key with this id");
    let id: KeyId = id.parse().map_err(|_| not_found())?;
    let store = admitted.recording(&reads.store, "api_key", id.as_str(), []);
    if store.revoke_api_key(admitted.tenant(), &id).await? {
        return Ok(StatusCode::NO_CONTENT);
    }
    Err(not_found().into())
}
