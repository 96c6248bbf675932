//! What people can ask about themselves: all that is held of them, and to be erased.

pub mod data;
pub mod erase;
pub mod erasures;

use axum::{http::Method, routing::get};
use domain::permission::Permission;
use utoipa::OpenApi;

use crate::routes::{Route, read};

/// The routes of this area. An erasure is asked for by deleting the lead.
pub const ROUTES: &[Route] = &[
    read(Method::GET, "/v1/leads/{id}/data", Permission::Privacy, || get(data::show)),
    read(Method::GET, "/v1/erasures", Permission::Privacy, || get(erasures::list)),
    read(Method::GET, "/v1/erasures/{id}", Permission::Privacy, || get(erasures::show)),
];

/// What the OpenAPI document says of them.
#[derive(OpenApi)]
#[openapi(paths(data::show, erasures::list, erasures::show))]
pub struct Paths;
