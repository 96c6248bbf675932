//! What callers may rely on: the payloads of `events/http`, the OpenAPI document and the template.

use std::collections::BTreeSet;

use axum::http::Method;
use domain::{identity::Kind, user::Role};
use serde_json::Value;
use testing::{a_tenant, an_event};

use super::{
    callers::{token, user},
    world::World,
};
use crate::routes::{Access, INGESTED, Route, routes};

/// Every recorded payload of this function, with the status that it is answered by.
const PAYLOADS: &[(&str, u16)] = &[
    (include_str!("../../../../events/http/get-health.json"), 200),
    (include_str!("../../../../events/http/get-openapi.json"), 200),
    (include_str!("../../../../events/http/get-leads.json"), 200),
    (include_str!("../../../../events/http/get-leads-by-email.json"), 200),
    (include_str!("../../../../events/http/get-lead.json"), 200),
    (include_str!("../../../../events/http/get-lead-timeline.json"), 200),
    (include_str!("../../../../events/http/get-lead-explanation.json"), 200),
    (include_str!("../../../../events/http/get-lead-intelligence.json"), 200),
    (include_str!("../../../../events/http/get-lead-recommendations.json"), 200),
    (include_str!("../../../../events/http/get-leaderboard.json"), 200),
    (include_str!("../../../../events/http/get-leaderboard-by-stage.json"), 200),
    (include_str!("../../../../events/http/get-events.json"), 200),
    (include_str!("../../../../events/http/get-analytics-dashboard.json"), 200),
    (include_str!("../../../../events/http/get-analytics-daily.json"), 200),
    (include_str!("../../../../events/http/get-analytics-leads.json"), 200),
    (include_str!("../../../../events/http/get-analytics-performance.json"), 200),
    (include_str!("../../../../events/http/get-analytics-funnel.json"), 200),
    (include_str!("../../../../events/http/get-nightly-runs.json"), 200),
    (include_str!("../../../../events/http/post-lead.json"), 201),
    (include_str!("../../../../events/http/patch-lead.json"), 200),
    (include_str!("../../../../events/http/put-lead-consent.json"), 200),
    (include_str!("../../../../events/http/get-lead-consents.json"), 200),
    (include_str!("../../../../events/http/post-leads-merge.json"), 200),
    (include_str!("../../../../events/http/post-lead-unmerge.json"), 200),
    (include_str!("../../../../events/http/get-lead-data.json"), 200),
    (include_str!("../../../../events/http/delete-lead-erase.json"), 200),
    (include_str!("../../../../events/http/get-erasures.json"), 200),
    (include_str!("../../../../events/http/get-erasure.json"), 200),
    (include_str!("../../../../events/http/get-unknown-route.json"), 404),
];

const TEMPLATE: &str = include_str!("../../../../template.yaml");

#[tokio::test]
async fn every_recorded_payload_is_answered() {
    let ana = an_event("e1").by(Kind::UserId, "u1").by(Kind::Email, "ana@example.com");
    let world = World::with([ana.arrival()]).await;
    for (payload, status) in PAYLOADS {
        let payload: Value = serde_json::from_str(payload).unwrap();
        let path = payload["rawPath"].clone();
        let answer = world.send(payload).await;
        assert_eq!(answer.status, *status, "{path}: {}", answer.body);
    }
}

pub(super) async fn document() -> Value {
    let answer = World::start().await.get_with("/openapi.json", None).await;
    assert_eq!(answer.status, 200);
    answer.body
}

#[tokio::test]
async fn what_a_call_cannot_do_without_is_required_and_what_it_cannot_read_is_excluded() {
    let document = document().await;
    let parameter = |path: &str, method: &str, name: &str| {
        let all = document["paths"][path][method]["parameters"].as_array().unwrap();
        all.iter().find(|parameter| parameter["name"] == name).unwrap().clone()
    };
    assert_eq!(parameter("/v1/analytics/leads", "get", "by")["required"], true);
    assert_eq!(parameter("/v1/leads/{id}", "patch", "If-Match")["required"], true);
    let actor = parameter("/v1/audit-log", "get", "actor");
    assert!(actor["schema"]["pattern"].as_str().unwrap().starts_with("^(system|"), "{actor}");
}

/// Returns `METHOD /path` of every operation.
fn operations(document: &Value) -> BTreeSet<String> {
    let paths = document["paths"].as_object().unwrap().iter();
    let of = |(path, item): (&String, &Value)| {
        let methods = item.as_object().unwrap().keys();
        methods.map(|method| format!("{} {path}", method.to_uppercase())).collect::<Vec<_>>()
    };
    paths.flat_map(of).collect()
}

#[tokio::test]
async fn the_document_has_every_route_of_the_table_and_beyond_it_only_what_ingest_serves() {
    let documented = operations(&document().await);
    let table: BTreeSet<_> =
        routes().map(|route| format!("{} {}", route.method, route.path)).collect();
    let undocumented: Vec<_> = table.difference(&documented).collect();
    assert!(undocumented.is_empty(), "{undocumented:?}");
    let unserved: BTreeSet<_> = documented.difference(&table).cloned().collect();
    assert_eq!(unserved, INGESTED.map(|path| format!("POST {path}")).into());
}

