//! Rules as marketing people change them: draft, golden leads, preview, publish, rollback.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use ureq::http::Method;

use crate::{
    client::Client,
    stack::{Stack, Tenant, until},
};

const RULES: &str = "/v1/scoring-rules";
const GOLDEN: &str = "/v1/golden-leads";

/// A change is drafted, refused by a golden lead, previewed, published and undone.
pub fn changed_safely(stack: &Stack) -> Result<()> {
    let tenant = three_people(stack)?;
    let client = stack.client(&tenant.admin_key);
    draft(&client)?;
    ensure!(shown(&client, "bea")? == (0, 1), "a draft scores nobody");
    guarded(&client)?;
    let preview = previewed(&client)?;
    let before_publish = client.lead("user_id=bea")?.context("no lead")?;
    let published = client.expect(202, &Method::POST, "/v1/rule-sets/publish", &json!(null))?;
    ensure!(published["version"] == 2, "{published}");
    ensure!(shown(&client, "bea")? == (40, 2), "a published change shows at once");
    ensure!(preview["changes"][0]["lead_id"] == before_publish["id"], "{preview}");
    explained(&client, &before_publish)?;
    listed(&client, 2)?;
    client.expect(409, &Method::POST, "/v1/rule-sets/publish", &json!(null))?;

    let late = json!({ "event_id": "o2", "event_type": "order_completed", "user_id": "bea",
                       "timestamp": "2026-01-01T00:00:00Z", "properties": { "total": 500 } });
    stack.client(&tenant.ingest_key).events(&[late])?;
    client.lead_with_events("user_id=bea", 2)?;

    // The golden lead holds for a rollback too, until it is let go.
    client.expect(422, &Method::POST, "/v1/rule-sets/1/rollback", &json!(null))?;
    client.expect(204, &Method::DELETE, &format!("{GOLDEN}/buyer"), &json!(null))?;
    let undone = client.expect(202, &Method::POST, "/v1/rule-sets/1/rollback", &json!(null))?;
    ensure!(undone["version"] == 3, "{undone}");
    ensure!(shown(&client, "bea")? == (0, 3), "a rollback takes the points back");
    let sets = client.read("/v1/rule-sets")?;
    let versions: Vec<_> = sets["data"].as_array().context("no data")?.iter().collect();
    ensure!(versions.len() == 3 && versions[0]["restored_from"] == 1, "{sets}");
    ensure!(versions[0]["active"] == true && versions[1]["active"] == false, "{sets}");
    Ok(())
}

/// Ana asks for a demo, Bea orders for 900, Cai looks at two pages.
fn three_people(stack: &Stack) -> Result<Tenant> {
    let tenant = stack.tenant()?;
    let order = json!({ "event_id": "o", "event_type": "order_completed", "user_id": "bea",
                        "properties": { "total": 900 } });
    stack.client(&tenant.ingest_key).events(&[
        json!({ "event_id": "d", "event_type": "demo_request", "user_id": "ana" }),
        order,
        json!({ "event_id": "v1", "event_type": "page_view", "user_id": "cai" }),
        json!({ "event_id": "v2", "event_type": "page_view", "user_id": "cai" }),
    ])?;
    let client = stack.client(&tenant.admin_key);
    for (person, events) in [("ana", 1), ("bea", 1), ("cai", 2)] {
        client.lead_with_events(&format!("user_id={person}"), events)?;
    }
    Ok(tenant)
}

fn draft(client: &Client) -> Result<()> {
    let broken = json!({ "name": "Large order", "event_type": "order_completed", "points": 40,
                         "when": "event.properties.total >=\n  && true" });
    let refused = client.expect(422, &Method::POST, RULES, &broken)?;
    let error = &refused["errors"][0];
    ensure!(error["field"] == "when" && error["line"] == 2, "{refused}");
    let rule = json!({ "id": "large_order", "name": "Large order", "points": 40,
                       "event_type": "order_completed", "when": "event.properties.total >= 500",
                       "cap": { "count": 2, "per": "month" }, "expires_after_days": 90 });
    let made = client.expect(201, &Method::POST, RULES, &rule)?;
    ensure!(made["id"] == "large_order", "{made}");
    ensure!(client.expect(201, &Method::POST, RULES, &rule)? == made, "a retry makes no other");
    let mut other = rule.clone();
    other["points"] = json!(41);
    client.expect(409, &Method::POST, RULES, &other)?;
    // The whole draft goes out and comes back as it is.
    let whole = client.read("/v1/rule-sets/draft")?;
    ensure!(whole["rules"].as_array().map(Vec::len) == Some(11), "{whole}");
    client.expect(200, &Method::PUT, "/v1/rule-sets/draft", &whole)?;
    Ok(())
}

