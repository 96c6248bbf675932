//! What the OpenAPI document says of every operation in the same way.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::contract::{document, operation, success};
use crate::routes::routes;

fn takes(operation: &Value, name: &str) -> Option<bool> {
    let parameters = operation["parameters"].as_array()?;
    let found = parameters.iter().find(|parameter| parameter["name"] == name)?;
    Some(found["required"] == true)
}

#[tokio::test]
async fn what_makes_something_is_made_once_and_what_replaces_something_says_what() {
    let document = document().await;
    for route in routes() {
        let operation = operation(&document, route);
        let told = format!("{} {}", route.method, route.path);
        let once = route.creates.then_some(false);
        assert_eq!(takes(operation, "Idempotency-Key"), once, "{told}");
        if route.creates {
            for (status, code) in [
                ("400", "invalid_idempotency_key"),
                ("409", "idempotency_in_progress"),
                ("422", "idempotency_key_reused"),
            ] {
                let content = &operation["responses"][status]["content"];
                let examples = &content["application/problem+json"]["examples"];
                assert_eq!(examples[code]["value"]["code"], code, "{told}");
            }
            assert!(success(operation)["headers"]["Idempotent-Replayed"].is_object(), "{told}");
        }
        let answers = &operation["responses"];
        let is_guarded = answers["412"].is_object();
        let needs = answers["428"].is_object();
        assert_eq!(takes(operation, "If-Match"), is_guarded.then_some(needs), "{told}");
    }
}

#[tokio::test]
async fn every_refusal_is_a_problem_document_that_names_its_codes() {
    let document = document().await;
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            for (status, answer) in operation["responses"].as_object().unwrap() {
                if status.as_str() < "400" {
                    continue;
                }
                let answer = match answer["$ref"].as_str() {
                    Some(reference) => document.pointer(&reference[1..]).unwrap(),
                    None => answer,
                };
                let told = format!("{method} {path} {status}");
                let problem = &answer["content"]["application/problem+json"];
                let schema = "#/components/schemas/ProblemDocument";
                assert_eq!(problem["schema"]["$ref"], schema, "{told}");
                let says_why = answer["description"].as_str().unwrap().contains("`code` says why");
                assert!(problem["examples"].is_object() || says_why, "{told}: {answer}");
            }
        }
    }
}

#[tokio::test]
async fn what_is_made_leads_to_what_can_be_done_with_it() {
    let document = document().await;
    let mut operations = BTreeMap::new();
    for item in document["paths"].as_object().unwrap().values() {
        for operation in item.as_object().unwrap().values() {
            let id = operation["operationId"].as_str().unwrap();
            assert!(operations.insert(id, operation).is_none(), "{id} twice");
        }
    }
    let links = |id: &str| success(operations[id])["links"].clone();
    for (id, operation) in &operations {
        for link in links(id).as_object().into_iter().flat_map(|links| links.values()) {
            let target = operations[link["operationId"].as_str().unwrap()];
            for name in link["parameters"].as_object().unwrap().keys() {
                assert!(takes(target, name).is_some(), "{id}: {name}");
            }
        }
        assert!(operation["tags"][0].is_string(), "{id}");
    }
    let golden = links("create_golden_lead");
    let names: Vec<_> = golden.as_object().unwrap().keys().collect();
    assert_eq!(names, ["delete_golden_lead", "replace_golden_lead", "show_golden_lead"]);
    assert_eq!(
        golden["replace_golden_lead"]["parameters"],
        json!({ "id": "$response.body#/id", "If-Match": "$response.header.ETag" })
    );
    assert_eq!(links("publish_draft")["show_job"]["parameters"]["id"], "$response.body#/job/id");
    assert_eq!(links("create_note")["show_note"]["parameters"]["id"], "$request.path.id");
}

#[tokio::test]
async fn every_tag_is_declared() {
    let document = document().await;
    let declared: BTreeSet<_> = document["tags"]
        .as_array()
        .unwrap()
        .iter()
        .map(|tag| tag["name"].as_str().unwrap())
        .collect();
    for item in document["paths"].as_object().unwrap().values() {
        for operation in item.as_object().unwrap().values() {
            let tag = operation["tags"][0].as_str().unwrap();
            assert!(declared.contains(tag), "{tag}");
        }
    }
}
