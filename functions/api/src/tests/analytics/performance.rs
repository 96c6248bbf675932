//! Whether the points foretold who converts.

use domain::rollup::Rate;
use serde_json::{Value, json};

use super::nights::{Night, day};
use crate::tests::world::World;

/// 100 leads below 10 of which 5 converted, 20 from 60 to 69 of which 10 did, 5 at 100 and above
/// of which all did.
fn foretold() -> Night {
    let mut night = Night::default();
    let performance = &mut night.0.performance;
    performance.bands[0] = Rate { leads: 100, conversions: 5 };
    performance.bands[6] = Rate { leads: 20, conversions: 10 };
    performance.bands[10] = Rate { leads: 5, conversions: 5 };
    performance.rules = [
        ("page_view".to_owned(), Rate { leads: 120, conversions: 16 }),
        ("demo_request".to_owned(), Rate { leads: 30, conversions: 14 }),
        ("a_rule".to_owned(), Rate { leads: 30, conversions: 0 }),
    ]
    .into();
    night
}

#[tokio::test]
async fn rates_and_lifts_are_exact() {
    let world = World::start().await;
    world.night(day("2026-01-14"), foretold()).await;
    let body = world.get("/v1/analytics/performance").await.body;
    assert_eq!(body["date"], "2026-01-14");
    assert_eq!(
        body["overall"],
        json!({"leads": 125, "conversions": 20, "conversion_rate": 0.16, "lift": 1})
    );
    let bands = body["by_score"].as_array().unwrap();
    assert_eq!(bands.len(), 11);
    assert_eq!(
        json!([bands[0], bands[1], bands[6], bands[10]]),
        json!([
            {"from": 0, "to": 9, "leads": 100, "conversions": 5, "conversion_rate": 0.05, "lift": 0.3125},
            {"from": 10, "to": 19, "leads": 0, "conversions": 0, "conversion_rate": null, "lift": null},
            {"from": 60, "to": 69, "leads": 20, "conversions": 10, "conversion_rate": 0.5, "lift": 3.125},
            {"from": 100, "to": null, "leads": 5, "conversions": 5, "conversion_rate": 1, "lift": 6.25},
        ])
    );
    // 14/30 is 2.91666… times 20/125.
    assert_eq!(
        body["by_rule"],
        json!([
            {"rule": "page_view", "leads": 120, "conversions": 16, "conversion_rate": 0.1333, "lift": 0.8333},
            {"rule": "a_rule", "leads": 30, "conversions": 0, "conversion_rate": 0, "lift": 0},
            {"rule": "demo_request", "leads": 30, "conversions": 14, "conversion_rate": 0.4667, "lift": 2.9167},
        ])
    );
}

#[tokio::test]
async fn it_is_of_the_newest_whole_day_or_of_the_one_that_is_named() {
    let world = World::start().await;
    world.night(day("2026-01-10"), Night::default()).await;
    world.night(day("2026-01-12"), foretold()).await;
    world.unfinished_night(day("2026-01-14"), Night::default()).await;
    let date = async |query: &str| {
        let answer = world.get(&format!("/v1/analytics/performance{query}")).await;
        (answer.status, answer.body["date"].clone(), answer.body["code"].clone())
    };
    assert_eq!(date("").await, (200, json!("2026-01-12"), Value::Null));
    assert_eq!(date("?date=2026-01-10").await, (200, json!("2026-01-10"), Value::Null));
    for missing in ["?date=2026-01-11", "?date=2026-01-14", "?date=2030-01-01"] {
        assert_eq!(date(missing).await, (404, Value::Null, json!("day_not_found")), "{missing}");
    }
}

#[tokio::test]
async fn without_any_night_it_is_empty_and_where_nobody_converted_there_is_no_lift() {
    let world = World::start().await;
    let body = world.get("/v1/analytics/performance").await.body;
    let empty = json!({"date": null, "overall": null, "by_score": [], "by_rule": []});
    assert_eq!(body, empty);
    let mut night = Night::default();
    night.0.performance.bands[0] = Rate { leads: 4, conversions: 0 };
    world.night(day("2026-01-13"), night).await;
    let body = world.get("/v1/analytics/performance").await.body;
    assert_eq!(
        body["overall"],
        json!({"leads": 4, "conversions": 0, "conversion_rate": 0, "lift": null})
    );
    world.former_night(day("2026-01-14")).await;
    assert_eq!(world.get("/v1/analytics/performance").await.body, empty);
}
