//! The table of routes: what is served, and what a caller needs for it.
//!
//! Invariant: the router, the permissions and the security notes of the OpenAPI document all come
//! from [`routes`]; a route that is not in it does not exist.

use std::sync::Arc;

use axum::{
    Router,
    http::{HeaderValue, Method, StatusCode, Uri, header::ALLOW},
    middleware::from_fn_with_state,
    routing::{MethodRouter, delete, get, post, put},
};
use domain::permission::Permission;
use lambda::{
    auth::{Authenticator, CallerDirectory},
    limit::Limiter,
    problem::Problem,
};
use shelf::Shelf;

use crate::{
    accounts,
    adapters::Adapters,
    analytics, bulk, edits, events, explanation, factor_weights, golden_leads,
    guard::{Door, Guard, admit},
    health, intelligence, jobs, lead, leaderboard, leads, merge, nightly_runs, openapi, preview,
    privacy, publish,
    reads::Reads,
    recommendations, rule_sets, scoring_rules, timeline, unmerge, workspace,
};

/// What a caller needs to be served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Nothing: the answer says nothing about any tenant.
    Public,
    /// To be allowed this.
    Needs(Permission),
}

/// One route.
#[derive(Clone, Debug)]
pub struct Route {
    /// The method.
    pub method: Method,
    /// The path, with its parameters in braces.
    pub path: &'static str,
    /// What a caller needs.
    pub access: Access,
    /// What the audit log calls the change that the route makes; `None` where it makes none.
    pub action: Option<&'static str>,
    /// Whether the route makes something new and takes an `Idempotency-Key`.
    pub creates: bool,
    handler: Handler,
}

/// The routes by area.
const AREAS: [&[Route]; 7] = [
    CORE,
    edits::ROUTES,
    workspace::ROUTES,
    bulk::ROUTES,
    accounts::ROUTES,
    analytics::ROUTES,
    privacy::ROUTES,
];

/// Iterates over every route of this function.
pub fn routes() -> impl Iterator<Item = &'static Route> {
    AREAS.into_iter().flatten()
}

/// Reading leads, and the rules that score them.
const CORE: &[Route] = &[
    public(Method::GET, "/health", || get(health::health)),
    public(Method::GET, "/openapi.json", || get(openapi::document)),
    read(Method::GET, "/v1/leads", Permission::LeadsRead, || get(leads::list)),
    change(Method::POST, "/v1/leads/merge", Permission::AllLeadsWrite, "lead.merged", || {
        post(merge::merge)
    }),
    change(
        Method::POST,
        "/v1/leads/{id}/unmerge",
        Permission::AllLeadsWrite,
        "lead.unmerged",
        || post(unmerge::unmerge),
    ),
    read(Method::GET, "/v1/events", Permission::LeadsRead, || get(events::list)),
    read(Method::GET, "/v1/leads/{id}", Permission::LeadsRead, || get(lead::show)),
    read(Method::GET, "/v1/leads/{id}/timeline", Permission::LeadsRead, || get(timeline::show)),
    read(Method::GET, "/v1/leads/{id}/explanation", Permission::LeadsRead, || {
        get(explanation::show)
    }),
    read(Method::GET, "/v1/leads/{id}/intelligence", Permission::LeadsRead, || {
        get(intelligence::show)
    }),
    read(Method::GET, "/v1/leads/{id}/recommendations", Permission::LeadsRead, || {
        get(recommendations::show)
    }),
    read(Method::GET, "/v1/leaderboard", Permission::AllLeadsRead, || get(leaderboard::top)),
    read(Method::GET, "/v1/leaderboard/by-stage", Permission::AllLeadsRead, || {
        get(leaderboard::by_stage)
    }),
    read(Method::GET, "/v1/scoring-rules", Permission::RulesRead, || get(scoring_rules::list)),
    create(Method::POST, "/v1/scoring-rules", Permission::RulesWrite, "rule.created", || {
        post(scoring_rules::create)
    }),
    read(Method::GET, "/v1/scoring-rules/{id}", Permission::RulesRead, || get(scoring_rules::show)),
    change(Method::PUT, "/v1/scoring-rules/{id}", Permission::RulesWrite, "rule.updated", || {
        put(scoring_rules::replace)
    }),
    change(
        Method::DELETE,
        "/v1/scoring-rules/{id}",
        Permission::RulesWrite,
        "rule.deleted",
        || delete(scoring_rules::delete),
    ),
    read(Method::GET, "/v1/rule-sets", Permission::RulesRead, || get(rule_sets::list)),
    read(Method::GET, "/v1/rule-sets/draft", Permission::RulesRead, || get(rule_sets::show_draft)),
    change(Method::PUT, "/v1/rule-sets/draft", Permission::RulesWrite, "draft.replaced", || {
        put(rule_sets::replace_draft)
    }),
    change(
        Method::DELETE,
        "/v1/rule-sets/draft",
        Permission::RulesWrite,
        "draft.discarded",
        || delete(rule_sets::discard_draft),
    ),
    begin(Method::POST, "/v1/rule-sets/preview", Permission::RulesWrite, || post(preview::preview)),
    change(
        Method::POST,
        "/v1/rule-sets/publish",
        Permission::RulesWrite,
        "rule_set.published",
        || post(publish::publish),
    ),
    change(
        Method::POST,
        "/v1/rule-sets/{version}/rollback",
        Permission::RulesWrite,
        "rule_set.rolled_back",
        || post(publish::rollback),
    ),
    read(Method::GET, "/v1/rule-sets/{version}", Permission::RulesRead, || get(rule_sets::show)),
    read(Method::GET, "/v1/golden-leads", Permission::RulesRead, || get(golden_leads::list)),
    create(Method::POST, "/v1/golden-leads", Permission::RulesWrite, "golden_lead.created", || {
        post(golden_leads::create)
    }),
    read(Method::GET, "/v1/golden-leads/{id}", Permission::RulesRead, || get(golden_leads::show)),
    change(
        Method::PUT,
        "/v1/golden-leads/{id}",
        Permission::RulesWrite,
        "golden_lead.updated",
        || put(golden_leads::replace),
    ),
    change(
        Method::DELETE,
        "/v1/golden-leads/{id}",
        Permission::RulesWrite,
        "golden_lead.deleted",
        || delete(golden_leads::delete),
    ),
    read(Method::GET, "/v1/factor-weights", Permission::RulesRead, || get(factor_weights::list)),
    read(Method::GET, "/v1/factor-weights/{marketplace}", Permission::RulesRead, || {
        get(factor_weights::show)
    }),
    change(
        Method::PUT,
        "/v1/factor-weights/{marketplace}",
        Permission::RulesWrite,
        "factor_weights.updated",
        || put(factor_weights::set),
    ),
    change(
        Method::DELETE,
        "/v1/factor-weights/{marketplace}",
        Permission::RulesWrite,
        "factor_weights.reset",
        || delete(factor_weights::reset),
    ),
    read(Method::GET, "/v1/nightly-runs", Permission::AnalyticsRead, || get(nightly_runs::list)),
    read(Method::GET, "/v1/jobs", Permission::JobsRead, || get(jobs::list)),
    read(Method::GET, "/v1/jobs/{id}", Permission::JobsRead, || get(jobs::show)),
    change(Method::POST, "/v1/jobs/{id}/resume", Permission::RulesWrite, "job.resumed", || {
        post(jobs::resume)
    }),
];

