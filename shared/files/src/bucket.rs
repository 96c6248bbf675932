//! The bucket: files are put, got and removed, whole and one at a time.
//!
//! Invariant: a file that is there is read as it was put, and only what is sealed is put as one.

use std::{fmt, pin::Pin, sync::OnceLock};

use aws_sdk_s3::{
    Client, Config,
    operation::{
        get_object::{GetObjectError, GetObjectOutput},
        list_objects_v2::ListObjectsV2Output,
    },
    primitives::ByteStream,
};
use bytes::Bytes;
use domain::{event::Sealed, tenant::TenantId};

use crate::{
    error::FileError,
    key::{FileKey, FileSort},
};

/// A call on its way.
pub type Filing<'f, T> = Pin<Box<dyn Future<Output = Result<T, FileError>> + Send + 'f>>;

/// Where files lie.
pub trait Files: fmt::Debug + Send + Sync {
    /// Puts a file, over one of the same key if there is one.
    fn put<'f>(&'f self, key: &'f FileKey, content: Sealed) -> Filing<'f, ()>;

    /// Gets a file; `None` when there is none, or none any more.
    fn get<'f>(&'f self, key: &'f FileKey) -> Filing<'f, Option<Sealed>>;

    /// Removes a file, if it is there.
    fn remove<'f>(&'f self, key: &'f FileKey) -> Filing<'f, ()>;

    /// Lists the files of a sort that a tenant has, in the order of their keys: every one that was
    /// there before and was not removed.
    fn list<'f>(&'f self, sort: FileSort, tenant: &'f TenantId) -> Filing<'f, Vec<FileKey>>;
}

/// A bucket of S3.
#[derive(Clone)]
pub struct Bucket {
    config: Config,
    /// Made at the first call: a function that seldom makes one starts without it.
    client: OnceLock<Client>,
    name: String,
}

impl Bucket {
    /// Takes the SDK's configuration and the bucket's name.
    ///
    /// The name goes into the path of a request: the address of an emulator has no room for it.
    pub fn new(config: impl Into<Config>, name: impl Into<String>) -> Self {
        let config = config.into().to_builder().force_path_style(true).build();
        Self { config, client: OnceLock::new(), name: name.into() }
    }

    fn client(&self) -> &Client {
        self.client.get_or_init(|| Client::from_conf(self.config.clone()))
    }

    /// Puts bytes under a key.
    pub(crate) async fn put_object(
        &self,
        key: &str,
        content_type: &str,
        content: Vec<u8>,
    ) -> Result<(), FileError> {
        let sent = self
            .client()
            .put_object()
            .bucket(&self.name)
            .key(key)
            .content_type(content_type)
            .body(ByteStream::from(content))
            .send()
            .await;
        sent.map(drop).map_err(|error| FileError::from_sdk("PutObject", &error))
    }

    /// Gets what lies under a key, to its end.
    pub(crate) async fn get_object(&self, key: &str) -> Result<Option<Bytes>, FileError> {
        let sent = self.client().get_object().bucket(&self.name).key(key).send().await;
        match sent {
            Ok(GetObjectOutput { body, .. }) => {
                let read = body.collect().await.map_err(|_| broken("broken response"))?;
                Ok(Some(read.into_bytes()))
            }
            Err(error) => match error.as_service_error() {
                Some(GetObjectError::NoSuchKey(_)) => Ok(None),
                _ => Err(FileError::from_sdk("GetObject", &error)),
            },
        }
    }

    /// Removes what lies under a key, if anything does.
    pub(crate) async fn remove_object(&self, key: &str) -> Result<(), FileError> {
        let sent = self.client().delete_object().bucket(&self.name).key(key).send().await;
        sent.map(drop).map_err(|error| FileError::from_sdk("DeleteObject", &error))
    }

    /// Lists some of the keys that begin with `prefix` and come after `after`.
    pub(crate) async fn list_objects(
        &self,
        prefix: &str,
        after: Option<&str>,
    ) -> Result<ListObjectsV2Output, FileError> {
        let listing = self
            .client()
            .list_objects_v2()
            .bucket(&self.name)
            .prefix(prefix)
            .set_start_after(after.map(str::to_owned))
            .send()
            .await;
        listing.map_err(|error| FileError::from_sdk("ListObjectsV2", &error))
    }

    async fn list_files(
        &self,
        sort: FileSort,
        tenant: &TenantId,
    ) -> Result<Vec<FileKey>, FileError> {
        let prefix = sort.prefix(tenant);
        let mut keys: Vec<String> = Vec::new();
        loop {
            let listing = self.list_objects(&prefix, keys.last().map(String::as_str)).await?;
            let before = keys.len();
            keys.extend(listing.contents.into_iter().flatten().filter_map(|object| object.key));
            if keys.len() == before || !listing.is_truncated.unwrap_or(false) {
                return Ok(keys.into_iter().map(FileKey::listed).collect());
            }
        }
    }

    async fn get_sealed(&self, key: &FileKey) -> Result<Option<Sealed>, FileError> {
        let Some(bytes) = self.get_object(key.as_str()).await? else { return Ok(None) };
        // What was sealed is ASCII: another text was never put here.
        let text = String::from_utf8(bytes.into()).map_err(|_| broken("no text"))?;
        Ok(Some(Sealed(text)))
    }
}

fn broken(code: &str) -> FileError {
    FileError::Unavailable { operation: "GetObject", code: code.to_owned() }
}

impl Files for Bucket {
    fn put<'f>(&'f self, key: &'f FileKey, content: Sealed) -> Filing<'f, ()> {
        Box::pin(self.put_object(key.as_str(), "text/plain", content.0.into_bytes()))
    }

    fn get<'f>(&'f self, key: &'f FileKey) -> Filing<'f, Option<Sealed>> {
        Box::pin(self.get_sealed(key))
    }

    fn remove<'f>(&'f self, key: &'f FileKey) -> Filing<'f, ()> {
        Box::pin(self.remove_object(key.as_str()))
    }

    fn list<'f>(&'f self, sort: FileSort, tenant: &'f TenantId) -> Filing<'f, Vec<FileKey>> {
        Box::pin(self.list_files(sort, tenant))
    }
}

impl fmt::Debug for Bucket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bucket").field("name", &self.name).finish_non_exhaustive()
    }
}

#[cfg(test)]
pub(crate) mod tests;
