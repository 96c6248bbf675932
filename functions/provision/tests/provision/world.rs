//! The function with a key service and a user pool of the test's own.

use cognito::UserPool;
use domain::{api_key::ApiKeyText, time::Timestamp};
use dynamo::Store;
use founding::{Founder, Fresh};
use provision::Provision;
use serde_json::{Value, json};
use testing::{Accounts, key_service};
use vault::Vault;

/// A key service that remembers its context.
pub fn vault() -> Vault {
    Vault::new(&key_service(), "alias/leadline")
}

/// The function over these tables, with a user pool of nobody.
pub fn over(store: Store) -> Provision {
    with_pool(store, &Accounts::default())
}

pub fn with_pool(store: Store, accounts: &Accounts) -> Provision {
    let pool = UserPool::new(&accounts.config(), "us-east-1_test", "3h7k");
    Provision::new(Founder::new(store, vault()), pool)
}

pub fn now() -> Timestamp {
    "2026-11-20T12:00:00Z".parse().unwrap()
}

pub fn fresh(byte: u8) -> Fresh {
    Fresh {
        installation: [byte; 32],
        tenant: [byte + 1; 32],
        api_keys: [[byte + 2; 20], [byte + 3; 20]],
        invitation: [byte + 4; 16],
    }
}

pub fn create_tenant(tenant: &str) -> Value {
    json!({"operation": "create_tenant", "tenant": tenant, "name": "Demo"})
}

pub async fn answer(provision: &Provision, payload: Value, byte: u8) -> Value {
    let answer = provision.handle(payload, now(), &fresh(byte)).await.unwrap();
    serde_json::to_value(&answer).unwrap()
}

pub fn key(answer: &Value) -> ApiKeyText {
    answer.as_str().unwrap().parse().unwrap()
}
