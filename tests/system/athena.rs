//! The saved queries of the archive, asked as a user asks Athena.

use std::{collections::BTreeSet, fs, time::Duration};

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};
use ureq::http::Method;

use crate::{
    client::Client,
    stack::{Stack, root, until},
};

/// Each saved query counts each event of a tenant once.
pub fn answers(stack: &Stack, tenant: &str, sent: &[Value]) -> Result<()> {
    let rows = ask(
        stack,
        tenant,
        "SELECT count(*), count(DISTINCT event_id) FROM events WHERE tenant = 'demo'",
    )?;
    let count = sent.len().to_string();
    ensure!(rows == [[count.clone(), count]], "the view shows {rows:?}");

    let by_type = ask(stack, tenant, &saved("events-by-type")?)?;
    let cell = |event: &Value, name: &str| event[name].as_str().unwrap_or_default().to_owned();
    let day = |event: &Value| cell(event, "timestamp").get(..10).unwrap_or_default().to_owned();
    let kinds: BTreeSet<_> =
        sent.iter().map(|event| (day(event), cell(event, "event_type"))).collect();
    ensure!(by_type.len() == kinds.len(), "{} of {kinds:?}: {by_type:?}", by_type.len());
    for (on, kind) in kinds {
        let is_meant = |event: &&Value| day(event) == on && cell(event, "event_type") == kind;
        let of_kind: Vec<_> = sent.iter().filter(is_meant).collect();
        let homes: BTreeSet<_> = of_kind.iter().map(|event| cell(event, "user_id")).collect();
        let row = [on, kind, of_kind.len().to_string(), homes.len().to_string()];
        ensure!(by_type.contains(&row.to_vec()), "{row:?} is not in {by_type:?}");
    }

    let orders: Vec<_> =
        sent.iter().filter(|event| event["event_type"] == "order_completed").collect();
    let revenue: f64 = orders.iter().filter_map(|e| e["properties"]["total"].as_f64()).sum();
    let purchases = ask(stack, tenant, &saved("purchases-by-day")?)?;
    let sum = |column: usize| -> Result<f64> {
        let cells = purchases.iter().map(|row| row.get(column).context("no such column"));
        cells.map(|cell| Ok(cell?.parse::<f64>()?)).sum()
    };
    let seen = (sum(1)?, sum(3)?);
    let expected = (f64::from(u32::try_from(orders.len())?), revenue);
    ensure!(seen == expected, "{expected:?} were bought, not {seen:?}: {purchases:?}");

    let homes = ask(stack, tenant, "SELECT DISTINCT home FROM events WHERE tenant = 'demo'")?;
    let mut ids = BTreeSet::new();
    for home in homes.concat() {
        let query = saved("events-of-a-home")?.replace("lead_aeaqcaibaeaqcaibaeaqcaibae", &home);
        ids.extend(ask(stack, tenant, &query)?.into_iter().filter_map(|row| row.get(2).cloned()));
    }
    ensure!(ids == sent.iter().map(|event| cell(event, "event_id")).collect(), "{ids:?}");
    Ok(())
}

/// Returns a file of `infra/athena` without its comments.
fn saved(name: &str) -> Result<String> {
    let text = fs::read_to_string(root().join(format!("infra/athena/{name}.sql")))?;
    let lines: Vec<_> = text.lines().filter(|line| !line.starts_with("--")).collect();
    Ok(lines.join("\n"))
}

/// Asks a question about a tenant and returns the rows.
///
/// The emulator asks `DuckDB`, which has no views of Athena's and another name for a function.
fn ask(stack: &Stack, tenant: &str, query: &str) -> Result<Vec<Vec<String>>> {
    let view = saved("events")?;
    let query = query
        .replace("'demo'", &format!("'{tenant}'"))
        .replace("json_extract_scalar", "json_extract_string");
    let begun = call(
        stack,
        "StartQueryExecution",
        &json!({
            "QueryString": format!("WITH events AS ({view})\n{query}"),
            "QueryExecutionContext": { "Database": stack.output("ArchiveDatabase")? },
            "WorkGroup": stack.output("ArchiveWorkGroup")?,
        }),
    )?;
    let id = json!({ "QueryExecutionId": begun["QueryExecutionId"] });
    until("a query ends", Duration::from_secs(30), || {
        let status = call(stack, "GetQueryExecution", &id)?["QueryExecution"]["Status"].clone();
        match status["State"].as_str() {
            Some("SUCCEEDED") => Ok(Some(())),
            Some("FAILED" | "CANCELLED") => bail!("the query failed: {status}\n{query}"),
            _ => Ok(None),
        }
    })?;
    let results = call(stack, "GetQueryResults", &id)?;
    let rows = results["ResultSet"]["Rows"].as_array().context("no rows")?;
    let cells = |row: &Value| -> Option<Vec<String>> {
        let cells = row["Data"].as_array()?.iter();
        Some(cells.map(|cell| cell["VarCharValue"].as_str().unwrap_or("").to_owned()).collect())
    };
    // The first row names the columns.
    rows.iter().skip(1).map(|row| cells(row).context("no cells")).collect()
}

fn call(stack: &Stack, operation: &str, body: &Value) -> Result<Value> {
    let target = format!("AmazonAthena.{operation}");
    let headers = [
        ("X-Amz-Target", target.as_str()),
        ("Content-Type", "application/x-amz-json-1.1"),
        (
            "Authorization",
            "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/athena/aws4_request",
        ),
    ];
    let emulator = Client::new(&stack.emulator_url, "");
    let answer = emulator.send(Method::POST, "/", &headers, body.to_string().as_bytes())?;
    ensure!(answer.status == 200, "{operation}: {} {}", answer.status, answer.text);
    Ok(answer.body)
}
