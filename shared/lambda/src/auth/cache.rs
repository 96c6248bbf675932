//! Whom a container knew, and whom not, during the last minute.
//!
//! Invariant: nothing is remembered longer than a minute, and a flood of unknown keys pushes no
//! known one out.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use domain::{api_key::KeyHash, time::Timestamp};

use super::Caller;

const LIFETIME_MS: i64 = 60_000;

/// How many keys of each sort are remembered.
const CAPACITY: usize = 1_000;

#[derive(Debug, Default)]
pub(super) struct Cache {
    known: Mutex<Entries<Caller>>,
    unknown: Mutex<Entries<()>>,
}

/// What is remembered of a key.
pub(super) enum Remembered {
    /// It was found.
    Known(Caller),
    /// It was looked for, and there is none.
    Unknown,
    /// It was not looked for within a minute.
    Nothing,
}

type Entries<T> = HashMap<KeyHash, (Timestamp, T)>;

impl Cache {
    /// Returns what is remembered of a key.
    pub(super) fn get(&self, hash: &KeyHash, now: Timestamp) -> Remembered {
        if let Some(caller) = fresh(&lock(&self.known), hash, now) {
            return Remembered::Known(caller);
        }
        match fresh(&lock(&self.unknown), hash, now) {
            Some(()) => Remembered::Unknown,
            None => Remembered::Nothing,
        }
    }

    /// Remembers what was found.
    pub(super) fn put(&self, hash: KeyHash, found: Option<Caller>, now: Timestamp) {
        match found {
            Some(caller) => insert(&mut lock(&self.known), hash, caller, now),
            None => insert(&mut lock(&self.unknown), hash, (), now),
        }
    }
}

fn lock<T>(entries: &Mutex<T>) -> MutexGuard<'_, T> {
    entries.lock().unwrap_or_else(PoisonError::into_inner)
}

fn is_fresh(since: Timestamp, now: Timestamp) -> bool {
    (0..LIFETIME_MS).contains(&now.millis_since(since))
}

fn fresh<T: Clone>(entries: &Entries<T>, hash: &KeyHash, now: Timestamp) -> Option<T> {
    entries.get(hash).filter(|(since, _)| is_fresh(*since, now)).map(|(_, entry)| entry.clone())
}

fn insert<T>(entries: &mut Entries<T>, hash: KeyHash, entry: T, now: Timestamp) {
    if entries.len() >= CAPACITY {
        entries.retain(|_, (since, _)| is_fresh(*since, now));
    }
    if entries.len() >= CAPACITY {
        entries.clear();
    }
    entries.insert(hash, (now, entry));
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
