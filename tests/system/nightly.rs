//! The night: yesterday's picture, counted once however often it is counted, and whoever is killed
//! while counting.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::{Duration, SystemTime},
};

use anyhow::{Context, Result, anyhow, ensure};
use domain::time::Timestamp;
use serde_json::{Value, json};

use crate::{
    load::kill_functions,
    stack::{Stack, cargo_stack, until},
};

/// Three leads of the day before yesterday, and one of today. Who counts them is killed, and the
/// next call goes on.
pub fn counted_once(stack: &Stack) -> Result<()> {
    let tenant = stack.tenant()?;
    let since_1970 = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?;
    let now = Timestamp::from_millis(i64::try_from(since_1970.as_millis())?)?;
    let yesterday = now.day().previous();
    let noon = yesterday.start().plus_millis(12 * 3_600_000);
    let event = |id: &str, user: &str, kind: &str, at: Option<Timestamp>| json!({ "event_id": id, "user_id": user, "event_type": kind, "timestamp": at });
    stack.client(&tenant.ingest_key).events(&[
        event("1", "cold", "page_view", Some(noon)),
        event("2", "warm", "signup", Some(noon)),
        event("3", "hot", "demo_request", Some(noon.plus_millis(-86_400_000))),
        event("4", "hot", "email_open", Some(noon)),
        // After midnight: not in yesterday's picture.
        event("5", "cold", "contract_signed", None),
        event("6", "new today", "page_view", None),
    ])?;
    let client = stack.client(&tenant.admin_key);
    client.lead_with_events("user_id=hot", 2)?;
    client.lead_with_events("user_id=cold", 2)?;
    client.lead_with_events("user_id=warm", 1)?;
    client.lead_with_events("user_id=new%20today", 1)?;
    let path = format!("/v1/analytics/daily?from={yesterday}&to={yesterday}");
    let night = || -> Result<Value> {
        cargo_stack(&["nightly"])?;
        until("the night is complete", Duration::from_mins(2), || {
            let days = client.read(&path)?;
            Ok(days["data"].as_array().and_then(|days| days.first()).cloned())
                .map(|day| day.filter(|day| day["complete"] == true))
        })
    };
    cargo_stack(&["nightly"])?;
    ensure!(kill_for(Duration::from_millis(2_500))? > 0, "nobody was killed at work");
    let day = night()?;
    ensure!(day["leads"] == 3 && day["new_leads"] == 2, "{day}");
    let by_stage = json!({ "cold": 1, "warm": 1, "hot": 1, "qualified": 0 });
    ensure!(day["by_stage"] == by_stage, "{day}");
    // 5, 30 and 60: the sum is 95.
    let average = day["average_score"].as_f64().context("no average")?;
    ensure!((average - 31.667).abs() < 1e-9, "{day}");
    ensure!(night()? == day, "the second night changed the first");
    Ok(())
}

/// Kills the functions' processes again and again for a while.
fn kill_for(time: Duration) -> Result<usize> {
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        let killer = scope.spawn(|| kill_functions(&done, Duration::from_millis(250)));
        thread::sleep(time);
        done.store(true, Ordering::Relaxed);
        killer.join().map_err(|_| anyhow!("the killer failed"))?
    })
}
