//! The `aggregate` function: set-up, once at the cold start.

use aggregate::{Aggregate, Config};
use anyhow::Context;
use dynamo::Store;
use lambda_runtime::{LambdaEvent, service_fn};
use queue::StandardQueue;
use serde_json::Value;

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    lambda::telemetry::init();
    let config = Config::from_env().context("the function is not configured")?;
    let aws = lambda::aws::config().await;
    let store = Store::connect(&aws, config.tables);
    let shards = StandardQueue::new(&aws, config.shard_queue_url);
    let aggregate = &Aggregate::new(store, shards, config.segments);
    let handler = service_fn(|event: LambdaEvent<Value>| async move {
        let answer = aggregate.handle(event.payload, chrono::Utc::now().into()).await;
        answer.map_err(|error| {
            let error = lambda_runtime::Error::from(error);
            tracing::error!(error = &*error as &dyn std::error::Error, "the invocation failed");
            error
        })
    });
    lambda_runtime::run(handler).await.map_err(anyhow::Error::from_boxed)
}
