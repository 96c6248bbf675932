//! What a team does in a day: keys, an import, a search, edits, bulk work, notes.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use ureq::http::Method;

use crate::{
    client::Client,
    people::{Person, colleague, founder},
    stack::{Stack, until},
};

const CSV: &str = "E-mail;First name;Sobrenome;Telefone;Empresa;Plano\n\
    maria.silva@example.com;Maria;da Silva;+5511999990001;Padaria São João;pro\n\
    joao@example.com;João;Souza;;Padaria São João;free\n\
    not-an-address;Nobody;;;;\n";

/// The README's walk: a tenant, a colleague, a key, a CSV, a prefix, a stale `ETag`.
pub fn a_day(stack: &Stack) -> Result<()> {
    let ana = founder(stack, "carla")?;
    let bob = colleague(stack, &ana, "dora", "sales_rep")?;
    let program = key(stack, &ana)?;
    let lead = import(&ana, &program)?;
    edits(&ana, &lead)?;
    assigned(&ana, &bob, &lead)?;
    written_down(&bob, &lead)?;
    bulk(&ana, &program, &lead)?;
    companies(&ana)?;
    limits(&bob)
}

/// A key is shown once, works within its scopes, and is made once for one `Idempotency-Key`.
fn key(stack: &Stack, ana: &Person) -> Result<Client> {
    let wanted = json!({"name": "CRM", "scopes": ["read", "admin"]});
    let once = [("Idempotency-Key", "crm-1")];
    let made = ana.client.call_with(Method::POST, "/v1/api-keys", &wanted, &once)?;
    ensure!(made.status == 201, "{}", made.text);
    let again = ana.client.call_with(Method::POST, "/v1/api-keys", &wanted, &once)?;
    ensure!((again.status, &again.text) == (201, &made.text), "{}", again.text);
    ensure!(again.header("idempotent-replayed") == Some("true"), "not said to be a replay");
    let other = json!({"name": "Other", "scopes": ["read"]});
    let other = ana.client.call_with(Method::POST, "/v1/api-keys", &other, &once)?;
    ensure!(
        other.status == 422 && other.body["code"] == "idempotency_key_reused",
        "{}",
        other.text
    );
    let text = made.body["key"].as_str().context("no key")?;
    ensure!(text.starts_with("llk_"), "{text}");
    let listed = ana.client.read("/v1/api-keys")?;
    ensure!(!listed.to_string().contains(text), "the key is listed: {listed}");
    let program = stack.client(text);
    ensure!(program.get("/v1/leads")?.status == 200, "the key does not work");
    ensure!(program.get("/v1/me")?.status == 403, "a key is nobody");
    Ok(program)
}

/// Imports the file, first for show, and finds a person by the beginning of a name.
fn import(ana: &Person, program: &Client) -> Result<Value> {
    let send = |query: &str| {
        let path = format!("/v1/imports?map=Plano:trait:plan{query}");
        program.call_with_text(&path, CSV, "text/csv")
    };
    let dry = send("&dry_run=true")?;
    ensure!(dry.status == 200, "{}", dry.text);
    ensure!((&dry.body["rows"], &dry.body["valid"]) == (&json!(3), &json!(2)), "{}", dry.text);
    ensure!(dry.body["errors"][0]["line"] == 4, "{}", dry.text);
    ensure!(!dry.text.contains("not-an-address"), "a value is repeated: {}", dry.text);
    ensure!(program.lead("email=maria.silva@example.com")?.is_none(), "a dry run made a lead");
    for _ in 0..2 {
        let begun = send("")?;
        ensure!(begun.status == 202, "{}", begun.text);
        finished(program, &begun.body)?;
    }
    let found = until("maria is found", Duration::from_secs(20), || {
        let found = program.read("/v1/leads?q=mari")?;
        Ok(found["data"].as_array().and_then(|found| found.first()).cloned())
    })?;
    ensure!(found["profile"]["last_name"] == "da Silva", "{found}");
    ensure!(found["profile"]["plan"] == "pro", "{found}");
    ensure!((&found["events"], &found["score"]) == (&json!(0), &json!(0)), "{found}");
    for prefix in ["sil", "maria.sil", "+551199", "padaria%20s", "SAO"] {
        let found = ana.client.read(&format!("/v1/leads?q={}", prefix.replace('+', "%2B")))?;
        let maria = found["data"].as_array().context("no data")?.iter();
        let maria = maria.filter(|lead| lead["profile"]["first_name"] == "Maria").count();
        ensure!(maria == 1, "{prefix}: {found}");
    }
    let nobody = ana.client.read("/v1/leads?q=nobody")?;
    ensure!(nobody["data"] == json!([]), "{nobody}");
    Ok(found)
}

