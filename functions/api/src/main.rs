//! The `api` function: set-up, once at the cold start.

use std::sync::Arc;

use anyhow::Context;
use api::{
    accounts::auth::{AccessTokens, Accounts, Attempts},
    adapters::Adapters,
    config::Config,
    gateway,
    routes::router,
};
use cognito::{TokenVerifier, UserPool};
use dynamo::Store;
use files::Bucket;
use founding::Founder;
use lambda::auth::{Authenticator, Directory};
use lambda_http::Adapter;
use queue::StandardQueue;
use shelf::Shelf;
use tower::ServiceExt;
use vault::Vault;

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    lambda::telemetry::init();
    let config = Config::from_env().context("the function is not configured")?;
    let aws = lambda::aws::config().await;
    let store = Store::connect(&aws, config.tables);
    let vault = || Vault::new(&aws, config.data_key_id.clone());
    let client = config.cognito_client_id;
    let tokens = TokenVerifier::new(config.cognito_jwks_url, config.cognito_issuer, client.clone());
    let auth = Authenticator::new(Directory::new(store.clone(), vault()))
        .with_tokens(Arc::new(AccessTokens::new(tokens)));
    let pool = UserPool::new(&aws, config.user_pool_id, client);
    let accounts = Accounts {
        pool: pool.clone(),
        founder: Founder::new(store.clone(), vault()),
        is_open: config.open_sign_up,
        attempts: Attempts::default(),
    };
    let adapters = Adapters {
        jobs: Arc::new(StandardQueue::new(&aws, config.job_queue_url)),
        bulk: Arc::new(StandardQueue::new(&aws, config.bulk_queue_url)),
        files: Arc::new(Bucket::new(&aws, config.files_bucket)),
        pool: Arc::new(pool),
        accounts: Arc::new(accounts),
    };
    let shelf = Shelf::new(store, Bucket::new(&aws, config.archive_bucket));
    let service = Adapter::from(router(auth, shelf, adapters)).map_request(gateway::read);
    lambda_http::lambda_runtime::run(service).await.map_err(anyhow::Error::from_boxed)
}
