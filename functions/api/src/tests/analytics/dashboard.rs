//! Key figures and how they changed.

use serde_json::{Value, json};

use super::nights::{Night, PLACE, day, january};
use crate::tests::world::World;

/// Two weeks. In the first one each day has 10 events and a new lead, the last one a conversion;
/// there are three leads in the end. In the second one each day has 12 events, each but the last a
/// new lead, the first and the last a conversion; there are five leads in the end.
async fn two_weeks() -> World {
    let world = World::start().await;
    let first: Vec<_> = january(1..=7).collect();
    for day in &first {
        let last = u64::from(Some(day) == first.last());
        let night = Night::default().seeing(PLACE, &[5, 10, 35], [10, 1, last]);
        world.night(*day, night).await;
    }
    let second: Vec<_> = january(8..=14).collect();
    for day in &second {
        let (is_first, is_last) = (Some(day) == second.first(), Some(day) == second.last());
        let happened = [12, u64::from(!is_last), u64::from(is_first || is_last)];
        let night = Night::default().seeing(PLACE, &[0, 12, 35, 70, 120], happened);
        world.night(*day, night).await;
    }
    world
}

fn kpi(value: impl Into<Value>, previous: impl Into<Value>, change: impl Into<Value>) -> Value {
    json!({ "value": value.into(), "previous": previous.into(), "change": change.into() })
}

#[tokio::test]
async fn a_week_is_compared_with_the_one_before() {
    let world = two_weeks().await;
    let body = world.get("/v1/analytics/dashboard?range=7d").await.body;
    let expected = json!({
        "leads": kpi(5, 3, 0.6667),
        // 6 after 7.
        "new_leads": kpi(6, 7, -0.1429),
        "conversions": kpi(2, 1, 1),
        // 2 of 5 after 1 of 3.
        "conversion_rate": kpi(0.4, 0.3333, 0.2),
        // 237 / 5 after 50 / 3.
        "average_score": kpi(47.4, 16.667, 1.844),
        "events": kpi(84, 70, 0.2),
        "hot_or_better": kpi(2, 0, Value::Null),
    });
    assert_eq!(body["kpis"], expected);
    let told = ["range", "from", "to", "as_of", "missing_days", "undivided_days"];
    assert_eq!(
        json!(told.map(|name| &body[name])),
        json!(["7d", "2026-01-08", "2026-01-14", "2026-01-14", [], []])
    );
    assert_eq!(
        body["previous"],
        json!({
            "from": "2026-01-01",
            "to": "2026-01-07",
            "as_of": "2026-01-07",
            "missing_days": [],
            "undivided_days": [],
        })
    );
    assert_eq!(body["by_stage"], json!({"cold": 2, "warm": 1, "hot": 1, "qualified": 1}));
    let days = body["daily"].as_array().unwrap();
    let series: Vec<_> = days.iter().map(|day| json!([day["date"], day["conversions"]])).collect();
    assert_eq!(series.len(), 7);
    assert_eq!(series[0], json!(["2026-01-08", 1]));
    assert_eq!(series[6], json!(["2026-01-14", 1]));
}

#[tokio::test]
async fn a_night_that_has_not_run_or_not_finished_is_named_and_counted_nowhere() {
    let world = World::start().await;
    let seen = || Night::default().seeing(PLACE, &[10, 20], [5, 1, 1]);
    for day in january(1..=13).filter(|day| day.to_string() != "2026-01-10") {
        world.night(day, seen()).await;
    }
    world.unfinished_night(day("2026-01-14"), seen().seeing(PLACE, &[90], [50, 9, 9])).await;
    let body = world.get("/v1/analytics/dashboard?range=7d").await.body;
    assert_eq!(body["missing_days"], json!(["2026-01-10", "2026-01-14"]));
    assert_eq!((&body["to"], &body["as_of"]), (&json!("2026-01-14"), &json!("2026-01-13")));
    let kpis = &body["kpis"];
    // What leads are at the end can be compared, sums of five and of seven days cannot.
    assert_eq!(kpis["leads"], kpi(2, 2, 0));
    assert_eq!(kpis["events"], kpi(25, 35, Value::Null));
    assert_eq!(kpis["conversion_rate"], kpi(2.5, 3.5, Value::Null));
    assert_eq!(body["daily"].as_array().unwrap().len(), 5);
}

#[tokio::test]
async fn where_no_night_has_run_nothing_is_known_and_nothing_is_zero() {
    let world = World::start().await;
    let body = world.get("/v1/analytics/dashboard").await.body;
    assert_eq!((&body["range"], &body["as_of"]), (&json!("30d"), &Value::Null));
    assert_eq!(body["missing_days"].as_array().unwrap().len(), 30);
    assert_eq!((&body["by_stage"], &body["daily"]), (&Value::Null, &json!([])));
    for (name, kpi) in body["kpis"].as_object().unwrap() {
        assert_eq!(*kpi, self::kpi(Value::Null, Value::Null, Value::Null), "{name}");
    }
}

#[tokio::test]
async fn days_of_the_former_version_are_named_and_their_sums_not_compared() {
    let world = World::start().await;
    world.former_night(day("2026-01-07")).await;
    for day in january(8..=14) {
        world.night(day, Night::default().seeing(PLACE, &[30, 30, 30], [5, 1, 1])).await;
    }
    let body = world.get("/v1/analytics/dashboard?range=7d").await.body;
    assert_eq!(body["undivided_days"], json!([]));
    assert_eq!(body["previous"]["undivided_days"], json!(["2026-01-07"]));
    let kpis = &body["kpis"];
    assert_eq!(kpis["leads"], kpi(3, 3, 0));
    assert_eq!(kpis["average_score"], kpi(30, 30, 0));
    assert_eq!(kpis["hot_or_better"], kpi(0, 1, -1));
    assert_eq!(kpis["new_leads"], kpi(7, 2, Value::Null));
}

#[tokio::test]
async fn a_late_event_corrects_sums_and_no_picture() {
    let world = two_weeks().await;
    let late = day("2026-01-12");
    let cells = Night::default().seeing(PLACE, &[0], [20, 3, 0]).0.cells;
    let counts = cells.into_iter().map(|(of, cell)| (of, cell.counts)).collect();
    let counted_at = day("2026-01-15").start();
    let tenant = testing::a_tenant();
    world.tables.store.correct_counts(&tenant, late, &counts, counted_at).await.unwrap();
    let body = world.get("/v1/analytics/dashboard?range=7d").await.body;
    assert_eq!(body["kpis"]["events"], kpi(92, 70, 0.3143));
    assert_eq!(body["kpis"]["new_leads"], kpi(8, 7, 0.1429));
    assert_eq!(body["kpis"]["leads"], kpi(5, 3, 0.6667));
}
