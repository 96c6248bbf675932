//! Objects of the archive: bytes that are put, got, removed and listed by their keys.
//!
//! Invariant: a listing is in the order of keys, and shows every object that was there before it
//! began and was not removed.

use aws_sdk_s3::operation::list_objects_v2::ListObjectsV2Output;
use bytes::Bytes;

use crate::{bucket::Bucket, error::FileError};

/// Where objects lie.
pub trait Objects: Send + Sync {
    /// Puts an object, over one of the same key if there is one.
    fn put(
        &self,
        key: &str,
        content: Vec<u8>,
    ) -> impl Future<Output = Result<(), FileError>> + Send;

    /// Gets an object; `None` when there is none, or none any more.
    fn get(&self, key: &str) -> impl Future<Output = Result<Option<Bytes>, FileError>> + Send;

    /// Removes an object, if it is there.
    fn remove(&self, key: &str) -> impl Future<Output = Result<(), FileError>> + Send;

    /// Lists keys that begin with `prefix` and come after `after`.
    fn list(
        &self,
        prefix: &str,
        after: Option<&str>,
    ) -> impl Future<Output = Result<Listing, FileError>> + Send;
}

/// Some keys that follow each other, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listing {
    /// The keys, at most 1,000.
    pub keys: Vec<String>,
    /// Whether there are more after them.
    pub goes_on: bool,
}

impl Objects for Bucket {
    async fn put(&self, key: &str, content: Vec<u8>) -> Result<(), FileError> {
        self.put_object(key, "application/octet-stream", content).await
    }

    async fn get(&self, key: &str) -> Result<Option<Bytes>, FileError> {
        self.get_object(key).await
    }

    async fn remove(&self, key: &str) -> Result<(), FileError> {
        self.remove_object(key).await
    }

    async fn list(&self, prefix: &str, after: Option<&str>) -> Result<Listing, FileError> {
        let ListObjectsV2Output { contents, is_truncated, .. } =
            self.list_objects(prefix, after).await?;
        let keys = contents.into_iter().flatten().filter_map(|object| object.key);
        Ok(Listing { keys: keys.collect(), goes_on: is_truncated.unwrap_or(false) })
    }
}

#[cfg(test)]
mod tests;
