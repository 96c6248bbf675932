//! Companies in the leads table: each with a note for every name that it has or had.
//!
//! Invariant: a company and the notes of its names are written in one transaction, and a note is
//! made only where there is none. So a name is that of one company, and leads to it.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::types::{Put, TransactWriteItem};
use domain::{
    company::{Company, CompanyId},
    tenant::TenantId,
};
use serde::{Deserialize, Serialize};

use crate::{
    Store,
    error::StoreError,
    items::{self, Item, Place},
    keys, revisions,
    writes::delete,
};

/// A company as it is kept.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredCompany {
    /// The company.
    pub company: Company,
    /// Tells this content from any other.
    pub revision: u64,
}

/// What became of a company that was to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CompanyWrite {
    /// It is as it was to be.
    Done,
    /// One of its names is another company's; nothing was written.
    NameTaken(CompanyId),
    /// Somebody else changed it meanwhile; nothing was written.
    Changed,
}

/// Some companies, by the normal forms of their names.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CompanyPage {
    /// The companies, each with the normal form of its name.
    pub companies: Vec<(String, StoredCompany)>,
    /// The last name seen, when more follow.
    pub next: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct NameItem {
    company: CompanyId,
    /// Whether the company is called so now.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    current: bool,
}

/// Says that an item between two names is none.
#[derive(Debug, thiserror::Error)]
#[error("the sort key is not that of a company's name")]
struct NotAName;

pub(crate) fn from_item(item: Item) -> Result<StoredCompany, StoreError> {
    let (company, revision) = revisions::from_item(item)?;
    Ok(StoredCompany { company, revision })
}

fn to_item(tenant: &TenantId, company: &Company) -> Result<Item, StoreError> {
    revisions::to_item(&keys::company(tenant, &company.id), company)
}

fn name_item(
    tenant: &TenantId,
    name: &str,
    company: &CompanyId,
    current: bool,
) -> Result<Item, StoreError> {
    let content = NameItem { company: company.clone(), current };
    items::write(&keys::company_name(tenant, name), &content)
}

impl StoredCompany {
    /// Returns the revision that a company has once it is kept.
    pub fn revision_of(tenant: &TenantId, company: &Company) -> Result<u64, StoreError> {
        revisions::revision(&keys::company(tenant, &company.id), company)
    }
}

impl Store {
    /// Reads a company, strongly consistent.
    pub async fn company(
        &self,
        tenant: &TenantId,
        id: &CompanyId,
    ) -> Result<Option<StoredCompany>, StoreError> {
        let item = self.get_lead_item(&keys::company(tenant, id), true).await?;
        item.map(from_item).transpose()
    }

    /// Finds the company that has or had a name, by the name's normal form; strongly consistent.
    pub async fn company_named(
        &self,
        tenant: &TenantId,
        name: &str,
    ) -> Result<Option<CompanyId>, StoreError> {
        let item = self.get_lead_item(&keys::company_name(tenant, name), true).await?;
        item.map(|item| items::read(item).map(|NameItem { company, .. }| company)).transpose()
    }

    /// Makes a company. It is done, too, when this very company was made before.
    pub async fn create_company(
        &self,
        tenant: &TenantId,
        company: &Company,
    ) -> Result<CompanyWrite, StoreError> {
        let mut writes = vec![self.put_if_new(to_item(tenant, company)?)?];
        for (name, current) in company.keys() {
            writes.push(self.put_if_new(name_item(tenant, &name, &company.id, current)?)?);
        }
        if self.transact(writes).await? {
            return Ok(CompanyWrite::Done);
        }
        self.why_not(tenant, company).await
    }

    /// Replaces a company as it was read, and lets all names lead to it that it has now.
    pub async fn replace_company(
        &self,
        tenant: &TenantId,
        read: &StoredCompany,
        next: &Company,
    ) -> Result<CompanyWrite, StoreError> {
        let unchanged = revisions::unchanged(read.revision);
        let mut writes = vec![self.put_if(to_item(tenant, next)?, &unchanged)?];
        let (former, keys) = (read.company.keys(), next.keys());
        for (name, current) in &keys {
            let item = name_item(tenant, name, &next.id, *current)?;
            match former.get(name) {
                None => writes.push(self.put_if_new(item)?),
                Some(was) if was != current => writes.push(self.put_part(item)?),
                Some(_) => {}
            }
        }
        for name in former.keys().filter(|name| !keys.contains_key(*name)) {
            writes.push(delete(&self.leads_table, &keys::company_name(tenant, name))?);
        }
        if self.transact(writes).await? {
            return Ok(CompanyWrite::Done);
        }
        self.why_not(tenant, next).await
    }

