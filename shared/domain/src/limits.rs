//! Limits: what caps and group caps leave of what rules give.
//!
//! Invariant: uses are counted in fold order, so only the current period of each rule has to be
//! remembered.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::{points::Points, rule::Rule, time::Timestamp};

/// What the rules of a set have used up of their limits.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    /// How often each capped rule gave points in its current period, by the rule's id.
    pub uses: BTreeMap<String, Uses>,
    /// The positive points that the rules of each group gave, before decay.
    pub groups: BTreeMap<String, Points>,
}

/// How often a rule gave points in a period.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Uses {
    /// The period's number, see [`crate::rule::Period::number`].
    pub period: i64,
    /// How often.
    pub count: u32,
}

/// What a rule gives for one event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grant {
    /// What it gives.
    pub given: Points,
    /// What a limit withholds of what the rule says.
    pub withheld: Points,
    /// The limit that withholds it.
    pub withheld_by: Option<Limit>,
}

/// What withholds points.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Limit {
    /// The rule's cap: it gave as often as it may in the period.
    Cap,
    /// The rule's group cap: the group gave as much as it may.
    GroupCap,
}

impl Limits {
    /// Decides what a rule gives for an event at an instant, and notes it.
    ///
    /// A use is counted when points are given. A full cap withholds all; a group cap gives what is
    /// left of it.
    pub(crate) fn grant(&mut self, rule: &Rule, at: Timestamp) -> Grant {
        let points = rule.gives();
        let used = self.used(rule, at);
        if rule.cap.is_some_and(|cap| used >= cap.count) {
            return Grant::withhold(points, points, Limit::Cap);
        }
        let grant = match self.left_of_group(rule) {
            Some(left) if points > left => Grant::withhold(points, points - left, Limit::GroupCap),
            _ => Grant { given: points, withheld: Points::ZERO, withheld_by: None },
        };
        if grant.given != Points::ZERO {
            self.note(rule, at, used + 1, grant.given);
        }
        grant
    }

    fn used(&self, rule: &Rule, at: Timestamp) -> u32 {
        let Some(cap) = rule.cap else { return 0 };
        let uses = self.uses.get(&rule.id).filter(|uses| uses.period == cap.per.number(at));
        uses.map_or(0, |uses| uses.count)
    }

    /// Returns what the rule's group may still give: `None` without a limit.
    fn left_of_group(&self, rule: &Rule) -> Option<Points> {
        let (group, cap) = (rule.group.as_ref()?, rule.group_cap?);
        let given = self.groups.get(group).copied().unwrap_or_default();
        (rule.gives() > Points::ZERO).then(|| (cap - given).max(Points::ZERO))
    }

    fn note(&mut self, rule: &Rule, at: Timestamp, count: u32, given: Points) {
        if let Some(cap) = rule.cap {
            let uses = Uses { period: cap.per.number(at), count };
            if let Some(known) = self.uses.get_mut(&rule.id) {
                *known = uses;
            } else {
                self.uses.insert(rule.id.clone(), uses);
            }
        }
        if let Some(group) = &rule.group
            && given > Points::ZERO
        {
            if let Some(sum) = self.groups.get_mut(group) {
                *sum += given;
            } else {
                self.groups.insert(group.clone(), given);
            }
        }
    }
}

impl Grant {
    fn withhold(points: Points, withheld: Points, by: Limit) -> Self {
        let withheld_by = (withheld != Points::ZERO).then_some(by);
        Self { given: points - withheld, withheld, withheld_by }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(json: &str) -> Rule {
        serde_json::from_str(json).unwrap()
    }

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn a_cap_withholds_all_until_its_period_is_over() {
        let rule = rule(
            r#"{"id": "a", "name": "A", "event_type": "a", "points": 5,
                "cap": {"count": 2, "per": "day"}}"#,
        );
        let mut limits = Limits::default();
        let morning = at("2026-11-20T08:00:00Z");
        let given: Vec<_> = (0..3).map(|_| limits.grant(&rule, morning).given).collect();
        assert_eq!(given, [Points::whole(5), Points::whole(5), Points::ZERO]);
        assert_eq!(limits.grant(&rule, morning).withheld_by, Some(Limit::Cap));
        assert_eq!(limits.grant(&rule, at("2026-11-21T00:00:00Z")).given, Points::whole(5));
    }

    #[test]
    fn a_group_cap_gives_what_is_left_and_never_limits_negative_points() {
        let gives = |points: i64| {
            rule(&format!(
                r#"{{"id": "r{points}", "name": "R", "event_type": "a", "points": {points},
                    "group": "g", "group_cap": 12}}"#
            ))
        };
        let mut limits = Limits::default();
        let now = at("2026-11-20T08:00:00Z");
        assert_eq!(limits.grant(&gives(10), now).given, Points::whole(10));
        assert_eq!(limits.grant(&gives(-20), now).given, Points::whole(-20));
        let partly = limits.grant(&gives(7), now);
        assert_eq!((partly.given, partly.withheld), (Points::whole(2), Points::whole(5)));
        assert_eq!(partly.withheld_by, Some(Limit::GroupCap));
        assert_eq!(limits.grant(&gives(1), now).given, Points::ZERO);
    }

    #[test]
    fn a_use_that_the_group_cap_emptied_is_not_counted() {
        let rule = rule(
            r#"{"id": "a", "name": "A", "event_type": "a", "points": 5, "group": "g",
                "group_cap": 5, "cap": {"count": 2, "per": "lifetime"}}"#,
        );
        let mut limits = Limits::default();
        let now = at("2026-11-20T08:00:00Z");
        let by: Vec<_> = (0..4).map(|_| limits.grant(&rule, now).withheld_by).collect();
        assert_eq!(by, [None, Some(Limit::GroupCap), Some(Limit::GroupCap), Some(Limit::GroupCap)]);
    }
}
