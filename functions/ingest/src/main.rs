//! The `ingest` function: set-up, once at the cold start.

use std::sync::Arc;

use anyhow::Context;
use dynamo::Store;
use ingest::{Config, Ingest, Queues, callers::Callers, gateway::Request};
use lambda::auth::Directory;
use lambda_runtime::{LambdaEvent, service_fn};
use queue::{EventsQueue, StandardQueue};
use uuid::Uuid;
use vault::Vault;

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    lambda::telemetry::init();
    let config = Config::from_env().context("the function is not configured")?;
    let aws = lambda::aws::config().await;
    let store = Store::connect(&aws, config.tables);
    let directory = Directory::new(store.clone(), Vault::new(&aws, config.data_key_id));
    let queues = Queues {
        events: EventsQueue::new(&aws, config.events_queue_url),
        failed: StandardQueue::new(&aws, config.failed_queue_url),
    };
    let ingest = Arc::new(Ingest::new(Callers::new(directory, store), queues, Uuid::now_v7));
    let handler = service_fn(|event: LambdaEvent<Request>| {
        let ingest = Arc::clone(&ingest);
        // Boxed, because the types of nested futures get too deep for the compiler otherwise.
        Box::pin(async move {
            let now = chrono::Utc::now().into();
            Ok::<_, std::convert::Infallible>(ingest.handle(&event.payload, now).await)
        })
    });
    lambda_runtime::run(handler).await.map_err(anyhow::Error::from_boxed)
}
