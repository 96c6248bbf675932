//! How fast and in how much memory a preview replays 100,000 leads with 2,000,000 events.
//!
//! It folds, views and compares each lead by the code that a shard runs, and counts what writing
//! it would take. Events are made as they are needed, as a shard reads them; only what follows
//! the reading is timed.
#![allow(
    clippy::cast_precision_loss,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::unwrap_used,
    missing_docs,
    reason = "a bench prints, and one that cannot be set up has failed"
)]

use std::time::{Duration, Instant};

use domain::{
    comparison::{Comparison, Sets},
    event::{Event, EventId},
    family::Member,
    home::{HomeId, HomeRef},
    identity::Kind,
    lead::Lead,
    points::Points,
    rule_set::RuleSet,
    rules::Rules,
    tenant::TenantId,
    time::{DAY_MS, Timestamp},
};
use dynamo::{ListedLead, SCAN_SEGMENTS, Standing};
use serde_json::{Map, json};

const LEADS: u32 = 100_000;

const EVENTS: u64 = 2_000_000;

/// How many leads a worker has under way.
const AT_ONCE: usize = 16;

/// The time that a shard may take, and the memory.
const LAMBDA: (Duration, u64) = (Duration::from_mins(5), 512);

const TYPES: [&str; 8] = [
    "page_view",
    "page_view",
    "page_view",
    "email_open",
    "identify",
    "form_submit",
    "demo_request",
    "order_completed",
];

/// How many events the lead of a rank has: the first has 19,000, most have fewer than ten.
fn events_of(rank: u32) -> u64 {
    let share = f64::from(rank + 1).powf(-0.7);
    let whole: f64 = f64::from(LEADS).powf(0.3) / 0.3;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "small counts")]
    let events = (1.001 * EVENTS as f64 * share / whole).ceil() as u64;
    events
}

fn home(rank: u32) -> HomeRef {
    let mut bytes = [0; 16];
    bytes[..4].copy_from_slice(&rank.to_be_bytes());
    HomeRef { kind: Kind::UserId, id: HomeId::from_bytes(bytes) }
}

/// Makes the events of a lead, in order: over half a year, with days off between bursts.
fn events(rank: u32) -> Vec<Event> {
    let count = events_of(rank);
    let step = 180 * DAY_MS / i64::try_from(count).unwrap();
    let event = |n: u64| {
        let number = i64::try_from(n).unwrap();
        let gap = if n.is_multiple_of(7) { 0 } else { step / 3 };
        let timestamp = Timestamp::from_millis(1_760_000_000_000 + number * step - gap).unwrap();
        let kind = usize::try_from(n * 5 + u64::from(rank)).unwrap() % TYPES.len();
        let mut properties = Map::new();
        properties.insert("path".to_owned(), json!(format!("/products/{}", n % 90)));
        properties.insert("total".to_owned(), json!(n % 500));
        Event {
            event_id: EventId::from_sender(&format!("event-{n:08}")).unwrap(),
            event_type: TYPES[kind].to_owned(),
            home: home(rank),
            timestamp,
            received_at: timestamp,
            properties,
            context: Map::new(),
            traits: Map::new(),
            links: Vec::new(),
            edit: None,
        }
    };
    let mut events: Vec<_> = (0..count).map(event).collect();
    events.sort_unstable_by(Event::order);
    events
}

fn active() -> Rules {
    Rules::prepare(RuleSet::default_set().unwrap()).unwrap()
}

/// The default rules with other points.
fn dearer() -> Rules {
    let mut set = RuleSet { version: 2, ..RuleSet::default_set().unwrap() };
    for rule in &mut set.rules {
        rule.points = Some(rule.gives() + Points::whole(3));
    }
    Rules::prepare(set).unwrap()
}

