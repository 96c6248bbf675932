//! The step after the commit: leads are found by what their events say, and what says nothing of
//! the kind costs nothing.
#![allow(clippy::panic, clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use aws_lambda_events::sqs::{SqsEvent, SqsMessage};
use domain::{event::Arrival, home::HomeId, identity::Kind, tenant::TenantId, time::Timestamp};
use dynamo::Store;
use lambda::keyrings::{KeyringError, Keyrings};
use queue::{EventsMessage, SendError};
use score::{Needs, StrayEvent, Strays, handle};
use scoring::Scorer;
use search::{Indexer, term};
use testing::{EventBuilder, Fault, Faults, Tables, a_tenant, an_event, home_of, keyring};
use vault::Keyring;

/// Hands out the keys of the test tenant, or fails, and counts how often.
#[derive(Clone, Default)]
struct Keys {
    asked: Arc<AtomicUsize>,
    missing: bool,
}

impl Keyrings for Keys {
    async fn keyring(&self, tenant: &TenantId) -> Result<Arc<Keyring>, KeyringError> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        if self.missing {
            return Err(KeyringError::NoTenant(tenant.clone()));
        }
        Ok(Arc::new(keyring()))
    }
}

struct NoStrays;

impl Strays for NoStrays {
    async fn keep(&self, strays: &[StrayEvent]) -> Result<(), SendError> {
        panic!("no event of these tests is stray, but {} were", strays.len());
    }
}

/// A sign-up that tells a first name.
fn named(id: &str, name: &str) -> Arrival {
    let mut arrival = event(id).of_type("signup").arrival();
    let sealed = keyring().seal_for_transit(arrival.event.home.id, "first_name", name).unwrap();
    arrival.personal.insert("first_name".to_owned(), sealed);
    arrival
}

fn event(id: &str) -> EventBuilder {
    an_event(id).by(Kind::UserId, "u1").by(Kind::AnonymousId, "c1")
}

fn user() -> HomeId {
    home_of(Kind::UserId, "u1").id
}

/// Handles a message of events once, and tells whether it was done.
async fn is_done(store: Store, index_store: Store, keys: &Keys, events: Vec<Arrival>) -> bool {
    let now: Timestamp = "2026-01-02T12:00:00Z".parse().unwrap();
    let home = events.first().unwrap().event.home;
    let body = EventsMessage { tenant: a_tenant(), home, events };
    let mut message = SqsMessage::default();
    message.message_id = Some("m1".to_owned());
    message.attributes.insert("MessageGroupId".to_owned(), body.group_id());
    message.body = Some(serde_json::to_string(&body).unwrap());
    let mut batch = SqsEvent::default();
    batch.records = vec![message];
    let (scorer, finder) = (Scorer::new(store), Indexer::new(index_store));
    let needs = Needs { scorer: &scorer, keyrings: keys, finder: &finder, strays: &NoStrays };
    handle(&needs, batch, now).await.is_ok()
}

async fn found(tables: &Tables, text: &str) -> Vec<HomeId> {
    let token = term(&keyring(), text);
    tables.store.homes_by_token(&a_tenant(), &token, None, 10).await.unwrap()
}

#[tokio::test]
async fn a_lead_is_found_by_the_name_of_its_last_event() {
    let (tables, keys) = (Tables::with_tenant(&a_tenant()).await, Keys::default());
    let both = || (tables.store.clone(), tables.store.clone());
    for (number, name) in ["Ana", "Beatriz"].into_iter().enumerate() {
        let mut arrival = named(&format!("e{number}"), name);
        arrival.event.timestamp =
            arrival.event.timestamp.plus_millis(i64::try_from(number).unwrap());
        let (store, index) = both();
        assert!(is_done(store, index, &keys, vec![arrival]).await);
    }
    assert_eq!((found(&tables, "bea").await, found(&tables, "ana").await), (vec![user()], vec![]));
}

#[tokio::test]
async fn an_ordinary_event_makes_no_call_for_the_index() {
    let (tables, keys) = (Tables::with_tenant(&a_tenant()).await, Keys::default());
    let faults = Faults::by_call(|_| Fault::None);
    let ordinary = event("e1").declaring("title", "CTO").arrival();
    let index = tables.with_faults(&faults);
    assert!(is_done(tables.store.clone(), index, &keys, vec![ordinary]).await);
    assert_eq!((faults.calls(), keys.asked.load(Ordering::Relaxed)), (0, 1));
}

#[tokio::test]
async fn a_message_whose_leads_cannot_be_found_comes_again_and_makes_up_for_it() {
    let tables = Tables::with_tenant(&a_tenant()).await;
    let broken = tables.with_faults(&Faults::by_call(|_| Fault::NotSent));
    let missing = Keys { missing: true, ..Keys::default() };
    for (index, keys, scored) in
        [(tables.store.clone(), missing, None), (broken, Keys::default(), Some(1))]
    {
        let events = vec![named("e1", "Ana")];
        assert!(!is_done(tables.store.clone(), index, &keys, events).await);
        let lead = tables.store.lead(&a_tenant(), user()).await.unwrap();
        assert_eq!(lead.map(|lead| lead.state.events), scored, "without the index, not the keys");
    }
    assert_eq!(found(&tables, "ana").await, []);
    let (store, index) = (tables.store.clone(), tables.store.clone());
    assert!(is_done(store, index, &Keys::default(), vec![named("e1", "Ana")]).await);
    assert_eq!(found(&tables, "ana").await, [user()]);
}

#[tokio::test]
async fn a_company_that_an_event_names_is_listed() {
    let (tables, keys) = (Tables::with_tenant(&a_tenant()).await, Keys::default());
    let arrival = event("e1").declaring("company", "Acme Inc").arrival();
    let (store, index) = (tables.store.clone(), tables.store.clone());
    assert!(is_done(store, index, &keys, vec![arrival]).await);
    let page = tables.store.companies(&a_tenant(), "", None, 10).await.unwrap();
    let names: Vec<_> = page.companies.into_iter().map(|(_, kept)| kept.company.name).collect();
    assert_eq!(names, ["Acme Inc"]);
}
