//! What came of a job, as it is shown.

use std::collections::BTreeMap;

use domain::{
    comparison::{
        Bar, Change, Comparison, Crossings, GoldenFailure, GoldenReport, LineKind, LineSum, Price,
        READ_PICODOLLARS, Side, WRITE_PICODOLLARS,
    },
    home::HomeId,
    job::{Outcome, PreviewOutcome, RescoreOutcome, Work},
    points::Points,
    stage::Stage,
};
use dynamo::Job;
use serde::Serialize;
use utoipa::ToSchema;

use super::bulk::{BulkEditBody, ExportBody, ImportBody};
use crate::words;

/// How often a re-score goes through the leads: both of its passes scan them.
const SCANS: u32 = 2;

/// What came of a job, by its kind.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(untagged)]
#[schema(as = JobResult)]
pub enum ResultBody {
    /// Of a preview.
    Preview(Box<PreviewBody>),
    /// Of a re-score.
    Rescore(RescoreBody),
    /// Of an import.
    Import(ImportBody),
    /// Of a bulk edit.
    BulkEdit(BulkEditBody),
    /// Of an export.
    Export(ExportBody),
}

/// What publishing the draft would do.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = PreviewResult)]
pub struct PreviewBody {
    /// Which leads were looked at.
    pub sample: SampleBody,
    /// How many leads were compared.
    pub leads: u64,
    /// How many events they have.
    pub events: u64,
    /// Leads whose score shown rises.
    pub up: u64,
    /// Leads whose score shown falls.
    pub down: u64,
    /// Leads whose score shown stays.
    pub unchanged: u64,
    /// How many leads show which scores, before and after.
    pub histogram: Vec<BarBody>,
    /// How many leads go from which stage to which: `transitions.warm.hot` counts those that
    /// become hot from warm.
    #[schema(value_type = BTreeMap<String, BTreeMap<String, u64>>)]
    pub transitions: BTreeMap<&'static str, BTreeMap<&'static str, u64>>,
    /// The 50 largest changes of scores shown, largest first, ties by id.
    pub changes: Vec<ChangeBody>,
    /// Leads that change their stage: what would be told if a re-score told anybody.
    pub crossings: CrossingsBody,
    /// How often the condition of each rule of the draft failed at run time, by rule.
    pub failures: BTreeMap<String, u64>,
    /// Whether the golden leads pass under the draft.
    pub golden_leads: GoldenReportBody,
    /// What the re-score after a publish would cost.
    pub price: PriceBody,
}

/// Which leads a preview looked at.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[schema(as = Sample)]
pub struct SampleBody {
    /// How many of a hundred leads, chosen by a hash of their id.
    pub percent: u32,
    /// How many leads that were.
    pub leads: u64,
    /// Of how many.
    pub of: u64,
}

/// Leads by the scores that they show.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[schema(as = HistogramBar)]
pub struct BarBody {
    /// The lowest score of the bar.
    pub from: i64,
    /// The highest; the last bar has none.
    pub to: Option<i64>,
    /// How many leads show such a score now.
    pub before: u64,
    /// How many would.
    pub after: u64,
}

/// A lead whose score would change.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = ScoreChange)]
pub struct ChangeBody {
    /// The lead.
    #[schema(schema_with = words::lead_id)]
    pub lead_id: HomeId,
    /// As it is.
    pub before: SideBody,
    /// As it would be.
    pub after: SideBody,
}

/// What a lead shows under one rule set, with lines that sum to the score.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = ScoreSide)]
pub struct SideBody {
    /// The score shown.
    pub score: i64,
    /// The stage of that score.
    #[schema(schema_with = words::stage)]
    pub stage: Stage,
    /// The points before rounding, floor and total cap.
    #[schema(value_type = f64)]
    pub points: Points,
    /// What the score is made of: at most 16 lines, most points first; beyond, the smallest are
    /// put together as `other`.
    pub lines: Vec<LineSumBody>,
}

/// The lines of an explanation of one kind and rule, put together.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = LineSum)]
pub struct LineSumBody {
    /// What the lines are.
    #[schema(schema_with = words::line_kind)]
    pub kind: LineKind,
    /// The rule that gave the points.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
    /// How many lines there were: of contributions, one for each event.
    pub events: u64,
    /// Their points.
    #[schema(value_type = f64)]
    pub points: Points,
    /// What limits withheld, which is no part of the score.
    #[schema(value_type = f64)]
    pub withheld: Points,
}

/// How many leads change to a higher stage and to a lower one.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[schema(as = Crossings)]
pub struct CrossingsBody {
    /// To a higher stage.
    pub up: u64,
    /// To a lower stage.
    pub down: u64,
}

/// What became of the golden leads.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = GoldenReport)]
pub struct GoldenReportBody {
    /// How many pass.
    pub passed: u64,
    /// How many fail.
    pub failed: u64,
    /// The first that fails, by id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_failure: Option<GoldenFailureBody>,
}

/// A golden lead that comes to something else.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = GoldenFailure)]
pub struct GoldenFailureBody {
    /// Its id.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// What it must come to.
    pub expected: ExpectedBody,
    /// What it comes to.
    pub actual: ExpectedBody,
}

/// A score and its stage.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[schema(as = ScoreAndStage)]
pub struct ExpectedBody {
    /// The score shown.
    pub score: i64,
    /// The stage, if it matters.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = words::stage)]
    pub stage: Option<Stage>,
}

