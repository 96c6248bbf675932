//! The OpenAPI document, written from the handlers themselves.
//!
//! Invariant: what a route needs is taken from the table of routes, never written a second time.
//! The document is built when it is first asked for: a cold start does not pay for it.

pub mod ingest;

use std::sync::OnceLock;

use axum::{
    http::header::CONTENT_TYPE,
    response::{IntoResponse, Response},
};
use lambda::problem::ProblemDocument;
use utoipa::{
    Modify, OpenApi,
    openapi::{
        ContentBuilder, Ref, RefOr, ResponseBuilder,
        path::Operation,
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
        crate::timeline::show,
        crate::explanation::show,
        crate::leaderboard::top,
        crate::leaderboard::by_stage,
        crate::analytics::daily,
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
        let reads = ROUTES.iter().filter(|route| route.permission != Permission::Public);
        for route in reads {
            let item = document.paths.paths.get_mut(route.path);
            let Some(operation) = item.and_then(|item| item.get.as_mut()) else { continue };
            ask_for_key(operation);
            refuse(
                operation,
                400,
                "The query cannot be understood: `invalid_query`, or `invalid_cursor`.",
            );
            if route.path.contains("{id}") {
                refuse(operation, 404, "No lead answers to the id: `lead_not_found`.");
                refuse(
                    operation,
                    422,
                    "The lead has more events than one answer is made from: `too_many_events`.",
                );
            }
        }
        for item in document.paths.paths.values_mut() {
            if let Some(operation) = item.post.as_mut() {
                ask_for_key(operation);
                refuse(operation, 400, "The request cannot be taken; `code` says why.");
                refuse(operation, 413, "The request is too large: `payload_too_large`.");
                refuse(operation, 415, "Neither plain nor gzip: `unsupported_content_encoding`.");
            }
        }
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

fn refuse(operation: &mut Operation, status: u16, description: &str) {
    let schema = Ref::from_schema_name("ProblemDocument");
    let content = ContentBuilder::new().schema(Some(schema)).build();
    let response = ResponseBuilder::new()
        .description(description)
        .content(lambda::problem::CONTENT_TYPE, content);
    operation.responses.responses.insert(status.to_string(), RefOr::T(response.build()));
}
