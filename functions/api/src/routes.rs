//! The table of routes: what is served, and what a caller needs for it.
//!
//! Invariant: the router, the permissions and the security notes of the OpenAPI document all come
//! from [`ROUTES`]; a route that is not in it does not exist.

use std::sync::Arc;

use axum::{
    Router,
    http::{Method, StatusCode},
    middleware::from_fn_with_state,
    routing::{MethodRouter, delete, get, post, put},
};
use domain::api_key::Scope;
use dynamo::Store;
use lambda::{
    auth::{Authenticator, KeyDirectory},
    problem::Problem,
};

use crate::{
    analytics, explanation, factor_weights, golden_leads,
    guard::{Guard, admit},
    health, intelligence,
    job_queue::JobQueue,
    jobs, lead, leaderboard, leads, merge, openapi, preview, publish,
    reads::Reads,
    recommendations, rule_sets, scoring_rules, timeline, unmerge,
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
    /// The path, with its parameters in braces.
    pub path: &'static str,
    /// What a caller needs.
    pub permission: Permission,
    handler: fn() -> MethodRouter<Arc<Reads>>,
}

const READ: Permission = Permission::Needs(Scope::Read);
const ADMIN: Permission = Permission::Needs(Scope::Admin);

/// Every route of this function.
pub const ROUTES: &[Route] = &[
    route(Method::GET, "/health", Permission::Public, || get(health::health)),
    route(Method::GET, "/openapi.json", Permission::Public, || get(openapi::document)),
    route(Method::GET, "/v1/leads", READ, || get(leads::list)),
    route(Method::POST, "/v1/leads/merge", ADMIN, || post(merge::merge)),
    route(Method::POST, "/v1/leads/{id}/unmerge", ADMIN, || post(unmerge::unmerge)),
    route(Method::GET, "/v1/leads/{id}", READ, || get(lead::show)),
    route(Method::GET, "/v1/leads/{id}/timeline", READ, || get(timeline::show)),
    route(Method::GET, "/v1/leads/{id}/explanation", READ, || get(explanation::show)),
    route(Method::GET, "/v1/leads/{id}/intelligence", READ, || get(intelligence::show)),
    route(Method::GET, "/v1/leads/{id}/recommendations", READ, || get(recommendations::show)),
    route(Method::GET, "/v1/leaderboard", READ, || get(leaderboard::top)),
    route(Method::GET, "/v1/leaderboard/by-stage", READ, || get(leaderboard::by_stage)),
    route(Method::GET, "/v1/analytics/daily", READ, || get(analytics::daily)),
    route(Method::GET, "/v1/scoring-rules", READ, || get(scoring_rules::list)),
    route(Method::POST, "/v1/scoring-rules", ADMIN, || post(scoring_rules::create)),
    route(Method::GET, "/v1/scoring-rules/{id}", READ, || get(scoring_rules::show)),
    route(Method::PUT, "/v1/scoring-rules/{id}", ADMIN, || put(scoring_rules::replace)),
    route(Method::DELETE, "/v1/scoring-rules/{id}", ADMIN, || delete(scoring_rules::delete)),
    route(Method::GET, "/v1/rule-sets", READ, || get(rule_sets::list)),
    route(Method::GET, "/v1/rule-sets/draft", READ, || get(rule_sets::show_draft)),
    route(Method::PUT, "/v1/rule-sets/draft", ADMIN, || put(rule_sets::replace_draft)),
    route(Method::DELETE, "/v1/rule-sets/draft", ADMIN, || delete(rule_sets::discard_draft)),
    route(Method::POST, "/v1/rule-sets/preview", ADMIN, || post(preview::preview)),
    route(Method::POST, "/v1/rule-sets/publish", ADMIN, || post(publish::publish)),
    route(Method::POST, "/v1/rule-sets/{version}/rollback", ADMIN, || post(publish::rollback)),
    route(Method::GET, "/v1/rule-sets/{version}", READ, || get(rule_sets::show)),
    route(Method::GET, "/v1/golden-leads", READ, || get(golden_leads::list)),
    route(Method::POST, "/v1/golden-leads", ADMIN, || post(golden_leads::create)),
    route(Method::GET, "/v1/golden-leads/{id}", READ, || get(golden_leads::show)),
    route(Method::PUT, "/v1/golden-leads/{id}", ADMIN, || put(golden_leads::replace)),
    route(Method::DELETE, "/v1/golden-leads/{id}", ADMIN, || delete(golden_leads::delete)),
    route(Method::GET, "/v1/factor-weights", READ, || get(factor_weights::list)),
    route(Method::GET, "/v1/factor-weights/{marketplace}", READ, || get(factor_weights::show)),
    route(Method::PUT, "/v1/factor-weights/{marketplace}", ADMIN, || put(factor_weights::set)),
    route(Method::DELETE, "/v1/factor-weights/{marketplace}", ADMIN, || {
        delete(factor_weights::reset)
    }),
    route(Method::GET, "/v1/jobs", READ, || get(jobs::list)),
    route(Method::GET, "/v1/jobs/{id}", READ, || get(jobs::show)),
    route(Method::POST, "/v1/jobs/{id}/resume", ADMIN, || post(jobs::resume)),
];

const fn route(
    method: Method,
    path: &'static str,
    permission: Permission,
    handler: fn() -> MethodRouter<Arc<Reads>>,
) -> Route {
    Route { method, path, permission, handler }
}

/// Builds the router over a directory of callers, the tables and the job queue.
pub fn router<D>(auth: Authenticator<D>, store: Store, jobs: Arc<dyn JobQueue>) -> Router
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
        .with_state(Arc::new(Reads::new(store, jobs)))
}

async fn no_route() -> Problem {
    Problem::not_found("route_not_found", "there is no such route; see /openapi.json")
}

async fn no_method() -> Problem {
    let message = "the route does not take this method; see the Allow header";
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", message)
}
