//! The AWS SDK's set-up: the one place where clients get their credentials, time limits and TLS.
//!
//! Invariant: nothing is looked for beyond the environment. Lambda gives region and credentials
//! there, and so does a shell (`aws configure export-credentials`); a search through files and
//! metadata services would cost a cold start more than everything else together.
//! `AWS_ENDPOINT_URL` is honoured, so the same binary talks to an emulator.

use std::time::Duration;

use aws_config::{
    BehaviorVersion, SdkConfig,
    environment::{EnvironmentVariableCredentialsProvider, EnvironmentVariableRegionProvider},
    retry::RetryConfig,
    timeout::TimeoutConfig,
};
use aws_runtime::env_config::file::{EnvConfigFileKind, EnvConfigFiles};
use aws_smithy_http_client::{Builder, tls};

/// Every call but the slowest ends well within this; then the next attempt begins.
const ATTEMPT: Duration = Duration::from_secs(3);

/// All attempts of a call together. The three calls that a request makes one after the other stay
/// below the 29 s of the functions behind the gateway, so a stalled service is answered with 503.
const OPERATION: Duration = Duration::from_secs(7);

const CONNECT: Duration = Duration::from_secs(1);

/// Builds the configuration that every client of a function is made from.
pub async fn config() -> SdkConfig {
    let https = Builder::new()
        .tls_provider(tls::Provider::Rustls(tls::rustls_provider::CryptoMode::Ring))
        .build_https();
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(CONNECT)
        .operation_attempt_timeout(ATTEMPT)
        .operation_timeout(OPERATION)
        .build();
    let retries = RetryConfig::standard()
        .with_max_attempts(4)
        .with_initial_backoff(Duration::from_millis(50))
        .with_max_backoff(Duration::from_secs(1));
    aws_config::defaults(BehaviorVersion::latest())
        .region(EnvironmentVariableRegionProvider::new())
        .credentials_provider(EnvironmentVariableCredentialsProvider::new())
        .profile_files(no_files())
        .http_client(https)
        .timeout_config(timeouts)
        .retry_config(retries)
        .load()
        .await
}

/// A file set needs at least one file of each kind; these two are empty.
fn no_files() -> EnvConfigFiles {
    EnvConfigFiles::builder()
        .with_contents(EnvConfigFileKind::Config, "")
        .with_contents(EnvConfigFileKind::Credentials, "")
        .build()
}
