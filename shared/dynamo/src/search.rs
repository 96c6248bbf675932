//! What leads are found by: an entry for each term, and for each home a record of its entries.
//! They lie in a table of their own, so that whoever goes through all leads need not read them.
//!
//! Invariant: an entry that the record of a home names, while it is not pending, is there. It is
//! removed only in the transaction by which the record ceases to name it.
//!
//! A home's entries follow its profile in steps: the record names all old and new entries and is
//! pending; the new ones are put; the record names just the wanted ones while the others are
//! removed with it. Each step is conditional on the record's version, so of two writers one wins
//! each step. The loser has put entries by then that the winner may not want; it is told so, and
//! goes on from what the winner wrote. A writer that dies leaves a pending record, and whoever
//! comes next puts all entries that are wanted, because any may be missing.

mod record;

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_dynamodb::types::{PutRequest, WriteRequest};
use domain::{
    home::HomeId,
    lead::{Home, Lead},
    search::Token,
    tenant::TenantId,
};
use futures_util::{StreamExt, TryStreamExt, stream};

pub use self::record::{Finding, SearchRecord};
use self::record::{from_item, to_item};
use crate::{
    BATCH, Store,
    commit::{self, MAX_ITEMS},
    error::StoreError,
    homes,
    items::{self, Item, Place},
    keys::{self, Key},
    leads,
    writes::{IS_NEW, delete, held_of_put},
};

/// How many items one `BatchWriteItem` may put.
const PUT_BATCH: usize = 25;

/// How many batches of leads one read has under way at most.
const AT_ONCE: usize = 8;

/// A home with the record of what it is found by.
#[derive(Clone, Debug, PartialEq)]
pub struct FindableHome {
    /// The home.
    pub home: Home,
    /// Its record; empty when there is none.
    pub record: SearchRecord,
}

/// Says that an entry does not lead to a home.
#[derive(Debug, thiserror::Error)]
#[error("the sort key is not that of a home")]
struct NotAHome;

fn key(tenant: &TenantId, home: HomeId, finding: Finding) -> Key {
    let pk = match finding {
        Finding::Term(token) => keys::term_partition(tenant, token),
        Finding::Company(token) => keys::company_partition(tenant, token),
    };
    Key { pk, sk: home.to_string() }
}

impl Store {
    /// Reads homes with their records, strongly consistent. A home that does not exist is not in
    /// the answer.
    pub async fn findable_homes(
        &self,
        tenant: &TenantId,
        ids: impl IntoIterator<Item = HomeId>,
    ) -> Result<BTreeMap<HomeId, FindableHome>, StoreError> {
        let both = |id| {
            let home = (self.leads_table.as_str(), keys::home(tenant, id));
            [home, (self.search_table.as_str(), keys::search_record(tenant, id))]
        };
        let keys = ids.into_iter().flat_map(both).collect();
        let (mut found, mut records) = (BTreeMap::new(), BTreeMap::new());
        for item in self.batch_get_from(keys, None, true).await? {
            let (_, id) = items::home_of(&item)?;
            if Place::of(&item).sk == keys::SEARCH {
                records.insert(id, from_item(item)?);
            } else {
                found.insert(id, homes::from_item(id, item)?);
            }
        }
        let with_record = |(id, home)| {
            let record = records.remove(&id).unwrap_or_default();
            (id, FindableHome { home, record })
        };
        Ok(found.into_iter().map(with_record).collect())
    }

    /// Lets a home be found by what is wanted, and by nothing else that its record or the caller
    /// knows of. `put_before` is what the caller put under an earlier record and lost the race.
    ///
    /// `false`: somebody else was faster. The caller may have put all that it wanted by then, and
    /// is to read again.
    pub async fn find_home_by(
        &self,
        tenant: &TenantId,
        home: HomeId,
        record: SearchRecord,
        wanted: &BTreeSet<Finding>,
        put_before: &BTreeSet<Finding>,
    ) -> Result<bool, StoreError> {
        let is_new = |finding: &&Finding| !record.has(**finding);
        let new: BTreeSet<_> = wanted.iter().filter(is_new).copied().collect();
        let mut all: BTreeSet<_> = record.findings.union(put_before).copied().collect();
        all.extend(wanted);
        let mut record = record;
        if !new.is_empty() {
            if !(record.pending && record.findings == all) {
                let next = record.next(all.clone(), true);
                if !self.put_record(tenant, home, &next, &record).await? {
                    return Ok(false);
                }
                record = next;
            }
            self.put_findings(tenant, home, &new).await?;
        }
        let obsolete: Vec<_> = all.difference(wanted).copied().collect();
        self.settle(tenant, home, record, all, &obsolete).await
    }

