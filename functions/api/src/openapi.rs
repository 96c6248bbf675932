//! The OpenAPI document, written from the handlers themselves.
//!
//! Invariant: what a route needs is taken from the table of routes, never written a second time.
//! The document is built when it is first asked for: a cold start does not pay for it.

pub mod ingest;

use std::sync::OnceLock;

use axum::{
    http::{Method, header::CONTENT_TYPE},
    response::{IntoResponse, Response},
};
use lambda::problem::ProblemDocument;
use utoipa::{
    Modify, OpenApi,
    openapi::{
        ContentBuilder, Ref, RefOr, ResponseBuilder,
        path::{Operation, PathItem},
        security::{
            ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme,
        },
    },
};

use crate::{
    error::ApiError,
    routes::{Permission, ROUTES},
};

static DOCUMENT: OnceLock<String> = OnceLock::new();

/// Describes the API
///
/// This document, OpenAPI 3.1.
#[utoipa::path(
    get,
    path = "/openapi.json",
    operation_id = "show_openapi",
    tag = "operation",
    responses((status = 200, description = "The document.", body = serde_json::Value))
)]
pub async fn document() -> Result<Response, ApiError> {
    let document = if let Some(document) = DOCUMENT.get() {
        document
    } else {
        let made = Document::openapi().to_json()?;
        DOCUMENT.get_or_init(|| made)
    };
    Ok(([(CONTENT_TYPE, "application/json")], document.as_str()).into_response())
}

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Leadline",
        description = "Events in, exact and explainable lead scores out. Every answer is scoped \
                       by the tenant of the API key. Scores are as of the request.",
        license(name = "Apache-2.0", identifier = "Apache-2.0"),
    ),
    tags(
        (name = "leads", description = "People and cookies, their scores and why."),
        (name = "leaderboard", description = "The leads with the highest scores."),
        (name = "rules", description = "What scores are made by: draft, versions, examples, weights."),
        (name = "jobs", description = "Work over all leads: previews and re-scores."),
        (name = "analytics", description = "What the nights saw."),
        (name = "events", description = "Events in Leadline's own form and as CloudEvents."),
        (name = "segment", description = "The Segment tracking API, as its SDKs speak it."),
        (name = "operation", description = "The service itself."),
    ),
    paths(
        crate::health::health,
        document,
        crate::leads::list,
        crate::lead::show,
        crate::merge::merge,
        crate::unmerge::unmerge,
        crate::timeline::show,
        crate::explanation::show,
        crate::intelligence::show,
        crate::recommendations::show,
        crate::leaderboard::top,
        crate::leaderboard::by_stage,
        crate::analytics::daily,
        crate::scoring_rules::list,
        crate::scoring_rules::create,
        crate::scoring_rules::show,
        crate::scoring_rules::replace,
        crate::scoring_rules::delete,
        crate::rule_sets::list,
        crate::rule_sets::show_draft,
        crate::rule_sets::replace_draft,
        crate::rule_sets::discard_draft,
        crate::rule_sets::show,
        crate::golden_leads::list,
        crate::golden_leads::create,
        crate::golden_leads::show,
        crate::golden_leads::replace,
        crate::golden_leads::delete,
        crate::preview::preview,
        crate::publish::publish,
        crate::publish::rollback,
        crate::jobs::list,
        crate::jobs::show,
        crate::jobs::resume,
        crate::factor_weights::list,
        crate::factor_weights::show,
        crate::factor_weights::set,
        crate::factor_weights::reset,
        ingest::track,
        ingest::identify,
        ingest::page,
        ingest::screen,
        ingest::group,
        ingest::alias,
        ingest::batch,
        ingest::event,
        ingest::events,
    ),
    components(schemas(ProblemDocument)),
    modifiers(&Security, &Refusals),
)]
struct Document;

const BASIC: &str = "basic";
const BEARER: &str = "bearer";
const HEADER: &str = "api_key";

/// The three places for an API key.
struct Security;

/// What every route refuses in the same way.
struct Refusals;

impl Modify for Security {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let http = |scheme, description| {
            let http = HttpBuilder::new().scheme(scheme).description(Some(description));
            SecurityScheme::Http(http.build())
        };
        let header = ApiKeyValue::with_description("X-API-Key", "The API key.");
        let components = document.components.get_or_insert_default();
        for (name, scheme) in [
            (BASIC, http(HttpAuthScheme::Basic, "The API key as user name, without password.")),
            (BEARER, http(HttpAuthScheme::Bearer, "The API key as token.")),
            (HEADER, SecurityScheme::ApiKey(ApiKey::Header(header))),
        ] {
            components.add_security_scheme(name, scheme);
        }
    }
}

