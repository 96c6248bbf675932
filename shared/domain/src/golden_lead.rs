//! Golden leads: examples that say what a rule set must make of them.
//!
//! Invariant: a golden lead is folded and viewed exactly as a lead is, so what holds for it holds
//! for every lead with these events.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{
    event::{Event, EventId, InvalidEventId},
    explanation::{Explanation, explain},
    fold::sorted,
    home::{HomeId, HomeRef},
    identity::Kind,
    rules::Rules,
    stage::Stage,
    time::Timestamp,
};

/// How many events a golden lead has at most.
pub const MAX_GOLDEN_EVENTS: usize = 200;

/// Events with the score that a rule set must give for them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GoldenLead {
    /// Names it; unique within the tenant.
    pub id: String,
    /// What people call it, such as `CTO who asked for a demo`.
    pub name: String,
    /// What happened.
    pub events: Vec<GoldenEvent>,
    /// The instant at which it is viewed; that of its last event if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Timestamp>,
    /// What it must come to.
    pub expected: Expected,
}

/// One event of a golden lead.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GoldenEvent {
    /// Its id; by its place in the list if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event_id: Option<String>,
    /// What happened.
    pub event_type: String,
    /// When it happened.
    pub timestamp: Timestamp,
    /// What is said about it.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub properties: Map<String, Value>,
    /// Where it happened.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub context: Map<String, Value>,
    /// What it declares about the person.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub traits: Map<String, Value>,
}

/// What a golden lead must come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expected {
    /// The score shown.
    pub score: i64,
    /// The stage of that score, if it matters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stage: Option<Stage>,
}

/// What a rule set makes of a golden lead.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// How the score came about.
    pub explanation: Explanation,
    /// The stage of the score.
    pub stage: Stage,
    /// Whether it is what was expected.
    pub passes: bool,
}

/// Says that a golden lead cannot be folded.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidGoldenLead {
    /// It has no event, or too many.
    #[error("a golden lead has 1 to {MAX_GOLDEN_EVENTS} events")]
    EventCount,
    /// Two of its events have the same id.
    #[error("two events have the same id")]
    RepeatedEvent,
    /// It is viewed before it has ended.
    #[error("at lies before the last event: view the lead at that event or later")]
    EventAfterView,
    /// An event id is not one.
    #[error(transparent)]
    EventId(#[from] InvalidEventId),
}

impl GoldenLead {
    /// Folds and views the events under a rule set, and compares.
    pub fn outcome(&self, rules: &Rules) -> Result<Outcome, InvalidGoldenLead> {
        let events = self.sorted_events()?;
        let last = events.last().ok_or(InvalidGoldenLead::EventCount)?;
        let now = self.at.unwrap_or(last.timestamp);
        if now < last.timestamp {
            return Err(InvalidGoldenLead::EventAfterView);
        }
        let explanation = explain(rules, &events, now);
        let stage = rules.thresholds().stage(explanation.score);
        let Expected { score, stage: expected } = self.expected;
        let passes = explanation.score == score && expected.is_none_or(|wanted| wanted == stage);
        Ok(Outcome { explanation, stage, passes })
    }

    fn sorted_events(&self) -> Result<Vec<Event>, InvalidGoldenLead> {
        if self.events.len() > MAX_GOLDEN_EVENTS {
            return Err(InvalidGoldenLead::EventCount);
        }
        let events = self.events.iter().enumerate().map(|(place, event)| event.event(place));
        let events = sorted(events.collect::<Result<Vec<_>, _>>()?);
        let mut ids = BTreeSet::new();
        let all = events.iter().all(|event| ids.insert(&event.event_id));
        if all { Ok(events) } else { Err(InvalidGoldenLead::RepeatedEvent) }
    }
}

impl GoldenEvent {
    fn event(&self, place: usize) -> Result<Event, InvalidEventId> {
        let id = self.event_id.clone().unwrap_or_else(|| format!("golden-{:04}", place + 1));
        Ok(Event {
            event_id: EventId::from_sender(&id)?,
            event_type: self.event_type.clone(),
            home: HomeRef { kind: Kind::UserId, id: HomeId::from_bytes([0; 16]) },
            timestamp: self.timestamp,
            received_at: self.timestamp,
            properties: self.properties.clone(),
            context: self.context.clone(),
            traits: self.traits.clone(),
            links: Vec::new(),
            edit: None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rule_set::RuleSet;

    fn golden(score: i64, stage: &str) -> GoldenLead {
        serde_json::from_str(&format!(
            r#"{{"id": "cto", "name": "CTO who asked for a demo", "events": [
                {{"event_type": "demo_request", "timestamp": "2026-11-02T09:00:00Z"}},
                {{"event_type": "page_view", "timestamp": "2026-11-01T09:00:00Z"}}
            ], "expected": {{"score": {score}, "stage": "{stage}"}}}}"#
        ))
        .unwrap()
    }

    #[test]
    fn a_golden_lead_passes_when_score_and_stage_are_as_expected() {
        let rules = Rules::prepare(RuleSet::default_set().unwrap()).unwrap();
        assert!(golden(55, "warm").outcome(&rules).unwrap().passes);
        assert!(!golden(54, "warm").outcome(&rules).unwrap().passes);
        assert!(!golden(55, "hot").outcome(&rules).unwrap().passes);
    }

    #[test]
    fn it_is_viewed_at_the_instant_it_names() {
        let rules = Rules::prepare(RuleSet::default_set().unwrap()).unwrap();
        let later =
            GoldenLead { at: Some("2026-11-10T09:00:00Z".parse().unwrap()), ..golden(52, "warm") };
        let outcome = later.outcome(&rules).unwrap();
        // Eight idle days: 55 × 0.95 = 52.25.
        assert!(outcome.passes, "{:?}", outcome.explanation.lines);
    }
}
