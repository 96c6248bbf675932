//! What lies in the table about a day, put together.
//!
//! Invariant: the rollup of a day is read from its final item alone once there is one, whatever
//! else lies beside it.

use std::collections::BTreeMap;

use domain::rollup::{ByStage, Census, Counts, Dimensions, Names, Picture, Rollup, Totals};
use serde::Deserialize;

use super::{
    packed::{unpack, unpack_counts},
    pieces::{DATA, Pieces},
};
use crate::{
    error::StoreError,
    items::{self, Item, Place},
    keys::{self, Key, RollupPart},
    runs::Run,
};

/// The attribute that says when the pass that counted began, in milliseconds.
pub(super) const COUNTED_AT: &str = "counted_at";

/// The items of a day.
#[derive(Clone, Debug, Default)]
pub(super) struct StoredDay {
    pub partials: Vec<Item>,
    pub whole: Option<Item>,
    pub correction: Option<Item>,
    /// The pieces of partials and of the whole.
    pub pieces: Vec<Item>,
}

/// A partial of former code, which divided nothing.
#[derive(Deserialize)]
struct FormerPartial {
    leads: u64,
    new_leads: u64,
    score_sum: u64,
    cold: u64,
    warm: u64,
    hot: u64,
    qualified: u64,
}

/// A correction of former code, which counted new leads only.
#[derive(Deserialize)]
struct FormerCorrection {
    new_leads: u64,
}

#[derive(Deserialize)]
struct CountedAt {
    counted_at: i64,
}

impl From<FormerPartial> for Totals {
    fn from(item: FormerPartial) -> Self {
        let FormerPartial { leads, new_leads, score_sum, cold, warm, hot, qualified } = item;
        Self {
            picture: Picture { leads, score_sum, ..Picture::default() },
            by_stage: ByStage { cold, warm, hot, qualified },
            counts: Counts { new_leads, ..Counts::default() },
        }
    }
}

impl StoredDay {
    /// Tells whether former code counted at least a part of the day.
    pub(super) fn is_of_former_code(&self) -> bool {
        self.partials.iter().any(is_former)
    }

    /// Returns where the partials and their pieces lie.
    pub(super) fn partial_keys(&self) -> Vec<Key> {
        let places = self.partials.iter().chain(&self.pieces).map(Place::of);
        let is_whole = |place: &Place| {
            let part = keys::parse_rollup(&place.sk).map(|(_, part)| part);
            matches!(part, Some(RollupPart::FinalPiece))
        };
        places.filter(|place| !is_whole(place)).map(|Place { pk, sk }| Key { pk, sk }).collect()
    }

    /// Puts the partials together, unless they have been, and chooses the names; `None` where there
    /// is nothing to put together.
    pub(super) fn unsettled(self) -> Result<Option<(Rollup, Names)>, StoreError> {
        if self.whole.is_some() || self.partials.is_empty() {
            return Ok(None);
        }
        let mut pieces = pieces(self.pieces)?;
        // The contents stay packed: of a day with very many sources the parts alone are large.
        let mut contents = Vec::new();
        let mut undivided = Totals::default();
        for item in self.partials {
            let place = Place::of(&item);
            if is_former(&item) {
                undivided += items::read::<FormerPartial>(item)?.into();
            } else {
                contents.push((place, pieces.whole(item)?));
            }
        }
        let read = |(place, bytes): &(Place, Vec<u8>)| {
            unpack(bytes).map(|(rollup, _)| rollup).map_err(|source| place.unreadable(source))
        };
        let mut census = Census::default();
        for content in &contents {
            census.add(&read(content)?);
        }
        let names = census.choose();
        let mut rollup = Rollup { undivided, ..Rollup::default() };
        for content in &contents {
            rollup.add(read(content)?.named(&names));
        }
        Ok(Some((rollup, names)))
    }

    /// Returns the rollup of the day of a run. A correction counted before that run began is older
    /// than the rollup and does not count.
    pub(super) fn rollup(mut self, run: &Run) -> Result<Rollup, StoreError> {
        let correction = self.correction.take();
        let (mut rollup, _) = self.settled()?;
        let Some(correction) = correction else { return Ok(rollup) };
        let CountedAt { counted_at } = items::read(correction.clone())?;
        if counted_at <= run.started_at.millis() {
            return Ok(rollup);
        }
        if correction.contains_key(DATA) {
            let place = Place::of(&correction);
            let bytes = Pieces::default().whole(correction)?;
            rollup.correct(unpack_counts(&bytes).map_err(|source| place.unreadable(source))?);
        } else if rollup.cells.is_empty() {
            rollup.undivided.counts.new_leads =
                items::read::<FormerCorrection>(correction)?.new_leads;
        }
        Ok(rollup)
    }

    /// Returns which names are told apart on the day.
    pub(super) fn names(self) -> Result<Names, StoreError> {
        self.settled().map(|(_, names)| names)
    }

    /// Reads the final item, else puts together what there is.
    fn settled(mut self) -> Result<(Rollup, Names), StoreError> {
        let Some(whole) = self.whole.take() else {
            return Ok(self.unsettled()?.unwrap_or_default());
        };
        let place = Place::of(&whole);
        let bytes = pieces(self.pieces)?.whole(whole)?;
        let (rollup, names) = unpack(&bytes).map_err(|source| place.unreadable(source))?;
        Ok((rollup, names.unwrap_or_default()))
    }
}

fn is_former(partial: &Item) -> bool {
    !partial.contains_key(DATA)
}

fn pieces(items: Vec<Item>) -> Result<Pieces, StoreError> {
    let mut pieces = Pieces::default();
    items.into_iter().try_for_each(|item| pieces.take_in(item))?;
    Ok(pieces)
}

/// Sums the counts in items, their pieces among them.
pub(super) fn sum_counts(found: Vec<Item>) -> Result<BTreeMap<Dimensions, Counts>, StoreError> {
    let is_piece = |item: &Item| Place::of(item).sk.matches('#').count() > COUNTS_SEPARATORS;
    let (found_pieces, heads): (Vec<_>, Vec<_>) = found.into_iter().partition(is_piece);
    let mut pieces = pieces(found_pieces)?;
    let mut sums: BTreeMap<Dimensions, Counts> = BTreeMap::new();
    for item in heads {
        let place = Place::of(&item);
        let counts = unpack_counts(&pieces.whole(item)?);
        for (of, counts) in counts.map_err(|source| place.unreadable(source))? {
            *sums.entry(of).or_default() += counts;
        }
    }
    Ok(sums)
}

/// How many `#` the sort key of a segment's counts has, and that of a piece of them has more.
const COUNTS_SEPARATORS: usize = 3;
