//! Factor weights: how much each of the four factors makes of a factor score.
//!
//! Invariant: the weights are whole percents that sum to 100.

use serde::{Deserialize, Serialize};

/// The weights of the four factors, in percent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Unchecked")]
pub struct FactorWeights {
    purchase: u8,
    browsing: u8,
    interest: u8,
    engagement: u8,
}

/// Weights as they are written, before their sum was checked.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Unchecked {
    purchase: u8,
    browsing: u8,
    interest: u8,
    engagement: u8,
}

/// Says that weights are not those of a whole.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the weights of purchase, browsing, interest and engagement sum to 100, not to {0}")]
pub struct NotWhole(pub u32);

impl FactorWeights {
    /// Takes the four weights in percent.
    ///
    /// # Errors
    /// `NotWhole` when they do not sum to 100.
    pub fn new(purchase: u8, browsing: u8, interest: u8, engagement: u8) -> Result<Self, NotWhole> {
        let sum = [purchase, browsing, interest, engagement].into_iter().map(u32::from).sum();
        if sum == 100 {
            Ok(Self { purchase, browsing, interest, engagement })
        } else {
            Err(NotWhole(sum))
        }
    }

    /// Returns the weight of purchases.
    pub const fn purchase(self) -> u8 {
        self.purchase
    }

    /// Returns the weight of browsing.
    pub const fn browsing(self) -> u8 {
        self.browsing
    }

    /// Returns the weight of interest.
    pub const fn interest(self) -> u8 {
        self.interest
    }

    /// Returns the weight of engagement.
    pub const fn engagement(self) -> u8 {
        self.engagement
    }
}

impl Default for FactorWeights {
    /// Purchase 30 %, browsing 25 %, interest 25 %, engagement 20 %.
    fn default() -> Self {
        Self { purchase: 30, browsing: 25, interest: 25, engagement: 20 }
    }
}

impl TryFrom<Unchecked> for FactorWeights {
    type Error = NotWhole;

    fn try_from(weights: Unchecked) -> Result<Self, NotWhole> {
        let Unchecked { purchase, browsing, interest, engagement } = weights;
        Self::new(purchase, browsing, interest, engagement)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_that_do_not_sum_to_100_are_refused() {
        assert_eq!(FactorWeights::new(30, 25, 25, 20), Ok(FactorWeights::default()));
        assert_eq!(FactorWeights::new(30, 25, 25, 21), Err(NotWhole(101)));
        let read = r#"{"purchase": 50, "browsing": 20, "interest": 20, "engagement": 10}"#;
        assert!(serde_json::from_str::<FactorWeights>(read).is_ok());
    }
}
