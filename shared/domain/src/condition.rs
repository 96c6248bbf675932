//! The condition of a rule: an expression in CEL over `event`, `profile` and `facts`.
//!
//! A condition is checked and compiled once, when it is written, and then evaluated for every
//! event of the types its rule names. The values it sees are borrowed from the event and the state
//! and looked at only where the condition reaches them.
//!
//! Invariant: a compiled condition gives the same answer for the same event, profile and facts, in
//! whatever order their maps keep their keys, and never panics. What goes wrong while it is
//! evaluated is a [`Failure`], whose text names fields and types but no value.

mod calls;
mod check;
mod evaluate;
mod kind;
mod nesting;
mod path;
mod pattern;
mod plan;
mod reads;
mod state;
mod subject;
mod tree;
mod value;

#[cfg(test)]
mod tests;

use std::{fmt, sync::Arc};

use cel::{ParseErrors, Program, parser::Expression};

use plan::Plan;

pub use evaluate::{Evaluator, Failure, Scope};
pub use reads::{ProfileFields, Reads};
pub use subject::{FactsView, ProfileView, Subject};

/// How many bytes a condition has at most.
pub const MAX_BYTES: usize = 2_048;

/// How many findings are told of one condition: the first ones.
const MAX_FINDINGS: usize = 20;

/// One thing that is wrong with a condition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What is wrong, for programs.
    pub code: &'static str,
    /// What is wrong and what to do, for people.
    pub message: String,
    /// The line it is in, from 1.
    pub line: u32,
    /// The character of the line it begins at, from 1.
    pub column: u32,
}

/// A compiled condition; cheap to clone.
#[derive(Clone)]
pub struct Condition(Arc<Compiled>);

struct Compiled {
    source: String,
    expression: Expression,
    plan: Plan,
    reads: Reads,
}

impl Condition {
    /// Checks and compiles a condition.
    ///
    /// # Errors
    /// What is wrong with it, 20 findings at most: `too_long`, `too_deep`, `syntax`, `unknown_name`,
    /// `unknown_function`, `not_boolean`, `nested_comprehension`, `unordered_map` or
    /// `invalid_pattern`.
    pub fn compile(source: &str) -> Result<Self, Vec<Finding>> {
        if source.len() > MAX_BYTES {
            let message = format!(
                "the condition has {} bytes, the limit is {MAX_BYTES}; split it into several rules",
                source.len()
            );
            return Err(vec![Finding { code: "too_long", message, line: 1, column: 1 }]);
        }
        nesting::check(source).map_err(|finding| vec![finding])?;
        let program =
            Program::compile(source).map_err(|errors| syntax_findings(source, &errors))?;
        let mut findings = check::check(&program, source);
        let reads = Reads::of(program.expression());
        let mut expression = program.expression().clone();
        let plan = Plan::make(&mut expression, |id, code, message| {
            let (line, column) = place(&program, source, id);
            findings.push(Finding { code, message, line, column });
        });
        if !findings.is_empty() {
            findings.sort_by_key(|finding| (finding.line, finding.column));
            findings.truncate(MAX_FINDINGS);
            return Err(findings);
        }
        Ok(Self(Arc::new(Compiled { source: source.to_owned(), expression, plan, reads })))
    }

    /// Returns the text it was compiled from.
    pub fn source(&self) -> &str {
        &self.0.source
    }

    /// Counts the patterns that it matches.
    pub fn patterns(&self) -> usize {
        self.0.plan.patterns()
    }

    /// Returns what it reads of a lead.
    pub fn reads(&self) -> &Reads {
        &self.0.reads
    }
}

impl PartialEq for Condition {
    fn eq(&self, other: &Self) -> bool {
        self.0.source == other.0.source
    }
}

impl Eq for Condition {}

impl fmt::Debug for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Condition").field(&self.source()).finish()
    }
}

/// Returns the line and the character of a byte of a text, both from 1.
fn position(source: &str, byte: usize) -> (u32, u32) {
    let before = source.get(..source.floor_char_boundary(byte)).unwrap_or_default();
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    (u32::try_from(line).unwrap_or(u32::MAX), u32::try_from(column).unwrap_or(u32::MAX))
}

/// Returns the line and the character at which a node begins.
fn place(program: &Program, source: &str, id: u64) -> (u32, u32) {
    let start = program.source_info().offset_for(id).map_or(0, |(start, _)| start as usize);
    position(source, start)
}

/// Turns what the parser says into findings, one for each place.
fn syntax_findings(source: &str, errors: &ParseErrors) -> Vec<Finding> {
    let mut findings: Vec<Finding> = Vec::new();
    for error in &errors.errors {
        let line = u32::try_from(error.pos.0).unwrap_or(1).max(1);
        let column = u32::try_from(error.pos.1).unwrap_or(1).max(1);
        if findings.iter().any(|other| (other.line, other.column) == (line, column)) {
            continue;
        }
        let said = error.msg.trim_start_matches("Syntax error: ");
        let said = said.split(" expecting {").next().unwrap_or(said);
        let message = if source.trim().is_empty() {
            "the condition is empty; leave `when` out to match every event of the type".to_owned()
        } else {
            format!("this is not CEL: {said}")
        };
        findings.push(Finding { code: "syntax", message, line, column });
    }
    findings.truncate(MAX_FINDINGS);
    findings
}
