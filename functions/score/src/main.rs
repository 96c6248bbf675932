//! The `score` function: set-up, once at the cold start.

use std::sync::Arc;

use anyhow::Context;
use aws_lambda_events::sqs::SqsEvent;
use dynamo::Store;
use lambda_runtime::{LambdaEvent, service_fn};
use queue::StandardQueue;
use score::Config;
use scoring::Scorer;

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    lambda::telemetry::init();
    let config = Config::from_env().context("the function is not configured")?;
    let aws = lambda::aws::config().await;
    let store = Store::connect(&aws, config.leads_table, config.events_table);
    let scorer = Arc::new(Scorer::new(store));
    let failed = Arc::new(StandardQueue::new(&aws, config.failed_queue_url));
    let handler = service_fn(|event: LambdaEvent<SqsEvent>| {
        let (scorer, failed) = (Arc::clone(&scorer), Arc::clone(&failed));
        async move {
            let now = chrono::Utc::now().into();
            let answer = score::handle(&scorer, &*failed, event.payload, now).await;
            answer.map_err(lambda_runtime::Error::from)
        }
    });
    lambda_runtime::run(handler).await.map_err(anyhow::Error::from_boxed)
}
