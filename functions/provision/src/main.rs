//! The `provision` function: set-up, once at the cold start.

use anyhow::Context;
use cognito::UserPool;
use dynamo::Store;
use founding::{Founder, Fresh};
use lambda_runtime::{LambdaEvent, service_fn};
use provision::{Config, Provision};
use serde_json::Value;
use vault::Vault;

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    lambda::telemetry::init();
    let config = Config::from_env().context("the function is not configured")?;
    let aws = lambda::aws::config().await;
    let store = Store::connect(&aws, config.tables);
    let founder = Founder::new(store, Vault::new(&aws, config.data_key_id));
    let pool = UserPool::new(&aws, config.user_pool_id, config.cognito_client_id);
    let provision = &Provision::new(founder, pool);
    let handler = service_fn(|event: LambdaEvent<Value>| async move {
        let fresh = Fresh::from_system()?;
        let answer = provision.handle(event.payload, chrono::Utc::now().into(), &fresh).await;
        answer.map_err(|error| {
            let error = lambda_runtime::Error::from(error);
            tracing::error!(error = lambda::telemetry::told(&*error), "nothing was made");
            error
        })
    });
    lambda_runtime::run(handler).await.map_err(anyhow::Error::from_boxed)
}
