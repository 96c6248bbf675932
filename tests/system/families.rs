//! Families as people change them: merged, parted, and kept apart.

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use ureq::http::Method;

use crate::{client::Client, stack::Stack};

/// Two leads are merged, parted again, and stay apart when a link comes.
pub fn parted_for_good(stack: &Stack) -> Result<()> {
    let tenant = stack.tenant()?;
    let (ingest, client) = (stack.client(&tenant.ingest_key), stack.client(&tenant.admin_key));
    ingest.events(&[
        json!({ "event_id": "1", "event_type": "demo_request", "user_id": "ana" }),
        json!({ "event_id": "2", "event_type": "signup", "user_id": "bea" }),
    ])?;
    let ana = id(&client.lead_with_events("user_id=ana", 1)?)?;
    let bea = id(&client.lead_with_events("user_id=bea", 1)?)?;
    let both = json!({ "lead_ids": [ana, bea] });
    let preview = json!({ "lead_ids": [ana, bea], "preview": true });
    let seen = client.expect(200, &Method::POST, "/v1/leads/merge", &preview)?;
    ensure!(scores(&seen["before"]) == [50, 30] && scores(&seen["after"]) == [80], "{seen}");
    ensure!(shown(&client, "ana")? == (50, 1), "the preview changed something");
    let done = client.expect(200, &Method::POST, "/v1/leads/merge", &both)?;
    ensure!(done["after"] == seen["after"], "{done} is not as previewed: {seen}");
    ensure!(shown(&client, "ana")? == (80, 2) && shown(&client, "bea")? == (80, 2));
    let again = client.expect(200, &Method::POST, "/v1/leads/merge", &both)?;
    ensure!(scores(&again["after"]) == [80], "{again}");

    let parting = json!({ "identities": [{ "kind": "user_id", "value": "bea" }] });
    let path = format!("/v1/leads/{ana}/unmerge");
    let parted = client.expect(200, &Method::POST, &path, &parting)?;
    ensure!(scores(&parted["after"]) == [50, 30], "{parted}");
    ensure!(shown(&client, "ana")? == (50, 1) && shown(&client, "bea")? == (30, 1));

    // An alias would join them, were there no cut.
    let alias = json!({ "userId": "ana", "previousId": "bea", "messageId": "3" });
    ensure!(ingest.post("/v1/alias", &alias)?.status == 200);
    client.lead_with_events("user_id=ana", 2)?;
    ensure!(shown(&client, "bea")? == (30, 1), "a link went over the cut");
    client.expect(200, &Method::POST, "/v1/leads/merge", &both)?;
    ensure!(shown(&client, "bea")? == (80, 3), "a merge lifts the cut");
    Ok(())
}

/// What cannot be merged or parted is told, and changes nothing.
pub fn refusals(stack: &Stack) -> Result<()> {
    let (ours, theirs) = (stack.tenant()?, stack.tenant()?);
    for (tenant, person) in [(&ours, "ana"), (&theirs, "eve")] {
        stack
            .client(&tenant.ingest_key)
            .events(&[json!({ "event_id": "1", "event_type": "signup", "user_id": person })])?;
    }
    let client = stack.client(&ours.admin_key);
    let ana = id(&client.lead_with_events("user_id=ana", 1)?)?;
    let eve = id(&stack.client(&theirs.admin_key).lead_with_events("user_id=eve", 1)?)?;
    let merge = "/v1/leads/merge";
    let unmerge = format!("/v1/leads/{ana}/unmerge");
    let stranger = json!({ "identities": [{ "kind": "user_id", "value": "bea@example.com" }] });
    for (path, body, status) in [
        (merge, json!({ "lead_ids": [ana, eve] }), 404),
        (merge, json!({ "lead_ids": [ana] }), 422),
        (merge, json!({ "lead_ids": [ana, "nobody"] }), 422),
        (merge, json!({ "leads": [] }), 422),
        (unmerge.as_str(), json!({}), 422),
        (unmerge.as_str(), stranger, 422),
        (unmerge.as_str(), json!({ "lead_ids": [ana] }), 422),
        ("/v1/leads/nobody/unmerge", json!({}), 404),
    ] {
        let answer = client.post(path, &body)?;
        ensure!(answer.status == status, "{path} {body}: {} {}", answer.status, answer.text);
        ensure!(answer.body["code"].is_string(), "{}", answer.text);
        ensure!(!answer.text.contains("bea@"), "an identity is repeated: {}", answer.text);
    }
    ensure!(shown(&client, "ana")? == (30, 1), "a refusal changed something");
    Ok(())
}

fn id(lead: &Value) -> Result<String> {
    Ok(lead["id"].as_str().context("no id")?.to_owned())
}

fn scores(leads: &Value) -> Vec<i64> {
    leads.as_array().into_iter().flatten().filter_map(|lead| lead["score"].as_i64()).collect()
}

/// The score and events of a person.
fn shown(client: &Client, user: &str) -> Result<(i64, i64)> {
    let lead = client.lead(&format!("user_id={user}"))?.context("no lead")?;
    Ok((lead["score"].as_i64().context("no score")?, lead["events"].as_i64().context("none")?))
}
