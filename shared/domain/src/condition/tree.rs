//! The children of a node of a parsed condition.
//!
//! Invariant: only what the author wrote is visited; of a macro's expansion these are its range and
//! its step, the rest is the macro's own bookkeeping.

use cel::{
    common::ast::{EntryExpr, Expr, IdedEntryExpr},
    parser::Expression,
};

/// Returns the nodes directly below a node, in the order they are written.
pub(super) fn children(expr: &Expression) -> Vec<&Expression> {
    match &expr.expr {
        Expr::Unspecified | Expr::Ident(_) | Expr::Literal(_) => Vec::new(),
        Expr::Select(select) => vec![&*select.operand],
        Expr::Call(call) => call.target.as_deref().into_iter().chain(&call.args).collect(),
        Expr::List(list) => list.elements.iter().collect(),
        Expr::Map(map) => map.entries.iter().flat_map(entry).collect(),
        Expr::Struct(message) => message.entries.iter().flat_map(entry).collect(),
        Expr::Comprehension(walk) => vec![&walk.iter_range, &walk.loop_step],
    }
}

/// Returns the same nodes, to be changed.
pub(super) fn children_mut(expr: &mut Expression) -> Vec<&mut Expression> {
    match &mut expr.expr {
        Expr::Unspecified | Expr::Ident(_) | Expr::Literal(_) => Vec::new(),
        Expr::Select(select) => vec![&mut *select.operand],
        Expr::Call(call) => call.target.as_deref_mut().into_iter().chain(&mut call.args).collect(),
        Expr::List(list) => list.elements.iter_mut().collect(),
        Expr::Map(map) => map.entries.iter_mut().flat_map(entry_mut).collect(),
        Expr::Struct(message) => message.entries.iter_mut().flat_map(entry_mut).collect(),
        Expr::Comprehension(walk) => vec![&mut walk.iter_range, &mut walk.loop_step],
    }
}

/// Says whether a test holds for a node or for one below it.
pub(super) fn any(expr: &Expression, test: fn(&Expr) -> bool) -> bool {
    test(&expr.expr) || children(expr).into_iter().any(|child| any(child, test))
}

fn entry(entry: &IdedEntryExpr) -> Vec<&Expression> {
    match &entry.expr {
        EntryExpr::StructField(field) => vec![&field.value],
        EntryExpr::MapEntry(entry) => vec![&entry.key, &entry.value],
    }
}

fn entry_mut(entry: &mut IdedEntryExpr) -> Vec<&mut Expression> {
    match &mut entry.expr {
        EntryExpr::StructField(field) => vec![&mut field.value],
        EntryExpr::MapEntry(entry) => vec![&mut entry.key, &mut entry.value],
    }
}
