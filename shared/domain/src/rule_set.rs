//! Rule sets: which events give how many points, how points fade, where stages begin.
//!
//! Invariant: a rule set is data. Version 1 of every tenant is `default_rule_set.json`, written to
//! the tenant when it is made; nothing in the code knows a rule by name.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{
    decay::{Decay, DecayTable},
    points::Points,
    stage::Thresholds,
};

const DEFAULT_JSON: &str = include_str!("default_rule_set.json");

/// One numbered, immutable version of a tenant's rules.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RuleSet {
    /// The number of the version, from 1.
    pub version: u32,
    /// The rules, in the order in which they apply.
    pub rules: Vec<Rule>,
    /// How points fade.
    pub decay: Decay,
    /// Where the stages begin.
    pub thresholds: Thresholds,
}

/// Gives points for matching events.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// Names the rule in explanations; unique within the set.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// The event type it matches; `*` stands for any run of characters.
    pub event_type: Pattern,
    /// What a matching event gives, negative to take.
    pub points: Points,
    /// Whether it applies at all.
    #[serde(default = "active")]
    pub active: bool,
}

const fn active() -> bool {
    true
}

/// An event type, or a glob of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub enum Pattern {
    /// Matches just this type.
    Exact(String),
    /// Matches the parts in this order with anything, or nothing, between them.
    Glob(Vec<String>),
}

impl Pattern {
    /// Tells whether an event type matches.
    pub fn matches(&self, event_type: &str) -> bool {
        match self {
            Self::Exact(exact) => exact == event_type,
            Self::Glob(parts) => matches_parts(parts, event_type),
        }
    }
}

/// Matches the first part at the beginning, the last at the end, the others leftmost in between:
/// if any placement fits, the leftmost one does.
fn matches_parts(parts: &[String], text: &str) -> bool {
    let [first, middle @ .., last] = parts else { return false };
    let Some(mut rest) = text.strip_prefix(first.as_str()) else { return false };
    for part in middle {
        match rest.find(part.as_str()) {
            Some(start) => rest = rest.get(start + part.len()..).unwrap_or_default(),
            None => return false,
        }
    }
    rest.ends_with(last.as_str())
}

impl From<String> for Pattern {
    fn from(text: String) -> Self {
        if text.contains('*') {
            Self::Glob(text.split('*').map(str::to_owned).collect())
        } else {
            Self::Exact(text)
        }
    }
}

impl From<Pattern> for String {
    fn from(pattern: Pattern) -> Self {
        pattern.to_string()
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exact(exact) => f.write_str(exact),
            Self::Glob(parts) => f.write_str(&parts.join("*")),
        }
    }
}

impl RuleSet {
    /// Reads the default rule set, version 1.
    pub fn default_set() -> Result<Self, serde_json::Error> {
        serde_json::from_str(DEFAULT_JSON)
    }
}

/// A rule set made ready to fold with.
#[derive(Clone, Debug)]
pub struct Rules {
    set: RuleSet,
    decay: DecayTable,
}

impl Rules {
    /// Prepares a rule set: computes its decay factors.
    pub fn prepare(set: RuleSet) -> Self {
        let decay = set.decay.table();
        Self { set, decay }
    }

    /// Returns the version.
    pub const fn version(&self) -> u32 {
        self.set.version
    }

    /// Returns the rule set.
    pub const fn set(&self) -> &RuleSet {
        &self.set
    }

    /// Returns the decay factors.
    pub const fn decay(&self) -> &DecayTable {
        &self.decay
    }

    /// Returns the stage thresholds.
    pub const fn thresholds(&self) -> &Thresholds {
        &self.set.thresholds
    }

    /// Iterates over the active rules that match an event type, in the set's order.
    pub fn matching<'a>(&'a self, event_type: &'a str) -> impl Iterator<Item = &'a Rule> {
        self.set.rules.iter().filter(move |rule| rule.active && rule.event_type.matches(event_type))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_set_reads_and_is_version_1() {
        let set = RuleSet::default_set().unwrap();
        assert_eq!(set.version, 1);
        assert_eq!(set.rules.len(), 10);
        let rules = Rules::prepare(set);
        let points: Vec<_> = rules.matching("unsubscribe").map(|rule| rule.points).collect();
        assert_eq!(points, [Points::whole(-20)]);
    }

    #[test]
    fn a_star_is_any_run_of_characters() {
        for (glob, text, expected) in [
            ("page_*", "page_view", true),
            ("page_*", "page_", true),
            ("*", "", true),
            ("*_view", "page_view", true),
            ("a*b*a", "aba", true),
            ("a*b*a", "ab", false),
            ("ab*ba", "aba", false),
            ("*ab*ab*", "abab", true),
            ("*ab*ab*", "aab", false),
            ("page_view", "page_views", false),
        ] {
            assert_eq!(Pattern::from(glob.to_owned()).matches(text), expected, "{glob} {text}");
        }
    }
}
