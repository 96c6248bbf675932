//! The table of routes: what is served, and what a caller needs for it.
//!
//! Invariant: the router, the permissions and the security notes of the OpenAPI document all come
//! from [`ROUTES`]; a route that is not in it does not exist.

use std::sync::Arc;

use axum::{
    Router,
    http::{Method, StatusCode},
    middleware::from_fn_with_state,
    routing::{MethodRouter, get},
};
use domain::api_key::Scope;
use dynamo::Store;
use lambda::{
    auth::{Authenticator, KeyDirectory},
    problem::Problem,
};

use crate::{
    analytics, explanation,
    guard::{Guard, admit},
    health, lead, leaderboard, leads, openapi,
    reads::Reads,
    timeline,
};

/// What a caller needs to be served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Permission {
    /// Nothing: the answer says nothing about any tenant.
    Public,
    /// A key with this scope.
    Needs(Scope),
}

/// One route.
#[derive(Clone, Debug)]
pub struct Route {
    /// The method.
    pub method: Method,
    /// The path, with `{id}` for the id of a lead.
    pub path: &'static str,
    /// What a caller needs.
    pub permission: Permission,
    handler: fn() -> MethodRouter<Arc<Reads>>,
}

const READ: Permission = Permission::Needs(Scope::Read);

/// Every route of this function.
pub const ROUTES: &[Route] = &[
    reading("/health", Permission::Public, || get(health::health)),
    reading("/openapi.json", Permission::Public, || get(openapi::document)),
    reading("/v1/leads", READ, || get(leads::list)),
    reading("/v1/leads/{id}", READ, || get(lead::show)),
    reading("/v1/leads/{id}/timeline", READ, || get(timeline::show)),
    reading("/v1/leads/{id}/explanation", READ, || get(explanation::show)),
    reading("/v1/leaderboard", READ, || get(leaderboard::top)),
    reading("/v1/leaderboard/by-stage", READ, || get(leaderboard::by_stage)),
    reading("/v1/analytics/daily", READ, || get(analytics::daily)),
];

const fn reading(
    path: &'static str,
    permission: Permission,
    handler: fn() -> MethodRouter<Arc<Reads>>,
) -> Route {
    Route { method: Method::GET, path, permission, handler }
}

/// Builds the router over a directory of callers and the tables.
pub fn router<D>(auth: Authenticator<D>, store: Store) -> Router
where
    D: KeyDirectory + Send + Sync + 'static,
{
    let auth = Arc::new(auth);
    let guarded = |route: &Route| match route.permission {
        Permission::Public => (route.handler)(),
        Permission::Needs(scope) => {
            let guard = Guard { auth: Arc::clone(&auth), scope };
            (route.handler)().route_layer(from_fn_with_state(guard, admit::<D>))
        }
    };
    let add = |router: Router<_>, route: &Route| router.route(route.path, guarded(route));
    ROUTES
        .iter()
        .fold(Router::new(), add)
        .fallback(no_route)
        .method_not_allowed_fallback(no_method)
        .with_state(Arc::new(Reads::new(store)))
}

async fn no_route() -> Problem {
    Problem::not_found("route_not_found", "there is no such route; see /openapi.json")
}

async fn no_method() -> Problem {
    let message = "the route does not take this method; see the Allow header";
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", message)
}
