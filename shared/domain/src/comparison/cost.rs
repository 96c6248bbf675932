//! What a re-score costs, from what was counted while it was previewed.
//!
//! Invariant: units are whole or half numbers, counted in integers, so that the sum does not
//! depend on the order in which parts are added.

use serde::{Deserialize, Serialize};

/// The list price of a write unit in us-east-1, on demand: 0.625 dollars a million.
pub const WRITE_PICODOLLARS: u64 = 625_000;

/// The list price of a read unit in us-east-1, on demand: 0.125 dollars a million.
pub const READ_PICODOLLARS: u64 = 125_000;

/// What looking at leads took, and what writing them would.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Consumed {
    /// Half read units of one scan of the leads, whatever the sample.
    pub scan_half_units: u64,
    /// Half read units of the events of the leads compared.
    pub event_half_units: u64,
    /// Read units of the leads compared, each read singly.
    pub lead_units: u64,
    /// Write units of the leads compared, written to the table and its index.
    pub write_units: u64,
}

impl Consumed {
    pub(super) fn merge(&mut self, part: Self) {
        self.scan_half_units += part.scan_half_units;
        self.event_half_units += part.event_half_units;
        self.lead_units += part.lead_units;
        self.write_units += part.write_units;
    }
}

/// The price of a re-score.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Price {
    /// Read units: the scans of both passes, and each lead with its events.
    pub read_units: u64,
    /// Write units: each lead written once.
    pub write_units: u64,
    /// Both at list prices, in millionths of a dollar, rounded up.
    pub microdollars: u64,
    /// Whether the leads outside the sample were reckoned to be like those within.
    pub scaled: bool,
}

impl Price {
    /// Reckons the price for `seen` leads from what was counted for `compared` of them.
    pub fn of(consumed: &Consumed, seen: u64, compared: u64, passes: u32) -> Self {
        let scale = |units: u64| match compared {
            0 => 0,
            _ => (u128::from(units) * u128::from(seen)).div_ceil(u128::from(compared)),
        };
        let scans = u128::from(consumed.scan_half_units) * u128::from(passes);
        let single = scale(consumed.event_half_units) + 2 * scale(consumed.lead_units);
        let reads = (scans + single).div_ceil(2);
        let writes = scale(consumed.write_units);
        let picodollars =
            reads * u128::from(READ_PICODOLLARS) + writes * u128::from(WRITE_PICODOLLARS);
        let whole = |units: u128| u64::try_from(units).unwrap_or(u64::MAX);
        Self {
            read_units: whole(reads),
            write_units: whole(writes),
            microdollars: whole(picodollars.div_ceil(1_000_000)),
            scaled: seen != compared,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const COUNTED: Consumed =
        Consumed { scan_half_units: 101, event_half_units: 200, lead_units: 10, write_units: 60 };

    #[test]
    fn a_price_is_units_by_list_price() {
        let price = Price::of(&COUNTED, 10, 10, 2);
        assert_eq!((price.read_units, price.write_units, price.scaled), (211, 60, false));
        // 211 × 0.125 + 60 × 0.625 millionths of a dollar, rounded up.
        assert_eq!(price.microdollars, 64);
    }

    #[test]
    fn what_a_sample_counted_is_scaled_and_the_scan_is_not() {
        let price = Price::of(&COUNTED, 30, 10, 2);
        assert_eq!((price.read_units, price.write_units, price.scaled), (431, 180, true));
        assert_eq!(Price::of(&Consumed::default(), 5, 0, 2).microdollars, 0);
    }
}
