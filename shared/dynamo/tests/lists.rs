//! What a page of each list costs, in read units counted by the tables: the same at 10,000 leads of
//! a tenant and at 100,000, because it depends on the size of the page alone.
#![allow(
    clippy::cast_precision_loss,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test that cannot go on has failed"
)]

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use domain::{
    actor::Actor,
    edit::{Choice, Edit},
    family::Member,
    fold::fold,
    home::HomeId,
    identity::Kind,
    lead::Lead,
    stage::{Stage, Thresholds},
    time::{DAY_MS, Timestamp},
    user::UserId,
};
use dynamo::{ChangedLead, Commit, ListKey, ListPlace, ScorePlace, Standing, Store, keys};
use testing::{Meter, Reading, Tables, a_tenant, an_event, home_of};

type Item = HashMap<String, AttributeValue>;

/// How many leads each user works, of a hundred thousand.
const OWNERS: u32 = 20;

const THRESHOLDS: Thresholds = Thresholds { warm: 30, hot: 60, qualified: 100 };

fn text(text: impl Into<String>) -> AttributeValue {
    AttributeValue::S(text.into())
}

fn number(number: impl std::fmt::Display) -> AttributeValue {
    AttributeValue::N(number.to_string())
}

fn owner(number: u32) -> UserId {
    format!("user_019a0b3c-4d5e-7f60-8a1b-{:012x}", number % OWNERS).parse().unwrap()
}

fn id(number: u32) -> HomeId {
    // An odd factor makes each number another one, spread like the digests that ids are.
    let spread = u128::from(number + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835);
    HomeId::from_bytes(spread.to_be_bytes())
}

/// Leads came one a minute.
fn created_at(number: u32) -> Timestamp {
    let first: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
    first.plus_millis(i64::from(number) * 60_000)
}

/// They were active once more within ninety days.
fn last_event_at(number: u32) -> Timestamp {
    created_at(number).plus_millis(i64::from(number % 90) * DAY_MS)
}

/// A lead's item as the store writes it, of some 900 bytes.
async fn template(tables: &Tables) -> Item {
    let home = home_of(Kind::UserId, "u1");
    let rules = testing::rules();
    let edit = Edit { assigned_to: Some(Choice::Set(owner(0))), ..Edit::by(Actor::System) };
    let seen = (0..12).map(|n| an_event(format!("{n:036}")).seconds_later(n).event());
    let state = fold(&rules, seen.chain([an_event("edit").editing(edit).event()]));
    let lead = Lead {
        survivor: home,
        version: 1,
        members: vec![Member { home, has_events: true }],
        identity_limit: false,
        state,
        crossing: None,
        erased: None,
        archived: None,
    };
    let standing = Standing { score: 60, stage: Stage::Hot };
    let leads = vec![ChangedLead { lead, read_version: None, standing }];
    tables.store.commit(&a_tenant(), &Commit { leads, ..Commit::default() }).await.unwrap();
    let key = keys::lead(&a_tenant(), home.id);
    let read = tables.client.get_item().table_name(tables.leads_table());
    let read = read.key("pk", text(key.pk)).key("sk", text(key.sk)).send().await.unwrap();
    read.item.unwrap()
}

/// Another lead's item.
fn item(template: &Item, lead: u32) -> Item {
    let (tenant, id) = (a_tenant(), id(lead));
    let score = i64::from(lead) % 140;
    let stage = THRESHOLDS.stage(score);
    let shard = keys::list_shard(id);
    let created = keys::created_rank(created_at(lead), id);
    let active = last_event_at(lead);
    let mut item = template.clone();
    item.extend([
        ("pk".to_owned(), text(keys::lead(&tenant, id).pk)),
        ("homes".to_owned(), AttributeValue::M([(id.to_string(), text("user_id"))].into())),
        ("first_seen_at".to_owned(), number(created_at(lead).millis())),
        ("last_event_at".to_owned(), number(active.millis())),
        ("assigned_to".to_owned(), text(owner(lead).as_str())),
        ("score".to_owned(), number(score)),
        ("stage".to_owned(), text(stage.as_str())),
        ("by_score_pk".to_owned(), text(keys::score_partition(&tenant, stage, shard))),
        ("by_score_sk".to_owned(), text(keys::score_rank(score, id))),
        ("by_owner_pk".to_owned(), text(keys::owner_partition(&tenant, &owner(lead)))),
        ("by_owner_sk".to_owned(), text(created.clone())),
        ("by_created_pk".to_owned(), text(keys::created_partition(&tenant, shard))),
        ("by_created_sk".to_owned(), text(created)),
        ("by_activity_pk".to_owned(), text(keys::activity_partition(&tenant, shard))),
        ("by_activity_sk".to_owned(), text(keys::activity_rank(active.day(), id))),
    ]);
    item
}

