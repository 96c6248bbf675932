//! The keys of what people say about scoring: rule sets, golden leads, factor weights.
//!
//! Invariant: what lies in a range of names or versions is of one kind; the notes beside the
//! numbered rule sets are never among them.

use domain::{marketplace::Marketplace, tenant::TenantId};

use super::Key;

/// The key of the note that says which rule set is active.
pub fn active_rule_set(tenant: &TenantId) -> Key {
    Key { pk: tenant.to_string(), sk: "rule_set#active".to_owned() }
}

/// The key of one version of the rules.
pub fn rule_set(tenant: &TenantId, version: u32) -> Key {
    Key { pk: tenant.to_string(), sk: format!("rule_set#{version:010}") }
}

/// The first and last sort key of the versions before `before`, or of all.
pub fn rule_sets_before(before: Option<u32>) -> (String, String) {
    let last = before.map_or(u32::MAX, |before| before.saturating_sub(1));
    (format!("{RULE_SET}{:010}", 0), format!("{RULE_SET}{last:010}"))
}

/// Reads the version of a rule set's sort key.
pub fn parse_rule_set(sk: &str) -> Option<u32> {
    sk.strip_prefix(RULE_SET)?.parse().ok()
}

const RULE_SET: &str = "rule_set#";

/// The key of the draft of the next rule set.
pub fn draft(tenant: &TenantId) -> Key {
    Key { pk: tenant.to_string(), sk: "rule_set#draft".to_owned() }
}

/// The key of how often conditions failed in one scan segment under a version of the rules.
pub fn rule_failures(tenant: &TenantId, version: u32, segment: u32) -> Key {
    Key { pk: tenant.to_string(), sk: format!("rule_failures#{version:010}#{segment:05}") }
}

/// The first and last sort key of how often conditions failed under a version of the rules.
pub fn rule_failures_range(version: u32) -> (String, String) {
    (format!("rule_failures#{version:010}#"), format!("rule_failures#{version:010}#~"))
}

/// The key of a golden lead.
pub fn golden_lead(tenant: &TenantId, id: &str) -> Key {
    Key { pk: tenant.to_string(), sk: format!("{GOLDEN_LEAD}{id}") }
}

/// The first and last sort key of the golden leads after an id, or of all.
pub fn golden_leads_after(id: Option<&str>) -> (String, String) {
    after(GOLDEN_LEAD, id)
}

/// Reads the id of a golden lead's sort key.
pub fn parse_golden_lead(sk: &str) -> Option<&str> {
    sk.strip_prefix(GOLDEN_LEAD)
}

const GOLDEN_LEAD: &str = "golden_lead#";

/// The key of the factor weights of a marketplace.
pub fn factor_weights(tenant: &TenantId, marketplace: &Marketplace) -> Key {
    Key { pk: tenant.to_string(), sk: format!("{FACTOR_WEIGHTS}{marketplace}") }
}

/// The first and last sort key of the factor weights after a marketplace, or of all.
pub fn factor_weights_after(marketplace: Option<&Marketplace>) -> (String, String) {
    after(FACTOR_WEIGHTS, marketplace.map(Marketplace::as_str))
}

/// Reads the marketplace of a sort key of factor weights.
pub fn parse_factor_weights(sk: &str) -> Option<Marketplace> {
    sk.strip_prefix(FACTOR_WEIGHTS)?.parse().ok()
}

const FACTOR_WEIGHTS: &str = "factor_weights#";

/// The range of the names after one, or of all: a control character comes before and the last of
/// all characters after whatever a name holds.
fn after(prefix: &str, name: Option<&str>) -> (String, String) {
    let first = name.map_or_else(|| prefix.to_owned(), |name| format!("{prefix}{name}\u{1}"));
    (first, format!("{prefix}{}", char::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_and_names_lie_within_their_ranges_and_nothing_else_does() {
        let acme: TenantId = "acme".parse().unwrap();
        let within =
            |(first, last): &(String, String), key: Key| *first <= key.sk && key.sk <= *last;
        let versions = rule_sets_before(None);
        assert!(
            within(&versions, rule_set(&acme, 1)) && within(&versions, rule_set(&acme, u32::MAX))
        );
        assert!(!within(&versions, active_rule_set(&acme)) && !within(&versions, draft(&acme)));
        let older = rule_sets_before(Some(10));
        assert!(within(&older, rule_set(&acme, 9)) && !within(&older, rule_set(&acme, 10)));
        assert_eq!(parse_rule_set(&rule_set(&acme, 9).sk), Some(9));
        assert_eq!(parse_rule_set(&draft(&acme).sk), None);
        assert!(within(&rule_failures_range(1), rule_failures(&acme, 1, 99_999)));
        assert!(!within(&rule_failures_range(1), rule_failures(&acme, 2, 0)));
        let rest = golden_leads_after(Some("cto"));
        for (id, expected) in
            [("cto", false), ("cto-2", true), ("cto.", true), ("d", true), ("c", false)]
        {
            assert_eq!(within(&rest, golden_lead(&acme, id)), expected, "{id}");
        }
        assert!(within(&golden_leads_after(None), golden_lead(&acme, "-")));
        assert_eq!(parse_golden_lead(&golden_lead(&acme, "cto").sk), Some("cto"));
        let named = |name: &str| name.parse::<Marketplace>().unwrap();
        let rest = factor_weights_after(Some(&named("a")));
        for (name, expected) in
            [("a", false), ("a!", true), ("a#b", true), ("a_b", true), ("~~", true), ("日本", true)]
        {
            let key = factor_weights(&acme, &named(name));
            assert_eq!(parse_factor_weights(&key.sk), Some(named(name)));
            assert_eq!(within(&rest, key), expected, "{name}");
        }
    }
}
