//! Requests that are to be made once, however often they are sent.
//!
//! Invariant: of all that send a request under one token, at most one works on it at a time, and
//! all of them with the instant and the seed of the first. A kept answer is never replaced. The
//! item holds nothing that can be read without the tenant's keys.

use std::collections::BTreeMap;

use domain::{event::Sealed, tenant::TenantId, time::Timestamp};
use serde::{Deserialize, Serialize};

use crate::{
    Store,
    error::StoreError,
    items::{self, Item, Place},
    keys,
    writes::Unchanged,
};

/// For how long nobody else works on a request: longer than a function may run.
pub const LEASE_MS: i64 = 60_000;

/// For how long a request is remembered.
pub const KEPT_MS: i64 = 24 * 3_600_000;

/// How often a change that came between is read again.
const ATTEMPTS: u32 = 3;

/// A request that is being worked on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    /// Names the request.
    pub token: String,
    /// Tells its content from any other.
    pub content: String,
    /// When it was first made.
    pub created_at: Timestamp,
    /// What is random in it, as text, the same for whoever works on it.
    pub seed: String,
    /// Until when nobody else works on it.
    pub until: Timestamp,
}

/// An answer as it is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptAnswer {
    /// The HTTP status.
    pub status: u16,
    /// Some of the headers, by name.
    pub headers: BTreeMap<String, String>,
    /// The body, sealed.
    pub body: Sealed,
}

/// What there is to do about a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Begun {
    /// Work on it.
    Leased(Lease),
    /// Give the answer that it had.
    Answered(KeptAnswer),
    /// Refuse it: another request had the token.
    Reused,
    /// Wait: somebody works on it, until then at most.
    InProgress(Timestamp),
}

/// A request that is remembered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// Whoever worked on it last.
    pub lease: Lease,
    /// What it was answered, if it was.
    pub answer: Option<KeptAnswer>,
}

/// Says that an item among the requests is none.
#[derive(Debug, thiserror::Error)]
#[error("the sort key is not that of a request")]
struct NotARequest;

#[derive(Serialize, Deserialize)]
struct RequestItem {
    content: String,
    created_at: i64,
    seed: String,
    lease_until: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    answer: Option<KeptAnswer>,
    expires_at: i64,
}

impl Lease {
    /// Asks for a request to be worked on from `now` on, as nobody did before.
    pub fn new(token: String, content: String, seed: String, now: Timestamp) -> Self {
        Self { token, content, created_at: now, seed, until: now.plus_millis(LEASE_MS) }
    }

    fn item(&self, tenant: &TenantId, answer: Option<KeptAnswer>) -> Result<Item, StoreError> {
        let content = RequestItem {
            content: self.content.clone(),
            created_at: self.created_at.millis(),
            seed: self.seed.clone(),
            lease_until: self.until.millis(),
            answer,
            expires_at: self.created_at.plus_millis(KEPT_MS).millis() / 1_000,
        };
        items::write(&keys::idempotency(tenant, &self.token), &content)
    }

    /// The condition that the request is still worked on under this lease.
    fn is_held(&self) -> Unchanged {
        held(self.created_at.millis(), self.until.millis())
    }
}

fn from_item(item: Item) -> Result<Request, StoreError> {
    let place = Place::of(&item);
    let token = keys::parse_request(&place.sk).ok_or_else(|| place.unreadable(NotARequest))?;
    let RequestItem { content, created_at, seed, lease_until, answer, .. } = items::read(item)?;
    let instant =
        |millis| Timestamp::from_millis(millis).map_err(|source| place.unreadable(source));
    let (created_at, until) = (instant(created_at)?, instant(lease_until)?);
    let lease = Lease { token: token.to_owned(), content, created_at, seed, until };
    Ok(Request { lease, answer })
}

fn held(created_at: i64, lease_until: i64) -> Unchanged {
    let number = |millis| u64::try_from(millis).unwrap_or(0);
    Unchanged::numbers([("created_at", number(created_at)), ("lease_until", number(lease_until))])
}

impl Store {
    /// Begins to work on a request, or tells why not. `wanted` is the request as the first to make
    /// it; a later one gets the instant and the seed of the first.
    pub async fn begin_request(
        &self,
        tenant: &TenantId,
        wanted: &Lease,
    ) -> Result<Begun, StoreError> {
        let store = self.unrecorded();
        for _ in 0..ATTEMPTS {
            if store.put_new(wanted.item(tenant, None)?).await? {
                return Ok(Begun::Leased(wanted.clone()));
            }
            let Some(known) = store.request(tenant, &wanted.token).await? else { continue };
            if let Some(begun) = store.go_on(tenant, wanted, known).await? {
                return Ok(begun);
            }
        }
        Ok(Begun::InProgress(wanted.until))
    }

