//! What a tenant holds of its people, read off the tables and buckets themselves.
//!
//! Invariant: what is noted of a trace is a ciphertext or a token, which stands nowhere by chance:
//! whoever finds it after an erasure has found what should be gone.

use std::{
    collections::{BTreeMap, BTreeSet},
    process::Command,
};

use anyhow::{Result, ensure};
use serde_json::Value;

use crate::{
    permissions::python,
    stack::{Stack, Tenant, root},
};

/// How many characters a ciphertext or a token has at least.
const LEAST_CHARACTERS: usize = 20;

/// What a tenant holds of its people.
#[derive(Debug)]
pub struct Traces {
    /// The homes that live.
    homes: BTreeSet<String>,
    /// The homes that are tombstones, with what each still has of a person.
    tombstones: BTreeMap<String, Vec<String>>,
    /// By sort and place, what is written there.
    places: BTreeMap<String, BTreeMap<String, String>>,
}

impl Traces {
    /// Reads what a tenant holds now.
    pub fn of(stack: &Stack, tenant: &Tenant) -> Result<Self> {
        let output = Command::new(python()?)
            .arg(root().join("tests/system/python/traces.py"))
            .args([&stack.emulator_url, &tenant.id])
            .output()?;
        let errors = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "the traces could not be read: {errors}");
        let seen: Value = serde_json::from_slice(&output.stdout)?;
        Ok(Self {
            homes: serde_json::from_value(seen["homes"].clone())?,
            tombstones: serde_json::from_value(seen["tombstones"].clone())?,
            places: serde_json::from_value(seen["traces"].clone())?,
        })
    }

    /// Makes sure that there is something of every sort, of people who live.
    pub fn ensure_all(&self) -> Result<()> {
        ensure!(!self.homes.is_empty() && self.tombstones.is_empty(), "{self:?}");
        ensure!(self.places.len() == 8, "other sorts than are known: {:?}", self.places.keys());
        for (sort, texts) in &self.places {
            ensure!(!texts.is_empty(), "there are no {sort}: {self:?}");
            let is_told = |text: &String| text.len() >= LEAST_CHARACTERS;
            ensure!(texts.values().all(is_told), "{sort} that prove nothing: {texts:?}");
        }
        let keyed = |home: &String| self.places["keys"].contains_key(home);
        ensure!(self.homes.iter().all(keyed), "a home has no key: {self:?}");
        Ok(())
    }

    /// Makes sure that nothing is left but a bare tombstone for each of the homes that lived.
    pub fn ensure_none(&self, before: &Self) -> Result<()> {
        for (sort, texts) in &self.places {
            ensure!(texts.is_empty(), "{sort} are left: {texts:?}");
        }
        let tombstones: BTreeSet<_> = self.tombstones.keys().cloned().collect();
        ensure!(self.homes.is_empty() && tombstones == before.homes, "{self:?}, not {before:?}");
        let kept = self.tombstones.iter().find(|(_, kept)| !kept.is_empty());
        ensure!(kept.is_none(), "a tombstone keeps something: {kept:?}");
        Ok(())
    }

    /// Returns what is written in all places.
    pub fn texts(&self) -> Vec<&str> {
        let texts = self.places.values().flat_map(BTreeMap::values);
        texts.map(String::as_str).collect::<BTreeSet<_>>().into_iter().collect()
    }
}
