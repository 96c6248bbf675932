//! `GET /health`: whether the function answers at all.
//!
//! Invariant: it touches no table and no key, so anybody may ask at any rate; a table that does
//! not answer shows in the reads themselves, as 503.

use axum::Json;
use serde::Serialize;
use utoipa::ToSchema;

/// A function that answers.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
pub struct Health {
    /// Always `ok`.
    #[schema(example = "ok")]
    pub status: &'static str,
    /// The version of the function.
    #[schema(example = "0.1.0")]
    pub version: &'static str,
}

/// Tells that the function is up
///
/// It looks at neither tables nor keys.
#[utoipa::path(
    get,
    path = "/health",
    operation_id = "show_health",
    tag = "operation",
    responses((status = 200, description = "The function is up.", body = Health))
)]
pub async fn health() -> Json<Health> {
    Json(Health { status: "ok", version: env!("CARGO_PKG_VERSION") })
}
