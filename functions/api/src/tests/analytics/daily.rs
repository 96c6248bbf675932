//! The days one by one.

use serde_json::json;

use super::nights::{Night, PLACE, day};
use crate::tests::world::World;

#[tokio::test]
async fn daily_analytics_show_what_the_nights_saw() {
    let world = World::start().await;
    let seen = Night::default().seeing(PLACE, &[10], [4, 1, 0]);
    let seen = seen.seeing(("shopee", "vip", "direct"), &[33, 100], [3, 0, 1]);
    world.night(day("2026-01-13"), seen).await;
    world.unfinished_night(day("2026-01-14"), Night::default()).await;
    let body = world.get("/v1/analytics/daily").await.body;
    assert_eq!(
        body,
        json!({
            "data": [
                {
                    "date": "2026-01-13",
                    "leads": 3,
                    "new_leads": 1,
                    "conversions": 1,
                    "events": 7,
                    "average_score": 47.667,
                    "by_stage": {"cold": 1, "warm": 1, "hot": 0, "qualified": 1},
                    "histogram": [0, 1, 0, 1, 0, 0, 0, 0, 0, 0, 1],
                    "complete": true,
                },
                {
                    "date": "2026-01-14",
                    "leads": 0,
                    "new_leads": 0,
                    "conversions": 0,
                    "events": 0,
                    "average_score": 0,
                    "by_stage": {"cold": 0, "warm": 0, "hot": 0, "qualified": 0},
                    "histogram": [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
                    "complete": false,
                },
            ],
            "next_cursor": null,
        })
    );
    let body = world.get("/v1/analytics/daily?from=2026-01-14&to=2026-01-14").await.body;
    assert_eq!(body["data"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn what_a_former_version_did_not_count_is_null() {
    let world = World::start().await;
    world.former_night(day("2026-01-13")).await;
    let body = world.get("/v1/analytics/daily").await.body;
    let shown = &body["data"][0];
    assert_eq!((&shown["leads"], &shown["new_leads"]), (&json!(3), &json!(2)));
    assert_eq!(shown["average_score"], json!(30));
    assert_eq!(shown["by_stage"], json!({"cold": 2, "warm": 0, "hot": 1, "qualified": 0}));
    for name in ["conversions", "events", "histogram"] {
        assert!(shown[name].is_null(), "{name}: {shown}");
    }
}

#[tokio::test]
async fn a_year_is_read_whole_and_in_order() {
    let world = World::start().await;
    let mut date = day("2025-06-01");
    let mut expected = Vec::new();
    for _ in 0..45 {
        world.night(date, Night::default().seeing(PLACE, &[1], [1, 0, 0])).await;
        expected.push(json!(date));
        date = date.next();
    }
    let body = world.get("/v1/analytics/daily?from=2025-01-16&to=2026-01-15").await.body;
    let days: Vec<_> = body["data"].as_array().unwrap().iter().map(|day| &day["date"]).collect();
    assert_eq!(days, expected.iter().collect::<Vec<_>>());
}
