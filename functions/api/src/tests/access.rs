//! Who may see what: every route with every scope, and with another tenant's ids.

use axum::http::Method;
use domain::{api_key::Scope, identity::Kind};
use serde_json::json;
use testing::{Fault, Faults, a_tenant, an_event, home_of};

use super::world::{NOW, World, at, filled, key, other_tenant, request};
use crate::routes::{Permission, ROUTES, Route};

/// Asks a route with an empty query and no body.
async fn ask(world: &World, route: &Route, path: &str, key: Option<&str>) -> u16 {
    world.send(request(route.method.as_str(), path, key, at(NOW))).await.status
}

#[tokio::test]
async fn every_route_serves_just_the_scopes_it_declares() {
    let world = World::with([an_event("e1").arrival()]).await;
    let id = home_of(Kind::UserId, "u1").id.to_string();
    for route in ROUTES {
        let path = filled(route.path, &id);
        for (name, scope) in
            [("ingest", Scope::Ingest), ("read", Scope::Read), ("admin", Scope::Admin)]
        {
            let may = match route.permission {
                Permission::Public => true,
                Permission::Needs(Scope::Read) if scope == Scope::Admin => true,
                Permission::Needs(needed) => needed == scope,
            };
            let status = ask(&world, route, &path, Some(&key(&a_tenant(), name))).await;
            assert_eq!(status != 403, may, "{} {path} with {name}: {status}", route.method);
            assert!(![401, 404, 405, 500, 503].contains(&status), "{path} with {name}: {status}");
        }
        let is_public = route.permission == Permission::Public;
        let unknown = key(&a_tenant(), "unknown");
        for presented in [None, Some(unknown.as_str()), Some("junk")] {
            let status = ask(&world, route, &path, presented).await;
            assert_eq!(status != 401, is_public, "{} {path}: {status}", route.method);
        }
    }
}

#[test]
fn every_write_needs_the_admin_scope() {
    for route in ROUTES.iter().filter(|route| route.method != Method::GET) {
        assert_eq!(route.permission, Permission::Needs(Scope::Admin), "{}", route.path);
    }
}

#[tokio::test]
async fn another_tenants_leads_do_not_exist() {
    let world = World::start().await;
    let theirs = [
        an_event("e1").by(Kind::UserId, "theirs").by(Kind::Email, "ana@example.com").arrival(),
        an_event("e2").by(Kind::UserId, "theirs").of_type("contract_signed").arrival(),
    ];
    world.store(&other_tenant(), theirs).await;
    let id = home_of(Kind::UserId, "theirs").id.to_string();
    let of_a_lead = |route: &&Route| route.path.starts_with("/v1/leads/{id}");
    for route in ROUTES.iter().filter(of_a_lead).filter(|route| route.method == Method::GET) {
        let path = filled(route.path, &id);
        let ours = world.get(&path).await;
        assert_eq!((ours.status, &ours.body["code"]), (404, &json!("lead_not_found")));
        let theirs = world.get_with(&path, Some(&key(&other_tenant(), "read"))).await;
        assert_eq!(theirs.status, 200, "{path}");
    }
    for list in ["/v1/leads", "/v1/leads?email=ana@example.com", "/v1/leaderboard"] {
        assert_eq!(world.get(list).await.body["data"], json!([]), "{list}");
    }
}

#[tokio::test]
async fn every_error_is_a_problem_document() {
    let world = World::start().await;
    let missing = home_of(Kind::UserId, "nobody").id;
    for (target, status, code) in [
        ("/v1/lead".to_owned(), 404, "route_not_found"),
        (format!("/v1/leads/{missing}"), 404, "lead_not_found"),
        ("/v1/leads/not-an-id/timeline".to_owned(), 404, "lead_not_found"),
        ("/v1/leads?limit=0".to_owned(), 400, "invalid_query"),
        ("/v1/leads?cursor=junk".to_owned(), 400, "invalid_cursor"),
        (format!("/v1/leads/{missing}?expand=all"), 400, "invalid_query"),
        ("/v1/analytics/daily?from=2026-13-01".to_owned(), 400, "invalid_query"),
    ] {
        let answer = world.get(&target).await;
        assert_eq!(answer.status, status, "{target}");
        assert_eq!(answer.headers["content-type"], "application/problem+json");
        assert_eq!(answer.body["code"], code, "{target}");
        assert!(answer.body["message"].is_string());
    }
}

#[tokio::test]
async fn another_method_is_405_and_told_which_are_allowed() {
    let world = World::start().await;
    let read = key(&a_tenant(), "read");
    for method in ["POST", "DELETE", "PUT"] {
        let answer = world.send(request(method, "/v1/leads", Some(&read), at(NOW))).await;
        assert_eq!(answer.status, 405);
        assert_eq!(answer.headers["allow"], "GET,HEAD");
        assert_eq!(answer.body["code"], "method_not_allowed");
    }
}

#[tokio::test]
async fn tables_that_do_not_answer_make_a_503_with_a_time_to_come_back() {
    let world = World::start().await;
    let broken = world.tables.with_faults(&Faults::by_call(|_| Fault::NotSent));
    let world = world.through(broken);
    let id = home_of(Kind::UserId, "u1").id.to_string();
    let of_tables =
        |route: &&Route| route.permission != Permission::Public && route.method == Method::GET;
    for route in ROUTES.iter().filter(of_tables) {
        let answer = world.get(&filled(route.path, &id)).await;
        assert_eq!(answer.status, 503, "{}", route.path);
        assert_eq!(answer.headers["retry-after"], "1");
        assert_eq!(answer.body["code"], "temporarily_unavailable");
    }
}

#[tokio::test]
async fn the_oddest_request_gets_an_answer_of_ours() {
    let world = World::start().await;
    let read = key(&a_tenant(), "read");
    for (target, status) in [
        ("/v1/leads/a b", 404),
        ("/v1/leads/ação", 404),
        ("/v1/leads/%", 404),
        ("/v1/leads?email=\"<ana maria@é>", 400),
        ("/v1/leads?limit=%zz", 400),
        ("", 404),
        ("//", 404),
    ] {
        let answer = world.send(request("GET", target, Some(&read), at(NOW))).await;
        assert_eq!(answer.status, status, "{target}: {}", answer.body);
        assert!(answer.body["code"].is_string(), "{target}");
    }
    let mut payload = request("GET", "/v1/leads", Some(&read), at(NOW));
    payload["headers"]["user-agent"] = json!("é");
    payload["headers"]["a b"] = json!("c");
    payload["headers"]["host"] = json!("a b:99999");
    payload["requestContext"]["stage"] = json!("prod");
    assert_eq!(world.send(payload).await.status, 200);
}
