//! Leads by what they are.

use serde_json::{Value, json};

use super::nights::{Night, day};
use crate::tests::world::World;

/// Two days. `lost` has leads on the first one alone, `late` counts and no leads.
async fn shops() -> World {
    let world = World::start().await;
    let first = Night::default()
        .seeing(("shopee", "buyer", "google"), &[5, 40], [10, 2, 1])
        .seeing(("shopee", "new", "lost"), &[90], [3, 1, 0]);
    let second = Night::default()
        .seeing(("shopee", "buyer", "google"), &[7, 44, 64], [20, 1, 0])
        .seeing(("amazon", "vip", "google"), &[105], [1, 0, 1])
        .seeing(("amazon", "new", "bing"), &[0], [1, 1, 0])
        .seeing(("amazon", "new", "late"), &[], [2, 0, 0])
        .seeing(("amazon", "new", "alpha"), &[8], [0, 0, 0]);
    world.night(day("2026-01-13"), first).await;
    world.night(day("2026-01-14"), second).await;
    world
}

async fn rows(world: &World, by: &str) -> Value {
    let body = world.get(&format!("/v1/analytics/leads?by={by}&range=7d")).await.body;
    assert_eq!((&body["by"], &body["as_of"]), (&json!(by), &json!("2026-01-14")));
    let rows = body["rows"].as_array().unwrap().iter();
    let names = ["value", "leads", "average_score", "new_leads", "conversions", "events"];
    rows.map(|row| json!(names.map(|name| &row[name]))).collect()
}

#[tokio::test]
async fn the_picture_is_of_the_last_day_and_the_counts_of_all() {
    let world = shops().await;
    assert_eq!(
        rows(&world, "source").await,
        json!([
            // 7 + 44 + 64 + 105 = 220 of 4.
            ["google", 4, 55, 3, 2, 31],
            ["alpha", 1, 8, 0, 0, 0],
            ["bing", 1, 0, 1, 0, 1],
            ["late", 0, 0, 0, 0, 2],
            ["lost", 0, 0, 1, 0, 3],
        ])
    );
    assert_eq!(
        rows(&world, "marketplace").await,
        json!([["amazon", 3, 37.667, 1, 1, 4], ["shopee", 3, 38.333, 4, 1, 33]])
    );
}

#[tokio::test]
async fn leads_are_told_apart_by_segment_and_stage_too() {
    let world = shops().await;
    assert_eq!(
        rows(&world, "segment").await,
        json!([["buyer", 3, 38.333, 3, 1, 30], ["new", 2, 4, 2, 0, 6], ["vip", 1, 105, 0, 1, 1],])
    );
    let stages = rows(&world, "stage").await;
    let leads: Vec<_> =
        stages.as_array().unwrap().iter().map(|row| json!([row[0], row[1]])).collect();
    let expected = json!([["cold", 3], ["hot", 1], ["qualified", 1], ["warm", 1]]);
    assert_eq!(json!(leads), expected);
}

#[tokio::test]
async fn a_row_has_its_leads_by_score() {
    let body = shops().await.get("/v1/analytics/leads?by=source&range=7d").await.body;
    assert_eq!(body["rows"][0]["histogram"], json!([1, 0, 0, 0, 1, 0, 1, 0, 0, 0, 1]));
    assert_eq!(body["rows"][4]["histogram"], json!([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]));
}
