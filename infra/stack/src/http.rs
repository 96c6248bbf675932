//! One pooled HTTP client for the proxy and for calls to the emulator.

use std::time::Duration;

use anyhow::{Context, Result};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::{Request, StatusCode};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};

/// Sends to plain-HTTP servers on this machine and keeps connections alive.
pub type HttpClient = Client<HttpConnector, Full<Bytes>>;

// Shorter than the emulator's 75 s, so that it never closes one in use.
const IDLE: Duration = Duration::from_secs(30);

/// Makes a client.
pub fn client() -> HttpClient {
    let mut connector = HttpConnector::new();
    connector.set_nodelay(true);
    Client::builder(TokioExecutor::new())
        .pool_timer(TokioTimer::new())
        .pool_idle_timeout(IDLE)
        .build(connector)
}

/// Sends a request and reads the whole answer within `limit`.
pub async fn send(
    client: &HttpClient,
    request: Request<Full<Bytes>>,
    limit: Duration,
) -> Result<(StatusCode, hyper::HeaderMap, Bytes)> {
    let target = request.uri().to_string();
    let exchange = async {
        let (head, body) = client.request(request).await?.into_parts();
        anyhow::Ok((head.status, head.headers, body.collect().await?.to_bytes()))
    };
    tokio::time::timeout(limit, exchange)
        .await
        .with_context(|| format!("no answer within {} s from {target}", limit.as_secs()))?
        .with_context(|| format!("no answer from {target}"))
}
