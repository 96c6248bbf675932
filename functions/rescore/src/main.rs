//! The `rescore` function: set-up, once at the cold start.

use anyhow::Context;
use dynamo::Store;
use files::Bucket;
use lambda::budget::Budget;
use lambda_runtime::{LambdaEvent, service_fn};
use queue::StandardQueue;
use rescore::{Config, Rescore};
use serde_json::Value;
use shelf::Shelf;

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    lambda::telemetry::init();
    let config = Config::from_env().context("the function is not configured")?;
    let aws = lambda::aws::config().await;
    let store = Store::connect(&aws, config.tables);
    let parts = StandardQueue::new(&aws, config.job_queue_url);
    let shelf = Shelf::new(store, Bucket::new(&aws, config.archive_bucket));
    let rescore = &Rescore::new(shelf, parts, config.writer_timeout);
    let handler = service_fn(|event: LambdaEvent<Value>| async move {
        let budget = Budget::until(event.context.deadline());
        let answer = rescore.handle(event.payload, chrono::Utc::now().into(), budget).await;
        answer.map_err(|error| {
            let error = lambda_runtime::Error::from(error);
            tracing::error!(error = lambda::telemetry::told(&*error), "the invocation failed");
            error
        })
    });
    lambda_runtime::run(handler).await.map_err(anyhow::Error::from_boxed)
}
