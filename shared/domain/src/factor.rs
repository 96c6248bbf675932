//! The factor score: four signs of how far a lead is, weighed by what matters in a marketplace.
//!
//! Invariant: every factor and every factor score lies between 0 and 100, is computed in whole
//! numbers, and can be recomputed by hand from the inputs shown beside it.

use crate::{
    amount::Amount, factor_weights::FactorWeights, facts::Facts, points::divide_half_away,
    state::State, time::Timestamp,
};

/// The highest score of a factor.
pub const HIGHEST: u32 = 100;

/// After so many whole idle days there is no interest left.
pub const INTEREST_DAYS: u32 = 30;

const PER_PURCHASE: u32 = 40;
const REVENUE_STEP: Amount = Amount::from_thousandths(50_000);
const MOST_FOR_REVENUE: u32 = 20;
const PER_VIEW: u32 = 5;
const PER_INTERACTION: u32 = 10;

/// What the types of events end with that are views: `page_view`, `product_viewed`.
const VIEW_ENDINGS: [&str; 2] = ["_view", "_viewed"];

/// Further types of events that are views.
const VIEWS: [&str; 1] = ["products_searched"];

/// The types of events by which nobody shows interest: declarations, and wanting to be left alone.
const NO_INTERACTION: [&str; 4] = ["identify", "alias", "group", "unsubscribe"];

/// The four factors of a lead at an instant.
///
/// Factor score = `Σ weight × factor / 100`, with the weights in percent, rounded half away from
/// zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Factors {
    /// What the lead bought.
    pub purchase: Purchase,
    /// What it looked at.
    pub browsing: Browsing,
    /// How lately it was there.
    pub interest: Interest,
    /// What it did besides looking and buying.
    pub engagement: Engagement,
}

/// Purchase = `min(100, 40 × purchases + min(20, whole fifties of revenue))`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Purchase {
    /// The factor, 0 to 100.
    pub score: u32,
    /// How many purchases there were.
    pub purchases: u32,
    /// What they came to.
    pub revenue: Amount,
}

/// Browsing = `min(100, 5 × views)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Browsing {
    /// The factor, 0 to 100.
    pub score: u32,
    /// How many events were views: `products_searched` and types ending in `_view` or `_viewed`.
    pub views: u32,
}

/// Interest = `100 × (30 − idle days) / 30`, rounded half away from zero: 100 on the day of the
/// last event, 0 from 30 whole idle days on. 0 too when no event counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Interest {
    /// The factor, 0 to 100.
    pub score: u32,
    /// The whole days since the last event that counts; `None` when none does.
    pub idle_days: Option<u32>,
}

/// Engagement = `min(100, 10 × interactions)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Engagement {
    /// The factor, 0 to 100.
    pub score: u32,
    /// How many events were interactions: all but views, purchases and `identify`, `alias`,
    /// `group`, `unsubscribe`.
    pub interactions: u32,
}

impl Factors {
    /// Measures the factors of a lead at `now`.
    pub fn of(state: &State, now: Timestamp) -> Self {
        let facts = &state.facts;
        Self {
            purchase: Purchase::of(facts.purchases, facts.revenue),
            browsing: Browsing::of(views(facts)),
            interest: Interest::of(idle_days(state, now)),
            engagement: Engagement::of(interactions(state)),
        }
    }

    /// Weighs the factors: 0 to 100.
    pub fn score(&self, weights: FactorWeights) -> u32 {
        let weighed = [
            (weights.purchase(), self.purchase.score),
            (weights.browsing(), self.browsing.score),
            (weights.interest(), self.interest.score),
            (weights.engagement(), self.engagement.score),
        ];
        let sum: u32 = weighed.into_iter().map(|(weight, score)| u32::from(weight) * score).sum();
        divided(sum, 100)
    }
}

impl Purchase {
    fn of(purchases: u32, revenue: Amount) -> Self {
        let steps = revenue.thousandths().max(0) / REVENUE_STEP.thousandths();
        let for_revenue = u32::try_from(steps).unwrap_or(u32::MAX).min(MOST_FOR_REVENUE);
        let score = purchases.saturating_mul(PER_PURCHASE).saturating_add(for_revenue);
        Self { score: score.min(HIGHEST), purchases, revenue }
    }
}

impl Browsing {
    fn of(views: u32) -> Self {
        Self { score: views.saturating_mul(PER_VIEW).min(HIGHEST), views }
    }
}

impl Interest {
    fn of(idle_days: Option<u32>) -> Self {
        let left = idle_days.map_or(0, |days| INTEREST_DAYS.saturating_sub(days));
        Self { score: divided(HIGHEST * left, INTEREST_DAYS), idle_days }
    }
}

impl Engagement {
    fn of(interactions: u32) -> Self {
        Self { score: interactions.saturating_mul(PER_INTERACTION).min(HIGHEST), interactions }
    }
}

/// Counts the whole days since the last event that counts; `None` when none does.
pub fn idle_days(state: &State, now: Timestamp) -> Option<u32> {
    state.last_event_at.map(|last| now.whole_days_since(last))
}

fn views(facts: &Facts) -> u32 {
    of_types(facts, |event_type| {
        let ends_so = VIEW_ENDINGS.iter().any(|ending| event_type.ends_with(ending));
        ends_so || VIEWS.contains(&event_type)
    })
}

