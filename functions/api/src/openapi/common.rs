//! What operations have in common, added to each by what the table says of its route.
//!
//! Invariant: an operation whose answers name 412 takes `If-Match`, and one that makes something
//! takes `Idempotency-Key`; no handler has to say so.

use axum::http::Method;
use domain::permission::Permission;
use utoipa::openapi::{
    Object, ObjectBuilder, Paths, RefOr, Required, Schema, SchemaFormat, Type,
    path::{Operation, Parameter, ParameterBuilder, ParameterIn, PathItem},
};

use super::{answers, security};
use crate::routes::{Access, Route, routes};

/// The header by which a caller says what they have seen.
pub const IF_MATCH: &str = "If-Match";
const IDEMPOTENCY_KEY: &str = "Idempotency-Key";

/// Completes every operation.
pub fn complete(paths: &mut Paths) {
    for route in routes() {
        let item = paths.paths.get_mut(route.path);
        if let Some(operation) = item.and_then(|item| find(item, &route.method)) {
            complete_one(operation, route);
        }
    }
    let is_served =
        |path: &str| routes().any(|route| route.method == Method::POST && route.path == path);
    for (_, item) in paths.paths.iter_mut().filter(|(path, _)| !is_served(path)) {
        if let Some(operation) = item.post.as_mut() {
            complete_ingest(operation);
        }
    }
}

/// Finds the operation of a method.
pub fn find<'i>(item: &'i mut PathItem, method: &Method) -> Option<&'i mut Operation> {
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

/// Names the form of cursors, which nobody can make up.
fn name_cursors(operation: &mut Operation) {
    for parameter in operation.parameters.iter_mut().flatten() {
        let RefOr::T(parameter) = parameter else { continue };
        let Some(RefOr::T(Schema::Object(schema))) = parameter.schema.as_mut() else { continue };
        if parameter.name == "cursor" {
            schema.format = Some(SchemaFormat::Custom("cursor".to_owned()));
        }
    }
}

fn complete_one(operation: &mut Operation, route: &Route) {
    name_cursors(operation);
    let takes_body = operation.request_body.is_some();
    if let Access::Needs(permission) = route.access {
        security::require(operation, permission);
        answers::refuse_callers(operation);
        answers::limit(operation);
        refuse_query(operation, takes_body);
    }
    if takes_body {
        refuse_body(operation);
    }
    if takes_body || route.access != Access::Public {
        answers::fail(operation);
    }
    if route.path.starts_with("/v1/leads/{id}") {
        refuse_lead(operation, &route.method);
    }
    if route.creates {
        make_once(operation);
    }
    guard_revision(operation, route);
    answers::complete(operation);
}

/// Completes an operation that the `ingest` function serves.
fn complete_ingest(operation: &mut Operation) {
    security::require(operation, Permission::Ingest);
    answers::refuse_callers(operation);
    answers::limit(operation);
    answers::fail(operation);
    answers::refuse(operation, 400, "The request cannot be taken; `code` says why.");
    answers::refuse(operation, 413, "The request is too large: `payload_too_large`.");
    answers::refuse(operation, 415, "Neither plain nor gzip: `unsupported_content_encoding`.");
    answers::complete(operation);
}

fn refuse_query(operation: &mut Operation, takes_body: bool) {
    let pages = parameters(operation).iter().any(|parameter| is_named(parameter, "cursor"));
    let description = match (pages, takes_body) {
        (true, _) => "The query cannot be understood: `invalid_query`, or `invalid_cursor`.",
        (false, true) => {
            "The query or the body cannot be understood: `invalid_query`, or `invalid_json` with \
             line and column."
        }
        (false, false) => "The query cannot be understood: `invalid_query`.",
    };
    answers::refuse(operation, 400, description);
}

fn refuse_body(operation: &mut Operation) {
    let description =
        "The body has more than 1 MB, or what is kept of it too many bytes: `payload_too_large`.";
    answers::refuse(operation, 413, description);
    answers::refuse(operation, 415, "The body is not JSON: `unsupported_content_type`.");
    let description = "The body is not of this shape: `invalid_body`, with the fields.";
    answers::refuse(operation, 422, description);
}

