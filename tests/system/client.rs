//! The API as a program calls it.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use ureq::{
    Agent,
    http::{Method, Request, Response},
};

use crate::stack::until;

/// Speaks with one key.
#[derive(Clone, Debug)]
pub struct Client {
    agent: Agent,
    api_url: String,
    key: String,
}

/// What was answered.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// The body as JSON; null when it is none.
    pub body: Value,
    /// The body as it came.
    pub text: String,
    headers: Vec<(String, String)>,
}

impl Answer {
    /// Returns a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }
}

impl Client {
    /// Takes the address of the API and a key.
    pub fn new(api_url: &str, key: &str) -> Self {
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(Duration::from_mins(1)))
            .build();
        Self { agent: config.into(), api_url: api_url.to_owned(), key: key.to_owned() }
    }

    /// Returns the key that it speaks with.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// Sends any request; the key is not added.
    pub fn send(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Result<Answer> {
        let mut request = Request::builder().method(method).uri(format!("{}{path}", self.api_url));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let mut response: Response<ureq::Body> = self.agent.run(request.body(body)?)?;
        let text = response.body_mut().read_to_string()?;
        let headers = response.headers().iter().map(|(name, value)| {
            (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned())
        });
        Ok(Answer {
            status: response.status().as_u16(),
            body: serde_json::from_str(&text).unwrap_or(Value::Null),
            headers: headers.collect(),
            text,
        })
    }

    /// Posts JSON with the key as a bearer token.
    pub fn post(&self, path: &str, body: &Value) -> Result<Answer> {
        self.call(Method::POST, path, body)
    }

    /// Sends JSON by any method with the key as a bearer token; `null` is no body.
    pub fn call(&self, method: Method, path: &str, body: &Value) -> Result<Answer> {
        let bearer = format!("Bearer {}", self.key);
        let headers = [("Authorization", bearer.as_str()), ("Content-Type", "application/json")];
        let body = if body.is_null() { String::new() } else { body.to_string() };
        self.send(method, path, &headers, body.as_bytes())
    }

    /// Sends JSON by any method with the key as a bearer token and further headers.
    pub fn call_with(
        &self,
        method: Method,
        path: &str,
        body: &Value,
        headers: &[(&str, &str)],
    ) -> Result<Answer> {
        let bearer = format!("Bearer {}", self.key);
        let own = [("Authorization", bearer.as_str()), ("Content-Type", "application/json")];
        let headers = [&own[..], headers].concat();
        self.send(method, path, &headers, body.to_string().as_bytes())
    }

    /// Posts a text with the key as a bearer token.
    pub fn call_with_text(&self, path: &str, text: &str, content_type: &str) -> Result<Answer> {
        let bearer = format!("Bearer {}", self.key);
        let headers = [("Authorization", bearer.as_str()), ("Content-Type", content_type)];
        self.send(Method::POST, path, &headers, text.as_bytes())
    }

    /// Sends JSON and expects a status.
    pub fn expect(&self, status: u16, method: &Method, path: &str, body: &Value) -> Result<Value> {
        let answer = self.call(method.clone(), path, body)?;
        let as_expected = answer.status == status;
        ensure!(as_expected, "{method} {path}: {} not {status}: {}", answer.status, answer.text);
        Ok(answer.body)
    }

    /// Gets with the key as a bearer token.
    pub fn get(&self, path: &str) -> Result<Answer> {
        let bearer = format!("Bearer {}", self.key);
        self.send(Method::GET, path, &[("Authorization", &bearer)], b"")
    }

    /// Gets and expects 200.
    pub fn read(&self, path: &str) -> Result<Value> {
        let answer = self.get(path)?;
        ensure!(answer.status == 200, "GET {path}: {} {}", answer.status, answer.text);
        Ok(answer.body)
    }

    /// Sends native events and expects that every one is accepted.
    pub fn events(&self, events: &[Value]) -> Result<()> {
        let answer = self.post("/v1/events/batch", &json!({ "events": events }))?;
        ensure!(answer.status == 202, "{} {}", answer.status, answer.text);
        let items = answer.body["data"].as_array().context("no data")?;
        ensure!(items.iter().all(|item| item["status"] == "accepted"), "{}", answer.text);
        Ok(())
    }

    /// Looks a lead up, by `kind=value`; the value must need no escaping.
    pub fn lead(&self, identity: &str) -> Result<Option<Value>> {
        let found = self.read(&format!("/v1/leads?{identity}"))?;
        Ok(found["data"].as_array().context("no data")?.first().cloned())
    }

    /// Waits until a lead shows that many events.
    pub fn lead_with_events(&self, identity: &str, events: u64) -> Result<Value> {
        let what = format!("a lead of {identity} with {events} events");
        let found = until(&what, Duration::from_secs(30), || {
            Ok(self.lead(identity)?.filter(|lead| lead["events"] == events))
        });
        match found {
            Ok(lead) => Ok(lead),
            Err(late) => Err(late.context(format!("now it is {:?}", self.lead(identity)))),
        }
    }
}
