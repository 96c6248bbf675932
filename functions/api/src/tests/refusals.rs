//! How what cannot be served is told.

use axum::http::Method;
use domain::{identity::Kind, user::Role};
use serde_json::json;
use testing::{Fault, Faults, a_tenant, home_of};

use super::{
    access::guarded,
    callers::{token, user},
    things::things,
    world::{NOW, World, at, key, request},
};

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
        let answer = world.send(request(method, "/v1/leaderboard", Some(&read), at(NOW))).await;
        assert_eq!(answer.status, 405);
        assert_eq!(answer.headers["allow"], "GET,HEAD");
        assert_eq!(answer.body["code"], "method_not_allowed");
    }
}

#[tokio::test]
async fn tables_that_do_not_answer_make_a_503_with_a_time_to_come_back() {
    let world = World::start().await;
    let ours = things(&world, a_tenant()).await;
    let broken = world.tables.with_faults(&Faults::by_call(|_| Fault::NotSent));
    let world = world.through(broken);
    let admin = token(&user(&a_tenant(), Role::Admin));
    for (route, _) in guarded().filter(|(route, _)| route.method == Method::GET) {
        let target = ours.fill(route.path, Some(Role::Admin));
        let answer = world.get_with(&target, Some(&admin)).await;
        assert_eq!(answer.status, 503, "{target}: {}", answer.body);
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