impl Modify for Refusals {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let paths = &mut document.paths.paths;
        for route in ROUTES.iter().filter(|route| route.permission != Permission::Public) {
            let item = paths.get_mut(route.path);
            let Some(operation) = item.and_then(|item| operation(item, &route.method)) else {
                continue;
            };
            ask_for_key(operation);
            refuse_query(operation);
            if operation.request_body.is_some() {
                refuse_body(operation);
            }
            if route.path.starts_with("/v1/leads/{id}") {
                refuse_lead(operation, &route.method);
            }
        }
        let is_served = |path: &str| {
            ROUTES.iter().any(|route| route.method == Method::POST && route.path == path)
        };
        for (_, item) in paths.iter_mut().filter(|(path, _)| !is_served(path)) {
            if let Some(operation) = item.post.as_mut() {
                ask_for_key(operation);
                refuse(operation, 400, "The request cannot be taken; `code` says why.");
                refuse(operation, 413, "The request is too large: `payload_too_large`.");
                refuse(operation, 415, "Neither plain nor gzip: `unsupported_content_encoding`.");
            }
        }
    }
}

/// Finds the operation of a method.
fn operation<'i>(item: &'i mut PathItem, method: &Method) -> Option<&'i mut Operation> {
    let place = match method.as_str() {
        "GET" => &mut item.get,
        "POST" => &mut item.post,
        "PUT" => &mut item.put,
        "DELETE" => &mut item.delete,
        "PATCH" => &mut item.patch,
        _ => return None,
    };
    place.as_mut()
}

fn refuse_query(operation: &mut Operation) {
    let description = "The query cannot be understood: `invalid_query`, or `invalid_cursor`.";
    refuse(operation, 400, description);
}

fn refuse_body(operation: &mut Operation) {
    let description = "The query or the body cannot be understood: `invalid_query`, or \
                       `invalid_json` with line and column.";
    refuse(operation, 400, description);
    let description =
        "The body has more than 1 MB, or what is kept of it too many bytes: `payload_too_large`.";
    refuse(operation, 413, description);
    refuse(operation, 415, "The body is not JSON: `unsupported_content_type`.");
    let description = "The body is not of this shape: `invalid_body`, with the fields.";
    refuse_also(operation, 422, description);
}

fn refuse_lead(operation: &mut Operation, method: &Method) {
    refuse(operation, 404, "No lead answers to the id: `lead_not_found`.");
    if *method == Method::GET {
        let description =
            "The lead has more events than one answer is made from: `too_many_events`.";
        refuse(operation, 422, description);
    }
}

/// Says that an operation needs a key, and what happens without one.
fn ask_for_key(operation: &mut Operation) {
    let any = [BASIC, BEARER, HEADER];
    let any = any.map(|name| SecurityRequirement::new(name, Vec::<String>::new()));
    operation.security = Some(any.to_vec());
    refuse(operation, 401, "No known API key: `missing_credentials` or `invalid_api_key`.");
    refuse(operation, 403, "The key lacks the scope: `missing_scope`.");
    refuse(operation, 500, "Something is wrong on our side: `internal_error`.");
    refuse(
        operation,
        503,
        "The same request may succeed after `Retry-After` seconds: `temporarily_unavailable`, `queue_unavailable` or `auth_unavailable`.",
    );
}

/// Refuses with a status that the handler's own description may name already.
fn refuse_also(operation: &mut Operation, status: u16, description: &str) {
    let own = match operation.responses.responses.get(&status.to_string()) {
        Some(RefOr::T(response)) => format!("{} {description}", response.description),
        _ => description.to_owned(),
    };
    refuse(operation, status, &own);
}

fn refuse(operation: &mut Operation, status: u16, description: &str) {
    let schema = Ref::from_schema_name("ProblemDocument");
    let content = ContentBuilder::new().schema(Some(schema)).build();
    let response = ResponseBuilder::new()
        .description(description)
        .content(lambda::problem::CONTENT_TYPE, content);
    operation.responses.responses.insert(status.to_string(), RefOr::T(response.build()));
}
