//! How many requests a minute callers are served.

use domain::user::Role;
use serde_json::json;
use testing::{Fault, Faults, a_tenant};

use super::{
    callers::{key, token, user},
    edit::edit,
    world::{NOW, World, at, other_tenant, request},
};

/// A world whose people may make ten requests a minute, and whose keys twelve.
async fn limited() -> World {
    let world = World::start().await;
    let limits = json!({ "rate_limits": { "people": 10, "api_keys": 12 } });
    let set = edit("PATCH", "/v1/settings").body(&limits).if_match("*").send(&world).await;
    assert_eq!(set.status, 200, "{}", set.body);
    // Another container, which has counted nothing yet and knows the new limits.
    let store = world.tables.store.clone();
    world.through(store)
}

async fn ask(world: &World, credential: &str, seconds: i64) -> super::world::Answer {
    let now = at(NOW).plus_millis(1_000 * seconds);
    world.send(request("GET", "/v1/leads", Some(credential), now)).await
}

#[tokio::test]
async fn a_caller_is_served_as_often_as_the_tenant_says_and_told_how_they_stand() {
    let world = limited().await;
    let ana = token(&user(&a_tenant(), Role::Manager));
    for left in (0..10).rev() {
        let served = ask(&world, &ana, 20).await;
        assert_eq!(served.status, 200);
        assert_eq!(served.headers["ratelimit-limit"], "10");
        assert_eq!(served.headers["ratelimit-remaining"], left.to_string());
        assert_eq!(served.headers["ratelimit-reset"], "40");
    }
    let refused = ask(&world, &ana, 20).await;
    assert_eq!(refused.code(), (429, "rate_limited"));
    assert_eq!(refused.headers["retry-after"], "40");
    assert_eq!(refused.headers["ratelimit-remaining"], "0");
    assert_eq!(refused.headers["content-type"], "application/problem+json");
    // Others are counted apart, and the next minute begins anew.
    let admin = token(&user(&a_tenant(), Role::Admin));
    let theirs = token(&user(&other_tenant(), Role::Admin));
    for (other, left) in [(admin, "9"), (key(&a_tenant(), "read"), "11"), (theirs, "999999")] {
        let served = ask(&world, &other, 20).await;
        assert_eq!((served.status, served.headers["ratelimit-remaining"].as_str()), (200, left));
    }
    assert_eq!(ask(&world, &ana, 59).await.status, 429);
    assert_eq!(ask(&world, &ana, 60).await.status, 200);
}

#[tokio::test]
async fn what_is_refused_counts_too_and_who_is_unknown_is_not_counted() {
    let world = limited().await;
    let viewer = user(&a_tenant(), Role::Viewer);
    let refused = edit("DELETE", "/v1/golden-leads/cto").by(&viewer).send(&world).await;
    assert_eq!(refused.code(), (403, "missing_permission"));
    assert_eq!(refused.headers["ratelimit-remaining"], "9");
    let missing = world.get_with("/v1/leads/none", Some(&token(&viewer))).await;
    assert_eq!((missing.status, missing.headers["ratelimit-remaining"].as_str()), (404, "8"));
    let unknown = world.get_with("/v1/leads", None).await;
    assert_eq!((unknown.status, unknown.headers.get("ratelimit-limit")), (401, None));
    assert_eq!(world.get_with("/health", None).await.headers.get("ratelimit-limit"), None);
}

#[tokio::test]
async fn containers_count_together_and_a_counter_that_fails_refuses_nobody() {
    let world = World::start().await;
    let limits = json!({ "rate_limits": { "api_keys": 150 } });
    let set = edit("PATCH", "/v1/settings").body(&limits).if_match("*").send(&world).await;
    assert_eq!(set.status, 200, "{}", set.body);
    let (store, reader) = (world.tables.store.clone(), key(&a_tenant(), "read"));
    let mut world = world;
    let mut served = Vec::new();
    // The first containers each add the block that they counted; the last finds it used up.
    for _ in 0..3 {
        world = world.through(store.clone());
        let mut count = 0;
        while count < 151 && ask(&world, &reader, 0).await.status == 200 {
            count += 1;
        }
        served.push(count);
    }
    assert_eq!(served, [150, 100, 100]);

    let world = World::start().await;
    let set = edit("PATCH", "/v1/settings").body(&limits).if_match("*").send(&world).await;
    assert_eq!(set.status, 200);
    let broken = world.tables.with_faults(&Faults::by_call(|_| Fault::NotSent));
    let world = world.through(broken);
    for number in 0..150 {
        assert_eq!(
            ask(&world, &reader, 0).await.status,
            503,
            "{number}: the list fails, not the door"
        );
    }
    assert_eq!(ask(&world, &reader, 0).await.status, 429);
}