/// A golden lead that the draft breaks stops the publish until it is put right.
fn guarded(client: &Client) -> Result<()> {
    let golden = |score: i64| {
        json!({ "id": "buyer", "name": "A large order", "expected": { "score": score },
                "events": [{ "event_type": "order_completed", "properties": { "total": 600 },
                             "timestamp": "2026-01-01T09:00:00Z" }] })
    };
    client.expect(201, &Method::POST, GOLDEN, &golden(45))?;
    let refused = client.expect(422, &Method::POST, "/v1/rule-sets/publish", &json!(null))?;
    ensure!(refused["code"] == "golden_lead_failed", "{refused}");
    ensure!(refused.to_string().contains("buyer"), "{refused}");
    ensure!(shown(client, "bea")? == (0, 1), "a refused publish changed something");
    client.expect(200, &Method::PUT, &format!("{GOLDEN}/buyer"), &golden(40))?;
    ensure!(client.read(GOLDEN)?["data"][0]["result"]["passes"] == true);
    Ok(())
}

/// The preview says what the publish will do.
fn previewed(client: &Client) -> Result<Value> {
    let job = client.expect(202, &Method::POST, "/v1/rule-sets/preview", &json!(null))?;
    let path = format!("/v1/jobs/{}", job["id"].as_str().context("no id")?);
    let done = until("the preview is done", Duration::from_mins(2), || {
        let job = client.read(&path)?;
        Ok((job["status"] == "done").then_some(job))
    })?;
    let result = done["result"].clone();
    ensure!(result["leads"] == 3 && result["up"] == 1 && result["unchanged"] == 2, "{done}");
    let change = &result["changes"][0];
    ensure!(change["before"]["score"] == 0 && change["after"]["score"] == 40, "{done}");
    ensure!(result["crossings"] == json!({ "up": 1, "down": 0 }), "{done}");
    ensure!(shown(client, "bea")? == (0, 1), "a preview changed something");
    Ok(result)
}

/// The explanation names the new version, and as of before the old one.
fn explained(client: &Client, before: &Value) -> Result<()> {
    let path = format!("/v1/leads/{}/explanation", before["id"].as_str().context("no id")?);
    let now = client.read(&path)?;
    ensure!(now["lines"][0]["rule"] == "large_order" && now["lines"][0]["rule_set"] == 2, "{now}");
    let last = before["last_event_at"].as_str().context("no event")?;
    let then = client.read(&format!("{path}?at={last}&why_not=true"))?;
    ensure!(then["rule_set"] == 1 && then["score"] == 0, "{then}");
    ensure!(then["next"]["up"] == json!({ "stage": "warm", "points": 30 }), "{then}");
    ensure!(then["why_not"] == json!([]), "{then}");
    Ok(())
}

/// The job brings every row of the list to the version.
fn listed(client: &Client, version: u32) -> Result<()> {
    until("every row is re-scored", Duration::from_mins(2), || {
        let list = client.read("/v1/leads")?;
        let rows = list["data"].as_array().context("no data")?;
        Ok((rows.len() == 3 && rows.iter().all(|row| row["rule_set"] == version)).then_some(()))
    })
}

/// The score of a person and the version that it was made by.
fn shown(client: &Client, user: &str) -> Result<(i64, u64)> {
    let lead = client.lead(&format!("user_id={user}"))?.context("no lead")?;
    Ok((lead["score"].as_i64().context("no score")?, lead["rule_set"].as_u64().context("none")?))
}

