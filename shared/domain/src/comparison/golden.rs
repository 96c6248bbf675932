//! Whether the golden leads still come to what they must.

use serde::{Deserialize, Serialize};

use crate::{
    golden_lead::{Expected, GoldenLead, InvalidGoldenLead},
    rules::Rules,
    stage::Stage,
};

/// What became of the golden leads.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct GoldenReport {
    /// How many passed.
    pub passed: u64,
    /// How many failed.
    pub failed: u64,
    /// The first that failed, by id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_failure: Option<GoldenFailure>,
}

/// A golden lead that comes to something else.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GoldenFailure {
    /// Its id.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// What it must come to.
    pub expected: Expected,
    /// What it comes to.
    pub actual: Shown,
}

/// What a lead shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shown {
    /// The score.
    pub score: i64,
    /// The stage of that score.
    pub stage: Stage,
}

/// Folds golden leads under a rule set.
///
/// # Errors
/// The id of one that cannot be folded, and why.
pub fn examine<'g>(
    golden_leads: impl IntoIterator<Item = &'g GoldenLead>,
    rules: &Rules,
) -> Result<GoldenReport, (String, InvalidGoldenLead)> {
    let mut golden_leads: Vec<_> = golden_leads.into_iter().collect();
    golden_leads.sort_by_key(|golden| &golden.id);
    let mut report = GoldenReport::default();
    for golden in golden_leads {
        let outcome = golden.outcome(rules).map_err(|error| (golden.id.clone(), error))?;
        if outcome.passes {
            report.passed += 1;
            continue;
        }
        report.failed += 1;
        report.first_failure.get_or_insert_with(|| GoldenFailure {
            id: golden.id.clone(),
            name: golden.name.clone(),
            expected: golden.expected,
            actual: Shown { score: outcome.explanation.score, stage: outcome.stage },
        });
    }
    Ok(report)
}
