//! The `archive` function: set-up, once at the cold start.

use anyhow::Context;
use archive::{Archive, Config};
use files::Bucket;
use lambda::budget::Budget;
use lambda_runtime::{LambdaEvent, service_fn};
use queue::StandardQueue;
use serde_json::Value;

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    lambda::telemetry::init();
    let config = Config::from_env().context("the function is not configured")?;
    let aws = lambda::aws::config().await;
    let bucket = Bucket::new(&aws, config.archive_bucket);
    let works = StandardQueue::new(&aws, config.archive_queue_url);
    let archive = &Archive::new(bucket, works, config.group_bytes);
    let handler = service_fn(|event: LambdaEvent<Value>| async move {
        let budget = Budget::until(event.context.deadline());
        archive.handle(event.payload, budget).await.map_err(|error| {
            let error = lambda_runtime::Error::from(error);
            tracing::error!(error = lambda::telemetry::told(&*error), "the invocation failed");
            error
        })
    });
    lambda_runtime::run(handler).await.map_err(anyhow::Error::from_boxed)
}
