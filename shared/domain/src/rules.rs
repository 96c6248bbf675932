//! A rule set made ready to fold with: conditions compiled, rules found by event type.
//!
//! Invariant: preparing changes nothing about what a rule set means; whatever can be computed once
//! is computed here, and the fold only looks it up.

use std::{collections::HashMap, sync::Arc};

use crate::{
    check::{Finding, conditions},
    condition::{Condition, Evaluator, Reads},
    consent::Consents,
    decay::DecayTable,
    points::Points,
    rule::Rule,
    rule_set::RuleSet,
    stage::{Stage, Thresholds},
};

/// A rule set made ready to fold with. A clone is cheap.
#[derive(Clone, Debug)]
pub struct Rules(Arc<Prepared>);

#[derive(Debug)]
struct Prepared {
    set: RuleSet,
    decay: DecayTable,
    /// The condition of each rule, in the set's order.
    conditions: Vec<Option<Condition>>,
    suppressing: Index,
    scoring: Index,
    evaluator: Evaluator,
    reads: Reads,
    steps: Steps,
}

/// The most points that do not show each stage above `cold` yet: what thresholds and total cap come
/// to.
#[derive(Clone, Copy, Debug)]
struct Steps {
    warm: Points,
    hot: Points,
    qualified: Points,
}

/// Says that a rule set cannot be folded with.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("the rule set has {} faults, the first at {}: {}", .0.len(), first(.0).0, first(.0).1)]
pub struct InvalidRuleSet(pub Vec<Finding>);

fn first(findings: &[Finding]) -> (&str, &str) {
    findings.first().map_or(("", ""), |finding| (&finding.path, &finding.message))
}

/// A rule with its condition.
#[derive(Clone, Copy, Debug)]
pub struct Ready<'a> {
    /// The rule's place in the set.
    pub place: usize,
    /// The rule.
    pub rule: &'a Rule,
    /// Its condition, if it has one.
    pub condition: Option<&'a Condition>,
}

impl Rules {
    /// Prepares a rule set: compiles its conditions and computes its decay factors.
    ///
    /// It does not check the set by today's limits: a set that was once published stays usable.
    ///
    /// # Errors
    /// `InvalidRuleSet` names the conditions that do not compile.
    pub fn prepare(set: RuleSet) -> Result<Self, InvalidRuleSet> {
        let conditions = conditions(&set).map_err(InvalidRuleSet)?;
        let active = set.rules.iter().zip(&conditions).filter(|(rule, _)| rule.active);
        let reads = active.filter_map(|(_, condition)| condition.as_ref()).fold(
            Reads::default(),
            |mut reads, condition| {
                reads.unite(condition.reads());
                reads
            },
        );
        let prepared = Prepared {
            decay: set.decay.table(),
            steps: Steps::of(&set),
            suppressing: Index::of(&set, |rule| rule.suppress),
            scoring: Index::of(&set, |rule| !rule.suppress),
            evaluator: Evaluator::new(),
            conditions,
            reads,
            set,
        };
        Ok(Self(Arc::new(prepared)))
    }

    /// Returns the version.
    pub fn version(&self) -> u32 {
        self.0.set.version
    }

    /// Returns the rule set.
    pub fn set(&self) -> &RuleSet {
        &self.0.set
    }

    /// Returns the decay factors.
    pub fn decay(&self) -> &DecayTable {
        &self.0.decay
    }

    /// Returns the stage thresholds.
    pub fn thresholds(&self) -> &Thresholds {
        &self.0.set.thresholds
    }

    /// Returns what the conditions of active rules read.
    pub fn reads(&self) -> &Reads {
        &self.0.reads
    }

    /// Returns the score shown for points: rounded to a whole number, at least 0, at most the
    /// total cap.
    pub fn shown(&self, points: Points) -> i64 {
        self.0.set.shown(points.rounded())
    }

    /// Returns the stage of the score shown for points.
    pub fn stage(&self, points: Points) -> Stage {
        self.0.steps.stage(points)
    }

    /// Tells whether events of a type are conversions.
    pub fn converts(&self, event_type: &str) -> bool {
        self.0.set.conversions.iter().any(|conversion| conversion == event_type)
    }

