//! The OpenAPI document, written from the handlers themselves.
//!
//! Invariant: what a route needs is taken from the table of routes, never written a second time.
//! The document is built when it is first asked for: a cold start does not pay for it.

mod answers;
mod common;
pub mod ingest;
mod links;
mod security;

use std::sync::OnceLock;

use axum::{
    http::header::CONTENT_TYPE,
    response::{IntoResponse, Response},
};
use lambda::problem::ProblemDocument;
use utoipa::OpenApi;

use crate::{accounts, analytics, bulk, edits, error::ApiError, privacy, workspace};

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
        let made = written().to_json()?;
        DOCUMENT.get_or_init(|| made)
    };
    Ok(([(CONTENT_TYPE, "application/json")], document.as_str()).into_response())
}

/// Puts the areas together and adds what they have in common.
pub fn written() -> utoipa::openapi::OpenApi {
    let mut document = Document::openapi();
    document.merge(edits::Paths::openapi());
    document.merge(workspace::Paths::openapi());
    document.merge(bulk::Paths::openapi());
    document.merge(accounts::Paths::openapi());
    document.merge(analytics::Paths::openapi());
    document.merge(privacy::Paths::openapi());
    let components = document.components.get_or_insert_default();
    security::define(components);
    answers::define(components);
    common::complete(&mut document.paths);
    links::add(&mut document.paths);
    document
}

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Leadline",
        description = "Events in, exact and explainable lead scores out. Every answer is scoped \
                       by the tenant of the API key or of the signed-in person; the id of \
                       another tenant's thing answers 404. Scores are as of the request. Errors \
                       are problem documents of RFC 9457 with a stable `code`.",
        license(name = "Apache-2.0", identifier = "Apache-2.0"),
    ),
    tags(
        (name = "leads", description = "People and cookies, their scores and why."),
        (name = "leaderboard", description = "The leads with the highest scores."),
        (name = "rules", description = "What scores are made by: draft, versions, examples, weights."),
        (name = "jobs", description = "Work over all leads: previews and re-scores."),
        (name = "workspace", description = "What people keep beside leads: companies, notes, activities, notifications."),
        (name = "accounts", description = "People and programs of a tenant, its settings and its audit log."),
        (name = "analytics", description = "What the nights saw."),
        (name = "privacy", description = "What is held of a person, and its erasure."),
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
        crate::events::list,
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
        crate::nightly_runs::list,
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
)]
struct Document;
