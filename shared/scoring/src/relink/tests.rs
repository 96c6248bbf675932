//! What a change of families does when somebody changes a home between its reads.

use domain::{event::Arrival, fold::fold, identity::Kind};
use dynamo::SettingsCache;
use shelf::Shelf;
use testing::{Tables, a_tenant, an_event, home_of, keyring, rules};

use super::*;
use crate::{Scorer, snapshot::Snapshot};

const ADDRESS: &str = "ana@example.com";

fn x() -> HomeRef {
    home_of(Kind::UserId, "x")
}

fn address() -> HomeRef {
    home_of(Kind::Email, ADDRESS)
}

fn now() -> domain::time::Timestamp {
    "2026-01-15T12:00:00Z".parse().unwrap()
}

/// A user with an address that has no events of its own yet.
async fn one_lead() -> (Tables, Scorer) {
    let tables = Tables::with_tenant(&a_tenant()).await;
    let scorer = Scorer::new(tables.store.clone());
    let known = an_event("1").by(Kind::UserId, "x").by(Kind::Email, ADDRESS).arrival();
    scorer.score(&keyring(), x().id, vec![known], now()).await.unwrap();
    (tables, scorer)
}

/// An event that brings the user a cookie.
fn with_cookie(id: &str, cookie: &str) -> Arrival {
    an_event(id).by(Kind::UserId, "x").by(Kind::AnonymousId, cookie).seconds_later(9).arrival()
}

/// Reads homes, lets somebody else commit an event, and then reads leads.
async fn torn(tables: &Tables, scorer: &Scorer, arrival: &Arrival, other: Arrival) -> Snapshot {
    let (store, tenant) = (&tables.store, a_tenant());
    let links = arrival.event.links.iter().flat_map(|link| [link.from, link.to]);
    let named: Vec<HomeRef> = links.chain([x(), address()]).collect();
    let ids = named.iter().map(|home| home.id);
    let mut snapshot = Snapshot::of_homes(store, &tenant, ids).await.unwrap();
    for home in named {
        snapshot.homes.entry(home.id).or_insert_with(|| Home::new(home));
    }
    scorer.score(&keyring(), other.event.home.id, vec![other], now()).await.unwrap();
    snapshot.read_leads(store, &tenant, [x().id]).await.unwrap();
    snapshot
}

#[tokio::test]
async fn a_home_that_changed_before_its_lead_was_read_is_read_again() {
    let (tables, scorer) = one_lead().await;
    let store = &tables.store;
    let settings = SettingsCache::default().get(store, &a_tenant()).await.unwrap();
    let shelf = Shelf::from(store.clone());
    let context = Context {
        store,
        shelf: &shelf,
        tenant: &a_tenant(),
        settings: &settings,
        now: now(),
        audit: None,
    };
    let firsts = [
        an_event("2").by(Kind::Email, ADDRESS).arrival(),
        an_event("3").by(Kind::Email, ADDRESS).by(Kind::UserId, "y").arrival(),
    ];
    for (cookie, first) in ["a1", "a2"].into_iter().zip(firsts) {
        let arrival = with_cookie(cookie, cookie);
        let mut snapshot = torn(&tables, &scorer, &arrival, first).await;
        snapshot.declare(&arrival).unwrap();
        let planned = plan(context, x(), vec![arrival.event.clone()], snapshot).await.unwrap();
        assert!(matches!(planned, Plan::Unsettled), "{planned:?}");
        scorer.score(&keyring(), x().id, vec![arrival], now()).await.unwrap();
    }
    let lead = store.lead(&a_tenant(), x().id).await.unwrap().unwrap();
    let with_events = lead.members.iter().filter(|member| member.has_events).count();
    assert_eq!((lead.members.len(), with_events), (5, 3));
    let homes = domain::archived::EventHomes::of(&lead).unwrap();
    let events = store.foldable_events(&a_tenant(), homes).await.unwrap();
    assert_eq!((events.len(), lead.state), (5, fold(&rules(), events)));
}

#[tokio::test]
async fn events_that_a_lead_does_not_know_of_are_folded_when_its_family_changes() {
    let (tables, scorer) = one_lead().await;
    scorer
        .score(
            &keyring(),
            address().id,
            vec![an_event("2").by(Kind::Email, ADDRESS).arrival()],
            now(),
        )
        .await
        .unwrap();
    // As one wrote it who knew no better.
    let (store, tenant) = (&tables.store, a_tenant());
    let mut lead = store.lead(&tenant, x().id).await.unwrap().unwrap();
    let read_version = Some(lead.version);
    for member in lead.members.iter_mut().filter(|member| member.home == address()) {
        member.has_events = false;
    }
    lead.version += 1;
    lead.state = fold(&rules(), [an_event("1").by(Kind::UserId, "x").arrival().event]);
    let standing = dynamo::Standing { score: 0, stage: domain::stage::Stage::Cold };
    let damaged = ChangedLead { lead, read_version, standing };
    let commit = Commit { leads: vec![damaged], ..Commit::default() };
    store.commit(&tenant, &commit).await.unwrap();

    let arrival = with_cookie("3", "a1");
    scorer.score(&keyring(), x().id, vec![arrival], now()).await.unwrap();
    assert_eq!(store.lead(&tenant, x().id).await.unwrap().unwrap().state.events, 3);
}
