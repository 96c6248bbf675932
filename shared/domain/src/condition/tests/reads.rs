//! What conditions say they read.

use std::collections::BTreeSet;

use super::{
    super::{ProfileFields, Reads},
    compiled,
};

fn fields(names: &[&str]) -> ProfileFields {
    ProfileFields::Fields(names.iter().map(|name| (*name).to_owned()).collect::<BTreeSet<_>>())
}

fn profile(source: &str) -> ProfileFields {
    compiled(source).reads().profile.clone()
}

#[test]
fn a_named_field_of_the_profile_is_read_alone() {
    for source in [
        "profile.title == 'x'",
        "profile[\"title\"] == 'x'",
        "has(profile.title)",
        "\"title\" in profile",
        "profile.title.name.contains('x')",
        "has(profile.title.name)",
        "event.properties.items.exists(item, item == profile.title)",
        "event.properties[profile.title] == 1",
    ] {
        assert_eq!(profile(source), fields(&["title"]), "{source}");
    }
    assert_eq!(
        profile("profile.a == 1 && (profile.b > 2 || has(profile.c))"),
        fields(&["a", "b", "c"])
    );
    assert_eq!(profile("event.properties.profile == 1"), ProfileFields::None);
}

#[test]
fn a_computed_field_of_the_profile_reads_all_of_it() {
    for source in [
        "profile[event.type] == 1",
        "size(profile) > 3",
        "profile.exists(field, field == 'x')",
        "event.type in profile",
        "profile == event.properties",
        "[profile].size() == 1",
    ] {
        assert_eq!(profile(source), ProfileFields::All, "{source}");
    }
}

#[test]
fn facts_that_cost_space_are_read_only_when_named() {
    let reads = |source: &str| {
        let condition = compiled(source);
        (condition.reads().last_seen, condition.reads().days)
    };
    assert_eq!(reads("facts.counts.page_view > 1"), (false, false));
    assert_eq!(reads("facts.last_seen.page_view < event.timestamp"), (true, false));
    assert_eq!(reads("has(facts.last_seen.page_view)"), (true, false));
    assert_eq!(reads("'x' in facts.last_seen"), (true, false));
    assert_eq!(reads("facts.last_7_days > 1"), (false, true));
    assert_eq!(reads("facts[\"last_30_days\"] > 1"), (false, true));
    assert_eq!(reads("facts[event.type] == 1"), (true, true));
    assert_eq!(reads("size(facts) == 1"), (true, true));
}

#[test]
fn what_several_conditions_read_adds_up() {
    let mut reads = Reads::default();
    for source in ["profile.a == 1", "facts.last_7_days > 1", "profile.b == 1"] {
        reads.unite(compiled(source).reads());
    }
    assert_eq!(reads, Reads { profile: fields(&["a", "b"]), last_seen: false, days: true });
    reads.unite(compiled("size(profile) > 1").reads());
    reads.unite(compiled("profile.c == 1").reads());
    assert_eq!(reads.profile, ProfileFields::All);
    assert!(reads.profile.contains("anything"));
}
