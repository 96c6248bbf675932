//! The gateway's payload made legal, before it becomes a request.
//!
//! Invariant: reading a request cannot fail. The gateway decodes paths and passes on whatever
//! query, headers and body a client sent; what HTTP does not allow is escaped or left out here, so
//! that the oddest request still gets an answer of ours.

use std::fmt::Write;

use axum::http::HeaderValue;
use data_encoding::BASE64;
use lambda_http::{
    LambdaEvent, aws_lambda_events::apigw::ApiGatewayV2httpRequest, request::LambdaRequest,
};
use serde_json::{Map, Value, json};

/// What a path may hold beside letters and digits. A `%` is not among them: the gateway has
/// decoded the path, so it stands for itself.
const IN_PATH: &[u8] = b"-._~!$&'()*+,;=:@/";

/// What a query may hold beside letters and digits; it comes as it was sent.
const IN_QUERY: &[u8] = b"-._~!$&'()*+,;=:@/?%";

/// The headers that say who is calling, what the body is, what it replaces, whether it comes again
/// and what form the answer should have; no other makes a difference.
const HEADERS: &[&str] = &[
    "authorization",
    "x-api-key",
    "x-write-key",
    "content-type",
    "if-match",
    "idempotency-key",
    "accept",
];

/// Reads a payload of the gateway. One that cannot be read at all becomes a request for nothing,
/// to which the answer is that there is no such route.
pub fn read(event: LambdaEvent<Value>) -> LambdaEvent<LambdaRequest> {
    let LambdaEvent { payload, context } = event;
    let request = serde_json::from_value::<ApiGatewayV2httpRequest>(legal(&payload));
    let payload = LambdaRequest::ApiGatewayV2(request.unwrap_or_default());
    LambdaEvent { payload, context }
}

/// Keeps what the routes need, in legal form.
///
/// The stage is left out, which would be put before the path, and so is the host, from which an
/// address would be made that may not be one.
fn legal(payload: &Value) -> Value {
    let text = |pointer| payload.pointer(pointer).and_then(Value::as_str);
    let headers = payload.pointer("/headers").and_then(Value::as_object);
    let received_at = payload.pointer("/requestContext/timeEpoch").and_then(Value::as_i64);
    let body = text("/body");
    json!({
        "rawPath": escaped(text("/rawPath").unwrap_or_default(), IN_PATH),
        "rawQueryString": escaped(text("/rawQueryString").unwrap_or_default(), IN_QUERY),
        "headers": headers.map(legal_headers).unwrap_or_default(),
        "requestContext": {
            "http": { "method": text("/requestContext/http/method") },
            "timeEpoch": received_at.unwrap_or_default(),
        },
        "body": body,
        "isBase64Encoded": body.is_some_and(|body| is_base64(payload, body)),
    })
}

/// Tells whether a body is base64, as the gateway makes it of what is not text. One that says so
/// and is not stands for itself.
fn is_base64(payload: &Value, body: &str) -> bool {
    let says_so = payload.pointer("/isBase64Encoded").and_then(Value::as_bool);
    says_so.unwrap_or_default() && BASE64.decode(body.as_bytes()).is_ok()
}

fn legal_headers(headers: &Map<String, Value>) -> Map<String, Value> {
    let wanted = |name: &str| HEADERS.iter().any(|header| name.eq_ignore_ascii_case(header));
    let is_legal = |value: &str| HeaderValue::from_str(value).is_ok();
    let kept =
        headers.iter().filter(|(name, value)| wanted(name) && value.as_str().is_some_and(is_legal));
    kept.map(|(name, value)| (name.clone(), value.clone())).collect()
}

fn escaped(text: &str, allowed: &[u8]) -> String {
    let mut escaped = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || allowed.contains(&byte) {
            escaped.push(char::from(byte));
        } else {
            // Writing to a text cannot fail.
            let _ = write!(escaped, "%{byte:02X}");
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_legal_stays_as_it_is() {
        let path = "/v1/leads/lead_5beiexgvm3fyfbysxs6stwaya4/timeline";
        assert_eq!(escaped(path, IN_PATH), path);
        let query = "email=ana%2Bcrm%40example.com&limit=10";
        assert_eq!(escaped(query, IN_QUERY), query);
    }

    #[test]
    fn a_body_that_only_claims_to_be_base64_stands_for_itself() {
        for (body, is_base64) in [("e30=", true), ("e30", false), ("{}", false), ("", true)] {
            let legal = legal(&json!({ "body": body, "isBase64Encoded": true }));
            assert_eq!(
                (&legal["body"], &legal["isBase64Encoded"]),
                (&json!(body), &json!(is_base64))
            );
        }
    }

    #[test]
    fn what_is_not_is_escaped() {
        assert_eq!(escaped("/a b/%/é", IN_PATH), "/a%20b/%25/%C3%A9");
        assert_eq!(escaped("a=\"<{x}#", IN_QUERY), "a=%22%3C%7Bx%7D%23");
    }
}
