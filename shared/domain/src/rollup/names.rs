//! Which marketplaces and sources of a day are told apart.
//!
//! Invariant: what is chosen depends only on how many leads have each name, so parts of a tenant's
//! leads that are added up in any order lead to the same choice.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
};

use super::{Cell, Counts, Dimensions, OTHER, Rollup};
use crate::marketplace::Marketplace;

/// How many sources of a day are told apart.
pub const MAX_SOURCES: usize = 50;

/// How many marketplaces of a day are told apart.
pub const MAX_MARKETPLACES: usize = 20;

/// The marketplaces and sources that are told apart on a day; all the rest are [`OTHER`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Names {
    /// The marketplaces.
    pub marketplaces: BTreeSet<Marketplace>,
    /// The sources.
    pub sources: BTreeSet<String>,
}

/// How many leads have each name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Census {
    marketplaces: BTreeMap<Marketplace, u64>,
    sources: BTreeMap<String, u64>,
}

impl Census {
    /// Counts the leads in a rollup's picture; a name that only counts have is counted as one of no
    /// lead.
    pub fn add(&mut self, rollup: &Rollup) {
        for (dimensions, Cell { picture, .. }) in &rollup.cells {
            self.count(dimensions, picture.leads);
        }
    }

    /// Chooses the names with most leads, of several with equally many those that come first in the
    /// alphabet.
    pub fn choose(self) -> Names {
        let mut names = Names::default();
        self.fill(&mut names);
        names
    }

    fn count(&mut self, dimensions: &Dimensions, weight: u64) {
        *self.marketplaces.entry(dimensions.marketplace.clone()).or_default() += weight;
        *self.sources.entry(dimensions.source.clone()).or_default() += weight;
    }

    fn fill(self, names: &mut Names) {
        fill(&mut names.marketplaces, self.marketplaces, MAX_MARKETPLACES, Marketplace::as_str);
        fill(&mut names.sources, self.sources, MAX_SOURCES, String::as_str);
    }
}

impl Names {
    /// Returns the names that counts of the same day are told apart by: these, and in the places
    /// left those with most events, of several with equally many the first in the alphabet.
    #[must_use]
    pub fn with_those_of(mut self, counts: &BTreeMap<Dimensions, Counts>) -> Self {
        let mut census = Census::default();
        for (dimensions, counts) in counts {
            census.count(dimensions, counts.events);
        }
        census.fill(&mut self);
        self
    }

    /// Renames what is not told apart.
    pub fn fold(&self, mut dimensions: Dimensions) -> Dimensions {
        if !self.sources.contains(&dimensions.source) {
            OTHER.clone_into(&mut dimensions.source);
        }
        if !self.marketplaces.contains(&dimensions.marketplace) {
            dimensions.marketplace = Marketplace::other();
        }
        dimensions
    }
}

/// Fills the places left with the names that weigh most.
fn fill<N: Ord + Clone>(
    names: &mut BTreeSet<N>,
    weights: BTreeMap<N, u64>,
    most: usize,
    text: impl Fn(&N) -> &str,
) {
    let left = most.saturating_sub(names.len());
    let mut others: Vec<_> = weights.into_iter().collect();
    others.retain(|(name, _)| text(name) != OTHER && !names.contains(name));
    // The names come in their order, and the sort is stable.
    others.sort_by_key(|(_, weight)| Reverse(*weight));
    names.extend(others.into_iter().take(left).map(|(name, _)| name));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{segment::Segment, stage::Stage};

    fn of(source: &str, marketplace: &str) -> Dimensions {
        Dimensions {
            marketplace: marketplace.parse().unwrap(),
            segment: Segment::New,
            stage: Stage::Cold,
            source: source.to_owned(),
        }
    }

    fn census(leads: impl IntoIterator<Item = (String, u64)>) -> Census {
        let mut rollup = Rollup::default();
        for (source, leads) in leads {
            let cell = rollup.cells.entry(of(&source, "direct")).or_default();
            cell.picture.leads = leads;
        }
        let mut census = Census::default();
        census.add(&rollup);
        census
    }

    #[test]
    fn the_names_of_most_leads_are_told_apart_and_of_equals_the_first_ones() {
        let many = (0..60).map(|n| (format!("s{n:02}"), if n == 59 { 9 } else { 1 }));
        let names = census(many).choose();
        let mut expected: BTreeSet<_> = (0..49).map(|n| format!("s{n:02}")).collect();
        expected.insert("s59".to_owned());
        assert_eq!(names.sources, expected);
        assert_eq!(names.fold(of("s49", "direct")), of(OTHER, "direct"));
        assert_eq!(names.fold(of("s59", "shopee")), of("s59", OTHER));
    }

    #[test]
    fn the_name_of_the_rest_takes_no_place() {
        let names = census([(OTHER.to_owned(), 100), ("google".to_owned(), 1)]).choose();
        assert_eq!(names.sources, ["google".to_owned()].into());
        assert_eq!(names.fold(of(OTHER, OTHER)), of(OTHER, OTHER));
    }

    #[test]
    fn counts_fill_the_places_that_are_left_and_push_nobody_out() {
        let chosen = census((0..49).map(|n| (format!("s{n:02}"), 1))).choose();
        let count =
            |source: &str, events| (of(source, "direct"), Counts { events, ..Counts::default() });
        let counts = BTreeMap::from([count("few", 1), count("late", 7), count("s03", 900)]);
        let names = chosen.clone().with_those_of(&counts);
        let mut expected = chosen.sources;
        expected.insert("late".to_owned());
        assert_eq!(names.sources, expected);
        assert_eq!(names.clone().with_those_of(&BTreeMap::from([count("few", 99)])), names);
    }
}
