//! Explanations as of any instant, with what comes next and what did not apply.

use aws_sdk_dynamodb::types::AttributeValue;
use domain::{event::Arrival, identity::Kind, rule_set::RuleSet, time::DAY_MS};
use serde_json::{Value, json};
use testing::{Tables, a_tenant, an_event, home_of};

use super::world::{World, at};

/// Three page views, then a sign-up a week later: 45 points, on day 7 after 2026-01-01.
fn history() -> Vec<Arrival> {
    let view = |n: i64| an_event(format!("v{n}")).days_later(n).arrival();
    let signup = an_event("s").of_type("signup").days_later(7).arrival();
    (0..3).map(view).chain([signup]).collect()
}

async fn explained(world: &World, query: &str) -> Value {
    let id = home_of(Kind::UserId, "u1").id;
    let answer = world.get(&format!("/v1/leads/{id}/explanation{query}")).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.body
}

/// Publishes a version at an instant, as the tables keep it.
async fn publish(tables: &Tables, set: &RuleSet, published_at: &str) {
    let item = [
        ("sk", AttributeValue::S(format!("rule_set#{:010}", set.version))),
        ("content", AttributeValue::S(serde_json::to_string(set).unwrap())),
        ("published_at", AttributeValue::N(at(published_at).millis().to_string())),
    ];
    let active = [
        ("sk", AttributeValue::S("rule_set#active".to_owned())),
        ("version", AttributeValue::N(set.version.to_string())),
    ];
    for item in [item.to_vec(), active.to_vec()] {
        let put = tables.client.put_item().table_name(tables.leads_table());
        let put = put.item("pk", AttributeValue::S(a_tenant().to_string()));
        let put = item.into_iter().fold(put, |put, (name, value)| put.item(name, value));
        put.send().await.unwrap();
    }
}

/// Version 2: page views count twice at most and only for some, sign-ups from the office not.
fn second_version() -> RuleSet {
    serde_json::from_value(json!({
        "version": 2,
        "rules": [
            { "id": "own", "name": "Own people", "event_type": "*", "suppress": true,
              "when": "event.properties.office == true" },
            { "id": "view", "name": "View", "event_type": "page_view", "points": 7,
              "cap": { "count": 2, "per": "lifetime" }, "expires_after_days": 30 },
            { "id": "title", "name": "Boss", "event_type": "signup", "points": 100,
              "when": "profile.title == 'CTO'" },
        ],
        "decay": { "idle_days": 7, "daily_rate_ppm": 50_000 },
        "thresholds": { "warm": 30, "hot": 60, "qualified": 100 },
    }))
    .unwrap()
}

#[tokio::test]
async fn an_earlier_instant_shows_the_events_and_the_rules_of_then() {
    let world = World::with(history()).await;
    publish(&world.tables, &second_version(), "2026-01-05T00:00:00Z").await;
    let scores = async |query: &str| {
        let body = explained(&world, query).await;
        (body["score"].as_i64().unwrap(), body["rule_set"].as_u64().unwrap())
    };
    assert_eq!(scores("?at=2025-12-31T00:00:00Z").await, (0, 1));
    assert_eq!(scores("?at=2026-01-01T12:00:00Z").await, (5, 1));
    assert_eq!(scores("?at=2026-01-04T23:59:59.999Z").await, (15, 1));
    // Version 2, with its cap, from the instant at which it was published.
    assert_eq!(scores("?at=2026-01-05T00:00:00Z").await, (14, 2));
    assert_eq!(scores("").await, (14, 2));
    // An instant to come: what expires is gone.
    assert_eq!(scores("?at=2026-02-15T00:00:00Z").await, (0, 2));
}

#[tokio::test]
async fn every_instant_of_the_past_sums_up() {
    let world = World::with(history()).await;
    for days in 0..30 {
        let then = at("2026-01-01T00:00:00Z").plus_millis(days * DAY_MS);
        let body = explained(&world, &format!("?at={then}")).await;
        let lines = body["lines"].as_array().unwrap();
        let sum: f64 = lines.iter().map(|line| line["points"].as_f64().unwrap()).sum();
        assert!((sum - body["score"].as_f64().unwrap()).abs() < 1e-9, "{body}");
        assert_eq!(body["at"], json!(then));
    }
}

#[tokio::test]
async fn what_comes_next_is_told_in_points_and_by_time() {
    let world = World::with(history()).await;
    // 45 points; on the 15th, 7 idle days after the last event.
    let body = explained(&world, "").await;
    assert_eq!(body["score"], 45);
    assert_eq!(
        body["next"],
        json!({
            "up": { "stage": "hot", "points": 15 },
            // 45 × 0.95⁸ = 29.854, which still shows 30; 45 × 0.95⁹ = 28.361.
            "decay": { "stage": "cold", "at": "2026-01-24T12:00:00.000Z" },
        })
    );
    let top = explained(&world, "?at=2025-12-31T00:00:00Z").await;
    assert_eq!(top["next"], json!({ "up": { "stage": "warm", "points": 30 }, "decay": null }));
}

#[tokio::test]
async fn why_not_names_conditions_caps_and_suppression() {
    let mut arrivals = history();
    let office = an_event("o").of_type("signup").days_later(8);
    arrivals.push(office.with_property("office", true).arrival());
    let world = World::with(arrivals).await;
    publish(&world.tables, &second_version(), "2026-01-05T00:00:00Z").await;
    assert!(explained(&world, "").await.get("why_not").is_none());
    let body = explained(&world, "?why_not=true").await;
    let told: Vec<_> = body["why_not"].as_array().unwrap().iter().collect();
    let short = |told: &&Value| json!([told["event_id"], told["rule"], told["reason"]]);
    assert_eq!(
        json!(told.iter().map(short).collect::<Vec<_>>()),
        json!([
            ["v0", "own", "condition_failed"],
            ["v1", "own", "condition_failed"],
            ["v2", "own", "condition_failed"],
            ["v2", "view", "cap"],
            ["s", "own", "condition_failed"],
            ["s", "title", "condition_failed"],
            ["o", "own", "suppressed"],
        ])
    );
    assert_eq!(told[3]["withheld"], 7);
    assert_eq!((&body["events"], &body["suppressed"]), (&json!(4), &json!(1)));
    let lines = body["lines"].as_array().unwrap();
    assert_eq!(lines[2]["withheld_by"], "cap", "{}", lines[2]);
    assert_eq!(lines[0]["expires_on"], "2026-01-31");
    let id = home_of(Kind::UserId, "u1").id;
    let timeline = world.get(&format!("/v1/leads/{id}/timeline")).await.body;
    assert_eq!(timeline["data"][0]["suppressed_by"], "own");
    assert_eq!(timeline["data"][0]["scored"], false);
    let lead = world.get(&format!("/v1/leads/{id}")).await.body;
    // The suppressed event is no sign of life.
    assert_eq!(lead["last_event_at"], "2026-01-08T12:00:00.000Z");
}

#[tokio::test]
async fn a_query_that_is_not_understood_is_refused() {
    let world = World::with(history()).await;
    let id = home_of(Kind::UserId, "u1").id;
    for query in ["at=yesterday", "why_not=perhaps", "when=2026-01-01T00:00:00Z", "at="] {
        let answer = world.get(&format!("/v1/leads/{id}/explanation?{query}")).await;
        assert_eq!(
            (answer.status, &answer.body["code"]),
            (400, &json!("invalid_query")),
            "{query}"
        );
    }
}
