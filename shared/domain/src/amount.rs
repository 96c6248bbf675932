//! Amounts of money as senders state them, in fixed point.
//!
//! Invariant: an amount is a whole number of thousandths, so a sum does not depend on the order of
//! its parts. Currencies are not converted: a sum means what the sender's currency means.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// An amount in thousandths.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Amount(i64);

/// The largest amount that one event states: a trillion, in thousandths.
const LIMIT: i64 = 1_000_000_000_000_000;

/// More digits than an amount up to the limit has before its point.
const MOST_DIGITS: i64 = 17;

impl Amount {
    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// Takes thousandths.
    pub const fn from_thousandths(thousandths: i64) -> Self {
        Self(thousandths)
    }

    /// Returns the thousandths.
    pub const fn thousandths(self) -> i64 {
        self.0
    }

    /// Reads what an event states: a number, or text that is one, rounded to thousandths half away
    /// from zero. `None` for anything else and for amounts beyond a trillion.
    pub fn from_json(value: &Value) -> Option<Self> {
        match value {
            Value::Number(number) => Self::from_decimal(&number.to_string()),
            Value::String(text) => Self::from_decimal(text.trim()),
            _ => None,
        }
    }

    /// Reads decimal digits, which are exact where a floating-point number is not.
    fn from_decimal(text: &str) -> Option<Self> {
        let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
        let (negative, digits) = match mantissa.strip_prefix('-') {
            Some(digits) => (true, digits),
            None => (false, mantissa),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let digits = format!("{whole}{fraction}");
        let exponent: i64 = exponent.parse().ok()?;
        let places = i64::try_from(fraction.len()).ok()? - exponent - 3;
        if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let thousandths = shifted(digits.trim_start_matches('0'), places)?;
        let thousandths = if negative { -thousandths } else { thousandths };
        (thousandths.abs() <= LIMIT).then_some(Self(thousandths))
    }

    /// Returns the amount as a floating-point number, exact to the thousandth.
    #[expect(clippy::cast_precision_loss, reason = "sums of 2^53 thousandths are beyond use")]
    pub fn as_f64(self) -> f64 {
        self.0 as f64 / 1_000.0
    }
}

impl std::ops::AddAssign for Amount {
    fn add_assign(&mut self, other: Self) {
        self.0 = self.0.saturating_add(other.0);
    }
}

/// Moves the decimal point of a whole number to the left by some places, or to the right, and
/// rounds half away from zero. `None` for what is beyond any amount.
fn shifted(digits: &str, places: i64) -> Option<i64> {
    let kept = i64::try_from(digits.len()).ok()? - places;
    if digits.is_empty() || kept < 0 {
        return Some(0);
    }
    if kept > MOST_DIGITS {
        return None;
    }
    let at = |place: i64| {
        let digit = usize::try_from(place).ok().and_then(|place| digits.as_bytes().get(place));
        digit.map_or(0, |digit| i64::from(digit - b'0'))
    };
    let whole = (0..kept).fold(0, |whole, place| whole * 10 + at(place));
    Some(whole + i64::from(at(kept) >= 5))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn numbers_and_their_text_are_read_and_nothing_else() {
        for (stated, thousandths) in [
            (json!(19.99), Some(19_990)),
            (json!(20), Some(20_000)),
            (json!("19.9995"), Some(20_000)),
            (json!("R$ 20"), None),
            (json!(null), None),
            (json!("NaN"), None),
            (json!(1e300), None),
            (json!(4.0005), Some(4_001)),
            (json!(-4.0005), Some(-4_001)),
            (json!(0.0004), Some(0)),
            (json!(0.0005), Some(1)),
            (json!(1e-9), Some(0)),
            (json!(1.25e3), Some(1_250_000)),
            (json!(1_000_000_000_000_i64), Some(1_000_000_000_000_000)),
            (json!(1_000_000_000_001_i64), None),
            (json!("."), None),
            (json!("-0.0"), Some(0)),
        ] {
            assert_eq!(
                Amount::from_json(&stated).map(Amount::thousandths),
                thousandths,
                "{stated}"
            );
        }
    }
}
