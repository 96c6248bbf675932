//! `GET /v1/leads/{id}/intelligence`: what a lead's behaviour says, with the numbers it comes from.
//!
//! Invariant: everything is read off one fold at one instant, and whoever has an answer can
//! recompute every figure of it from the inputs beside it.

mod factors;
mod signs;

use std::{cmp::Reverse, sync::Arc};

use axum::{
    Json,
    extract::{Path, RawQuery, State},
};
use domain::{
    factor_weights::FactorWeights,
    home::HomeId,
    intelligence::{Intelligence, SourceFrom},
    marketplace::Marketplace,
    points::Points,
    stage::Stage,
    state::State as LeadState,
    time::Timestamp,
    view::View,
};
use futures_util::future::try_join_all;
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    body::ForecastBody,
    error::ApiError,
    guard::Admitted,
    intelligence::{
        factors::{FactorScoreBody, MarketplaceScoreBody},
        signs::{CategoryBody, ContactTimingBody, RiskBody, SegmentBody},
    },
    lead::{self, LeadPath},
    query::Query,
    reads::Reads,
    recommendations::RecommendationBody,
    words,
};

/// What a lead's behaviour says as of the instant of the request.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Intelligence)]
pub struct IntelligenceBody {
    /// The lead's own id.
    #[schema(schema_with = words::lead_id)]
    pub id: HomeId,
    /// The instant of the request, as of which all this is.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// The score shown: points rounded to a whole number, at least 0.
    #[schema(minimum = 0)]
    pub score: i64,
    /// The points behind the score; negative is kept as evidence.
    #[schema(value_type = f64)]
    pub points: Points,
    /// The stage of the score shown.
    #[schema(schema_with = words::stage)]
    pub stage: Stage,
    /// Events in the last 24 hours, at most 10.
    #[schema(minimum = 0, maximum = 10)]
    pub velocity: u32,
    /// The version of the rule set that all this was made by.
    #[schema(minimum = 1)]
    pub rule_set: u32,
    /// How many events count. Only these are looked at.
    pub events: u32,
    /// The factor score with the weights of the lead's primary marketplace.
    pub factor_score: FactorScoreBody,
    /// The score of the same factors with the weights of each other marketplace, in the order of
    /// `marketplaces`.
    pub factor_scores: Vec<MarketplaceScoreBody>,
    /// The marketplaces that are set by hand, in their order, and then the others that events
    /// named, most events first, of several the one named first.
    pub marketplaces: Vec<MarketplaceBody>,
    /// Where the lead comes from.
    pub source: SourceBody,
    /// The behavioural group that it belongs to.
    pub segment: SegmentBody,
    /// How likely it is going cold.
    pub risk: RiskBody,
    /// At which hours of the week it is there.
    pub contact_timing: ContactTimingBody,
    /// The categories that most events named: at most five, of several the one named first. An
    /// event names its property `category` and that of each of its `products`, each category once.
    #[schema(max_items = 5)]
    pub top_categories: Vec<CategoryBody>,
    /// What to do next; empty when no event counts.
    pub recommendations: Vec<RecommendationBody>,
    /// The next stage that decay or expiry alone will bring, and when; `null` when they will bring
    /// none.
    #[schema(required)]
    pub forecast: Option<ForecastBody>,
    /// Whether there are more events than are scored.
    pub flooded: bool,
}

/// A marketplace that is set by hand, or that events named by their property, else trait,
/// `marketplace`.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = LeadMarketplace)]
pub struct MarketplaceBody {
    /// Its name.
    #[schema(value_type = String, example = "mercado_livre")]
    pub marketplace: Marketplace,
    /// How many events named it; one that is set by hand needs none.
    pub events: u32,
    /// Whether it is set by hand.
    pub by_hand: bool,
    /// Whether it is the primary one, by whose weights the lead is scored: the first that is set by
    /// hand, else that of most events, of several the one named first. Where by hand is said that
    /// there is none, `direct` is.
    pub primary: bool,
}

/// Where a lead comes from.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = LeadSource)]
pub struct SourceBody {
    /// The source: the one set by hand, else the latest trait `source`, else the first
    /// `campaign.source`, else `direct`.
    #[schema(example = "google")]
    pub value: String,
    /// What says so.
    #[schema(schema_with = words::source_from)]
    pub from: &'static str,
}

