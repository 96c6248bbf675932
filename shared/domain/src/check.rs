//! Checks of rules and rule sets before they are kept.
//!
//! Invariant: a set without findings can be prepared and folded with; all that is wrong is told at
//! once, each finding with the place it is about.

mod conversions;

use std::collections::BTreeSet;

pub use self::conversions::MAX_CONVERSIONS;
use crate::{
    condition::{self, Condition},
    points::Points,
    rule::Rule,
    rule_set::RuleSet,
};

/// How many rules a set has at most.
pub const MAX_RULES: usize = 500;

/// How many patterns the conditions of a set match at most: a compiled one takes up to 256 KB.
pub const MAX_PATTERNS: usize = 100;

const MAX_NAME_CHARS: usize = 200;
const MAX_TYPE_BYTES: usize = 128;
const MAX_POINTS: Points = Points::whole(1_000_000);
const MAX_CAP: u32 = 1_000_000;
const MAX_DAYS: u32 = 3_650;
const ALL_PPM: u32 = 1_000_000;

/// One thing that is wrong with a rule or a rule set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Where, such as `rules[2].when`.
    pub path: String,
    /// What, for programs.
    pub code: &'static str,
    /// What and what to do, for people.
    pub message: String,
    /// The line and column of a condition, from 1.
    pub place: Option<(u32, u32)>,
}

impl Finding {
    fn new(path: impl Into<String>, code: &'static str, message: impl Into<String>) -> Self {
        Self { path: path.into(), code, message: message.into(), place: None }
    }

    fn within(mut self, parent: &str) -> Self {
        self.path = format!("{parent}.{}", self.path);
        self
    }
}

/// Checks a rule set.
///
/// # Errors
/// Everything that is wrong, in the order of the set.
pub fn check(set: &RuleSet) -> Result<(), Vec<Finding>> {
    let mut findings = check_frame(set);
    let (mut ids, mut patterns) = (BTreeSet::new(), 0);
    for (index, rule) in set.rules.iter().enumerate() {
        let parent = format!("rules[{index}]");
        match check_rule(rule) {
            Ok(condition) => patterns += condition.map_or(0, |condition| condition.patterns()),
            Err(found) => findings.extend(found.into_iter().map(|found| found.within(&parent))),
        }
        if !ids.insert(&rule.id) {
            let message = "a rule before it has the same id";
            findings.push(Finding::new("id", "duplicate_id", message).within(&parent));
        }
    }
    if patterns > MAX_PATTERNS {
        let message = format!("the conditions of a rule set match {MAX_PATTERNS} patterns at most");
        findings.push(Finding::new("rules", "too_many_patterns", message));
    }
    if findings.is_empty() { Ok(()) } else { Err(findings) }
}

/// Compiles the condition of each rule of a set, in the set's order.
///
/// # Errors
/// The findings of those that do not compile.
pub fn conditions(set: &RuleSet) -> Result<Vec<Option<Condition>>, Vec<Finding>> {
    let compile = |(index, rule): (usize, &Rule)| {
        let parent = format!("rules[{index}]");
        let within = |found: Finding| found.within(&parent);
        compile(rule).map_err(|findings| findings.into_iter().map(within).collect())
    };
    set.rules.iter().enumerate().map(compile).collect()
}

fn compile(rule: &Rule) -> Result<Option<Condition>, Vec<Finding>> {
    let finding = |found: condition::Finding| Finding {
        path: "when".to_owned(),
        code: found.code,
        message: found.message,
        place: Some((found.line, found.column)),
    };
    let compiled = rule.when.as_deref().map(Condition::compile).transpose();
    compiled.map_err(|findings| findings.into_iter().map(finding).collect())
}

/// Checks what a rule set says beside its rules.
fn check_frame(set: &RuleSet) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut refuse = |wrong: bool, path: &str, code, message: String| {
        if wrong {
            findings.push(Finding::new(path, code, message));
        }
    };
    let many = set.rules.len() > MAX_RULES;
    refuse(many, "rules", "too_many_rules", format!("a rule set has at most {MAX_RULES} rules"));
    let thresholds = set.thresholds;
    refuse(
        !(1 <= thresholds.warm
            && thresholds.warm <= thresholds.hot
            && thresholds.hot <= thresholds.qualified),
        "thresholds",
        "thresholds_out_of_order",
        "thresholds are at least 1 and rise from warm over hot to qualified".to_owned(),
    );
    refuse(
        set.decay.daily_rate_ppm > ALL_PPM,
        "decay.daily_rate_ppm",
        "out_of_range",
        format!("the daily rate is given in millionths, from 0 to {ALL_PPM}"),
    );
    refuse(
        set.decay.idle_days > MAX_DAYS,
        "decay.idle_days",
        "out_of_range",
        format!("decay begins after 0 to {MAX_DAYS} idle days"),
    );
    let no_cap = set.total_cap == Some(0);
    refuse(no_cap, "total_cap", "out_of_range", "a total cap is at least 1".to_owned());
    findings.extend(conversions::check(set));
    findings
}

/// Checks one rule by itself and returns its compiled condition.
///
/// # Errors
/// Everything that is wrong with it, with paths relative to the rule.
pub fn check_rule(rule: &Rule) -> Result<Option<Condition>, Vec<Finding>> {
    let mut findings = check_fields(rule);
    findings.extend(if rule.suppress { check_suppressing(rule) } else { check_scoring(rule) });
    let condition = compile(rule).unwrap_or_else(|found| {
        findings.extend(found);
        None
    });
    if findings.is_empty() { Ok(condition) } else { Err(findings) }
}

