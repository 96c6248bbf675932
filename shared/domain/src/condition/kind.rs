//! What an expression gives, as far as it can be said before it is evaluated.
//!
//! Invariant: an expression said to give something else than a boolean never gives one.

use cel::{
    common::ast::{CallExpr, ComprehensionExpr, Expr, LiteralValue, operators},
    parser::Expression,
};

use super::{
    calls::function,
    path::{Path, Root, path_of},
};

/// What an expression gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// True or false.
    Boolean,
    /// A number.
    Number,
    /// A text.
    Text,
    /// Bytes.
    Bytes,
    /// Nothing.
    Null,
    /// A list.
    List,
    /// A map.
    Map,
    /// An instant.
    Timestamp,
    /// A length of time.
    Duration,
    /// A result of arithmetic: a number, text, list or time.
    Computed,
    /// Anything; it depends on the event.
    Any,
}

impl Kind {
    /// Returns what people call it.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Boolean => "a boolean",
            Self::Number => "a number",
            Self::Text => "a text",
            Self::Bytes => "bytes",
            Self::Null => "null",
            Self::List => "a list",
            Self::Map => "a map",
            Self::Timestamp => "a timestamp",
            Self::Duration => "a duration",
            Self::Computed => "the result of a calculation",
            Self::Any => "anything",
        }
    }

    /// Returns what an expression gives.
    pub(super) fn of(expr: &Expression) -> Self {
        if let Some(path) = path_of(expr) {
            return Self::of_path(&path);
        }
        match &expr.expr {
            Expr::Literal(literal) => Self::of_literal(literal),
            Expr::List(_) => Self::List,
            Expr::Map(_) | Expr::Struct(_) => Self::Map,
            Expr::Select(select) if select.test => Self::Boolean,
            Expr::Call(call) => Self::of_call(call),
            Expr::Comprehension(walk) => Self::of_walk(walk),
            Expr::Select(_) | Expr::Ident(_) | Expr::Unspecified => Self::Any,
        }
    }

    fn of_literal(literal: &LiteralValue) -> Self {
        match literal {
            LiteralValue::Boolean(_) => Self::Boolean,
            LiteralValue::Bytes(_) => Self::Bytes,
            LiteralValue::Double(_) | LiteralValue::Int(_) | LiteralValue::UInt(_) => Self::Number,
            LiteralValue::Null => Self::Null,
            LiteralValue::String(_) => Self::Text,
        }
    }

    fn of_path(path: &Path<'_>) -> Self {
        match (path.root, path.fields.as_slice()) {
            (_, [])
            | (Root::Event, ["properties" | "context"])
            | (Root::Facts, ["counts" | "last_seen"]) => Self::Map,
            (Root::Event, ["type"]) | (Root::Facts, ["source"]) => Self::Text,
            (Root::Event, ["timestamp"])
            | (Root::Facts, ["first_seen_at" | "last_event_at"] | ["last_seen", _]) => {
                Self::Timestamp
            }
            (Root::Facts, ["marketplaces"]) => Self::List,
            (Root::Facts, [_] | ["counts", _]) => Self::Number,
            _ => Self::Any,
        }
    }

    fn of_call(call: &CallExpr) -> Self {
        match call.func_name.as_str() {
            operators::CONDITIONAL => match call.args.as_slice() {
                [_, yes, no] if Self::of(yes) == Self::of(no) => Self::of(yes),
                _ => Self::Any,
            },
            operators::ADD
            | operators::SUBSTRACT
            | operators::MULTIPLY
            | operators::DIVIDE
            | operators::MODULO
            | operators::NEGATE => Self::Computed,
            operators::INDEX => Self::Any,
            name => function(name).map_or(Self::Boolean, |function| function.gives),
        }
    }

    fn of_walk(walk: &ComprehensionExpr) -> Self {
        match (&walk.result.expr, &walk.accu_init.expr) {
            (Expr::Ident(_), Expr::List(_)) => Self::List,
            _ => Self::Boolean,
        }
    }
}

/// Returns the part of an expression that keeps it from being boolean, and what that part gives.
pub(super) fn not_boolean(expr: &Expression) -> Option<(&Expression, Kind)> {
    if let Expr::Call(call) = &expr.expr
        && call.func_name == operators::CONDITIONAL
        && let [_, yes, no] = call.args.as_slice()
    {
        return not_boolean(yes).or_else(|| not_boolean(no));
    }
    match Kind::of(expr) {
        Kind::Boolean | Kind::Any => None,
        kind => Some((expr, kind)),
    }
}
