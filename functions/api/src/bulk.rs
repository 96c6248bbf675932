//! Many leads at once: bulk edits, imports and exports, each a job.

pub mod begin;
pub mod exports;
pub mod imports;
pub mod leads;

use axum::{
    http::Method,
    routing::{get, post},
};
use domain::permission::Permission;
use utoipa::OpenApi;

use crate::routes::{Route, create, read};

/// The routes of this area.
pub const ROUTES: &[Route] = &[
    create(Method::POST, "/v1/leads/bulk", Permission::AllLeadsWrite, "leads.bulk", || {
        post(leads::begin)
    }),
    create(Method::POST, "/v1/imports", Permission::AllLeadsWrite, "import.created", || {
        post(imports::create)
    }),
    read(Method::GET, "/v1/exports/{job}/parts/{part}", Permission::AllLeadsWrite, || {
        get(exports::part)
    }),
];

/// What the OpenAPI document says of them.
#[derive(OpenApi)]
#[openapi(paths(leads::begin, imports::create, exports::part))]
pub struct Paths;
