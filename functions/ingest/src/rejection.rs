//! Why an item is not accepted.
//!
//! Invariant: a rejection is about the item alone, the same on every retry, and never repeats
//! what the item says.

use lambda::problem::Problem;

/// Why an item is not accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejection {
    /// What is wrong, as a stable word.
    pub code: &'static str,
    /// What is wrong, for people.
    pub message: String,
    /// The field that is wrong, when it is one.
    pub field: Option<&'static str>,
}

impl Rejection {
    /// Rejects the item as a whole.
    pub fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), field: None }
    }

    /// Rejects the item for one of its fields.
    pub fn of(field: &'static str, code: &'static str, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), field: Some(field) }
    }

    /// Turns the rejection of a request's only item into its answer.
    pub fn into_problem(self) -> Problem {
        let problem = Problem::bad_request(self.code, &self.message);
        match self.field {
            Some(field) => problem.with_error(field, self.code, self.message),
            None => problem,
        }
    }
}
