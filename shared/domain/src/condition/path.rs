//! The names a condition may use, and the paths of fields that start at them.
//!
//! Invariant: a path is judged the same by the checks, by what a condition reads, and at run time,
//! because all three take it from here; `profile.title` and `profile["title"]` are one path.

use cel::{
    common::ast::{Expr, LiteralValue, operators},
    parser::Expression,
};

/// What a path starts at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Root {
    /// The event that is being folded.
    Event,
    /// The lead's profile just before it.
    Profile,
    /// The lead's facts just before it.
    Facts,
}

/// The fields of `event`.
pub(super) const EVENT_FIELDS: [&str; 4] = ["context", "properties", "timestamp", "type"];

/// The fields of `facts`.
pub(super) const FACTS_FIELDS: [&str; 12] = [
    "counts",
    "events",
    "first_seen_at",
    "last_30_days",
    "last_7_days",
    "last_event_at",
    "last_seen",
    "marketplaces",
    "purchases",
    "revenue",
    "source",
    "velocity",
];

impl Root {
    /// Returns the root of that name.
    pub(super) fn named(name: &str) -> Option<Self> {
        match name {
            "event" => Some(Self::Event),
            "profile" => Some(Self::Profile),
            "facts" => Some(Self::Facts),
            _ => None,
        }
    }

    /// Returns its name in conditions.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Event => "event",
            Self::Profile => "profile",
            Self::Facts => "facts",
        }
    }

    /// Returns the fields it has, if they are known beforehand.
    pub(super) const fn fields(self) -> Option<&'static [&'static str]> {
        match self {
            Self::Event => Some(&EVENT_FIELDS),
            Self::Facts => Some(&FACTS_FIELDS),
            Self::Profile => None,
        }
    }
}

/// A root and the fields selected on it, outermost first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Path<'e> {
    /// What it starts at.
    pub(super) root: Root,
    /// The fields on the way.
    pub(super) fields: Vec<&'e str>,
    /// The node that selects the first field, or that names the root when there is none.
    pub(super) first: u64,
}

/// Returns the path that an expression spells, if it spells one.
pub(super) fn path_of(expr: &Expression) -> Option<Path<'_>> {
    let (mut node, mut fields, mut first) = (expr, Vec::new(), expr.id);
    loop {
        let (operand, field) = match &node.expr {
            Expr::Ident(name) => {
                fields.reverse();
                return Some(Path { root: Root::named(name)?, fields, first });
            }
            Expr::Select(select) if !select.test => (&*select.operand, select.field.as_str()),
            Expr::Call(call) if call.func_name == operators::INDEX => match call.args.as_slice() {
                [operand, index] => (operand, text_of(index)?),
                _ => return None,
            },
            _ => return None,
        };
        first = node.id;
        fields.push(field);
        node = operand;
    }
}

/// Returns the text of a string literal.
pub(super) fn text_of(expr: &Expression) -> Option<&str> {
    match &expr.expr {
        Expr::Literal(LiteralValue::String(text)) => Some(text.inner()),
        _ => None,
    }
}