    /// Tells whether events count where this was said of consent.
    pub fn count_under(&self, consents: &Consents) -> bool {
        self.0.set.consent.scoring.allows(consents)
    }

    /// Iterates over the active rules that suppress events of a type, in the set's order.
    pub fn suppressing<'a>(&'a self, event_type: &'a str) -> impl Iterator<Item = Ready<'a>> {
        self.0.suppressing.matching(&self.0, event_type)
    }

    /// Iterates over the active rules that give points for events of a type, in the set's order.
    pub fn scoring<'a>(&'a self, event_type: &'a str) -> impl Iterator<Item = Ready<'a>> {
        self.0.scoring.matching(&self.0, event_type)
    }

    pub(crate) fn evaluator(&self) -> &Evaluator {
        &self.0.evaluator
    }
}

impl Steps {
    fn of(set: &RuleSet) -> Self {
        // Half a point is rounded up, and so shows the next whole one.
        let most = |threshold: i64| match set.total_cap {
            _ if threshold <= 0 => Points::from_thousandths(i64::MIN),
            Some(cap) if i64::from(cap) < threshold => Points::from_thousandths(i64::MAX),
            _ => Points::whole(threshold) - Points::from_thousandths(501),
        };
        let Thresholds { warm, hot, qualified } = set.thresholds;
        Self { warm: most(warm), hot: most(hot), qualified: most(qualified) }
    }

    fn stage(&self, points: Points) -> Stage {
        if points > self.qualified {
            Stage::Qualified
        } else if points > self.hot {
            Stage::Hot
        } else if points > self.warm {
            Stage::Warm
        } else {
            Stage::Cold
        }
    }
}

/// Finds the rules of one sort by event type.
#[derive(Debug, Default)]
struct Index {
    /// For each type that some rule names: the rules that match it, globs included.
    named: HashMap<String, Vec<usize>>,
    /// The rules with globs, for all other types.
    globs: Vec<usize>,
}

impl Index {
    fn of(set: &RuleSet, wanted: impl Fn(&Rule) -> bool) -> Self {
        let rules: Vec<_> =
            set.rules.iter().enumerate().filter(|(_, rule)| rule.active && wanted(rule)).collect();
        let matching = |event_type: &str| {
            let matching = rules.iter().filter(|(_, rule)| rule.event_type.matches(event_type));
            matching.map(|(index, _)| *index).collect()
        };
        let mut index = Self::default();
        for (place, rule) in &rules {
            match &rule.event_type {
                crate::pattern::Pattern::Exact(exact) => {
                    index.named.entry(exact.clone()).or_insert_with(|| matching(exact));
                }
                crate::pattern::Pattern::Glob(_) => index.globs.push(*place),
            }
        }
        index
    }

    fn matching<'a>(
        &'a self,
        prepared: &'a Prepared,
        event_type: &'a str,
    ) -> impl Iterator<Item = Ready<'a>> {
        let named = self.named.get(event_type);
        let places = named.unwrap_or(&self.globs);
        let ready = |place: &usize| {
            let rule = prepared.set.rules.get(*place)?;
            let condition = prepared.conditions.get(*place).and_then(Option::as_ref);
            Some(Ready { place: *place, rule, condition })
        };
        let matches =
            move |ready: &Ready<'_>| named.is_some() || ready.rule.event_type.matches(event_type);
        places.iter().filter_map(ready).filter(matches)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_stage_of_points_is_that_of_the_score_they_show(
            points in prop_oneof![-40_000..140_000_i64, Just(i64::MAX), Just(-i64::MAX)],
            near in -2..2_i64,
            thresholds in proptest::array::uniform3(-1..120_i64),
            total_cap in proptest::option::of(1..120_u32),
        ) {
            let [warm, hot, qualified] = thresholds;
            let thresholds = Thresholds { warm, hot, qualified };
            let set = RuleSet { thresholds, total_cap, ..RuleSet::default_set().unwrap() };
            let rules = Rules::prepare(set).unwrap();
            for points in [points, warm * 1_000 - 500 + near, hot * 1_000 - 500 + near] {
                let points = Points::from_thousandths(points);
                prop_assert_eq!(rules.stage(points), thresholds.stage(rules.shown(points)));
            }
        }
    }
}
