//! Content that may be larger than an item: the item of a key, and pieces that lie next to it.
//!
//! Invariant: pieces are there before the item that names them, under the hash of the whole, so
//! whoever sees the item can read all of it, and content that lost a race is never mixed in.

use std::collections::HashMap;

use aws_sdk_dynamodb::{primitives::Blob, types::AttributeValue};
use sha2::{Digest, Sha256};

use crate::{
    Store,
    error::StoreError,
    items::{self, Item, Place},
    keys::{self, Key},
};

/// How many bytes one item holds: an item has 400 KB at most, its keys and other attributes
/// included.
const MAX_PIECE: usize = 350_000;

/// The attribute of the content.
pub(super) const DATA: &str = "data";

/// The attribute that names the pieces beside the item, if there are any.
const HASH: &str = "hash";

/// The attribute that says how many they are.
const PIECES: &str = "pieces";

/// Says that pieces of an item are not there.
#[derive(Debug, thiserror::Error)]
#[error("the item is not whole")]
struct NotWhole;

/// The pieces that were read beside items, by their sort keys.
#[derive(Debug, Default)]
pub(super) struct Pieces(HashMap<String, Vec<u8>>);

impl Pieces {
    /// Takes in a piece.
    pub(super) fn take_in(&mut self, piece: Item) -> Result<(), StoreError> {
        let (place, bytes) = (Place::of(&piece), data(piece)?);
        self.0.insert(place.sk, bytes);
        Ok(())
    }

    /// Puts the content of an item together.
    pub(super) fn whole(&mut self, mut item: Item) -> Result<Vec<u8>, StoreError> {
        let place = Place::of(&item);
        let named = item.remove(HASH).zip(item.remove(PIECES));
        let mut bytes = data(item)?;
        let Some((hash, count)) = named else { return Ok(bytes) };
        let count = count.as_n().ok().and_then(|count| count.parse::<usize>().ok());
        let (Ok(hash), Some(count)) = (hash.as_s(), count) else {
            return Err(place.unreadable(NotWhole));
        };
        let head = Key { pk: place.pk.clone(), sk: place.sk.clone() };
        for number in 1..=count {
            let piece = self.0.remove(&keys::piece(&head, hash, number).sk);
            bytes.extend(piece.ok_or_else(|| place.unreadable(NotWhole))?);
        }
        Ok(bytes)
    }
}

fn data(mut item: Item) -> Result<Vec<u8>, StoreError> {
    let place = Place::of(&item);
    match item.remove(DATA) {
        Some(AttributeValue::B(bytes)) => Ok(bytes.into_inner()),
        _ => Err(place.unreadable(NotWhole)),
    }
}

/// Returns an item that holds content.
pub(super) fn holding(key: &Key, bytes: impl Into<Vec<u8>>) -> Item {
    let mut item = items::key_attributes(key);
    item.insert(DATA.to_owned(), AttributeValue::B(Blob::new(bytes)));
    item
}

impl Store {
    /// Puts content unless there is some, and tells whether there was none.
    pub(super) async fn put_new_content(
        &self,
        key: &Key,
        content: &[u8],
    ) -> Result<bool, StoreError> {
        let (first, rest) = content.split_at(content.len().min(MAX_PIECE));
        let mut head = holding(key, first);
        let digest = Sha256::digest(content);
        let hash = digest.iter().take(8).fold(0, |hash, byte| hash << 8 | u64::from(*byte));
        let hash = format!("{hash:016x}");
        let mut pieces = Vec::new();
        for (index, bytes) in rest.chunks(MAX_PIECE).enumerate() {
            let piece = keys::piece(key, &hash, index + 1);
            self.put_new(holding(&piece, bytes)).await?;
            pieces.push(piece);
        }
        if !pieces.is_empty() {
            head.insert(HASH.to_owned(), items::text(&hash));
            head.insert(PIECES.to_owned(), items::number(pieces.len()));
        }
        let is_first = self.put_new(head).await?;
        if !is_first && !pieces.is_empty() {
            self.drop_unnamed(key, &hash, &pieces).await?;
        }
        Ok(is_first)
    }

    /// Removes pieces that the item of their key does not name.
    async fn drop_unnamed(&self, key: &Key, hash: &str, pieces: &[Key]) -> Result<(), StoreError> {
        let item = self.get_lead_item(key, true).await?;
        let named = item.as_ref().and_then(|item| item.get(HASH)?.as_s().ok());
        if named.is_none_or(|named| named != hash) {
            for piece in pieces {
                self.delete_lead_item(piece).await?;
            }
        }
        Ok(())
    }
}
