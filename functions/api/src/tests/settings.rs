//! What callers see of a tenant's settings.

use axum::http::Method;
use domain::user::Role;
use serde_json::json;
use testing::a_tenant;

use super::{
    callers::user,
    edit::edit,
    examples::example,
    world::{World, key, other_tenant},
};

const SETTINGS: &str = "/v1/settings";

#[tokio::test]
async fn settings_are_changed_only_as_they_were_read() {
    let world = World::start().await;
    let read = edit("GET", SETTINGS).send(&world).await;
    let limits = json!({ "people": 100, "api_keys": 1_000, "ingest": 60_000 });
    let retention = json!({ "anonymise_after_days": 90, "archive_after_days": 365 });
    let expected = json!({
        "name": "Test", "join_by_email": true, "rate_limits": limits, "retention": retention
    });
    assert_eq!((read.status, &read.body), (200, &expected));
    let body = json!({ "name": "Acme", "rate_limits": { "people": 200 } });
    let blind = edit("PATCH", SETTINGS).body(&body).send(&world).await;
    assert_eq!(blind.code(), (428, "precondition_required"));
    let change = || edit("PATCH", SETTINGS).body(&body).if_match(read.etag());
    let changed = change().send(&world).await;
    assert_eq!((changed.status, &changed.body["name"]), (200, &json!("Acme")));
    assert_eq!(changed.body["rate_limits"]["people"], 200);
    assert_eq!(changed.body["rate_limits"]["ingest"], 60_000);
    assert_eq!(change().send(&world).await.code(), (412, "precondition_failed"));
    let shown = edit("GET", SETTINGS).send(&world).await;
    assert_eq!((shown.etag(), &shown.body), (changed.etag(), &changed.body));
    // What is shown can be sent again, and changes nothing.
    let same = edit("PATCH", SETTINGS).body(&shown.body).if_match("*").send(&world).await;
    assert_eq!((same.status, same.etag()), (200, shown.etag()));
    let log = edit("GET", "/v1/audit-log").send(&world).await.body;
    assert_eq!(log["data"].as_array().unwrap().len(), 1, "{log}");
    assert_eq!(log["data"][0]["fields"], json!(["name", "rate_limits"]));
}

#[tokio::test]
async fn how_people_are_told_apart_stays_as_it_is() {
    let world = World::start().await;
    let patch = |body| edit("PATCH", SETTINGS).body(&body).if_match("*");
    let refused = patch(json!({ "name": "x", "join_by_email": false })).send(&world).await;
    assert_eq!(refused.code(), (409, "setting_is_fixed"));
    assert_eq!(edit("GET", SETTINGS).send(&world).await.body["name"], "Test");
    assert_eq!(patch(json!({ "join_by_email": true })).send(&world).await.status, 200);
}

#[tokio::test]
async fn a_setting_out_of_bounds_is_refused() {
    let world = World::start().await;
    for body in [
        json!({ "rate_limits": { "people": 9 } }),
        json!({ "rate_limits": { "ingest": 1_000_001 } }),
        json!({ "rate_limits": { "people": null } }),
        json!({ "rate_limits": null }),
        json!({ "retention": { "anonymise_after_days": 0 } }),
        json!({ "retention": { "archive_after_days": 3_651 } }),
        json!({ "retention": { "archive_after_days": "never" } }),
        json!({ "retention": { "archive_after_days": 1.5 } }),
        json!({ "retention": { "forget_after_days": 1 } }),
        json!({ "retention": null }),
        json!({ "name": "" }),
        json!({ "name": null }),
        json!({ "color": "red" }),
    ] {
        let refused = edit("PATCH", SETTINGS).body(&body).if_match("*").send(&world).await;
        assert_eq!(refused.code(), (422, "invalid_body"), "{body}");
    }
    for limit in [10, 1_000_000] {
        let body = json!({ "rate_limits": { "api_keys": limit } });
        let taken = edit("PATCH", SETTINGS).body(&body).if_match("*").send(&world).await;
        assert_eq!(taken.status, 200, "{body}");
    }
}

