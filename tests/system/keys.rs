//! Keys: every position in which an SDK puts one, and what a wrong one gets.

use anyhow::{Result, ensure};
use data_encoding::BASE64;
use serde_json::json;
use ureq::http::Method;

use crate::stack::Stack;

const PATH: &str = "/v1/track";

/// Basic, bearer, both headers, and the body.
pub fn positions(stack: &Stack) -> Result<()> {
    let tenant = stack.tenant()?;
    let client = stack.client("");
    let key = &tenant.ingest_key;
    let basic = format!("Basic {}", BASE64.encode(format!("{key}:").as_bytes()));
    let (bearer, jitsu) = (format!("Bearer {key}"), format!("{key}:secret"));
    let positions: [&[(&str, &str)]; 5] = [
        &[("Authorization", &basic)],
        &[("Authorization", &bearer)],
        &[("X-API-Key", key)],
        &[("X-Write-Key", &jitsu)],
        &[],
    ];
    for (n, headers) in positions.into_iter().enumerate() {
        let mut body = json!({ "userId": "u1", "event": "Signup", "messageId": format!("m{n}") });
        if headers.is_empty() {
            body["writeKey"] = json!(key);
        }
        let answer = client.send(Method::POST, PATH, headers, body.to_string().as_bytes())?;
        ensure!(answer.status == 200, "position {n}: {} {}", answer.status, answer.text);
        ensure!(answer.text == r#"{"success":true}"#, "position {n}: {}", answer.text);
    }
    stack.client(&tenant.admin_key).lead_with_events("user_id=u1", 5)?;
    Ok(())
}

/// No key, an unknown key, a key without the scope.
pub fn refused(stack: &Stack) -> Result<()> {
    let tenant = stack.tenant()?;
    let body = json!({ "userId": "u1", "event": "Signup" });
    let unknown = format!("llk_{}_{}", tenant.id, "0".repeat(40));
    for (key, status) in [("", 401), ("nonsense", 401), (&unknown, 401), (&tenant.admin_key, 403)] {
        for path in [PATH, "/v1/events"] {
            let answer = stack.client(key).post(path, &body)?;
            ensure!(answer.status == status, "{path}: {} {}", answer.status, answer.text);
            let named = answer.body["code"].is_string() && answer.body["message"].is_string();
            ensure!(named, "a problem has code and message: {}", answer.text);
            ensure!(!answer.text.contains(key) || key.is_empty(), "the key is repeated");
        }
    }
    let answer = stack.client(&tenant.ingest_key).get("/v1/leads")?;
    ensure!(answer.status == 403, "{} {}", answer.status, answer.text);
    Ok(())
}

/// The preflight of a browser SDK.
pub fn cors(stack: &Stack) -> Result<()> {
    let headers = [
        ("Origin", "https://shop.example"),
        ("Access-Control-Request-Method", "POST"),
        ("Access-Control-Request-Headers", "authorization,content-type,x-retry-count"),
    ];
    let answer = stack.client("").send(Method::OPTIONS, "/v1/t", &headers, b"")?;
    ensure!(matches!(answer.status, 200 | 204), "{} {}", answer.status, answer.text);
    let allowed = answer.header("access-control-allow-headers").unwrap_or_default().to_lowercase();
    for name in ["authorization", "content-type", "x-retry-count"] {
        ensure!(allowed.contains(name), "{name} is not allowed: {allowed}");
    }
    let origin = answer.header("access-control-allow-origin").unwrap_or_default();
    ensure!(matches!(origin, "*" | "https://shop.example"), "{origin}");
    Ok(())
}
