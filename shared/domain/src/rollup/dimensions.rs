//! What a rollup is divided by.
//!
//! Invariant: at any instant a lead has exactly one value of each dimension, by what it shows then.

use crate::{
    marketplace::Marketplace, rules::Rules, segment::Segment, segment::ShownSegment, stage::Stage,
    state::State, time::Timestamp, view::shown,
};

/// What marketplaces and sources that are too many to tell apart are called together.
pub const OTHER: &str = "other";

/// What a lead is, as far as rollups tell leads apart.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Dimensions {
    /// The marketplace shown that counts most, see [`State::shown_marketplace`].
    pub marketplace: Marketplace,
    /// The segment shown, one chosen by hand included.
    pub segment: Segment,
    /// The stage shown.
    pub stage: Stage,
    /// The source shown, see [`State::shown_source`].
    pub source: String,
}

impl Dimensions {
    /// Returns what a state shows at an instant.
    pub fn of(state: &State, rules: &Rules, at: Timestamp) -> Self {
        Self {
            marketplace: state.shown_marketplace(),
            segment: ShownSegment::of(state, at).segment,
            stage: shown(state, rules, at).stage,
            source: state.shown_source().to_owned(),
        }
    }
}
