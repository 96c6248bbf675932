//! Leaderboards.

use domain::{identity::Kind, stage::Stage};
use serde_json::{Value, json};
use testing::{an_event, home_of};

use super::world::{World, at};

/// An old lead that had 110 points and a fresh one that has 60.
async fn rivals() -> World {
    let by = |user: &str, event_type: &str, day: &str| {
        let event = an_event(format!("{user}-{event_type}")).of_type(event_type);
        event.by(Kind::UserId, user).at(at(day)).arrival()
    };
    let (long_ago, yesterday) = ("2026-01-01T12:00:00Z", "2026-01-14T12:00:00Z");
    let world = World::with([
        by("old", "contract_signed", long_ago),
        by("old", "email_open", long_ago),
        by("fresh", "demo_request", yesterday),
        by("fresh", "email_open", yesterday),
        by("new", "page_view", yesterday),
    ])
    .await;
    let id = home_of(Kind::UserId, "old").id;
    // As the index has it before the next nightly run.
    world
        .change(id, |_, standing| (standing.score, standing.stage) = (110, Stage::Qualified))
        .await;
    world
}

fn ranks(rows: &Value) -> Value {
    let rows = rows.as_array().unwrap().iter();
    rows.map(|row| json!([row["rank"], row["score"]])).collect()
}

#[tokio::test]
async fn the_leaderboard_is_in_the_order_of_scores_as_of_the_request() {
    let world = rivals().await;
    let ranks_at = async |target, now| ranks(&world.get_at(target, at(now)).await.body["data"]);
    let today = ranks_at("/v1/leaderboard", "2026-01-15T12:00:00Z").await;
    assert_eq!(today, json!([[1, 77], [2, 60], [3, 5]]));
    // The old one is still listed first, but shows less by now.
    let later = "2026-01-20T12:00:00Z";
    assert_eq!(ranks_at("/v1/leaderboard?limit=2", later).await, json!([[1, 60], [2, 59]]));
    assert_eq!(ranks_at("/v1/leaderboard?limit=1", later).await, json!([[1, 60]]));
}

#[tokio::test]
async fn each_stage_has_its_best() {
    let world = rivals().await;
    let body = world.get("/v1/leaderboard/by-stage").await.body;
    let of = |stage: &str| ranks(&body[stage]);
    assert_eq!((of("hot"), of("cold")), (json!([[1, 60]]), json!([[1, 5]])));
    // The old lead is listed as qualified until tonight, but is not any more.
    assert_eq!((of("qualified"), of("warm")), (json!([]), json!([])));
}
