//! How scores are spread.

use serde::{Deserialize, Serialize};

/// The lowest score of each bar; a bar ends where the next one begins, and the last has no end.
pub const FROM: [i64; 12] = [0, 1, 10, 20, 30, 40, 50, 60, 80, 100, 150, 200];

/// How many leads show a score of each bar, before and after.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Histogram {
    /// Before.
    pub before: [u64; FROM.len()],
    /// After.
    pub after: [u64; FROM.len()],
}

/// One bar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bar {
    /// Its lowest score.
    pub from: i64,
    /// Its highest score; the last bar has none.
    pub to: Option<i64>,
    /// The leads before.
    pub before: u64,
    /// The leads after.
    pub after: u64,
}

impl Histogram {
    /// Counts one lead by the scores that it shows.
    pub(super) fn count(&mut self, before: i64, after: i64) {
        for (bars, score) in [(&mut self.before, before), (&mut self.after, after)] {
            let place = FROM.partition_point(|from| *from <= score).saturating_sub(1);
            if let Some(count) = bars.get_mut(place) {
                *count += 1;
            }
        }
    }

    pub(super) fn merge(&mut self, part: Self) {
        for (sums, counts) in [(&mut self.before, part.before), (&mut self.after, part.after)] {
            for (sum, count) in sums.iter_mut().zip(counts) {
                *sum += count;
            }
        }
    }

    /// Iterates over the bars, lowest first.
    pub fn bars(&self) -> impl Iterator<Item = Bar> + '_ {
        let ends = FROM.iter().skip(1).map(|from| Some(from - 1)).chain([None]);
        let counts = self.before.iter().zip(&self.after);
        FROM.iter().zip(ends).zip(counts).map(|((from, to), (before, after))| Bar {
            from: *from,
            to,
            before: *before,
            after: *after,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_score_has_one_bar() {
        let mut histogram = Histogram::default();
        for (before, after) in [(0, 1), (9, 10), (99, 100), (199, 200), (1_000_000, 0)] {
            histogram.count(before, after);
        }
        let bars: Vec<_> =
            histogram.bars().map(|bar| (bar.from, bar.to, bar.before, bar.after)).collect();
        assert_eq!(bars[0], (0, Some(0), 1, 1));
        assert_eq!(bars[1], (1, Some(9), 1, 1));
        assert_eq!(bars[2], (10, Some(19), 0, 1));
        assert_eq!(bars[8], (80, Some(99), 1, 0));
        assert_eq!(bars[9], (100, Some(149), 0, 1));
        assert_eq!(bars[10], (150, Some(199), 1, 0));
        assert_eq!(bars[11], (200, None, 1, 1));
    }
}