/// Counts the events that are neither views nor purchases nor `identify`, `alias`, `group` or
/// `unsubscribe`.
///
/// What is taken off is counted by type, so events of a type beyond the first
/// [`crate::facts::MAX_KEYS`] of a lead are interactions.
pub fn interactions(state: &State) -> u32 {
    let of_others = |event_type: &str| NO_INTERACTION.contains(&event_type);
    let others = views(&state.facts) + state.facts.purchases + of_types(&state.facts, of_others);
    state.events.saturating_sub(others)
}

fn of_types(facts: &Facts, wanted: impl Fn(&str) -> bool) -> u32 {
    let counts = facts.counts.iter().filter(|(event_type, _)| wanted(event_type));
    counts.map(|(_, events)| events).sum()
}

fn divided(dividend: u32, divisor: u32) -> u32 {
    u32::try_from(divide_half_away(dividend.into(), divisor.into())).unwrap_or(HIGHEST)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::facts::PURCHASE;

    const NOON: &str = "2026-01-01T12:00:00Z";

    fn state(counts: &[(&str, u32)], revenue: i64) -> State {
        let mut state = State::empty(1);
        state.last_event_at = Some(NOON.parse().unwrap());
        state.events = counts.iter().map(|(_, events)| events).sum();
        state.facts.counts =
            counts.iter().map(|(event_type, events)| ((*event_type).to_owned(), *events)).collect();
        state.facts.purchases = state.facts.counts.get(PURCHASE).copied().unwrap_or_default();
        state.facts.revenue = Amount::from_thousandths(revenue * 1_000);
        state
    }

    fn after_days(days: i64) -> Timestamp {
        NOON.parse::<Timestamp>().unwrap().plus_millis(days * crate::time::DAY_MS)
    }

    #[test]
    fn each_factor_is_what_its_formula_says() {
        let counts = [
            ("page_view", 2),
            ("product_viewed", 1),
            ("products_searched", 1),
            ("order_completed", 1),
            ("signup", 1),
            ("product_added", 2),
            ("identify", 1),
            ("unsubscribe", 1),
        ];
        let factors = Factors::of(&state(&counts, 149), after_days(7));
        assert_eq!((factors.purchase.score, factors.purchase.purchases), (42, 1));
        assert_eq!((factors.browsing.score, factors.browsing.views), (20, 4));
        // 100 × 23 / 30 = 76.67.
        assert_eq!((factors.interest.score, factors.interest.idle_days), (77, Some(7)));
        assert_eq!((factors.engagement.score, factors.engagement.interactions), (30, 3));
        // 42 × 30 % + 20 × 25 % + 77 × 25 % + 30 × 20 % = 42.85.
        assert_eq!(factors.score(FactorWeights::default()), 43);
        // 21 + 10 + 11.55 + 0 with another marketplace's weights.
        assert_eq!(factors.score(FactorWeights::new(50, 35, 15, 0).unwrap()), 40);
    }

    #[test]
    fn a_half_is_rounded_away_from_zero() {
        let factors = Factors {
            purchase: Purchase::of(0, Amount::ZERO),
            browsing: Browsing::of(2),
            interest: Interest::of(None),
            engagement: Engagement::of(0),
        };
        // 10 × 25 % = 2.5.
        assert_eq!(factors.score(FactorWeights::default()), 3);
    }

    #[test]
    fn revenue_counts_in_whole_fifties_up_to_twenty_and_never_below_nothing() {
        for (revenue, score) in [(-500, 40), (0, 40), (49, 40), (50, 41), (999, 59), (9_999, 60)] {
            let factor = Factors::of(&state(&[(PURCHASE, 1)], revenue), after_days(0)).purchase;
            assert_eq!(factor.score, score, "{revenue}");
        }
    }

    #[test]
    fn interest_is_gone_after_thirty_days_and_was_never_there_without_events() {
        for (days, score) in [(0, 100), (1, 97), (15, 50), (29, 3), (30, 0), (4_000, 0)] {
            let interest = Factors::of(&state(&[("signup", 1)], 0), after_days(days)).interest;
            assert_eq!(interest.score, score, "{days}");
        }
        let nothing = Factors::of(&State::empty(1), after_days(0));
        assert_eq!(nothing.interest, Interest { score: 0, idle_days: None });
        assert_eq!(nothing.score(FactorWeights::default()), 0);
    }

    proptest! {
        #[test]
        fn everything_lies_between_0_and_100(
            views in any::<u32>(),
            purchases in any::<u32>(),
            interactions in any::<u32>(),
            revenue in any::<i64>(),
            idle_days in any::<Option<u32>>(),
            (purchase, browsing, interest) in (0..=33_u8, 0..=33_u8, 0..=33_u8),
        ) {
            let factors = Factors {
                purchase: Purchase::of(purchases, Amount::from_thousandths(revenue)),
                browsing: Browsing::of(views),
                interest: Interest::of(idle_days),
                engagement: Engagement::of(interactions),
            };
            let Factors { purchase: bought, browsing: saw, interest: came, engagement: did } = factors;
            let scores = [bought.score, saw.score, came.score, did.score];
            prop_assert!(scores.iter().all(|score| *score <= HIGHEST), "{factors:?}");
            let rest = 100 - purchase - browsing - interest;
            let weights = FactorWeights::new(purchase, browsing, interest, rest).unwrap();
            let score = factors.score(weights);
            // A mean lies between the least and the most.
            prop_assert!(scores.iter().min().unwrap() <= &score, "{score} of {factors:?}");
            prop_assert!(scores.iter().max().unwrap() >= &score, "{score} of {factors:?}");
        }
    }
}
