//! People and programs of a tenant: signing in, users, API keys, settings, the audit log.

pub mod api_keys;
pub mod audit_log;
pub mod auth;
pub mod me;
mod name;
pub mod pool;
pub mod settings;
pub mod users;
mod words;

use axum::{
    http::{Method, StatusCode},
    routing::{delete, get, patch, post},
};
use domain::permission::Permission;
use lambda::problem::Problem;
use utoipa::OpenApi;

use crate::routes::{Route, change, create, public, read};

/// The routes of this area.
pub const ROUTES: &[Route] = &[
    public(Method::POST, "/v1/auth/sign-up", || post(auth::sign_up::sign_up)),
    public(Method::POST, "/v1/auth/confirm", || post(auth::sign_up::confirm)),
    public(Method::POST, "/v1/auth/confirm/resend", || post(auth::sign_up::resend)),
    public(Method::POST, "/v1/auth/sign-in", || post(auth::session::sign_in)),
    public(Method::POST, "/v1/auth/challenge", || post(auth::session::challenge)),
    public(Method::POST, "/v1/auth/refresh", || post(auth::session::refresh)),
    public(Method::POST, "/v1/auth/sign-out", || post(auth::session::sign_out)),
    public(Method::POST, "/v1/auth/forgot-password", || post(auth::password::forgot)),
    public(Method::POST, "/v1/auth/reset-password", || post(auth::password::reset)),
    read(Method::GET, "/v1/me", Permission::OwnAccount, || get(me::show)),
    read(Method::GET, "/v1/users", Permission::UsersRead, || get(users::list)),
    create(Method::POST, "/v1/users", Permission::UsersWrite, "user.invited", || {
        post(users::invite)
    }),
    read(Method::GET, "/v1/users/{id}", Permission::UsersRead, || get(users::show)),
    change(Method::PATCH, "/v1/users/{id}", Permission::UsersWrite, "user.updated", || {
        patch(users::update)
    }),
    change(Method::DELETE, "/v1/users/{id}", Permission::UsersWrite, "user.deleted", || {
        delete(users::remove)
    }),
    read(Method::GET, "/v1/api-keys", Permission::ApiKeys, || get(api_keys::list)),
    create(Method::POST, "/v1/api-keys", Permission::ApiKeys, "api_key.created", || {
        post(api_keys::create)
    }),
    change(Method::DELETE, "/v1/api-keys/{id}", Permission::ApiKeys, "api_key.revoked", || {
        delete(api_keys::revoke)
    }),
    read(Method::GET, "/v1/settings", Permission::Settings, || get(settings::show)),
    change(Method::PATCH, "/v1/settings", Permission::Settings, "settings.updated", || {
        patch(settings::update)
    }),
    read(Method::GET, "/v1/audit-log", Permission::AuditRead, || get(audit_log::list)),
];

/// What the OpenAPI document says of them.
#[derive(OpenApi)]
#[openapi(paths(
    auth::sign_up::sign_up,
    auth::sign_up::confirm,
    auth::sign_up::resend,
    auth::session::sign_in,
    auth::session::challenge,
    auth::session::refresh,
    auth::session::sign_out,
    auth::password::forgot,
    auth::password::reset,
    me::show,
    users::list,
    users::invite,
    users::show,
    users::update,
    users::remove,
    api_keys::list,
    api_keys::create,
    api_keys::revoke,
    settings::show,
    settings::update,
    audit_log::list,
))]
pub struct Paths;

/// 409: what is there already stands against it.
fn conflict(code: &'static str, message: &str) -> Problem {
    Problem::new(StatusCode::CONFLICT, code, message)
}

/// 422: a field of the body has a value that it cannot have.
fn invalid_field(field: &'static str, message: &str) -> Problem {
    let summary = format!("the body cannot be taken: {field}: {message}");
    Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid_body", summary).with_error(
        field,
        "invalid_value",
        message,
    )
}
