//! What `GET /v1/me` tells of somebody whom others change meanwhile.

use domain::user::Role;
use serde_json::json;
use testing::a_tenant;

use super::{
    callers::user,
    edit::edit,
    world::{Answer, World},
};

/// Changes the viewer of the first tenant.
async fn change(world: &World, body: serde_json::Value) {
    let path = format!("/v1/users/{}", user(&a_tenant(), Role::Viewer));
    let changed = edit("PATCH", &path).body(&body).if_match("*").send(world).await;
    assert_eq!(changed.status, 200, "{}", changed.body);
}

async fn ask(world: &World, path: &str, now: &str) -> Answer {
    edit("GET", path).by(&user(&a_tenant(), Role::Viewer)).at(now).send(world).await
}

#[tokio::test]
async fn what_somebody_may_is_what_their_other_requests_are_let_in_by() {
    let world = World::start().await;
    let before = ask(&world, "/v1/me", "2026-01-15T12:00:00Z").await.body;
    assert_eq!(before["role"], "viewer");
    change(&world, json!({ "role": "admin", "name": "Vera" })).await;
    for (now, role, status) in
        [("2026-01-15T12:00:59Z", "viewer", 403), ("2026-01-15T12:01:00Z", "admin", 200)]
    {
        let me = ask(&world, "/v1/me", now).await.body;
        assert_eq!((&me["role"], &me["user"]["role"]), (&json!(role), &json!(role)), "{now}");
        assert_eq!(me["permissions"] == before["permissions"], role == "viewer", "{now}");
        assert_eq!(me["user"]["name"], "Vera", "what they are called lets nobody in");
        assert_eq!(ask(&world, "/v1/settings", now).await.status, status, "{now}");
    }
}

#[tokio::test]
async fn who_was_shut_out_is_told_so_by_every_route_at_once() {
    let world = World::start().await;
    world
        .pool
        .add(&super::callers::email(&a_tenant(), Role::Viewer), user(&a_tenant(), Role::Viewer));
    assert_eq!(ask(&world, "/v1/me", "2026-01-15T12:00:00Z").await.status, 200);
    change(&world, json!({ "active": false })).await;
    for (now, status) in [("2026-01-15T12:00:59Z", 200), ("2026-01-15T12:01:00Z", 403)] {
        for path in ["/v1/me", "/v1/leads"] {
            assert_eq!(ask(&world, path, now).await.status, status, "{path} {now}");
        }
    }
}
