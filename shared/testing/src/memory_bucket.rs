//! A bucket in memory, with the faults that its table has.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use bytes::Bytes;
use files::{FileError, Listing, Objects};

use crate::faults::{Fault, Faults};

/// How many keys a listing has.
const LISTED: usize = 2;

/// Objects by their keys. A clone is the same bucket.
#[derive(Clone, Debug, Default)]
pub struct MemoryBucket {
    objects: Arc<Mutex<BTreeMap<String, Bytes>>>,
    faults: Option<Faults>,
}

impl MemoryBucket {
    /// Returns the same bucket behind a connection on which calls fail as `faults` says.
    #[must_use]
    pub fn with_faults(&self, faults: &Faults) -> Self {
        Self { faults: Some(faults.clone()), ..self.clone() }
    }

    /// Returns what lies there.
    pub fn objects(&self) -> BTreeMap<String, Bytes> {
        self.objects.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn call<T>(
        &self,
        operation: &'static str,
        effect: impl FnOnce(&mut BTreeMap<String, Bytes>) -> T,
    ) -> Result<T, FileError> {
        let fault = self.faults.as_ref().map_or(Fault::None, Faults::next);
        let failed = || FileError::Unavailable { operation, code: "injected".to_owned() };
        if fault == Fault::NotSent {
            return Err(failed());
        }
        let done = effect(&mut self.objects.lock().unwrap_or_else(PoisonError::into_inner));
        if fault == Fault::AnswerLost { Err(failed()) } else { Ok(done) }
    }
}

impl Objects for MemoryBucket {
    async fn put(&self, key: &str, content: Vec<u8>) -> Result<(), FileError> {
        self.call("PutObject", |objects| {
            objects.insert(key.to_owned(), content.into());
        })
    }

    async fn get(&self, key: &str) -> Result<Option<Bytes>, FileError> {
        self.call("GetObject", |objects| objects.get(key).cloned())
    }

    async fn remove(&self, key: &str) -> Result<(), FileError> {
        self.call("DeleteObject", |objects| {
            objects.remove(key);
        })
    }

    async fn list(&self, prefix: &str, after: Option<&str>) -> Result<Listing, FileError> {
        self.call("ListObjectsV2", |objects| {
            let fits = |key: &&String| {
                key.starts_with(prefix) && after.is_none_or(|after| key.as_str() > after)
            };
            let all: Vec<_> = objects.keys().filter(fits).cloned().collect();
            let goes_on = all.len() > LISTED;
            Listing { keys: all.into_iter().take(LISTED).collect(), goes_on }
        })
    }
}
