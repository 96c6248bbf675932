//! Reading the environment, once, at the cold start.
//!
//! Invariant: an error names the variable and never repeats its value.

use std::str::FromStr;

/// Says what is wrong with a variable.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EnvError {
    /// The variable is not set, or empty.
    #[error("the environment variable {0} is not set")]
    Missing(&'static str),
    /// The variable's value cannot be used.
    #[error("the environment variable {name} is not valid: {reason}")]
    Invalid {
        /// The variable.
        name: &'static str,
        /// What is wrong with its value.
        reason: String,
    },
}

/// Reads a variable that must be there.
pub fn required(name: &'static str) -> Result<String, EnvError> {
    optional(name).ok_or(EnvError::Missing(name))
}

/// Reads a variable that may be missing; an empty one counts as missing.
pub fn optional(name: &'static str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// Reads a variable that must be there and have the form of a `T`.
pub fn parsed<T>(name: &'static str) -> Result<T, EnvError>
where
    T: FromStr<Err: std::fmt::Display>,
{
    parse(name, &required(name)?)
}

fn parse<T>(name: &'static str, value: &str) -> Result<T, EnvError>
where
    T: FromStr<Err: std::fmt::Display>,
{
    value.parse().map_err(|error: T::Err| EnvError::Invalid { name, reason: error.to_string() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_names_the_variable() {
        let missing = required("LEADLINE_NO_SUCH_VARIABLE").unwrap_err().to_string();
        assert_eq!(missing, "the environment variable LEADLINE_NO_SUCH_VARIABLE is not set");
        let invalid = parse::<u32>("LEADLINE_COUNT", "-7").unwrap_err().to_string();
        assert!(invalid.contains("LEADLINE_COUNT") && !invalid.contains("-7"), "{invalid}");
    }
}