/// Shows what a lead's behaviour says
///
/// Factor score, segment, risk, contact timing, categories and recommendations, each with its
/// formula in this document and its inputs in the answer. Suppressed events count for nothing.
#[utoipa::path(
    get,
    path = "/v1/leads/{id}/intelligence",
    operation_id = "show_lead_intelligence",
    tag = "leads",
    params(LeadPath),
    responses((status = 200, description = "What the behaviour says.", body = IntelligenceBody))
)]
pub async fn show(
    State(reads): State<Arc<Reads>>,
    admitted: Admitted,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Json<IntelligenceBody>, ApiError> {
    Query::parse(query.as_deref(), &[]).finish()?;
    let (id, read) = read(&reads, &admitted, &id).await?;
    let primary = read.state.shown_marketplace();
    let others = marketplaces(&read.state).into_iter().filter(|named| !named.primary);
    let weighed = |marketplace: Marketplace| weighed(&reads, &admitted, marketplace);
    let others = try_join_all(others.map(|named| weighed(named.marketplace)));
    let (primary, others) = tokio::try_join!(weighed(primary), others)?;
    Ok(Json(body(id, admitted.now, &read, primary, others)))
}

/// Reads what the behaviour of the lead of an id says, with the lead's own id.
pub async fn read(
    reads: &Reads,
    admitted: &Admitted,
    id: &str,
) -> Result<(HomeId, Intelligence), ApiError> {
    let lead = lead::find(reads, admitted, id).await?;
    let (events, settings) = reads.history(admitted.tenant(), &lead).await?;
    Ok((lead.survivor.id, Intelligence::of(&settings.rules, &events, admitted.now)))
}

/// A marketplace with the tenant's own weights for it, if there are any.
struct Weighed {
    marketplace: Marketplace,
    own: Option<FactorWeights>,
}

async fn weighed(
    reads: &Reads,
    admitted: &Admitted,
    marketplace: Marketplace,
) -> Result<Weighed, ApiError> {
    let own = reads.store.factor_weights(admitted.tenant(), &marketplace).await?;
    Ok(Weighed { marketplace, own })
}

fn marketplaces(state: &LeadState) -> Vec<MarketplaceBody> {
    let primary = state.shown_marketplace();
    let edited = state.edited_marketplaces().unwrap_or_default();
    let mut named: Vec<_> = state.facts.marketplaces.iter().collect();
    // The sort is stable, and facts keep them in the order in which they were named.
    named.sort_by_key(|(_, events)| Reverse(*events));
    let events_of = |wanted: &Marketplace| {
        named.iter().find(|(name, _)| name == wanted).map_or(0, |(_, events)| *events)
    };
    let by_hand = edited.iter().map(|name| (name, events_of(name), true));
    let others = named.iter().filter(|(name, _)| !edited.contains(name));
    let all = by_hand.chain(others.map(|(name, events)| (name, *events, false)));
    all.map(|(marketplace, events, by_hand)| MarketplaceBody {
        marketplace: marketplace.clone(),
        events,
        by_hand,
        primary: *marketplace == primary,
    })
    .collect()
}

fn body(
    id: HomeId,
    at: Timestamp,
    read: &Intelligence,
    primary: Weighed,
    others: Vec<Weighed>,
) -> IntelligenceBody {
    let state = &read.state;
    let others = others.into_iter().map(|other| MarketplaceScoreBody::new(&read.factors, other));
    let View { points, score, stage, velocity, forecast, .. } = read.view;
    IntelligenceBody {
        id,
        at,
        score,
        points,
        stage,
        velocity,
        rule_set: state.rule_set,
        events: state.events,
        factor_score: FactorScoreBody::new(&read.factors, primary),
        factor_scores: others.collect(),
        marketplaces: marketplaces(state),
        source: SourceBody {
            value: state.shown_source().to_owned(),
            from: SourceFrom::shown(state).as_str(),
        },
        segment: SegmentBody::new(read.segment, &read.behaviour),
        risk: RiskBody::from(&read.cooling),
        contact_timing: ContactTimingBody::from(&read.timing),
        top_categories: read.categories.iter().map(CategoryBody::from).collect(),
        recommendations: read.recommendations.iter().map(RecommendationBody::from).collect(),
        forecast: forecast.map(|next| ForecastBody { stage: next.stage, at: next.at }),
        flooded: state.flooded,
    }
}
