//! `GET /v1/audit-log`: who changed what, and when.
//!
//! Invariant: an entry tells the names of the fields that were changed, never what they held. No
//! route changes or removes one.

use std::sync::Arc;

use axum::{
    Json,
    extract::{RawQuery, State},
};
use domain::{actor::Actor, audit::AuditEntry, tenant::TenantId, time::Timestamp};
use dynamo::{AuditRange, Store, StoreError};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::{
    body::Page, cursor, error::ApiError, guard::Admitted, query::Query, reads::Reads, words,
};

const LIMIT: u16 = 50;
const MOST: u16 = 250;

/// How many entries one request looks at for a page.
const MOST_SEEN: usize = 1_000;

/// One change.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = AuditEntry)]
pub struct AuditEntryBody {
    /// Names the entry.
    #[schema(example = "019bc186-de00-7000-8000-0242ac120002")]
    pub id: String,
    /// When the change was asked for.
    #[schema(schema_with = words::timestamp)]
    pub at: Timestamp,
    /// Who asked for it: a user's id, an API key's id, or `system`.
    #[schema(value_type = String, example = "user_019a0b3c-4d5e-7f60-8a1b-2c3d4e5f6071")]
    pub actor: Actor,
    /// What was done.
    #[schema(example = "golden_lead.updated")]
    pub action: String,
    /// What kind of thing was changed.
    #[schema(example = "golden_lead")]
    pub object_type: String,
    /// The id of what was changed.
    #[schema(example = "cto_who_asked_for_a_demo")]
    pub object_id: String,
    /// The names of the fields that were given with the change.
    pub fields: Vec<String>,
}

/// How the audit log is asked for.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct AuditQuery {
    /// The earliest instant.
    #[param(value_type = Option<String>, format = DateTime)]
    pub from: Option<Timestamp>,
    /// The latest instant.
    #[param(value_type = Option<String>, format = DateTime)]
    pub to: Option<Timestamp>,
    /// Only changes that this user, this key or `system` asked for.
    #[param(
        value_type = Option<String>,
        pattern = "^(system|key_[0-9a-f]{16}|user_[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})$",
        example = "user_019a0b3c-4d5e-7f60-8a1b-2c3d4e5f6071",
    )]
    pub actor: Option<Actor>,
    /// Only changes of this name.
    #[param(example = "golden_lead.updated")]
    pub action: Option<String>,
    /// Only changes of the thing with this id.
    #[param(example = "cto_who_asked_for_a_demo")]
    pub object: Option<String>,
    /// How many entries a page has at most; 50 by default.
    #[param(minimum = 1, maximum = 250)]
    pub limit: Option<u16>,
    /// Continues after the page whose `next_cursor` it was.
    pub cursor: Option<String>,
}

/// What a cursor holds: the last entry looked at.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Place {
    after: String,
}

/// What an entry must have to be listed.
#[derive(Debug)]
struct Filter {
    range: AuditRange,
    actor: Option<Actor>,
    action: Option<String>,
    object: Option<String>,
}

/// Lists the audit log
///
/// Newest first: every change, with who asked for it and the names of the fields, never what they
/// held. The filters apply within 1,000 entries, so a page may be short while `next_cursor` goes
/// on.
#[utoipa::path(
    get,
    path = "/v1/audit-log",
    operation_id = "list_audit_log",
    tag = "accounts",
    params(AuditQuery),
    responses((status = 200, description = "A page of entries.", body = Page<AuditEntryBody>))
)]
pub async fn list(
    State(reads): State<Arc<Reads>>,
    admitted: Admitted,
    RawQuery(query): RawQuery,
) -> Result<Json<Page<AuditEntryBody>>, ApiError> {
    let known = ["from", "to", "actor", "action", "object", "limit", "cursor"];
    let mut query = Query::parse(query.as_deref(), &known);
    let filter = Filter {
        range: AuditRange {
            from: query.read("from", Timestamp::bound),
            to: query.read("to", Timestamp::bound),
        },
        actor: query.parsed("actor"),
        action: query.text("action"),
        object: query.text("object"),
    };
    let limit = query.limit(LIMIT, MOST);
    let cursor = query.text("cursor");
    query.finish()?;
    let place: Option<Place> = cursor.as_deref().map(cursor::read).transpose()?;
    let after = place.map(|place| place.after.parse()).transpose();
    let after = after.map_err(|_| cursor::invalid())?;
    let (entries, last) = find(&reads.store, admitted.tenant(), &filter, after, limit).await?;
    let next_cursor =
        last.map(|after| cursor::write(&Place { after: after.to_string() })).transpose()?;
    let data = entries.into_iter().map(AuditEntryBody::from).collect();
    Ok(Json(Page { data, next_cursor }))
}

/// Looks for entries, and returns those of a page with the last one looked at if there may be
/// more.
async fn find(
    store: &Store,
    tenant: &TenantId,
    filter: &Filter,
    mut after: Option<Uuid>,
    limit: u16,
) -> Result<(Vec<AuditEntry>, Option<Uuid>), StoreError> {
    let (mut found, mut seen) = (Vec::new(), 0);
    // What is filtered is read by larger pieces; what is not needs one more than the page.
    let piece = if filter.takes_all() { limit.saturating_add(1) } else { MOST };
    let limit = usize::from(limit);
    loop {
        let entries = store.audit_entries(tenant, filter.range, after, piece).await?;
        let is_last = entries.len() < usize::from(piece);
        for entry in entries {
            // Only a full page asks whether there is one more.
            if found.len() == limit {
                return Ok((found, after));
            }
            seen += 1;
            after = entry.id.parse().ok();
            found.extend(filter.takes(&entry).then_some(entry));
        }
        if is_last {
            return Ok((found, None));
        }
        if seen >= MOST_SEEN {
            return Ok((found, after));
        }
    }
}

impl Filter {
    const fn takes_all(&self) -> bool {
        self.actor.is_none() && self.action.is_none() && self.object.is_none()
    }

    fn takes(&self, entry: &AuditEntry) -> bool {
        self.actor.as_ref().is_none_or(|actor| *actor == entry.actor)
            && self.action.as_ref().is_none_or(|action| *action == entry.action)
            && self.object.as_ref().is_none_or(|object| *object == entry.object_id)
    }
}

impl From<AuditEntry> for AuditEntryBody {
    fn from(entry: AuditEntry) -> Self {
        let AuditEntry { id, at, actor, action, object_type, object_id, fields } = entry;
        Self { id, at, actor, action, object_type, object_id, fields }
    }
}
