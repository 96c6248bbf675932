//! The form in which things lie in the tables: private structs, read and written by
//! `serde_dynamo`.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use serde::{Serialize, de::DeserializeOwned};

use crate::{error::StoreError, keys::Key};

/// An item as the SDK knows it.
pub(crate) type Item = HashMap<String, AttributeValue>;

/// Reads an item, its key attributes included or not as the struct asks.
pub(crate) fn read<T: DeserializeOwned>(item: Item) -> Result<T, StoreError> {
    let text = |name: &str| {
        item.get(name).and_then(|value| value.as_s().ok()).cloned().unwrap_or_else(|| "?".into())
    };
    let (pk, sk) = (text("pk"), text("sk"));
    serde_dynamo::from_item(item).map_err(|source| StoreError::Unreadable { pk, sk, source })
}

/// Writes an item with its key.
pub(crate) fn write<T: Serialize>(key: &Key, content: &T) -> Result<Item, StoreError> {
    let mut item: Item = serde_dynamo::to_item(content).map_err(StoreError::Unwritable)?;
    item.extend(key_attributes(key));
    Ok(item)
}

/// Returns the two key attributes.
pub(crate) fn key_attributes(key: &Key) -> Item {
    HashMap::from([
        ("pk".to_owned(), AttributeValue::S(key.pk.clone())),
        ("sk".to_owned(), AttributeValue::S(key.sk.clone())),
    ])
}