/// Twenty rules, of which ten have conditions.
fn conditional() -> Rules {
    let mut set = RuleSet { version: 2, ..RuleSet::default_set().unwrap() };
    let more: Vec<_> = set
        .rules
        .iter()
        .zip(TYPES.iter().cycle())
        .map(|(rule, event_type)| {
            let mut rule = rule.clone();
            rule.id = format!("{}_more", rule.id);
            rule.event_type = (*event_type).to_owned().into();
            rule.when = Some("event.properties.total > 250 && facts.events < 50".to_owned());
            rule
        })
        .collect();
    set.rules.extend(more);
    Rules::prepare(set).unwrap()
}

/// Compares leads of so many ranks, beginning with the first and every `step`th after it.
fn replay(after: &Rules, first: u32, step: usize) -> (Comparison, Duration) {
    let (before, tenant): (Rules, TenantId) = (active(), "acme".parse().unwrap());
    let now = Timestamp::from_millis(1_776_000_000_000).unwrap();
    let sets = Sets { before: &before, after, now };
    let (mut tally, mut taken) = (Comparison::default(), Duration::ZERO);
    let ranks: Vec<u32> = (first..LEADS).step_by(step).collect();
    for some in ranks.chunks(AT_ONCE) {
        let read: Vec<_> = some.iter().map(|rank| (home(*rank), events(*rank))).collect();
        let began = Instant::now();
        for (home, events) in &read {
            count(&mut tally, &tenant, *home, events, sets);
        }
        taken += began.elapsed();
    }
    (tally, taken)
}

fn count(
    tally: &mut Comparison,
    tenant: &TenantId,
    home: HomeRef,
    events: &[Event],
    sets: Sets<'_>,
) {
    let compared = tally.count(home.id, events, sets);
    let lead = Lead {
        survivor: home,
        version: 2,
        members: vec![Member { home, has_events: true }],
        identity_limit: false,
        state: compared.state,
        crossing: None,
        erased: None,
        archived: None,
    };
    let standing = Standing { score: compared.from.score, stage: compared.from.stage };
    let listed = ListedLead { lead: lead.clone(), standing, is_placed: true, relisted_at: None };
    let standing = Standing { score: compared.to.score, stage: compared.to.stage };
    tally.consumed.write_units += listed.rewrite_units(tenant, &lead, standing).unwrap().write;
    tally.seen += 1;
}

/// Returns the most memory that this process ever had, in megabytes.
fn peak_megabytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kilobytes = line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<u64>().ok());
    kilobytes.unwrap_or_default() / 1_024
}

fn print(name: &str, (tally, taken): &(Comparison, Duration)) {
    let rate = tally.events as f64 / taken.as_secs_f64();
    println!(
        "{name:<44} {:>7} leads {:>9} events {:>7.2} s {:>10.0} events/s  peak {} MB",
        tally.leads,
        tally.events,
        taken.as_secs_f64(),
        rate,
        peak_megabytes(),
    );
}

fn main() {
    // `cargo test --benches` runs this too, and is not to wait for it.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    let step = usize::try_from(SCAN_SEGMENTS.get()).unwrap();
    println!("both rule sets, view and comparison; one core");
    let shard = replay(&dearer(), 0, step);
    print("largest of 64 shards, default rules", &shard);
    let (dearer, conditional) = (dearer(), conditional());
    print("largest of 64 shards, 20 rules, 10 with CEL", &replay(&conditional, 0, step));
    print("all, default rules", &replay(&dearer, 0, 1));
    let all = replay(&conditional, 0, 1);
    print("all, 20 rules, 10 with CEL", &all);
    let (tally, taken) = all;
    assert_eq!(tally.leads, u64::from(LEADS));
    let (time, megabytes) = LAMBDA;
    let of_a_shard = taken.as_secs_f64() / f64::from(SCAN_SEGMENTS.get());
    println!(
        "a shard folds for {of_a_shard:.2} s of the {} s that it has, in {} MB of {megabytes} MB",
        time.as_secs(),
        peak_megabytes(),
    );
}