/// Counted units by list price.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[schema(as = RescorePrice)]
pub struct PriceBody {
    /// Read units: two scans of the leads, and each lead with its events.
    pub read_units: u64,
    /// Write units: each lead in the table and its index.
    pub write_units: u64,
    /// Both at the list prices.
    pub dollars: f64,
    /// The list prices that were used.
    pub list_prices: ListPricesBody,
    /// Whether the leads outside the sample were reckoned to be like those within.
    pub scaled: bool,
}

/// List prices of us-east-1, on demand.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[schema(as = ListPrices)]
pub struct ListPricesBody {
    /// The region.
    pub region: &'static str,
    /// Dollars for a million read units.
    pub read_units_per_million: f64,
    /// Dollars for a million write units.
    pub write_units_per_million: f64,
}

/// What a re-score did.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[schema(as = RescoreResult)]
pub struct RescoreBody {
    /// How many leads there were in the last pass.
    pub leads: u64,
    /// How many the job brought to the version; others were brought by their own events.
    pub rescored: u64,
    /// How many of those changed their stage. Nobody was told.
    pub crossings: CrossingsBody,
}

impl ResultBody {
    pub(super) fn new(job: &Job, outcome: Outcome) -> Self {
        match outcome {
            Outcome::Preview(outcome) => {
                let percent = match job.work {
                    Work::Preview { sample_percent, .. } => sample_percent,
                    _ => 100,
                };
                Self::Preview(Box::new(PreviewBody::new(*outcome, percent)))
            }
            Outcome::Import(outcome) => Self::Import(outcome.into()),
            Outcome::BulkEdit(outcome) => Self::BulkEdit(outcome.into()),
            Outcome::Export(outcome) => Self::Export(ExportBody::new(job, outcome)),
            Outcome::Rescore(RescoreOutcome { leads, rescored, crossings }) => {
                Self::Rescore(RescoreBody { leads, rescored, crossings: crossings.into() })
            }
        }
    }
}

impl PreviewBody {
    fn new(PreviewOutcome { comparison, golden_leads }: PreviewOutcome, percent: u32) -> Self {
        let crossings = comparison.crossings().into();
        let Comparison { seen, leads, events, up, down, unchanged, .. } = comparison;
        Self {
            sample: SampleBody { percent, leads, of: seen },
            leads,
            events,
            up,
            down,
            unchanged,
            histogram: comparison.histogram.bars().map(BarBody::from).collect(),
            transitions: transitions(&comparison.transitions),
            crossings,
            golden_leads: golden_leads.into(),
            price: Price::of(&comparison.consumed, seen, leads, SCANS).into(),
            changes: comparison.changes.into_iter().map(ChangeBody::from).collect(),
            failures: comparison.failures,
        }
    }
}

fn transitions(counts: &[[u64; 4]; 4]) -> BTreeMap<&'static str, BTreeMap<&'static str, u64>> {
    let words = Stage::ALL.map(Stage::as_str);
    let row = |row: &[u64; 4]| words.into_iter().zip(row.iter().copied()).collect();
    words.into_iter().zip(counts.iter().map(row)).collect()
}

impl From<Bar> for BarBody {
    fn from(Bar { from, to, before, after }: Bar) -> Self {
        Self { from, to, before, after }
    }
}

impl From<Change> for ChangeBody {
    fn from(Change { lead, before, after }: Change) -> Self {
        Self { lead_id: lead, before: before.into(), after: after.into() }
    }
}

impl From<Side> for SideBody {
    fn from(Side { score, stage, points, lines }: Side) -> Self {
        Self { score, stage, points, lines: lines.into_iter().map(LineSumBody::from).collect() }
    }
}

impl From<LineSum> for LineSumBody {
    fn from(LineSum { kind, rule, events, points, withheld }: LineSum) -> Self {
        Self { kind, rule, events, points, withheld }
    }
}

impl From<Crossings> for CrossingsBody {
    fn from(Crossings { up, down }: Crossings) -> Self {
        Self { up, down }
    }
}

impl From<GoldenReport> for GoldenReportBody {
    fn from(GoldenReport { passed, failed, first_failure }: GoldenReport) -> Self {
        Self { passed, failed, first_failure: first_failure.map(GoldenFailureBody::from) }
    }
}

impl From<GoldenFailure> for GoldenFailureBody {
    fn from(GoldenFailure { id, name, expected, actual }: GoldenFailure) -> Self {
        let expected = ExpectedBody { score: expected.score, stage: expected.stage };
        let actual = ExpectedBody { score: actual.score, stage: Some(actual.stage) };
        Self { id, name, expected, actual }
    }
}

impl From<Price> for PriceBody {
    fn from(Price { read_units, write_units, microdollars, scaled }: Price) -> Self {
        let list_prices = ListPricesBody {
            region: "us-east-1",
            read_units_per_million: millionths(READ_PICODOLLARS),
            write_units_per_million: millionths(WRITE_PICODOLLARS),
        };
        let dollars = millionths(microdollars);
        Self { read_units, write_units, dollars, list_prices, scaled }
    }
}

#[expect(clippy::cast_precision_loss, reason = "no price comes near 2^53 millionths of a dollar")]
fn millionths(count: u64) -> f64 {
    count as f64 / 1_000_000.0
}
