//! Homes that say something, and what leads to them.

use std::collections::BTreeSet;

use aws_sdk_dynamodb::types::AttributeValue;
use domain::{
    event::EventId,
    home::{HomeId, HomeRef},
    identity::Kind,
    lead::Home,
    profile::{Field, FieldValue},
    search::{Searchable, company_key, index_terms},
    time::Timestamp,
};
use dynamo::{Commit, Store};
use search::{IndexError, Indexer, company, term};
use testing::{Tables, a_tenant, home_of};
use vault::Keyring;

pub fn keyring() -> Keyring {
    Keyring::new(a_tenant(), [7; 32], [2; 32])
}

/// The home that most tests are about.
pub fn user() -> HomeRef {
    home_of(Kind::UserId, "u1")
}

pub fn numbered(number: usize) -> HomeRef {
    home_of(Kind::UserId, &format!("n{number}"))
}

pub struct World {
    pub tables: Tables,
}

impl World {
    pub async fn start() -> Self {
        Self { tables: Tables::with_tenant(&a_tenant()).await }
    }

    /// Lets a home say just this: each field sealed, but for the company.
    pub async fn says(&self, home: HomeRef, fields: &[(&str, &str)]) {
        let known = self.tables.store.homes(&a_tenant(), [home.id]).await.unwrap();
        let version = known.get(&home.id).map_or(0, |home| home.version);
        let mut home = Home { version, ..Home::new(home) };
        for (name, value) in fields {
            let value = match *name {
                "company" => FieldValue::Plain((*value).into()),
                _ => FieldValue::Sealed(
                    keyring().seal_for_transit(home.home.id, name, value).unwrap(),
                ),
            };
            home.profile.declare(name, field(value));
        }
        self.put(home).await;
    }

    pub async fn put(&self, home: Home) {
        let commit = Commit { homes: vec![home], ..Commit::default() };
        self.tables.store.commit(&a_tenant(), &commit).await.unwrap();
    }

    pub async fn refresh(&self, homes: impl IntoIterator<Item = HomeRef>) {
        self.try_refresh(self.tables.store.clone(), homes).await.unwrap();
    }

    pub async fn try_refresh(
        &self,
        store: Store,
        homes: impl IntoIterator<Item = HomeRef>,
    ) -> Result<(), IndexError> {
        let homes = homes.into_iter().map(|home| home.id);
        Indexer::new(store).refresh(&a_tenant(), &keyring(), homes).await
    }

    /// Returns the homes that a term leads to.
    pub async fn found(&self, text: &str) -> Vec<HomeId> {
        let token = term(&keyring(), text);
        self.tables.store.homes_by_token(&a_tenant(), &token, None, 1_000).await.unwrap()
    }

    /// Returns the partitions in which a home is entered.
    pub async fn entries(&self, home: HomeRef) -> BTreeSet<String> {
        let scan = self.tables.client.scan().table_name(self.tables.search_table());
        let mut items = scan
            .filter_expression("sk = :home")
            .expression_attribute_values(":home", AttributeValue::S(home.id.to_string()))
            .into_paginator()
            .items()
            .send();
        let mut found = BTreeSet::new();
        while let Some(item) = items.next().await {
            found.insert(item.unwrap()["pk"].as_s().unwrap().clone());
        }
        found
    }

    /// Returns the partitions in which a home with these fields is to be entered.
    pub fn expected(fields: &[(&str, &str)]) -> BTreeSet<String> {
        let values = fields.iter().map(|(name, value)| Searchable::of_field(name, value).unwrap());
        let terms = index_terms(&values.collect::<Vec<_>>());
        let terms = terms.iter().map(|text| term(&keyring(), text));
        let terms = terms.map(|token| format!("acme#search#{token}"));
        let companies = fields.iter().filter(|(name, _)| *name == "company");
        let companies = companies.map(|(_, name)| company(&keyring(), &company_key(name).unwrap()));
        let companies = companies.map(|token| format!("acme#company#{token}"));
        terms.chain(companies).collect()
    }
}

pub fn field(value: FieldValue) -> Field {
    let timestamp = Timestamp::from_millis(1_768_478_400_000).unwrap();
    Field { value, timestamp, event_id: EventId::from_sender("e1").unwrap() }
}
