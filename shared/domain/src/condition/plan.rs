//! What a condition looks up, prepared so that evaluation does not search for it.
//!
//! A path such as `event.properties.total` becomes one name that stands for a place in the plan,
//! and a pattern becomes one that stands for its compiled form: the evaluator then resolves one
//! name where it would select field after field and compile the pattern at each call.
//!
//! Invariant: a planned name begins with a character that no name in a source can begin with.

use std::collections::BTreeSet;

use cel::{
    common::ast::{CallExpr, Expr, LiteralValue, operators},
    parser::Expression,
};

use super::{
    calls::{AMONG, DIFFERS, EQUALS, MATCHES},
    kind::Kind,
    path::{Path, Root, path_of, text_of},
    pattern::Pattern,
    tree::children_mut,
};

/// Begins a name that stands for the value at a place.
const VALUE: char = '$';
/// Begins a name that stands for whether there is a value at a place.
const PRESENCE: char = '?';
/// Begins a name that stands for a pattern.
const PATTERN: char = '#';

/// A place in an event or a lead.
#[derive(Debug)]
pub(super) struct Place {
    /// What it is in.
    pub(super) root: Root,
    /// The fields on the way to it.
    pub(super) fields: Vec<String>,
}

/// What a planned name stands for.
#[derive(Debug)]
pub(super) enum Planned<'p> {
    /// The value at a place.
    Value(&'p Place),
    /// Whether there is a value at a place.
    Presence(&'p Place),
    /// A pattern.
    Pattern(&'p Pattern),
}

/// The places and patterns of a condition.
#[derive(Debug, Default)]
pub(super) struct Plan {
    places: Vec<Place>,
    patterns: Vec<Pattern>,
    written: BTreeSet<String>,
}

impl Plan {
    /// Prepares an expression; `find` is told what is wrong with its patterns and where.
    pub(super) fn make(
        expr: &mut Expression,
        mut find: impl FnMut(u64, &'static str, String),
    ) -> Self {
        let mut plan = Self::default();
        plan.rewrite(expr, &mut find);
        plan
    }

    /// Returns what a planned name stands for.
    pub(super) fn get(&self, name: &str) -> Option<Planned<'_>> {
        let (kind, index) = name.split_at_checked(1)?;
        let index: usize = index.parse().ok()?;
        match kind.chars().next()? {
            VALUE => self.places.get(index).map(Planned::Value),
            PRESENCE => self.places.get(index).map(Planned::Presence),
            PATTERN => self.patterns.get(index).map(Planned::Pattern),
            _ => None,
        }
    }

    /// Counts the patterns.
    pub(super) fn patterns(&self) -> usize {
        self.patterns.len()
    }

    /// Says whether the condition itself writes a name, so that telling it tells no value.
    pub(super) fn writes(&self, name: &str) -> bool {
        self.written.contains(name)
    }

    fn rewrite(&mut self, expr: &mut Expression, find: &mut dyn FnMut(u64, &'static str, String)) {
        if let Some(path) = path_of(expr) {
            let name = self.place(VALUE, &path);
            expr.expr = Expr::Ident(name);
            return;
        }
        match &mut expr.expr {
            Expr::Select(select) => {
                self.written.insert(select.field.clone());
                if select.test
                    && let Some(mut path) = path_of(&select.operand)
                {
                    path.fields.push(&select.field);
                    let name = self.place(PRESENCE, &path);
                    expr.expr = Expr::Ident(name);
                    return;
                }
            }
            Expr::Literal(LiteralValue::String(text)) => {
                self.written.insert(text.inner().to_owned());
            }
            Expr::Call(call) if call.func_name == "matches" => self.pattern(call, find),
            Expr::Call(call) => compare_contents(call),
            _ => {}
        }
        for child in children_mut(expr) {
            self.rewrite(child, find);
        }
    }

    fn place(&mut self, kind: char, path: &Path<'_>) -> String {
        let fields: Vec<String> = path.fields.iter().map(|field| (*field).to_owned()).collect();
        self.written.extend(fields.iter().cloned());
        let known = |place: &Place| place.root == path.root && place.fields == fields;
        let index = self.places.iter().position(known).unwrap_or(self.places.len());
        if index == self.places.len() {
            self.places.push(Place { root: path.root, fields });
        }
        format!("{kind}{index}")
    }

    /// Makes `text.matches("…")` and `matches(text, "…")` a call with a compiled pattern.
    fn pattern(&mut self, call: &mut CallExpr, find: &mut dyn FnMut(u64, &'static str, String)) {
        let Some(mut last) = call.args.pop() else { return };
        let compiled = match text_of(&last) {
            Some(pattern) => Pattern::compile(pattern),
            None => Err("it has to be written as a text, so that it can be checked".to_owned()),
        };
        match compiled {
            Ok(pattern) => {
                last.expr = Expr::Ident(format!("{PATTERN}{}", self.patterns.len()));
                self.patterns.push(pattern);
            }
            Err(reason) => {
                find(last.id, "invalid_pattern", format!("the pattern is not valid: {reason}"));
            }
        }
        call.args.extend(call.target.take().map(|text| *text));
        call.args.push(last);
        MATCHES.clone_into(&mut call.func_name);
    }
}

/// Replaces `==`, `!=` and `in` where the evaluator's own would not look into lists and maps that
/// come from an event: it asks the left side, and one written in the condition knows only its like.
fn compare_contents(call: &mut CallExpr) {
    let deep = |expr: &Expression| {
        matches!(Kind::of(expr), Kind::List | Kind::Map | Kind::Computed | Kind::Any)
    };
    let [left, right] = call.args.as_slice() else { return };
    let replacement = match call.func_name.as_str() {
        operators::EQUALS if deep(left) && deep(right) => EQUALS,
        operators::NOT_EQUALS if deep(left) && deep(right) => DIFFERS,
        operators::IN if deep(left) && path_of(right).is_none() && !is_flat(right) => AMONG,
        _ => return,
    };
    if replacement == AMONG || path_of(left).is_none() {
        replacement.clone_into(&mut call.func_name);
    }
}

/// Says whether an expression is a list of literals.
fn is_flat(expr: &Expression) -> bool {
    let literal = |element: &Expression| matches!(element.expr, Expr::Literal(_));
    matches!(&expr.expr, Expr::List(list) if list.elements.iter().all(literal))
}
