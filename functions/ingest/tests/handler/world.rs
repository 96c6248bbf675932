//! A world in memory: one tenant, its keys, and queues that remember or fail.

use std::{
    path::Path,
    sync::{Arc, Mutex},
};

use domain::{
    api_key::{ApiKey, ApiKeyText, Scope},
    event::Arrival,
    home::HomeRef,
    identity::{Identity, Kind},
    rate_limit::RateLimits,
    tenant::TenantId,
    time::Timestamp,
    user::UserId,
};
use dynamo::StoreError;
use ingest::{
    Ingest,
    callers::Callers,
    dispatch::Outbox,
    gateway::{Answer, Request},
};
use lambda::{
    auth::{Caller, CallerDirectory, FindError, Who},
    limit::Counters,
};
use queue::{EventsMessage, FailedItem, SendError};
use serde_json::Value;
use uuid::Uuid;
use vault::Keyring;

/// The key of every payload.
pub const KEY: &str = "llk_acme_0123456789abcdef0123456789abcdef01234567";

/// A key that may read only.
pub const READ_KEY: &str = "llk_acme_ffffffffffffffffffffffffffffffffffffffff";

/// A key at which the table fails.
pub const UNLUCKY_KEY: &str = "llk_acme_eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee";

/// The id that is made where an item gives nothing to make one from.
pub const FRESH: &str = "01935f0e-0000-7000-8000-000000000001";

/// The keys of the tenant `acme`.
pub struct Keys;

impl CallerDirectory for Keys {
    async fn find(&self, key: &ApiKeyText, _: Timestamp) -> Result<Option<Caller>, FindError> {
        let scope = match key.reveal() {
            KEY => Scope::Ingest,
            READ_KEY => Scope::Read,
            UNLUCKY_KEY => {
                let code = "ThrottlingException".to_owned();
                return Err(FindError::Store(StoreError::Unavailable {
                    operation: "GetItem",
                    code,
                }));
            }
            _ => return Ok(None),
        };
        let (id, tenant) = (key.hash().id(), key.tenant().clone());
        let key = ApiKey { id, tenant, name: "test".into(), scopes: [scope].into() };
        let (who, limits) = (Who::Key(key), RateLimits::default());
        Ok(Some(Caller { who, keyring: Arc::new(keyring()), limits }))
    }

    /// No person sends events.
    async fn find_user(&self, _: &UserId, _: Timestamp) -> Result<Option<Caller>, FindError> {
        Ok(None)
    }
}

/// A shared counter of one subject, or one that does not answer.
#[derive(Default)]
pub struct Sums {
    /// What others have counted.
    pub others: u64,
    pub broken: bool,
    pub settled: Mutex<Vec<(String, u64)>>,
}

impl Counters for Sums {
    async fn settle(
        &self,
        tenant: &TenantId,
        subject: &str,
        minute: i64,
        used: u64,
    ) -> Result<u64, StoreError> {
        if self.broken {
            let code = "ThrottlingException".to_owned();
            return Err(StoreError::Unavailable { operation: "UpdateItem", code });
        }
        let mut settled = self.settled.lock().unwrap();
        settled.push((format!("{tenant} {subject} {minute}"), used));
        Ok(self.others + settled.iter().map(|(_, used)| used).sum::<u64>())
    }
}

/// Queues that remember what they took, and fail as told.
#[derive(Default)]
pub struct Memory {
    pub messages: Mutex<Vec<EventsMessage>>,
    pub failed: Mutex<Vec<FailedItem>>,
    /// Messages with an event of one of these ids are not taken.
    pub refused_ids: Vec<&'static str>,
    pub refuses_all: bool,
    pub refuses_failed: bool,
}

fn unavailable() -> SendError {
    SendError::Unavailable { code: "timeout".to_owned() }
}

impl Outbox for Memory {
    async fn send_events(&self, messages: &[EventsMessage]) -> Vec<Result<(), SendError>> {
        let is_refused = |arrival: &Arrival| {
            self.refuses_all || self.refused_ids.contains(&arrival.event.event_id.as_str())
        };
        let mut outcomes = Vec::new();
        for message in messages {
            if message.events.iter().any(is_refused) {
                outcomes.push(Err(unavailable()));
            } else {
                self.messages.lock().unwrap().push(message.clone());
                outcomes.push(Ok(()));
            }
        }
        outcomes
    }

