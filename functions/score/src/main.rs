//! The `score` function: set-up, once at the cold start.

use std::sync::Arc;

use anyhow::Context;
use aws_lambda_events::sqs::SqsEvent;
use dynamo::Store;
use files::Bucket;
use lambda::keyrings::TenantKeyrings;
use lambda_runtime::{LambdaEvent, service_fn};
use queue::StandardQueue;
use score::{Config, Needs};
use scoring::Scorer;
use search::Indexer;
use shelf::Shelf;
use vault::Vault;

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    lambda::telemetry::init();
    let config = Config::from_env().context("the function is not configured")?;
    let aws = lambda::aws::config().await;
    let store = Store::connect(&aws, config.tables);
    let keyrings = TenantKeyrings::new(store.clone(), Vault::new(&aws, config.data_key_id));
    let keyrings = Arc::new(keyrings);
    let shelf = Shelf::new(store.clone(), Bucket::new(&aws, config.archive_bucket));
    let (finder, scorer) = (Arc::new(Indexer::new(store)), Arc::new(Scorer::new(shelf)));
    let failed = Arc::new(StandardQueue::new(&aws, config.failed_queue_url));
    let handler = service_fn(|event: LambdaEvent<SqsEvent>| {
        let (scorer, keyrings) = (Arc::clone(&scorer), Arc::clone(&keyrings));
        let (finder, failed) = (Arc::clone(&finder), Arc::clone(&failed));
        async move {
            let needs =
                Needs { scorer: &scorer, keyrings: &*keyrings, finder: &*finder, strays: &*failed };
            let now = chrono::Utc::now().into();
            let answer = score::handle(&needs, event.payload, now).await;
            answer.map_err(lambda_runtime::Error::from)
        }
    });
    lambda_runtime::run(handler).await.map_err(anyhow::Error::from_boxed)
}
