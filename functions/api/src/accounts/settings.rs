//! `/v1/settings`: what a tenant sets for all.
//!
//! Invariant: settings are changed only as they were read. How people are told apart is fixed when
//! a tenant is made: another way would give every lead another family.

use std::sync::Arc;

use axum::{
    Json,
    extract::{RawQuery, State},
    response::{IntoResponse, Response},
};
use domain::{name::Name, rate_limit::RateLimits, retention::Retention};
use dynamo::TenantSettings;
use lambda::problem::Problem;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{conflict, invalid_field, name, words as own};
use crate::{
    error::ApiError,
    guard::{Admitted, Change},
    input::{Input, given},
    query::Query,
    reads::Reads,
    revision::{self, ATTEMPTS, IfMatch},
};

/// What a tenant sets for all.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Settings)]
pub struct SettingsBody {
    /// What people call the tenant.
    #[schema(example = "Acme")]
    name: String,
    /// Whether two people with the same email address are one. Fixed when the tenant is made.
    join_by_email: bool,
    /// How many requests a minute are served.
    rate_limits: RateLimitsBody,
    /// For how long people are kept.
    retention: RetentionBody,
}

/// For how long people are kept. The nightly run sees to it.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[schema(as = Retention)]
pub struct RetentionBody {
    /// After how many days without an event or an edit a lead is made anonymous that consents to
    /// nothing; 90 by default, `null` is never. Its personal data is erased for good, as by
    /// `DELETE /v1/leads/{id}`; what it did stays in the statistics.
    #[schema(schema_with = own::retention_days, required)]
    anonymise_after_days: Option<u32>,
    /// After how many days without an event or an edit a lead is moved to the archive; 365 by
    /// default, `null` is never. It is still listed, with its score, and comes back by itself.
    #[schema(schema_with = own::retention_days, required)]
    archive_after_days: Option<u32>,
}

/// How many requests a minute are served.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = RateLimits)]
pub struct RateLimitsBody {
    /// Of each person who is signed in; 100 by default.
    #[schema(schema_with = own::rate_limit)]
    people: u32,
    /// Of each API key, but for events; 1,000 by default.
    #[schema(schema_with = own::rate_limit)]
    api_keys: u32,
    /// Of each API key that sends events; 60,000 by default. One request may bring many.
    #[schema(schema_with = own::rate_limit)]
    ingest: u32,
}

/// What is to change, as a JSON merge patch (RFC 7396): what is left out stays as it is.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = SettingsPatch, example = json!({
    "rate_limits": { "people": 200 },
    "retention": { "anonymise_after_days": 180 },
}))]
pub struct PatchSettings {
    /// What people call the tenant.
    #[serde(default, deserialize_with = "given")]
    #[schema(schema_with = name::schema, required = false)]
    name: Option<Name>,
    /// May be repeated, but not changed.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = bool, required = false)]
    join_by_email: Option<bool>,
    /// How many requests a minute are served.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = PatchRateLimits, required = false)]
    rate_limits: Option<PatchRateLimits>,
    /// For how long people are kept.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = PatchRetention, required = false)]
    retention: Option<PatchRetention>,
}

/// What is to change of how long people are kept.
#[expect(clippy::option_option, reason = "left out, taken away and given are three things")]
#[derive(Clone, Copy, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = RetentionPatch)]
pub struct PatchRetention {
    /// After how many days a silent lead without consent is made anonymous; `null` is never.
    #[serde(default, deserialize_with = "given")]
    #[schema(schema_with = own::retention_days, required = false)]
    anonymise_after_days: Option<Option<u32>>,
    /// After how many days a silent lead is moved to the archive; `null` is never.
    #[serde(default, deserialize_with = "given")]
    #[schema(schema_with = own::retention_days, required = false)]
    archive_after_days: Option<Option<u32>>,
}

/// Limits to change.
#[derive(Clone, Copy, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = RateLimitsPatch)]
pub struct PatchRateLimits {
    /// Of each person who is signed in.
    #[serde(default, deserialize_with = "given")]
    #[schema(schema_with = own::rate_limit, required = false)]
    people: Option<u32>,
    /// Of each API key, but for events.
    #[serde(default, deserialize_with = "given")]
    #[schema(schema_with = own::rate_limit, required = false)]
    api_keys: Option<u32>,
    /// Of each API key that sends events.
    #[serde(default, deserialize_with = "given")]
    #[schema(schema_with = own::rate_limit, required = false)]
    ingest: Option<u32>,
}

impl From<&TenantSettings> for SettingsBody {
    fn from(settings: &TenantSettings) -> Self {
        let RateLimits { people, api_keys, ingest } = settings.rate_limits;
        let Retention { anonymise_after_days, archive_after_days } = settings.retention;
        Self {
            name: settings.name.clone(),
            join_by_email: settings.identity.join_by_email,
            rate_limits: RateLimitsBody { people, api_keys, ingest },
            retention: RetentionBody { anonymise_after_days, archive_after_days },
        }
    }
}