/// Waits for the end of a job. A person may not ask as often as a program.
fn finished(client: &Client, job: &Value) -> Result<Value> {
    let path = format!("/v1/jobs/{}", job["id"].as_str().context("no job id")?);
    until("the job is done", Duration::from_mins(1), || {
        let job = client.read(&path)?;
        ensure!(job["status"] != "failed", "{job}");
        Ok((job["status"] == "done").then_some(job))
    })
}

/// An edit wins over what events say until it is released; a stale one changes nothing.
fn edits(ana: &Person, lead: &Value) -> Result<()> {
    let path = format!("/v1/leads/{}", lead["id"].as_str().context("no id")?);
    let etag = ana.client.get(&path)?.header("etag").context("no ETag")?.to_owned();
    let change = json!({"profile": {"title": "CEO", "first_name": "Mary"}, "status": "contacted"});
    let blind = ana.client.call(Method::PATCH, &path, &change)?;
    ensure!(blind.status == 428, "{}", blind.text);
    let guarded = [("If-Match", etag.as_str())];
    let changed = ana.client.call_with(Method::PATCH, &path, &change, &guarded)?;
    ensure!(changed.status == 200 && changed.body["status"] == "contacted", "{}", changed.text);
    ensure!(changed.body["profile"]["first_name"] == "Mary", "{}", changed.text);
    let edited = &changed.body["edits"]["first_name"];
    ensure!(
        (&edited["value"], &edited["declared"]) == (&json!("Mary"), &json!("Maria")),
        "{edited}"
    );
    let stale = ana.client.call_with(Method::PATCH, &path, &change, &guarded)?;
    ensure!(stale.status == 412 && stale.body["code"] == "precondition_failed", "{}", stale.text);
    let etag = changed.header("etag").context("no ETag")?;
    let release = json!({"profile": {"first_name": null}});
    let released = [("If-Match", etag)];
    let released = ana.client.call_with(Method::PATCH, &path, &release, &released)?;
    ensure!(released.body["profile"]["first_name"] == "Maria", "{}", released.text);
    ensure!(released.body["profile"]["title"] == "CEO", "{}", released.text);
    Ok(())
}

/// Who sells sees the leads that are assigned to them, and is told.
fn assigned(ana: &Person, bob: &Person, lead: &Value) -> Result<()> {
    let id = lead["id"].as_str().context("no id")?;
    let path = format!("/v1/leads/{id}");
    let hidden = bob.client.get(&path)?;
    ensure!(hidden.status == 404, "{}", hidden.text);
    let etag = ana.client.get(&path)?.header("etag").context("no ETag")?.to_owned();
    let assign = json!({"assigned_to": bob.user});
    let guarded = [("If-Match", etag.as_str())];
    let done = ana.client.call_with(Method::PATCH, &path, &assign, &guarded)?;
    ensure!(done.status == 200, "{}", done.text);
    let listed = bob.client.read("/v1/leads")?;
    let ids: Vec<_> = listed["data"].as_array().context("no data")?.iter().collect();
    ensure!(ids.len() == 1 && ids[0]["id"] == id, "{listed}");
    let told = bob.client.read("/v1/notifications?unread=true")?;
    let told = &told["data"][0];
    ensure!(told["topic"] == "lead_assigned" && told["object_id"] == id, "{told}");
    let read = format!("/v1/notifications/{}/read", told["id"].as_str().context("no id")?);
    bob.client.expect(200, &Method::POST, &read, &Value::Null)?;
    let unread = bob.client.read("/v1/notifications?unread=true")?;
    ensure!(unread["data"] == json!([]), "{unread}");
    Ok(())
}

