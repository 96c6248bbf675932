//! Patterns of `matches`, compiled once with their condition.
//!
//! Invariant: matching is linear in the text, and a compiled pattern takes at most 256 KB.

use std::any::Any;

use cel::common::{
    types::Type,
    value::{StaticVal, Val},
};
use regex::{Regex, RegexBuilder};

const MAX_PATTERN_BYTES: usize = 256 * 1_024;
const MAX_CACHE_BYTES: usize = 256 * 1_024;
const MAX_NESTING: u32 = 32;

/// The type of patterns; conditions cannot name it.
pub(super) static PATTERN: Type = Type::new_unspecified_type("pattern");

/// A compiled pattern, as a value that is passed to `matches`.
#[derive(Clone, Debug)]
pub(super) struct Pattern(Regex);

impl Pattern {
    /// Compiles a pattern or says what is wrong with it.
    pub(super) fn compile(pattern: &str) -> Result<Self, String> {
        RegexBuilder::new(pattern)
            .size_limit(MAX_PATTERN_BYTES)
            .dfa_size_limit(MAX_CACHE_BYTES)
            .nest_limit(MAX_NESTING)
            .build()
            .map(Self)
            .map_err(|error| match error {
                regex::Error::CompiledTooBig(_) => "it is too big; repeat less".to_owned(),
                error => {
                    let text = error.to_string();
                    let last = text.lines().last().unwrap_or_default();
                    last.trim_start_matches("error: ").to_owned()
                }
            })
    }

    /// Says whether the pattern occurs in a text.
    pub(super) fn occurs_in(&self, text: &str) -> bool {
        self.0.is_match(text)
    }
}

impl Val for Pattern {
    fn get_type(&self) -> &Type {
        &PATTERN
    }

    fn cel_type() -> &'static Type {
        &PATTERN
    }

    fn clone_as_boxed<'v>(&self) -> Box<dyn Val + 'v> {
        Box::new(self.clone())
    }

    fn as_any(&self) -> Option<&dyn Any> {
        Some(self)
    }
}

impl StaticVal for Pattern {}
