//! The bucket, for who does not care what kind of bucket it is.

use std::{fmt, pin::Pin};

use bytes::Bytes;
use files::{FileError, Listing, Objects};

/// A call on its way.
pub type Call<'c, T> = Pin<Box<dyn Future<Output = Result<T, FileError>> + Send + 'c>>;

/// [`Objects`] of a kind that is not known before the program runs.
pub trait DynObjects: fmt::Debug + Send + Sync {
    /// See [`Objects::put`].
    fn put<'c>(&'c self, key: &'c str, content: Vec<u8>) -> Call<'c, ()>;

    /// See [`Objects::get`].
    fn get<'c>(&'c self, key: &'c str) -> Call<'c, Option<Bytes>>;

    /// See [`Objects::remove`].
    fn remove<'c>(&'c self, key: &'c str) -> Call<'c, ()>;

    /// See [`Objects::list`].
    fn list<'c>(&'c self, prefix: &'c str, after: Option<&'c str>) -> Call<'c, Listing>;
}

impl<O: Objects + fmt::Debug> DynObjects for O {
    fn put<'c>(&'c self, key: &'c str, content: Vec<u8>) -> Call<'c, ()> {
        Box::pin(Objects::put(self, key, content))
    }

    fn get<'c>(&'c self, key: &'c str) -> Call<'c, Option<Bytes>> {
        Box::pin(Objects::get(self, key))
    }

    fn remove<'c>(&'c self, key: &'c str) -> Call<'c, ()> {
        Box::pin(Objects::remove(self, key))
    }

    fn list<'c>(&'c self, prefix: &'c str, after: Option<&'c str>) -> Call<'c, Listing> {
        Box::pin(Objects::list(self, prefix, after))
    }
}
