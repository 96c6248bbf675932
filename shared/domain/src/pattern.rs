//! Patterns of event types: a type, or a glob of types.
//!
//! Invariant: `*` stands for any run of characters, also none; nothing else is special.

use std::fmt;

use serde::{Deserialize, Serialize};

/// An event type, or a glob of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub enum Pattern {
    /// Matches just this type.
    Exact(String),
    /// Matches the parts in this order with anything, or nothing, between them.
    Glob(Vec<String>),
}

impl Pattern {
    /// Tells whether an event type matches.
    pub fn matches(&self, event_type: &str) -> bool {
        match self {
            Self::Exact(exact) => exact == event_type,
            Self::Glob(parts) => matches_parts(parts, event_type),
        }
    }
}

/// Matches the first part at the beginning, the last at the end, the others leftmost in between:
/// if any placement fits, the leftmost one does.
fn matches_parts(parts: &[String], text: &str) -> bool {
    let [first, middle @ .., last] = parts else { return false };
    let Some(mut rest) = text.strip_prefix(first.as_str()) else { return false };
    for part in middle {
        match rest.find(part.as_str()) {
            Some(start) => rest = rest.get(start + part.len()..).unwrap_or_default(),
            None => return false,
        }
    }
    rest.ends_with(last.as_str())
}

impl From<String> for Pattern {
    fn from(text: String) -> Self {
        if text.contains('*') {
            Self::Glob(text.split('*').map(str::to_owned).collect())
        } else {
            Self::Exact(text)
        }
    }
}

impl From<Pattern> for String {
    fn from(pattern: Pattern) -> Self {
        pattern.to_string()
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exact(exact) => f.write_str(exact),
            Self::Glob(parts) => f.write_str(&parts.join("*")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_is_any_run_of_characters() {
        for (glob, text, expected) in [
            ("page_*", "page_view", true),
            ("page_*", "page_", true),
            ("*", "", true),
            ("*_view", "page_view", true),
            ("a*b*a", "aba", true),
            ("a*b*a", "ab", false),
            ("ab*ba", "aba", false),
            ("*ab*ab*", "abab", true),
            ("*ab*ab*", "aab", false),
            ("page_view", "page_views", false),
        ] {
            assert_eq!(Pattern::from(glob.to_owned()).matches(text), expected, "{glob} {text}");
        }
    }
}
