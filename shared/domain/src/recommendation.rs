//! Recommendations: what a sales person should do next about a lead.
//!
//! Invariant: a recommendation follows from what it shows as its reason, and a lead without
//! events gets none.

use crate::{
    category::CategoryCount,
    contact::{ContactTiming, HourOfWeek},
    factor::Factors,
};

/// From this engagement on, a buyer gets the high discount.
pub const HIGH_ENGAGEMENT: u32 = 70;

/// The discount, in percent, for a buyer of high engagement.
pub const HIGH_DISCOUNT: u32 = 15;

/// The discount, in percent, for any other buyer.
pub const DISCOUNT: u32 = 10;

/// One thing to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Recommendation {
    /// Offer something of the category that most events named.
    OfferCategory(CategoryCount),
    /// Offer what is for newcomers: the lead has bought nothing yet.
    OnboardingOffer,
    /// Offer a discount on the next purchase: [`HIGH_DISCOUNT`] from [`HIGH_ENGAGEMENT`] on, else
    /// [`DISCOUNT`].
    Discount {
        /// The discount in percent.
        percent: u32,
        /// The engagement factor, 0 to 100.
        engagement: u32,
        /// How many purchases there were.
        purchases: u32,
    },
    /// Call at the hour of the week at which the lead was there most.
    ContactTime {
        /// The hour.
        hour: HourOfWeek,
        /// How many events there were at it.
        events: u32,
    },
}

impl Recommendation {
    /// Recommends what follows from a lead's categories (those of most events first), factors and
    /// timing.
    pub fn of(
        categories: &[CategoryCount],
        factors: &Factors,
        timing: &ContactTiming,
    ) -> Vec<Self> {
        let Some((hour, events)) = timing.best() else { return Vec::new() };
        let category = categories.first().cloned().map(Self::OfferCategory);
        let offer = Self::offer(factors);
        category.into_iter().chain([offer, Self::ContactTime { hour, events }]).collect()
    }

    fn offer(factors: &Factors) -> Self {
        let (engagement, purchases) = (factors.engagement.score, factors.purchase.purchases);
        if purchases == 0 {
            return Self::OnboardingOffer;
        }
        let percent = if engagement >= HIGH_ENGAGEMENT { HIGH_DISCOUNT } else { DISCOUNT };
        Self::Discount { percent, engagement, purchases }
    }

    /// Says for people why this is recommended.
    pub fn reason(&self) -> String {
        match self {
            Self::OfferCategory(_) => "most events named this category".to_owned(),
            Self::OnboardingOffer => "an offer for a first purchase: nothing bought yet".to_owned(),
            Self::Discount { engagement, .. } if *engagement >= HIGH_ENGAGEMENT => {
                format!("bought before, and the engagement factor is {HIGH_ENGAGEMENT} or more")
            }
            Self::Discount { .. } => {
                format!("bought before, and the engagement factor is below {HIGH_ENGAGEMENT}")
            }
            Self::ContactTime { .. } => "most events were at this hour of the week".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{event::Event, facts::PURCHASE, state::State, time::Timestamp};

    const NOON: &str = "2026-01-06T14:00:00Z";

    fn factors(purchases: u32, interactions: u32) -> Factors {
        let mut state = State::empty(1);
        state.events = purchases + interactions;
        state.facts.purchases = purchases;
        state.facts.counts =
            [(PURCHASE.to_owned(), purchases), ("call".to_owned(), interactions)].into();
        Factors::of(&state, NOON.parse().unwrap())
    }

    fn timing() -> ContactTiming {
        let at: Timestamp = NOON.parse().unwrap();
        let event: Event = serde_json::from_value(serde_json::json!({
            "event_id": "e", "event_type": "call", "timestamp": at, "received_at": at,
            "home": { "kind": "user_id", "id": crate::home::HomeId::from_bytes([0; 16]) },
        }))
        .unwrap();
        ContactTiming::of([&event])
    }

    fn offer(purchases: u32, interactions: u32) -> Recommendation {
        let mut all = Recommendation::of(&[], &factors(purchases, interactions), &timing());
        all.swap_remove(0)
    }

    #[test]
    fn the_discount_is_high_from_an_engagement_of_70_on() {
        for (interactions, percent, engagement) in [(0, 10, 0), (6, 10, 60), (7, 15, 70)] {
            let expected = Recommendation::Discount { percent, engagement, purchases: 1 };
            assert_eq!(offer(1, interactions), expected);
        }
    }

    #[test]
    fn who_bought_nothing_gets_an_onboarding_offer_however_engaged() {
        assert_eq!(offer(0, 1), Recommendation::OnboardingOffer);
        assert_eq!(offer(0, 90), Recommendation::OnboardingOffer);
    }

    #[test]
    fn the_category_comes_first_and_the_time_last() {
        let shoes = CategoryCount { category: "Shoes".to_owned(), events: 3 };
        let hats = CategoryCount { category: "Hats".to_owned(), events: 1 };
        let all = Recommendation::of(&[shoes.clone(), hats], &factors(0, 1), &timing());
        let hour = HourOfWeek::of(NOON.parse().unwrap());
        let expected = [
            Recommendation::OfferCategory(shoes),
            Recommendation::OnboardingOffer,
            Recommendation::ContactTime { hour, events: 1 },
        ];
        assert_eq!(all, expected);
        assert!(all.iter().all(|recommendation| !recommendation.reason().is_empty()));
    }

    #[test]
    fn a_lead_without_events_gets_no_recommendation() {
        assert_eq!(Recommendation::of(&[], &factors(0, 0), &ContactTiming::default()), []);
    }
}
