//! A user pool that answers as Cognito does, as far as Leadline asks it.
//!
//! Invariant: it says no where Cognito says no, also where the local emulator does not: to a short
//! password, a wrong session, an invitation for somebody who has signed in.

mod answers;

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, Mutex, MutexGuard},
};

use aws_config::{BehaviorVersion, Region, SdkConfig, retry::RetryConfig};
use aws_sdk_dynamodb::config::{Credentials, HttpClient, SharedCredentialsProvider};
use aws_smithy_http_client::test_util::infallible_client_fn;
use serde_json::{Value, json};

/// The users of one pool, in memory.
#[derive(Clone, Default)]
pub struct Accounts(Arc<Mutex<Pool>>);

#[derive(Default)]
struct Pool {
    users: BTreeMap<String, User>,
    mails: Vec<(String, String)>,
    calls: Vec<String>,
    refresh_tokens: BTreeMap<String, String>,
    sessions: BTreeMap<String, String>,
    made: u32,
    failing: Option<(&'static str, u16)>,
}

#[derive(Clone, Debug)]
struct User {
    subject: String,
    attributes: BTreeMap<String, String>,
    password: String,
    status: &'static str,
    enabled: bool,
    confirmation: Option<String>,
    reset: Option<String>,
    app_code: Option<String>,
}

/// The password of whoever [`Accounts::has_signed_in`].
pub const PASSWORD: &str = "a password of their own";

/// A refusal: Cognito's code and text.
type No = (&'static str, &'static str);

impl Accounts {
    /// Returns the configuration of a client that talks to this pool.
    pub fn config(&self) -> SdkConfig {
        let pool = self.clone();
        let client = infallible_client_fn(move |request| {
            let target = request.headers()["x-amz-target"].to_str().unwrap();
            let operation = target.rsplit_once('.').unwrap().1.to_owned();
            let body: Value = serde_json::from_slice(request.body().bytes().unwrap()).unwrap();
            let (status, answer) = pool.answer(&operation, &body);
            let response = http::Response::builder().status(status);
            response.body(answer.to_string()).unwrap()
        });
        config_of(client)
    }

    /// Returns the last code that was mailed to an address.
    pub fn last_code(&self, email: &str) -> Option<String> {
        let pool = self.pool();
        let mail = pool.mails.iter().rev().find(|(to, _)| to == email);
        mail.map(|(_, code)| code.clone())
    }

    /// Returns the operations that were asked for, in order.
    pub fn calls(&self) -> Vec<String> {
        self.pool().calls.clone()
    }

    /// Makes a user sign in with the code of an app, too.
    pub fn ask_for_app_code(&self, email: &str, code: &str) {
        self.pool().users.get_mut(email).unwrap().app_code = Some(code.to_owned());
    }

    /// Adds somebody who has signed in before, with a password of their own.
    pub fn has_signed_in(&self, email: &str) {
        let attributes = json!([
            {"Name": "email", "Value": email}, {"Name": "email_verified", "Value": "true"}
        ]);
        let body = json!({"Username": email, "UserAttributes": attributes});
        self.pool().add(&body, PASSWORD.to_owned(), "CONFIRMED");
    }

    /// Fails every call from now on with an error code and a status, or no more.
    pub fn fail_with(&self, failing: Option<(&'static str, u16)>) {
        self.pool().failing = failing;
    }

    /// Returns the subject of a user.
    pub fn subject(&self, email: &str) -> Option<String> {
        self.pool().users.get(email).map(|user| user.subject.clone())
    }

    fn pool(&self) -> MutexGuard<'_, Pool> {
        self.0.lock().unwrap()
    }

    fn answer(&self, operation: &str, body: &Value) -> (u16, Value) {
        let mut pool = self.pool();
        pool.calls.push(operation.to_owned());
        if let Some((code, status)) = pool.failing {
            return (status, json!({"__type": code, "message": "no"}));
        }
        match pool.answer(operation, body) {
            Ok(answer) => (200, answer),
            Err((code, message)) => (400, json!({"__type": code, "message": message})),
        }
    }
}

/// Makes the configuration of a client that asks nobody but this one.
pub(crate) fn config_of(client: impl HttpClient + 'static) -> SdkConfig {
    let credentials = Credentials::new("test", "test", None, None, "test");
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .retry_config(RetryConfig::disabled())
        .http_client(client)
        .build()
}

impl fmt::Debug for Accounts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Accounts(…)")
    }
}
