//! What a page of a search costs, in read units counted by the tables: the same whether a term
//! leads to 1,000 homes or to 100,000, because it depends on the size of the page alone.
#![allow(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test that cannot go on has failed"
)]

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use domain::{
    event::{EventId, Sealed},
    family::Member,
    fold::fold,
    home::HomeId,
    identity::Kind,
    lead::{Home, Lead},
    profile::{Field, FieldValue},
    search::Token,
    stage::Stage,
    time::Timestamp,
};
use dynamo::{ChangedLead, Commit, Standing, Store, keys};
use testing::{Meter, Reading, Tables, a_tenant, an_event, home_of};

type Item = HashMap<String, AttributeValue>;

fn text(text: impl Into<String>) -> AttributeValue {
    AttributeValue::S(text.into())
}

fn token() -> Token {
    Token::from_digest(&[7; 32])
}

fn id(number: u32) -> HomeId {
    // An odd factor makes each number another one, spread like the digests that ids are.
    let spread = u128::from(number + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835);
    HomeId::from_bytes(spread.to_be_bytes())
}

async fn stored(tables: &Tables, key: keys::Key) -> Item {
    let read = tables.client.get_item().table_name(tables.leads_table());
    let read = read.key("pk", text(key.pk)).key("sk", text(key.sk)).send().await.unwrap();
    read.item.unwrap()
}

/// The items of a home and of its lead as the store writes them, each of some 1,000 bytes.
async fn templates(tables: &Tables) -> (Item, Item) {
    let home = home_of(Kind::UserId, "u1");
    let mut kept = Home { has_events: true, ..Home::new(home) };
    for name in ["company", "email", "first_name", "last_name", "phone", "title"] {
        let value = FieldValue::Sealed(Sealed("c2VhbGVk".repeat(9)));
        let timestamp = Timestamp::from_millis(1_768_478_400_000).unwrap();
        let event_id = EventId::from_sender(&"e".repeat(36)).unwrap();
        kept.profile.declare(name, Field { value, timestamp, event_id });
    }
    let seen = (0..12).map(|n| an_event(format!("{n:036}")).seconds_later(n).event());
    let lead = Lead {
        survivor: home,
        version: 1,
        members: vec![Member { home, has_events: true }],
        identity_limit: false,
        state: fold(&testing::rules(), seen),
        crossing: None,
        erased: None,
        archived: None,
    };
    let standing = Standing { score: 60, stage: Stage::Hot };
    let leads = vec![ChangedLead { lead, read_version: None, standing }];
    let commit = Commit { homes: vec![kept], leads, ..Commit::default() };
    tables.store.commit(&a_tenant(), &commit).await.unwrap();
    let home_key = keys::home(&a_tenant(), home.id);
    (stored(tables, home_key).await, stored(tables, keys::lead(&a_tenant(), home.id)).await)
}

/// Adds leads that the term leads to.
fn add(tables: &Tables, (home, lead): &(Item, Item), numbers: std::ops::Range<u32>) {
    let (mut leads, mut entries) = (Vec::new(), Vec::new());
    for number in numbers {
        let (tenant, id) = (a_tenant(), id(number));
        let partition = text(keys::home_partition(&tenant, id));
        let (mut home, mut lead) = (home.clone(), lead.clone());
        home.insert("pk".to_owned(), partition.clone());
        home.insert("survivor".to_owned(), text(id.to_string()));
        lead.insert("pk".to_owned(), partition);
        let members = [(id.to_string(), text("user_id"))];
        lead.insert("homes".to_owned(), AttributeValue::M(members.into()));
        let entry = [
            ("pk".to_owned(), text(keys::term_partition(&tenant, token()))),
            ("sk".to_owned(), text(id.to_string())),
        ];
        leads.extend([home, lead]);
        entries.push(entry.into());
    }
    tables.load_leads_table(leads);
    tables.load_search_table(entries);
}

/// Reads a page from a place on: the entries, their homes, and the leads.
async fn page(store: &Store, meter: &Meter, after: Option<HomeId>, size: u16) -> Reading {
    meter.take();
    let tenant = a_tenant();
    let found = store.homes_by_token(&tenant, &token(), after, size).await.unwrap();
    assert_eq!(found.len(), usize::from(size));
    let homes = store.many_homes(&tenant, found.into_iter().collect()).await.unwrap();
    let survivors = homes.values().map(|home| home.survivor.id).collect();
    assert_eq!(store.many_leads(&tenant, survivors).await.unwrap().len(), usize::from(size));
    meter.take()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_costs_the_same_at_a_thousand_leads_and_at_a_hundred_thousand() {
    let tables = Tables::with_tenant(&a_tenant()).await;
    let templates = templates(&tables).await;
    let meter = Meter::default();
    let store = tables.with_meter(&meter);
    let mut before: Option<Vec<Reading>> = None;
    for numbers in [0..1_000, 1_000..100_000] {
        add(&tables, &templates, numbers);
        let middle = Some(HomeId::from_bytes([0x80; 16]));
        let mut readings = Vec::new();
        for (after, size, calls, most) in [
            (None, 50, 3, 110.0),
            (middle, 50, 3, 110.0),
            (None, 250, 7, 520.0),
            (middle, 250, 7, 520.0),
        ] {
            let reading = page(&store, &meter, after, size).await;
            println!("{size} leads: {reading:?}");
            assert!(reading.calls <= calls && reading.read_units <= most, "{reading:?}");
            readings.push(reading);
        }
        assert!(
            before.as_ref().is_none_or(|before| *before == readings),
            "{before:?} {readings:?}"
        );
        before = Some(readings);
    }
}
