//! Every answer that any test sees is one that the OpenAPI document tells of.
//!
//! Invariant: a status that an operation does not name, or a `code` that its refusal does not
//! name, fails the test that met it.

use std::sync::OnceLock;

use serde_json::Value;

use super::world::Answer;
use crate::{openapi, routes::routes};

static DOCUMENT: OnceLock<Value> = OnceLock::new();

/// Checks an answer against the document.
pub(super) fn check([method, path]: &[String; 2], answer: &Answer) {
    let document = DOCUMENT.get_or_init(|| serde_json::to_value(openapi::written()).unwrap());
    if answer.status == 405 {
        return;
    }
    let is_asked = |template: &str| {
        let (template, path) = (template.split('/'), path.split('/'));
        template.clone().count() == path.clone().count()
            && template.zip(path).all(|(one, other)| one.starts_with('{') || one == other)
    };
    let asked = routes().filter(|route| route.method == method.as_str() && is_asked(route.path));
    // Of two that fit, that with fewer parameters is asked.
    let Some(route) = asked.min_by_key(|route| route.path.matches('{').count()) else { return };
    let operation = &document["paths"][route.path][method.to_lowercase()];
    let told = format!("{method} {}: {} {}", route.path, answer.status, answer.body);
    let documented = &operation["responses"][answer.status.to_string()];
    let documented = match documented["$ref"].as_str() {
        Some(reference) => document.pointer(&reference[1..]).unwrap(),
        None => documented,
    };
    assert!(documented.is_object(), "not documented: {told}");
    if answer.status >= 400 {
        let examples = &documented["content"]["application/problem+json"]["examples"];
        let code = answer.body["code"].as_str().unwrap();
        assert!(examples[code].is_object(), "code not documented: {told}");
    }
    let beside = ["etag", "location", "retry-after", "idempotent-replayed"];
    for name in beside.into_iter().filter(|name| answer.headers.contains_key(*name)) {
        let headers =
            documented["headers"].as_object().into_iter().flat_map(|headers| headers.keys());
        let mut headers = headers.map(|header| header.to_lowercase());
        assert!(headers.any(|header| header == name), "{name} not documented: {told}");
    }
}
