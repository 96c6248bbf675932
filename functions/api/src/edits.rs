//! What people change about one lead by hand: creation, changes, deletion, restoration.
//!
//! Invariant: a change is one event of the lead's fold, written together with its entry in the
//! audit log, and only over what the caller has seen. Repeated with the same `Idempotency-Key`, a
//! creation makes the same lead; a change that was made is refused as stale when it is repeated,
//! because it has changed the `ETag`.

pub mod body;
mod change;
pub mod consents;
pub mod create;
pub(crate) mod fields;
mod index;
pub mod remove;
pub mod update;

use axum::{
    http::Method,
    routing::{delete, get, patch, post, put},
};
use domain::permission::Permission;
use utoipa::OpenApi;

pub(crate) use self::change::{Wanted, change, failed};
use crate::routes::{self, Route};

/// The routes of this area.
pub const ROUTES: &[Route] = &[
    routes::create(Method::POST, "/v1/leads", Permission::LeadsWrite, "lead.created", || {
        post(create::create)
    }),
    routes::change(Method::PATCH, "/v1/leads/{id}", Permission::LeadsWrite, "lead.updated", || {
        patch(update::update)
    }),
    routes::change(Method::PUT, "/v1/leads/{id}", Permission::LeadsWrite, "lead.replaced", || {
        put(update::replace)
    }),
    routes::change(
        Method::DELETE,
        "/v1/leads/{id}",
        Permission::LeadsWrite,
        "lead.deleted",
        || delete(remove::delete),
    ),
    routes::change(
        Method::POST,
        "/v1/leads/{id}/restore",
        Permission::LeadsWrite,
        "lead.restored",
        || post(remove::restore),
    ),
    routes::read(Method::GET, "/v1/leads/{id}/consents", Permission::LeadsRead, || {
        get(consents::show)
    }),
    routes::change(
        Method::PUT,
        "/v1/leads/{id}/consents/{purpose}",
        Permission::LeadsWrite,
        "lead.consent_changed",
        || put(consents::set),
    ),
];

/// What the OpenAPI document says of them.
#[derive(OpenApi)]
#[openapi(paths(
    create::create,
    update::update,
    update::replace,
    remove::delete,
    remove::restore,
    consents::show,
    consents::set,
))]
pub struct Paths;
