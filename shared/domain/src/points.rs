//! Points in exact thousandths.
//!
//! Invariant: points are never floats. Rounding is always half away from zero.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// A number of points, kept in thousandths.
///
/// In JSON it is a number with up to three decimals.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(try_from = "serde_json::Number", into = "serde_json::Number")]
pub struct Points(i64);

/// Says why a number is no amount of points.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("points are a number between -1,000,000,000 and 1,000,000,000 with at most 3 decimals")]
pub struct InvalidPoints;

const LIMIT: i64 = 1_000_000_000_000;

impl Points {
    /// No points.
    pub const ZERO: Self = Self(0);

    /// Returns that many whole points.
    pub const fn whole(points: i64) -> Self {
        Self(points.saturating_mul(1_000))
    }

    /// Returns that many thousandths of a point.
    pub const fn from_thousandths(thousandths: i64) -> Self {
        Self(thousandths)
    }

    /// Returns the points in thousandths.
    pub const fn thousandths(self) -> i64 {
        self.0
    }

    /// Returns the points rounded to a whole number, half away from zero.
    pub fn rounded(self) -> i64 {
        divide_half_away(i128::from(self.0), 1_000)
    }

    /// Returns the points times `numerator / denominator`, rounded to thousandths.
    #[must_use]
    pub fn scaled(self, numerator: i64, denominator: i64) -> Self {
        Self(divide_half_away(i128::from(self.0) * i128::from(numerator), denominator.into()))
    }
}

/// Divides, rounding half away from zero. `divisor` must be positive.
///
/// A quotient beyond `i64` is held at its limit.
pub(crate) fn divide_half_away(dividend: i128, divisor: i128) -> i64 {
    let magnitude =
        (dividend.unsigned_abs() * 2 + divisor.unsigned_abs()) / (divisor.unsigned_abs() * 2);
    let magnitude = i64::try_from(magnitude).unwrap_or(i64::MAX);
    if dividend < 0 { -magnitude } else { magnitude }
}

impl std::ops::Add for Points {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl std::ops::Sub for Points {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

impl std::ops::AddAssign for Points {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl std::iter::Sum for Points {
    fn sum<I: Iterator<Item = Self>>(points: I) -> Self {
        points.fold(Self::ZERO, |sum, points| sum + points)
    }
}

impl fmt::Display for Points {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let magnitude = self.0.unsigned_abs();
        write!(f, "{sign}{}.{:03}", magnitude / 1_000, magnitude % 1_000)
    }
}

impl FromStr for Points {
    type Err = InvalidPoints;

    fn from_str(text: &str) -> Result<Self, InvalidPoints> {
        let (negative, digits) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let only_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        let fraction = fraction.trim_end_matches('0');
        if whole.is_empty() || !only_digits(whole) || !only_digits(fraction) || fraction.len() > 3 {
            return Err(InvalidPoints);
        }
        let whole: i64 = whole.parse().map_err(|_| InvalidPoints)?;
        let fraction: i64 = format!("{fraction:0<3}").parse().map_err(|_| InvalidPoints)?;
        let thousandths = whole
            .checked_mul(1_000)
            .and_then(|whole| whole.checked_add(fraction))
            .filter(|thousandths| *thousandths <= LIMIT)
            .ok_or(InvalidPoints)?;
        Ok(Self(if negative { -thousandths } else { thousandths }))
    }
}

impl TryFrom<serde_json::Number> for Points {
    type Error = InvalidPoints;

    fn try_from(number: serde_json::Number) -> Result<Self, InvalidPoints> {
        number.to_string().parse()
    }
}

impl From<Points> for serde_json::Number {
    /// Writes the shortest number: `5`, `-20`, `66.342`.
    fn from(points: Points) -> Self {
        if points.0 % 1_000 == 0 {
            return Self::from(points.0 / 1_000);
        }
        // A decimal of at most three places below 2^53 thousandths survives the trip through a
        // double: the nearest double prints as the same shortest decimal.
        #[expect(clippy::cast_precision_loss, reason = "exact below 2^53, see above")]
        let double = points.0 as f64 / 1_000.0;
        Self::from_f64(double).unwrap_or_else(|| Self::from(points.0 / 1_000))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounding_is_half_away_from_zero() {
        assert_eq!(Points::from_thousandths(29_500).rounded(), 30);
        assert_eq!(Points::from_thousandths(29_499).rounded(), 29);
        assert_eq!(Points::from_thousandths(-500).rounded(), -1);
        assert_eq!(Points::from_thousandths(5).scaled(1, 10), Points::from_thousandths(1));
        assert_eq!(Points::from_thousandths(-5).scaled(1, 10), Points::from_thousandths(-1));
    }

    #[test]
    fn json_numbers_keep_three_decimals_exactly() {
        for (json, thousandths) in
            [("5", 5_000), ("-20", -20_000), ("0.001", 1), ("66.342", 66_342)]
        {
            let points: Points = serde_json::from_str(json).unwrap();
            assert_eq!(points.thousandths(), thousandths);
            assert_eq!(serde_json::to_string(&points).unwrap(), json);
        }
        for bad in ["0.0001", "1e30", "1000000000.001"] {
            assert!(serde_json::from_str::<Points>(bad).is_err(), "{bad}");
        }
    }
}
