//! What a caller asks for, and what is wrong with it.
//!
//! Invariant: an operation that was read can be done, as far as its payload alone can tell.

use std::collections::BTreeSet;

use cognito::{EmailAddress, InvalidEmail};
use domain::{api_key::Scope, name::Name, tenant::TenantId};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// An operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Operation {
    CreateTenant { tenant: TenantId, name: Name, admin: Option<Admin> },
    CreateKey { tenant: TenantId, name: Name, scopes: BTreeSet<Scope> },
}

/// The first admin of a tenant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Admin {
    pub email: EmailAddress,
    pub name: Option<Name>,
}

/// Why an operation was not done, for the caller to act on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Refusal {
    /// A stable code.
    pub code: &'static str,
    /// What is wrong, for people.
    pub message: String,
}

#[derive(Deserialize)]
#[serde(tag = "operation", rename_all = "snake_case", deny_unknown_fields)]
enum Payload {
    CreateTenant {
        tenant: String,
        name: String,
        admin_email: Option<String>,
        admin_name: Option<String>,
    },
    CreateKey {
        tenant: String,
        name: String,
        scopes: BTreeSet<Scope>,
    },
}

impl Refusal {
    pub(crate) fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }
}

impl Operation {
    /// Reads a payload.
    pub(crate) fn read(payload: Value) -> Result<Self, Refusal> {
        let payload = serde_json::from_value(payload)
            .map_err(|error| Refusal::new("invalid_payload", error.to_string()))?;
        match payload {
            Payload::CreateTenant { tenant, name, admin_email, admin_name } => {
                Ok(Self::CreateTenant {
                    tenant: read_tenant(&tenant)?,
                    name: read_name(&name)?,
                    admin: read_admin(admin_email.as_deref(), admin_name.as_deref())?,
                })
            }
            Payload::CreateKey { scopes, .. } if scopes.is_empty() => {
                Err(Refusal::new("invalid_scopes", "a key has at least one scope"))
            }
            Payload::CreateKey { tenant, name, scopes } => Ok(Self::CreateKey {
                tenant: read_tenant(&tenant)?,
                name: read_name(&name)?,
                scopes,
            }),
        }
    }
}

fn read_tenant(text: &str) -> Result<TenantId, Refusal> {
    text.parse().map_err(|error: domain::tenant::InvalidTenantId| {
        Refusal::new("invalid_tenant", error.to_string())
    })
}

fn read_name(text: &str) -> Result<Name, Refusal> {
    Name::trimmed(text).map_err(|error| Refusal::new("invalid_name", error.to_string()))
}

fn read_admin(email: Option<&str>, name: Option<&str>) -> Result<Option<Admin>, Refusal> {
    let Some(email) = email else {
        let message = "an admin needs an address to be invited by";
        return if name.is_none() { Ok(None) } else { Err(Refusal::new("invalid_email", message)) };
    };
    let email = email
        .parse()
        .map_err(|error: InvalidEmail| Refusal::new("invalid_email", error.to_string()))?;
    Ok(Some(Admin { email, name: name.map(read_name).transpose()? }))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_key_is_asked_for_with_its_scopes() {
        let payload = json!({
            "operation": "create_key", "tenant": "demo", "name": " CRM ", "scopes": ["read", "ingest"]
        });
        let expected = Operation::CreateKey {
            tenant: "demo".parse().unwrap(),
            name: "CRM".parse().unwrap(),
            scopes: [Scope::Ingest, Scope::Read].into(),
        };
        assert_eq!(Operation::read(payload), Ok(expected));
    }

    #[test]
    fn each_mistake_has_its_code() {
        let tenant =
            |tenant, name| json!({"operation": "create_tenant", "tenant": tenant, "name": name});
        let admin = |given: Value| {
            let mut payload = tenant("demo", "Demo");
            payload.as_object_mut().unwrap().extend(given.as_object().unwrap().clone());
            payload
        };
        let key = |scopes: Value| json!({"operation": "create_key", "tenant": "demo", "name": "CRM", "scopes": scopes});
        for (payload, code) in [
            (json!(null), "invalid_payload"),
            (json!({"operation": "drop_tenant", "tenant": "demo"}), "invalid_payload"),
            (json!({"operation": "create_tenant", "tenant": "demo"}), "invalid_payload"),
            (tenant("Demo!", "Demo"), "invalid_tenant"),
            (tenant("demo", "  "), "invalid_name"),
            (tenant("demo", "a\nb"), "invalid_name"),
            (admin(json!({"admin_email": "ana"})), "invalid_email"),
            (admin(json!({"admin_name": "Ana"})), "invalid_email"),
            (admin(json!({"admin_email": "ana@example.com", "admin_name": " "})), "invalid_name"),
            (key(json!([])), "invalid_scopes"),
            (key(json!(["root"])), "invalid_payload"),
        ] {
            assert_eq!(Operation::read(payload.clone()).unwrap_err().code, code, "{payload}");
        }
    }
}
