//! Requests with an `Idempotency-Key`: made once, answered the same ever after.
//!
//! Invariant: of all requests of one caller to one route under one key, at most one is being
//! worked on, and after a success all of them have its answer. What is kept of a request cannot be
//! read without the tenant's keys.

use std::collections::BTreeMap;

use axum::{
    body::{Body, Bytes, to_bytes},
    extract::Request,
    http::{
        HeaderMap, HeaderName, HeaderValue, StatusCode,
        header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, LOCATION, RETRY_AFTER},
    },
    middleware::Next,
    response::{IntoResponse, Response},
};
use data_encoding::BASE32_NOPAD;
use domain::{event::Sealed, time::Timestamp};
use dynamo::{Begun, KeptAnswer, Lease, Store, StoreError};
use lambda::problem::Problem;
use vault::SealError;

use super::{Admitted, Creation};
use crate::{bulk::imports::MAX_FILE_BYTES, error::ApiError, input};

/// The header by which a caller names a request that is made once.
const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// The header of an answer that an earlier request had.
const IDEMPOTENT_REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");

const MOST_KEY_BYTES: usize = 255;

/// A larger answer would not fit into an item once it is sealed.
const MOST_ANSWER_BYTES: usize = 256 * 1024;

/// The headers that are kept of an answer.
const KEPT: [HeaderName; 4] = [CACHE_CONTROL, CONTENT_TYPE, ETAG, LOCATION];

/// Lets a request through to its handler unless its key has an answer already.
pub(super) async fn once(
    store: &Store,
    admitted: &Admitted,
    mut request: Request,
    next: Next,
) -> Response {
    let key = match key(request.headers()) {
        Ok(Some(key)) => key,
        Ok(None) => {
            request.extensions_mut().insert(admitted.clone());
            return next.run(request).await;
        }
        Err(problem) => return problem.into_response(),
    };
    let (mut parts, body) = request.into_parts();
    let body = match input::whole(body, MAX_FILE_BYTES).await {
        Ok(body) => body,
        Err(problem) => return problem.into_response(),
    };
    let target = format!("{} {}", parts.method, parts.uri.path());
    let query = parts.uri.query().unwrap_or_default();
    let begun = begin(store, admitted, [target.as_str(), &key, query], &body).await;
    let (lease, creation) = match begun {
        Ok(Begin::Work(lease, creation)) => (lease, creation),
        Ok(Begin::Answer(answer)) => return answer,
        Err(error) => return error.into_response(),
    };
    parts.extensions.insert(admitted.creating(creation));
    let response = next.run(Request::from_parts(parts, Body::from(body))).await;
    settle(store, &admitted.creating(creation), &lease, response).await
}

/// Reads the key; `None` without the header.
fn key(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let mut given = headers.get_all(&IDEMPOTENCY_KEY).iter();
    let Some(key) = given.next() else { return Ok(None) };
    let fits = (1..=MOST_KEY_BYTES).contains(&key.len())
        && key.as_bytes().iter().all(u8::is_ascii_graphic)
        && given.next().is_none();
    match key.to_str() {
        Ok(key) if fits => Ok(Some(key.to_owned())),
        _ => {
            let message = "an Idempotency-Key has 1 to 255 visible ASCII characters";
            Err(Problem::bad_request("invalid_idempotency_key", message).with_error(
                "Idempotency-Key",
                "invalid_value",
                message,
            ))
        }
    }
}

/// What there is to do about a request.
enum Begin {
    Work(Lease, Creation),
    Answer(Response),
}

/// Begins to work on the request, or gives the answer there is to it.
async fn begin(
    store: &Store,
    admitted: &Admitted,
    [target, key, query]: [&str; 3],
    body: &Bytes,
) -> Result<Begin, ApiError> {
    let wanted = wanted(admitted, [target, key, query], body)?;
    match store.begin_request(admitted.tenant(), &wanted).await? {
        Begun::Leased(lease) => {
            let creation = creation(admitted, &lease, wanted.seed != lease.seed)?;
            Ok(Begin::Work(lease, creation))
        }
        Begun::Answered(answer) => Ok(Begin::Answer(replayed(admitted, answer)?)),
        Begun::Reused => Err(reused().into()),
        Begun::InProgress(until) => Err(in_progress(until, admitted.now).into()),
    }
}

