//! Edits and creations by hand on a real store: each is stored once and audited once, whatever
//! fails and whoever races, and what is kept is what the fold of all stored events says.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that cannot go on has failed"
)]

mod changes;
mod creation;
mod days;
mod deletion;
mod flood;
mod laws;
mod refusals;

use std::{
    collections::{BTreeMap, BTreeSet},
    convert::Infallible,
};

use domain::{
    actor::Actor,
    audit::AuditEntry,
    edit::Edit,
    event::{Arrival, Event, Sealed},
    fold::fold,
    home::HomeId,
    identity::Kind,
    lead::Lead,
    profile::Edits,
    stage::Stage,
    time::Timestamp,
};
use dynamo::{AuditRange, ListKey};
use scoring::{EditError, Edited, Expected, Scorer};
use testing::{EventBuilder, Tables, a_tenant, an_event, home_of, keyring, opened, rules};

fn now() -> Timestamp {
    "2026-03-10T12:00:00Z".parse().unwrap()
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}

fn user(value: &str) -> HomeId {
    home_of(Kind::UserId, value).id
}

fn by_hand() -> Edit {
    Edit::by(Actor::System)
}

/// An edit as somebody sends it: where and when it lies is not for them to say.
fn edit_event(id: &str, edit: Edit) -> Arrival {
    let mut arrival = an_event(id).editing(edit).arrival();
    arrival.identities.clear();
    arrival
}

fn entry(id: &str) -> AuditEntry {
    AuditEntry {
        id: format!("{:0>36}", id.replace('-', "")).chars().map(hexadecimal).collect(),
        at: now(),
        actor: Actor::System,
        action: "lead.updated".to_owned(),
        object_type: "lead".to_owned(),
        object_id: "lead_x".to_owned(),
        fields: Vec::new(),
    }
}

/// Keeps ids of entries in the form of a UUID's digits.
fn hexadecimal(letter: char) -> char {
    if letter.is_ascii_hexdigit() { letter } else { 'f' }
}

/// Makes an edit that always wants the same.
async fn change(
    scorer: &Scorer,
    lead: HomeId,
    expected: Expected,
    id: &str,
    edit: Edit,
) -> Result<Edited, EditError<Infallible>> {
    let made = |current: scoring::Current<'_>| {
        let mut arrival = edit_event(id, edit.clone());
        for (name, sealed) in &mut arrival.edited {
            *sealed = keyring().seal_for_transit(current.home.id, name, name).unwrap();
        }
        Ok(Some(arrival))
    };
    scorer.edit(&keyring(), lead, expected, Some(&entry(id)), now(), made).await
}

async fn deliver(scorer: &Scorer, events: impl IntoIterator<Item = EventBuilder>) {
    for arrival in events.into_iter().map(EventBuilder::arrival) {
        let home = arrival.event.home.id;
        scorer.score(&keyring(), home, vec![arrival], now()).await.unwrap();
    }
}

async fn lead(tables: &Tables, home: HomeId) -> Lead {
    let homes = tables.store.homes(&a_tenant(), [home]).await.unwrap();
    tables.store.lead(&a_tenant(), homes[&home].survivor.id).await.unwrap().unwrap()
}

async fn audited(tables: &Tables) -> usize {
    let (tenant, all) = (a_tenant(), AuditRange::default());
    tables.store.audit_entries(&tenant, all, None, 1_000).await.unwrap().len()
}

/// Reads all leads, each with its events, and checks that every lead and home is what its events
/// say, and lies in the lists where it belongs.
async fn checked(tables: &Tables) -> Vec<(Lead, Vec<Event>)> {
    let (store, tenant) = (&tables.store, a_tenant());
    let page = store.scan_leads(0, 1, None).await.unwrap();
    assert!(page.next.is_none());
    let mut leads = Vec::new();
    for (_, listed) in page.leads {
        let lead = listed.lead;
        let mut events = Vec::new();
        for member in lead.members.iter().map(|member| member.home.id) {
            let own = store.events(&tenant, member).await.unwrap();
            let home = store.homes(&tenant, [member]).await.unwrap().remove(&member).unwrap();
            assert_eq!((home.survivor, home.has_events), (lead.survivor, !own.is_empty()));
            assert_eq!(opened(&home).edits, edits_of(&own));
            events.extend(own);
        }
        assert_eq!(lead.state, fold(&rules(), events.clone()));
        leads.push((lead, events));
    }
    check_lists(tables, &leads).await;
    leads
}

fn edits_of(events: &[Event]) -> Edits {
    let mut edits = Edits::default();
    for event in events {
        let sealed = event.edit.iter().flat_map(|edit| &edit.set_sealed);
        let sealed = sealed.map(|name| (name.clone(), Sealed(name.clone())));
        edits.take_in(&Arrival {
            event: event.clone(),
            identities: BTreeMap::default(),
            personal: BTreeMap::default(),
            edited: sealed.collect(),
        });
    }
    edits
}

async fn check_lists(tables: &Tables, leads: &[(Lead, Vec<Event>)]) {
    let tenant = a_tenant();
    let there = |wanted: &dyn Fn(&Lead) -> bool| -> BTreeSet<HomeId> {
        let leads = leads.iter().map(|(lead, _)| lead).filter(|lead| !lead.is_deleted());
        leads.filter(|lead| wanted(lead)).map(|lead| lead.survivor.id).collect()
    };
    let listed = async |key: ListKey<'_>| -> BTreeSet<HomeId> {
        let page = tables.store.leads_by(&tenant, key, None, 1_000).await.unwrap();
        page.entries.into_iter().map(|(_, listed)| listed.lead.survivor.id).collect()
    };
    assert_eq!(listed(ListKey::Created { from: None, to: None }).await, there(&|_| true));
    let active = ListKey::Activity { from: None, to: None };
    assert_eq!(listed(active).await, there(&|lead| lead.state.events > 0));
    for (lead, _) in leads {
        let Some(owner) = &lead.state.work.assigned_to else { continue };
        let owned = there(&|lead| lead.state.work.assigned_to.as_ref() == Some(owner));
        assert_eq!(listed(ListKey::Owner(owner)).await, owned);
    }
    let mut by_score = BTreeSet::new();
    for stage in Stage::ALL {
        let listed = tables.store.leads_by_score(&tenant, stage, None, 1_000).await.unwrap();
        by_score.extend(listed.into_iter().map(|listed| listed.lead.survivor.id));
    }
    assert_eq!(by_score, there(&|_| true));
}
