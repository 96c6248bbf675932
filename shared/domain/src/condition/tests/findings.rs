//! What is refused when a condition is written.

use super::super::{Condition, Finding, MAX_BYTES};

fn findings(source: &str) -> Vec<Finding> {
    Condition::compile(source).expect_err(source)
}

/// Checks the code and the place of each finding.
fn finds(source: &str, expected: &[(&str, u32, u32)]) {
    let findings = findings(source);
    let found: Vec<_> = findings.iter().map(|one| (one.code, one.line, one.column)).collect();
    assert_eq!(found, expected, "{source}: {findings:#?}");
}

#[test]
fn syntax_errors_have_their_line_and_column() {
    finds("event.type ==", &[("syntax", 1, 14)]);
    finds("event.type == 'a' &&\n  ) && true", &[("syntax", 2, 3)]);
    finds("event.type == \"Köln 🐱\" ! 2", &[("syntax", 1, 24)]);
    finds("", &[("syntax", 1, 1)]);
    assert!(findings("").iter().all(|finding| finding.message.contains("empty")));
    finds("has(event)", &[("syntax", 1, 5)]);
    finds("event.properties.?total > 1", &[("syntax", 1, 17)]);
}

#[test]
fn unknown_names_are_found_together_with_what_there_is() {
    finds(
        "user.age > 18 && event.kind == 'x' && facts.count > 1",
        &[("unknown_name", 1, 1), ("unknown_name", 1, 23), ("unknown_name", 1, 44)],
    );
    let findings = findings("facts.count > 1");
    assert!(findings[0].message.contains("`count`") && findings[0].message.contains("counts"));
    finds("has(event.traits)", &[("unknown_name", 1, 5)]);
    finds("event[\"traits\"] == 1", &[("unknown_name", 1, 6)]);
    finds("'ö' == '🐱' &&\n 'ü🐱' == item", &[("unknown_name", 2, 10)]);
    finds("Foo{bar: 1} == event.type", &[("unknown_name", 1, 4)]);
    finds("event.properties.items.exists(event, event == 1)", &[("unknown_name", 1, 30)]);
    finds("event.properties.items.exists(i, i == 1) && i == 2", &[("unknown_name", 1, 45)]);
    finds(".event.type == 'x'", &[("unknown_name", 1, 2)]);
}

#[test]
fn unknown_and_wrongly_called_functions_are_found() {
    for source in [
        "now() > event.timestamp",
        "type(event.type) == 1",
        "contains(event.type, 'x')",
        "event.type.contains()",
        "event.type.lowerAscii() == 'x'",
        "event.properties.items.exists(i)",
        "size() == 1",
        "optional.of(1) == 1",
    ] {
        let findings = findings(source);
        assert!(findings.iter().any(|one| one.code == "unknown_function"), "{source} {findings:?}");
    }
    assert!(findings("now() > event.timestamp")[0].message.contains("`now`"));
    assert!(findings("contains('a', 'x')")[0].message.contains("value.contains(x)"));
}

#[test]
fn what_cannot_be_true_is_found() {
    for source in [
        "1",
        "'x'",
        "null",
        "[true]",
        "{'a': true}",
        "1 + 1",
        "-event.properties.n",
        "event.type",
        "event.timestamp",
        "event.properties",
        "event",
        "profile",
        "facts",
        "facts.events",
        "facts.counts.page_view",
        "facts.last_seen.page_view",
        "facts.marketplaces",
        "size(event.properties.tags)",
        "event.properties.items.map(i, i.vip)",
        "event.properties.items.filter(i, i.vip)",
        "string(event.properties.vip)",
        "event.timestamp.getHours()",
        "timestamp('2026-01-01T00:00:00Z')",
        "duration('1s')",
        "event.properties.vip ? 1 : true",
        "event.properties.vip ? true : 'no'",
        "!event.type",
        "event.type && true",
        "true || facts.events",
        "facts.events ? true : false",
        "event.properties.items.all(i, 1)",
    ] {
        let findings = findings(source);
        assert!(findings.iter().all(|one| one.code == "not_boolean"), "{source} {findings:?}");
    }
    finds("true && (event.properties.vip ? false : event.type)", &[("not_boolean", 1, 46)]);
}

#[test]
fn what_can_be_true_is_accepted() {
    for source in [
        "event.properties.vip",
        "profile.vip",
        "event.properties.tags[0]",
        "true",
        "has(profile.x)",
        "event.properties.items.map(i, i.vip)[0]",
        "event.properties.vip ? profile.a : profile.b",
        "bool('true')",
        "event.properties.items.exists_one(i, i.vip)",
        "!profile.vip",
        "true // always",
    ] {
        assert!(Condition::compile(source).is_ok(), "{source}");
    }
}

#[test]
fn a_walk_inside_a_walk_is_found() {
    finds("profile.a.exists(a, profile.b.all(b, a == b))", &[("nested_comprehension", 1, 34)]);
    finds(
        "profile.a.map(a, profile.b.filter(b, a == b)).size() > 1",
        &[("nested_comprehension", 1, 34)],
    );
}