fn refuse_lead(operation: &mut Operation, method: &Method) {
    answers::refuse(operation, 404, "No lead answers to the id: `lead_not_found`.");
    if *method == Method::GET {
        let description =
            "The lead has more events than one answer is made from: `too_many_events`.";
        answers::refuse(operation, 422, description);
    }
}

/// Says how a request that makes something is repeated.
fn make_once(operation: &mut Operation) {
    let description = "Names the request, for a day: repeated with the same key and body it is \
                       made once and has the same answer.";
    let schema = text().min_length(Some(1)).max_length(Some(255)).pattern(Some("^[!-~]+$"));
    let schema = schema.examples(["2f1b0b0e-6f5c-4c1e-9d38-6f7b8f0c3a11"]).build();
    take_header(operation, IDEMPOTENCY_KEY, description, schema, false);
    answers::add_header(operation, "Idempotent-Replayed");
    let description =
        "The key has not 1 to 255 visible ASCII characters: `invalid_idempotency_key`.";
    answers::refuse(operation, 400, description);
    let description =
        "The same request is being worked on: `idempotency_in_progress`, with `Retry-After`.";
    answers::refuse(operation, 409, description);
    let description = "The key was used with another body: `idempotency_key_reused`.";
    answers::refuse(operation, 422, description);
}

/// Says how a change is made to what was seen, and to nothing else: what is changed by PATCH has a
/// revision, which is asked for then, and may be given when it is replaced or removed.
fn guard_revision(operation: &mut Operation, route: &Route) {
    let is_patched = |other: &Route| other.path == route.path && other.method == Method::PATCH;
    if route.method != Method::GET && routes().any(is_patched) {
        let description = "It has changed since it was read: `precondition_failed`.";
        answers::refuse_at_least(operation, 412, description);
    }
    if route.method == Method::PATCH {
        let description = "There is no `If-Match`: `precondition_required`.";
        answers::refuse_at_least(operation, 428, description);
    }
    let answers = &operation.responses.responses;
    let (takes, needs) = (answers.contains_key("412"), answers.contains_key("428"));
    if takes || needs {
        let description = "The `ETag` of what the change is made to, as it was read; `*` is any.";
        let schema = text().examples(["\"0123456789abcdef\""]).build();
        take_header(operation, IF_MATCH, description, schema, needs);
    }
}

/// Declares a header of the request; one that the handler declares keeps its description.
fn take_header(
    operation: &mut Operation,
    name: &str,
    description: &str,
    schema: Object,
    is_required: bool,
) {
    let required = if is_required { Required::True } else { Required::False };
    let parameters = operation.parameters.get_or_insert_default();
    let own = parameters.iter().position(|parameter| is_named(parameter, name));
    let own = own.map(|place| parameters.remove(place));
    let described = match own {
        Some(RefOr::T(Parameter { description: Some(own), .. })) => own,
        _ => description.to_owned(),
    };
    let parameter = ParameterBuilder::new()
        .name(name)
        .parameter_in(ParameterIn::Header)
        .description(Some(described))
        .required(required)
        .schema(Some(schema));
    parameters.push(RefOr::T(parameter.build()));
}

/// Iterates over the names in braces of a path.
pub fn path_parameters(path: &str) -> impl Iterator<Item = &str> {
    path.split('{').skip(1).filter_map(|rest| rest.split('}').next())
}

/// Tells whether an operation takes a parameter.
pub fn takes(operation: &Operation, name: &str) -> bool {
    parameters(operation).iter().any(|parameter| is_named(parameter, name))
}

fn parameters(operation: &Operation) -> &[RefOr<Parameter>] {
    operation.parameters.as_deref().unwrap_or_default()
}

fn is_named(parameter: &RefOr<Parameter>, name: &str) -> bool {
    matches!(parameter, RefOr::T(parameter) if parameter.name == name)
}

fn text() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String)
}
