//! The `api` function: set-up, once at the cold start.

use std::sync::Arc;

use anyhow::Context;
use api::{config::Config, gateway, routes::router};
use dynamo::Store;
use lambda::auth::{Authenticator, Directory};
use lambda_http::Adapter;
use queue::StandardQueue;
use tower::ServiceExt;
use vault::Vault;

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    lambda::telemetry::init();
    let config = Config::from_env().context("the function is not configured")?;
    let aws = lambda::aws::config().await;
    let store = Store::connect(&aws, config.leads_table, config.events_table);
    let vault = Vault::new(&aws, config.data_key_id);
    let auth = Authenticator::new(Directory::new(store.clone(), vault));
    let jobs = Arc::new(StandardQueue::new(&aws, config.job_queue_url));
    let service = Adapter::from(router(auth, store, jobs)).map_request(gateway::read);
    lambda_http::lambda_runtime::run(service).await.map_err(anyhow::Error::from_boxed)
}
