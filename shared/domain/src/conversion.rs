//! Conversions: a lead converts once, and what it showed just before tells whether its points had
//! foretold it.
//!
//! Invariant: nothing that an event brings is in what was known before it, the points of the
//! converting event itself included.

use crate::{rules::Rules, stage::Stage, state::State, time::Timestamp, view::shown};

/// The conversion of a lead: its first event, in the order of the fold, that counts and is of a
/// type that the rule set calls a conversion, or the first edit that sets the status `converted`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Conversion {
    /// When it converted.
    pub at: Timestamp,
    /// The score shown just before, with the decay up to then.
    pub score: i64,
    /// The stage of that score.
    pub stage: Stage,
}

impl Conversion {
    /// Returns the conversion at an instant of a lead that was this until then.
    pub(crate) fn of(before: &State, rules: &Rules, at: Timestamp) -> Self {
        let shown = shown(before, rules, at);
        Self { at, score: shown.score, stage: shown.stage }
    }
}
