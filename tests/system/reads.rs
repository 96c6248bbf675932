//! Reads: that they agree with each other, and that nobody reads another's.

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use crate::stack::{Stack, Tenant};

/// List, single lead, timeline, explanation and leaderboards of a few leads.
pub fn agree(stack: &Stack) -> Result<()> {
    let tenant = a_small_history(stack)?;
    let client = stack.client(&tenant.admin_key);
    let list = client.read("/v1/leads")?;
    let leads = list["data"].as_array().context("no data")?;
    ensure!(leads.len() == 4 && list["next_cursor"].is_null(), "{list}");
    let scores: Vec<_> = leads.iter().filter_map(|lead| lead["score"].as_i64()).collect();
    ensure!(scores.is_sorted_by(|a, b| a >= b), "by score: {scores:?}");
    for lead in leads {
        let id = lead["id"].as_str().context("no id")?;
        let single = client.read(&format!("/v1/leads/{id}"))?;
        let explained = client.read(&format!("/v1/leads/{id}/explanation"))?;
        ensure!(single["score"] == lead["score"], "{single}");
        ensure!(explained["score"] == lead["score"], "{explained}");
        let lines = explained["lines"].as_array().context("no lines")?;
        let sum: f64 = lines.iter().filter_map(|line| line["points"].as_f64()).sum();
        let score = explained["score"].as_f64().context("no score")?;
        ensure!((sum - score).abs() < 1e-9, "the lines sum to {sum}: {explained}");
        let timeline = client.read(&format!("/v1/leads/{id}/timeline"))?;
        let events = timeline["data"].as_array().context("no data")?;
        ensure!(json!(events.len()) == lead["events"], "{timeline}");
    }
    let top = client.read("/v1/leaderboard?limit=2")?;
    ensure!(top["data"].as_array().map(Vec::len) == Some(2), "{top}");
    ensure!(top["data"][0]["id"] == leads[0]["id"], "{top}");
    let warm = client.read("/v1/leads?stage=warm")?;
    let all_warm = warm["data"]
        .as_array()
        .is_some_and(|leads| !leads.is_empty() && leads.iter().all(|lead| lead["stage"] == "warm"));
    ensure!(all_warm, "{warm}");
    pages(stack, &tenant, leads)
}

/// Pages of one lead each are the list.
fn pages(stack: &Stack, tenant: &Tenant, leads: &[Value]) -> Result<()> {
    let client = stack.client(&tenant.admin_key);
    let (mut paged, mut path) = (Vec::new(), "/v1/leads?limit=1".to_owned());
    for _ in 0..=leads.len() {
        let page = client.read(&path)?;
        paged.extend(
            page["data"].as_array().context("no data")?.iter().map(|lead| lead["id"].clone()),
        );
        let Some(cursor) = page["next_cursor"].as_str() else { break };
        path = format!("/v1/leads?limit=1&cursor={cursor}");
    }
    let whole: Vec<_> = leads.iter().map(|lead| lead["id"].clone()).collect();
    ensure!(paged == whole, "{paged:?} is not {whole:?}");
    Ok(())
}

/// Another tenant's lead is not there.
pub fn isolation(stack: &Stack) -> Result<()> {
    let (ours, theirs) = (a_small_history(stack)?, stack.tenant()?);
    let lead = stack.client(&ours.admin_key).lead("user_id=u1")?.context("no lead")?;
    let id = lead["id"].as_str().context("no id")?;
    let stranger = stack.client(&theirs.admin_key);
    for rest in ["", "/timeline", "/explanation"] {
        let answer = stranger.get(&format!("/v1/leads/{id}{rest}"))?;
        ensure!(answer.status == 404, "{rest}: {} {}", answer.status, answer.text);
    }
    ensure!(stranger.lead("user_id=u1")?.is_none(), "another tenant finds the person");
    ensure!(stranger.read("/v1/leads")?["data"] == json!([]), "another tenant lists the lead");
    Ok(())
}

/// Four people: u1 has a demo request and two page views, 60; the cookies one, two and six page
/// views, 5, 10 and 30.
fn a_small_history(stack: &Stack) -> Result<Tenant> {
    let tenant = stack.tenant()?;
    let mut events =
        vec![json!({ "event_id": "d", "event_type": "demo_request", "user_id": "u1" })];
    for (person, views) in [("u1", 2), ("c1", 1), ("c2", 2), ("c3", 6)] {
        let kind = if person == "u1" { "user_id" } else { "anonymous_id" };
        events.extend((0..views).map(|view| {
            json!({ "event_id": format!("v{view}"), "event_type": "page_view", kind: person })
        }));
    }
    stack.client(&tenant.ingest_key).events(&events)?;
    let client = stack.client(&tenant.admin_key);
    for (identity, events) in
        [("user_id=u1", 3), ("anonymous_id=c1", 1), ("anonymous_id=c2", 2), ("anonymous_id=c3", 6)]
    {
        client.lead_with_events(identity, events)?;
    }
    Ok(tenant)
}
