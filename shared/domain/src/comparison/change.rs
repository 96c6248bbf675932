//! The largest changes, each with what its two scores are made of.
//!
//! Invariant: the lines of a side sum to its score, however many of them were put together.

use std::{cmp::Reverse, collections::BTreeMap};

use serde::{Deserialize, Serialize};

use crate::{explanation::Line, home::HomeId, points::Points, stage::Stage};

/// How many changes are kept.
pub const MOST_CHANGES: usize = 50;

/// How many lines a side has at most: beyond, the smallest are put together as `other`.
pub const MAX_LINES: usize = 16;

/// A lead whose score shown would be another one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// The lead.
    pub lead: HomeId,
    /// As it is.
    pub before: Side,
    /// As it would be.
    pub after: Side,
}

/// What a lead shows under one rule set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Side {
    /// The score shown.
    pub score: i64,
    /// The stage of that score.
    pub stage: Stage,
    /// The points, which may be negative or beyond the total cap.
    pub points: Points,
    /// What the score is made of.
    pub lines: Vec<LineSum>,
}

/// Lines of an explanation that are of the same kind and rule, put together.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LineSum {
    /// What the lines are.
    pub kind: LineKind,
    /// The rule that gave the points.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
    /// How many lines there were: of a contribution, one for each event.
    pub events: u64,
    /// Their points.
    pub points: Points,
    /// What limits withheld, which is no part of the score.
    pub withheld: Points,
}

/// The kinds of lines, as in an explanation, and `other` for the smallest of many.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the kinds are those of the lines of an explanation")]
pub enum LineKind {
    Contribution,
    Decay,
    Expiry,
    Rounding,
    Floor,
    TotalCap,
    #[default]
    Other,
}

impl Change {
    /// Returns by how much the score shown changes.
    pub const fn difference(&self) -> i64 {
        self.after.score.saturating_sub(self.before.score)
    }

    fn rank(&self) -> (Reverse<u64>, HomeId) {
        (Reverse(self.difference().unsigned_abs()), self.lead)
    }

    /// Tells whether the change is one of the largest together with others, which are in order.
    pub(super) fn ranks_among(&self, others: &[Self]) -> bool {
        let last = others.get(MOST_CHANGES - 1);
        self.difference() != 0 && last.is_none_or(|last| self.rank() < last.rank())
    }
}

/// Orders changes and drops all but the largest.
pub(super) fn keep_largest(changes: &mut Vec<Change>) {
    changes.sort_by_key(Change::rank);
    changes.truncate(MOST_CHANGES);
}

impl LineSum {
    /// Puts the lines of an explanation together, the most points first.
    pub(super) fn of(lines: &[Line]) -> Vec<Self> {
        let mut sums: BTreeMap<(LineKind, Option<&str>), Self> = BTreeMap::new();
        for line in lines {
            let (kind, rule, withheld) = parts(line);
            let sum = sums.entry((kind, rule)).or_insert_with(|| Self {
                kind,
                rule: rule.map(str::to_owned),
                ..Self::default()
            });
            sum.add(1, line.points(), withheld);
        }
        let mut sums: Vec<_> = sums.into_values().collect();
        // The sort is stable: lines of the same weight stay in the order of kind and rule.
        sums.sort_by_key(|sum| Reverse((weight(sum.points), weight(sum.withheld))));
        if sums.len() > MAX_LINES {
            let mut other = Self::default();
            for sum in sums.split_off(MAX_LINES - 1) {
                other.add(sum.events, sum.points, sum.withheld);
            }
            sums.push(other);
        }
        sums
    }

    fn add(&mut self, events: u64, points: Points, withheld: Points) {
        self.events += events;
        self.points += points;
        self.withheld += withheld;
    }
}

const fn weight(points: Points) -> u64 {
    points.thousandths().unsigned_abs()
}

fn parts(line: &Line) -> (LineKind, Option<&str>, Points) {
    match line {
        Line::Contribution { rule, withheld, .. } => {
            (LineKind::Contribution, Some(rule), *withheld)
        }
        Line::Decay { .. } => (LineKind::Decay, None, Points::ZERO),
        Line::Expiry { .. } => (LineKind::Expiry, None, Points::ZERO),
        Line::Rounding { .. } => (LineKind::Rounding, None, Points::ZERO),
        Line::Floor { .. } => (LineKind::Floor, None, Points::ZERO),
        Line::TotalCap { .. } => (LineKind::TotalCap, None, Points::ZERO),
    }
}
