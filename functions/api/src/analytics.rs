//! What the nights saw: key figures, days, leads by what they are, the funnel, and whether the
//! points foretold who converts.
//!
//! Invariant: nothing is computed from leads here. A day is what its night's run saw; a day that no
//! run has told of is named and never counted as zero.

mod csv;
pub mod daily;
pub mod dashboard;
mod figure;
pub mod funnel;
pub mod leads;
pub mod performance;
mod range;

use axum::{http::Method, routing::get};
use domain::permission::Permission;
use utoipa::OpenApi;

use crate::routes::{Route, read};

/// The routes of this area.
pub const ROUTES: &[Route] = &[
    read(Method::GET, "/v1/analytics/dashboard", Permission::AnalyticsRead, || {
        get(dashboard::show)
    }),
    read(Method::GET, "/v1/analytics/daily", Permission::AnalyticsRead, || get(daily::list)),
    read(Method::GET, "/v1/analytics/leads", Permission::AnalyticsRead, || get(leads::show)),
    read(Method::GET, "/v1/analytics/performance", Permission::AnalyticsRead, || {
        get(performance::show)
    }),
    read(Method::GET, "/v1/analytics/funnel", Permission::AnalyticsRead, || get(funnel::show)),
];

/// What the OpenAPI document says of them.
#[derive(OpenApi)]
#[openapi(paths(dashboard::show, daily::list, leads::show, performance::show, funnel::show))]
pub struct Paths;
