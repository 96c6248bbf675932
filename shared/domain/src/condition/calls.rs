//! The functions a condition may call, and those that stand in for an operator or a function.
//!
//! Invariant: only what is listed here can be called, so a condition that compiles calls nothing
//! that does not exist, and `==` and `in` compare lists and maps by what is in them, wherever
//! these come from.

use cel::{
    DeclarationError, Env, ExecutionError,
    common::{
        types::{CelBool, CelString, DYN_TYPE, Kind as Type, STRING_TYPE},
        value::{CowVal, Val},
    },
};

use super::{
    kind::Kind,
    pattern::{PATTERN, Pattern},
};

/// A function that a condition may call.
pub(super) struct Function {
    /// Its name.
    pub(super) name: &'static str,
    /// How many arguments it takes when called on a value.
    pub(super) on_value: &'static [usize],
    /// How many arguments it takes when called by itself.
    pub(super) plain: &'static [usize],
    /// What it gives.
    pub(super) gives: Kind,
}

/// All functions, by name.
pub(super) const FUNCTIONS: [Function; 22] = [
    plain("bool", Kind::Boolean),
    on_value("contains", &[1], Kind::Boolean),
    plain("double", Kind::Number),
    plain("duration", Kind::Duration),
    on_value("endsWith", &[1], Kind::Boolean),
    on_value("getDate", &[0, 1], Kind::Number),
    on_value("getDayOfMonth", &[0, 1], Kind::Number),
    on_value("getDayOfWeek", &[0, 1], Kind::Number),
    on_value("getDayOfYear", &[0, 1], Kind::Number),
    on_value("getFullYear", &[0, 1], Kind::Number),
    on_value("getHours", &[0, 1], Kind::Number),
    on_value("getMilliseconds", &[0, 1], Kind::Number),
    on_value("getMinutes", &[0, 1], Kind::Number),
    on_value("getMonth", &[0, 1], Kind::Number),
    on_value("getSeconds", &[0, 1], Kind::Number),
    plain("int", Kind::Number),
    Function { name: "matches", on_value: &[1], plain: &[2], gives: Kind::Boolean },
    Function { name: "size", on_value: &[0], plain: &[1], gives: Kind::Number },
    on_value("startsWith", &[1], Kind::Boolean),
    plain("string", Kind::Text),
    plain("timestamp", Kind::Timestamp),
    plain("uint", Kind::Number),
];

/// The macros, which walk over a list or the keys of a map; `has` looks for a field.
pub(super) const MACROS: [&str; 6] = ["all", "exists", "exists_one", "filter", "has", "map"];

const fn plain(name: &'static str, gives: Kind) -> Function {
    Function { name, on_value: &[], plain: &[1], gives }
}

const fn on_value(name: &'static str, on_value: &'static [usize], gives: Kind) -> Function {
    Function { name, on_value, plain: &[], gives }
}

/// Returns the function of that name.
pub(super) fn function(name: &str) -> Option<&'static Function> {
    FUNCTIONS.iter().find(|function| function.name == name)
}

/// Takes the place of `matches`: the pattern is compiled.
pub(super) const MATCHES: &str = "@matches";
/// Takes the place of `==` where both sides may be lists or maps.
pub(super) const EQUALS: &str = "@equals";
/// Takes the place of `!=` where both sides may be lists or maps.
pub(super) const DIFFERS: &str = "@differs";
/// Takes the place of `in` where lists or maps may be in the list.
pub(super) const AMONG: &str = "@among";

/// Adds what takes the place of operators and functions.
pub(super) fn declare(env: &mut Env) -> Result<(), DeclarationError> {
    let two = || vec![DYN_TYPE, DYN_TYPE];
    env.add_overload(MATCHES, MATCHES, vec![STRING_TYPE, PATTERN.to_owned()], |given| {
        matches(&given)
    })?;
    env.add_overload(EQUALS, EQUALS, two(), |sides| Ok(boolean(sides_equal(&sides))))?;
    env.add_overload(DIFFERS, DIFFERS, two(), |sides| Ok(boolean(!sides_equal(&sides))))?;
    env.add_overload(AMONG, AMONG, two(), |given| among(&given))
}

/// Returns a boolean without allocating.
pub(super) fn boolean<'b, 'v>(value: bool) -> CowVal<'b, 'v> {
    CowVal::Borrowed(if value { &CelBool::TRUE } else { &CelBool::FALSE })
}

fn matches<'b, 'v>(arguments: &[CowVal<'b, 'v>]) -> Result<CowVal<'b, 'v>, ExecutionError> {
    let [text, pattern] = arguments else {
        return Err(ExecutionError::invalid_argument_count(2, arguments.len()));
    };
    let text = text.downcast_ref::<CelString<'_>>().map(CelString::inner);
    let pattern = pattern.downcast_ref::<Pattern>();
    Ok(boolean(text.zip(pattern).is_some_and(|(text, pattern)| pattern.occurs_in(text))))
}

fn sides_equal(sides: &[CowVal<'_, '_>]) -> bool {
    matches!(sides, [left, right] if equal(left.as_ref(), right.as_ref()))
}

fn among<'b, 'v>(arguments: &[CowVal<'b, 'v>]) -> Result<CowVal<'b, 'v>, ExecutionError> {
    let [value, container] = arguments else {
        return Err(ExecutionError::invalid_argument_count(2, arguments.len()));
    };
    if let (Type::List, Some(list)) = (container.get_type().kind(), container.as_iterable()) {
        let mut elements = list.iter();
        while let Some(element) = elements.next() {
            if equal(element, value.as_ref()) {
                return Ok(boolean(true));
            }
        }
        return Ok(boolean(false));
    }
    let kinds = || vec![kind_name(value.as_ref()), kind_name(container.as_ref())];
    let container =
        container.as_container().ok_or_else(|| ExecutionError::no_such_overload("@in", kinds()))?;
    container.contains(value.as_ref()).map(boolean)
}

fn kind_name(value: &dyn Val) -> String {
    value.get_type().name().to_owned()
}

/// Says whether two values are equal: numbers by what they count, lists and maps by what is in
/// them.
pub(super) fn equal(left: &dyn Val, right: &dyn Val) -> bool {
    match (left.get_type().kind(), right.get_type().kind()) {
        (Type::List, Type::List) => lists_equal(left, right).unwrap_or(false),
        (Type::Map, Type::Map) => maps_equal(left, right).unwrap_or(false),
        (Type::List | Type::Map, _) | (_, Type::List | Type::Map) => false,
        _ => left.equals(right),
    }
}

fn lists_equal(left: &dyn Val, right: &dyn Val) -> Option<bool> {
    if left.as_sizer()?.size() != right.as_sizer()?.size() {
        return Some(false);
    }
    let (mut left, mut right) = (left.as_iterable()?.iter(), right.as_iterable()?.iter());
    while let (Some(left), Some(right)) = (left.next(), right.next()) {
        if !equal(left, right) {
            return Some(false);
        }
    }
    Some(true)
}

fn maps_equal(left: &dyn Val, right: &dyn Val) -> Option<bool> {
    if left.as_sizer()?.size() != right.as_sizer()?.size() {
        return Some(false);
    }
    let mut keys = left.as_iterable()?.iter();
    let (left, right, known) = (left.as_indexer()?, right.as_indexer()?, right.as_container()?);
    while let Some(key) = keys.next() {
        let same = known.contains(key) == Ok(true)
            && equal(left.get(key).ok()?.as_ref(), right.get(key).ok()?.as_ref());
        if !same {
            return Some(false);
        }
    }
    Some(true)
}
