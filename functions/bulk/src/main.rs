//! The `bulk` function: set-up, once at the cold start.

use std::sync::Arc;

use anyhow::Context;
use bulk::{Bulk, Config, Needs};
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
    let needs = Needs {
        parts: StandardQueue::new(&aws, config.bulk_queue_url),
        keyrings: TenantKeyrings::new(store.clone(), Vault::new(&aws, config.data_key_id)),
        files: Arc::new(Bucket::new(&aws, config.files_bucket)),
        writer_timeout: config.writer_timeout,
    };
    let shelf = Shelf::new(store, Bucket::new(&aws, config.archive_bucket));
    let bulk = &Bulk::new(shelf, needs);
    let handler = service_fn(|event: LambdaEvent<Value>| async move {
        let budget = Budget::until(event.context.deadline());
        let answer = bulk.handle(event.payload, chrono::Utc::now().into(), budget).await;
        answer.map_err(|error| {
            let error = lambda_runtime::Error::from(error);
            tracing::error!(error = lambda::telemetry::told(&*error), "the invocation failed");
            error
        })
    });
    lambda_runtime::run(handler).await.map_err(anyhow::Error::from_boxed)
}