#[tokio::test]
async fn how_long_people_are_kept_is_set_day_by_day_or_never() {
    let world = World::start().await;
    let patch = |body| edit("PATCH", SETTINGS).body(&json!({ "retention": body })).if_match("*");
    for (body, anonymise, archive) in [
        (json!({ "anonymise_after_days": 1 }), json!(1), json!(365)),
        (json!({ "archive_after_days": null }), json!(1), json!(null)),
        (json!({ "anonymise_after_days": null }), json!(null), json!(null)),
        (json!({}), json!(null), json!(null)),
        (
            json!({ "anonymise_after_days": 3_650, "archive_after_days": 30 }),
            json!(3_650),
            json!(30),
        ),
    ] {
        let changed = patch(body).send(&world).await;
        assert_eq!(changed.status, 200, "{}", changed.body);
        let expected = json!({ "anonymise_after_days": anonymise, "archive_after_days": archive });
        assert_eq!(changed.body["retention"], expected);
        assert_eq!(edit("GET", SETTINGS).send(&world).await.body["retention"], expected);
    }
    let log = edit("GET", "/v1/audit-log").send(&world).await.body;
    // To change nothing is no change.
    assert_eq!(log["data"].as_array().unwrap().len(), 4, "{log}");
    assert_eq!(log["data"][0]["fields"], json!(["retention"]));
}

#[tokio::test]
async fn limits_of_a_tenant_hold_for_its_people_and_for_no_other_tenants() {
    let world = World::start().await;
    let body = json!({ "rate_limits": { "people": 10 } });
    let set = edit("PATCH", SETTINGS).body(&body).if_match("*").send(&world).await;
    assert_eq!(set.status, 200);
    let viewer = user(&a_tenant(), Role::Viewer);
    let theirs = user(&other_tenant(), Role::Admin);
    let ask = |user| edit("GET", "/v1/me").by(user);
    for _ in 0..10 {
        assert_eq!(ask(&viewer).send(&world).await.status, 200);
    }
    let refused = ask(&viewer).send(&world).await;
    assert_eq!(refused.code(), (429, "rate_limited"));
    assert_eq!(ask(&theirs).send(&world).await.status, 200);
    assert_eq!(ask(&user(&a_tenant(), Role::Manager)).send(&world).await.status, 200);
    let settings = world.get_with(SETTINGS, Some(&key(&other_tenant(), "admin"))).await;
    assert_eq!(settings.body["rate_limits"]["people"], 100);
}

#[tokio::test]
async fn every_documented_body_about_accounts_is_taken_and_asks_for_no_more_than_it_must() {
    let world = World::start().await;
    let document = world.get("/openapi.json").await.body;
    let viewer = format!("/v1/users/{}", user(&a_tenant(), Role::Viewer));
    for (method, path, target) in [
        (Method::POST, "/v1/users", "/v1/users"),
        (Method::PATCH, "/v1/users/{id}", viewer.as_str()),
        (Method::POST, "/v1/api-keys", "/v1/api-keys"),
        (Method::PATCH, SETTINGS, SETTINGS),
    ] {
        let body = example(&document, path, &method).unwrap();
        let sent = edit(method.as_str(), target).body(&body).if_match("*").send(&world).await;
        assert!([200, 201].contains(&sent.status), "{path}: {}", sent.body);
    }
    for (schema, required) in [
        ("UserInvitation", json!(["email", "role"])),
        ("UserPatch", json!(null)),
        ("NewApiKey", json!(["name", "scopes"])),
        ("SettingsPatch", json!(null)),
        ("RateLimitsPatch", json!(null)),
        ("RetentionPatch", json!(null)),
        ("Retention", json!(["anonymise_after_days", "archive_after_days"])),
        ("InvitedUser", json!(["user", "invitation_code", "expires_at"])),
    ] {
        assert_eq!(document["components"]["schemas"][schema]["required"], required, "{schema}");
    }
}
