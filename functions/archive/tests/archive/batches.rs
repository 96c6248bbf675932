//! Batches of the stream become objects.

use archive::ArchiveError;
use domain::event::Event;
use proptest::prelude::*;
use serde_json::{Value, json};
use testing::{a_tenant, an_event};

use crate::world::{World, batch, events, record, rows, seen, sequence};

#[tokio::test]
async fn each_tenant_and_day_of_a_batch_has_an_object_of_its_own() {
    let world = World::new();
    let (acme, globex) = (a_tenant(), "globex".parse().unwrap());
    let (today, tomorrow) = (events(0, 2), events(1, 1));
    let records = [
        record(1, &acme, &today[0]),
        record(2, &globex, &today[0]),
        record(3, &acme, &tomorrow[0]),
        record(4, &acme, &today[1]),
    ];
    world.handle(batch(records)).await.unwrap();
    let objects = world.memory.objects();
    let found: Vec<_> = objects
        .into_iter()
        .map(|(key, content)| {
            let (place, name) = key.rsplit_once('/').unwrap();
            let (first, _) = name.split_once('-').unwrap();
            (place.to_owned(), first.to_owned(), lake::once_each(rows(content)))
        })
        .collect();
    let of = |tenant: &str, day: &str, position, events: &[Event]| {
        (format!("events/tenant={tenant}/dt={day}"), sequence(position), seen(events))
    };
    assert_eq!(
        found,
        [
            of("acme", "2026-01-01", 1, &today),
            of("acme", "2026-01-02", 3, &tomorrow),
            of("globex", "2026-01-01", 2, &today[..1]),
        ]
    );
}

#[tokio::test]
async fn a_retry_overwrites_itself() {
    let world = World::new();
    let all = [events(0, 5), events(3, 5)].concat();
    world.store(&a_tenant(), 1, &all).await.unwrap();
    let before = world.memory.objects();
    world.store(&a_tenant(), 1, &all).await.unwrap();
    assert_eq!(world.memory.objects(), before);
    assert_eq!(before.len(), 2);
}

#[tokio::test]
async fn what_is_removed_or_changed_is_no_news() {
    let world = World::new();
    let event = &events(0, 1)[0];
    let mut changed = record(2, &a_tenant(), event);
    changed["eventName"] = json!("MODIFY");
    let mut removed = record(3, &a_tenant(), event);
    removed["eventName"] = json!("REMOVE");
    removed["dynamodb"].as_object_mut().unwrap().remove("NewImage");
    world.handle(batch([changed, removed])).await.unwrap();
    assert!(world.memory.objects().is_empty());
}

#[tokio::test]
async fn a_record_that_cannot_be_read_is_set_aside_and_the_rest_goes_on() {
    let world = World::new();
    let good = events(0, 2);
    let mut no_event = record(2, &a_tenant(), &good[0]);
    no_event["dynamodb"]["NewImage"]["timestamp"] = json!({ "S": "noon" });
    let mut no_position = record(3, &a_tenant(), &good[0]);
    no_position["dynamodb"]["SequenceNumber"] = json!("../elsewhere");
    let bad = [no_event, no_position, json!({ "eventName": "INSERT" })];
    let records = [
        vec![record(1, &a_tenant(), &good[0])],
        bad.to_vec(),
        vec![record(5, &a_tenant(), &good[1])],
    ];
    world.handle(batch(records.concat())).await.unwrap();
    assert_eq!(lake::once_each(world.rows()), seen(&good));
    let objects = world.memory.objects();
    let aside: Vec<_> = objects.iter().filter(|(key, _)| key.starts_with("failed/")).collect();
    assert!(aside.iter().any(|(key, _)| key.starts_with(&format!("failed/{}-", sequence(2)))));
    assert_eq!(aside.iter().filter(|(key, _)| key.starts_with("failed/unknown-")).count(), 2);
    let mut kept: Vec<Value> =
        aside.iter().map(|(_, content)| serde_json::from_slice(content).unwrap()).collect();
    for record in &bad {
        let place = kept.iter().position(|kept| kept == record).expect("the record as it came");
        kept.remove(place);
    }
}

#[tokio::test]
async fn whatever_put_fails_the_whole_invocation_fails() {
    let all = [events(0, 1), events(1, 1), events(2, 1)].concat();
    let mut records: Vec<_> =
        all.iter().enumerate().map(|(at, event)| record(at, &a_tenant(), event)).collect();
    records.push(json!({ "eventName": "INSERT" }));
    for puts in 0..4 {
        let world = World::new();
        world.memory.fail_after(puts, false);
        let answer = world.handle(batch(records.clone())).await;
        assert!(matches!(answer, Err(ArchiveError::File(_))), "after {puts} puts: {answer:?}");
        world.memory.heal();
        world.handle(batch(records.clone())).await.unwrap();
        assert_eq!(lake::once_each(world.rows()), seen(&all), "after {puts} puts");
        assert_eq!(world.memory.objects().len(), 4);
    }
}

#[tokio::test]
async fn an_empty_batch_puts_nothing() {
    let world = World::new();
    let answer = world.handle(batch([])).await.unwrap();
    assert_eq!(answer, json!({ "batchItemFailures": [] }));
    assert!(world.memory.objects().is_empty());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    /// The stream may deliver a batch again cut differently: halved after a failure, or longer.
    #[test]
    fn however_batches_are_cut_and_repeated_every_event_is_seen_once(
        cuts in prop::collection::vec((0_usize..20, 1_usize..8, 0_usize..4), 0..12),
    ) {
        let all: Vec<_> = (0..20).map(|n| {
            an_event(format!("e{n}")).days_later(n % 3).event()
        }).collect();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let world = World::new();
            for (first, length, puts) in cuts {
                world.memory.fail_after(puts, puts % 2 == 0);
                let part = &all[first..(first + length).min(all.len())];
                // What fails comes again below.
                let _ = world.store(&a_tenant(), first, part).await;
            }
            world.memory.heal();
            for (chunk, part) in all.chunks(6).enumerate() {
                world.store(&a_tenant(), chunk * 6, part).await.unwrap();
            }
            assert_eq!(lake::once_each(world.rows()), seen(&all));
            world.night().await.unwrap();
            assert_eq!(world.rows().len(), all.len());
            assert_eq!(lake::once_each(world.rows()), seen(&all));
        });
    }
}
