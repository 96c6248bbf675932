//! Links from an answer that something was made to what can be done with it.
//!
//! Invariant: they follow from the paths: what is made at `/things` is shown, changed and removed
//! at `/things/{id}`, by the `id` of the answer.

use axum::http::Method;
use utoipa::openapi::{
    Paths, RefOr, Response,
    link::{Link, LinkBuilder},
};

use super::{
    answers,
    common::{self, IF_MATCH},
};
use crate::routes::{Route, routes};

/// Where a job is shown.
const JOB: &str = "/v1/jobs/{id}";

/// Adds the links to the answers of every operation that makes something.
pub fn add(paths: &mut Paths) {
    for route in routes().filter(|route| route.method == Method::POST) {
        let links = links(paths, route);
        let item = paths.paths.get_mut(route.path);
        let Some(operation) = item.and_then(|item| common::find(item, &route.method)) else {
            continue;
        };
        for (_, answer) in answers::successes(operation) {
            let links = links.clone();
            answer.links.extend(links.into_iter().map(|(name, link)| (name, RefOr::T(link))));
        }
    }
}

/// Makes the links from what a route makes, by the operations that they lead to.
fn links(paths: &mut Paths, route: &Route) -> Vec<(String, Link)> {
    let Some(made) = made(paths, route) else { return Vec::new() };
    let mut targets: Vec<_> = Vec::new();
    if let Some(id) = made.job {
        targets.extend(routes().filter(|target| is_job(target)).map(|target| (target, id)));
    }
    if route.creates {
        let below = routes().filter(|target| is_below(route.path, target.path));
        targets.extend(below.map(|target| (target, "$response.body#/id")));
    }
    let link = |(target, id)| link(paths, route, target, id, made.has_etag);
    targets.into_iter().filter_map(link).collect()
}

/// What the answer of a route that makes something has.
struct Made {
    /// Where the id of a job is in it.
    job: Option<&'static str>,
    has_etag: bool,
}

fn made(paths: &mut Paths, route: &Route) -> Option<Made> {
    let operation = common::find(paths.paths.get_mut(route.path)?, &route.method)?;
    let (_, answer) = answers::successes(operation).next()?;
    let job = match schema_name(answer)? {
        "Job" => Some("$response.body#/id"),
        "Published" => Some("$response.body#/job/id"),
        _ => None,
    };
    Some(Made { job, has_etag: answer.headers.contains_key("ETag") })
}

/// Returns the name of the schema of an answer's body.
fn schema_name(answer: &Response) -> Option<&str> {
    let RefOr::T(content) = answer.content.get("application/json")? else { return None };
    let RefOr::Ref(schema) = content.schema.as_ref()? else { return None };
    schema.ref_location.rsplit('/').next()
}

fn is_job(route: &Route) -> bool {
    route.method == Method::GET && route.path == JOB
}

/// Tells whether a path is that of one of the things of another.
fn is_below(things: &str, path: &str) -> bool {
    let rest = path.strip_prefix(things).and_then(|rest| rest.strip_prefix("/{"));
    rest.and_then(|rest| rest.strip_suffix('}')).is_some_and(|name| !name.contains('/'))
}

fn link(
    paths: &mut Paths,
    route: &Route,
    target: &Route,
    id: &str,
    has_etag: bool,
) -> Option<(String, Link)> {
    let operation = common::find(paths.paths.get_mut(target.path)?, &target.method)?;
    let name = operation.operation_id.clone()?;
    let mut link = LinkBuilder::new().operation_id(&name);
    for parameter in common::path_parameters(target.path) {
        let is_given = common::path_parameters(route.path).any(|given| given == parameter);
        let value = if is_given { format!("$request.path.{parameter}") } else { id.to_owned() };
        link = link.parameter(parameter, value);
    }
    if has_etag && common::takes(operation, IF_MATCH) {
        link = link.parameter(IF_MATCH, "$response.header.ETag");
    }
    Some((name, link.build()))
}
