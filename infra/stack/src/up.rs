//! `up` and `down`: from sources to a ready stack, doing only what changed.

use std::time::Instant;

use anyhow::{Context, Result, bail};
use chrono::Utc;

use crate::args::{DEFAULT_PORT, SuperviseOptions, UpOptions};
use crate::artifacts::Artifacts;
use crate::aws::{Emulator, Outputs};
use crate::process::{Interrupted, interrupted};
use crate::progress::{seconds, step};
use crate::record::{Keys, Record};
use crate::session::{self, Session};
use crate::status::{api_url, is_healthy};
use crate::workspace::{StackPlace, Workspace};
use crate::{artifacts, demo, deploy, emulator, lock, tenant, tools};

const TENANT: &str = "demo";

/// Brings the stack up; on any failure and on Ctrl-C it takes along whatever it
/// started.
pub async fn up(workspace: &Workspace, place: &StackPlace, options: &UpOptions) -> Result<()> {
    let mut session = None;
    let brought = tokio::select! {
        result = bring_up(workspace, place, options, &mut session) => result,
        () = interrupted() => Err(Interrupted.into()),
    };
    let Some(mut session) = session else { return brought };
    if let Err(error) = brought {
        session.stop().await;
        return Err(error);
    }
    if options.detach {
        return session.stay().await;
    }
    println!("\nCtrl-C stops the stack and keeps its data.");
    tokio::select! {
        reason = session.ended(place) => Err(reason),
        () = interrupted() => {
            step("Saving the data", async {
                session.stop().await;
                Ok(())
            })
            .await
        }
    }
}

/// Stops the stack.
pub async fn down(place: &StackPlace) -> Result<()> {
    if session::is_running(place)? {
        step("Stopping the stack", session::stop_running(place)).await?;
        println!("stopped; the data is kept in {}", place.root().display());
    } else {
        println!("stack {} is not running", place.name().as_str());
    }
    Ok(())
}

async fn bring_up(
    workspace: &Workspace,
    place: &StackPlace,
    options: &UpOptions,
    session: &mut Option<Session>,
) -> Result<()> {
    let started = Instant::now();
    artifacts::architecture()?;
    let wait = "Waiting for another `up` of this stack";
    let _lock = lock::exclusive(&place.up_lock(), wait).await?;
    if options.fresh {
        begin_anew(place).await?;
    }
    let emulator_tools = tools::emulator(workspace).await?;
    let sam = tools::sam(workspace).await?;
    let built = artifacts::build(workspace, &sam).await?;
    let mut record = Record::load(&place.record())?;
    if session::is_running(place)? {
        check_port(options, &record)?;
    } else {
        if emulator::crashed(place) {
            // Redeploying and sending the history again are both idempotent.
            record.deployed = None;
            record.demo = false;
        }
        *session = Some(start(place, options, &mut record, &emulator_tools).await?);
    }
    let emulator = Emulator::new(
        record
            .emulator_port
            .context("what `up` remembered is gone; stop the stack first: cargo stack down")?,
    );
    let outputs = deployed(workspace, place, &sam, &built, &emulator, &mut record).await?;
    drop(built);
    let url = api_url(record.port.context("the stack has no port")?);
    let keys = demo_keys(place, &url, &emulator, &outputs, &mut record).await?;
    if !record.demo {
        let played = step("Sending a demo history", demo::play(&url, &keys, Utc::now()));
        played.await.with_context(|| functions_log(place))?;
        record.demo = true;
        record.save(&place.record())?;
    }
    if !is_healthy(&url).await {
        bail!("{url}/health does not answer well; {}", functions_log(place));
    }
    print_ready(&url, &keys, &seconds(started.elapsed()));
    if session.is_none() && !options.detach {
        println!("\nThe stack was running already and stays; stop it: cargo stack down");
    }
    Ok(())
}

/// Says where the functions' log lines are when the stack did not come up.
fn functions_log(place: &StackPlace) -> String {
    format!("what the functions logged: {}", place.log("emulator").display())
}

async fn begin_anew(place: &StackPlace) -> Result<()> {
    if session::is_running(place)? {
        step("Stopping the stack", session::stop_running(place)).await?;
    }
    for file in [place.record(), place.api_id()] {
        if file.exists() {
            std::fs::remove_file(&file)
                .with_context(|| format!("cannot remove {}", file.display()))?;
        }
    }
    let data = place.data();
    if data.exists() {
        std::fs::remove_dir_all(&data)
            .with_context(|| format!("cannot remove {}", data.display()))?;
    }
    Ok(())
}

fn check_port(options: &UpOptions, record: &Record) -> Result<()> {
    match (options.port, record.port) {
        (Some(wanted), Some(port)) if wanted != 0 && wanted != port => {
            bail!("the stack is running on port {port}; stop it first: cargo stack down")
        }
        _ => Ok(()),
    }
}

async fn start(
    place: &StackPlace,
    options: &UpOptions,
    record: &mut Record,
    tools: &tools::Environment,
) -> Result<Session> {
    let supervise = SuperviseOptions {
        port: options.port.or(record.port).unwrap_or(DEFAULT_PORT),
        emulator_port: emulator::port(place)?,
        python: tools.python(),
    };
    let (session, port) = step("Starting the emulator", Session::start(place, &supervise)).await?;
    record.port = Some(port);
    record.emulator_port = Some(supervise.emulator_port);
    record.save(&place.record())?;
    Ok(session)
}

/// Deploys unless exactly this is deployed already.
async fn deployed(
    workspace: &Workspace,
    place: &StackPlace,
    sam: &tools::Environment,
    built: &Artifacts,
    emulator: &Emulator,
    record: &mut Record,
) -> Result<Outputs> {
    let existing = emulator.outputs(place.name().as_str()).await?;
    if existing.is_none() {
        // New, or the emulator lost it in a crash: what it held is gone too.
        record.keys = None;
        record.demo = false;
    }
    if let Some(outputs) = existing
        && record.deployed.as_deref() == Some(&built.stamp)
        && place.api_id().exists()
    {
        return Ok(outputs);
    }
    record.deployed = None;
    record.save(&place.record())?;
    let outputs =
        step("Deploying the template", deploy::deploy(workspace, place, sam, built, emulator))
            .await?;
    record.deployed = Some(built.stamp.clone());
    record.save(&place.record())?;
    Ok(outputs)
}

async fn demo_keys(
    place: &StackPlace,
    url: &str,
    emulator: &Emulator,
    outputs: &Outputs,
    record: &mut Record,
) -> Result<Keys> {
    // A crash can undo the creation of keys.
    if let Some(keys) = &record.keys
        && (record.demo || demo::accepts(url, keys).await?)
    {
        return Ok(keys.clone());
    }
    let keys = step("Creating the demo tenant", tenant::keys(emulator, outputs, TENANT)).await?;
    record.keys = Some(keys.clone());
    record.save(&place.record())?;
    Ok(keys)
}

fn print_ready(url: &str, keys: &Keys, elapsed: &str) {
    let Keys { ingest, admin } = keys;
    println!(
        "\nLeadline is ready after {elapsed}.

  API         {url}
  ingest key  {ingest}
  admin key   {admin}

  export INGEST_KEY={ingest}
  export ADMIN_KEY={admin}

Send an event:

  curl -sS {url}/v1/events \\
    -H 'Authorization: Bearer {ingest}' -H 'Content-Type: application/json' \\
    -d '{{\"event_type\":\"demo_request\",\"user_id\":\"you\"}}'

Read the score:

  curl -sS '{url}/v1/leads?user_id=you' -H 'Authorization: Bearer {admin}'"
    );
}