/// Names the request by who sends it where under which key, and its content; neither can be read.
fn wanted(
    admitted: &Admitted,
    [target, key, query]: [&str; 3],
    body: &[u8],
) -> Result<Lease, SealError> {
    let keyring = admitted.keyring();
    let name = format!("{}|{target}|{key}", admitted.actor());
    let token = BASE32_NOPAD.encode(&keyring.pseudonym("idempotency", name.as_bytes()));
    let content = [query.as_bytes(), b"\n", body].concat();
    let content = BASE32_NOPAD.encode(&keyring.pseudonym("idempotency_content", &content));
    let seed = keyring.seal_item(&admitted.creation().seed)?.0;
    Ok(Lease::new(token, content, seed, admitted.now))
}

fn creation(admitted: &Admitted, lease: &Lease, is_repeated: bool) -> Result<Creation, SealError> {
    let seed = admitted.keyring().open_item(&Sealed(lease.seed.clone()))?;
    let seed = seed.try_into().map_err(|_| SealError::Form)?;
    Ok(Creation { at: lease.created_at, seed, is_repeated })
}

/// Makes the answer that an earlier request had.
fn replayed(admitted: &Admitted, answer: KeptAnswer) -> Result<Response, SealError> {
    let body = admitted.keyring().open_item(&answer.body)?;
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = StatusCode::from_u16(answer.status).map_err(|_| SealError::Form)?;
    let headers = response.headers_mut();
    for (name, value) in answer.headers {
        let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| SealError::Form)?;
        headers.insert(name, HeaderValue::from_str(&value).map_err(|_| SealError::Form)?);
    }
    headers.insert(IDEMPOTENT_REPLAYED, HeaderValue::from_static("true"));
    Ok(response)
}

/// Keeps a success, forgets what was refused, and lets the next one try again what failed. What is
/// refused to a repetition may have been made by the try before it, so it is not forgotten.
///
/// When that fails, the answer is true all the same: whoever repeats the request after the lease
/// makes the same thing again.
async fn settle(store: &Store, admitted: &Admitted, lease: &Lease, response: Response) -> Response {
    let (parts, body) = response.into_parts();
    // The body of an answer of ours is in memory already.
    let body = to_bytes(body, usize::MAX).await.unwrap_or_default();
    let tenant = admitted.tenant();
    let settled = if parts.status.is_success() {
        match kept(admitted, parts.status, &parts.headers, &body) {
            Some(answer) => store.keep_answer(tenant, lease, answer).await,
            None => store.end_lease(tenant, lease).await,
        }
    } else if parts.status.is_client_error() && !admitted.creation().is_repeated {
        store.forget_request(tenant, lease).await
    } else {
        store.end_lease(tenant, lease).await
    };
    if let Err(error) = settled {
        complain(&error);
    }
    Response::from_parts(parts, Body::from(body))
}

/// Makes what is kept of an answer; `None` when it is too large.
fn kept(
    admitted: &Admitted,
    status: StatusCode,
    headers: &HeaderMap,
    body: &[u8],
) -> Option<KeptAnswer> {
    if body.len() > MOST_ANSWER_BYTES {
        return None;
    }
    let text = |name: &HeaderName| Some((name.to_string(), headers.get(name)?.to_str().ok()?));
    let headers = KEPT.iter().filter_map(text).map(|(name, value)| (name, value.to_owned()));
    let headers: BTreeMap<_, _> = headers.collect();
    let body = admitted.keyring().seal_item(body).ok()?;
    Some(KeptAnswer { status: status.as_u16(), headers, body })
}

fn complain(error: &StoreError) {
    tracing::error!(%error, "a request under an idempotency key is not settled");
}

/// 422: the key names another request.
fn reused() -> Problem {
    let message = "this Idempotency-Key was used for another request; use a new one";
    let status = StatusCode::UNPROCESSABLE_ENTITY;
    Problem::new(status, "idempotency_key_reused", message).with_error(
        "Idempotency-Key",
        "reused",
        message,
    )
}

/// 409: somebody works on the same request.
fn in_progress(until: Timestamp, now: Timestamp) -> Problem {
    let message = "a request with this Idempotency-Key is being worked on; repeat it later";
    let seconds = u64::try_from(until.millis_since(now)).unwrap_or(0).div_ceil(1_000).max(1);
    Problem::new(StatusCode::CONFLICT, "idempotency_in_progress", message)
        .with_header(RETRY_AFTER, HeaderValue::from(seconds))
}
