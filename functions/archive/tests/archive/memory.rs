//! Objects and messages in memory, and what can go wrong on the way to them.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Arc, Mutex},
};

use archive::{Work, Works};
use bytes::Bytes;
use files::{FileError, Listing, Objects};
use queue::SendError;

/// How many keys a listing has.
const LISTED: usize = 2;

/// What lies in the bucket and waits in the queue, and which calls come through.
#[derive(Clone, Debug, Default)]
pub(crate) struct Memory(Arc<Mutex<Inner>>);

#[derive(Debug, Default)]
struct Inner {
    objects: BTreeMap<String, Bytes>,
    waiting: VecDeque<Work>,
    calls: usize,
    fails: Option<Fails>,
    vanishing: Option<String>,
}

/// From which call on none comes through, and whether the last one before takes effect without
/// an answer.
#[derive(Clone, Copy, Debug)]
struct Fails {
    after: usize,
    answer_lost: bool,
}

impl Memory {
    /// Lets `calls` calls come through and none after them.
    pub(crate) fn fail_after(&self, calls: usize, answer_lost: bool) {
        let mut inner = self.0.lock().unwrap();
        inner.calls = 0;
        inner.fails = Some(Fails { after: calls, answer_lost });
    }

    /// Lets every call come through again.
    pub(crate) fn heal(&self) {
        self.0.lock().unwrap().fails = None;
    }

    /// Lets an object be gone when it is got, as another worker would.
    pub(crate) fn lose(&self, key: &str) {
        self.0.lock().unwrap().vanishing = Some(key.to_owned());
    }

    /// Returns what lies there.
    pub(crate) fn objects(&self) -> BTreeMap<String, Bytes> {
        self.0.lock().unwrap().objects.clone()
    }

    /// Puts an object past the function.
    pub(crate) fn place(&self, key: &str, content: Bytes) {
        self.0.lock().unwrap().objects.insert(key.to_owned(), content);
    }

    /// Returns what waits in the queue.
    pub(crate) fn waiting(&self) -> Vec<Work> {
        self.0.lock().unwrap().waiting.iter().cloned().collect()
    }

    /// Takes the first message.
    pub(crate) fn take(&self) -> Option<Work> {
        self.0.lock().unwrap().waiting.pop_front()
    }

    /// Makes a call, if it comes through.
    fn call<T>(&self, effect: impl FnOnce(&mut Inner) -> T) -> Result<T, String> {
        let mut inner = self.0.lock().unwrap();
        let call = inner.calls;
        inner.calls += 1;
        let Some(Fails { after, answer_lost }) = inner.fails else {
            return Ok(effect(&mut inner));
        };
        let failed = || "injected".to_owned();
        match call + 1 {
            next if next < after => Ok(effect(&mut inner)),
            next if next == after => {
                let done = effect(&mut inner);
                if answer_lost { Err(failed()) } else { Ok(done) }
            }
            _ => Err(failed()),
        }
    }

    fn file<T>(
        &self,
        operation: &'static str,
        effect: impl FnOnce(&mut Inner) -> T,
    ) -> Result<T, FileError> {
        self.call(effect).map_err(|code| FileError::Unavailable { operation, code })
    }
}

impl Objects for Memory {
    async fn put(&self, key: &str, content: Vec<u8>) -> Result<(), FileError> {
        self.file("PutObject", |inner| {
            inner.objects.insert(key.to_owned(), content.into());
        })
    }

    async fn get(&self, key: &str) -> Result<Option<Bytes>, FileError> {
        self.file("GetObject", |inner| {
            let gone = inner.vanishing.as_deref() == Some(key);
            inner.objects.get(key).filter(|_| !gone).cloned()
        })
    }

    async fn remove(&self, key: &str) -> Result<(), FileError> {
        self.file("DeleteObject", |inner| {
            inner.objects.remove(key);
        })
    }

    async fn list(&self, prefix: &str, after: Option<&str>) -> Result<Listing, FileError> {
        self.file("ListObjectsV2", |inner| {
            let keys = inner.objects.keys();
            let fits = |key: &&String| {
                key.starts_with(prefix) && after.is_none_or(|after| key.as_str() > after)
            };
            let all: Vec<_> = keys.filter(fits).cloned().collect();
            let goes_on = all.len() > LISTED;
            Listing { keys: all.into_iter().take(LISTED).collect(), goes_on }
        })
    }
}

impl Works for Memory {
    async fn send(&self, work: &[Work]) -> Result<(), SendError> {
        if work.is_empty() {
            return Ok(());
        }
        self.call(|inner| inner.waiting.extend(work.iter().cloned()))
            .map_err(|code| SendError::Unavailable { code })
    }
}
