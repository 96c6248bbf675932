//! A golden lead as it is sent and shown.
//!
//! Invariant: what is shown can be sent again; the result in it is ignored then.

use domain::{
    check::is_id,
    golden_lead::{Expected, GoldenEvent, GoldenLead},
    rules::Rules,
    stage::Stage,
    time::Timestamp,
};
use lambda::problem::Problem;
use serde::{Deserialize, Serialize, de::IgnoredAny};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::words;

const MAX_NAME_CHARS: usize = 200;
const MAX_TYPE_BYTES: usize = 128;

/// Events with the score that a rule set must give for them.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = GoldenLead, example = json!({
    "id": "cto_who_asked_for_a_demo",
    "name": "CTO who asked for a demo",
    "events": [{
        "event_type": "page_view",
        "timestamp": "2026-01-14T09:00:00Z",
        "properties": { "path": "/pricing" }
    }, {
        "event_type": "demo_request",
        "timestamp": "2026-01-15T09:00:00Z",
        "traits": { "title": "CTO" }
    }],
    "at": "2026-01-20T09:00:00Z",
    "expected": { "score": 55, "stage": "warm" }
}))]
pub struct GoldenLeadBody {
    /// Names it; unique within the tenant. Made from the name when one is added without.
    #[schema(pattern = "^[A-Za-z0-9._-]{1,64}$")]
    pub id: Option<String>,
    /// What people call it.
    #[schema(min_length = 1, max_length = 200)]
    pub name: String,
    /// What happened, in any order. It must not hold personal data.
    #[schema(value_type = Vec<GoldenEventBody>, min_items = 1, max_items = 200)]
    events: Vec<GoldenEvent>,
    /// The instant at which it is viewed; that of its last event if absent.
    #[schema(value_type = String, format = DateTime, required = false)]
    at: Option<Timestamp>,
    /// What it must come to.
    #[schema(value_type = ExpectedBody)]
    expected: Expected,
    /// What the draft makes of it; `null` when this version of Leadline no longer takes the draft.
    /// Shown, and ignored when sent.
    #[serde(default, rename = "result")]
    #[schema(value_type = Option<GoldenResult>, read_only)]
    _result: Option<IgnoredAny>,
}

/// One event of a golden lead.
#[derive(Debug, ToSchema)]
#[schema(as = GoldenEvent)]
#[expect(dead_code, reason = "it only describes the domain's own form")]
pub struct GoldenEventBody {
    /// Its id; by its place in the list if absent.
    event_id: Option<String>,
    /// What happened.
    #[schema(min_length = 1, max_length = 128)]
    event_type: String,
    /// When it happened.
    #[schema(value_type = String, format = DateTime)]
    timestamp: Timestamp,
    /// What is said about it.
    #[schema(schema_with = words::anything, required = false)]
    properties: Map<String, Value>,
    /// Where it happened.
    #[schema(schema_with = words::anything, required = false)]
    context: Map<String, Value>,
    /// What it declares about the person.
    #[schema(schema_with = words::anything, required = false)]
    traits: Map<String, Value>,
}

/// What a golden lead must come to.
#[derive(Debug, ToSchema)]
#[schema(as = GoldenExpectation)]
#[expect(dead_code, reason = "it only describes the domain's own form")]
pub struct ExpectedBody {
    /// The score shown.
    #[schema(minimum = 0)]
    score: i64,
    /// The stage of that score, if it matters.
    #[schema(schema_with = words::stage, required = false)]
    stage: Option<Stage>,
}

/// What a rule set makes of a golden lead.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
pub struct GoldenResult {
    /// Whether it is what was expected.
    pub passes: bool,
    /// The score shown.
    #[schema(minimum = 0)]
    pub score: i64,
    /// The stage of that score.
    #[schema(schema_with = words::stage)]
    pub stage: Stage,
}

/// A golden lead with what the draft makes of it: `null` when this version of Leadline no longer
/// takes the draft.
#[derive(Debug, Serialize)]
pub struct ShownGoldenLead {
    #[serde(flatten)]
    pub golden: GoldenLead,
    result: Option<GoldenResult>,
}

impl GoldenLeadBody {
    /// Makes the golden lead, under an id.
    pub fn into_golden(self, id: String) -> GoldenLead {
        let Self { name, events, at, expected, .. } = self;
        GoldenLead { id, name, events, at, expected }
    }
}

impl ShownGoldenLead {
    /// Folds and views a golden lead under rules.
    pub fn new(golden: GoldenLead, rules: Option<&Rules>) -> Self {
        let outcome = rules.and_then(|rules| golden.outcome(rules).ok());
        let result = outcome.map(|outcome| GoldenResult {
            passes: outcome.passes,
            score: outcome.explanation.score,
            stage: outcome.stage,
        });
        Self { golden, result }
    }
}

/// Answers 422 for a name or an event type that cannot be one, telling all of them.
pub fn check(golden: &GoldenLead) -> Result<(), Problem> {
    let mut wrong = Vec::new();
    if !is_id(&golden.id) {
        let message = "an id is 1 to 64 letters, digits, dots, hyphens or underscores";
        wrong.push(("id".to_owned(), "invalid_id", message.to_owned()));
    }
    if golden.name.trim().is_empty() || golden.name.chars().count() > MAX_NAME_CHARS {
        let message = format!("a name has 1 to {MAX_NAME_CHARS} characters");
        wrong.push(("name".to_owned(), "invalid_name", message));
    }
    if golden.expected.score < 0 {
        let message = "the score shown is at least 0".to_owned();
        wrong.push(("expected.score".to_owned(), "out_of_range", message));
    }
    for (place, event) in golden.events.iter().enumerate() {
        if !(1..=MAX_TYPE_BYTES).contains(&event.event_type.len()) {
            let message = format!("an event type has 1 to {MAX_TYPE_BYTES} bytes");
            wrong.push((format!("events.{place}.event_type"), "invalid_event_type", message));
        }
    }
    let Some((_, _, first)) = wrong.first() else { return Ok(()) };
    let problem = super::keep::invalid(first);
    Err(wrong
        .into_iter()
        .fold(problem, |problem, (field, code, message)| problem.with_error(field, code, message)))
}
