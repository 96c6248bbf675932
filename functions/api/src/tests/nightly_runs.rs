//! What callers see of nightly runs.

use std::collections::BTreeSet;

use data_encoding::BASE64URL_NOPAD;
use domain::{home::HomeId, user::Role};
use dynamo::{NightCounts, NightlyRun};
use serde_json::{Value, json};
use testing::a_tenant;

use super::{
    callers::{token, user},
    world::{World, at, key, other_tenant},
};

const RUNS: &str = "/v1/nightly-runs";

async fn keep(world: &World, pass: &str, counts: NightCounts) {
    let pass = pass.parse().unwrap();
    let (started_at, finished_at) = (at("2026-01-14T00:10:00Z"), at("2026-01-14T00:12:03.500Z"));
    let run = NightlyRun { pass, started_at, finished_at, shards: 64, counts };
    world.tables.store.keep_nightly_run(&a_tenant(), &run).await.unwrap();
}

fn passes(page: &Value) -> Vec<(String, u64)> {
    let runs = page["data"].as_array().unwrap().iter();
    runs.map(|run| (run["date"].as_str().unwrap().to_owned(), run["pass"].as_u64().unwrap()))
        .collect()
}

#[tokio::test]
async fn the_nights_are_listed_newest_first_page_by_page() {
    let world = World::start().await;
    let names = ["2026-01-11", "2026-01-12", "2026-01-12.00002", "2026-01-13"];
    for name in names {
        keep(&world, name, NightCounts { leads: 7, ..NightCounts::default() }).await;
    }
    let reader = key(&a_tenant(), "read");
    let all = world.get_with(RUNS, Some(&reader)).await;
    assert_eq!(all.status, 200, "{}", all.body);
    assert_eq!(all.body["next_cursor"], Value::Null);
    let expected = [("2026-01-13", 1), ("2026-01-12", 2), ("2026-01-12", 1), ("2026-01-11", 1)];
    let expected = expected.map(|(date, pass)| (date.to_owned(), pass));
    assert_eq!(passes(&all.body), expected);
    for limit in 1..=4 {
        let (mut seen, mut cursor) = (Vec::new(), String::new());
        loop {
            let target = format!("{RUNS}?limit={limit}&cursor={cursor}");
            let page = world.get_with(&target, Some(&reader)).await.body;
            seen.extend(passes(&page));
            let Some(next) = page["next_cursor"].as_str() else { break };
            cursor = next.to_owned();
        }
        assert_eq!(seen, expected, "{limit}");
    }
    let theirs = world.get_with(RUNS, Some(&key(&other_tenant(), "read"))).await;
    assert_eq!(theirs.body, json!({ "data": [], "next_cursor": null }));
}

#[tokio::test]
async fn a_night_tells_how_long_it_took_and_which_leads_drifted() {
    let world = World::start().await;
    let drifted = HomeId::from_bytes([1; 16]);
    let counts = NightCounts {
        leads: 1_000,
        refreshed: 120,
        audited: 104,
        drift: 1,
        drift_leads: BTreeSet::from([drifted]),
        erased: 2,
        anonymised: 3,
        archived: 4,
        postponed: 5,
    };
    keep(&world, "2026-01-13", counts).await;
    let analyst = token(&user(&a_tenant(), Role::Analyst));
    let shown = world.get_with(RUNS, Some(&analyst)).await.body;
    let expected = json!({
        "date": "2026-01-13", "pass": 1, "shards": 64,
        "started_at": "2026-01-14T00:10:00.000Z", "finished_at": "2026-01-14T00:12:03.500Z",
        "duration_ms": 123_500,
        "leads": 1_000, "refreshed": 120, "audited": 104,
        "drift": { "count": 1, "leads": [drifted] },
        "erased": 2, "anonymised": 3, "archived": 4, "postponed": 5
    });
    assert_eq!(shown["data"], json!([expected]));
    let viewer = token(&user(&a_tenant(), Role::Viewer));
    let refused = world.get_with(RUNS, Some(&viewer)).await;
    assert_eq!(refused.code(), (403, "missing_permission"));
}

#[tokio::test]
async fn a_cursor_that_names_no_night_is_refused() {
    let world = World::start().await;
    let reader = key(&a_tenant(), "read");
    for place in [json!({ "before": "~" }), json!({ "before": "2026-01-12.2" }), json!({})] {
        let target =
            format!("{RUNS}?cursor={}", BASE64URL_NOPAD.encode(place.to_string().as_bytes()));
        let refused = world.get_with(&target, Some(&reader)).await;
        assert_eq!(refused.code(), (400, "invalid_cursor"), "{place}");
    }
}
