//! The form in which the gateway hands requests over and takes answers: HTTP API, payload 2.0.
//!
//! Invariant: reading a request cannot fail. Whatever a client sent, however odd its headers, it
//! gets an answer that this function chose.

use std::collections::HashMap;

use domain::time::Timestamp;
use http::{HeaderMap, HeaderName, HeaderValue, Response};
use serde::{Deserialize, Serialize};

/// A request, with the few fields that matter here.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Request {
    raw_path: Option<String>,
    headers: Option<HashMap<String, String>>,
    body: Option<String>,
    is_base64_encoded: bool,
    #[serde(rename = "requestContext")]
    arrived: Arrived,
}

/// How the request came in.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Arrived {
    stage: Option<String>,
    time_epoch: Option<i64>,
    http: Http,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Http {
    method: Option<String>,
}

/// An answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Answer {
    status_code: u16,
    headers: HashMap<String, String>,
    body: String,
    is_base64_encoded: bool,
}

impl Request {
    /// Returns the method in upper case.
    pub fn method(&self) -> String {
        self.arrived.http.method.as_deref().unwrap_or_default().to_uppercase()
    }

    /// Returns the path without the stage that a gateway may put before it.
    pub fn path(&self) -> &str {
        let path = self.raw_path.as_deref().unwrap_or("/");
        self.arrived
            .stage
            .as_deref()
            .and_then(|stage| path.strip_prefix('/')?.strip_prefix(stage))
            .filter(|rest| rest.starts_with('/'))
            .unwrap_or(path)
    }

    /// Returns the headers; one that HTTP does not allow is left out.
    pub fn headers(&self) -> HeaderMap {
        let pairs = self.headers.iter().flatten().filter_map(|(name, value)| {
            let name = HeaderName::try_from(name.as_str()).ok()?;
            Some((name, HeaderValue::from_str(value).ok()?))
        });
        pairs.collect()
    }

    /// Returns the body's text, and whether that is base64.
    pub fn body(&self) -> (&str, bool) {
        (self.body.as_deref().unwrap_or_default(), self.is_base64_encoded)
    }

    /// Returns when the gateway received the request.
    pub fn received_at(&self) -> Option<Timestamp> {
        let millis = self.arrived.time_epoch.filter(|millis| *millis > 0)?;
        Timestamp::from_millis(millis).ok()
    }
}

impl Answer {
    /// Makes an answer of JSON.
    pub fn json<T: Serialize>(status: u16, body: &T) -> Self {
        Self {
            status_code: status,
            headers: [("content-type".to_owned(), "application/json".to_owned())].into(),
            // What is answered here are texts and lists of them, which always become JSON.
            body: serde_json::to_string(body).unwrap_or_default(),
            is_base64_encoded: false,
        }
    }

    /// Returns the status.
    pub const fn status(&self) -> u16 {
        self.status_code
    }

    /// Returns a header by its lower-case name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }

    /// Adds a header by its lower-case name.
    pub fn set_header(&mut self, name: &str, value: &str) {
        self.headers.insert(name.to_owned(), value.to_owned());
    }

    /// Returns the body.
    pub fn body(&self) -> &str {
        &self.body
    }
}

impl From<Response<String>> for Answer {
    fn from(response: Response<String>) -> Self {
        let (parts, body) = response.into_parts();
        let text = |value: &HeaderValue| value.to_str().unwrap_or_default().to_owned();
        let headers =
            parts.headers.iter().map(|(name, value)| (name.to_string(), text(value))).collect();
        Self { status_code: parts.status.as_u16(), headers, body, is_base64_encoded: false }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(json: &str) -> Request {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn a_stage_before_the_path_is_passed_over() {
        for (stage, path, expected) in [
            ("$default", "/v1/track", "/v1/track"),
            ("prod", "/prod/v1/track", "/v1/track"),
            ("prod", "/v1/track", "/v1/track"),
            ("v", "/v1/track", "/v1/track"),
        ] {
            let request = request(&format!(
                r#"{{"rawPath": "{path}", "requestContext": {{"stage": "{stage}"}}}}"#
            ));
            assert_eq!(request.path(), expected);
        }
    }

    #[test]
    fn the_oddest_request_can_be_read() {
        let odd =
            request(r#"{"headers": {"a b": "x", "ok": "\u0000", "fine": "é"}, "body": null}"#);
        assert_eq!(odd.headers().len(), 1);
        assert_eq!((odd.method().as_str(), odd.path(), odd.body()), ("", "/", ("", false)));
        assert_eq!(odd.received_at(), None);
    }
}
