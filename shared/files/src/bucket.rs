//! The bucket: files are put, got and removed, whole and one at a time.
//!
//! Invariant: only what is sealed goes in, and a file that is there is read as it was put.

use std::{fmt, pin::Pin};

use aws_sdk_s3::{
    Client, Config,
    operation::get_object::{GetObjectError, GetObjectOutput},
    primitives::ByteStream,
};
use domain::event::Sealed;

use crate::{error::FileError, key::FileKey};

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
}

/// A bucket of S3.
#[derive(Clone)]
pub struct Bucket {
    client: Client,
    name: String,
}

impl Bucket {
    /// Takes the SDK's configuration and the bucket's name.
    ///
    /// The name goes into the path of a request: the address of an emulator has no room for it.
    pub fn new(config: impl Into<Config>, name: impl Into<String>) -> Self {
        let config = config.into().to_builder().force_path_style(true).build();
        Self { client: Client::from_conf(config), name: name.into() }
    }

    async fn put_sealed(&self, key: &FileKey, content: Sealed) -> Result<(), FileError> {
        let sent = self
            .client
            .put_object()
            .bucket(&self.name)
            .key(key.as_str())
            .content_type("text/plain")
            .body(ByteStream::from(content.0.into_bytes()))
            .send()
            .await;
        sent.map(drop).map_err(|error| FileError::from_sdk("PutObject", &error))
    }

    async fn get_sealed(&self, key: &FileKey) -> Result<Option<Sealed>, FileError> {
        let sent = self.client.get_object().bucket(&self.name).key(key.as_str()).send().await;
        match sent {
            Ok(GetObjectOutput { body, .. }) => read(body).await.map(Some),
            Err(error) => match error.as_service_error() {
                Some(GetObjectError::NoSuchKey(_)) => Ok(None),
                _ => Err(FileError::from_sdk("GetObject", &error)),
            },
        }
    }

    async fn remove_sealed(&self, key: &FileKey) -> Result<(), FileError> {
        let sent = self.client.delete_object().bucket(&self.name).key(key.as_str()).send().await;
        sent.map(drop).map_err(|error| FileError::from_sdk("DeleteObject", &error))
    }
}

/// Reads a file to its end.
async fn read(body: ByteStream) -> Result<Sealed, FileError> {
    let broken =
        |code: &str| FileError::Unavailable { operation: "GetObject", code: code.to_owned() };
    let bytes = body.collect().await.map_err(|_| broken("broken response"))?.to_vec();
    // What was sealed is ASCII: another text was never put here.
    String::from_utf8(bytes).map(Sealed).map_err(|_| broken("no text"))
}

impl Files for Bucket {
    fn put<'f>(&'f self, key: &'f FileKey, content: Sealed) -> Filing<'f, ()> {
        Box::pin(self.put_sealed(key, content))
    }

    fn get<'f>(&'f self, key: &'f FileKey) -> Filing<'f, Option<Sealed>> {
        Box::pin(self.get_sealed(key))
    }

    fn remove<'f>(&'f self, key: &'f FileKey) -> Filing<'f, ()> {
        Box::pin(self.remove_sealed(key))
    }
}

impl fmt::Debug for Bucket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bucket").field("name", &self.name).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
