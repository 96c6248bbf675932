//! `ETag`s of what people edit, and the `If-Match` that guards an edit.
//!
//! Invariant: an `ETag` names the content, so a change made by somebody else is never overwritten
//! by who asked not to. An `If-Match` that says nothing is refused, never taken for a stale one.

use axum::{
    extract::FromRequestParts,
    http::{
        HeaderMap, HeaderName, StatusCode,
        header::{ETAG, IF_MATCH},
        request::Parts,
    },
};
use lambda::problem::Problem;

use crate::error::ApiError;

/// How often an edit is tried again that others keep getting ahead of.
pub const ATTEMPTS: usize = 10;

/// The form of an `If-Match`, as a pattern of JSON Schema.
pub const IF_MATCH_PATTERN: &str = r#"^(\*|(W/)?"[!#-~]*"(, ?(W/)?"[!#-~]*")*)$"#;

/// The `If-Match` of a request, if it has one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IfMatch(Option<Seen>);

/// What a caller has seen.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Seen {
    /// Whatever is there.
    Any,
    /// What has one of these entity-tags.
    Tags(Vec<String>),
}

impl<S: Sync> FromRequestParts<S> for IfMatch {
    type Rejection = ApiError;

    /// Refuses what is neither `*` nor a list of entity-tags.
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        Ok(Self::read(&parts.headers)?)
    }
}

impl Seen {
    /// Reads `*` or a list of entity-tags (RFC 9110, 13.1.1).
    fn read(text: &str) -> Option<Self> {
        let mut rest = text.trim();
        if rest == "*" {
            return Some(Self::Any);
        }
        let mut tags = Vec::new();
        loop {
            // An element of a list may be empty.
            rest = rest.trim_start_matches([' ', '\t', ',']);
            if rest.is_empty() {
                return (!tags.is_empty()).then_some(Self::Tags(tags));
            }
            let (tag, after) = first_tag(rest)?;
            tags.push(tag.to_owned());
            rest = after.trim_start();
            if !rest.is_empty() && !rest.starts_with(',') {
                return None;
            }
        }
    }
}

/// Splits off the entity-tag that a text begins with (RFC 9110, 8.8.3).
fn first_tag(text: &str) -> Option<(&str, &str)> {
    let quoted = text.strip_prefix("W/").unwrap_or(text);
    let (opaque, rest) = quoted.strip_prefix('"')?.split_once('"')?;
    let fits = |character: char| character != ' ' && !character.is_control();
    let tag = text.strip_suffix(rest)?;
    opaque.chars().all(fits).then_some((tag, rest))
}

impl IfMatch {
    fn read(headers: &HeaderMap) -> Result<Self, Problem> {
        let lines = headers.get_all(IF_MATCH).iter();
        let lines: Vec<_> = lines.map(|line| String::from_utf8_lossy(line.as_bytes())).collect();
        if lines.is_empty() {
            return Ok(Self(None));
        }
        let seen = Seen::read(&lines.join(",")).ok_or_else(invalid)?;
        Ok(Self(Some(seen)))
    }

    /// Answers 412 unless what is there now is what the caller has seen.
    pub fn require(&self, current: &str) -> Result<(), Problem> {
        match &self.0 {
            Some(Seen::Tags(tags)) if !tags.iter().any(|tag| tag == current) => Err(changed()),
            _ => Ok(()),
        }
    }

    /// Answers 428 unless the caller says what they have seen.
    pub fn require_present(&self) -> Result<(), Problem> {
        if self.0.is_some() {
            return Ok(());
        }
        let message = "say in If-Match which ETag the change is made to; `*` is any";
        Err(Problem::new(StatusCode::PRECONDITION_REQUIRED, "precondition_required", message))
    }
}

/// 400: this names nothing that anybody has seen.
fn invalid() -> Problem {
    let message =
        "If-Match is `*`, or an ETag as it was answered; keep the double quotes around it";
    Problem::bad_request("invalid_if_match", message)
}

/// 412: what is there now is not what the caller has seen.
pub fn changed() -> Problem {
    let message = "it has changed since it was read; read it again and repeat the change";
    Problem::new(StatusCode::PRECONDITION_FAILED, "precondition_failed", message)
}

/// Writes the `ETag` of a kept revision.
pub fn etag(revision: u64) -> String {
    format!("\"{revision:016x}\"")
}

/// Makes the header of an `ETag`.
pub fn header(etag: String) -> [(HeaderName, String); 1] {
    [(ETAG, etag)]
}

/// 503: others kept changing it while this edit was tried.
pub fn contended() -> Problem {
    let message = "others are changing this just now";
    Problem::unavailable("temporarily_unavailable", message, 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(lines: &[&str]) -> Result<IfMatch, Problem> {
        let lines = lines.iter().map(|line| (IF_MATCH, line.parse().unwrap()));
        IfMatch::read(&lines.collect())
    }

    #[test]
    fn an_edit_without_if_match_is_let_through_and_a_stale_one_is_not() {
        let current = etag(7);
        assert_eq!(current, "\"0000000000000007\"");
        for (lines, passes) in [
            (&[][..], true),
            (&["*"], true),
            (&["\"0000000000000007\""], true),
            (&["\"a,b\" ,, \"0000000000000007\""], true),
            (&["\"a\"", "\"0000000000000007\""], true),
            (&["\"0000000000000008\""], false),
            (&["W/\"0000000000000007\""], false),
            (&["\"\""], false),
        ] {
            let wanted = read(lines).unwrap();
            assert_eq!(wanted.require(&current).is_ok(), passes, "{wanted:?}");
            assert_eq!(wanted.require_present().is_ok(), !lines.is_empty(), "{wanted:?}");
        }
    }

    #[test]
    fn what_is_no_entity_tag_is_told_apart_from_a_stale_one() {
        for line in [
            "",
            ",",
            "lead_x.0000000000000007",
            "0000000000000007",
            "'0000000000000007'",
            "\"0000000000000007",
            "w/\"a\"",
            "\"a\" \"b\"",
            "\"a\", *",
            "\"a b\"",
        ] {
            let refused = read(&[line]).unwrap_err();
            assert_eq!((refused.status().as_u16(), refused.code()), (400, "invalid_if_match"));
        }
    }
}
