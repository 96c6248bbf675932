//! Two tenants with people in real tables, and requests as the gateway sends them.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::Router;
use domain::{
    event::Arrival,
    family::{Family, IdentitySettings, partition},
    fold::fold,
    golden_lead::GoldenLead,
    home::HomeId,
    job::Work,
    lead::{Home, Lead},
    link::Role,
    rule_set::RuleSet,
    tenant::TenantId,
    time::Timestamp,
    user::Role as UserRole,
    view::view,
};
use dynamo::{ChangedLead, Commit, Job, MAX_ITEMS, Standing, Store, Tenant};
use lambda::auth::Authenticator;
use lambda_http::{Adapter, Context, LambdaEvent};
use queue::{JobMessage, SendError};
use serde_json::{Value, json};
use shelf::Shelf;
use testing::{MemoryBucket, Tables, a_tenant, rules};
use tower::ServiceExt;

use super::bucket::{Bucket, BulkJobs};
use super::callers::{Directory, Pool, Tokens, add_to, stored_key, user};
pub(super) use super::callers::{key, keyring};
use super::documented;
use crate::{
    adapters::Adapters,
    gateway,
    job_queue::{JobQueue, Sending},
    routes::router,
};

/// The instant of every payload, unless a test says otherwise.
pub(super) const NOW: &str = "2026-01-15T12:00:00Z";

pub(super) fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// Returns the tenant whose data nobody else may see.
pub(super) fn other_tenant() -> TenantId {
    "other".parse().unwrap()
}

/// Returns the golden lead of the first tenant.
fn golden_lead() -> GoldenLead {
    let event = json!({ "event_type": "demo_request", "timestamp": "2026-01-10T09:00:00Z" });
    let expected = json!({ "score": 50, "stage": "warm" });
    let golden = json!({ "id": "cto", "name": "CTO", "events": [event], "expected": expected });
    serde_json::from_value(golden).unwrap()
}

/// A job queue that remembers, or one that does not answer.
#[derive(Clone, Debug, Default)]
pub(super) struct Jobs {
    pub sent: Arc<Mutex<Vec<(JobMessage, Duration)>>>,
    /// What was sent to the bulk queue.
    pub bulk: Arc<Mutex<Vec<(JobMessage, Duration)>>>,
    pub files: Bucket,
    /// Where the events of idle leads lie.
    pub archive: MemoryBucket,
    pub broken: bool,
}

impl JobQueue for Jobs {
    fn send_later<'s>(&'s self, message: &'s JobMessage, delay: Duration) -> Sending<'s> {
        Box::pin(async move {
            if self.broken {
                return Err(SendError::Unavailable { code: "ServiceUnavailable".to_owned() });
            }
            self.sent.lock().unwrap().push((message.clone(), delay));
            Ok(())
        })
    }
}

/// The job that [`World::start`] has.
pub(super) const JOB: &str = "job_019a0b3c-4d5e-7f60-8a1b-2c3d4e5f6071";

/// Tables with two tenants, and the router over them.
pub(super) struct World {
    pub tables: Tables,
    pub jobs: Jobs,
    pub pool: Pool,
    router: Router,
}

/// What the router answered.
#[derive(Debug)]
pub(super) struct Answer {
    pub status: u16,
    pub headers: BTreeMap<String, String>,
    pub body: Value,
}

impl World {
    pub async fn start() -> Self {
        let tables = Tables::with_tenant(&a_tenant()).await;
        let tenant = Tenant {
            id: other_tenant(),
            name: "Other".to_owned(),
            created_at: at(NOW),
            identity: IdentitySettings::default(),
            wrapped_keyring: String::new(),
        };
        let rules = RuleSet::default_set().unwrap();
        tables.store.create_tenant(&tenant, &rules, &[], None).await.unwrap();
        tables.store.put_golden_lead(&a_tenant(), &golden_lead(), None).await.unwrap();
        let job = Job::new(JOB.parse().unwrap(), Work::Rescore { version: 1 }, 3, at(NOW));
        let draft = RuleSet::default_set().unwrap();
        tables.store.create_preview(&a_tenant(), &job, &draft).await.unwrap();
        add_to(&tables.store).await;
        let (jobs, pool) = (Jobs::default(), Pool::default());
        let router = over(&tables, tables.store.clone(), &jobs, &pool);
        Self { tables, jobs, pool, router }
    }