/// A handler as the router takes it.
type Handler = fn() -> MethodRouter<Arc<Reads>>;

/// Declares a route that anybody may ask.
pub(crate) const fn public(method: Method, path: &'static str, handler: Handler) -> Route {
    Route { method, path, access: Access::Public, action: None, creates: false, handler }
}

/// Declares a route that changes nothing.
pub(crate) const fn read(
    method: Method,
    path: &'static str,
    permission: Permission,
    handler: Handler,
) -> Route {
    let access = Access::Needs(permission);
    Route { method, path, access, action: None, creates: false, handler }
}

/// Declares a route that makes a change, by the name that the audit log has for it.
pub(crate) const fn change(
    method: Method,
    path: &'static str,
    permission: Permission,
    action: &'static str,
    handler: Handler,
) -> Route {
    let access = Access::Needs(permission);
    Route { method, path, access, action: Some(action), creates: false, handler }
}

/// Declares a route that makes something new: an `Idempotency-Key` guards it.
pub(crate) const fn create(
    method: Method,
    path: &'static str,
    permission: Permission,
    action: &'static str,
    handler: Handler,
) -> Route {
    let access = Access::Needs(permission);
    Route { method, path, access, action: Some(action), creates: true, handler }
}

/// Declares a route that begins something that changes nothing by itself: an `Idempotency-Key`
/// guards it, and the audit log does not tell of it.
pub(crate) const fn begin(
    method: Method,
    path: &'static str,
    permission: Permission,
    handler: Handler,
) -> Route {
    let access = Access::Needs(permission);
    Route { method, path, access, action: None, creates: true, handler }
}

/// The paths that the `ingest` function serves: another method comes here.
pub(crate) const INGESTED: [&str; 9] = [
    "/v1/track",
    "/v1/identify",
    "/v1/page",
    "/v1/screen",
    "/v1/group",
    "/v1/alias",
    "/v1/batch",
    "/v1/events",
    "/v1/events/batch",
];

/// Builds the router over a directory of callers, the tables with the archive bucket, and what is
/// beside them.
pub fn router<D>(auth: Authenticator<D>, shelf: impl Into<Shelf>, adapters: Adapters) -> Router
where
    D: CallerDirectory + Send + Sync + 'static,
{
    let shelf = shelf.into();
    let store = shelf.store().clone();
    let door = Arc::new(Door { auth, store, limiter: Limiter::default() });
    let guarded = |route: &'static Route| match route.access {
        Access::Public => (route.handler)(),
        Access::Needs(permission) => {
            let guard = Guard { door: Arc::clone(&door), route, permission };
            (route.handler)().route_layer(from_fn_with_state(guard, admit::<D>))
        }
    };
    let add = |router: Router<_>, route: &'static Route| router.route(route.path, guarded(route));
    routes()
        .fold(Router::new(), add)
        .fallback(no_route)
        .method_not_allowed_fallback(wrong_method)
        .with_state(Arc::new(Reads::new(shelf, adapters)))
}

async fn no_route(uri: Uri) -> Problem {
    if INGESTED.contains(&uri.path()) {
        return no_method().with_header(ALLOW, HeaderValue::from_static("POST"));
    }
    Problem::not_found("route_not_found", "there is no such route; see /openapi.json")
}

async fn wrong_method(uri: Uri) -> Problem {
    let refused = no_method();
    // Of this one path the other function serves a method too.
    if uri.path() == "/v1/events" {
        return refused.with_header(ALLOW, HeaderValue::from_static("GET,HEAD,POST"));
    }
    refused
}

fn no_method() -> Problem {
    let message = "the route does not take this method; see the Allow header";
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", message)
}
