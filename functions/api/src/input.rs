//! Bodies: JSON of the shape that a route takes, or a refusal that says what is wrong where.
//!
//! Invariant: no value that was sent is repeated, and no name that is not known: either may be
//! personal.

use axum::{
    body::{Body, Bytes, to_bytes},
    extract::{FromRequest, OptionalFromRequest, Request},
    http::{HeaderMap, StatusCode, header::CONTENT_TYPE},
};
use lambda::problem::Problem;
use serde::{
    Deserialize, Deserializer,
    de::{DeserializeOwned, IgnoredAny},
};
use serde_path_to_error::{Path, Segment};

use crate::error::ApiError;

/// The largest body.
pub const MAX_BYTES: usize = 1024 * 1024;

/// A body that was understood. A handler whose body may be left out takes an `Option` of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Input<T>(pub T);

impl<T, S> FromRequest<S> for Input<T>
where
    T: DeserializeOwned,
    S: Send + Sync,
{
    type Rejection = ApiError;

    /// Refuses an empty body like any other that is not JSON.
    async fn from_request(request: Request, _: &S) -> Result<Self, ApiError> {
        let (headers, body) = received(request).await?;
        Ok(Self(understood(&headers, &body)?))
    }
}

impl<T, S> OptionalFromRequest<S> for Input<T>
where
    T: DeserializeOwned,
    S: Send + Sync,
{
    type Rejection = ApiError;

    /// `None` when there is no body at all, or none but `null`.
    async fn from_request(request: Request, _: &S) -> Result<Option<Self>, ApiError> {
        let (headers, body) = received(request).await?;
        if body.is_empty() || body.trim_ascii() == b"null" {
            return Ok(None);
        }
        Ok(Some(Self(understood(&headers, &body)?)))
    }
}

async fn received(request: Request) -> Result<(HeaderMap, Bytes), Problem> {
    let (parts, body) = request.into_parts();
    Ok((parts.headers, whole(body, MAX_BYTES).await?))
}

/// Reads a whole body of at most so many bytes, or answers 413.
pub async fn whole(body: Body, most: usize) -> Result<Bytes, Problem> {
    to_bytes(body, most).await.map_err(|_| {
        let message = format!("a body has at most {most} bytes");
        Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "payload_too_large", message)
    })
}

/// Reads a body: syntax first, so that what is no JSON is told apart from what does not fit.
fn understood<T: DeserializeOwned>(headers: &HeaderMap, body: &[u8]) -> Result<T, Problem> {
    if !is_json(headers) {
        let message = "the body is JSON; say so with Content-Type: application/json";
        let status = StatusCode::UNSUPPORTED_MEDIA_TYPE;
        return Err(Problem::new(status, "unsupported_content_type", message));
    }
    serde_json::from_slice::<IgnoredAny>(body).map_err(|error| invalid_json(&error))?;
    let mut json = serde_json::Deserializer::from_slice(body);
    serde_path_to_error::deserialize(&mut json).map_err(|error| {
        let source = error.inner();
        // A `null` where one of several words is wanted is told like a mistake in the syntax.
        let is_misfit = source.is_data() || source.to_string().starts_with("expected value");
        if is_misfit { misfit(error.path(), source) } else { invalid_json(source) }
    })
}

/// Tells whether the content type is JSON or built on it, as `application/merge-patch+json` is.
fn is_json(headers: &HeaderMap) -> bool {
    let content_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let essence = content_type.and_then(|text| text.split(';').next()).unwrap_or_default();
    let essence = essence.trim().to_ascii_lowercase();
    essence == "application/json"
        || essence.starts_with("application/") && essence.ends_with("+json")
}

/// 400, with line and column. What is wrong with syntax is told without quoting it.
fn invalid_json(error: &serde_json::Error) -> Problem {
    Problem::bad_request("invalid_json", format!("the body is not valid JSON: {error}"))
}

/// 422: the JSON is not of the shape that the route takes.
fn misfit(path: &Path, error: &serde_json::Error) -> Problem {
    let text = error.to_string();
    let text = text.rsplit_once(" at line ").map_or(text.as_str(), |(text, _)| text);
    let is_unknown = text.starts_with("unknown field ");
    let field = field(path, is_unknown);
    let expected = text.rsplit_once(", expected ").map(|(_, expected)| expected);
    let (code, message) = if is_unknown {
        let known = expected.map_or("there are none".to_owned(), |known| format!("known: {known}"));
        ("unknown_field", format!("this field is not known; {known}"))
    } else if text.starts_with("missing field ") {
        ("missing_field", text.to_owned())
    } else if text.starts_with("duplicate field ") {
        ("repeated_field", text.to_owned())
    } else {
        let quotes = ["invalid type: ", "invalid value: ", "invalid length ", "unknown variant "];
        let quotes = quotes.iter().any(|start| text.starts_with(start));
        let expected = match expected {
            // The name of a type of ours says nothing to a caller.
            Some(text) if text.starts_with("struct ") => "expected an object".to_owned(),
            Some(text) => format!("expected {text}"),
            None => "expected another value".to_owned(),
        };
        // What else a type says of a value never quotes it.
        ("invalid_value", if quotes { expected } else { text.to_owned() })
    };
    let summary = format!("the body cannot be taken: {field}: {message}");
    Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid_body", summary)
        .with_error(field, code, message)
}