    /// Starts with people of the first tenant.
    pub async fn with(arrivals: impl IntoIterator<Item = Arrival>) -> Self {
        let world = Self::start().await;
        world.store(&a_tenant(), arrivals).await;
        world
    }

    /// Answers through a store that may be another one than the tables' own.
    pub fn through(self, store: Store) -> Self {
        Self { router: over(&self.tables, store, &self.jobs, &self.pool), ..self }
    }

    /// Sends jobs to a queue that does not answer.
    pub fn without_queue(self) -> Self {
        let jobs = Jobs { broken: true, ..Jobs::default() };
        let store = self.tables.store.clone();
        Self { router: over(&self.tables, store, &jobs, &self.pool), jobs, ..self }
    }

    /// Stores arrivals as `score` would have by [`NOW`].
    pub async fn store(&self, tenant: &TenantId, arrivals: impl IntoIterator<Item = Arrival>) {
        let arrivals: Vec<_> = arrivals.into_iter().collect();
        let mut homes = homes(tenant, &arrivals);
        let all: Vec<_> = homes.values().cloned().collect();
        let mut next = Commit::default();
        for family in partition(&all, IdentitySettings::default()).families {
            for member in &family.members {
                homes.get_mut(&member.home.id).unwrap().survivor = family.survivor;
            }
            let Commit { mut events, homes, leads, .. } = commit(&family, &homes, &arrivals);
            while events.len() + homes.len() + leads.len() > MAX_ITEMS {
                let events = events.split_off(events.len().saturating_sub(MAX_ITEMS));
                let part = Commit { events, ..Commit::default() };
                self.tables.store.commit(tenant, &part).await.unwrap();
            }
            if next.len() + events.len() + homes.len() + leads.len() > MAX_ITEMS {
                self.tables.store.commit(tenant, &std::mem::take(&mut next)).await.unwrap();
            }
            next.events.extend(events);
            next.homes.extend(homes);
            next.leads.extend(leads);
        }
        self.tables.store.commit(tenant, &next).await.unwrap();
    }

    /// Changes a stored lead, and what it is listed by.
    pub async fn change(&self, id: HomeId, change: impl FnOnce(&mut Lead, &mut Standing)) {
        let mut lead = self.tables.store.lead(&a_tenant(), id).await.unwrap().unwrap();
        let read_version = Some(lead.version);
        let mut standing = standing(&lead);
        lead.version += 1;
        change(&mut lead, &mut standing);
        let leads = vec![ChangedLead { lead, read_version, standing }];
        let commit = Commit { leads, ..Commit::default() };
        self.tables.store.commit(&a_tenant(), &commit).await.unwrap();
    }

    /// Deletes a lead.
    pub async fn delete(&self, id: HomeId) {
        let delete = |lead: &mut Lead, _: &mut Standing| {
            lead.state.work.deleted_homes.insert(id);
        };
        self.change(id, delete).await;
    }

    /// Asks as the reader of the first tenant.
    pub async fn get(&self, target: &str) -> Answer {
        self.get_at(target, at(NOW)).await
    }

    pub async fn get_at(&self, target: &str, now: Timestamp) -> Answer {
        self.send(request("GET", target, Some(&key(&a_tenant(), "read")), now)).await
    }

    pub async fn get_with(&self, target: &str, key: Option<&str>) -> Answer {
        self.send(request("GET", target, key, at(NOW))).await
    }

    pub async fn get_at_with(&self, target: &str, now: &str, key: &str) -> Answer {
        self.send(request("GET", target, Some(key), at(now))).await
    }

    /// Sends a payload of the gateway.
    pub async fn send(&self, payload: Value) -> Answer {
        let http = &payload["requestContext"]["http"];
        let asked = [&http["method"], &payload["rawPath"]]
            .map(|text| text.as_str().unwrap_or_default().to_owned());
        let service = Adapter::from(self.router.clone()).map_request(gateway::read);
        let event = LambdaEvent::new(payload, Context::default());
        let response = json!(service.oneshot(event).await.unwrap());
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let headers = response["headers"].as_object().unwrap().iter();
        let answer = Answer {
            status: u16::try_from(response["statusCode"].as_u64().unwrap()).unwrap(),
            headers: headers.map(|(name, value)| (name.clone(), text(value))).collect(),
            body: match response["body"].as_str() {
                None | Some("") => Value::Null,
                Some(body) => serde_json::from_str(body).unwrap_or_else(|_| json!(body)),
            },
        };
        documented::check(&asked, &answer);
        answer
    }
}

