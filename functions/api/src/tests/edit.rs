//! Writes as the gateway sends them, and what a refusal of one says.

use domain::{tenant::TenantId, user::UserId};
use serde_json::{Value, json};
use testing::a_tenant;

use super::callers::token;
use super::world::{Answer, NOW, World, at, key, request};

/// A write on its way.
pub(super) struct Edit(pub Value);

/// Begins a write of the first tenant's administrator.
pub(super) fn edit(method: &str, target: &str) -> Edit {
    Edit(request(method, target, Some(&key(&a_tenant(), "admin")), at(NOW)))
}

impl Edit {
    pub fn body(mut self, body: &Value) -> Self {
        self.0["headers"]["content-type"] = json!("application/json");
        self.0["body"] = json!(body.to_string());
        self
    }

    pub fn if_match(mut self, etag: &str) -> Self {
        self.0["headers"]["if-match"] = json!(etag);
        self
    }

    pub fn idempotency_key(mut self, key: &str) -> Self {
        self.0["headers"]["idempotency-key"] = json!(key);
        self
    }

    pub fn seconds_later(mut self, seconds: i64) -> Self {
        self.0["requestContext"]["timeEpoch"] = json!(at(NOW).millis() + 1_000 * seconds);
        self
    }

    pub fn with_key(mut self, tenant: &TenantId, scope: &str) -> Self {
        self.0["headers"]["x-api-key"] = json!(key(tenant, scope));
        self
    }

    /// Sends it as a person instead.
    pub fn by(mut self, user: &UserId) -> Self {
        self.0["headers"].as_object_mut().unwrap().remove("x-api-key");
        self.0["headers"]["authorization"] = json!(format!("Bearer {}", token(user)));
        self
    }

    pub fn at(mut self, now: &str) -> Self {
        self.0["requestContext"]["timeEpoch"] = json!(at(now).millis());
        self
    }

    pub async fn send(self, world: &World) -> Answer {
        world.send(self.0).await
    }
}

impl Answer {
    /// Returns status and code.
    pub fn code(&self) -> (u16, &str) {
        (self.status, self.body["code"].as_str().unwrap_or_default())
    }

    /// Returns field and code of each error.
    pub fn errors(&self) -> Vec<(&str, &str)> {
        let errors = self.body["errors"].as_array().map(Vec::as_slice).unwrap_or_default();
        errors.iter().map(told).collect()
    }

    pub fn etag(&self) -> &str {
        &self.headers["etag"]
    }
}

fn told(error: &Value) -> (&str, &str) {
    (error["field"].as_str().unwrap(), error["code"].as_str().unwrap())
}
