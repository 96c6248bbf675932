//! The few AWS calls this program makes, against the emulator only. The caller
//! is the account's root user: the emulator checks policies of functions, not
//! signatures.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use bytes::Bytes;
use http_body_util::Full;
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap};
use hyper::{Method, Request};
use serde_json::{Value, json};

use crate::http::{self, HttpClient};

const BRIEF: Duration = Duration::from_secs(30);
// The longest function timeout, with room.
const INVOCATION: Duration = Duration::from_secs(330);

/// The emulator's AWS endpoint.
#[derive(Debug)]
pub struct Emulator {
    url: String,
    client: HttpClient,
}

/// Outputs of the deployed stack.
pub type Outputs = BTreeMap<String, String>;

/// Depth of a queue.
#[derive(Debug, PartialEq, Eq, serde::Serialize)]
pub struct Depth {
    pub url: String,
    pub visible: u64,
    pub in_flight: u64,
}

/// A mail that the emulator kept.
#[derive(Debug, serde::Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Mail {
    pub to: Vec<String>,
    pub subject: String,
    pub body_text: String,
    /// Seconds since 1970.
    pub timestamp: f64,
}

#[derive(serde::Deserialize)]
struct Outbox {
    /// By account.
    messages: BTreeMap<String, Vec<Mail>>,
}

impl Emulator {
    pub fn new(port: u16) -> Self {
        Self { url: format!("http://127.0.0.1:{port}"), client: http::client() }
    }

    pub fn url(&self) -> &str {
        &self.url
    }

    /// Whether the emulator answers and has loaded its data.
    pub async fn is_ready(&self) -> bool {
        let Ok(request) =
            Request::get(format!("{}/_ministack/ready", self.url)).body(Full::default())
        else {
            return false;
        };
        let answer = http::send(&self.client, request, Duration::from_secs(2)).await;
        answer.is_ok_and(|(status, _, _)| status.is_success())
    }

    /// Outputs of a stack that is completely deployed, `None` of any other.
    pub async fn outputs(&self, stack: &str) -> Result<Option<Outputs>> {
        let path = format!("/?Action=DescribeStacks&Version=2010-05-15&StackName={stack}");
        let (ok, _, body) = self.call("cloudformation", Method::GET, &path, &[], "").await?;
        let xml = String::from_utf8_lossy(&body);
        let complete = ["CREATE_COMPLETE", "UPDATE_COMPLETE"];
        Ok((ok && element(&xml, "StackStatus").is_some_and(|status| complete.contains(&status)))
            .then(|| parse_outputs(&xml)))
    }

    /// Invokes a function and returns its answer; a failed function is an error.
    pub async fn invoke(&self, function: &str, payload: &str) -> Result<Value> {
        let path = format!("/2015-03-31/functions/{function}/invocations");
        let (ok, headers, body) = self.call("lambda", Method::POST, &path, &[], payload).await?;
        let text = String::from_utf8_lossy(&body);
        ensure!(ok && !headers.contains_key("x-amz-function-error"), "{function} failed: {text}");
        serde_json::from_slice(&body).with_context(|| format!("{function} answered {text}"))
    }

    /// Applies the CORS settings of the template, which the emulator stores in
    /// the template's spelling and therefore ignores.
    pub async fn apply_cors(&self, api: &str) -> Result<()> {
        let path = format!("/v2/apis/{api}");
        let (ok, _, body) = self.call("apigateway", Method::GET, &path, &[], "").await?;
        ensure!(ok, "the emulator does not know API {api}");
        let stored: Value = serde_json::from_slice(&body)?;
        let Some(cors) = stored.get("corsConfiguration").and_then(Value::as_object) else {
            bail!("API {api} has no CORS configuration");
        };
        let cors: serde_json::Map<_, _> =
            cors.iter().map(|(key, value)| (lower_first(key), value.clone())).collect();
        let patch = json!({ "corsConfiguration": cors }).to_string();
        let (ok, _, body) = self.call("apigateway", Method::PATCH, &path, &[], &patch).await?;
        ensure!(ok, "CORS was refused: {}", String::from_utf8_lossy(&body));
        Ok(())
    }

    /// Counts the messages of a queue.
    pub async fn depth(&self, queue_url: &str) -> Result<Depth> {
        let request = json!({ "QueueUrl": queue_url, "AttributeNames": ["All"] });
        let answer = self.json("sqs", "AmazonSQS.GetQueueAttributes", &request).await?;
        let count = |name: &str| {
            let value = answer.get("Attributes").and_then(|all| all.get(name));
            value.and_then(Value::as_str).and_then(|text| text.parse().ok()).unwrap_or(0)
        };
        Ok(Depth {
            url: queue_url.to_owned(),
            visible: count("ApproximateNumberOfMessages"),
            in_flight: count("ApproximateNumberOfMessagesNotVisible"),
        })
    }

