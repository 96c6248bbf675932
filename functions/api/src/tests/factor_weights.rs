//! Factor weights: set, shown, taken back.

use domain::{identity::Kind, marketplace::Marketplace};
use serde_json::{Value, json};
use testing::{a_tenant, an_event, home_of};

use super::{
    edit::edit,
    world::{World, other_tenant},
};

const WEIGHTS: &str = "/v1/factor-weights";

fn weights(purchase: u32) -> Value {
    json!({ "purchase": purchase, "browsing": 20, "interest": 20, "engagement": 10 })
}

#[tokio::test]
async fn a_marketplace_has_the_default_weights_until_it_is_given_its_own() {
    let world = World::start().await;
    let target = "/v1/factor-weights/mercado_livre";
    let default = json!({
        "marketplace": "mercado_livre", "purchase": 30, "browsing": 25, "interest": 25,
        "engagement": 20, "default": true,
    });
    assert_eq!(world.get(target).await.body, default);
    let set = edit("PUT", target).body(&weights(50)).send(&world).await;
    assert_eq!((set.status, &set.body["purchase"]), (200, &json!(50)));
    assert_eq!(set.body["default"], false);
    assert_eq!(world.get(target).await.body, set.body);
    let again = edit("PUT", target).body(&set.body).send(&world).await;
    assert_eq!(again.body, set.body, "what is shown can be sent");
    for _ in 0..2 {
        assert_eq!(edit("DELETE", target).send(&world).await.status, 204);
        assert_eq!(world.get(target).await.body, default);
    }
}

#[tokio::test]
async fn a_name_is_read_as_events_are() {
    let world = World::start().await;
    for name in ["Mercado Livre", "mercado-livre", " MERCADO_LIVRE "] {
        let set = edit("PUT", &format!("{WEIGHTS}/{name}")).body(&weights(50)).send(&world).await;
        assert_eq!(set.body["marketplace"], "mercado_livre", "{name}");
    }
    for name in ["Loja #1 (São Paulo)", "日本", "~!", "100%", "a.b+c"] {
        let target = format!("{WEIGHTS}/{name}");
        let set = edit("PUT", &target).body(&weights(50)).send(&world).await;
        let named: Marketplace = name.parse().unwrap();
        assert_eq!((set.status, &set.body["marketplace"]), (200, &json!(named)), "{name}");
        assert_eq!(world.get(&target).await.body, set.body, "{name}");
        assert_eq!(edit("DELETE", &target).send(&world).await.status, 204, "{name}");
    }
    let long = world.get(&format!("{WEIGHTS}/{}", "x".repeat(65))).await;
    assert_eq!(long.body["marketplace"], "x".repeat(64), "cut as events' are");
    for name in [" ", "a\tb", "a\u{0}b", "\u{85}a\u{7f}b"] {
        let target = format!("{WEIGHTS}/{name}");
        for attempt in
            [edit("GET", &target), edit("PUT", &target).body(&weights(50)), edit("DELETE", &target)]
        {
            assert_eq!(attempt.send(&world).await.code(), (422, "invalid_marketplace"), "{name}");
        }
    }
}

#[tokio::test]
async fn whatever_marketplace_events_name_can_be_weighed() {
    let named = "Loja/Çelik #2 \u{130}".repeat(5);
    let world =
        World::with([an_event("e1").declaring("marketplace", named.as_str()).arrival()]).await;
    let target = format!("/v1/leads/{}/intelligence", home_of(Kind::UserId, "u1").id);
    let shown = world.get(&target).await.body["factor_score"].clone();
    let name = shown["marketplace"].as_str().unwrap();
    assert_eq!((name.len() <= 64, &shown["default"]), (true, &json!(true)), "{name}");
    let set = edit("PUT", &format!("{WEIGHTS}/{name}")).body(&weights(50)).send(&world).await;
    assert_eq!((set.status, &set.body["marketplace"]), (200, &json!(name)));
    assert_eq!(world.get(&target).await.body["factor_score"]["default"], false);
}

