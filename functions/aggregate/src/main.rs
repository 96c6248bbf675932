//! The `aggregate` function: set-up, once at the cold start.

use std::sync::Arc;

use aggregate::{Aggregate, Clock, Config};
use anyhow::Context;
use dynamo::Store;
use files::Bucket;
use lambda::budget::Budget;
use lambda::keyrings::TenantKeyrings;
use lambda_runtime::{LambdaEvent, service_fn};
use queue::StandardQueue;
use serde_json::Value;
use shelf::Shelf;
use vault::Vault;

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    lambda::telemetry::init();
    let config = Config::from_env().context("the function is not configured")?;
    let aws = lambda::aws::config().await;
    let store = Store::connect(&aws, config.tables);
    let shards = StandardQueue::new(&aws, config.shard_queue_url);
    let keyrings = TenantKeyrings::new(store.clone(), Vault::new(&aws, config.data_key_id));
    let files = Arc::new(Bucket::new(&aws, config.files_bucket));
    let shelf = Shelf::new(store, Bucket::new(&aws, config.archive_bucket));
    let aggregate = &Aggregate::new(shelf, shards, keyrings, files, config.segments);
    let handler = service_fn(|event: LambdaEvent<Value>| async move {
        let budget = Budget::until(event.context.deadline());
        let clock = Clock::from_now(chrono::Utc::now().into());
        let answer = aggregate.handle(event.payload, clock, budget).await;
        answer.map_err(|error| {
            let error = lambda_runtime::Error::from(error);
            tracing::error!(error = lambda::telemetry::told(&*error), "the invocation failed");
            error
        })
    });
    lambda_runtime::run(handler).await.map_err(anyhow::Error::from_boxed)
}