    /// Removes entries together with their mention in the record, in as few transactions as they
    /// fit; the last one settles it.
    async fn settle(
        &self,
        tenant: &TenantId,
        home: HomeId,
        mut record: SearchRecord,
        mut left: BTreeSet<Finding>,
        obsolete: &[Finding],
    ) -> Result<bool, StoreError> {
        let mut chunks = obsolete.chunks(MAX_ITEMS - 1).peekable();
        loop {
            let chunk = chunks.next().unwrap_or_default();
            left.retain(|finding| !chunk.contains(finding));
            let next = record.next(left.clone(), chunks.peek().is_some());
            let settled = if chunk.is_empty() {
                self.put_record(tenant, home, &next, &record).await?
            } else {
                let item = to_item(tenant, home, &next)?;
                let mut writes = vec![commit::put(&self.search_table, item, record.written())?];
                for finding in chunk {
                    writes.push(delete(&self.search_table, &key(tenant, home, *finding))?);
                }
                self.transact(writes).await?
            };
            if !settled || !next.pending {
                return Ok(settled);
            }
            record = next;
        }
    }

    async fn put_record(
        &self,
        tenant: &TenantId,
        home: HomeId,
        next: &SearchRecord,
        read: &SearchRecord,
    ) -> Result<bool, StoreError> {
        let item = to_item(tenant, home, next)?;
        let put = self.client.put_item().table_name(&self.search_table).set_item(Some(item));
        let put = match read.written() {
            None => put.condition_expression(IS_NEW),
            Some(version) => put
                .condition_expression("version = :read")
                .expression_attribute_values(":read", items::number(version)),
        };
        held_of_put(put.send().await)
    }

    /// Puts entries, whether they are there or not; asks again for what the service left undone.
    async fn put_findings(
        &self,
        tenant: &TenantId,
        home: HomeId,
        findings: &BTreeSet<Finding>,
    ) -> Result<(), StoreError> {
        let put = |finding: &Finding| {
            let item = items::key_attributes(&key(tenant, home, *finding));
            let put = PutRequest::builder().set_item(Some(item)).build();
            let put = put.map_err(|error| StoreError::incomplete(&error))?;
            Ok(WriteRequest::builder().put_request(put).build())
        };
        let mut left = findings.iter().map(put).collect::<Result<Vec<_>, StoreError>>()?;
        let mut rounds = 2 + left.len() / PUT_BATCH * 2;
        while !left.is_empty() {
            rounds = rounds.checked_sub(1).ok_or_else(|| StoreError::Unavailable {
                operation: "BatchWriteItem",
                code: "items left unwritten".to_owned(),
            })?;
            let rest = left.split_off(left.len().min(PUT_BATCH));
            let sent = self.client.batch_write_item().request_items(&self.search_table, left);
            let answer = sent.send().await;
            let answer = answer.map_err(|error| StoreError::from_sdk("BatchWriteItem", &error))?;
            let mut undone = answer.unprocessed_items.unwrap_or_default();
            left = undone.remove(&self.search_table).unwrap_or_default();
            left.extend(rest);
        }
        Ok(())
    }

    /// Reads the next homes that can be found so, by id, strongly consistent: those after
    /// `after`, at most `limit`.
    pub async fn found_homes(
        &self,
        tenant: &TenantId,
        finding: Finding,
        after: Option<HomeId>,
        limit: u16,
    ) -> Result<Vec<HomeId>, StoreError> {
        let pk = match finding {
            Finding::Term(token) => keys::term_partition(tenant, token),
            Finding::Company(token) => keys::company_partition(tenant, token),
        };
        let (first, last) = keys::found_homes_after(after);
        let items = self.some_search_items_between(&pk, first, last, limit).await?;
        let home = |item: Item| {
            let place = Place::of(&item);
            place.sk.parse().map_err(|_| place.unreadable(NotAHome))
        };
        items.into_iter().map(home).collect()
    }

    /// Reads the next homes that a term leads to; see [`Store::found_homes`].
    pub async fn homes_by_token(
        &self,
        tenant: &TenantId,
        term: &Token,
        after: Option<HomeId>,
        limit: u16,
    ) -> Result<Vec<HomeId>, StoreError> {
        self.found_homes(tenant, Finding::Term(*term), after, limit).await
    }

    /// Reads leads by their survivors, strongly consistent, several batches at a time. One that
    /// does not exist is not in the answer.
    pub async fn many_leads(
        &self,
        tenant: &TenantId,
        survivors: BTreeSet<HomeId>,
    ) -> Result<BTreeMap<HomeId, Lead>, StoreError> {
        let wanted: Vec<_> = survivors.into_iter().map(|id| keys::lead(tenant, id)).collect();
        let batches: Vec<_> = wanted.chunks(BATCH).map(<[_]>::to_vec).collect();
        let reads = batches.into_iter().map(|batch| self.batch_get(&self.leads_table, batch, None));
        let read: Vec<_> = stream::iter(reads).buffer_unordered(AT_ONCE).try_collect().await?;
        let lead =
            |item| leads::from_item(item).map(|listed| (listed.lead.survivor.id, listed.lead));
        read.into_iter().flatten().map(lead).collect()
    }
}
