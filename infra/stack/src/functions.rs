//! Invoking the functions of a running stack by hand.

use std::path::Path;

use anyhow::{Context, Result, anyhow, bail};
use chrono::{SecondsFormat, Utc};
use serde_json::Value;

use crate::aws::{Emulator, Outputs};
use crate::record::Record;
use crate::workspace::StackPlace;
use crate::{lock, session};

/// The functions and the outputs of the template that name them.
pub const FUNCTIONS: [(&str, &str); 8] = [
    ("ingest", "IngestFunction"),
    ("score", "ScoreFunction"),
    ("api", "ApiFunction"),
    ("aggregate", "AggregateFunction"),
    ("rescore", "RescoreFunction"),
    ("bulk", "BulkFunction"),
    ("archive", "ArchiveFunction"),
    ("provision", "ProvisionFunction"),
];

/// The emulator of a running stack and the outputs of the stack.
pub async fn running(place: &StackPlace) -> Result<(Emulator, Outputs)> {
    let name = place.name().as_str();
    let start = if name == "leadline" { String::new() } else { format!(" --name {name}") };
    if !session::is_running(place)? {
        if lock::is_held(&place.up_lock())? {
            bail!("stack {name} is starting; try again once it says that it is ready");
        }
        bail!("stack {name} is not running; start it: cargo stack up{start}");
    }
    let port =
        Record::load(&place.record())?.emulator_port.context("the stack is still starting")?;
    let emulator = Emulator::new(port);
    let outputs = emulator.outputs(name).await?;
    let outputs = outputs
        .ok_or_else(|| anyhow!("stack {name} is not deployed; run: cargo stack up{start}"))?;
    Ok((emulator, outputs))
}

/// The names of the functions, for people.
pub fn names() -> String {
    FUNCTIONS.map(|(name, _)| name).join(", ")
}

/// Checks the name of a function.
pub fn known(function: &str) -> Result<(&'static str, &'static str)> {
    let found = FUNCTIONS.into_iter().find(|(name, _)| *name == function);
    found.with_context(|| format!("there is no function {function}; there are {}", names()))
}

/// Invokes a function with the payload in a file and prints its answer.
pub async fn invoke(place: &StackPlace, function: &str, events: &Path) -> Result<()> {
    let (_, output) = known(function)?;
    let payload = std::fs::read_to_string(events)
        .with_context(|| format!("cannot read {}", events.display()))?;
    serde_json::from_str::<Value>(&payload)
        .with_context(|| format!("{} is not JSON", events.display()))?;
    let (emulator, outputs) = running(place).await?;
    let target = outputs.get(output).with_context(|| format!("no output {output}"))?;
    print(&emulator.invoke(target, &payload).await?)
}

/// Invokes what the nightly schedule invokes, as if it were due now.
pub async fn nightly(place: &StackPlace) -> Result<()> {
    let (emulator, outputs) = running(place).await?;
    let schedule = outputs.get("NightlySchedule").context("no output NightlySchedule")?;
    let (target, input) = emulator.schedule(schedule).await?;
    let now = Utc::now().to_rfc3339_opts(SecondsFormat::Secs, true);
    let payload = input.replace("<aws.scheduler.scheduled-time>", &now);
    emulator.invoke(&target, &payload).await?;
    println!(
        "the nightly run as of {now} is under way; its segments are worked from the shard queue"
    );
    println!("progress: cargo stack logs aggregate    result: GET /v1/nightly-runs");
    Ok(())
}

/// Prints an answer as JSON for people.
pub fn print(answer: &Value) -> Result<()> {
    println!("{}", serde_json::to_string_pretty(answer)?);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_function_that_the_template_puts_out_is_known() {
        let template = include_str!("../../../template.yaml");
        let (_, outputs) = template.split_once("\nOutputs:\n").unwrap();
        let names = outputs.lines().filter_map(|line| line.strip_prefix("  ")?.strip_suffix(':'));
        let mut put_out: Vec<_> = names.filter(|name| name.ends_with("Function")).collect();
        let mut known = FUNCTIONS.map(|(_, output)| output);
        put_out.sort_unstable();
        known.sort_unstable();
        assert_eq!(put_out, known);
    }
}
