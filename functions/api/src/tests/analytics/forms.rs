//! Analytics as CSV, and questions that nobody understands.

use serde_json::{Value, json};
use testing::a_tenant;

use super::nights::{Night, PLACE, day};
use crate::tests::world::{Answer, NOW, World, at, key, other_tenant, request};

async fn world() -> World {
    use domain::stage::Stage::{Cold, Warm};
    let world = World::start().await;
    let formula = ("direct", "new", "=HYPERLINK(\"http://x\",\"a, b\")");
    let night = Night::default().seeing(PLACE, &[5, 40], [7, 2, 1]);
    let mut night = night.seeing(formula, &[100], [1, 0, 0]).moving(Cold, Warm, &[1, 2]);
    night.0.performance.bands[4] = domain::rollup::Rate { leads: 3, conversions: 1 };
    world.night(day("2026-01-13"), Night::default().seeing(PLACE, &[3], [1, 1, 0])).await;
    world.night(day("2026-01-14"), night).await;
    world
}

fn csv(answer: &Answer, name: &str) -> String {
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert_eq!(answer.headers["content-type"], "text/csv; charset=utf-8; header=present");
    let disposition = format!("attachment; filename=\"{name}.csv\"");
    assert_eq!(answer.headers["content-disposition"], disposition);
    assert_eq!(answer.headers["vary"], "Accept");
    let text = answer.body.as_str().unwrap();
    assert_eq!(text.matches('\n').count(), text.matches("\r\n").count());
    text.replace("\r\n", "\n")
}

