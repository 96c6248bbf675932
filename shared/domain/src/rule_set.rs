//! Rule sets: which events give how many points, how points fade, where stages begin.
//!
//! Invariant: a rule set is data. Version 1 of every tenant is `default_rule_set.json`, written to
//! the tenant when it is made; nothing in the code knows a rule by name.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::{consent::ScoringConsent, decay::Decay, rule::Rule, stage::Thresholds};

const DEFAULT_JSON: &str = include_str!("default_rule_set.json");

/// One numbered, immutable version of a tenant's rules, or a draft of the next one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RuleSet {
    /// The number of the version, from 1; 0 in a draft, which has none yet.
    #[serde(default)]
    pub version: u32,
    /// The rules, in the order in which they apply.
    pub rules: Vec<Rule>,
    /// How points fade.
    pub decay: Decay,
    /// Where the stages begin.
    pub thresholds: Thresholds,
    /// The highest score shown. Points stay what they are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub total_cap: Option<u32>,
    /// The types of the events that are conversions; [`CONVERSIONS`] where nothing is said.
    #[serde(default = "default_conversions", skip_serializing_if = "are_default")]
    pub conversions: BTreeSet<String>,
    /// What the person has to consent to.
    #[serde(default, skip_serializing_if = "ConsentRules::are_default")]
    pub consent: ConsentRules,
}

/// What people have to consent to for their events to count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConsentRules {
    /// When events count, by the consent for scoring.
    #[serde(default)]
    pub scoring: ScoringConsent,
}

/// The types of the events that are conversions unless a rule set says otherwise.
pub const CONVERSIONS: [&str; 2] = ["lead_converted", "order_completed"];

/// Returns [`CONVERSIONS`] as a rule set holds them.
pub fn default_conversions() -> BTreeSet<String> {
    CONVERSIONS.map(str::to_owned).into()
}

fn are_default(conversions: &BTreeSet<String>) -> bool {
    conversions.iter().map(String::as_str).eq(CONVERSIONS)
}

impl ConsentRules {
    /// Tells whether they are those of a rule set that says nothing of consent.
    pub fn are_default(&self) -> bool {
        *self == Self::default()
    }
}

impl RuleSet {
    /// Reads the default rule set, version 1.
    pub fn default_set() -> Result<Self, serde_json::Error> {
        serde_json::from_str(DEFAULT_JSON)
    }

    /// Returns the score shown for a rounded number of points: at least 0, at most the total cap.
    pub fn shown(&self, rounded: i64) -> i64 {
        rounded.max(0).min(self.total_cap.map_or(i64::MAX, i64::from))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::points::Points;

    #[test]
    fn the_default_set_reads_and_is_version_1() {
        let set = RuleSet::default_set().unwrap();
        assert_eq!(set.version, 1);
        assert_eq!(set.rules.len(), 10);
        let unsubscribe = set.rules.iter().find(|rule| rule.id == "unsubscribe").unwrap();
        assert_eq!(unsubscribe.gives(), Points::whole(-20));
        assert_eq!(set.conversions, default_conversions());
    }

    #[test]
    fn other_conversions_than_the_usual_ones_are_written() {
        let mut set = RuleSet::default_set().unwrap();
        let written =
            |set: &RuleSet| serde_json::to_value(set).unwrap().get("conversions").cloned();
        assert_eq!(written(&set), None);
        for conversions in [vec![], vec!["contract_signed"]] {
            set.conversions = conversions.iter().map(|name| (*name).to_owned()).collect();
            assert_eq!(written(&set), Some(serde_json::json!(conversions)));
            let text = serde_json::to_string(&set).unwrap();
            assert_eq!(serde_json::from_str::<RuleSet>(&text).unwrap(), set);
        }
    }

    #[test]
    fn only_consent_that_has_to_be_given_is_written() {
        let mut set = RuleSet::default_set().unwrap();
        assert_eq!(set.consent.scoring, ScoringConsent::OptOut);
        let read = |consent: serde_json::Value| {
            let mut set = serde_json::to_value(RuleSet::default_set().unwrap()).unwrap();
            set["consent"] = consent;
            serde_json::from_value::<RuleSet>(set).ok()
        };
        set.consent.scoring = ScoringConsent::OptIn;
        let written = serde_json::to_value(&set).unwrap();
        assert_eq!(written["consent"], serde_json::json!({"scoring": "opt_in"}));
        assert_eq!(read(written["consent"].clone()), Some(set));
        let default = RuleSet::default_set().unwrap();
        assert!(serde_json::to_value(&default).unwrap().get("consent").is_none());
        for same in [serde_json::json!({}), serde_json::json!({"scoring": "opt_out"})] {
            assert_eq!(read(same), Some(default.clone()));
        }
        for wrong in
            [serde_json::json!({"scoring": "never"}), serde_json::json!({"sales": "opt_in"})]
        {
            assert_eq!(read(wrong), None);
        }
    }

    #[test]
    fn what_is_not_said_is_not_written() {
        let set = RuleSet::default_set().unwrap();
        let written = serde_json::to_value(&set.rules[0]).unwrap();
        let named: Vec<_> = written.as_object().unwrap().keys().cloned().collect();
        let mut sorted = named.clone();
        sorted.sort();
        assert_eq!(sorted, ["active", "event_type", "id", "name", "points"]);
    }
}