/// Writes a path as in `rules.3.when`; one that leads to an unknown field stops before its name.
fn field(path: &Path, is_unknown: bool) -> String {
    let name = |segment: &Segment| match segment {
        Segment::Seq { index } => index.to_string(),
        Segment::Map { key } => key.clone(),
        Segment::Enum { variant } => variant.clone(),
        Segment::Unknown => "?".to_owned(),
    };
    let mut names: Vec<String> = path.iter().map(name).collect();
    if is_unknown {
        names.pop();
    }
    if names.is_empty() { "body".to_owned() } else { names.join(".") }
}

/// Tells `null` apart from what is left out.
pub fn given<'de, T, D>(deserializer: D) -> Result<Option<T>, D::Error>
where
    T: Deserialize<'de>,
    D: Deserializer<'de>,
{
    T::deserialize(deserializer).map(Some)
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;
    use serde_json::{Value, json};

    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only the shape matters")]
    struct Body {
        rules: Vec<Rule>,
        day: Option<domain::time::Day>,
        lead: Option<domain::home::HomeId>,
        #[serde(default, deserialize_with = "given")]
        color: Option<domain::stage::Stage>,
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only the shape matters")]
    struct Rule {
        id: String,
        active: Option<bool>,
        stage: Option<domain::stage::Stage>,
    }

    fn refused(body: &str) -> Problem {
        let headers = [(CONTENT_TYPE, "application/json".parse().unwrap())].into_iter().collect();
        understood::<Body>(&headers, body.as_bytes()).unwrap_err()
    }

    fn told(body: &str) -> (u16, Value, Value) {
        let problem = refused(body);
        let status = problem.status().as_u16();
        let response: axum::http::Response<String> = problem.into_response();
        let document: Value = serde_json::from_str(response.body()).unwrap();
        let errors = &document["errors"][0];
        (status, errors["field"].clone(), errors["code"].clone())
    }

    #[test]
    fn what_does_not_fit_is_told_with_its_path() {
        for (body, field, code) in [
            (r#"{"rules": [{"id": "a"}, {"id": 7}]}"#, "rules.1.id", "invalid_value"),
            (r#"{"rules": [{"id": "a", "active": "yes"}]}"#, "rules.0.active", "invalid_value"),
            (r#"{"rules": [{"id": "a", "stage": "boiling"}]}"#, "rules.0.stage", "invalid_value"),
            (r#"{"rules": [], "color": null}"#, "color", "invalid_value"),
            (r#"{"rules": [{"id": "a", "activ": true}]}"#, "rules.0", "unknown_field"),
            (r#"{"rules": [{}]}"#, "rules.0", "missing_field"),
            (r#"{"rules": [], "rules": []}"#, "body", "repeated_field"),
            (r#"{"rules": [], "day": "2026-1-1"}"#, "day", "invalid_value"),
            (r#"{"rules": [], "lead": "me"}"#, "lead", "invalid_value"),
            (r#"{"rules": [], "extra": 1}"#, "body", "unknown_field"),
            ("[]", "body", "invalid_value"),
            ("7", "body", "invalid_value"),
        ] {
            assert_eq!(told(body), (422, json!(field), json!(code)), "{body}");
        }
    }

    #[test]
    fn what_is_no_json_is_told_with_its_place() {
        for body in ["", "{\"rules\":\n [1,]}", "{} x", "{\"rules\": [\"\\ud800\"]}"] {
            assert_eq!(
                (refused(body).status().as_u16(), refused(body).code()),
                (400, "invalid_json")
            );
        }
        assert!(refused("{\"rules\":\n [1,]}").message().ends_with("at line 2 column 5"));
    }

    #[test]
    fn no_value_and_no_unknown_name_is_repeated() {
        let person = "ana, expected @example.com";
        for body in [
            json!({ "rules": person }),
            json!({ "rules": [{ "id": "a", "stage": person }] }),
            json!({ "rules": [{ "id": "a", "active": person }] }),
            json!({ "rules": [{ "id": "a", person: 1 }] }),
            json!({ "rules": [], "day": person }),
            json!({ person: 1 }),
            json!(person),
        ] {
            let problem = refused(&body.to_string());
            assert!(!format!("{problem:?}").contains("ana"), "{problem:?}");
            assert!(!format!("{problem:?}").contains("@example.com"), "{problem:?}");
        }
    }

    #[test]
    fn only_json_is_taken() {
        for (content_type, taken) in [
            ("application/json", true),
            ("Application/JSON; charset=utf-8", true),
            ("application/merge-patch+json", true),
            ("text/plain", false),
            ("application/x-www-form-urlencoded", false),
            ("image/svg+json", false),
        ] {
            let headers = [(CONTENT_TYPE, content_type.parse().unwrap())].into_iter().collect();
            assert_eq!(is_json(&headers), taken, "{content_type}");
        }
        assert!(!is_json(&HeaderMap::new()));
    }
}
