//! Answers that are kept for requests that are made again: those that show an erased person.
//!
//! Invariant: a request whose answer is forgotten is made again as it was the first time, and so
//! makes nothing twice.

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    erasure::Erasure,
    home::{FIRST_GENERATION, HomeId},
    identity::{Identity, Kind},
    time::Timestamp,
};
use dynamo::{KeptAnswer, Request, Store, StoreError};
use serde_json::Value;
use vault::Keyring;

use crate::traces::{Found, Traces, there_for};

/// How many requests are read at once.
const PAGE: u16 = 200;

/// Who is looked for.
pub(crate) struct Wanted<'a> {
    keyring: &'a Keyring,
    erasures: &'a [Erasure],
    places: BTreeMap<HomeId, usize>,
    /// The generations that the tombstones are of.
    generations: BTreeSet<u32>,
}

impl<'a> Wanted<'a> {
    pub async fn of(
        store: &Store,
        keyring: &'a Keyring,
        erasures: &'a [Erasure],
    ) -> Result<Self, StoreError> {
        let all = erasures.iter().enumerate();
        let homes = all.flat_map(|(place, erasure)| erasure.homes.iter().map(move |h| (*h, place)));
        let places: BTreeMap<_, _> = homes.collect();
        let homes = store.homes(keyring.tenant(), places.keys().copied()).await?;
        let generations = homes.values().filter_map(|home| Some(home.erased?.generation));
        let generations = generations.chain([FIRST_GENERATION]).collect();
        Ok(Self { keyring, erasures, places, generations })
    }

    /// Looks through the kept answers.
    pub async fn find(&self, store: &Store, now: Timestamp) -> Result<Traces<Request>, StoreError> {
        let mut traces = Traces::default();
        let mut after: Option<String> = None;
        loop {
            let page = store.requests(self.keyring.tenant(), after.as_deref(), PAGE).await?;
            let is_last = page.len() < usize::from(PAGE);
            after = page.last().map(|request| request.lease.token.clone());
            for request in page {
                self.look_at(request, now, &mut traces);
            }
            if is_last {
                return Ok(traces);
            }
        }
    }

    fn look_at(&self, request: Request, now: Timestamp, traces: &mut Traces<Request>) {
        let there = there_for(self.erasures, request.lease.created_at);
        match &request.answer {
            None if request.lease.until > now => traces.open.extend(there),
            None => {}
            Some(answer) => {
                let of: BTreeSet<_> = self.shown(answer).intersection(&there).copied().collect();
                if !of.is_empty() {
                    traces.found.push(Found { what: request, of });
                }
            }
        }
    }

    /// Returns the places of those whom an answer shows: by an id, or by an identity.
    fn shown(&self, answer: &KeptAnswer) -> BTreeSet<usize> {
        let mut shown = BTreeSet::new();
        for header in answer.headers.values() {
            self.look_for_ids(header, &mut shown);
        }
        // One that does not open shows nobody.
        if let Ok(body) = self.keyring.open_item(&answer.body) {
            match serde_json::from_slice(&body) {
                Ok(body) => self.look_into(&body, &mut shown),
                Err(_) => self.look_for_ids(&String::from_utf8_lossy(&body), &mut shown),
            }
        }
        shown
    }

    fn look_into(&self, value: &Value, shown: &mut BTreeSet<usize>) {
        match value {
            Value::String(text) => self.look_for_ids(text, shown),
            Value::Array(values) => values.iter().for_each(|value| self.look_into(value, shown)),
            Value::Object(fields) => {
                if let (Some(kind), Some(identity)) = (fields.get("kind"), fields.get("value")) {
                    shown.extend(self.named_by(kind, identity));
                }
                fields.values().for_each(|value| self.look_into(value, shown));
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    /// Looks for ids in a text, which may be a path.
    fn look_for_ids(&self, text: &str, shown: &mut BTreeSet<usize>) {
        let words = text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
        let ids = words.filter_map(|word| word.parse::<HomeId>().ok());
        shown.extend(ids.filter_map(|id| self.places.get(&id)));
    }

    fn named_by(&self, kind: &Value, value: &Value) -> Option<usize> {
        let kind: Kind = serde_json::from_value(kind.clone()).ok()?;
        let identity = Identity::new(kind, value.as_str()?).ok()?;
        let homes = self.generations.iter().map(|of| self.keyring.home(&identity, *of).id);
        homes.into_iter().find_map(|home| self.places.get(&home).copied())
    }
}
