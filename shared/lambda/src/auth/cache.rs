//! Whom a container knew, and whom not, during the last minute.
//!
//! Invariant: nothing is remembered longer than a minute, and a flood of unknown callers pushes no
//! known one out.

use std::{
    collections::HashMap,
    hash::Hash,
    sync::{Mutex, MutexGuard, PoisonError},
};

use domain::time::Timestamp;

use super::Caller;

const LIFETIME_MS: i64 = 60_000;

/// How many callers of each sort are remembered.
const CAPACITY: usize = 1_000;

/// What is remembered of callers, by what names them.
#[derive(Debug)]
pub(super) struct Cache<K> {
    known: Mutex<Entries<K, Caller>>,
    unknown: Mutex<Entries<K, ()>>,
}

/// What is remembered of a caller.
pub(super) enum Remembered {
    /// It was found.
    Known(Caller),
    /// It was looked for, and there is none.
    Unknown,
    /// It was not looked for within a minute.
    Nothing,
}

type Entries<K, T> = HashMap<K, (Timestamp, T)>;

impl<K> Default for Cache<K> {
    fn default() -> Self {
        Self { known: Mutex::default(), unknown: Mutex::default() }
    }
}

impl<K: Eq + Hash> Cache<K> {
    /// Returns what is remembered of a caller.
    pub(super) fn get(&self, key: &K, now: Timestamp) -> Remembered {
        if let Some(caller) = fresh(&lock(&self.known), key, now) {
            return Remembered::Known(caller);
        }
        match fresh(&lock(&self.unknown), key, now) {
            Some(()) => Remembered::Unknown,
            None => Remembered::Nothing,
        }
    }

    /// Remembers what was found.
    pub(super) fn put(&self, key: K, found: Option<Caller>, now: Timestamp) {
        match found {
            Some(caller) => insert(&mut lock(&self.known), key, caller, now),
            None => insert(&mut lock(&self.unknown), key, (), now),
        }
    }
}

fn lock<T>(entries: &Mutex<T>) -> MutexGuard<'_, T> {
    entries.lock().unwrap_or_else(PoisonError::into_inner)
}

fn is_fresh(since: Timestamp, now: Timestamp) -> bool {
    (0..LIFETIME_MS).contains(&now.millis_since(since))
}

fn fresh<K, T>(entries: &Entries<K, T>, key: &K, now: Timestamp) -> Option<T>
where
    K: Eq + Hash,
    T: Clone,
{
    entries.get(key).filter(|(since, _)| is_fresh(*since, now)).map(|(_, entry)| entry.clone())
}

fn insert<K: Eq + Hash, T>(entries: &mut Entries<K, T>, key: K, entry: T, now: Timestamp) {
    if entries.len() >= CAPACITY {
        entries.retain(|_, (since, _)| is_fresh(*since, now));
    }
    if entries.len() >= CAPACITY {
        entries.clear();
    }
    entries.insert(key, (now, entry));
}

#[cfg(test)]
mod tests {
    use domain::api_key::ApiKeyText;

    use super::*;

    #[test]
    fn a_flood_of_unknown_keys_is_bounded() {
        let cache = Cache::default();
        let now = Timestamp::from_millis(0).unwrap();
        for index in 0..3 * CAPACITY {
            let text = format!("llk_acme_{index:040}");
            cache.put(text.parse::<ApiKeyText>().unwrap().hash(), None, now);
        }
        assert!(lock(&cache.unknown).len() <= CAPACITY);
    }
}
