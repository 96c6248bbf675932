//! A thousand events of fifty people, shuffled and each sent twice from eight connections.

use std::{
    collections::BTreeMap,
    process::Command,
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::{Duration, SystemTime},
};

use anyhow::{Context, Result, anyhow, ensure};
use domain::time::Timestamp;
use serde_json::{Value, json};
use testing::Random;

use crate::{
    client::Client,
    population::Population,
    stack::{Stack, Tenant, processes, until},
};

const EVENTS: usize = 1_000;
const CONNECTIONS: u64 = 8;

/// Without trouble, the leads are those that a fold of the set gives.
pub fn shuffled(stack: &Stack) -> Result<()> {
    let (tenant, population) = (stack.tenant()?, Population::new(EVENTS, now()?, 11));
    send_twice(stack, &tenant, &population)?;
    agrees(stack, &tenant, &population)
}

/// While function processes are killed, too.
pub fn killed(stack: &Stack) -> Result<()> {
    let (tenant, population) = (stack.tenant()?, Population::new(EVENTS, now()?, 12));
    stack.redeliver_after(15)?;
    let done = AtomicBool::new(false);
    let killed = thread::scope(|scope| {
        let killer = scope.spawn(|| kill_functions(&done, Duration::from_secs(2)));
        let sent = send_twice(stack, &tenant, &population);
        done.store(true, Ordering::Relaxed);
        let killed = killer.join().map_err(|_| anyhow!("the killer failed"))?;
        sent.and(killed)
    })?;
    ensure!(killed > 0, "no function process was killed");
    agrees(stack, &tenant, &population)
}

fn now() -> Result<Timestamp> {
    let since_1970 = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?;
    Ok(Timestamp::from_millis(i64::try_from(since_1970.as_millis())?)?)
}

/// Sends every event twice, from each connection a share of them in small batches.
fn send_twice(stack: &Stack, tenant: &Tenant, population: &Population) -> Result<()> {
    let mut events: Vec<Value> =
        population.events.iter().chain(&population.events).cloned().collect();
    Random::new(97).shuffle(&mut events);
    let share = events.len().div_ceil(usize::try_from(CONNECTIONS)?);
    thread::scope(|scope| {
        let connections: Vec<_> = events
            .chunks(share)
            .map(|share| {
                let client = stack.client(&tenant.ingest_key);
                scope.spawn(move || share.chunks(10).try_for_each(|batch| deliver(&client, batch)))
            })
            .collect();
        connections.into_iter().try_for_each(|connection| {
            connection.join().map_err(|_| anyhow!("a connection failed"))?
        })
    })
}

/// Sends a batch as an SDK does: again, until it is answered with success.
fn deliver(client: &Client, events: &[Value]) -> Result<()> {
    let body = json!({ "events": events });
    until("a batch is accepted", Duration::from_mins(2), || {
        let Ok(answer) = client.post("/v1/events/batch", &body) else { return Ok(None) };
        let accepted = |item: &Value| item["status"] == "accepted";
        let all = answer.body["data"].as_array().is_some_and(|items| items.iter().all(accepted));
        Ok((answer.status == 202 && all).then_some(()))
    })
}

/// Kills the processes of functions, with a pause between, until told that it is done.
pub fn kill_functions(done: &AtomicBool, pause: Duration) -> Result<usize> {
    let mut killed = 0;
    while !done.load(Ordering::Relaxed) {
        for (id, command) in processes(std::process::id())? {
            if command.contains("bootstrap") {
                let status = Command::new("kill").args(["-9", &id.to_string()]).status()?;
                killed += usize::from(status.success());
            }
        }
        let is_done = || Ok(done.load(Ordering::Relaxed).then_some(()));
        if until("all is done", pause, is_done).is_ok() {
            break;
        }
    }
    Ok(killed)
}

/// Compares every person's lead with the fold of the person's events.
fn agrees(stack: &Stack, tenant: &Tenant, population: &Population) -> Result<()> {
    let client = stack.client(&tenant.admin_key);
    let expected = population.expected(now()?);
    let seen = until("every event is scored", Duration::from_mins(8), || {
        let seen = people(&client, &expected)?;
        let count = |leads: &BTreeMap<String, (i64, u64)>| {
            leads.values().map(|(_, events)| events).sum::<u64>()
        };
        Ok((count(&seen) >= count(&expected)).then_some(seen))
    })?;
    ensure!(seen == expected, "stored {seen:?}, expected {expected:?}");
    stack.drained()?;
    let again = people(&client, &expected)?;
    ensure!(again == expected, "after the last message {again:?}, expected {expected:?}");
    ensure!(stack.depth("events_dead_letter")? == 0, "messages are in the dead-letter queue");
    let listed = client.read("/v1/leads?limit=250")?;
    let listed = listed["data"].as_array().context("no data")?.len();
    ensure!(listed == expected.len(), "{listed} leads for {} people", expected.len());
    Ok(())
}

fn people(
    client: &Client,
    expected: &BTreeMap<String, (i64, u64)>,
) -> Result<BTreeMap<String, (i64, u64)>> {
    let listed = client.read("/v1/leads?limit=250")?;
    let mut people = BTreeMap::new();
    for lead in listed["data"].as_array().context("no data")? {
        let user = lead["identities"].as_array().and_then(|identities| {
            identities.iter().find(|identity| identity["kind"] == "user_id")
        });
        let Some(user) = user.and_then(|user| user["value"].as_str()) else { continue };
        ensure!(expected.contains_key(user), "an unknown person {user}");
        let score = lead["score"].as_i64().context("no score")?;
        people.insert(user.to_owned(), (score, lead["events"].as_u64().context("no events")?));
    }
    Ok(people)
}
