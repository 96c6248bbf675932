//! The body of an import: a whole CSV file.

use axum::{
    body::Bytes,
    extract::{FromRequest, Request},
    http::{HeaderMap, StatusCode, header::CONTENT_TYPE},
};
use lambda::problem::Problem;

use crate::{error::ApiError, input};

/// The largest file: with what the gateway escapes it still fits the 6 MB of an invocation, as a
/// rule.
pub const MAX_FILE_BYTES: usize = 5 * 1024 * 1024;

/// A file that was uploaded.
#[derive(Clone, Debug)]
pub struct Upload(pub Bytes);

impl<S: Send + Sync> FromRequest<S> for Upload {
    type Rejection = ApiError;

    async fn from_request(request: Request, _: &S) -> Result<Self, ApiError> {
        let (parts, body) = request.into_parts();
        if !is_csv(&parts.headers) {
            let message = "the body is CSV; say so with Content-Type: text/csv";
            let status = StatusCode::UNSUPPORTED_MEDIA_TYPE;
            return Err(Problem::new(status, "unsupported_content_type", message).into());
        }
        Ok(Self(input::whole(body, MAX_FILE_BYTES).await?))
    }
}

fn is_csv(headers: &HeaderMap) -> bool {
    let content_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let essence = content_type.and_then(|text| text.split(';').next()).unwrap_or_default();
    essence.trim().eq_ignore_ascii_case("text/csv")
}