/// Every route of the rules refuses what it cannot take, names it, and changes nothing.
pub fn refusals(stack: &Stack) -> Result<()> {
    let (ours, theirs) = (stack.tenant()?, stack.tenant()?);
    let client = stack.client(&ours.admin_key);
    let rule = json!({ "name": "R", "event_type": "a", "points": 1 });
    let named = |name: &str, value: Value| {
        let mut rule = rule.clone();
        rule[name] = value;
        rule
    };
    let set = client.read("/v1/rule-sets/draft")?;
    let mut no_rules = set.clone();
    no_rules["rules"] = json!(null);
    let none = json!(null);
    for (method, path, body, status) in [
        (Method::POST, RULES, named("points", none.clone()), 422),
        (Method::POST, RULES, named("when", json!("lead.score > 1")), 422),
        (Method::POST, RULES, named("when", json!("event.properties.total + 1")), 422),
        (Method::POST, RULES, named("cap", json!({ "count": 0, "per": "day" })), 422),
        (Method::POST, RULES, named("colour", json!("red")), 422),
        (Method::POST, RULES, none.clone(), 400),
        (Method::PUT, "/v1/scoring-rules/nothing", rule.clone(), 404),
        (Method::PUT, "/v1/rule-sets/draft", no_rules, 422),
        (Method::GET, "/v1/rule-sets/99", none.clone(), 404),
        (Method::GET, "/v1/rule-sets/last", none.clone(), 404),
        (Method::POST, "/v1/rule-sets/99/rollback", none.clone(), 404),
        (Method::POST, "/v1/rule-sets/1/rollback", none.clone(), 409),
        (Method::POST, "/v1/rule-sets/publish", none.clone(), 409),
        (Method::POST, "/v1/rule-sets/preview", json!({ "sample_percent": 0 }), 422),
        (Method::POST, GOLDEN, json!({ "name": "G" }), 422),
        (Method::GET, "/v1/golden-leads/nothing", none.clone(), 404),
        (Method::GET, "/v1/jobs/nothing", none.clone(), 404),
        (Method::POST, "/v1/jobs/nothing/resume", none.clone(), 404),
        (Method::PATCH, RULES, none.clone(), 405),
    ] {
        let answer = client.call(method.clone(), path, &body)?;
        let told = (answer.status, answer.body["code"].is_string());
        ensure!(told == (status, true), "{method} {path}: {} {}", answer.status, answer.text);
    }
    ensure!(client.read("/v1/rule-sets/draft")? == set, "a refusal changed the draft");
    let reader = stack.client(&ours.ingest_key).post(RULES, &rule)?;
    ensure!(reader.status == 403, "{} {}", reader.status, reader.text);
    client.expect(201, &Method::POST, RULES, &rule)?;
    let strangers = stack.client(&theirs.admin_key).read(RULES)?;
    ensure!(strangers["data"].as_array().map(Vec::len) == Some(10), "another tenant's draft");
    Ok(())
}

/// Every route of the rules does what it says when it is called as it should be.
pub fn every_route(stack: &Stack) -> Result<()> {
    let tenant = stack.tenant()?;
    let client = stack.client(&tenant.admin_key);
    let none = json!(null);
    let rule = json!({ "id": "r", "name": "R", "event_type": "a_*", "points": 1.5 });
    let golden = json!({ "id": "g", "name": "G", "expected": { "score": 2, "stage": "cold" },
                         "events": [{ "event_type": "a_b", "timestamp": "2026-01-01T00:00:00Z" }] });
    let mut other = golden.clone();
    other["name"] = json!("Other");
    let weights = json!({ "purchase": 40, "browsing": 20, "interest": 20, "engagement": 20 });
    for (method, path, body, status) in [
        (Method::POST, RULES, rule.clone(), 201),
        (Method::GET, "/v1/scoring-rules/r", none.clone(), 200),
        (Method::PUT, "/v1/scoring-rules/r", rule, 200),
        (Method::DELETE, "/v1/scoring-rules/page_view", none.clone(), 204),
        (Method::GET, "/v1/rule-sets/draft", none.clone(), 200),
        (Method::GET, "/v1/rule-sets/1", none.clone(), 200),
        (Method::GET, "/v1/rule-sets/active", none.clone(), 200),
        (Method::POST, GOLDEN, golden, 201),
        (Method::GET, "/v1/golden-leads/g", none.clone(), 200),
        (Method::PUT, "/v1/golden-leads/g", other, 200),
        (Method::GET, "/v1/factor-weights", none.clone(), 200),
        (Method::GET, "/v1/factor-weights/shopee", none.clone(), 200),
        (Method::PUT, "/v1/factor-weights/shopee", weights, 200),
        (Method::DELETE, "/v1/factor-weights/shopee", none.clone(), 204),
        (Method::POST, "/v1/rule-sets/preview", json!({ "sample_percent": 50 }), 202),
        (Method::POST, "/v1/rule-sets/publish", json!({ "note": "Try a_*" }), 202),
        (Method::GET, "/v1/jobs", none.clone(), 200),
        (Method::DELETE, "/v1/golden-leads/g", none.clone(), 204),
        (Method::POST, RULES, json!({ "name": "S", "event_type": "s", "points": 1 }), 201),
        (Method::DELETE, "/v1/rule-sets/draft", none.clone(), 204),
    ] {
        client.expect(status, &method, path, &body)?;
    }
    jobs_end(&client)
}

/// Both jobs end: the preview soon, the re-score after its last pass, which waits until nobody can
/// hold the old rules. One that is over is not resumed.
fn jobs_end(client: &Client) -> Result<()> {
    let jobs = until("all jobs are done", Duration::from_mins(4), || {
        let jobs = client.read("/v1/jobs")?;
        let rows = jobs["data"].as_array().context("no data")?.clone();
        Ok(rows.iter().all(|job| job["status"] == "done").then_some(rows))
    })?;
    ensure!(jobs.len() == 2, "{jobs:?}");
    let path = format!("/v1/jobs/{}/resume", jobs[0]["id"].as_str().context("no id")?);
    client.expect(409, &Method::POST, &path, &json!(null))?;
    Ok(())
}
