//! What conditions read of a lead.
//!
//! Invariant: a condition evaluated over a lead that keeps only what is named here gives the same
//! answer as over a lead that keeps everything.

use std::collections::BTreeSet;

use cel::{
    common::ast::{Expr, operators},
    parser::Expression,
};

use super::{
    path::{Path, Root, path_of, text_of},
    tree::children,
};

/// The fields of the profile that conditions read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum ProfileFields {
    /// None of them.
    #[default]
    None,
    /// These ones.
    Fields(BTreeSet<String>),
    /// Any of them, because a condition looks one up by a computed name or looks at all.
    All,
}

/// What conditions read, so that the fold keeps only that.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reads {
    /// The fields of the profile.
    pub profile: ProfileFields,
    /// Whether they read when each event type was last seen.
    pub last_seen: bool,
    /// Whether they read the events of the last 7 or 30 days.
    pub days: bool,
}

impl ProfileFields {
    /// Adds the fields that another one names.
    fn unite(&mut self, other: &Self) {
        match (&mut *self, other) {
            (Self::Fields(fields), Self::Fields(more)) => fields.extend(more.iter().cloned()),
            (Self::None, more) | (_, more @ Self::All) => self.clone_from(more),
            (Self::All, _) | (_, Self::None) => {}
        }
    }

    /// Says whether a field is read.
    pub fn contains(&self, field: &str) -> bool {
        match self {
            Self::None => false,
            Self::Fields(fields) => fields.contains(field),
            Self::All => true,
        }
    }
}

impl Reads {
    /// Adds what another one reads.
    pub fn unite(&mut self, other: &Self) {
        self.profile.unite(&other.profile);
        self.last_seen |= other.last_seen;
        self.days |= other.days;
    }

    /// Returns what an expression reads.
    pub(super) fn of(expr: &Expression) -> Self {
        if let Some(path) = path_of(expr) {
            return Self::of_path(&path);
        }
        match &expr.expr {
            Expr::Select(select) if select.test => {
                if let Some(mut path) = path_of(&select.operand) {
                    path.fields.push(&select.field);
                    return Self::of_path(&path);
                }
            }
            Expr::Call(call) if call.func_name == operators::IN => {
                if let [key, container] = call.args.as_slice()
                    && let (Some(key), Some(mut path)) = (text_of(key), path_of(container))
                {
                    path.fields.push(key);
                    return Self::of_path(&path);
                }
            }
            _ => {}
        }
        let mut reads = Self::default();
        for child in children(expr) {
            reads.unite(&Self::of(child));
        }
        reads
    }

    fn of_path(path: &Path<'_>) -> Self {
        let first = path.fields.first().copied();
        match (path.root, first) {
            (Root::Event, _) => Self::default(),
            (Root::Profile, None) => Self { profile: ProfileFields::All, ..Self::default() },
            (Root::Profile, Some(field)) => Self {
                profile: ProfileFields::Fields(BTreeSet::from([field.to_owned()])),
                ..Self::default()
            },
            (Root::Facts, first) => Self {
                profile: ProfileFields::None,
                last_seen: first.is_none_or(|field| field == "last_seen"),
                days: first.is_none_or(|field| matches!(field, "last_7_days" | "last_30_days")),
            },
        }
    }
}
