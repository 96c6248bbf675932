//! Which rules of a set did something, by their places in it: a bit for each.
//!
//! Invariant: equal marks are equal values. A mark means something only together with the version
//! of the rule set whose places it counts.

/// A set of rules.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RuleMarks(Vec<u64>);

impl RuleMarks {
    /// Marks the rule at a place.
    pub fn insert(&mut self, place: usize) {
        let (word, bit) = (place / 64, place % 64);
        if self.0.len() <= word {
            self.0.resize(word + 1, 0);
        }
        if let Some(word) = self.0.get_mut(word) {
            *word |= 1 << bit;
        }
    }

    /// Tells whether the rule at a place is marked.
    pub fn contains(&self, place: usize) -> bool {
        self.0.get(place / 64).is_some_and(|word| word & 1 << (place % 64) != 0)
    }

    /// Iterates over the places that are marked, in order.
    pub fn places(&self) -> impl Iterator<Item = usize> + '_ {
        (0..self.0.len() * 64).filter(|place| self.contains(*place))
    }

    /// Tells whether no rule is marked.
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the bits, 64 places to a number.
    pub fn bits(&self) -> &[u64] {
        &self.0
    }

    /// Takes the bits of marks that were written down.
    pub fn from_bits(mut bits: Vec<u64>) -> Self {
        while bits.last() == Some(&0) {
            bits.pop();
        }
        Self(bits)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_the_places_put_in_whatever_their_order() {
        let marked = |places: &[usize]| {
            let mut marks = RuleMarks::default();
            for place in places {
                marks.insert(*place);
            }
            marks
        };
        let marks = marked(&[499, 0, 63, 64, 0]);
        assert_eq!(marks.places().collect::<Vec<_>>(), [0, 63, 64, 499]);
        assert_eq!(marks, marked(&[64, 63, 499, 0]));
        assert!(marks.contains(64) && !marks.contains(65) && !marks.contains(9_999));
        assert!(RuleMarks::default().is_empty() && !marks.is_empty());
    }

    #[test]
    fn marks_read_back_from_their_bits() {
        let mut marks = RuleMarks::default();
        marks.insert(70);
        let bits = [marks.bits(), &[0]].concat();
        assert_eq!(RuleMarks::from_bits(bits), marks);
        assert_eq!(RuleMarks::from_bits(vec![0, 0]), RuleMarks::default());
    }
}
