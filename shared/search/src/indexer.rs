//! Bringing the index in step with homes.
//!
//! Invariant: a refresh ends only when it has read each home once more and found it to be what its
//! record says. Of refreshes that run side by side the last to write therefore has seen the newest
//! home, and repeating one that died makes up for it.

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    company::{Company, CompanyId, MAX_NAME_CHARS},
    home::HomeId,
    tenant::TenantId,
};
use dynamo::{CompanyWrite, Finding, SearchRecord, Store, StoreError};
use futures_util::{StreamExt, TryStreamExt, stream};
use serde_json::Map;
use vault::Keyring;

use crate::values::{self, Findable, NamedCompany};

/// How often a home that others keep changing is read again.
const MAX_ATTEMPTS: usize = 30;

/// How many homes are read in one go.
const HOMES_AT_ONCE: usize = 50;

/// How many homes are written side by side.
const WRITES_AT_ONCE: usize = 8;

/// Writes what leads are found by.
#[derive(Clone, Debug)]
pub struct Indexer {
    store: Store,
}

/// Why an index is not in step yet. A repeated refresh goes on where this one stopped.
#[derive(Debug, thiserror::Error)]
pub enum IndexError {
    /// A table did not do its part.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Other runs kept writing what the same home is found by.
    #[error("what home {0} is found by kept changing under {MAX_ATTEMPTS} attempts")]
    Contended(HomeId),
}

/// A home to be written, and what was put for it under an earlier record.
struct Task {
    home: HomeId,
    record: SearchRecord,
    wanted: BTreeSet<Finding>,
    companies: BTreeMap<String, NamedCompany>,
    put_before: BTreeSet<Finding>,
}

impl Indexer {
    /// Takes the tables.
    pub const fn new(store: Store) -> Self {
        Self { store }
    }

    /// Lets each home be found by what it says now, and makes the companies that it names. A home
    /// that does not exist is passed over. Where nothing has changed, nothing is written.
    pub async fn refresh(
        &self,
        tenant: &TenantId,
        keyring: &Keyring,
        homes: impl IntoIterator<Item = HomeId>,
    ) -> Result<(), IndexError> {
        let homes: BTreeSet<_> = homes.into_iter().collect();
        let homes: Vec<_> = homes.into_iter().collect();
        for some in homes.chunks(HOMES_AT_ONCE) {
            self.refresh_some(tenant, keyring, some.to_vec()).await?;
        }
        Ok(())
    }

    async fn refresh_some(
        &self,
        tenant: &TenantId,
        keyring: &Keyring,
        mut homes: Vec<HomeId>,
    ) -> Result<(), IndexError> {
        let mut put_before: BTreeMap<HomeId, BTreeSet<Finding>> = BTreeMap::new();
        for _ in 0..MAX_ATTEMPTS {
            let found = self.store.findable_homes(tenant, homes).await?;
            let tasks = found.into_iter().filter_map(|(home, found)| {
                let put_before = put_before.remove(&home).unwrap_or_default();
                let findable = Findable::of(&found.home, keyring);
                let wanted = findable.findings(keyring);
                let is_in_step = put_before.is_empty() && found.record.is_settled_on(&wanted);
                let companies = findable.into_companies();
                let task = Task { home, record: found.record, wanted, companies, put_before };
                (!is_in_step).then_some(task)
            });
            let tasks: Vec<_> = tasks.collect();
            homes = tasks.iter().map(|task| task.home).collect();
            if homes.is_empty() {
                return Ok(());
            }
            let writes = tasks.into_iter().map(|task| self.write(tenant, keyring, task));
            let lost = stream::iter(writes).buffer_unordered(WRITES_AT_ONCE);
            put_before = lost.try_filter_map(async |lost| Ok(lost)).try_collect().await?;
        }
        match homes.first() {
            Some(home) => Err(IndexError::Contended(*home)),
            None => Ok(()),
        }
    }

    /// Writes what a home is found by. Where somebody else was faster, returns what may have been
    /// put for it in vain: the home is to be read again.
    async fn write(
        &self,
        tenant: &TenantId,
        keyring: &Keyring,
        task: Task,
    ) -> Result<Option<(HomeId, BTreeSet<Finding>)>, StoreError> {
        let Task { home, record, wanted, companies, mut put_before } = task;
        for (key, named) in companies {
            let is_made = record.has(Finding::Company(values::company(keyring, &key)))
                || self.make_company(tenant, keyring, &key, named).await?;
            if !is_made {
                return Ok(Some((home, put_before)));
            }
        }
        let written = self.store.find_home_by(tenant, home, record, &wanted, &put_before).await?;
        if written {
            return Ok(None);
        }
        put_before.extend(wanted);
        Ok(Some((home, put_before)))
    }

    /// Makes the company of a name unless there is one, and tells whether there is one now. What
    /// leads call it is all that is known.
    async fn make_company(
        &self,
        tenant: &TenantId,
        keyring: &Keyring,
        key: &str,
        named: NamedCompany,
    ) -> Result<bool, StoreError> {
        let NamedCompany { name, since } = named;
        if self.store.company_named(tenant, key).await?.is_some() {
            return Ok(true);
        }
        let company = Company {
            id: CompanyId::derived(&keyring.pseudonym("company_id", key.as_bytes())),
            name: name.trim().chars().take(MAX_NAME_CHARS).collect(),
            former_names: Vec::new(),
            domain: None,
            industry: None,
            size: None,
            properties: Map::new(),
            notes: None,
            created_at: since,
            updated_at: since,
        };
        // Somebody else may have made one of this name in that moment.
        Ok(self.store.create_company(tenant, &company).await? != CompanyWrite::Changed)
    }
}