#[tokio::test]
async fn weights_that_changed_since_they_were_read_are_not_overwritten() {
    let world = World::start().await;
    let target = "/v1/factor-weights/shopee";
    let default = world.get(target).await;
    let set = edit("PUT", target).body(&weights(50)).if_match(default.etag()).send(&world).await;
    assert_eq!((set.status, set.etag()), (200, world.get(target).await.etag()));
    let others = json!({ "purchase": 10, "browsing": 20, "interest": 30, "engagement": 40 });
    for stale in [default.etag(), "\"10-20-30-40\"", "\"junk\""] {
        let put = edit("PUT", target).body(&others).if_match(stale).send(&world).await;
        assert_eq!(put.code(), (412, "precondition_failed"), "{stale}");
        let removed = edit("DELETE", target).if_match(stale).send(&world).await;
        assert_eq!(removed.code(), (412, "precondition_failed"), "{stale}");
    }
    let removed = edit("DELETE", target).if_match(set.etag()).send(&world).await;
    assert_eq!(removed.status, 204);
    assert_eq!(world.get(target).await.etag(), default.etag());
    // The same numbers as the default, but its own.
    edit("PUT", target).body(&default.body).send(&world).await;
    assert_ne!(world.get(target).await.etag(), default.etag());
}

#[tokio::test]
async fn weights_that_are_no_whole_are_refused_with_their_sum() {
    let world = World::start().await;
    for (purchase, sum) in [(51, "101"), (0, "50"), (4_294_967_295, "4294967345")] {
        let refused = edit("PUT", "/v1/factor-weights/direct").body(&weights(purchase));
        let refused = refused.send(&world).await;
        assert_eq!(refused.code(), (422, "invalid_weights"));
        assert!(refused.body["message"].as_str().unwrap().ends_with(sum), "{}", refused.body);
    }
    for (member, value, code) in [
        ("purchase", json!(49.5), "invalid_value"),
        ("purchase", json!(-1), "invalid_value"),
        ("purchase", Value::Null, "invalid_value"),
    ] {
        let mut body = weights(50);
        body[member] = value;
        let refused = edit("PUT", "/v1/factor-weights/direct").body(&body).send(&world).await;
        assert_eq!(refused.errors(), [(member, code)], "{body}");
    }
}

#[tokio::test]
async fn what_was_set_is_listed_page_by_page() {
    let world = World::start().await;
    for name in ["shopee", "direct", "amazon_2", "~日本", "amazon", "a#1"] {
        edit("PUT", &format!("{WEIGHTS}/{name}")).body(&weights(50)).send(&world).await;
    }
    let (mut names, mut next) = (Vec::new(), format!("{WEIGHTS}?limit=3"));
    loop {
        let body = world.get(&next).await.body;
        let rows = body["data"].as_array().unwrap();
        names.extend(rows.iter().map(|row| row["marketplace"].as_str().unwrap().to_owned()));
        let Some(cursor) = body["next_cursor"].as_str() else { break };
        next = format!("{WEIGHTS}?limit=3&cursor={cursor}");
    }
    assert_eq!(names, ["a#1", "amazon", "amazon_2", "direct", "shopee", "~日本"]);
    // {"after":"\u0001"}
    let refused = world.get(&format!("{WEIGHTS}?cursor=eyJhZnRlciI6Ilx1MDAwMSJ9")).await;
    assert_eq!(refused.code(), (400, "invalid_cursor"));
}

#[tokio::test]
async fn another_tenants_weights_are_its_own_and_a_reader_cannot_write() {
    let world = World::start().await;
    let target = "/v1/factor-weights/direct";
    let theirs = edit("PUT", target).body(&weights(50)).with_key(&other_tenant(), "admin");
    assert_eq!(theirs.send(&world).await.status, 200);
    assert_eq!(world.get(target).await.body["default"], true);
    assert_eq!(world.get(WEIGHTS).await.body["data"], json!([]));
    for attempt in [edit("PUT", target).body(&weights(50)), edit("DELETE", target)] {
        let refused = attempt.with_key(&a_tenant(), "read").send(&world).await;
        assert_eq!(refused.code(), (403, "missing_scope"));
    }
}