    /// Log lines of a group with their times, from a time in milliseconds on.
    pub async fn log_events(&self, group: &str, since: i64) -> Result<Vec<(i64, String)>> {
        let request = json!({ "logGroupName": group, "startTime": since, "limit": 10_000 });
        let answer = self.json("logs", "Logs_20140328.FilterLogEvents", &request).await?;
        let events = answer.get("events").and_then(Value::as_array);
        let line = |event: &Value| {
            let message = event.get("message")?.as_str()?;
            Some((event.get("timestamp")?.as_i64()?, message.trim_end().to_owned()))
        };
        Ok(events.map(|events| events.iter().filter_map(line).collect()).unwrap_or_default())
    }

    /// Mails that were sent, the oldest first.
    pub async fn mails(&self) -> Result<Vec<Mail>> {
        let (ok, _, body) =
            self.call("ses", Method::GET, "/_ministack/ses/messages", &[], "").await?;
        ensure!(ok, "the emulator shows no mails: {}", String::from_utf8_lossy(&body));
        let Outbox { messages } = serde_json::from_slice(&body)?;
        let mut mails: Vec<_> = messages.into_values().flatten().collect();
        mails.sort_by(|one, other| one.timestamp.total_cmp(&other.timestamp));
        Ok(mails)
    }

    /// Target function and input of a schedule.
    pub async fn schedule(&self, name: &str) -> Result<(String, String)> {
        let path = format!("/schedules/{name}");
        let (ok, _, body) = self.call("scheduler", Method::GET, &path, &[], "").await?;
        ensure!(ok, "there is no schedule {name}");
        let schedule: Value = serde_json::from_slice(&body)?;
        let target = |field: &str| {
            let text = schedule.get("Target").and_then(|target| target.get(field));
            text.and_then(Value::as_str).map(str::to_owned)
        };
        target("Arn").zip(target("Input")).with_context(|| format!("{name} has no target"))
    }

    async fn json(&self, service: &str, target: &str, request: &Value) -> Result<Value> {
        let headers = [("x-amz-target", target)];
        let (ok, _, body) =
            self.call(service, Method::POST, "/", &headers, &request.to_string()).await?;
        ensure!(ok, "{target} failed: {}", String::from_utf8_lossy(&body));
        Ok(serde_json::from_slice(&body)?)
    }

    async fn call(
        &self,
        service: &str,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Result<(bool, HeaderMap, Bytes)> {
        let credential = format!("test/20200101/us-east-1/{service}/aws4_request");
        let mut request = Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.url))
            .header(CONTENT_TYPE, "application/x-amz-json-1.0")
            .header(
                AUTHORIZATION,
                format!(
                    "AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders=host, Signature=0"
                ),
            );
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Full::from(body.to_owned()))?;
        let limit = if service == "lambda" { INVOCATION } else { BRIEF };
        let (status, headers, body) = http::send(&self.client, request, limit).await?;
        Ok((status.is_success(), headers, body))
    }
}

/// Text of the first element of that name.
fn element<'x>(xml: &'x str, name: &str) -> Option<&'x str> {
    let (_, rest) = xml.split_once(&format!("<{name}>"))?;
    rest.split_once(&format!("</{name}>")).map(|(text, _)| text)
}

fn parse_outputs(xml: &str) -> Outputs {
    let mut members = xml.split("<OutputKey>");
    members.next();
    members
        .filter_map(|member| {
            let (key, rest) = member.split_once("</OutputKey>")?;
            Some((key.to_owned(), element(rest, "OutputValue")?.replace("&amp;", "&")))
        })
        .collect()
}

fn lower_first(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map(|first| first.to_ascii_lowercase()).into_iter().chain(letters).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outputs_are_read_from_the_description_of_a_stack() {
        let xml = "<StackStatus>CREATE_COMPLETE</StackStatus><Outputs>\
             <member><OutputKey>ApiUrl</OutputKey><OutputValue>https://a.b/?c&amp;d</OutputValue></member>\
             <member><OutputKey>Two</OutputKey><Description>x</Description><OutputValue>2</OutputValue></member>\
             </Outputs>";
        let outputs = parse_outputs(xml);
        assert_eq!(outputs.get("ApiUrl").map(String::as_str), Some("https://a.b/?c&d"));
        assert_eq!(outputs.get("Two").map(String::as_str), Some("2"));
        assert_eq!(element(xml, "StackStatus"), Some("CREATE_COMPLETE"));
    }

    #[test]
    fn a_mail_is_read_as_the_emulator_shows_it() {
        let outbox = r#"{"messages": {"000000000000": [{"MessageId": "1", "To": ["ana@example.com"],
            "CC": [], "Subject": "Your code", "BodyText": "It is 1", "BodyHtml": "",
            "Timestamp": 1795249976.547291, "Type": "CognitoVerificationMessage"}]}}"#;
        let Outbox { messages } = serde_json::from_str(outbox).unwrap();
        assert_eq!(messages["000000000000"][0].to, ["ana@example.com"]);
    }

    #[test]
    fn template_spelling_becomes_api_spelling() {
        assert_eq!(lower_first("AllowOrigins"), "allowOrigins");
    }
}