fn check_fields(rule: &Rule) -> Vec<Finding> {
    let mut findings = Vec::new();
    if !is_id(&rule.id) {
        let message = "an id is 1 to 64 letters, digits, dots, hyphens or underscores";
        findings.push(Finding::new("id", "invalid_id", message));
    }
    if rule.name.trim().is_empty() || rule.name.chars().count() > MAX_NAME_CHARS {
        let message = format!("a name has 1 to {MAX_NAME_CHARS} characters");
        findings.push(Finding::new("name", "invalid_name", message));
    }
    let event_type = rule.event_type.to_string();
    if event_type.is_empty() || event_type.len() > MAX_TYPE_BYTES {
        let message = format!("an event type, or a glob of types, has 1 to {MAX_TYPE_BYTES} bytes");
        findings.push(Finding::new("event_type", "invalid_event_type", message));
    }
    findings
}

/// Tells whether a text may name a rule or a golden lead.
pub fn is_id(text: &str) -> bool {
    let is_good = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    (1..=64).contains(&text.len()) && text.bytes().all(is_good)
}

fn check_suppressing(rule: &Rule) -> Vec<Finding> {
    let given = [
        ("points", rule.points.is_some_and(|points| points != Points::ZERO)),
        ("cap", rule.cap.is_some()),
        ("group", rule.group.is_some()),
        ("group_cap", rule.group_cap.is_some()),
        ("expires_after_days", rule.expires_after_days.is_some()),
    ];
    let message = "a rule that suppresses events gives no points: leave this out";
    let refused = given.into_iter().filter(|(_, is_given)| *is_given);
    refused.map(|(path, _)| Finding::new(path, "suppresses", message)).collect()
}

fn check_scoring(rule: &Rule) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut refuse = |wrong: bool, path: &str, code, message: String| {
        if wrong {
            findings.push(Finding::new(path, code, message));
        }
    };
    let missing = rule.points.is_none();
    refuse(missing, "points", "points_missing", "say how many points the rule gives".to_owned());
    let points = rule.gives().thousandths().unsigned_abs();
    let most = MAX_POINTS.thousandths().unsigned_abs();
    let range = format!("points lie between -{} and {}", most / 1_000, most / 1_000);
    refuse(points > most, "points", "out_of_range", range);
    refuse(
        rule.cap.is_some_and(|cap| !(1..=MAX_CAP).contains(&cap.count)),
        "cap.count",
        "out_of_range",
        format!("a cap counts from 1 to {MAX_CAP} times"),
    );
    refuse(
        rule.expires_after_days.is_some_and(|days| !(1..=MAX_DAYS).contains(&days)),
        "expires_after_days",
        "out_of_range",
        format!("points expire after 1 to {MAX_DAYS} days"),
    );
    refuse(
        rule.group.as_deref().is_some_and(|group| !is_id(group)),
        "group",
        "invalid_id",
        "a group is named by 1 to 64 letters, digits, dots, hyphens or underscores".to_owned(),
    );
    refuse(
        rule.group_cap.is_some() && rule.group.is_none(),
        "group_cap",
        "group_missing",
        "a group cap needs a group: say which".to_owned(),
    );
    refuse(
        rule.group_cap.is_some_and(|cap| cap < Points::ZERO),
        "group_cap",
        "out_of_range",
        "a group cap is at least 0".to_owned(),
    );
    findings
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn codes(change: impl Fn(&mut Value)) -> Vec<(String, &'static str)> {
        let mut set = serde_json::to_value(RuleSet::default_set().unwrap()).unwrap();
        change(&mut set);
        let set: RuleSet = serde_json::from_value(set).unwrap();
        let findings = check(&set).err().unwrap_or_default();
        findings.into_iter().map(|found| (found.path, found.code)).collect()
    }

    #[test]
    fn the_default_set_is_sound() {
        assert_eq!(codes(|_| {}), []);
    }

    #[test]
    fn all_that_is_wrong_is_told_with_its_place() {
        let found = codes(|set| {
            set["thresholds"]["warm"] = json!(70);
            set["total_cap"] = json!(0);
            set["conversions"] = json!(["contract_*", "", "order_completed"]);
            set["rules"][1]["id"] = json!("page_view");
            set["rules"][2]["points"] = Value::Null;
            set["rules"][3]["when"] = json!("event.properties.total >");
            set["rules"][4]["group_cap"] = json!(-1);
            set["rules"][5]["suppress"] = json!(true);
            set["rules"][6]["cap"] = json!({"count": 0, "per": "day"});
            set["rules"][7]["expires_after_days"] = json!(0);
            set["rules"][8]["id"] = json!("not an id");
        });
        let expected = [
            ("thresholds", "thresholds_out_of_order"),
            ("total_cap", "out_of_range"),
            ("conversions", "invalid_event_type"),
            ("rules[1].id", "duplicate_id"),
            ("rules[2].points", "points_missing"),
            ("rules[3].when", "syntax"),
            ("rules[4].group_cap", "group_missing"),
            ("rules[4].group_cap", "out_of_range"),
            ("rules[5].points", "suppresses"),
            ("rules[6].cap.count", "out_of_range"),
            ("rules[7].expires_after_days", "out_of_range"),
            ("rules[8].id", "invalid_id"),
        ];
        let expected: Vec<_> =
            expected.into_iter().map(|(path, code)| (path.to_owned(), code)).collect();
        assert_eq!(found, expected);
    }
}
