//! What holds for any condition and any event.

use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::{super::Condition, Evaluator, Facts, ProfileView, Subject, an_event, some_facts};

/// A small JSON value; keys are few, so that conditions find them.
fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        (-5_i64..5).prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "[ab1:+-]{0,3}".prop_map(Value::from),
        Just(json!("2026-01-15T12:00:00Z")),
        Just(json!("9999999999s")),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map("[abcd]", inner, 0..4)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

fn any_object() -> impl Strategy<Value = Map<String, Value>> {
    prop::collection::btree_map("[abcd]", any_json(), 0..5)
        .prop_map(|map| map.into_iter().collect())
}

fn a_leaf() -> impl Strategy<Value = String> {
    prop::sample::select(vec![
        "event",
        "event.type",
        "event.timestamp",
        "event.properties",
        "event.properties.a",
        "event.properties.b",
        "event.properties.c",
        "event.properties.a.b",
        "event.context",
        "event.properties['d']",
        "profile",
        "profile.a",
        "profile.b",
        "facts",
        "facts.events",
        "facts.counts",
        "facts.counts.page_view",
        "facts.last_seen.page_view",
        "facts.revenue",
        "facts.first_seen_at",
        "facts.last_event_at",
        "facts.marketplaces",
        "facts.velocity",
        "facts.last_7_days",
        "facts.source",
        "x",
        "true",
        "false",
        "null",
        "0",
        "1",
        "-3",
        "2u",
        "9223372036854775807",
        "18446744073709551615u",
        "1.5",
        "1e308",
        "''",
        "'a'",
        "'ab'",
        "b'a'",
        "duration('9999999999s')",
        "duration('-1h')",
        "timestamp('9999-12-31T23:59:59Z')",
        "timestamp('0001-01-01T00:00:00Z')",
        "[]",
        "[1, 'a', null]",
        "{'a': 1, 'b': [2]}",
        "has(event.properties.a)",
        "has(profile.a.b)",
        "has(x.a)",
    ])
    .prop_map(str::to_owned)
}

/// Text of a condition, which may or may not compile.
fn a_source() -> impl Strategy<Value = String> {
    const BINARY: [&str; 14] =
        ["+", "-", "*", "/", "%", "==", "!=", "<", "<=", ">", ">=", "in", "&&", "||"];
    const CALLS: [&str; 14] = [
        "size",
        "int",
        "uint",
        "double",
        "string",
        "bool",
        "timestamp",
        "duration",
        "getHours",
        "getDayOfYear",
        "getFullYear",
        "contains",
        "startsWith",
        "matches",
    ];
    a_leaf().prop_recursive(4, 24, 3, |inner| {
        let pair = (inner.clone(), inner.clone());
        prop_oneof![
            4 => (pair.clone(), prop::sample::select(&BINARY[..]))
                .prop_map(|((a, b), by)| format!("({a} {by} {b})")),
            1 => inner.clone().prop_map(|a| format!("!({a})")),
            1 => inner.clone().prop_map(|a| format!("-({a})")),
            1 => (inner.clone(), pair.clone()).prop_map(|(c, (a, b))| format!("({c} ? {a} : {b})")),
            1 => pair.clone().prop_map(|(a, b)| format!("({a})[{b}]")),
            1 => inner.clone().prop_map(|a| format!("({a}).b")),
            1 => pair.clone().prop_map(|(a, b)| format!("[{a}, {b}]")),
            1 => pair.clone().prop_map(|(a, b)| format!("{{{a}: {b}}}")),
            2 => (prop::sample::select(&CALLS[..]), inner.clone())
                .prop_map(|(name, a)| format!("{name}({a})")),
            2 => (prop::sample::select(&CALLS[..]), pair.clone())
                .prop_map(|(name, (a, b))| format!("({a}).{name}({b})")),
            1 => (prop::sample::select(&CALLS[..]), inner.clone())
                .prop_map(|(name, a)| format!("({a}).{name}()")),
            1 => inner.clone().prop_map(|a| format!("string({a}).matches('a+')")),
            2 => (prop::sample::select(&["all", "exists", "exists_one", "filter", "map"][..]), pair)
                .prop_map(|(name, (a, b))| format!("({a}).{name}(x, {b})")),
        ]
    })
}

