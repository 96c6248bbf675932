//! Rates, relative changes and lifts, in exact ten-thousandths.
//!
//! Invariant: a ratio is never a float. It is rounded once, from whole numbers, half away from
//! zero.

use std::fmt;

use serde::Serialize;

use crate::points::divide_half_away;

/// How one number stands to another, kept in ten-thousandths.
///
/// In JSON it is a number with up to four decimals, as text it has all four.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(into = "serde_json::Number")]
pub struct Ratio(i64);

/// A number as it was counted: one whole number over another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fraction {
    /// What is divided.
    pub over: u64,
    /// What it is divided by.
    pub under: u64,
}

impl Fraction {
    /// Takes a whole number.
    pub const fn whole(number: u64) -> Self {
        Self { over: number, under: 1 }
    }

    /// Returns the ratio; `None` where it is one to nothing.
    pub fn ratio(self) -> Option<Ratio> {
        Ratio::of(self.over.into(), self.under.into())
    }

    /// Returns how this stands to another one; `None` where the other is 0 or either is a ratio to
    /// nothing.
    pub fn per(self, other: Self) -> Option<Ratio> {
        let (part, whole) = self.against(other)?;
        Ratio::of(part, whole)
    }

    /// Returns by how much of a former number this one is more: 0.25 where it is a quarter more,
    /// negative where it is less. `None` where the former is 0 or either is a ratio to nothing.
    pub fn change_from(self, former: Self) -> Option<Ratio> {
        let (part, whole) = self.against(former)?;
        Ratio::of(part - whole, whole)
    }

    fn against(self, other: Self) -> Option<(i128, i128)> {
        let product = |one: u64, two: u64| i128::from(one).checked_mul(two.into());
        let defined = self.under != 0 && other.under != 0;
        defined.then_some((product(self.over, other.under)?, product(other.over, self.under)?))
    }
}

impl Ratio {
    fn of(part: i128, whole: i128) -> Option<Self> {
        let scaled = part.checked_mul(10_000)?;
        (whole > 0).then(|| Self(divide_half_away(scaled, whole)))
    }
}

impl fmt::Display for Ratio {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let magnitude = self.0.unsigned_abs();
        write!(f, "{sign}{}.{:04}", magnitude / 10_000, magnitude % 10_000)
    }
}

impl From<Ratio> for serde_json::Number {
    /// Writes the shortest number: `1`, `-0.25`, `0.3333`.
    fn from(ratio: Ratio) -> Self {
        if ratio.0 % 10_000 == 0 {
            return Self::from(ratio.0 / 10_000);
        }
        // A decimal of at most four places below 2^53 ten-thousandths survives the trip through a
        // double: the nearest double prints as the same shortest decimal.
        #[expect(clippy::cast_precision_loss, reason = "exact below 2^53, see above")]
        let double = ratio.0 as f64 / 10_000.0;
        Self::from_f64(double).unwrap_or_else(|| Self::from(ratio.0 / 10_000))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn over(over: u64, under: u64) -> Fraction {
        Fraction { over, under }
    }

    fn text(ratio: Option<Ratio>) -> String {
        ratio.map_or_else(|| "none".to_owned(), |ratio| ratio.to_string())
    }

    #[test]
    fn a_ratio_is_rounded_half_away_from_zero_to_four_decimals() {
        for (part, whole, expected) in [
            (1, 3, "0.3333"),
            (2, 3, "0.6667"),
            (1, 20_000, "0.0001"),
            (1, 20_001, "0.0000"),
            (3, 1, "3.0000"),
            (0, 5, "0.0000"),
            (0, 0, "none"),
            (7, 0, "none"),
        ] {
            assert_eq!(text(over(part, whole).ratio()), expected, "{part}/{whole}");
        }
    }

    #[test]
    fn a_change_is_relative_and_there_is_none_from_nothing() {
        for (now, former, expected) in [
            (over(5, 1), over(4, 1), "0.2500"),
            (over(3, 1), over(4, 1), "-0.2500"),
            (over(0, 1), over(4, 1), "-1.0000"),
            (over(1, 3), over(1, 6), "1.0000"),
            (over(19_999, 1), over(20_000, 1), "-0.0001"),
            (over(1, 1), over(0, 1), "none"),
            (over(1, 0), over(1, 1), "none"),
            (over(1, 1), over(1, 0), "none"),
        ] {
            assert_eq!(text(now.change_from(former)), expected, "{now:?} from {former:?}");
        }
        assert_eq!(text(over(1, 2).per(over(1, 8))), "4.0000");
        assert_eq!(text(over(1, 2).per(over(0, 8))), "none");
    }

    #[test]
    fn a_number_in_json_is_the_shortest_that_says_it() {
        let json = |part, whole| serde_json::to_string(&over(part, whole).ratio()).unwrap();
        assert_eq!(json(1, 3), "0.3333");
        assert_eq!(json(1, 4), "0.25");
        assert_eq!(json(8, 4), "2");
        assert_eq!(json(1, 0), "null");
    }

    proptest! {
        #[test]
        fn text_and_json_say_the_same(part in 0..1_u64 << 38, whole in 1..1_u64 << 38) {
            let ratio = over(part, whole).ratio().unwrap();
            let json = serde_json::Number::from(ratio).to_string();
            let (units, decimals) = json.split_once('.').unwrap_or((&json, ""));
            prop_assert_eq!(format!("{units}.{decimals:0<4}"), ratio.to_string());
        }
    }
}