#[tokio::test]
async fn the_dashboard_is_a_row_for_each_figure() {
    let answer = world().await.get("/v1/analytics/dashboard?range=7d&format=csv").await;
    insta::assert_snapshot!(csv(&answer, "leadline-dashboard-2026-01-08-2026-01-14"), @r#"
    kpi,value,previous,change,from,to,as_of,missing_days,undivided_days,previous_from,previous_to,previous_as_of,previous_missing_days,previous_undivided_days
    leads,3,,,2026-01-08,2026-01-14,2026-01-14,5,0,2026-01-01,2026-01-07,,7,0
    new_leads,3,,,2026-01-08,2026-01-14,2026-01-14,5,0,2026-01-01,2026-01-07,,7,0
    conversions,1,,,2026-01-08,2026-01-14,2026-01-14,5,0,2026-01-01,2026-01-07,,7,0
    conversion_rate,0.3333,,,2026-01-08,2026-01-14,2026-01-14,5,0,2026-01-01,2026-01-07,,7,0
    average_score,48.333,,,2026-01-08,2026-01-14,2026-01-14,5,0,2026-01-01,2026-01-07,,7,0
    events,9,,,2026-01-08,2026-01-14,2026-01-14,5,0,2026-01-01,2026-01-07,,7,0
    hot_or_better,1,,,2026-01-08,2026-01-14,2026-01-14,5,0,2026-01-01,2026-01-07,,7,0
    "#);
}

#[tokio::test]
async fn days_are_rows() {
    let target = "/v1/analytics/daily?from=2026-01-14&to=2026-01-14&format=csv";
    let answer = world().await.get(target).await;
    insta::assert_snapshot!(csv(&answer, "leadline-daily-2026-01-14-2026-01-14"), @r#"
    date,leads,new_leads,conversions,events,average_score,cold,warm,hot,qualified,score_0_9,score_10_19,score_20_29,score_30_39,score_40_49,score_50_59,score_60_69,score_70_79,score_80_89,score_90_99,score_100_up,complete
    2026-01-14,3,2,1,8,48.333,1,1,0,1,1,0,0,0,1,0,0,0,0,0,1,true
    "#);
}

#[tokio::test]
async fn no_source_is_a_formula() {
    let answer = world().await.get("/v1/analytics/leads?by=source&range=7d&format=csv").await;
    insta::assert_snapshot!(csv(&answer, "leadline-leads-by-source-2026-01-08-2026-01-14"), @r#"
    by,value,leads,average_score,new_leads,conversions,events,score_0_9,score_10_19,score_20_29,score_30_39,score_40_49,score_50_59,score_60_69,score_70_79,score_80_89,score_90_99,score_100_up,from,to,as_of,missing_days,undivided_days
    source,google,2,22.500,3,1,8,1,0,0,0,1,0,0,0,0,0,0,2026-01-08,2026-01-14,2026-01-14,5,0
    source,"'=HYPERLINK(""http://x"",""a, b"")",1,100.000,0,0,1,0,0,0,0,0,0,0,0,0,0,1,2026-01-08,2026-01-14,2026-01-14,5,0
    "#);
}

#[tokio::test]
async fn bands_and_rules_are_rows() {
    let answer = world().await.get("/v1/analytics/performance?format=csv").await;
    let text = csv(&answer, "leadline-performance-2026-01-14");
    let mut lines = text.lines();
    assert_eq!(lines.next(), Some("kind,name,leads,conversions,conversion_rate,lift,date"));
    assert_eq!(lines.next(), Some("overall,,3,1,0.3333,1.0000,2026-01-14"));
    assert_eq!(lines.next(), Some("score,score_0_9,0,0,,,2026-01-14"));
    assert_eq!(lines.nth(3), Some("score,score_40_49,3,1,0.3333,1.0000,2026-01-14"));
    assert_eq!(lines.count(), 6);
}

#[tokio::test]
async fn each_two_stages_are_a_row() {
    let answer = world().await.get("/v1/analytics/funnel?range=7d&format=csv").await;
    let text = csv(&answer, "leadline-funnel-2026-01-08-2026-01-14");
    let mut lines = text.lines();
    assert_eq!(
        lines.next(),
        Some(
            "from_stage,to_stage,transitions,leads,left,median_hours,from,to,as_of,missing_days,\
             undivided_days"
        )
    );
    let days = "2026-01-08,2026-01-14,2026-01-14,5,0";
    assert_eq!(lines.next(), Some(format!("cold,warm,2,1,2,1.5,{days}").as_str()));
    assert_eq!(lines.next(), Some(format!("cold,hot,0,1,2,1.5,{days}").as_str()));
    assert_eq!(lines.count(), 10);
}

#[tokio::test]
async fn accept_chooses_the_form_and_format_overrules_it() {
    let world = world().await;
    let ask = async |query: &str, accept: &str| {
        let target = format!("/v1/analytics/dashboard{query}");
        let mut payload = request("GET", &target, Some(&key(&a_tenant(), "read")), at(NOW));
        payload["headers"]["accept"] = json!(accept);
        world.send(payload).await.headers["content-type"].clone()
    };
    assert!(ask("", "text/csv").await.starts_with("text/csv"));
    assert_eq!(ask("", "*/*").await, "application/json");
    assert_eq!(ask("", "text/html, */*").await, "application/json");
    assert_eq!(ask("?format=json", "text/csv").await, "application/json");
    assert!(ask("?format=csv", "application/json").await.starts_with("text/csv"));
}

#[tokio::test]
async fn what_is_not_understood_is_refused_by_name() {
    let world = World::start().await;
    for (target, field, code) in [
        ("dashboard?range=31d", "range", "invalid_value"),
        ("dashboard?range=", "range", "invalid_value"),
        ("dashboard?range=7d&range=7d", "range", "repeated_parameter"),
        ("dashboard?format=xml", "format", "invalid_value"),
        ("dashboard?from=2026-01-01", "query", "unknown_parameter"),
        ("daily?from=2026-01-02&to=2026-01-01", "from", "out_of_range"),
        ("leads", "by", "missing_parameter"),
        ("leads?by=owner", "by", "invalid_value"),
        ("performance?date=yesterday", "date", "invalid_value"),
        ("funnel?range=1y", "range", "invalid_value"),
    ] {
        let answer = world.get(&format!("/v1/analytics/{target}")).await;
        assert_eq!(answer.status, 400, "{target}: {}", answer.body);
        let errors = answer.body["errors"].as_array().unwrap();
        let found: Vec<_> = errors.iter().map(|error| [&error["field"], &error["code"]]).collect();
        assert_eq!(json!(found), json!([[field, code]]), "{target}");
    }
}

#[tokio::test]
async fn no_number_is_of_another_tenant() {
    let world = world().await;
    let theirs = key(&other_tenant(), "read");
    let ask = async |target: &str| {
        world.get_with(&format!("/v1/analytics/{target}"), Some(&theirs)).await.body
    };
    assert_eq!(ask("leads?by=source").await["rows"], json!([]));
    assert_eq!(ask("dashboard").await["kpis"]["leads"]["value"], 0);
    assert_eq!(ask("dashboard").await["kpis"]["conversion_rate"]["value"], Value::Null);
    assert_eq!(ask("performance").await["overall"]["leads"], 0);
    assert_eq!(ask("funnel").await["stages"][0]["leads"], 0);
}