fn add(tables: &Tables, template: &Item, leads: std::ops::Range<u32>) {
    tables.load_leads_table(leads.map(|lead| item(template, lead)));
}

/// What the pages of one list took.
#[derive(Debug, PartialEq)]
struct Cost {
    list: &'static str,
    leads: u16,
    first: Reading,
    middle: Reading,
}

/// Reads a page from the beginning and one from the middle of each list.
async fn costs(store: &Store, meter: &Meter, leads: u32) -> Vec<Cost> {
    let mut costs = Vec::new();
    let (someone, middle) = (owner(0), created_at(leads / 2));
    let place = |rank: String| ListPlace::try_from(rank).unwrap();
    let created = place(keys::created_rank(middle, id(0)));
    for (list, key, place) in [
        ("by_owner", ListKey::Owner(&someone), &created),
        ("by_created", ListKey::Created { from: None, to: None }, &created),
        (
            "by_activity",
            ListKey::Activity { from: None, to: None },
            &place(keys::activity_rank(last_event_at(leads / 2).day(), id(0))),
        ),
    ] {
        for size in [50, 250] {
            let page = async |after: Option<&ListPlace>| {
                meter.take();
                let page = store.leads_by(&a_tenant(), key, after, size).await.unwrap();
                assert_eq!((page.entries.len(), page.more), (size.into(), true), "{list}");
                meter.take()
            };
            let (first, middle) = (page(None).await, page(Some(place)).await);
            costs.push(Cost { list, leads: size, first, middle });
        }
    }
    for size in [50, 250] {
        let page = async |after: Option<ScorePlace>| {
            meter.take();
            let page = store.leads_by_score(&a_tenant(), Stage::Hot, after, size).await.unwrap();
            assert_eq!(page.len(), usize::from(size), "by_score");
            meter.take()
        };
        let place = ScorePlace { score: 80, lead: id(0) };
        let (first, middle) = (page(None).await, page(Some(place)).await);
        costs.push(Cost { list: "by_score", leads: size, first, middle });
    }
    costs
}

/// The most that a page may take: calls and read units. Keys take half a unit for 4 KB, which are
/// some 30 of them; a lead takes half a unit, or less of it with the index that holds it whole.
fn most(cost: &Cost) -> (usize, f64) {
    match (cost.list, cost.leads) {
        ("by_score", 50) => (4, 24.0),
        ("by_score", _) => (4, 106.0),
        ("by_owner", 50) => (2, 28.0),
        ("by_owner", _) => (4, 135.0),
        (_, 50) => (5, 32.0),
        _ => (7, 146.0),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_costs_the_same_at_ten_thousand_leads_and_at_a_hundred_thousand() {
    let tables = Tables::with_tenant(&a_tenant()).await;
    let template = template(&tables).await;
    let meter = Meter::default();
    let store = tables.with_meter(&meter);
    add(&tables, &template, 0..10_000);
    let few = costs(&store, &meter, 10_000).await;
    add(&tables, &template, 10_000..100_000);
    let many = costs(&store, &meter, 100_000).await;
    for (few, many) in few.iter().zip(&many) {
        println!("{many:?}");
        for (few, many) in [(few.first, many.first), (few.middle, many.middle)] {
            assert_eq!(few.calls, many.calls, "{few:?} {many:?}");
            // An index may split the same keys among its shards by one or two more in one.
            let change = (many.read_units - few.read_units).abs();
            assert!(change <= 2.0, "it grows: {few:?} {many:?}");
        }
        let (calls, read_units) = most(many);
        for read in [many.first, many.middle] {
            assert!(
                read.calls <= calls && read.read_units <= read_units,
                "a page of {list} takes at most {calls} calls and {read_units} units: {many:?}",
                list = many.list,
            );
        }
    }
}
