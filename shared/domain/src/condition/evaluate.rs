//! Evaluates conditions over an event and a lead.
//!
//! Invariant: the functions are declared once per evaluator; an evaluation allocates for what its
//! condition computes, not for what the event holds.

use std::{fmt, sync::Arc};

use cel::{Context, Env, ExecutionError, Value, context::VariableResolver};

use super::{
    Condition, calls,
    plan::Planned,
    subject::{Lookup, Subject},
};

/// Part of what the evaluator says of an answer that it cannot hand out.
const UNANSWERED: &str = "representable as `Value`";

/// What evaluations share: the functions that conditions call.
pub struct Evaluator {
    env: Arc<Env>,
}

/// Evaluates conditions over one event and lead.
pub struct Scope<'a> {
    evaluator: &'a Evaluator,
    subject: &'a Subject<'a>,
}

/// Says why a condition gave no answer. Its text names fields and types, never a value.
#[derive(Clone)]
pub struct Failure(Box<(Condition, Cause)>);

#[derive(Clone)]
enum Cause {
    Execution(ExecutionError),
    NotBoolean(String),
}

impl Evaluator {
    /// Declares the functions.
    #[expect(
        clippy::expect_used,
        clippy::missing_panics_doc,
        reason = "the names are constants: it never panics, or in every test"
    )]
    pub fn new() -> Self {
        let mut env = Env::default().with_optional_support(false).with_stdlib();
        calls::declare(&mut env).expect("no function is declared twice");
        Self { env: Arc::new(env) }
    }

    /// Returns a scope that evaluates over an event and a lead.
    pub const fn scope<'a>(&'a self, subject: &'a Subject<'a>) -> Scope<'a> {
        Scope { evaluator: self, subject }
    }
}

impl Default for Evaluator {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Evaluator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Evaluator").finish_non_exhaustive()
    }
}

impl Scope<'_> {
    /// Says whether a condition holds.
    ///
    /// # Errors
    /// `Failure` when it gives no answer, such as for a field that is not there.
    pub fn holds(&self, condition: &Condition) -> Result<bool, Failure> {
        let lookup = Lookup { subject: self.subject, plan: &condition.0.plan };
        let resolver: &dyn VariableResolver = &lookup;
        let mut context = Context::with_env(Arc::clone(&self.evaluator.env));
        context.set_variable_resolver(resolver);
        let cause = match context.resolve(&condition.0.expression) {
            Ok(Value::Bool(answer)) => return Ok(answer),
            Ok(value) => Cause::NotBoolean(value.type_of().to_string()),
            // What a list or map of the event gives when it is the answer.
            Err(ExecutionError::UnexpectedType { got, want }) if want.contains(UNANSWERED) => {
                Cause::NotBoolean(got)
            }
            Err(error) => Cause::Execution(error),
        };
        Err(Failure(Box::new((condition.clone(), cause))))
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (condition, cause) = &*self.0;
        match cause {
            Cause::Execution(error) => describe(condition, error, f),
            Cause::NotBoolean(kind) => {
                write!(f, "the condition gave {}, not a boolean", type_name(kind))
            }
        }
    }
}

/// Prints the text: the error itself holds values.
impl fmt::Debug for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Failure({self})")
    }
}

impl std::error::Error for Failure {}

fn describe(
    condition: &Condition,
    error: &ExecutionError,
    f: &mut fmt::Formatter<'_>,
) -> fmt::Result {
    match error {
        ExecutionError::UndeclaredReference(name) => match condition.0.plan.get(name) {
            Some(Planned::Value(place) | Planned::Presence(place)) => {
                write!(f, "no such field: {}", place.root.name())?;
                place.fields.iter().try_for_each(|field| write!(f, ".{field}"))
            }
            _ => f.write_str("no such name"),
        },
        // A computed key may be a value.
        ExecutionError::NoSuchKey(key) if condition.0.plan.writes(key) => {
            write!(f, "no such key: {key}")
        }
        ExecutionError::NoSuchKey(_) => f.write_str("no such key"),
        ExecutionError::NoSuchOverload(overload) if overload.function() == "_._" => {
            let kind = overload.argument_types().first().map_or("this", String::as_str);
            write!(f, "{} has no fields", type_name(kind))
        }
        ExecutionError::NoSuchOverload(overload) => {
            write!(f, "{} does not work on ", function_name(overload.function()))?;
            list(f, overload.argument_types().iter().map(|kind| type_name(kind)))
        }
        ExecutionError::UnexpectedType { got, want } => {
            write!(f, "found {} where {} is needed", type_name(got), type_name(want))
        }
        ExecutionError::UnsupportedBinaryOperator(operator, left, right) => {
            write!(f, "{operator} does not work on {} and {}", left.type_of(), right.type_of())
        }
        ExecutionError::FunctionError { function, .. } => {
            write!(f, "{} cannot take this value", function_name(function))
        }
        error => f.write_str(bare(error)),
    }
}

/// Describes the errors that hold nothing but values.
const fn bare(error: &ExecutionError) -> &'static str {
    match error {
        ExecutionError::DivisionByZero(_) | ExecutionError::RemainderByZero(_) => {
            "division by zero"
        }
        ExecutionError::Overflow(..) => "a result is too big",
        ExecutionError::IndexOutOfBounds(_) => "no such element of a list",
        ExecutionError::DuplicateKey(_) => "a map has a key twice",
        ExecutionError::UnsupportedKeyType(_) => "this cannot be a key of a map",
        _ => "it cannot be evaluated",
    }
}

fn list<'t>(f: &mut fmt::Formatter<'_>, names: impl Iterator<Item = &'t str>) -> fmt::Result {
    for (index, name) in names.enumerate() {
        write!(f, "{}{name}", if index == 0 { "" } else { " and " })?;
    }
    Ok(())
}

/// Returns an operator as it is written.
fn function_name(name: &str) -> &str {
    name.trim_matches(['_', '@'])
}

fn type_name(name: &str) -> &str {
    match name {
        "google.protobuf.Timestamp" => "timestamp",
        "google.protobuf.Duration" => "duration",
        "null_type" => "null",
        name => name,
    }
}
