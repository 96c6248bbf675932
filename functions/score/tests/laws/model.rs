//! What the tables must hold, computed from the set of events alone, and what they do hold.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_dynamodb::types::AttributeValue;
use domain::{
    erasure::Erased,
    event::{Arrival, Event, Sealed},
    family::{IdentitySettings, Member, partition},
    fold::fold,
    home::{HomeId, HomeRef},
    lead::Home,
    link::Links,
    profile::{Edits, Profile},
    rules::Rules,
    stage::Stage,
    state::State,
    time::Timestamp,
    view::view,
};
use dynamo::ListedLead;
use testing::{Tables, a_tenant, opened, rules};

/// What a lead shows of itself.
#[derive(Clone, Debug, PartialEq)]
pub struct LeadSeen {
    pub members: Vec<Member>,
    identity_limit: bool,
    pub state: State,
    listed_score: i64,
    listed_stage: Stage,
    pub erased: Option<Timestamp>,
}

/// What a home shows of itself.
#[derive(Clone, Debug, PartialEq)]
pub struct HomeSeen {
    pub survivor: HomeRef,
    has_events: bool,
    carried: bool,
    identity: Option<Sealed>,
    links: Links,
    profile: Profile,
    edits: Edits,
    erased: Option<Erased>,
}

/// All leads and homes of the tenant, by id.
#[derive(Clone, Debug, PartialEq)]
pub struct Seen {
    pub leads: BTreeMap<HomeId, LeadSeen>,
    homes: BTreeMap<HomeId, HomeSeen>,
    pub events: usize,
}

impl Seen {
    pub fn home_mut(&mut self, id: HomeId) -> &mut HomeSeen {
        self.homes.get_mut(&id).unwrap()
    }
}

/// Computes what a set of events gives under the default rules.
pub fn expected(arrivals: &[Arrival], now: Timestamp) -> Seen {
    expected_under(&rules(), arrivals, now)
}

/// Computes what a set of events gives under some rules.
pub fn expected_under(rules: &Rules, arrivals: &[Arrival], now: Timestamp) -> Seen {
    expected_among(rules, arrivals, &BTreeMap::new(), now)
}

/// Computes what a set of events gives for those who live; some homes are tombstones.
pub fn expected_among(
    rules: &Rules,
    arrivals: &[Arrival],
    graves: &BTreeMap<HomeId, Erased>,
    now: Timestamp,
) -> Seen {
    let mut homes: BTreeMap<HomeId, Home> = BTreeMap::new();
    for arrival in arrivals {
        let event = &arrival.event;
        let links = event.links.iter().flat_map(|link| [link.from, link.to]);
        for home in links.chain([event.home]) {
            homes.entry(home.id).or_insert_with(|| Home::new(home));
        }
        let home = homes.get_mut(&event.home.id).unwrap();
        home.has_events = true;
        home.carried = true;
        home.profile.declare_all(arrival);
        home.edits.take_in(arrival);
        for (id, identity) in &arrival.identities {
            homes.get_mut(id).unwrap().identity = Some(identity.clone());
        }
        for (from, link) in event.recorded_links() {
            let from = homes.get_mut(&from.id).unwrap();
            from.carried |= link.role == domain::link::Role::Carried;
            from.links.record(link);
        }
    }
    for (id, erased) in graves {
        let home = homes.get_mut(id).unwrap();
        *home = home.clone().into_tombstone(*erased);
    }
    let all: Vec<Home> = homes.values().cloned().collect();
    let parts = partition(&all, IdentitySettings::default());
    assert!(parts.missing.is_empty());
    let mut leads = BTreeMap::new();
    for family in parts.families {
        let ids: BTreeSet<HomeId> = family.members.iter().map(|member| member.home.id).collect();
        for id in &ids {
            homes.get_mut(id).unwrap().survivor = family.survivor;
        }
        let events: Vec<Event> = arrivals
            .iter()
            .filter(|arrival| ids.contains(&arrival.event.home.id))
            .map(|arrival| arrival.event.clone())
            .collect();
        if events.is_empty() {
            continue;
        }
        let state = fold(rules, events);
        let shown = view(&state, rules, now);
        let lead = LeadSeen {
            members: family.members,
            identity_limit: family.identity_limit,
            state,
            listed_score: shown.score,
            listed_stage: shown.stage,
            erased: None,
        };
        leads.insert(family.survivor.id, lead);
    }
    let homes = homes.iter().map(|(id, home)| (*id, home_seen(home))).collect();
    Seen { leads, homes, events: arrivals.len() }
}

fn home_seen(home: &Home) -> HomeSeen {
    let Home { survivor, has_events, carried, identity, links, profile, edits, erased, .. } =
        opened(home);
    HomeSeen { survivor, has_events, carried, identity, links, profile, edits, erased }
}

/// Reads what the tables hold, listed by the default rules.
pub async fn stored(tables: &Tables, now: Timestamp) -> Seen {
    stored_under(&rules(), tables, now).await
}

/// Reads what the tables hold, listed by some rules.
pub async fn stored_under(rules: &Rules, tables: &Tables, now: Timestamp) -> Seen {
    let mut homes = BTreeMap::new();
    for id in ids(tables, "home").await {
        let home = tables.store.homes(&a_tenant(), [id]).await.unwrap().remove(&id).unwrap();
        assert!(home.key.is_some() || home.is_tombstone());
        homes.insert(id, home_seen(&home));
    }
    let mut by_score = BTreeMap::new();
    for stage in Stage::ALL {
        for listed in tables.store.leads_by_score(&a_tenant(), stage, None, 1_000).await.unwrap() {
            by_score.insert(listed.lead.survivor.id, listed);
        }
    }
    let mut leads = BTreeMap::new();
    for id in ids(tables, "lead").await {
        let listed = tables.store.listed_lead(&a_tenant(), id).await.unwrap().unwrap();
        assert!(listed.is_placed);
        let in_index = by_score.remove(&id);
        let is_there = !listed.lead.is_deleted();
        assert_eq!(in_index, is_there.then(|| listed.clone()), "the index follows the table");
        let ListedLead { lead, standing, .. } = listed;
        let shown = view(&lead.state, rules, now);
        if lead.erased.is_none() {
            assert_eq!((standing.score, standing.stage), (shown.score, shown.stage));
        }
        let seen = LeadSeen {
            members: lead.members,
            identity_limit: lead.identity_limit,
            state: lead.state,
            listed_score: shown.score,
            listed_stage: shown.stage,
            erased: lead.erased,
        };
        leads.insert(id, seen);
    }
    assert!(by_score.is_empty(), "{by_score:?}");
    let events = tables.client.scan().table_name(tables.events_table()).send().await.unwrap();
    Seen { leads, homes, events: events.items().len() }
}

async fn ids(tables: &Tables, sort_key: &str) -> Vec<HomeId> {
    let answer = tables
        .client
        .scan()
        .table_name(tables.leads_table())
        .filter_expression("sk = :sk")
        .expression_attribute_values(":sk", AttributeValue::S(sort_key.to_owned()))
        .send()
        .await
        .unwrap();
    let id = |item: &std::collections::HashMap<String, AttributeValue>| {
        let pk = item["pk"].as_s().unwrap().clone();
        pk.split_once('#').unwrap().1.parse().unwrap()
    };
    let mut ids: Vec<HomeId> = answer.items().iter().map(id).collect();
    ids.sort();
    ids
}
