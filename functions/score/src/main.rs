//! The `score` function: set-up, once at the cold start.

use std::sync::Arc;

use anyhow::Context;
use aws_lambda_events::sqs::SqsEvent;
use dynamo::Store;
use lambda_runtime::{LambdaEvent, service_fn};
use queue::StandardQueue;
use score::{Config, Index, TenantKeyrings};
use scoring::Scorer;
use vault::Vault;

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    lambda::telemetry::init();
    let config = Config::from_env().context("the function is not configured")?;
    let aws = lambda::aws::config().await;
    let store = Store::connect(&aws, config.leads_table, config.events_table);
    let keyrings = TenantKeyrings::new(store.clone(), Vault::new(&aws, config.data_key_id));
    let index = Arc::new(Index::new(store.clone(), keyrings));
    let scorer = Arc::new(Scorer::new(store));
    let failed = Arc::new(StandardQueue::new(&aws, config.failed_queue_url));
    let handler = service_fn(|event: LambdaEvent<SqsEvent>| {
        let scorer = Arc::clone(&scorer);
        let (index, failed) = (Arc::clone(&index), Arc::clone(&failed));
        async move {
            let now = chrono::Utc::now().into();
            let answer = score::handle(&scorer, &*index, &*failed, event.payload, now).await;
            answer.map_err(lambda_runtime::Error::from)
        }
    });
    lambda_runtime::run(handler).await.map_err(anyhow::Error::from_boxed)
}