impl PatchSettings {
    /// Returns the settings as they will be, or a 409 or 422.
    fn apply(&self, read: &TenantSettings) -> Result<TenantSettings, Problem> {
        if self.join_by_email.is_some_and(|join| join != read.identity.join_by_email) {
            let message = "join_by_email is fixed when a tenant is made: it decides which leads \
                           there are";
            return Err(conflict("setting_is_fixed", message));
        }
        let mut next = read.clone();
        if let Some(name) = &self.name {
            name.as_str().clone_into(&mut next.name);
        }
        if let Some(patch) = &self.rate_limits {
            next.rate_limits = patch.apply(read.rate_limits)?;
        }
        if let Some(patch) = &self.retention {
            next.retention = patch.apply(read.retention)?;
        }
        Ok(next)
    }
}

impl PatchRateLimits {
    fn apply(self, read: RateLimits) -> Result<RateLimits, Problem> {
        let next = RateLimits {
            people: self.people.unwrap_or(read.people),
            api_keys: self.api_keys.unwrap_or(read.api_keys),
            ingest: self.ingest.unwrap_or(read.ingest),
        };
        next.check().map_err(|error| invalid_field("rate_limits", &error.to_string()))?;
        Ok(next)
    }
}

impl PatchRetention {
    fn apply(self, read: Retention) -> Result<Retention, Problem> {
        let next = Retention {
            anonymise_after_days: self.anonymise_after_days.unwrap_or(read.anonymise_after_days),
            archive_after_days: self.archive_after_days.unwrap_or(read.archive_after_days),
        };
        next.check().map_err(|error| invalid_field("retention", &error.to_string()))?;
        Ok(next)
    }
}

/// Shows the settings
#[utoipa::path(
    get,
    path = "/v1/settings",
    operation_id = "show_settings",
    tag = "accounts",
    responses(
        (
            status = 200,
            description = "The settings.",
            body = SettingsBody,
            headers(("ETag" = String, description = "Their revision.")),
        ),
    )
)]
pub async fn show(
    State(reads): State<Arc<Reads>>,
    admitted: Admitted,
    RawQuery(query): RawQuery,
) -> Result<Response, ApiError> {
    Query::parse(query.as_deref(), &[]).finish()?;
    Ok(shown(&find(&reads, &admitted).await?))
}

/// Changes the settings
///
/// Limits count within a minute. Retention counts from the next nightly run on; what it erases
/// does not come back.
#[utoipa::path(
    patch,
    path = "/v1/settings",
    operation_id = "update_settings",
    tag = "accounts",
    params(("If-Match" = String, Header, description = "The settings' ETag as they were read; `*` is any.")),
    request_body(content = PatchSettings, content_type = "application/json"),
    responses(
        (
            status = 200,
            description = "The settings as they are now.",
            body = SettingsBody,
            headers(("ETag" = String, description = "Their revision.")),
        ),
        (status = 409, description = "`join_by_email` cannot be changed: `setting_is_fixed`."),
        (status = 412, description = "They have changed: `precondition_failed`."),
    )
)]
pub async fn update(
    State(reads): State<Arc<Reads>>,
    admitted: Admitted,
    if_match: IfMatch,
    RawQuery(query): RawQuery,
    Input(body): Input<PatchSettings>,
) -> Result<Response, ApiError> {
    Query::parse(query.as_deref(), &[]).finish()?;
    if_match.require_present()?;
    let tenant = admitted.tenant();
    for _ in 0..ATTEMPTS {
        let read = find(&reads, &admitted).await?;
        if_match.require(&revision::etag(read.version))?;
        let next = body.apply(&read)?;
        if next == read {
            return Ok(shown(&read));
        }
        let sides = (SettingsBody::from(&read), SettingsBody::from(&next));
        let change = Change::of("settings", tenant.as_str(), Some(&sides.0), Some(&sides.1))?;
        let store = admitted.recording_change(&reads.store, change);
        if store.put_tenant_settings(tenant, &read, &next).await? {
            return Ok(shown(&TenantSettings { version: read.version.saturating_add(1), ..next }));
        }
    }
    Err(revision::contended().into())
}

async fn find(reads: &Reads, admitted: &Admitted) -> Result<TenantSettings, ApiError> {
    let settings = reads.store.tenant_settings(admitted.tenant()).await?;
    settings.ok_or_else(|| Problem::not_found("tenant_not_found", "the tenant is gone").into())
}

fn shown(settings: &TenantSettings) -> Response {
    let etag = revision::header(revision::etag(settings.version));
    (etag, Json(SettingsBody::from(settings))).into_response()
}
