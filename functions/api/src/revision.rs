//! `ETag`s of what people edit, and the `If-Match` that guards an edit.
//!
//! Invariant: an `ETag` names the content, so a change made by somebody else is never overwritten
//! by who asked not to.

use std::convert::Infallible;

use axum::{
    extract::FromRequestParts,
    http::{
        HeaderName, StatusCode,
        header::{ETAG, IF_MATCH},
        request::Parts,
    },
};
use lambda::problem::Problem;

/// How often an edit is tried again that others keep getting ahead of.
pub const ATTEMPTS: usize = 10;

/// The `If-Match` of a request, if it has one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IfMatch(Option<String>);

impl<S: Sync> FromRequestParts<S> for IfMatch {
    type Rejection = Infallible;

    /// A header that is no text matches nothing.
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let header = parts.headers.get(IF_MATCH);
        Ok(Self(header.map(|value| value.to_str().unwrap_or_default().to_owned())))
    }
}

impl IfMatch {
    /// Answers 412 unless what is there now is what the caller has seen.
    pub fn require(&self, current: &str) -> Result<(), Problem> {
        let Some(wanted) = &self.0 else { return Ok(()) };
        if wanted.split(',').map(str::trim).any(|wanted| wanted == "*" || wanted == current) {
            return Ok(());
        }
        Err(changed())
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

    #[test]
    fn an_edit_without_if_match_is_let_through_and_a_stale_one_is_not() {
        let current = etag(7);
        assert_eq!(current, "\"0000000000000007\"");
        for (wanted, passes) in [
            (None, true),
            (Some("*"), true),
            (Some("\"0000000000000007\""), true),
            (Some("\"a\", \"0000000000000007\""), true),
            (Some("\"0000000000000008\""), false),
            (Some("W/\"0000000000000007\""), false),
            (Some(""), false),
        ] {
            let wanted = IfMatch(wanted.map(str::to_owned));
            assert_eq!(wanted.require(&current).is_ok(), passes, "{wanted:?}");
            assert_eq!(wanted.require_present().is_ok(), wanted.0.is_some(), "{wanted:?}");
        }
    }
}
