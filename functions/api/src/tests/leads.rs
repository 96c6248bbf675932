//! Lists of leads: order, filters, pages and look-ups.

use std::collections::BTreeSet;

use domain::identity::Kind;
use serde_json::{Value, json};
use testing::{an_event, home_of};

use super::world::{World, at};

const TYPES: [&str; 4] = ["page_view", "signup", "demo_request", "contract_signed"];

/// Twelve users and four cookies, three users and a cookie for each of four scores, all of the
/// eve of the request.
async fn crowd() -> World {
    let event = |index: usize, kind, name: &str| {
        let day = at("2026-01-14T12:00:00Z");
        let event = an_event(format!("e-{name}")).of_type(TYPES[index % 4]);
        event.by(kind, name).at(day).arrival()
    };
    let users = (0..12).map(|index| event(index, Kind::UserId, &format!("u{index:02}")));
    let cookies = (0..4).map(|index| event(index, Kind::AnonymousId, &format!("c{index}")));
    World::with(users.chain(cookies)).await
}

fn column(body: &Value, field: &str) -> Vec<Value> {
    body["data"].as_array().unwrap().iter().map(|row| row[field].clone()).collect()
}

/// Follows the pages of a list and returns its rows.
async fn pages(world: &World, target: &str) -> Vec<Value> {
    let mut rows = Vec::new();
    let mut next = target.to_owned();
    loop {
        let body = world.get(&next).await.body;
        rows.extend(body["data"].as_array().unwrap().clone());
        let Some(cursor) = body["next_cursor"].as_str() else { return rows };
        next = format!("{target}&cursor={cursor}");
    }
}

#[tokio::test]
async fn leads_come_highest_first() {
    let world = crowd().await;
    let body = world.get("/v1/leads").await.body;
    let scores: Vec<_> = column(&body, "score");
    let expected = [[100; 4], [50; 4], [30; 4], [5; 4]].concat();
    assert_eq!(json!(scores), json!(expected));
    assert_eq!(body["next_cursor"], Value::Null);
}

#[tokio::test]
async fn pages_of_any_size_list_every_lead_once() {
    let world = crowd().await;
    let all = column(&world.get("/v1/leads").await.body, "id");
    for limit in [1, 3, 4, 15, 16, 17] {
        let rows = pages(&world, &format!("/v1/leads?limit={limit}")).await;
        let ids: Vec<_> = rows.iter().map(|row| row["id"].clone()).collect();
        assert_eq!(ids, all, "limit {limit}");
    }
}

#[tokio::test]
async fn filters_keep_what_they_say() {
    let world = crowd().await;
    for (query, expected) in [
        ("stage=qualified", 4),
        ("stage=warm", 8),
        ("stage=hot", 0),
        ("known=false", 4),
        ("known=true", 12),
        ("known=true&stage=cold", 3),
    ] {
        let rows = pages(&world, &format!("/v1/leads?limit=2&{query}")).await;
        let ids: BTreeSet<_> = rows.iter().map(|row| row["id"].to_string()).collect();
        assert_eq!((rows.len(), ids.len()), (expected, expected), "{query}");
    }
    let rows = pages(&world, "/v1/leads?limit=2&known=false").await;
    assert!(rows.iter().all(|row| row["known"] == false));
}

#[tokio::test]
async fn a_lead_that_left_its_stage_since_it_was_listed_is_dropped_from_it() {
    let world = crowd().await;
    let later = at("2026-02-14T12:00:00Z");
    // 100 points after 31 idle days are 29: cold by now, qualified in the index.
    let qualified = world.get_at("/v1/leads?stage=qualified", later).await.body;
    assert_eq!(qualified["data"], json!([]));
    let all = world.get_at("/v1/leads?limit=4", later).await.body;
    assert_eq!(json!(column(&all, "score")), json!([29, 29, 29, 29]));
    assert_eq!(json!(column(&all, "stage")), json!(vec!["cold"; 4]));
}

#[tokio::test]
async fn a_page_examines_a_thousand_entries_at_most_and_says_where_to_go_on() {
    let cookie = |index| an_event("e").by(Kind::AnonymousId, &format!("c{index}")).arrival();
    let world = World::with((0..1_001).map(cookie)).await;
    let first = world.get("/v1/leads?known=true&limit=1").await.body;
    assert_eq!(first["data"], json!([]));
    let cursor = first["next_cursor"].as_str().unwrap();
    let next = format!("/v1/leads?known=true&limit=1&cursor={cursor}");
    assert_eq!(world.get(&next).await.body, json!({"data": [], "next_cursor": null}));
}

#[tokio::test]
async fn a_cursor_serves_only_the_filters_it_was_given_for() {
    let world = crowd().await;
    let body = world.get("/v1/leads?stage=warm&limit=1").await.body;
    let cursor = body["next_cursor"].as_str().unwrap();
    let same = world.get(&format!("/v1/leads?stage=warm&limit=9&cursor={cursor}")).await;
    assert_eq!((same.status, column(&same.body, "id").len()), (200, 7));
    for query in ["stage=cold", "stage=warm&known=true", "limit=1"] {
        let answer = world.get(&format!("/v1/leads?{query}&cursor={cursor}")).await;
        assert_eq!(answer.status, 400, "{query}");
        assert_eq!(answer.body["code"], "invalid_cursor");
    }
}

#[tokio::test]
async fn each_kind_of_identity_finds_its_lead_or_none() {
    let world = World::with([an_event("e1")
        .by(Kind::UserId, "u 1")
        .by(Kind::Email, "ana+crm@example.com")
        .by(Kind::External, "hubspot:4711")
        .by(Kind::Phone, "+5511999990001")
        .by(Kind::AnonymousId, "c1")
        .arrival()])
    .await;
    let id = json!(home_of(Kind::UserId, "u 1").id);
    for query in [
        "user_id=u%201",
        "user_id=u+1",
        "email=Ana%2BCRM%40example.com",
        "email=ana+crm@example.com",
        "external=HubSpot:4711",
        "phone=+55%20(11)%2099999-0001",
        "phone=%2B5511999990001",
        "anonymous_id=c1",
    ] {
        let answer = world.get(&format!("/v1/leads?{query}")).await;
        assert_eq!(json!(column(&answer.body, "id")), json!([id]), "{query}: {}", answer.body);
        assert_eq!(answer.body["next_cursor"], Value::Null);
    }
    for nobody in ["user_id=nobody", "user_id=undefined", "anonymous_id=0"] {
        let nobody = world.get(&format!("/v1/leads?{nobody}")).await;
        assert_eq!(nobody.body, json!({"data": [], "next_cursor": null}));
    }
}

#[tokio::test]
async fn a_lookup_that_is_malformed_or_asks_for_more_than_one_is_refused() {
    let world = World::start().await;
    for (query, fields) in [
        ("email=not-an-email", vec![("email", "invalid_identity")]),
        ("user_id=u1&phone=%2B5511999990001", vec![("phone", "conflicting_parameter")]),
        ("user_id=u1&stage=hot", vec![("stage", "conflicting_parameter")]),
    ] {
        let answer = world.get(&format!("/v1/leads?{query}")).await;
        assert_eq!(answer.status, 400, "{query}");
        let errors = answer.body["errors"].as_array().unwrap();
        let told: Vec<_> = errors
            .iter()
            .map(|error| (error["field"].as_str().unwrap(), error["code"].as_str().unwrap()))
            .collect();
        assert_eq!(told, fields, "{query}");
    }
}
