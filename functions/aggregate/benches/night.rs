//! What nights take on 100,000 leads: time, memory, calls, read and write units.
//!
//! The function runs in this process and its tables in another one, so the memory is the function's
//! own. Six segments of 100,000 leads are as large as 64 segments of 1,067,000. Three nights are
//! measured: one that lists most leads anew, because none was listed since its last event; an
//! ordinary one after it; and one that makes a hundredth of the leads anonymous.
#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    missing_docs,
    reason = "a bench prints, and one that cannot be set up has failed"
)]

use std::{
    collections::VecDeque,
    io::{BufRead, BufReader},
    num::NonZeroU32,
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use aggregate::{Aggregate, Clock, Shard, Shards};
use domain::{
    event::{Event, Sealed},
    family::Member,
    fold::fold,
    home::HomeRef,
    identity::Kind,
    lead::{Home, Lead},
    retention::Retention,
    rules::Rules,
    tenant::TenantId,
    time::{DAY_MS, Timestamp},
    view::view,
};
use dynamo::{ChangedLead, Commit, Standing, Store, TenantSettings};
use files::{FileKey, FileSort, Files, Filing};
use futures_util::{StreamExt, stream};
use lambda::budget::Budget;
use lambda::keyrings::{KeyringError, Keyrings};
use queue::SendError;
use serde_json::json;
use testing::{Meter, Reading, Tables, a_tenant, an_event, home_of, keyring, rules};
use vault::Keyring;

/// How many leads there are, unless an argument says otherwise.
const LEADS: u32 = 100_000;

/// How many leads a large installation has.
const MANY: f64 = 1_000_000.0;

const SEGMENTS: NonZeroU32 = NonZeroU32::new(6).unwrap();

/// The time that a shard may take, and the memory in megabytes.
const LAMBDA: (Duration, u64) = (Duration::from_mins(5), 512);

/// What a million read units and a million write units cost, in dollars.
const PRICES: (f64, f64) = (0.125, 0.625);

/// When the first night begins.
const NIGHT: &str = "2026-11-21T00:10:00Z";

/// Every so many days that leads were silent, one of a hundred is made anonymous.
const SILENT_DAYS: u32 = 396;

fn leads() -> u32 {
    std::env::args().find_map(|argument| argument.parse().ok()).unwrap_or(LEADS)
}

#[derive(Clone, Debug, Default)]
struct Queue(Arc<Mutex<VecDeque<Shard>>>);

impl Shards for Queue {
    async fn send(&self, shards: &[Shard]) -> Result<(), SendError> {
        self.0.lock().unwrap().extend(shards.iter().cloned());
        Ok(())
    }
}

#[derive(Debug)]
struct OneKeyring;

impl Keyrings for OneKeyring {
    async fn keyring(&self, _: &TenantId) -> Result<Arc<Keyring>, KeyringError> {
        Ok(Arc::new(keyring()))
    }
}

#[derive(Debug)]
struct NoFiles;

impl Files for NoFiles {
    fn put<'f>(&'f self, _: &'f FileKey, _: Sealed) -> Filing<'f, ()> {
        Box::pin(async { Ok(()) })
    }

    fn get<'f>(&'f self, _: &'f FileKey) -> Filing<'f, Option<Sealed>> {
        Box::pin(async { Ok(None) })
    }

    fn remove<'f>(&'f self, _: &'f FileKey) -> Filing<'f, ()> {
        Box::pin(async { Ok(()) })
    }

    fn list<'f>(&'f self, _: FileSort, _: &'f TenantId) -> Filing<'f, Vec<FileKey>> {
        Box::pin(async { Ok(Vec::new()) })
    }
}

/// How many events the lead of a rank has: the first 5,000, one of a hundred 28 and more, most
/// one to five.
fn events_of(rank: u32) -> u32 {
    (5_000.0 * f64::from(rank + 1).powf(-0.75)).round().max(1.0) as u32
}

/// For how many days a lead was silent: one of fifty for none, half of them for more than 100, none
/// for more than 400. The leads with most events are not those of the last days alone.
fn silent_days(rank: u32) -> i64 {
    let place = rank.wrapping_mul(2_654_435_761) % 1_000;
    i64::from(if place < 20 { 0 } else { (place - 20) * 400 / 979 + 1 })
}

/// Makes the events of a lead: the last one on its day, the others one every six hours before it.
fn events(rank: u32) -> Vec<Event> {
    let last: Timestamp = "2026-11-20T12:00:00Z".parse().unwrap();
    let last = last.plus_millis(-silent_days(rank) * DAY_MS);
    let count = events_of(rank);
    let types = ["page_view", "email_open", "page_view", "form_submit", "page_view", "download"];
    let event = |n: u32| {
        let before = i64::from(count - n - 1) * 21_600_000;
        let kind = types[(n + rank) as usize % types.len()];
        let event = an_event(format!("{rank}-{n}")).by(Kind::UserId, &format!("user {rank}"));
        let event = event.of_type(kind).at(last.plus_millis(-before));
        event.with_property("path", format!("/products/{}", n % 90)).event()
    };
    (0..count).map(event).collect()
}

/// Stores a lead as `score` leaves it after its last event.
async fn store(store: &Store, rules: &Rules, rank: u32) {
    let events = events(rank);
    let home: HomeRef = home_of(Kind::UserId, &format!("user {rank}"));
    let lead = Lead {
        survivor: home,
        version: 1,
        members: vec![Member { home, has_events: true }],
        identity_limit: false,
        state: fold(rules, events.clone()),
        crossing: None,
        erased: None,
        archived: None,
    };
    let view = view(&lead.state, rules, lead.state.last_event_at.unwrap());
    let standing = Standing { score: view.score, stage: view.stage };
    let home = Home { has_events: true, carried: true, ..Home::new(home) };
    let changed = ChangedLead { lead, read_version: None, standing };
    let mut parts = events.chunks(80).peekable();
    let (mut homes, mut leads) = (vec![home], vec![changed]);
    while let Some(part) = parts.next() {
        let is_last = parts.peek().is_none();
        let now = |things: bool| things.then_some(());
        let commit = Commit {
            events: part.to_vec(),
            homes: now(is_last).map(|()| std::mem::take(&mut homes)).unwrap_or_default(),
            leads: now(is_last).map(|()| std::mem::take(&mut leads)).unwrap_or_default(),
            ..Commit::default()
        };
        store.commit(&a_tenant(), &commit).await.unwrap();
    }
}

async fn load(tables: &Tables) {
    let began = Instant::now();
    let rules = rules();
    let stores = (0..leads()).map(|rank| store(&tables.store, &rules, rank));
    stream::iter(stores).buffer_unordered(16).for_each(async |()| {}).await;
    let events: u64 = (0..leads()).map(|rank| u64::from(events_of(rank))).sum();
    println!(
        "{} leads with {events} events, stored in {:.0} s",
        leads(),
        began.elapsed().as_secs_f64()
    );
}

/// The process of the tables, which ends with this one.
struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

/// Starts the tables in another process.
fn serve() -> (Server, String) {
    let me = std::env::current_exe().unwrap();
    let mut server = Command::new(me).arg("serve").stdout(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(server.stdout.take().unwrap()).read_line(&mut line).unwrap();
    (Server(server), line.trim().to_owned())
}

/// Lets the most memory that this process had begin anew.
fn forget_peak() {
    std::fs::write("/proc/self/clear_refs", "5").unwrap();
}

/// Returns the most memory that this process had since, in megabytes.
fn peak_megabytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() / 1_024
}

/// Runs a night and returns what it took.
async fn night(tables: &Tables, name: &str, scheduled: Timestamp) -> Reading {
    let (meter, queue) = (Meter::default(), Queue::default());
    let store = tables.with_meter(&meter);
    let aggregate = Aggregate::new(store, queue.clone(), OneKeyring, Arc::new(NoFiles), SEGMENTS);
    let now = scheduled.plus_millis(2_000);
    let schedule = json!({"run": "nightly", "scheduled_time": scheduled});
    aggregate.handle(schedule, Clock::at(now), Budget::of(LAMBDA.0)).await.unwrap();
    forget_peak();
    let (mut longest, mut all) = (Duration::ZERO, Reading::default());
    println!("{name}");
    loop {
        let Some(shard) = queue.0.lock().unwrap().pop_front() else { break };
        let began = Instant::now();
        let body = serde_json::to_string(&shard).unwrap();
        let payload = json!({"Records": [{"messageId": "m", "body": body}]});
        let (clock, budget) = (Clock::from_now(now), Budget::of(LAMBDA.0));
        let answer = aggregate.handle(payload, clock, budget).await.unwrap();
        assert_eq!(answer, json!({"batchItemFailures": []}));
        let (took, reading) = (began.elapsed(), meter.take());
        longest = longest.max(took);
        all.calls += reading.calls;
        all.read_units += reading.read_units;
        all.writes += reading.writes;
        all.write_units += reading.write_units;
        let Reading { calls, read_units, writes, write_units } = reading;
        println!(
            "  {body:<50} {:>6.1} s {calls:>7} reads {read_units:>9.1} units {writes:>7} writes \
             {write_units:>9.1} units",
            took.as_secs_f64()
        );
    }
    tell(all, longest);
    let run = tables.store.nightly_runs(&a_tenant(), None, 1).await.unwrap().remove(0);
    println!("  {:?}", run.counts);
    assert_eq!((run.counts.leads, run.counts.drift), (u64::from(leads()), 0));
    all
}

fn tell(all: Reading, longest: Duration) {
    let number = f64::from(leads());
    let (read, write) = (all.read_units / number, all.write_units / number);
    let dollars = (read * PRICES.0 + write * PRICES.1) * MANY / 1e6;
    let peak = peak_megabytes();
    println!(
        "  a lead: {read:.3} read units, {write:.3} write units; longest part {:.1} s, peak {peak} MB; \
         {MANY} leads: {dollars:.2} dollars",
        longest.as_secs_f64()
    );
    assert!(longest < LAMBDA.0 && peak < LAMBDA.1);
}

async fn keep_for(tables: &Tables, days: Option<u32>) {
    let read = tables.store.tenant_settings(&a_tenant()).await.unwrap().unwrap();
    let retention = Retention { anonymise_after_days: days, archive_after_days: None };
    let next = TenantSettings { retention, ..read.clone() };
    assert!(tables.store.put_tenant_settings(&a_tenant(), &read, &next).await.unwrap());
}

async fn measure() {
    let (_server, endpoint) = serve();
    let tables = Tables::create_at(&endpoint, "night").await;
    tables.add_tenant(&a_tenant()).await;
    keep_for(&tables, None).await;
    load(&tables).await;
    let scheduled: Timestamp = NIGHT.parse().unwrap();
    night(&tables, "a night that lists most leads anew", scheduled).await;
    night(&tables, "an ordinary night", scheduled.plus_millis(DAY_MS)).await;
    keep_for(&tables, Some(SILENT_DAYS + 2)).await;
    let third = scheduled.plus_millis(2 * DAY_MS);
    night(&tables, "a night that makes one of a hundred anonymous", third).await;
}

fn main() {
    let runtime = |threads: usize| {
        let mut builder = match threads {
            1 => tokio::runtime::Builder::new_current_thread(),
            _ => tokio::runtime::Builder::new_multi_thread(),
        };
        builder.enable_all().build().unwrap()
    };
    let arguments: Vec<_> = std::env::args().collect();
    if arguments.iter().any(|argument| argument == "serve") {
        runtime(2).block_on(async {
            let tables = Tables::start().await;
            println!("{}", tables.endpoint());
            std::future::pending::<()>().await;
        });
    }
    // `cargo test --benches` runs this too, and is not to wait for it.
    if arguments.iter().any(|argument| argument == "--bench") {
        runtime(1).block_on(measure());
    }
}
