//! Factor weights as they are sent and shown.
//!
//! Invariant: what is shown can be sent again; the names beside the weights are ignored then.

use axum::http::StatusCode;
use domain::{factor_weights::FactorWeights, marketplace::Marketplace};
use lambda::problem::Problem;
use serde::{Deserialize, Serialize, de::IgnoredAny};
use utoipa::ToSchema;

const WHOLE: u64 = 100;

/// The weights of a marketplace.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = FactorWeights, example = json!({
    "marketplace": "mercado_livre",
    "purchase": 50,
    "browsing": 20,
    "interest": 20,
    "engagement": 10,
    "default": false
}))]
pub struct WeightsBody {
    /// The marketplace.
    #[schema(value_type = String, min_length = 1, max_length = 64)]
    pub marketplace: Marketplace,
    /// What purchases make of the score, in percent.
    #[schema(maximum = 100)]
    pub purchase: u8,
    /// What browsing makes of it.
    #[schema(maximum = 100)]
    pub browsing: u8,
    /// What interest, the recency, makes of it.
    #[schema(maximum = 100)]
    pub interest: u8,
    /// What engagement makes of it.
    #[schema(maximum = 100)]
    pub engagement: u8,
    /// Whether these are the default weights because none were set.
    pub default: bool,
}

/// Weights to set; together 100.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "purchase": 50, "browsing": 20, "interest": 20, "engagement": 10 }))]
pub struct NewFactorWeights {
    /// What purchases make of the score, in percent.
    #[schema(maximum = 100)]
    purchase: u32,
    /// What browsing makes of it.
    #[schema(maximum = 100)]
    browsing: u32,
    /// What interest, the recency, makes of it.
    #[schema(maximum = 100)]
    interest: u32,
    /// What engagement makes of it.
    #[schema(maximum = 100)]
    engagement: u32,
    #[serde(default, rename = "marketplace")]
    #[schema(ignore)]
    _marketplace: Option<IgnoredAny>,
    #[serde(default, rename = "default")]
    #[schema(ignore)]
    _default: Option<IgnoredAny>,
}

impl WeightsBody {
    pub fn new(marketplace: Marketplace, own: Option<FactorWeights>) -> Self {
        let weights = own.unwrap_or_default();
        Self {
            marketplace,
            purchase: weights.purchase(),
            browsing: weights.browsing(),
            interest: weights.interest(),
            engagement: weights.engagement(),
            default: own.is_none(),
        }
    }
}

impl NewFactorWeights {
    pub fn weights(&self) -> Result<FactorWeights, Problem> {
        let all = [self.purchase, self.browsing, self.interest, self.engagement];
        let sum: u64 = all.into_iter().map(u64::from).sum();
        // Of weights that sum to 100 none is greater.
        match all.map(u8::try_from) {
            [Ok(purchase), Ok(browsing), Ok(interest), Ok(engagement)] if sum == WHOLE => {
                FactorWeights::new(purchase, browsing, interest, engagement)
                    .map_err(|_| not_whole(sum))
            }
            _ => Err(not_whole(sum)),
        }
    }
}

fn not_whole(sum: u64) -> Problem {
    let message = format!(
        "the weights of purchase, browsing, interest and engagement sum to {WHOLE}, not to {sum}"
    );
    Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid_weights", message)
}
