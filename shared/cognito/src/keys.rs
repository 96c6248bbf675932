//! The pool's public keys, remembered.
//!
//! Invariant: keys are fetched only when a token comes, and at most once in ten seconds, however
//! many come, whatever key they name, and whether keys can be had or not. Old keys serve for a day
//! if no new ones can be had, so that a failure there does not lock everybody out here.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use domain::time::Timestamp;
use jsonwebtoken::DecodingKey;

use crate::fetch::{FetchError, Source};

/// How long keys are used without a look for newer ones.
const FRESH_MILLIS: i64 = 60 * 60 * 1_000;

/// How long keys are used when newer ones cannot be had.
const USABLE_MILLIS: i64 = 24 * FRESH_MILLIS;

/// How long after a fetch the next one may be made for keys that are known.
const PAUSE_MILLIS: i64 = 10 * 1_000;

/// The keys as far as they are known.
#[derive(Debug)]
pub(crate) struct Keys {
    source: Source,
    known: Mutex<Arc<Known>>,
    /// Held by whoever fetches: the others wait, and find what came.
    fetching: tokio::sync::Mutex<()>,
}

#[derive(Debug, Default)]
struct Known {
    keys: HashMap<String, DecodingKey>,
    /// When the keys came.
    since: Option<Timestamp>,
    /// When they were last asked for, and whether they came.
    asked: Option<(Timestamp, bool)>,
}

/// What there is to say of a key without asking.
enum Found {
    Key(DecodingKey),
    /// The pool has no such key.
    None,
    /// It takes a look, and the last one, just now, failed.
    Failed,
    /// It takes a look.
    Unsure,
}

impl Keys {
    pub fn new(source: Source) -> Self {
        Self { source, known: Mutex::default(), fetching: tokio::sync::Mutex::default() }
    }

    /// Finds a key by its id; `None` if the pool has none of that id.
    pub async fn find(&self, id: &str, now: Timestamp) -> Result<Option<DecodingKey>, FetchError> {
        if let Some(answer) = self.known().look(id, now).answer() {
            return answer;
        }
        let _turn = self.fetching.lock().await;
        if let Some(answer) = self.known().look(id, now).answer() {
            return answer;
        }
        let fetched = self.source.keys().await;
        let failed = self.learn(fetched, now);
        match (self.known().usable(id, now), failed) {
            (Some(key), _) => Ok(Some(key)),
            (None, None) => Ok(None),
            (None, Some(error)) => Err(error),
        }
    }

    fn known(&self) -> Arc<Known> {
        Arc::clone(&self.known.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Remembers what was fetched, and returns why nothing was.
    fn learn(
        &self,
        fetched: Result<Vec<(String, DecodingKey)>, FetchError>,
        now: Timestamp,
    ) -> Option<FetchError> {
        let before = self.known();
        let (known, error) = match fetched {
            Ok(keys) => {
                let keys = keys.into_iter().collect();
                (Known { keys, since: Some(now), asked: Some((now, true)) }, None)
            }
            Err(error) => {
                let cause = std::error::Error::source(&error).map(ToString::to_string);
                tracing::warn!(%error, cause, "the keys of the user pool could not be fetched");
                let keys = before.keys.clone();
                (Known { keys, since: before.since, asked: Some((now, false)) }, Some(error))
            }
        };
        *self.known.lock().unwrap_or_else(PoisonError::into_inner) = Arc::new(known);
        error
    }
}

impl Found {
    /// Returns what a look is answered with; `None` where it takes another.
    fn answer(self) -> Option<Result<Option<DecodingKey>, FetchError>> {
        match self {
            Self::Key(key) => Some(Ok(Some(key))),
            Self::None => Some(Ok(None)),
            Self::Failed => Some(Err(FetchError::JustFailed)),
            Self::Unsure => None,
        }
    }
}

impl Known {
    fn look(&self, id: &str, now: Timestamp) -> Found {
        let is_fresh = self.is_younger(FRESH_MILLIS, now);
        match self.usable(id, now) {
            Some(key) if is_fresh || self.asked_just_now(now) => Found::Key(key),
            // Whether a key is new can be said only when the last look was a good one.
            None if is_fresh && self.asked_just_now(now) && self.came() => Found::None,
            None if self.asked_just_now(now) && !self.came() => Found::Failed,
            _ => Found::Unsure,
        }
    }

    /// Returns a key that may still be used.
    fn usable(&self, id: &str, now: Timestamp) -> Option<DecodingKey> {
        if !self.is_younger(USABLE_MILLIS, now) {
            return None;
        }
        self.keys.get(id).cloned()
    }

    fn is_younger(&self, millis: i64, now: Timestamp) -> bool {
        self.since.is_some_and(|since| now.millis() - since.millis() < millis)
    }

    fn asked_just_now(&self, now: Timestamp) -> bool {
        self.asked.is_some_and(|(at, _)| now.millis() - at.millis() < PAUSE_MILLIS)
    }

    fn came(&self) -> bool {
        self.asked.is_some_and(|(_, came)| came)
    }
}
