//! The check of what a rule set says of conversions.
//!
//! Invariant: a conversion is named by one type of events, never by a pattern: what is no type at
//! all would never convert anybody, and nobody would notice.

use super::{Finding, MAX_TYPE_BYTES};
use crate::rule_set::RuleSet;

/// How many types of events may be conversions.
pub const MAX_CONVERSIONS: usize = 50;

/// Finds what is wrong with the conversions of a set.
pub(super) fn check(set: &RuleSet) -> Vec<Finding> {
    let mut findings = Vec::new();
    if set.conversions.len() > MAX_CONVERSIONS {
        let message = format!("at most {MAX_CONVERSIONS} types of events are conversions");
        findings.push(Finding::new("conversions", "too_many_conversions", message));
    }
    if !set.conversions.iter().all(|name| is_type(name)) {
        let message = format!(
            "a conversion is named by a type of events: 1 to {MAX_TYPE_BYTES} bytes, without `*`"
        );
        findings.push(Finding::new("conversions", "invalid_event_type", message));
    }
    findings
}

fn is_type(name: &str) -> bool {
    let fits = (1..=MAX_TYPE_BYTES).contains(&name.len());
    fits && !name.contains('*') && !name.chars().any(char::is_control)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn codes(conversions: impl IntoIterator<Item = String>) -> Vec<&'static str> {
        let mut set = RuleSet::default_set().unwrap();
        set.conversions = conversions.into_iter().collect();
        check(&set).into_iter().map(|finding| finding.code).collect()
    }

    #[test]
    fn none_to_fifty_types_of_events_are_conversions() {
        let named = |count: usize| codes((0..count).map(|n| format!("type_{n}")));
        assert_eq!(named(0), [""; 0]);
        assert_eq!(named(MAX_CONVERSIONS), [""; 0]);
        assert_eq!(named(MAX_CONVERSIONS + 1), ["too_many_conversions"]);
    }

    #[test]
    fn what_is_no_type_of_events_is_refused() {
        for name in ["", "contract_*", "a\nb", &"x".repeat(129)] {
            assert_eq!(codes([name.to_owned()]), ["invalid_event_type"], "{name:?}");
        }
    }
}
