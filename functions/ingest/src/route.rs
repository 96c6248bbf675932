//! The routes: which path speaks which dialect.
//!
//! Invariant: what a path means never depends on headers, so a sender that gets its content type
//! wrong is understood all the same.

use http::{HeaderValue, StatusCode, header};
use lambda::problem::Problem;

/// A route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Route {
    /// One call of the Segment dialect; the path names its kind, or leaves it to the body.
    Call(Option<Call>),
    /// A batch of the Segment dialect.
    Batch,
    /// One native event, or one `CloudEvent`.
    Event,
    /// A batch of native events or of `CloudEvents`.
    Events,
}

/// The kinds of call of the Segment dialect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Call {
    /// Who the person is.
    Identify,
    /// What the person did.
    Track,
    /// The person saw a page.
    Page,
    /// The person saw a screen of an app.
    Screen,
    /// The person belongs to a company.
    Group,
    /// The person was known by another id.
    Alias,
}

impl Call {
    /// Reads the word of a path or of a body's `type`.
    pub fn from_word(word: &str) -> Option<Self> {
        Some(match word.to_ascii_lowercase().as_str() {
            "identify" => Self::Identify,
            "track" => Self::Track,
            "page" => Self::Page,
            "screen" => Self::Screen,
            "group" => Self::Group,
            "alias" => Self::Alias,
            _ => return None,
        })
    }

    fn from_letter(letter: &str) -> Option<Self> {
        Self::from_word(match letter {
            "i" => "identify",
            "t" => "track",
            "p" => "page",
            "s" => "screen",
            "g" => "group",
            "a" => "alias",
            _ => return None,
        })
    }
}

impl Route {
    /// Finds the route of a request: 404 for an unknown path, 405 for another method than POST.
    pub fn of(method: &str, path: &str) -> Result<Self, Problem> {
        let route = Self::of_path(path.trim_end_matches('/'))
            .ok_or_else(|| Problem::not_found("not_found", "there is no such route"))?;
        if method == "POST" {
            return Ok(route);
        }
        let problem = Problem::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "method_not_allowed",
            "this route takes POST alone",
        );
        Err(problem.with_header(header::ALLOW, HeaderValue::from_static("POST")))
    }

    fn of_path(path: &str) -> Option<Self> {
        match path {
            "/v1/events" => return Some(Self::Event),
            "/v1/events/batch" => return Some(Self::Events),
            "/v1/batch" | "/v1/b" => return Some(Self::Batch),
            _ => {}
        }
        if let Some(word) = path.strip_prefix("/v1/") {
            let call = Call::from_word(word).or_else(|| Call::from_letter(word));
            return call.map(|call| Self::Call(Some(call)));
        }
        let jitsu = path.strip_prefix("/api/s/")?;
        let word = jitsu.strip_prefix("s2s/").unwrap_or(jitsu);
        match word {
            "batch" => Some(Self::Batch),
            word if word.is_empty() || word.contains('/') => None,
            word => Some(Self::Call(Call::from_word(word))),
        }
    }

    /// Returns the route's name in logs and failed items.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Call(Some(Call::Identify)) => "/v1/identify",
            Self::Call(Some(Call::Track)) => "/v1/track",
            Self::Call(Some(Call::Page)) => "/v1/page",
            Self::Call(Some(Call::Screen)) => "/v1/screen",
            Self::Call(Some(Call::Group)) => "/v1/group",
            Self::Call(Some(Call::Alias)) => "/v1/alias",
            Self::Call(None) => "/api/s",
            Self::Batch => "/v1/batch",
            Self::Event => "/v1/events",
            Self::Events => "/v1/events/batch",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_path_of_every_sdk_is_a_route() {
        for (path, route) in [
            ("/v1/track", Route::Call(Some(Call::Track))),
            ("/v1/t", Route::Call(Some(Call::Track))),
            ("/v1/i", Route::Call(Some(Call::Identify))),
            ("/v1/s", Route::Call(Some(Call::Screen))),
            ("/v1/b", Route::Batch),
            ("/v1/batch/", Route::Batch),
            ("/api/s/page", Route::Call(Some(Call::Page))),
            ("/api/s/s2s/group", Route::Call(Some(Call::Group))),
            ("/api/s/s2s/batch", Route::Batch),
            ("/api/s/event", Route::Call(None)),
            ("/v1/events", Route::Event),
            ("/v1/events/batch", Route::Events),
        ] {
            assert_eq!(Route::of("POST", path).unwrap(), route, "{path}");
        }
        for path in ["", "/", "/v1", "/v1/x", "/v2/track", "/api/s/", "/api/s/a/b"] {
            assert_eq!(Route::of("POST", path).unwrap_err().status().as_u16(), 404, "{path}");
        }
        assert_eq!(Route::of("GET", "/v1/track").unwrap_err().status().as_u16(), 405);
    }
}
