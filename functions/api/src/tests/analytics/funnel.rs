//! The way through the stages.

use domain::stage::Stage;
use serde_json::json;

use super::nights::{Night, PLACE, day};
use crate::tests::world::World;

#[tokio::test]
async fn transitions_and_stays_are_those_of_all_days_and_leads_those_at_the_end() {
    use Stage::{Cold, Hot, Warm};
    let world = World::start().await;
    let first = Night::default().seeing(PLACE, &[1, 2, 40], [0, 0, 0]);
    let first = first.moving(Cold, Warm, &[0, 10]).moving(Warm, Cold, &[100]);
    let second = Night::default().seeing(PLACE, &[1, 40, 70], [0, 0, 0]);
    let second = second.moving(Cold, Warm, &[3]).moving(Warm, Hot, &[5]);
    world.night(day("2026-01-12"), first).await;
    world.night(day("2026-01-14"), second).await;
    // Before the range.
    world.night(day("2026-01-07"), Night::default().moving(Hot, Cold, &[9])).await;
    let body = world.get("/v1/analytics/funnel?range=7d").await.body;
    assert_eq!(
        body["stages"],
        json!([
            {"stage": "cold", "leads": 1, "left": 3, "median_hours": 3.0},
            {"stage": "warm", "leads": 1, "left": 2, "median_hours": 52.5},
            {"stage": "hot", "leads": 1, "left": 0, "median_hours": null},
            {"stage": "qualified", "leads": 0, "left": 0, "median_hours": null},
        ])
    );
    let transitions = body["transitions"].as_array().unwrap();
    assert_eq!(transitions.len(), 12);
    let some: Vec<_> = transitions.iter().filter(|transition| transition["count"] != 0).collect();
    assert_eq!(
        json!(some),
        json!([
            {"from": "cold", "to": "warm", "count": 3},
            {"from": "warm", "to": "cold", "count": 1},
            {"from": "warm", "to": "hot", "count": 1},
        ])
    );
    assert_eq!(body["as_of"], "2026-01-14");
    assert_eq!(body["missing_days"].as_array().unwrap().len(), 5);
}

#[tokio::test]
async fn where_no_night_has_run_there_is_no_funnel() {
    let body = World::start().await.get("/v1/analytics/funnel").await.body;
    assert_eq!((&body["stages"], &body["transitions"]), (&json!([]), &json!([])));
    assert_eq!(body["missing_days"].as_array().unwrap().len(), 30);
}
