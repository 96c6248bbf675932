//! `GET /v1/leads/{id}/recommendations`: what to do next about a lead, and why.
//!
//! Invariant: it is the same list as in the lead's intelligence of the same instant.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Path, RawQuery, State},
};
use domain::{
    category::CategoryCount, home::HomeId, recommendation::Recommendation, time::Timestamp,
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    error::ApiError, guard::Admitted, intelligence, lead::LeadPath, query::Query, reads::Reads,
    words,
};

/// What to do next about a lead, as of the instant of the request.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Recommendations)]
pub struct RecommendationsBody {
    /// The lead's own id.
    #[schema(schema_with = words::lead_id)]
    pub id: HomeId,
    /// The instant of the request, as of which all this is.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// What to do next: what to offer, on what terms, and when; empty when no event counts.
    pub recommendations: Vec<RecommendationBody>,
}

/// One thing to do.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[schema(as = Recommendation)]
pub enum RecommendationBody {
    /// Offer something of the category that most events named. Absent when events name none.
    OfferCategory {
        /// The category.
        #[schema(example = "Shoes")]
        category: String,
        /// Why, for people.
        reason: String,
        /// What it follows from.
        inputs: EventInputs,
    },
    /// Offer what is for a first purchase. In place of `discount` while there is no purchase.
    OnboardingOffer {
        /// Why, for people.
        reason: String,
        /// What it follows from.
        inputs: OnboardingInputs,
    },
    /// Offer a discount on the next purchase: 15 % from an engagement factor of 70 on, else 10 %.
    Discount {
        /// The discount in percent.
        #[schema(minimum = 10, maximum = 15)]
        percent: u32,
        /// Why, for people.
        reason: String,
        /// What it follows from.
        inputs: DiscountInputs,
    },
    /// Get in touch at the hour of the week of most events, of several the earliest.
    ContactTime {
        /// The day, in UTC.
        #[schema(schema_with = words::weekday)]
        day: &'static str,
        /// The hour that begins then, in UTC.
        #[schema(minimum = 0, maximum = 23)]
        hour: u8,
        /// Why, for people.
        reason: String,
        /// What it follows from.
        inputs: EventInputs,
    },
}

/// How many events a recommendation follows from.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
pub struct EventInputs {
    /// The events that named the category, or were at the hour.
    #[schema(minimum = 1)]
    pub events: u32,
}

/// What an onboarding offer follows from.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
pub struct OnboardingInputs {
    /// How many purchases there were: none.
    #[schema(minimum = 0, maximum = 0)]
    pub purchases: u32,
}

/// What a discount follows from.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
pub struct DiscountInputs {
    /// The engagement factor.
    #[schema(minimum = 0, maximum = 100)]
    pub engagement: u32,
    /// How many purchases there were.
    #[schema(minimum = 1)]
    pub purchases: u32,
}

/// Recommends what to do next about a lead
///
/// The `recommendations` of `/v1/leads/{id}/intelligence` alone. A conversion probability is not
/// among them: it will be once there is a model to predict it.
#[utoipa::path(
    get,
    path = "/v1/leads/{id}/recommendations",
    operation_id = "recommend_for_lead",
    tag = "leads",
    params(LeadPath),
    responses((status = 200, description = "What to do next.", body = RecommendationsBody))
)]
pub async fn show(
    State(reads): State<Arc<Reads>>,
    admitted: Admitted,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Json<RecommendationsBody>, ApiError> {
    Query::parse(query.as_deref(), &[]).finish()?;
    let (id, read) = intelligence::read(&reads, &admitted, &id).await?;
    let recommendations = read.recommendations.iter().map(RecommendationBody::from).collect();
    Ok(Json(RecommendationsBody { id, at: admitted.now, recommendations }))
}

impl From<&Recommendation> for RecommendationBody {
    fn from(recommendation: &Recommendation) -> Self {
        let reason = recommendation.reason();
        match *recommendation {
            Recommendation::OfferCategory(CategoryCount { ref category, events }) => {
                let category = category.clone();
                Self::OfferCategory { category, reason, inputs: EventInputs { events } }
            }
            Recommendation::OnboardingOffer => {
                Self::OnboardingOffer { reason, inputs: OnboardingInputs { purchases: 0 } }
            }
            Recommendation::Discount { percent, engagement, purchases } => {
                let inputs = DiscountInputs { engagement, purchases };
                Self::Discount { percent, reason, inputs }
            }
            Recommendation::ContactTime { hour, events } => {
                let inputs = EventInputs { events };
                Self::ContactTime { day: hour.day.as_str(), hour: hour.hour, reason, inputs }
            }
        }
    }
}
