//! The self-audit finds what is stored as something else than the events say, and nothing besides.

use std::{
    collections::BTreeSet,
    io,
    sync::{Arc, Mutex},
};

use aws_sdk_dynamodb::types::AttributeValue;
use domain::home::HomeId;
use dynamo::NightCounts;
use serde_json::Value;
use testing::{Tables, a_tenant};
use tracing_subscriber::{Layer, filter::LevelFilter, layer::SubscriberExt};

use crate::{
    night::{Night, at},
    population::{event, lead_of, store, store_for},
};

/// What is logged.
#[derive(Clone, Debug, Default)]
pub struct Lines(Arc<Mutex<Vec<u8>>>);

impl io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Lines {
    /// Listens as the function does, in this thread.
    pub fn listen(&self) -> tracing::subscriber::DefaultGuard {
        let lines = self.clone();
        let layer = tracing_subscriber::fmt::layer().json().flatten_event(true);
        let layer = layer.with_writer(move || lines.clone()).with_filter(LevelFilter::INFO);
        tracing::subscriber::set_default(tracing_subscriber::registry().with(layer))
    }

    fn all(&self) -> Vec<Value> {
        let text = String::from_utf8(self.0.lock().unwrap().clone()).unwrap();
        text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()).collect()
    }

    /// Returns the lines that have the field `drift`.
    fn of_drift(&self) -> Vec<Value> {
        self.all().into_iter().filter(|line| line.get("drift").is_some()).collect()
    }

    /// Returns the errors that lines with a message tell.
    pub fn errors(&self, message: &str) -> Vec<String> {
        let lines = self.all().into_iter().filter(|line| line["message"] == message);
        lines.map(|line| line["error"].as_str().unwrap().to_owned()).collect()
    }
}

/// Writes other points into what is stored of a lead.
pub async fn corrupt(tables: &Tables, lead: HomeId) {
    let (key, text) = (dynamo::keys::lead(&a_tenant(), lead), AttributeValue::S);
    let update = tables.client.update_item().table_name(tables.leads_table());
    let update = update.key("pk", text(key.pk)).key("sk", text(key.sk));
    let update = update.update_expression("SET points = :points");
    let points = AttributeValue::N("123456".to_owned());
    update.expression_attribute_values(":points", points).send().await.unwrap();
}

async fn ten_leads(tables: &Tables) -> Vec<HomeId> {
    let mut leads = Vec::new();
    for n in 0..10 {
        let noon = at("2026-11-20T12:00:00Z").plus_millis(-n * 40 * 3_600_000);
        let user = format!("u{n}");
        let events = ["page_view", "signup", "unsubscribe"].into_iter().zip(0_i64..);
        let events = events
            .map(|(kind, id)| event(&user, &id.to_string(), kind, noon.plus_millis(id)))
            .collect::<Vec<_>>();
        leads.push(store(&tables.store, &events).await.survivor.id);
    }
    leads
}

async fn last_night(tables: &Tables) -> NightCounts {
    tables.store.nightly_runs(&a_tenant(), None, 1).await.unwrap().remove(0).counts
}

#[tokio::test]
async fn leads_that_are_stored_as_their_events_say_do_not_drift() {
    let tables = Tables::with_tenant(&a_tenant()).await;
    ten_leads(&tables).await;
    let lines = Lines::default();
    let guard = lines.listen();
    let night = Night::new(tables.store.clone());
    // Whatever time makes of what they are listed by.
    for scheduled in ["2026-11-21T00:10:00Z", "2026-12-05T00:10:00Z"] {
        night.run(scheduled).await;
        let counts = last_night(&tables).await;
        assert_eq!((counts.leads, counts.audited, counts.drift), (10, 10, 0));
    }
    drop(guard);
    let told: Vec<_> = lines.of_drift().iter().map(|line| line["drift"].clone()).collect();
    assert_eq!(told, [0, 0], "each night says once that there is none");
}

#[tokio::test]
async fn a_lead_that_is_stored_as_something_else_is_named_and_told_of() {
    let tables = Tables::with_tenant(&a_tenant()).await;
    let leads = ten_leads(&tables).await;
    corrupt(&tables, leads[3]).await;
    corrupt(&tables, leads[7]).await;
    let lines = Lines::default();
    let guard = lines.listen();
    Night::new(tables.store.clone()).run("2026-11-21T00:10:00Z").await;
    drop(guard);
    let counts = last_night(&tables).await;
    assert_eq!((counts.leads, counts.audited, counts.drift), (10, 10, 2));
    assert_eq!(counts.drift_leads, BTreeSet::from([leads[3], leads[7]]));
    let told = lines.of_drift();
    let sum: u64 = told.iter().map(|line| line["drift"].as_u64().unwrap()).sum();
    assert_eq!(sum, 2, "{told:?}");
    for line in &told {
        assert_eq!((&line["level"], &line["tenant"]), (&"ERROR".into(), &"acme".into()));
        let named = line["leads"].as_str().unwrap().split(' ');
        assert!(named.into_iter().all(|lead| counts.drift_leads.contains(&lead.parse().unwrap())));
    }
}

#[tokio::test]
async fn a_lead_of_other_rules_is_not_audited() {
    let tables = Tables::with_tenant(&a_tenant()).await;
    let events = [event("ana", "1", "signup", at("2026-11-20T12:00:00Z"))];
    let mut lead = lead_of(&events);
    lead.state.fold_version -= 1;
    store_for(&tables.store, &a_tenant(), lead, &events, None).await;
    Night::new(tables.store.clone()).run("2026-11-21T00:10:00Z").await;
    let counts = last_night(&tables).await;
    assert_eq!((counts.leads, counts.audited, counts.drift), (1, 0, 0));
}