    /// Keeps the answer to a request, unless somebody else works on it by now.
    pub async fn keep_answer(
        &self,
        tenant: &TenantId,
        lease: &Lease,
        answer: KeptAnswer,
    ) -> Result<(), StoreError> {
        let item = lease.item(tenant, Some(answer))?;
        self.unrecorded().put_over(item, &lease.is_held()).await.map(drop)
    }

    /// Lets the next one work on a request at once, with the same instant and seed: what became of
    /// it is not known.
    pub async fn end_lease(&self, tenant: &TenantId, lease: &Lease) -> Result<(), StoreError> {
        let ended = Lease { until: lease.created_at, ..lease.clone() };
        let item = ended.item(tenant, None)?;
        self.unrecorded().put_over(item, &lease.is_held()).await.map(drop)
    }

    /// Forgets a request that changed nothing.
    pub async fn forget_request(&self, tenant: &TenantId, lease: &Lease) -> Result<(), StoreError> {
        let key = keys::idempotency(tenant, &lease.token);
        self.unrecorded().delete_unchanged(&key, &lease.is_held()).await.map(drop)
    }

    /// Reads requests that are remembered, after that of a token, at most `limit`, by token.
    pub async fn requests(
        &self,
        tenant: &TenantId,
        after: Option<&str>,
        limit: u16,
    ) -> Result<Vec<Request>, StoreError> {
        let (first, last) = keys::requests_after(after);
        let found = self.some_lead_items_between(tenant.as_str(), first, last, limit, true).await?;
        found.into_iter().map(from_item).collect()
    }

    /// Forgets what a request was answered, unless it changed since it was read. Whoever repeats it
    /// has it worked on again, with the same instant and seed.
    pub async fn forget_answer(
        &self,
        tenant: &TenantId,
        request: &Request,
    ) -> Result<(), StoreError> {
        let Request { lease, .. } = request;
        let ended = Lease { until: lease.created_at, ..lease.clone() };
        let item = ended.item(tenant, None)?;
        self.put_over(item, &lease.is_held()).await.map(drop)
    }

    async fn request(
        &self,
        tenant: &TenantId,
        token: &str,
    ) -> Result<Option<RequestItem>, StoreError> {
        let item = self.get_lead_item(&keys::idempotency(tenant, token), true).await?;
        item.map(items::read).transpose()
    }

    /// Decides about a request that was made before; `None` when it changed meanwhile.
    async fn go_on(
        &self,
        tenant: &TenantId,
        wanted: &Lease,
        known: RequestItem,
    ) -> Result<Option<Begun>, StoreError> {
        let now = wanted.created_at;
        let read = held(known.created_at, known.lease_until);
        let place = || Place::of(&items::key_attributes(&keys::idempotency(tenant, &wanted.token)));
        let instant =
            |millis| Timestamp::from_millis(millis).map_err(|source| place().unreadable(source));
        // The table removes what is over only after a while.
        if known.expires_at <= now.millis() / 1_000 {
            let put = self.put_over(wanted.item(tenant, None)?, &read).await?;
            return Ok(put.then(|| Begun::Leased(wanted.clone())));
        }
        if known.content != wanted.content {
            return Ok(Some(Begun::Reused));
        }
        if let Some(answer) = known.answer {
            return Ok(Some(Begun::Answered(answer)));
        }
        if known.lease_until > now.millis() {
            return Ok(Some(Begun::InProgress(instant(known.lease_until)?)));
        }
        let created_at = instant(known.created_at)?;
        let lease = Lease { created_at, seed: known.seed, ..wanted.clone() };
        let put = self.put_over(lease.item(tenant, None)?, &read).await?;
        Ok(put.then_some(Begun::Leased(lease)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_written_and_read_as_ever() {
        let golden = include_str!("../../../tests/golden/idempotency-1.json");
        let golden: serde_json::Value = serde_json::from_str(golden).unwrap();
        let golden: Item = serde_dynamo::to_item(golden).unwrap();
        let read: RequestItem = items::read(golden.clone()).unwrap();
        let lease = Lease {
            token: "MFRGGZDFMZTWQ2LK".to_owned(),
            content: read.content,
            created_at: Timestamp::from_millis(read.created_at).unwrap(),
            seed: read.seed,
            until: Timestamp::from_millis(read.lease_until).unwrap(),
        };
        assert_eq!(read.answer.as_ref().map(|answer| answer.status), Some(201));
        let acme = "acme".parse().unwrap();
        assert_eq!(lease.item(&acme, read.answer.clone()).unwrap(), golden);
        let mut listed = golden;
        listed.extend(items::key_attributes(&keys::idempotency(&acme, &lease.token)));
        assert_eq!(from_item(listed).unwrap(), Request { lease, answer: read.answer });
    }
}
