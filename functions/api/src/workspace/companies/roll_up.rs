//! What the leads of a company come to.
//!
//! Invariant: each lead counts once, as of the request; what was not looked at is told.

use std::collections::BTreeMap;

use domain::{company::Company, lead::Lead, stage::Stage};
use dynamo::Finding;
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    error::ApiError,
    guard::Admitted,
    reads::Reads,
    search::{Candidates, Wanted, follow},
    show::Lens,
};

/// How many leads are looked at for one roll-up.
pub const MOST_LEADS: usize = 1_000;

/// How many homes are looked at for one roll-up: a lead may have several.
const MOST_HOMES: usize = 3_000;

const AT_ONCE: u16 = 250;

/// What the leads of a company come to as of the request.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[schema(example = json!({
    "leads": 3,
    "average_score": 41.7,
    "highest_score": 80,
    "by_stage": { "cold": 1, "warm": 1, "hot": 1, "qualified": 0 },
    "complete": true,
}))]
pub struct RollUp {
    /// How many leads there are.
    #[schema(minimum = 0)]
    pub leads: usize,
    /// The average of their scores, to one decimal; `null` without leads.
    #[schema(required, minimum = 0)]
    pub average_score: Option<f64>,
    /// The highest of their scores; `null` without leads.
    #[schema(required, minimum = 0)]
    pub highest_score: Option<i64>,
    /// How many leads are in each stage.
    pub by_stage: LeadsByStage,
    /// Whether all leads were looked at: of more than 1,000 the others are left out.
    pub complete: bool,
}

/// How many leads are in each stage.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct LeadsByStage {
    /// Below the warm threshold.
    pub cold: usize,
    /// From the warm threshold.
    pub warm: usize,
    /// From the hot threshold.
    pub hot: usize,
    /// From the qualified threshold.
    pub qualified: usize,
}

/// Reads the leads of a company and sums them up.
pub async fn of(reads: &Reads, admitted: &Admitted, company: &Company) -> Result<RollUp, ApiError> {
    let (leads, complete) = members(reads, admitted, company).await?;
    let mut lens = Lens::new(reads, admitted).await?;
    let mut shown = Vec::with_capacity(leads.len());
    for lead in leads {
        let view = lens.see(lead).await?.view;
        shown.push((view.score, view.stage));
    }
    Ok(RollUp::sum(&shown, complete))
}

/// Reads the leads of a company, and tells whether they are all.
async fn members(
    reads: &Reads,
    admitted: &Admitted,
    company: &Company,
) -> Result<(Vec<Lead>, bool), ApiError> {
    let keys = company.keys();
    let (mut leads, mut homes) = (Vec::new(), 0);
    for name in keys.keys() {
        let mut after = None;
        loop {
            if homes >= MOST_HOMES || leads.len() >= MOST_LEADS {
                return Ok((leads, false));
            }
            let page = of_name(reads, admitted, &keys, name, after, AT_ONCE).await?;
            homes += usize::from(AT_ONCE);
            leads.extend(page.leads.into_iter().map(|(_, lead)| lead));
            if leads.len() > MOST_LEADS {
                leads.truncate(MOST_LEADS);
                return Ok((leads, false));
            }
            if !page.more {
                break;
            }
            after = page.last;
        }
    }
    Ok((leads, true))
}

/// Finds the leads of a company among the next homes that give it one of its names.
pub async fn of_name(
    reads: &Reads,
    admitted: &Admitted,
    keys: &BTreeMap<String, bool>,
    name: &str,
    after: Option<domain::home::HomeId>,
    limit: u16,
) -> Result<Candidates, ApiError> {
    let wanted = Wanted {
        finding: Finding::Company(::search::company(admitted.keyring(), name)),
        rank: &|home| keys.keys().position(|key| home.names(key)),
        own_rank: keys.keys().position(|key| key == name).unwrap_or_default(),
        is_met: &|shown| shown.company.as_ref().is_some_and(|key| keys.contains_key(key)),
    };
    follow(reads, admitted, &wanted, after, limit).await
}

impl RollUp {
    fn sum(shown: &[(i64, Stage)], complete: bool) -> Self {
        let mut by_stage = LeadsByStage::default();
        for (_, stage) in shown {
            *by_stage.count(*stage) += 1;
        }
        let scores = || shown.iter().map(|(score, _)| *score);
        let average = mean_in_tenths(scores()).map(|tenths| tenths / 10.0);
        Self {
            leads: shown.len(),
            average_score: average,
            highest_score: scores().max(),
            by_stage,
            complete,
        }
    }
}

impl LeadsByStage {
    const fn count(&mut self, stage: Stage) -> &mut usize {
        match stage {
            Stage::Cold => &mut self.cold,
            Stage::Warm => &mut self.warm,
            Stage::Hot => &mut self.hot,
            Stage::Qualified => &mut self.qualified,
        }
    }
}

/// Returns ten times the mean of scores, rounded half up to a whole number.
fn mean_in_tenths(scores: impl Iterator<Item = i64>) -> Option<f64> {
    let (sum, count) =
        scores.fold((0_i128, 0_i128), |(sum, count), score| (sum + i128::from(score), count + 1));
    let tenths = (sum * 20 + count).checked_div(count * 2)?;
    // Beyond 2^53 tenths a float has no decimals left to be wrong in.
    #[expect(clippy::cast_precision_loss, reason = "a mean of scores is far below 2^53")]
    Some(tenths as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scores_are_summed_up_to_one_decimal() {
        let shown = [(80, Stage::Hot), (45, Stage::Warm), (0, Stage::Cold)];
        let sum = RollUp::sum(&shown, true);
        assert_eq!((sum.leads, sum.average_score, sum.highest_score), (3, Some(41.7), Some(80)));
        assert_eq!(sum.by_stage, LeadsByStage { cold: 1, warm: 1, hot: 1, qualified: 0 });
        let none = RollUp::sum(&[], true);
        assert_eq!((none.average_score, none.highest_score), (None, None));
    }
}
