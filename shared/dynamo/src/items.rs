//! The form in which things lie in the tables: private structs, read and written by
//! `serde_dynamo`.

use std::{collections::HashMap, error::Error};

use aws_sdk_dynamodb::types::AttributeValue;
use domain::{home::HomeId, tenant::TenantId};
use serde::{Serialize, de::DeserializeOwned};

use crate::{
    error::StoreError,
    keys::{self, Key},
};

/// An item as the SDK knows it.
pub(crate) type Item = HashMap<String, AttributeValue>;

/// Reads an item, its key attributes included or not as the struct asks.
pub(crate) fn read<T: DeserializeOwned>(item: Item) -> Result<T, StoreError> {
    let place = Place::of(&item);
    serde_dynamo::from_item(item).map_err(|source| place.unreadable(source))
}

/// Writes an item with its key.
pub(crate) fn write<T: Serialize>(key: &Key, content: &T) -> Result<Item, StoreError> {
    let mut item: Item = serde_dynamo::to_item(content).map_err(StoreError::Unwritable)?;
    item.extend(key_attributes(key));
    Ok(item)
}

/// Returns the two key attributes.
pub(crate) fn key_attributes(key: &Key) -> Item {
    HashMap::from([("pk".to_owned(), text(&key.pk)), ("sk".to_owned(), text(&key.sk))])
}

/// Returns a text attribute.
pub(crate) fn text(text: impl Into<String>) -> AttributeValue {
    AttributeValue::S(text.into())
}

/// Returns a number attribute.
pub(crate) fn number(number: impl std::fmt::Display) -> AttributeValue {
    AttributeValue::N(number.to_string())
}

/// Where an item lies, to name it when its content does not fit.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Place {
    /// The partition key, or `?`.
    pub pk: String,
    /// The sort key, or `?`.
    pub sk: String,
}

impl Place {
    /// Reads the keys of an item.
    pub(crate) fn of(item: &Item) -> Self {
        let text = |name: &str| item.get(name).and_then(|value| value.as_s().ok()).cloned();
        let or_unknown = |text: Option<String>| text.unwrap_or_else(|| "?".to_owned());
        Self { pk: or_unknown(text("pk")), sk: or_unknown(text("sk")) }
    }

    /// Says why the item is not readable.
    pub(crate) fn unreadable<E>(&self, source: E) -> StoreError
    where
        E: Error + Send + Sync + 'static,
    {
        let (pk, sk) = (self.pk.clone(), self.sk.clone());
        StoreError::Unreadable { pk, sk, source: Box::new(source) }
    }
}

/// Says that a partition key belongs to no home.
#[derive(Debug, thiserror::Error)]
#[error("the partition key is not that of a home")]
struct NotAHome;

/// Reads whose home an item of a home or lead belongs to.
pub(crate) fn home_of(item: &Item) -> Result<(TenantId, HomeId), StoreError> {
    let place = Place::of(item);
    keys::parse_home_partition(&place.pk).ok_or_else(|| place.unreadable(NotAHome))
}
