//! The factor score as it is answered: the factors, the weights and what comes of them.
//!
//! Invariant: the weights shown are those that the score beside them was weighed with.

use domain::{factor::Factors, factor_weights::FactorWeights, marketplace::Marketplace};
use serde::Serialize;
use utoipa::ToSchema;

use super::Weighed;

/// The factor score of a lead in its primary marketplace: `Σ weight × factor / 100`, rounded half
/// away from zero.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = FactorScore)]
pub struct FactorScoreBody {
    /// The score with the marketplace's weights.
    #[serde(flatten)]
    pub weighed: MarketplaceScoreBody,
    /// The four factors that were weighed. They are the same in every marketplace.
    pub factors: FactorsBody,
}

/// A factor score by the weights of one marketplace: `Σ weight × factor / 100`, rounded half away
/// from zero.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = MarketplaceScore)]
pub struct MarketplaceScoreBody {
    /// The marketplace; `direct` when none is set by hand and no event named one.
    #[schema(value_type = String, example = "mercado_livre")]
    pub marketplace: Marketplace,
    /// The factor score.
    #[schema(minimum = 0, maximum = 100)]
    pub score: u32,
    /// The weights of the marketplace.
    pub weights: WeightsBody,
    /// Whether these are the default weights: the tenant has set none for the marketplace.
    pub default: bool,
}

/// The weights of the four factors in percent; they sum to 100.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[schema(as = LeadFactorWeights)]
pub struct WeightsBody {
    /// Of purchase; by default 30.
    #[schema(minimum = 0, maximum = 100)]
    pub purchase: u8,
    /// Of browsing; by default 25.
    #[schema(minimum = 0, maximum = 100)]
    pub browsing: u8,
    /// Of interest; by default 25.
    #[schema(minimum = 0, maximum = 100)]
    pub interest: u8,
    /// Of engagement; by default 20.
    #[schema(minimum = 0, maximum = 100)]
    pub engagement: u8,
}

/// The four factors.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[schema(as = Factors)]
pub struct FactorsBody {
    /// What the lead bought.
    pub purchase: PurchaseBody,
    /// What it looked at.
    pub browsing: BrowsingBody,
    /// How lately it was there.
    pub interest: InterestBody,
    /// What it did besides looking and buying.
    pub engagement: EngagementBody,
}

/// `min(100, 40 × purchases + min(20, whole fifties of revenue))`.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[schema(as = PurchaseFactor)]
pub struct PurchaseBody {
    /// The factor.
    #[schema(minimum = 0, maximum = 100)]
    pub score: u32,
    /// How many purchases there were: events `order_completed`.
    pub purchases: u32,
    /// What they came to, in the sender's currency: of each its property `revenue`, else `total`.
    pub revenue: f64,
}

/// `min(100, 5 × views)`.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[schema(as = BrowsingFactor)]
pub struct BrowsingBody {
    /// The factor.
    #[schema(minimum = 0, maximum = 100)]
    pub score: u32,
    /// How many events were views: `products_searched` and types ending in `_view` or `_viewed`.
    pub views: u32,
}

/// `100 × (30 − idle_days) / 30`, rounded half away from zero, at least 0; 0 without events.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[schema(as = InterestFactor)]
pub struct InterestBody {
    /// The factor.
    #[schema(minimum = 0, maximum = 100)]
    pub score: u32,
    /// The whole days of 86,400 s since the last event that counts; `null` when none does.
    #[schema(required)]
    pub idle_days: Option<u32>,
}

/// `min(100, 10 × interactions)`.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[schema(as = EngagementFactor)]
pub struct EngagementBody {
    /// The factor.
    #[schema(minimum = 0, maximum = 100)]
    pub score: u32,
    /// How many events were interactions: all but views, purchases and `identify`, `alias`,
    /// `group`, `unsubscribe`.
    pub interactions: u32,
}

impl FactorScoreBody {
    pub(super) fn new(factors: &Factors, by: Weighed) -> Self {
        let Factors { purchase, browsing, interest, engagement } = *factors;
        Self {
            weighed: MarketplaceScoreBody::new(factors, by),
            factors: FactorsBody {
                purchase: PurchaseBody {
                    score: purchase.score,
                    purchases: purchase.purchases,
                    revenue: purchase.revenue.as_f64(),
                },
                browsing: BrowsingBody { score: browsing.score, views: browsing.views },
                interest: InterestBody { score: interest.score, idle_days: interest.idle_days },
                engagement: EngagementBody {
                    score: engagement.score,
                    interactions: engagement.interactions,
                },
            },
        }
    }
}

impl MarketplaceScoreBody {
    pub(super) fn new(factors: &Factors, by: Weighed) -> Self {
        let Weighed { marketplace, own } = by;
        let weights = own.unwrap_or_default();
        Self {
            marketplace,
            score: factors.score(weights),
            weights: WeightsBody::from(weights),
            default: own.is_none(),
        }
    }
}

impl From<FactorWeights> for WeightsBody {
    fn from(weights: FactorWeights) -> Self {
        Self {
            purchase: weights.purchase(),
            browsing: weights.browsing(),
            interest: weights.interest(),
            engagement: weights.engagement(),
        }
    }
}
