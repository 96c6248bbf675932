//! Things that people edit, kept in the leads table as the JSON that they wrote.
//!
//! Invariant: a revision is a digest of the content. Whoever replaces what had the revision that
//! they read replaces exactly what they read, even if it was removed and made again meanwhile.

use aws_sdk_dynamodb::types::TransactWriteItem;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use sha2::{Digest, Sha256};

use crate::{
    Store,
    error::StoreError,
    items::{self, Item, Place},
    keys::Key,
    writes::Unchanged,
};

#[derive(Serialize, Deserialize)]
struct EditedItem {
    content: String,
    revision: u64,
}

/// Writes an edited thing as its item.
pub(crate) fn to_item<T: Serialize>(key: &Key, thing: &T) -> Result<Item, StoreError> {
    let content = json(key, thing)?;
    let revision = digest(&content);
    items::write(key, &EditedItem { content, revision })
}

/// Reads an edited thing and its revision.
pub(crate) fn from_item<T: DeserializeOwned>(item: Item) -> Result<(T, u64), StoreError> {
    let place = Place::of(&item);
    let EditedItem { content, revision } = items::read(item)?;
    let thing = serde_json::from_str(&content).map_err(|source| place.unreadable(source))?;
    Ok((thing, revision))
}

/// Returns the revision that a thing has once it is kept.
pub(crate) fn revision<T: Serialize>(key: &Key, thing: &T) -> Result<u64, StoreError> {
    Ok(digest(&json(key, thing)?))
}

/// Writes a thing as its JSON.
pub(crate) fn json<T: Serialize>(key: &Key, thing: &T) -> Result<String, StoreError> {
    let place = Place { pk: key.pk.clone(), sk: key.sk.clone() };
    serde_json::to_string(thing).map_err(|source| place.unreadable(source))
}

/// Returns the first eight bytes of the SHA-256.
pub(crate) fn digest(content: &str) -> u64 {
    let first = Sha256::digest(content.as_bytes()).into_iter().take(8);
    first.fold(0, |number, byte| number << 8 | u64::from(byte))
}

/// The condition that a thing still has the revision that was read.
pub(crate) fn unchanged(read: u64) -> Unchanged {
    Unchanged::numbers([("revision", read)])
}

#[derive(Deserialize)]
struct Revised {
    revision: u64,
}

impl Store {
    /// Puts an edited thing where `read` was the revision, or where nothing was, and tells whether
    /// that was still so. It was, too, when this very thing is there: the answer to an earlier call
    /// may have been lost. To put what was read is no change, and nobody records it.
    pub(crate) async fn put_edited(
        &self,
        item: Item,
        read: Option<u64>,
    ) -> Result<bool, StoreError> {
        let put = match read {
            Some(read) if revision_of(item.clone())? == read => {
                self.unrecorded().put_over(item.clone(), &unchanged(read)).await?
            }
            Some(read) => self.put_over(item.clone(), &unchanged(read)).await?,
            None => self.put_new(item.clone()).await?,
        };
        Ok(put || self.is_kept(item).await?)
    }

    /// Does the same on one more condition, which is part of the transaction.
    pub(crate) async fn put_edited_if(
        &self,
        item: Item,
        read: Option<u64>,
        condition: TransactWriteItem,
    ) -> Result<bool, StoreError> {
        let put = match read {
            Some(read) => self.put_if(item.clone(), &unchanged(read))?,
            None => self.put_if_new(item.clone())?,
        };
        Ok(self.transact(vec![put, condition]).await? || self.is_kept(item).await?)
    }

    /// Removes an edited thing whose revision is `read`, and tells whether it is gone. It is, too,
    /// when there is none: the answer to an earlier call may have been lost.
    pub(crate) async fn delete_edited(&self, key: &Key, read: u64) -> Result<bool, StoreError> {
        let deleted = self.delete_unchanged(key, &unchanged(read)).await?;
        Ok(deleted || self.get_lead_item(key, true).await?.is_none())
    }

    /// Tells whether what lies under the key of an item has its revision.
    pub(crate) async fn is_kept(&self, item: Item) -> Result<bool, StoreError> {
        let Place { pk, sk } = Place::of(&item);
        let Some(kept) = self.get_lead_item(&Key { pk, sk }, true).await? else {
            return Ok(false);
        };
        Ok(revision_of(kept)? == revision_of(item)?)
    }
}

/// Reads the revision of an item.
fn revision_of(item: Item) -> Result<u64, StoreError> {
    items::read(item).map(|Revised { revision }| revision)
}