    async fn send_failed(&self, items: &[FailedItem]) -> Result<(), SendError> {
        if self.refuses_failed {
            return Err(unavailable());
        }
        self.failed.lock().unwrap().extend_from_slice(items);
        Ok(())
    }
}

/// The function in this world.
pub struct World(pub Ingest<Keys, Sums, Memory>);

impl World {
    pub fn new() -> Self {
        Self::with(Memory::default())
    }

    pub fn with(memory: Memory) -> Self {
        Self::counting(Sums::default(), memory)
    }

    /// Counts requests together with others.
    pub fn counting(sums: Sums, memory: Memory) -> Self {
        let callers = Callers::new(Keys, sums);
        Self(Ingest::new(callers, memory, || FRESH.parse::<Uuid>().unwrap()))
    }

    pub async fn send(&self, request: &Request) -> Answer {
        self.0.handle(request, "2026-11-20T10:00:00Z".parse().unwrap()).await
    }

    /// Sends the payload of that name.
    pub async fn send_file(&self, name: &str) -> Answer {
        self.send(&serde_json::from_value(payload(name)).unwrap()).await
    }

    /// Sends a body to a path with the ingest key.
    pub async fn post(&self, path: &str, body: &str) -> Answer {
        self.send(&post(path, Some(KEY), body)).await
    }

    pub fn messages(&self) -> Vec<EventsMessage> {
        self.0.outbox().messages.lock().unwrap().clone()
    }

    pub fn failed(&self) -> Vec<FailedItem> {
        self.0.outbox().failed.lock().unwrap().clone()
    }

    pub fn arrivals(&self) -> Vec<Arrival> {
        self.messages().into_iter().flat_map(|message| message.events).collect()
    }

    /// Returns the only arrival.
    pub fn arrival(&self) -> Arrival {
        let arrivals = self.arrivals();
        assert_eq!(arrivals.len(), 1, "{arrivals:?}");
        arrivals.into_iter().next().unwrap()
    }
}

/// Makes a request received at 2026-11-20T10:00:00Z.
pub fn post(path: &str, key: Option<&str>, body: &str) -> Request {
    let mut headers = serde_json::Map::new();
    if let Some(key) = key {
        headers.insert("authorization".into(), format!("Bearer {key}").into());
    }
    let http = serde_json::json!({"method": "POST"});
    let arrived = serde_json::json!({"http": http, "timeEpoch": received_at().millis()});
    serde_json::from_value(serde_json::json!({
        "rawPath": path, "headers": headers, "body": body, "requestContext": arrived,
    }))
    .unwrap()
}

pub fn received_at() -> Timestamp {
    "2026-11-20T10:00:00Z".parse().unwrap()
}

/// Reads the payload of that name.
pub fn payload(name: &str) -> Value {
    let events = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../events/http");
    let text = std::fs::read_to_string(events.join(format!("{name}.json"))).unwrap();
    serde_json::from_str(&text).unwrap()
}

pub fn keyring() -> Keyring {
    Keyring::new("acme".parse().unwrap(), [1; 32], [2; 32])
}

pub fn home(kind: Kind, value: &str) -> HomeRef {
    keyring().home(&Identity::new(kind, value).unwrap(), 0)
}

/// Opens the personal values of an arrival.
pub fn personal(arrival: &Arrival) -> Vec<(String, String)> {
    let home = arrival.event.home.id;
    let open = |(field, sealed)| {
        (String::clone(field), keyring().open_from_transit(home, field, sealed).unwrap())
    };
    arrival.personal.iter().map(open).collect()
}

/// Opens the identity of a home.
pub fn identity(arrival: &Arrival, home: HomeRef) -> String {
    keyring().open_from_transit(home.id, "identity", &arrival.identities[&home.id]).unwrap()
}

/// Returns status and code of a problem.
pub fn problem(answer: &Answer) -> (u16, String) {
    assert_eq!(answer.header("content-type"), Some("application/problem+json"), "{answer:?}");
    let body: Value = serde_json::from_str(answer.body()).unwrap();
    assert!(body["message"].is_string());
    (answer.status(), body["code"].as_str().unwrap().to_owned())
}
