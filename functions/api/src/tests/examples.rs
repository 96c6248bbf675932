//! What callers may copy: the payloads of `events/http` about rules, and the examples of the
//! OpenAPI document.

use axum::http::Method;
use serde_json::{Value, json};

use super::{
    edit::edit,
    world::{World, filled},
};
use crate::routes::routes;

/// Every recorded payload about rules, in an order in which each works.
const PAYLOADS: &[(&str, u16)] = &[
    (include_str!("../../../../events/http/get-scoring-rules.json"), 200),
    (include_str!("../../../../events/http/post-scoring-rule.json"), 201),
    (include_str!("../../../../events/http/post-scoring-rule-with-broken-condition.json"), 422),
    (include_str!("../../../../events/http/get-scoring-rule.json"), 200),
    (include_str!("../../../../events/http/put-scoring-rule.json"), 200),
    (include_str!("../../../../events/http/delete-scoring-rule.json"), 204),
    (include_str!("../../../../events/http/get-rule-sets.json"), 200),
    (include_str!("../../../../events/http/get-rule-set.json"), 200),
    (include_str!("../../../../events/http/get-rule-set-draft.json"), 200),
    (include_str!("../../../../events/http/put-rule-set-draft.json"), 200),
    (include_str!("../../../../events/http/put-rule-set-draft-stale.json"), 412),
    (include_str!("../../../../events/http/delete-rule-set-draft.json"), 204),
    (include_str!("../../../../events/http/get-golden-leads.json"), 200),
    (include_str!("../../../../events/http/post-golden-lead.json"), 201),
    (include_str!("../../../../events/http/get-golden-lead.json"), 200),
    (include_str!("../../../../events/http/put-golden-lead.json"), 200),
    (include_str!("../../../../events/http/delete-golden-lead.json"), 204),
    (include_str!("../../../../events/http/put-factor-weights.json"), 200),
    (include_str!("../../../../events/http/get-factor-weights.json"), 200),
    (include_str!("../../../../events/http/get-factor-weights-of-marketplace.json"), 200),
    (include_str!("../../../../events/http/delete-factor-weights.json"), 204),
];

const PATHS: &[&str] =
    &["/v1/scoring-rules", "/v1/rule-sets/draft", "/v1/golden-leads", "/v1/factor-weights"];

#[tokio::test]
async fn every_recorded_payload_about_rules_is_answered() {
    let world = World::start().await;
    for (payload, status) in PAYLOADS {
        let payload: Value = serde_json::from_str(payload).unwrap();
        let route = payload["routeKey"].clone();
        let answer = world.send(payload).await;
        assert_eq!(answer.status, *status, "{route}: {}", answer.body);
    }
}

/// Returns the documented example of a route's body.
pub(super) fn example(document: &Value, path: &str, method: &Method) -> Option<Value> {
    let operation = &document["paths"][path][method.as_str().to_lowercase()];
    let schema = &operation["requestBody"]["content"]["application/json"]["schema"]["$ref"];
    let schema = document.pointer(schema.as_str()?.strip_prefix('#')?)?;
    schema.get("example").or_else(|| schema["examples"].get(0)).cloned()
}

#[tokio::test]
async fn every_documented_body_is_taken() {
    let document = World::start().await.get("/openapi.json").await.body;
    let is_ours = |path: &str| PATHS.iter().any(|prefix| path.starts_with(prefix));
    let mut tried = 0;
    for route in routes().filter(|route| is_ours(route.path)) {
        if ![Method::POST, Method::PUT].contains(&route.method) {
            continue;
        }
        let mut example = example(&document, route.path, &route.method).unwrap();
        let path = filled(route.path, "");
        if let Some(id) = example.get_mut("id").filter(|_| route.method == Method::PUT) {
            *id = path.rsplit('/').next().into();
        }
        let world = World::start().await;
        let answer = edit(route.method.as_str(), &path).body(&example).send(&world).await;
        assert!([200, 201].contains(&answer.status), "{path}: {}", answer.body);
        if let Some(result) = answer.body.get("result") {
            assert_eq!(result["passes"], true, "{result}");
        }
        tried += 1;
    }
    assert_eq!(tried, 6);
}

#[tokio::test]
async fn the_document_asks_for_no_more_than_the_routes_do() {
    let document = World::start().await.get("/openapi.json").await.body;
    for (schema, required) in [
        ("ScoringRule", json!(["name", "event_type"])),
        ("GoldenLead", json!(["name", "events", "expected"])),
        ("GoldenEvent", json!(["event_type", "timestamp"])),
        ("RuleSet", json!(["rules", "decay", "thresholds"])),
    ] {
        assert_eq!(document["components"]["schemas"][schema]["required"], required, "{schema}");
    }
    let schemas = &document["components"]["schemas"];
    let kept = schemas["KeptScoringRule"]["allOf"].as_array().unwrap();
    assert_eq!(kept[0]["$ref"], "#/components/schemas/ScoringRule");
    assert_eq!(kept[1]["required"], json!(["id"]));
    let list = &schemas["RuleSet"]["properties"]["rules"]["items"]["$ref"];
    assert_eq!(list, "#/components/schemas/KeptScoringRule");
}
