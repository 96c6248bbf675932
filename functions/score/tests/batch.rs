//! The handler with batches as the queue delivers them.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex},
};

use aws_lambda_events::sqs::SqsEvent;
use domain::{home::HomeId, points::Points, tenant::TenantId, time::Timestamp};
use lambda::keyrings::{KeyringError, Keyrings};
use queue::SendError;
use score::{Finder, Needs, StrayEvent, Strays, handle};
use scoring::Scorer;
use search::IndexError;
use testing::{Tables, a_tenant, keyring};
use vault::Keyring;

const ONE_PERSON: &str = include_str!("../../../events/sqs/events-of-one-person.json");
const MALFORMED: &str = include_str!("../../../events/sqs/events-with-a-malformed-message.json");
const UNKNOWN_LEAD: &str = include_str!("../../../events/sqs/events-for-an-unknown-lead.json");

#[derive(Default)]
struct Kept(Mutex<Vec<StrayEvent>>);

impl Strays for Kept {
    async fn keep(&self, strays: &[StrayEvent]) -> Result<(), SendError> {
        self.0.lock().unwrap().extend_from_slice(strays);
        Ok(())
    }
}

/// How leads are found is not what these tests are about.
struct NoIndex;

impl Finder for NoIndex {
    async fn refresh(&self, _: &Keyring, _: BTreeSet<HomeId>) -> Result<(), IndexError> {
        Ok(())
    }
}

struct Keys;

impl Keyrings for Keys {
    async fn keyring(&self, _: &TenantId) -> Result<Arc<Keyring>, KeyringError> {
        Ok(Arc::new(keyring()))
    }
}

fn now() -> Timestamp {
    "2026-01-15T13:00:00Z".parse().unwrap()
}

fn lead_id() -> HomeId {
    "lead_5beiexgvm3fyfbysxs6stwaya4".parse().unwrap()
}

/// Handles a batch and returns the ids of the messages that are to come again.
async fn again(tables: &Tables, strays: &Kept, batch: &str) -> Vec<String> {
    let scorer = Scorer::new(tables.store.clone());
    let batch: SqsEvent = serde_json::from_str(batch).unwrap();
    let needs = Needs { scorer: &scorer, keyrings: &Keys, finder: &NoIndex, strays };
    let response = handle(&needs, batch, now()).await.unwrap();
    let failures = response.batch_item_failures.into_iter();
    let mut again: Vec<String> = failures.map(|failure| failure.item_identifier).collect();
    again.sort();
    again
}

#[test]
fn a_message_holds_what_one_commit_takes() {
    assert_eq!(queue::MAX_EVENTS, scoring::MAX_EVENTS);
}

#[tokio::test]
async fn messages_of_one_person_become_one_lead_however_often_they_come() {
    let tables = Tables::with_tenant(&a_tenant()).await;
    for _ in 0..3 {
        assert!(again(&tables, &Kept::default(), ONE_PERSON).await.is_empty());
        let lead = tables.store.lead(&a_tenant(), lead_id()).await.unwrap().unwrap();
        // A sign-up, 30, and two page views, 5 each.
        assert_eq!((lead.state.events, lead.state.points()), (3, Points::whole(40)));
    }
}

#[tokio::test]
async fn a_malformed_message_comes_again_alone() {
    let tables = Tables::with_tenant(&a_tenant()).await;
    assert_eq!(again(&tables, &Kept::default(), MALFORMED).await, ["m2"]);
    let lead = tables.store.lead(&a_tenant(), lead_id()).await.unwrap().unwrap();
    assert_eq!(lead.state.events, 2);
    let other = "lead_p4ja6omyyr7o7svc4uvchylsqe".parse().unwrap();
    assert!(tables.store.lead(&a_tenant(), other).await.unwrap().is_some());
}

#[tokio::test]
async fn an_event_for_an_unknown_lead_is_set_aside_with_its_reason() {
    let (tables, strays) = (Tables::with_tenant(&a_tenant()).await, Kept::default());
    assert!(again(&tables, &strays, UNKNOWN_LEAD).await.is_empty());
    let kept = strays.0.lock().unwrap().clone();
    let codes: Vec<_> = kept.iter().map(|stray| stray.code).collect();
    assert_eq!(codes, ["unknown_lead"]);
    assert!(tables.store.lead(&a_tenant(), lead_id()).await.unwrap().is_none());
}

#[tokio::test]
async fn an_event_by_lead_id_goes_to_the_home_that_exists() {
    let (tables, strays) = (Tables::with_tenant(&a_tenant()).await, Kept::default());
    again(&tables, &strays, ONE_PERSON).await;
    let by_lead_id = UNKNOWN_LEAD.replace("\\\"e1\\\"", "\\\"e9\\\"");
    assert!(again(&tables, &strays, &by_lead_id).await.is_empty());
    assert!(strays.0.lock().unwrap().is_empty());
    let lead = tables.store.lead(&a_tenant(), lead_id()).await.unwrap().unwrap();
    assert_eq!(lead.state.events, 4);
}

#[tokio::test]
async fn a_batch_of_which_nothing_is_scored_fails_the_invocation() {
    let tables = Tables::start().await;
    let batch: SqsEvent = serde_json::from_str(ONE_PERSON).unwrap();
    // Nobody made the tenant.
    let scorer = Scorer::new(tables.store.clone());
    let strays = &Kept::default();
    let needs = Needs { scorer: &scorer, keyrings: &Keys, finder: &NoIndex, strays };
    let handled = handle(&needs, batch, now()).await;
    assert!(handled.is_err());
}