#[test]
fn the_order_of_the_keys_of_a_written_map_cannot_be_seen() {
    finds("{'a': 1, 'b': 2}.map(k, k)[0] == 'a'", &[("unordered_map", 1, 21)]);
    finds("([1] + {'a': 1, 'b': 2})[1] == 'a'", &[("unordered_map", 1, 6)]);
    assert!(Condition::compile("profile.a.map(a, {'k': a}) == [{'k': 1}]").is_ok());
    finds("[{'a': 1, 'b': 2}][0].exists(k, k == 'a')", &[("unordered_map", 1, 29)]);
}

#[test]
fn a_bad_pattern_is_found_where_it_is() {
    finds(
        "event.type.matches('a(') && matches(event.type, '[')",
        &[("invalid_pattern", 1, 20), ("invalid_pattern", 1, 49)],
    );
    finds("event.type.matches(profile.pattern)", &[("invalid_pattern", 1, 27)]);
    finds("event.type.matches('((a{99}){99}){99}')", &[("invalid_pattern", 1, 20)]);
    let deep = format!("event.type.matches('{}a{}')", "(".repeat(900), ")".repeat(900));
    finds(&deep, &[("invalid_pattern", 1, 20)]);
    assert!(findings("event.type.matches('a(')")[0].message.contains("unclosed group"));
}

#[test]
fn everything_wrong_is_found_at_once_and_in_order() {
    finds(
        "user == 1 && now() > 1 && event.type.matches('(') && 1",
        &[
            ("unknown_name", 1, 1),
            ("unknown_function", 1, 17),
            ("invalid_pattern", 1, 46),
            ("not_boolean", 1, 54),
        ],
    );
}

#[test]
fn a_long_condition_is_refused() {
    let source = |length: usize| format!("'{}' == ''", "x".repeat(length - 8));
    assert!(Condition::compile(&source(MAX_BYTES)).is_ok());
    finds(&source(MAX_BYTES + 1), &[("too_long", 1, 1)]);
}

/// Runs on a stack as small as any that conditions are compiled and evaluated on.
fn on_a_small_stack(test: impl FnOnce() + Send + 'static) {
    std::thread::Builder::new().stack_size(2 << 20).spawn(test).unwrap().join().unwrap();
}

#[test]
fn nothing_that_nests_overflows_the_stack() {
    let wrapped = |open: &str, inner: &str, close: &str| {
        let count = (MAX_BYTES - inner.len()) / (open.len() + close.len());
        format!("{}{inner}{}", open.repeat(count), close.repeat(count))
    };
    let sources = [
        wrapped("(", "true", ")"),
        wrapped("(", "", ""),
        wrapped("[", "", ""),
        wrapped("[", "1", "]"),
        wrapped("{", "", ""),
        wrapped("{1:", "1", "}"),
        wrapped("!", "true", ""),
        wrapped("!(", "true", ")"),
        wrapped("-", "1", ""),
        wrapped("", "event", ".b"),
        wrapped("", "profile", "[0]"),
        wrapped("", "1", "-1"),
        wrapped("", "1", "<1"),
        wrapped("", "1", " in 1"),
        wrapped("", "1", "==1"),
        wrapped("true?1:", "1", ""),
        wrapped("true?", "1", ":1"),
        wrapped("", "true", "||true"),
        wrapped("", "true", "&&true||true"),
        wrapped("size(", "1", ")"),
        wrapped("", "1", ".size()"),
        wrapped("profile.all(x,", "true", ")"),
        wrapped("has(", "a.b", ")"),
        wrapped("", "", "\u{0}("),
        wrapped("r'", "", "("),
        wrapped("\"", "", "("),
        wrapped("'''", "", "("),
    ];
    on_a_small_stack(move || {
        for source in sources {
            if let Ok(condition) = Condition::compile(&source) {
                let _ = super::holds_for(condition.source(), &serde_json::json!({}));
            }
        }
    });
}

#[test]
fn the_deepest_that_is_allowed_fits_the_stack() {
    let brackets = format!("{}true{}", "(".repeat(16), ")".repeat(16));
    let lists = format!("size({}1{}) == 1", "[".repeat(15), "]".repeat(15));
    let chain = format!("1{} < 0", "-1".repeat(95));
    let choices = format!("{}true", "false?true:".repeat(48));
    let terms = format!("{}true", "true && false || ".repeat(110));
    on_a_small_stack(move || {
        for source in [brackets, lists, chain, choices, terms] {
            assert_eq!(
                super::holds_for(&source, &serde_json::json!({})).ok(),
                Some(true),
                "{source}"
            );
        }
    });
    for (open, close) in [("(", ")"), ("[", "]"), ("{1:", "}")] {
        let source = format!("{}1{} == 1", open.repeat(17), close.repeat(17));
        assert_eq!(findings(&source)[0].code, "too_deep", "{source}");
    }
    finds(&format!("1{} < 0", "-1".repeat(101)), &[("too_deep", 1, 202)]);
}

#[test]
fn brackets_in_texts_and_comments_do_not_nest() {
    let brackets = "(".repeat(40);
    for source in [
        format!("event.type == '{brackets}'"),
        format!("event.type == \"\\\"{brackets}\""),
        format!("event.type == r'\\' || event.type == '{brackets}'"),
        format!("event.type == '''\n'{brackets}'''"),
        format!("true // {brackets}"),
    ] {
        assert!(Condition::compile(&source).is_ok(), "{source}");
    }
}
