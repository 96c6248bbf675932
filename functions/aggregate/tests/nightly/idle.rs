//! Leads that are idle for too long go to the archive, and the nights after count them as before.

use std::num::NonZeroU32;

use domain::{
    actor::Actor, archived::Step, consent::Purpose, edit::Edit, home::HomeId, lead::Lead,
    retention::Retention, time::DAY_MS,
};
use dynamo::{NightCounts, TenantSettings};
use scoring::Scorer;
use shelf::Shelf;
use testing::{Faults, MemoryBucket, Tables, a_tenant};

use crate::{
    night::{Night, Queue, at},
    population::day,
    retention::{edits, signs_up},
};

const SEGMENTS: NonZeroU32 = NonZeroU32::MIN;

/// The tables with the bucket.
struct World {
    tables: Tables,
    bucket: MemoryBucket,
}

/// When the nights are.
const NIGHTS: [&str; 3] = ["2026-11-21T00:10:00Z", "2026-11-22T00:10:00Z", "2026-11-23T00:10:00Z"];

impl World {
    /// Two leads that consented to something: one a year and a day ago, one lately.
    async fn start() -> (Self, [HomeId; 2]) {
        let tables = Tables::with_tenant(&a_tenant()).await;
        let mut homes = Vec::new();
        for (name, days) in [("idle", 366), ("lively", 20)] {
            let when = at(NIGHTS[0]).plus_millis(-days * DAY_MS);
            let home = signs_up(&tables, name, when).await;
            let purpose: Purpose = "marketing".parse().unwrap();
            let mut agreed = Edit::by(Actor::System);
            agreed.consents.insert(purpose, true);
            edits(&tables, home, agreed, when.plus_millis(1)).await;
            homes.push(home);
        }
        (Self { tables, bucket: MemoryBucket::default() }, [homes[0], homes[1]])
    }

    fn shelf(&self) -> Shelf {
        Shelf::new(self.tables.store.clone(), self.bucket.clone())
    }

    fn night_on(shelf: Shelf) -> Night {
        Night::of(shelf, Queue::default(), SEGMENTS)
    }

    async fn night(&self, number: usize) -> NightCounts {
        Self::night_on(self.shelf()).run(NIGHTS[number]).await;
        self.counts(number).await
    }

    async fn counts(&self, number: usize) -> NightCounts {
        let pass = Some(at(NIGHTS[number]).day().into());
        let runs = self.tables.store.nightly_runs(&a_tenant(), pass, 1).await.unwrap();
        runs[0].counts.clone()
    }

    async fn lead(&self, home: HomeId) -> Lead {
        self.tables.store.lead(&a_tenant(), home).await.unwrap().unwrap()
    }

    async fn events(&self) -> usize {
        let scan = self.tables.client.scan().table_name(self.tables.events_table());
        scan.send().await.unwrap().items().len()
    }
}

async fn is_back(world: &World, idle: HomeId) {
    let scorer = Scorer::new(world.shelf());
    scorer.bring_back(&a_tenant(), idle, at(NIGHTS[2])).await.unwrap();
    assert_eq!(world.events().await, 4);
    assert!(world.bucket.objects().is_empty());
}

#[tokio::test]
async fn an_idle_lead_is_written_one_night_and_away_the_next_and_stays_in_every_picture() {
    let (world, [idle, lively]) = World::start().await;
    let state = world.lead(idle).await.state;
    let first = world.night(0).await;
    assert_eq!((first.leads, first.archived, first.drift, first.postponed), (2, 0, 0, 0));
    assert_eq!((world.events().await, world.bucket.objects().len()), (4, 1));
    let second = world.night(1).await;
    assert_eq!((second.leads, second.archived, second.drift), (2, 1, 0));
    assert_eq!((world.events().await, world.bucket.objects().len()), (2, 1));
    // A pass of its own finds what the one before did, and does nothing again.
    World::night_on(world.shelf()).run(NIGHTS[1]).await;
    let third = world.night(2).await;
    assert_eq!((third.leads, third.archived, third.audited, third.drift), (2, 0, 2, 0));
    assert_eq!(world.lead(idle).await.state, state);
    assert!(world.lead(lively).await.archived.is_none());
    let (from, to) = (day("2026-11-20"), day("2026-11-22"));
    let rollups = world.tables.store.rollups(&a_tenant(), from, to).await.unwrap();
    let leads: Vec<_> = rollups.iter().map(|day| day.rollup.totals().picture.leads).collect();
    assert_eq!(leads, [2, 2, 2]);
    is_back(&world, idle).await;
}

#[tokio::test]
async fn a_tenant_that_archives_nothing_keeps_all_in_the_table() {
    let (world, [idle, _]) = World::start().await;
    let read = world.tables.store.tenant_settings(&a_tenant()).await.unwrap().unwrap();
    let retention = Retention { archive_after_days: None, ..read.retention };
    let next = TenantSettings { retention, ..read.clone() };
    assert!(world.tables.store.put_tenant_settings(&a_tenant(), &read, &next).await.unwrap());
    for number in 0..2 {
        assert_eq!(world.night(number).await.archived, 0);
    }
    assert!(world.lead(idle).await.archived.is_none() && world.events().await == 4);
}

#[tokio::test]
async fn what_there_is_no_time_for_waits_for_the_next_night() {
    let (world, _) = World::start().await;
    let mut hurried = World::night_on(world.shelf());
    hurried.has_time = false;
    hurried.run(NIGHTS[0]).await;
    let counts = world.counts(0).await;
    assert_eq!((counts.leads, counts.postponed, counts.archived), (2, 1, 0));
    assert!(world.bucket.objects().is_empty());
    world.night(1).await;
    assert_eq!(world.night(2).await.archived, 1);
}

/// Lets one of the nights die after so many calls, and tells whether it ended before that.
async fn outlives(number: usize, crash: usize, answer_lost: bool) -> bool {
    let (world, [idle, _]) = World::start().await;
    for sound in 0..number {
        world.night(sound).await;
    }
    let faults = Faults::crash_after(crash, answer_lost);
    let (store, bucket) = (world.tables.with_faults(&faults), world.bucket.with_faults(&faults));
    let dying = World::night_on(Shelf::new(store, bucket));
    let now = at(NIGHTS[number]).plus_millis(2_000);
    let planned = dying.plan(NIGHTS[number], now).await.is_ok();
    if planned {
        // What it did not do stays in the queue.
        let _ = dying.drain(now).await;
    }
    let next = Night::of(world.shelf(), dying.queue.clone(), SEGMENTS);
    if !planned {
        next.plan(NIGHTS[number], now).await.unwrap();
    }
    next.drain(now).await.unwrap();
    for later in number + 1..NIGHTS.len() {
        world.night(later).await;
    }
    let mut archived = 0;
    for number in 0..NIGHTS.len() {
        let counts = world.counts(number).await;
        assert_eq!((counts.leads, counts.drift), (2, 0), "{crash}");
        archived += counts.archived;
    }
    assert_eq!(archived, 1, "{crash}");
    assert_eq!(world.lead(idle).await.archived.unwrap().step, Step::Archived, "{crash}");
    assert_eq!(world.events().await, 2, "{crash}");
    is_back(&world, idle).await;
    faults.calls() < crash
}

#[tokio::test]
async fn a_night_that_dies_at_any_call_is_finished_and_archives_no_lead_twice() {
    for number in 0..2 {
        for crash in 0.. {
            // The laws of the shelf let every call fail both ways.
            if Box::pin(outlives(number, crash, crash % 2 == 0)).await {
                assert!(crash > 20, "{crash} calls are fewer than a night takes");
                break;
            }
        }
    }
}
