//! `ETag`s of what people edit, and the `If-Match` that guards an edit.
//!
//! Invariant: an `ETag` names the content, so a change made by somebody else is never overwritten
//! by who asked not to.

use std::convert::Infallible;

use axum::{
    extract::FromRequestParts,
    http::{
        HeaderMap, HeaderName, StatusCode,
        header::{ETAG, IF_MATCH},
        request::Parts,
    },
};
use lambda::problem::Problem;

/// How often an edit is tried again that others keep getting ahead of.
pub const ATTEMPTS: usize = 10;

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
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self::read(&parts.headers))
    }
}

impl Seen {
    /// Reads `*` or a list of entity-tags (RFC 9110, 13.1.1). Nothing has a tag of an empty list.
    ///
    /// Who left the double quotes out meant the tag all the same. Ours have no comma in them.
    fn read(text: &str) -> Self {
        let named = text.split(',').map(str::trim).filter(|tag| !tag.is_empty());
        let tags: Vec<_> = named.map(quoted).collect();
        if tags.iter().any(|tag| tag == "*") { Self::Any } else { Self::Tags(tags) }
    }
}

fn quoted(tag: &str) -> String {
    if tag == "*" || tag.contains('"') { tag.to_owned() } else { format!("\"{tag}\"") }
}

impl IfMatch {
    fn read(headers: &HeaderMap) -> Self {
        let lines = headers.get_all(IF_MATCH).iter();
        let lines: Vec<_> = lines.map(|line| String::from_utf8_lossy(line.as_bytes())).collect();
        Self((!lines.is_empty()).then(|| Seen::read(&lines.join(","))))
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

    fn read(lines: &[&str]) -> IfMatch {
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
            (&["\"0000000000000007"], false),
            (&["lead_x.0000000000000007"], false),
            (&["'0000000000000007'"], false),
        ] {
            let wanted = read(lines);
            assert_eq!(wanted.require(&current).is_ok(), passes, "{wanted:?}");
            assert_eq!(wanted.require_present().is_ok(), !lines.is_empty(), "{wanted:?}");
        }
    }

    #[test]
    fn a_tag_without_its_quotes_is_the_tag_and_an_empty_line_is_that_of_nothing() {
        let current = etag(7);
        assert!(read(&["0000000000000007"]).require(&current).is_ok());
        assert!(read(&["0000000000000008"]).require(&current).is_err());
        for line in ["", ",", " , "] {
            assert!(read(&[line]).require_present().is_ok(), "{line}");
            assert!(read(&[line]).require(&current).is_err(), "{line}");
        }
    }
}
