//! Problem documents (RFC 9457): how every error of every route is told.
//!
//! Invariant: a problem has a stable `code` for programs and a `message` for people at its top
//! level, because some senders look for exactly these; neither repeats what the caller sent.

use http::{HeaderName, HeaderValue, Response, StatusCode, header};
use serde::Serialize;

/// The content type of a problem document.
pub const CONTENT_TYPE: &str = "application/problem+json";

/// An error, ready to be answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    document: Box<ProblemDocument>,
    headers: Vec<(HeaderName, HeaderValue)>,
}

/// The body of an error.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ProblemDocument {
    /// Always `about:blank`: `code` tells problems apart, and `title` is the status in words.
    #[serde(rename = "type")]
    kind: &'static str,
    /// The HTTP status in words.
    title: &'static str,
    /// The HTTP status.
    status: u16,
    /// What went wrong in this case; the same text as `message`.
    detail: String,
    /// What went wrong, as a stable word for programs.
    code: &'static str,
    /// What went wrong in this case, for people.
    message: String,
    /// The lead that stands in the way, where one does and the caller may see it.
    #[serde(skip_serializing_if = "Option::is_none")]
    lead_id: Option<String>,
    /// What is wrong with single fields.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<FieldError>,
}

/// What is wrong with one field of a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FieldError {
    /// The field, as a path such as `events.3.timestamp`.
    pub field: String,
    /// What is wrong, as a stable word for programs.
    pub code: &'static str,
    /// What is wrong, for people.
    pub message: String,
    /// The line within the field's text, from 1, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
    /// The column within that line, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub column: Option<u32>,
}

impl FieldError {
    /// Says what is wrong with a field as a whole.
    pub fn new(field: impl Into<String>, code: &'static str, message: impl Into<String>) -> Self {
        let (field, message) = (field.into(), message.into());
        Self { field, code, message, line: None, column: None }
    }
}

impl Problem {
    /// Makes a problem of any status.
    pub fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        let message = message.into();
        let document = ProblemDocument {
            kind: "about:blank",
            title: status.canonical_reason().unwrap_or("Error"),
            status: status.as_u16(),
            detail: message.clone(),
            code,
            message,
            lead_id: None,
            errors: Vec::new(),
        };
        Self { document: Box::new(document), headers: Vec::new() }
    }

    /// 400: the request cannot be understood.
    pub fn bad_request(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code, message)
    }

    /// 401: nobody is known by the credential.
    pub fn unauthorized(code: &'static str, message: impl Into<String>) -> Self {
        // Not `Basic`, at which browsers would ask their user for a password.
        let challenge = HeaderValue::from_static(r#"Bearer realm="leadline""#);
        Self::new(StatusCode::UNAUTHORIZED, code, message)
            .with_header(header::WWW_AUTHENTICATE, challenge)
    }

    /// 403: the caller is known, and may not.
    pub fn forbidden(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, code, message)
    }

    /// 404: there is no such thing.
    pub fn not_found(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, code, message)
    }

    /// 503: the same request may succeed after that many seconds.
    pub fn unavailable(
        code: &'static str,
        message: impl Into<String>,
        retry_after_seconds: u32,
    ) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, code, message)
            .with_header(header::RETRY_AFTER, HeaderValue::from(retry_after_seconds))
    }

    /// Adds what is wrong with one field.
    #[must_use]
    pub fn with_error(
        mut self,
        field: impl Into<String>,
        code: &'static str,
        message: impl Into<String>,
    ) -> Self {
        self.document.errors.push(FieldError::new(field, code, message));
        self
    }

    /// Adds what is wrong at a place within the text of one field.
    #[must_use]
    pub fn with_error_at(
        mut self,
        field: impl Into<String>,
        code: &'static str,
        message: impl Into<String>,
        line: u32,
        column: u32,
    ) -> Self {
        let error = FieldError::new(field, code, message);
        self.document.errors.push(FieldError { line: Some(line), column: Some(column), ..error });
        self
    }

    /// Names the lead that stands in the way.
    #[must_use]
    pub fn with_lead(mut self, id: impl Into<String>) -> Self {
        self.document.lead_id = Some(id.into());
        self
    }

    /// Adds a header to the answer.
    #[must_use]
    pub fn with_header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }

    /// Returns the HTTP status.
    pub fn status(&self) -> StatusCode {
        StatusCode::from_u16(self.document.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    /// Returns the stable word.
    pub fn code(&self) -> &'static str {
        self.document.code
    }

    /// Returns the text for people.
    pub fn message(&self) -> &str {
        &self.document.message
    }

    /// Makes the answer, with whatever body type the function's framework has.
    pub fn into_response<B: From<String>>(self) -> Response<B> {
        // A struct of texts always becomes JSON; the fallback is there for the type's sake.
        let body = serde_json::to_string(&self.document).unwrap_or_else(|_| "{}".to_owned());
        let mut response = Response::new(B::from(body));
        *response.status_mut() = self.status();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(CONTENT_TYPE));
        for (name, value) in self.headers {
            headers.append(name, value);
        }
        response
    }
}

#[cfg(feature = "axum")]
impl axum::response::IntoResponse for Problem {
    fn into_response(self) -> axum::response::Response {
        Self::into_response(self)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn a_problem_has_the_standard_members_and_code_and_message_beside_them() {
        let problem = Problem::bad_request("invalid_json", "line 1, column 2: expected a value")
            .with_error("events.0.timestamp", "invalid_timestamp", "not RFC 3339")
            .with_error_at("when", "syntax", "a value is missing", 1, 9);
        let response: Response<String> = problem.into_response();
        assert_eq!(response.status(), 400);
        assert_eq!(response.headers()[header::CONTENT_TYPE], "application/problem+json");
        let body: Value = serde_json::from_str(response.body()).unwrap();
        assert_eq!(
            body,
            json!({
                "type": "about:blank",
                "title": "Bad Request",
                "status": 400,
                "detail": "line 1, column 2: expected a value",
                "code": "invalid_json",
                "message": "line 1, column 2: expected a value",
                "errors": [{
                    "field": "events.0.timestamp",
                    "code": "invalid_timestamp",
                    "message": "not RFC 3339",
                }, {
                    "field": "when",
                    "code": "syntax",
                    "message": "a value is missing",
                    "line": 1,
                    "column": 9,
                }],
            })
        );
    }

    #[test]
    fn a_401_says_how_to_authenticate_and_a_503_when_to_come_back() {
        let refused: Response<String> =
            Problem::unauthorized("invalid_api_key", "no such key").into_response();
        assert_eq!(refused.headers()[header::WWW_AUTHENTICATE], r#"Bearer realm="leadline""#);
        let busy: Response<String> =
            Problem::unavailable("store_unavailable", "try again", 2).into_response();
        assert_eq!(busy.headers()[header::RETRY_AFTER], "2");
    }
}
