//! Fetching the pool's public keys.
//!
//! Invariant: nothing is set up before the first fetch, and none takes more than two seconds.

use std::{sync::OnceLock, time::Duration};

use aws_smithy_http_client::{Connector, tls};
use aws_smithy_runtime_api::client::{
    http::{HttpConnector, HttpConnectorSettings},
    orchestrator::HttpRequest,
};
use http_body_util::{BodyExt, Limited};
use jsonwebtoken::DecodingKey;
use serde::Deserialize;
use tokio::time::timeout;

/// Connecting, asking and reading together.
const LIMIT: Duration = Duration::from_secs(2);

/// A pool has two keys, of half a kilobyte each.
const MAX_BYTES: usize = 64 * 1024;

/// Where the keys are.
#[derive(Debug)]
pub(crate) struct Source {
    url: String,
    connector: OnceLock<Connector>,
}

/// Says why no keys came.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// It was tried a few seconds ago and failed; nobody was asked.
    #[error("the keys could not be had a few seconds ago")]
    JustFailed,
    /// Nobody answered in time.
    #[error("no answer within {} s", LIMIT.as_secs())]
    Timeout,
    /// The request failed on its way.
    #[error("the request failed")]
    Request(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The answer was another than 200.
    #[error("the answer was {0}")]
    Status(u16),
    /// The answer is no set of keys.
    #[error("the answer is not readable")]
    Unreadable(#[source] serde_json::Error),
    /// The answer holds no key that can sign.
    #[error("there is no RSA key among the keys")]
    Empty,
}

#[derive(Deserialize)]
struct KeySet {
    keys: Vec<Key>,
}

/// A key of the set; of another type than RSA it has no modulus.
#[derive(Deserialize)]
struct Key {
    kid: Option<String>,
    kty: String,
    n: Option<String>,
    e: Option<String>,
}

impl Source {
    pub fn new(url: impl Into<String>) -> Self {
        Self { url: url.into(), connector: OnceLock::new() }
    }

    /// Asks for the keys, by their ids.
    pub async fn keys(&self) -> Result<Vec<(String, DecodingKey)>, FetchError> {
        let body = timeout(LIMIT, self.body()).await.map_err(|_| FetchError::Timeout)??;
        let set: KeySet = serde_json::from_slice(&body).map_err(FetchError::Unreadable)?;
        let keys: Vec<_> = set.keys.into_iter().filter_map(usable).collect();
        if keys.is_empty() { Err(FetchError::Empty) } else { Ok(keys) }
    }

    async fn body(&self) -> Result<Vec<u8>, FetchError> {
        let request =
            HttpRequest::get(self.url.as_str()).map_err(|e| FetchError::Request(e.into()))?;
        let answer = self.connector().call(request).await;
        let answer = answer.map_err(|error| FetchError::Request(error.into()))?;
        if answer.status().as_u16() != 200 {
            return Err(FetchError::Status(answer.status().as_u16()));
        }
        let body = Limited::new(answer.into_body(), MAX_BYTES).collect().await;
        Ok(body.map_err(FetchError::Request)?.to_bytes().into())
    }

    fn connector(&self) -> &Connector {
        self.connector.get_or_init(|| {
            let settings = HttpConnectorSettings::builder().connect_timeout(LIMIT).build();
            Connector::builder()
                .connector_settings(settings)
                .tls_provider(tls::Provider::Rustls(tls::rustls_provider::CryptoMode::Ring))
                .build()
        })
    }
}

/// Takes an RSA key; others are passed over, because only RS256 is verified.
fn usable(key: Key) -> Option<(String, DecodingKey)> {
    if key.kty != "RSA" {
        return None;
    }
    let rsa = DecodingKey::from_rsa_components(&key.n?, &key.e?).ok()?;
    Some((key.kid?, rsa))
}