/// Callers are found in the tables themselves, whatever store the routes answer through.
fn over(tables: &Tables, store: Store, jobs: &Jobs, pool: &Pool) -> Router {
    let directory = Directory(tables.store.clone());
    let auth = Authenticator::new(directory).with_tokens(Arc::new(Tokens));
    let adapters = Adapters {
        jobs: Arc::new(jobs.clone()),
        bulk: Arc::new(BulkJobs(jobs.clone())),
        files: Arc::new(jobs.files.clone()),
        accounts: super::auth::closed(&tables.store),
        pool: Arc::new(pool.clone()),
    };
    router(auth, Shelf::new(store, jobs.archive.clone()), adapters)
}

/// Fills the parameters of a route's path with what [`World::start`] has, and with a lead.
pub(super) fn filled(path: &str, lead: impl std::fmt::Display) -> String {
    path.replace("/v1/scoring-rules/{id}", "/v1/scoring-rules/page_view")
        .replace("/v1/golden-leads/{id}", "/v1/golden-leads/cto")
        .replace("/v1/jobs/{id}", &format!("/v1/jobs/{JOB}"))
        .replace("/v1/users/{id}", &format!("/v1/users/{}", user(&a_tenant(), UserRole::Viewer)))
        .replace("/v1/api-keys/{id}", &format!("/v1/api-keys/{}", stored_key().hash().id()))
        .replace("{version}", "1")
        .replace("{marketplace}", "direct")
        .replace("{id}", &lead.to_string())
}

/// Makes the payload of a request like `events/http/get-health.json`.
pub(super) fn request(method: &str, target: &str, key: Option<&str>, now: Timestamp) -> Value {
    let mut payload: Value =
        serde_json::from_str(include_str!("../../../../events/http/get-health.json")).unwrap();
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    payload["rawPath"] = json!(path);
    payload["rawQueryString"] = json!(query);
    payload["requestContext"]["http"]["method"] = json!(method);
    payload["requestContext"]["http"]["path"] = json!(path);
    payload["requestContext"]["timeEpoch"] = json!(now.millis());
    match key {
        Some(token) if token.contains('.') => {
            payload["headers"]["authorization"] = json!(format!("Bearer {token}"));
        }
        Some(key) => payload["headers"]["x-api-key"] = json!(key),
        None => {}
    }
    payload
}

fn standing(lead: &Lead) -> Standing {
    let view = view(&lead.state, &rules(), at(NOW));
    Standing { score: view.score, stage: view.stage }
}

/// Collects the homes that arrivals name, with identities that open for the tenant.
fn homes(tenant: &TenantId, arrivals: &[Arrival]) -> BTreeMap<HomeId, Home> {
    let mut homes: BTreeMap<HomeId, Home> = BTreeMap::new();
    for arrival in arrivals {
        let event = &arrival.event;
        let links = event.links.iter().map(|link| (link.from, link.role == Role::Carried));
        for (home, carried) in links.chain([(event.home, true)]) {
            let kept = homes.entry(home.id).or_insert_with(|| Home::new(home));
            kept.carried |= carried;
            let (field, sealed) = (vault::IDENTITY_FIELD, &arrival.identities[&home.id]);
            let value = testing::keyring().open_from_transit(home.id, field, sealed).unwrap();
            let sealed = keyring(tenant).seal_for_transit(home.id, field, &value).unwrap();
            kept.identity = Some(sealed);
        }
        for (from, link) in event.recorded_links() {
            homes.get_mut(&from.id).unwrap().links.record(link);
        }
        let home = homes.get_mut(&event.home.id).unwrap();
        home.has_events = true;
        home.profile.declare_all(arrival);
    }
    homes
}

fn commit(family: &Family, homes: &BTreeMap<HomeId, Home>, arrivals: &[Arrival]) -> Commit {
    let is_member = |home| family.members.iter().any(|member| member.home.id == home);
    let events = arrivals.iter().map(|arrival| arrival.event.clone());
    let events: Vec<_> = events.filter(|event| is_member(event.home.id)).collect();
    let lead = Lead {
        survivor: family.survivor,
        version: 1,
        members: family.members.clone(),
        identity_limit: family.identity_limit,
        state: fold(&rules(), events.clone()),
        crossing: None,
        erased: None,
        archived: None,
    };
    let standing = standing(&lead);
    let leads = vec![ChangedLead { lead, read_version: None, standing }];
    let homes = homes.values().filter(|home| is_member(home.home.id)).cloned().collect();
    Commit { events, homes, leads, ..Commit::default() }
}