#[tokio::test]
async fn the_template_routes_what_the_document_describes() {
    let routes = TEMPLATE.lines().filter_map(|line| line.trim().strip_prefix("RouteKey: "));
    let routes: BTreeSet<_> = routes.map(str::to_owned).collect();
    let documented = operations(&document().await);
    let unrouted: Vec<_> = documented.difference(&routes).collect();
    assert!(unrouted.is_empty(), "{unrouted:?}");
    let undocumented = routes.difference(&documented);
    // Other spellings of routes that are documented, and what is no route.
    let known = ["POST /v1/t", "POST /v1/i", "POST /v1/p", "POST /v1/s", "POST /v1/g"];
    let known = [&known[..], &["POST /v1/a", "POST /v1/b", "$default"]].concat();
    let unknown: Vec<_> = undocumented
        .filter(|route| !known.contains(&route.as_str()) && !route.starts_with("POST /api/s/"))
        .collect();
    assert!(unknown.is_empty(), "{unknown:?}");
}

/// Writes `&name=value` of a parameter's example, or of the first word that it may be.
fn of_example(parameter: &Value) -> String {
    let schema = &parameter["schema"];
    let examples = [&parameter["example"], &schema["examples"][0], &schema["enum"][0]];
    let example = examples.into_iter().find_map(Value::as_str).unwrap();
    format!("&{}={example}", parameter["name"].as_str().unwrap())
}

#[tokio::test]
async fn every_documented_parameter_is_understood_and_every_bound_is_real() {
    let (world, document) = (World::start().await, document().await);
    let admin = token(&user(&a_tenant(), Role::Admin));
    let admin = Some(admin.as_str());
    for route in routes().filter(|route| route.method == Method::GET) {
        let operation = &document["paths"][route.path]["get"];
        let parameters = operation["parameters"].as_array().cloned().unwrap_or_default();
        for parameter in parameters.iter().filter(|parameter| parameter["in"] == "query") {
            let name = parameter["name"].as_str().unwrap();
            let others = parameters.iter().filter(|other| other["required"] == true);
            let others = others.filter(|other| other["in"] == "query" && other["name"] != name);
            let others: String = others.map(of_example).collect();
            let answer = world.get_with(&format!("{}?{name}=%00{others}", route.path), admin).await;
            assert_ne!(answer.body["errors"][0]["code"], "unknown_parameter", "{name}");
            let schema = &parameter["schema"];
            for (bound, step) in [("minimum", -1), ("maximum", 1)] {
                let Some(bound) = schema[bound].as_i64() else { continue };
                let target = |value: i64| format!("{}?{name}={value}{others}", route.path);
                let id = world.get_with(&target(bound), admin).await.status;
                assert_ne!(id, 400, "{name}={bound}");
                let beyond = world.get_with(&target(bound + step), admin).await.status;
                assert_eq!(beyond, 400, "{name}={}", bound + step);
            }
        }
    }
}

#[tokio::test]
async fn every_parameter_is_documented_once_and_those_of_the_path_are_required() {
    for (path, item) in document().await["paths"].as_object().unwrap() {
        for operation in item.as_object().unwrap().values() {
            let parameters = operation["parameters"].as_array().cloned().unwrap_or_default();
            let named: Vec<_> = parameters
                .iter()
                .map(|parameter| format!("{} {}", parameter["in"], parameter["name"]))
                .collect();
            let distinct: BTreeSet<_> = named.iter().collect();
            assert_eq!(distinct.len(), named.len(), "{path}: {named:?}");
            let in_path: Vec<_> =
                parameters.iter().filter(|parameter| parameter["in"] == "path").collect();
            assert!(in_path.iter().all(|parameter| parameter["required"] == true), "{path}");
            assert_eq!(in_path.len(), path.matches('{').count(), "{path}");
        }
    }
}

#[tokio::test]
async fn the_document_is_3_1_and_every_operation_says_what_it_needs() {
    let document = document().await;
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
    for (path, item) in document["paths"].as_object().unwrap() {
        for operation in item.as_object().unwrap().values() {
            assert!(operation["operationId"].is_string(), "{path}");
            assert!(operation["summary"].is_string(), "{path}");
        }
    }
    for route in routes() {
        let operation = operation(&document, route);
        let guarded = route.access != Access::Public;
        let told = format!("{} {}", route.method, route.path);
        assert_eq!(operation["security"].is_array(), guarded, "{told}");
        if let Access::Needs(permission) = route.access {
            let description = operation["description"].as_str().unwrap();
            assert!(description.contains(&format!("Needs `{}`:", permission.as_str())), "{told}");
            for status in ["401", "403", "429", "500", "503"] {
                assert!(operation["responses"][status].is_object(), "{told}: {status}");
            }
            let success = success(operation);
            assert!(success["headers"]["RateLimit-Limit"].is_object(), "{told}");
        }
    }
}

/// Finds the operation of a route.
pub(super) fn operation<'d>(document: &'d Value, route: &Route) -> &'d Value {
    &document["paths"][route.path][route.method.as_str().to_lowercase()]
}

/// Returns the first answer below 300.
pub(super) fn success(operation: &Value) -> &Value {
    let answers = operation["responses"].as_object().unwrap();
    answers.iter().find(|(status, _)| status.starts_with('2')).unwrap().1
}

/// Returns every `$ref` of a document.
fn references(value: &Value) -> Vec<String> {
    match value {
        Value::Object(map) => {
            let own = map.get("$ref").and_then(Value::as_str).map(str::to_owned);
            own.into_iter().chain(map.values().flat_map(references)).collect()
        }
        Value::Array(values) => values.iter().flat_map(references).collect(),
        _ => Vec::new(),
    }
}

#[tokio::test]
async fn every_reference_of_the_document_leads_somewhere() {
    let document = document().await;
    for reference in references(&document) {
        let pointer = reference.strip_prefix('#').unwrap();
        assert!(document.pointer(pointer).is_some(), "{reference}");
    }
}