/// Notes and activities lie beside the lead.
fn written_down(bob: &Person, lead: &Value) -> Result<()> {
    let path = format!("/v1/leads/{}", lead["id"].as_str().context("no id")?);
    let note = json!({"text": "Wants ten seats."});
    let note = bob.client.expect(201, &Method::POST, &format!("{path}/notes"), &note)?;
    ensure!(note["by"] == bob.user.as_str(), "{note}");
    let call = json!({"type": "call", "subject": "Budget", "due_at": "2030-01-02T09:00:00Z"});
    bob.client.expect(201, &Method::POST, &format!("{path}/activities"), &call)?;
    let notes = bob.client.read(&format!("{path}/notes"))?;
    ensure!(notes["data"] == json!([note]), "{notes}");
    let activities = bob.client.read(&format!("{path}/activities"))?;
    ensure!(activities["data"][0]["subject"] == "Budget", "{activities}");
    Ok(())
}

/// Many leads are changed at once, and written as CSV.
fn bulk(ana: &Person, program: &Client, lead: &Value) -> Result<()> {
    let archive = json!({"action": "archive", "leads": [lead["id"]]});
    let job = ana.client.expect(202, &Method::POST, "/v1/leads/bulk", &archive)?;
    finished(program, &job)?;
    let found = ana.client.read("/v1/leads?email=maria.silva@example.com")?;
    ensure!(found["data"][0]["status"] == "archived", "{found}");
    let export = json!({"action": "export", "filter": {"known": true}});
    let job = ana.client.expect(202, &Method::POST, "/v1/leads/bulk", &export)?;
    finished(program, &job)?;
    let job = job["id"].as_str().context("no id")?;
    let mut csv = String::new();
    for part in 1.. {
        let part = program.get(&format!("/v1/exports/{job}/parts/{part}"))?;
        if part.status == 404 {
            break;
        }
        ensure!(part.status == 200, "{}", part.text);
        let kind = part.header("content-type").unwrap_or_default();
        ensure!(kind.starts_with("text/csv"), "{kind}");
        csv.push_str(&part.text);
    }
    ensure!(csv.contains("maria.silva@example.com"), "{csv}");
    ensure!(csv.trim().lines().count() == 3, "{csv}");
    Ok(())
}

/// The company of an imported lead is there, with what its leads come to.
fn companies(ana: &Person) -> Result<()> {
    let companies = ana.client.read("/v1/companies")?;
    let companies = companies["data"].as_array().context("no data")?;
    let bakery = companies.iter().find(|company| company["name"] == "Padaria São João");
    let bakery = bakery.with_context(|| format!("no bakery: {companies:?}"))?;
    let shown = format!("/v1/companies/{}", bakery["id"].as_str().context("no id")?);
    let shown = ana.client.read(&shown)?;
    ensure!(shown["roll_up"]["leads"] == 2, "{shown}");
    Ok(())
}

/// A person who asks more often than a hundred times a minute is told when to come back.
fn limits(bob: &Person) -> Result<()> {
    for _ in 0..450 {
        let answer = bob.client.get("/v1/me")?;
        if answer.status == 429 {
            ensure!(answer.body["code"] == "rate_limited", "{}", answer.text);
            ensure!(answer.header("retry-after").is_some(), "no Retry-After");
            ensure!(answer.header("ratelimit-remaining") == Some("0"), "no RateLimit-Remaining");
            return Ok(());
        }
        ensure!(answer.status == 200, "{}", answer.text);
    }
    anyhow::bail!("450 requests in a row met no limit")
}
