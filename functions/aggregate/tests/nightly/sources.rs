//! Of more sources than are told apart, the same ones stay apart whatever comes late.

use std::collections::BTreeMap;

use domain::{
    event::Event,
    identity::Kind,
    rollup::{MAX_SOURCES, OTHER},
    time::Day,
};
use dynamo::Store;
use testing::{Tables, a_tenant, an_event};

use crate::{
    night::{Night, at},
    population::{day, store},
};

fn from(source: &str, n: usize, when: &str) -> Event {
    let event = an_event("1").of_type("signup").by(Kind::UserId, &format!("{source} {n}"));
    event.declaring("source", source).at(at(when)).event()
}

/// Leads and events by source.
async fn by_source(store: &Store, day: Day) -> BTreeMap<String, (u64, u64)> {
    let rollups = store.rollups(&a_tenant(), day, day).await.unwrap();
    let cells = &rollups[0].rollup.cells;
    let mut sources: BTreeMap<String, (u64, u64)> = BTreeMap::new();
    for (of, cell) in cells {
        let (leads, events) = sources.entry(of.source.clone()).or_default();
        *leads += cell.picture.leads;
        *events += cell.counts.events;
    }
    sources
}

#[tokio::test]
async fn the_sources_of_most_leads_are_told_apart_over_all_segments() {
    let tables = Tables::with_tenant(&a_tenant()).await;
    let ended = day("2026-11-20");
    for n in 0..MAX_SOURCES + 6 {
        // The last ones have two leads, which lie in any segments.
        for copy in 0..=usize::from(n >= MAX_SOURCES) {
            store(&tables.store, &[from(&format!("s{n:02}"), copy, "2026-11-20T12:00:00Z")]).await;
        }
    }
    let night = Night::new(tables.store.clone());
    night.run("2026-11-21T00:10:00Z").await;
    let mut expected: BTreeMap<String, (u64, u64)> =
        (0..MAX_SOURCES - 6).map(|n| (format!("s{n:02}"), (1, 1))).collect();
    expected.extend((MAX_SOURCES..MAX_SOURCES + 6).map(|n| (format!("s{n:02}"), (2, 2))));
    expected.insert(OTHER.to_owned(), (6, 6));
    assert_eq!(by_source(&tables.store, ended).await, expected);

    // Nine leads of a source that had one, and of a new one, come late.
    let days = ended..=ended;
    let marked_at = at("2026-11-21T08:00:00Z");
    tables.store.mark_dirty_days(&a_tenant(), &days, marked_at).await.unwrap();
    for n in 0..9 {
        for source in [format!("s{:02}", MAX_SOURCES - 1), "late".to_owned()] {
            store(&tables.store, &[from(&source, n + 10, "2026-11-20T13:00:00Z")]).await;
        }
    }
    night.run("2026-11-22T00:10:00Z").await;
    expected.insert(OTHER.to_owned(), (6, 6 + 18));
    assert_eq!(by_source(&tables.store, ended).await, expected);
}

#[tokio::test]
async fn a_source_that_comes_late_is_told_apart_where_there_is_room() {
    let tables = Tables::with_tenant(&a_tenant()).await;
    let ended = day("2026-11-20");
    store(&tables.store, &[from("google", 0, "2026-11-20T12:00:00Z")]).await;
    let night = Night::new(tables.store.clone());
    night.run("2026-11-21T00:10:00Z").await;
    let marked_at = at("2026-11-21T08:00:00Z");
    tables.store.mark_dirty_days(&a_tenant(), &(ended..=ended), marked_at).await.unwrap();
    store(&tables.store, &[from("fair", 0, "2026-11-20T13:00:00Z")]).await;
    night.run("2026-11-22T00:10:00Z").await;
    let expected = [("fair".to_owned(), (0, 1)), ("google".to_owned(), (1, 1))];
    assert_eq!(by_source(&tables.store, ended).await, expected.into());
}
