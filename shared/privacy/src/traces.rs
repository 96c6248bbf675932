//! What is found of erased people in what is a whole tenant's.
//!
//! Invariant: a person is known by their place in the list that is cleaned up, nothing else.

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    erasure::{Erasure, Trace},
    time::Timestamp,
};
use dynamo::LEASE_MS;

/// Something that is to be removed, with the places of those for whose sake.
#[derive(Debug)]
pub(crate) struct Found<T> {
    pub what: T,
    pub of: BTreeSet<usize>,
}

/// What was found of a sort.
#[derive(Debug)]
pub(crate) struct Traces<T> {
    pub found: Vec<Found<T>>,
    /// The places of those of whom more may come: somebody is at work.
    pub open: BTreeSet<usize>,
}

impl<T> Default for Traces<T> {
    fn default() -> Self {
        Self { found: Vec::new(), open: BTreeSet::new() }
    }
}

impl<T> Traces<T> {
    /// Counts what was found of each.
    pub fn counts(&self) -> BTreeMap<usize, u64> {
        let mut counts = BTreeMap::new();
        for place in self.found.iter().flat_map(|found| &found.of) {
            *counts.entry(*place).or_default() += 1;
        }
        counts
    }
}

/// Notes how many things of a sort were found, unless it was noted before: what is left of them
/// by then are fewer.
pub(crate) fn note(erasure: &mut Erasure, trace: Trace, found: u64) {
    if found > 0 {
        erasure.traces.entry(trace).or_insert(found);
    }
}

/// Returns the places of those who may have been there yet for who began something at an instant.
///
/// A request that came shortly after that of the erasure may have been worked on before it.
pub(crate) fn there_for(erasures: &[Erasure], begun: Timestamp) -> BTreeSet<usize> {
    let all = erasures.iter().enumerate();
    let there = all.filter(|(_, erasure)| begun <= erasure.at.plus_millis(LEASE_MS));
    there.map(|(place, _)| place).collect()
}