    /// Removes a company that is as it was read, with its names, and tells whether it is gone.
    pub async fn delete_company(
        &self,
        tenant: &TenantId,
        read: &StoredCompany,
    ) -> Result<bool, StoreError> {
        let id = &read.company.id;
        let unchanged = revisions::unchanged(read.revision);
        let mut writes = vec![self.delete_if(&keys::company(tenant, id), &unchanged)?];
        for name in read.company.keys().keys() {
            writes.push(delete(&self.leads_table, &keys::company_name(tenant, name))?);
        }
        Ok(self.transact(writes).await? || self.company(tenant, id).await?.is_none())
    }

    /// Reads the next companies by the normal form of their names, strongly consistent: those
    /// whose names begin with `prefix` and come after `after`, at most `limit`.
    pub async fn companies(
        &self,
        tenant: &TenantId,
        prefix: &str,
        after: Option<&str>,
        limit: u16,
    ) -> Result<CompanyPage, StoreError> {
        let most = usize::from(limit);
        let mut named = self.current_names(tenant, prefix, after, most + 1).await?;
        let more = named.len() > most;
        named.truncate(most);
        let wanted = named.iter().map(|(_, id)| keys::company(tenant, id));
        let read = self.batch_get(&self.leads_table, wanted, None).await?;
        let by_id = |item| {
            let stored = from_item(item)?;
            Ok((stored.company.id.clone(), stored))
        };
        let mut kept: BTreeMap<_, _> =
            read.into_iter().map(by_id).collect::<Result<_, StoreError>>()?;
        let next = named.last().filter(|_| more).map(|(name, _)| name.clone());
        // A company that was removed between the two reads is not listed any more.
        let companies = named.into_iter();
        let companies = companies.filter_map(|(name, id)| Some((name, kept.remove(&id)?)));
        Ok(CompanyPage { companies: companies.collect(), next })
    }

    /// Reads the names that companies have now, with whose they are.
    async fn current_names(
        &self,
        tenant: &TenantId,
        prefix: &str,
        after: Option<&str>,
        most: usize,
    ) -> Result<Vec<(String, CompanyId)>, StoreError> {
        let (first, last) = keys::company_names(prefix, after);
        let query = self.lead_items_query(&keys::companies_partition(tenant), first, last);
        let limit = i32::try_from(most).unwrap_or(i32::MAX);
        let mut items = query.limit(limit).into_paginator().items().send();
        let mut named = Vec::new();
        while named.len() < most
            && let Some(item) = items.next().await
        {
            let item = item.map_err(|error| StoreError::from_sdk("Query", &error))?;
            let place = Place::of(&item);
            let NameItem { company, current } = items::read(item)?;
            if current {
                let name = keys::parse_company_name(&place.sk);
                named.push((name.ok_or_else(|| place.unreadable(NotAName))?.to_owned(), company));
            }
        }
        Ok(named)
    }

    /// Finds out why a company could not be written as it was to be.
    async fn why_not(
        &self,
        tenant: &TenantId,
        company: &Company,
    ) -> Result<CompanyWrite, StoreError> {
        let kept = self.company(tenant, &company.id).await?;
        if kept.is_some_and(|kept| kept.company == *company) {
            // The answer to an earlier call was lost.
            return Ok(CompanyWrite::Done);
        }
        for name in company.keys().keys() {
            match self.company_named(tenant, name).await? {
                Some(other) if other != company.id => return Ok(CompanyWrite::NameTaken(other)),
                _ => {}
            }
        }
        Ok(CompanyWrite::Changed)
    }

    /// Makes the part of a transaction that puts an item, whatever is there.
    fn put_part(&self, item: Item) -> Result<TransactWriteItem, StoreError> {
        let put = Put::builder().table_name(&self.leads_table).set_item(Some(item)).build();
        let put = put.map_err(|error| StoreError::incomplete(&error))?;
        Ok(TransactWriteItem::builder().put(put).build())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn as_item(golden: &str) -> Item {
        serde_dynamo::to_item(serde_json::from_str::<serde_json::Value>(golden).unwrap()).unwrap()
    }

    #[test]
    fn a_company_and_its_names_are_written_and_read_as_ever() {
        let golden = as_item(include_str!("../../../tests/golden/company-1.json"));
        let acme = "acme".parse().unwrap();
        let read = from_item(golden.clone()).unwrap();
        assert_eq!((read.company.name.as_str(), read.company.size), ("Acme Group", Some(42)));
        assert_eq!(to_item(&acme, &read.company).unwrap(), golden);
        let golden = as_item(include_str!("../../../tests/golden/company-name-1.json"));
        assert_eq!(name_item(&acme, "acme group", &read.company.id, true).unwrap(), golden);
    }
}
