//! A caller who was let in, and what a handler may ask of one.
//!
//! Invariant: what is written down about a change is who made it, when and to what, never what was
//! there before or after.

use std::sync::Arc;

use axum::{extract::FromRequestParts, http::request::Parts};
use domain::{
    actor::Actor, audit::AuditEntry, permission::Permission, tenant::TenantId, time::Timestamp,
    user::UserId,
};
use dynamo::{Store, audit_id};
use lambda::{auth::Caller, problem::Problem};
use vault::Keyring;

use super::{Change, Creation};
use crate::error::ApiError;

/// A caller who was let in, and the instant of the request.
#[derive(Clone, Debug)]
pub struct Admitted {
    caller: Arc<Caller>,
    action: &'static str,
    creation: Creation,
    /// When the gateway received the request.
    pub now: Timestamp,
}

impl Admitted {
    /// Takes who was let in, and what the audit log calls the change that the route makes.
    pub(super) fn new(caller: Caller, action: &'static str, creation: Creation) -> Self {
        let now = creation.at;
        Self { caller: Arc::new(caller), action, creation, now }
    }

    /// Makes what is to be made as the first one who sent this request began it.
    pub(super) fn creating(&self, creation: Creation) -> Self {
        Self { creation, ..self.clone() }
    }

    /// Returns who is calling.
    pub fn caller(&self) -> &Caller {
        &self.caller
    }

    /// Returns the tenant that the caller speaks for.
    pub fn tenant(&self) -> &TenantId {
        self.caller.tenant()
    }

    /// Returns the keys that open the tenant's personal values.
    pub fn keyring(&self) -> &Keyring {
        &self.caller.keyring
    }

    /// Returns who makes a change.
    pub fn actor(&self) -> Actor {
        self.caller.actor()
    }

    /// Tells whether the caller may do something beside what the route needs.
    pub fn may(&self, permission: Permission) -> bool {
        self.caller.may(permission)
    }

    /// Returns the caller who sees only the leads that are assigned to them.
    pub fn own_leads_only(&self) -> Option<&UserId> {
        self.caller.own_leads_only()
    }

    /// Returns when and by what chance a thing is made: the same for every repetition of a request
    /// with an `Idempotency-Key`.
    pub const fn creation(&self) -> Creation {
        self.creation
    }

    /// Writes down the change that the route makes, by the names of the fields alone.
    pub fn audit(
        &self,
        object_type: &str,
        object_id: &str,
        fields: impl IntoIterator<Item = String>,
    ) -> AuditEntry {
        AuditEntry {
            // A repetition writes its own entry, and only if it is the one that makes the change.
            id: audit_id(self.now),
            at: self.now,
            actor: self.actor(),
            action: self.action.to_owned(),
            object_type: object_type.to_owned(),
            object_id: object_id.to_owned(),
            fields: fields.into_iter().collect(),
        }
    }

    /// Returns the same tables by a handle whose next write is written down together with it.
    pub fn recording(
        &self,
        store: &Store,
        object_type: &str,
        object_id: &str,
        fields: impl IntoIterator<Item = String>,
    ) -> Store {
        store.recording(self.tenant(), self.audit(object_type, object_id, fields))
    }

    /// Does the same for a change that was described.
    pub fn recording_change(&self, store: &Store, change: Change) -> Store {
        let Change { object_type, object_id, fields } = change;
        self.recording(store, object_type, &object_id, fields)
    }
}

impl<S: Sync> FromRequestParts<S> for Admitted {
    type Rejection = ApiError;

    /// Fails only on a route that the table declares public: nobody was asked who they are there.
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        let admitted = parts.extensions.get().cloned();
        admitted
            .ok_or_else(|| Problem::forbidden("missing_permission", "nobody may do this").into())
    }
}