/// Text that looks like a condition to a parser, without being one.
fn any_text() -> impl Strategy<Value = String> {
    let token = prop::sample::select(vec![
        "event", ".", "x", "(", ")", "[", "]", "{", "}", ",", "'", "\"", "'''", "r'", "b\"", "\\",
        "?", ":", "&&", "||", "!", "-", "+", "==", "in", "has", "all", "exists", "map", "filter",
        "1", "1.", "0x", "1u", "1e", "\n", " ", "//", "ö", "🐱", "`", "@", "$0", "#", "\u{0}",
        "\\u12", "\\x", "true", "null", "=", "&", "|", ";", "matches", "'a'",
    ]);
    prop_oneof![
        prop::collection::vec(token, 0..40).prop_map(|tokens| tokens.concat()),
        any::<String>(),
    ]
}

fn answer(
    condition: &Condition,
    properties: &Map<String, Value>,
    profile: &BTreeMap<String, Value>,
    edited: &BTreeMap<String, Value>,
    facts: &Facts,
) -> Result<bool, String> {
    let mut event = an_event(&json!({}));
    event.properties = properties.clone();
    let profile = ProfileView { declared: profile, edited };
    let subject = Subject { event: &event, profile, facts };
    Evaluator::new().scope(&subject).holds(condition).map_err(|failure| failure.to_string())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn no_text_makes_compiling_panic_and_findings_lie_in_the_text(source in any_text()) {
        if let Err(findings) = Condition::compile(&source) {
            prop_assert!(!findings.is_empty());
            let lines = u32::try_from(source.matches('\n').count()).unwrap() + 1;
            for finding in findings {
                prop_assert!((1..=lines).contains(&finding.line), "{finding:?}");
                prop_assert!(finding.column >= 1, "{finding:?}");
                prop_assert!(!finding.message.is_empty());
            }
        }
    }

    #[test]
    fn the_same_is_answered_the_same_and_what_is_not_read_does_not_matter(
        source in a_source(), properties in any_object(), profile in any_object(),
        edited in any_object(),
    ) {
        // Half of what the grammar makes has another kind; this makes a condition of it.
        for source in [source.clone(), format!("{source} == {source}"), format!("[{source}][0]")] {
            let Ok(condition) = Condition::compile(&source) else { continue };
            let [profile, edited] = [&profile, &edited]
                .map(|fields| fields.clone().into_iter().collect::<BTreeMap<_, _>>());
            let first = answer(&condition, &properties, &profile, &edited, &some_facts());
            let reversed: Map<String, Value> = properties.clone().into_iter().rev().collect();
            prop_assert_eq!(&first, &answer(&condition, &reversed, &profile, &edited, &some_facts()));

            let reads = condition.reads();
            let [kept, kept_edits] = [profile, edited].map(|fields| {
                let kept = fields.into_iter().filter(|(field, _)| reads.profile.contains(field));
                kept.collect()
            });
            let mut facts = some_facts();
            if !reads.last_seen {
                facts.last_seen.clear();
            }
            prop_assert_eq!(&first, &answer(&condition, &properties, &kept, &kept_edits, &facts));
        }
    }

    #[test]
    fn what_is_set_by_hand_is_seen_as_if_it_were_declared_last(
        source in a_source(), profile in any_object(), edited in any_object(),
    ) {
        let Ok(condition) = Condition::compile(&format!("[{source}][0]")) else { return Ok(()) };
        let edited: BTreeMap<_, _> = edited.into_iter().collect();
        let mut declared: BTreeMap<_, _> = profile.into_iter().collect();
        let set = answer(&condition, &Map::new(), &declared, &edited, &some_facts());
        declared.extend(edited.into_iter().filter(|(_, value)| !value.is_null()));
        let nothing = BTreeMap::new();
        prop_assert_eq!(set, answer(&condition, &Map::new(), &declared, &nothing, &some_facts()));
    }

    #[test]
    fn no_failure_tells_a_value(
        source in a_source(), secret in "[q-z]{12}", key in prop::sample::select(vec!["a", "b", "c"]),
    ) {
        let Ok(condition) = Condition::compile(&format!("[{source}][0]")) else { return Ok(()) };
        let nested = json!({"a": secret, "b": [secret], "c": {"b": secret}});
        let properties = Map::from_iter([("a".to_owned(), nested[key].clone()), ("b".to_owned(), nested)]);
        let profile = BTreeMap::from([("a".to_owned(), json!(secret))]);
        if let Err(text) = answer(&condition, &properties, &profile, &BTreeMap::new(), &some_facts()) {
            prop_assert!(!text.contains(&secret), "{text}");
        }
    }
}
