//! What people keep beside leads: companies, notes, activities, notifications.

pub mod activities;
pub mod companies;
pub(crate) mod entry;
pub mod notes;
pub mod notifications;

use axum::{
    http::Method,
    routing::{delete, get, patch, post},
};
use domain::permission::Permission;
use utoipa::OpenApi;

use crate::routes::{Route, change, create, read};

/// The routes of this area.
pub const ROUTES: &[Route] = &[
    read(Method::GET, "/v1/companies", Permission::AllLeadsRead, || get(companies::list)),
    create(Method::POST, "/v1/companies", Permission::AllLeadsWrite, "company.created", || {
        post(companies::create)
    }),
    read(Method::GET, "/v1/companies/{id}", Permission::AllLeadsRead, || get(companies::show)),
    change(
        Method::PATCH,
        "/v1/companies/{id}",
        Permission::AllLeadsWrite,
        "company.updated",
        || patch(companies::update),
    ),
    change(
        Method::DELETE,
        "/v1/companies/{id}",
        Permission::AllLeadsWrite,
        "company.deleted",
        || delete(companies::delete),
    ),
    read(Method::GET, "/v1/companies/{id}/leads", Permission::AllLeadsRead, || {
        get(companies::list_leads)
    }),
    read(Method::GET, "/v1/leads/{id}/notes", Permission::LeadsRead, || get(notes::list)),
    create(Method::POST, "/v1/leads/{id}/notes", Permission::LeadsWrite, "note.created", || {
        post(notes::create)
    }),
    read(Method::GET, "/v1/leads/{id}/notes/{note_id}", Permission::LeadsRead, || get(notes::show)),
    change(
        Method::PATCH,
        "/v1/leads/{id}/notes/{note_id}",
        Permission::LeadsWrite,
        "note.updated",
        || patch(notes::update),
    ),
    change(
        Method::DELETE,
        "/v1/leads/{id}/notes/{note_id}",
        Permission::LeadsWrite,
        "note.deleted",
        || delete(notes::delete),
    ),
    read(Method::GET, "/v1/leads/{id}/activities", Permission::LeadsRead, || get(activities::list)),
    create(
        Method::POST,
        "/v1/leads/{id}/activities",
        Permission::LeadsWrite,
        "activity.created",
        || post(activities::create),
    ),
    read(Method::GET, "/v1/leads/{id}/activities/{activity_id}", Permission::LeadsRead, || {
        get(activities::show)
    }),
    change(
        Method::PATCH,
        "/v1/leads/{id}/activities/{activity_id}",
        Permission::LeadsWrite,
        "activity.updated",
        || patch(activities::update),
    ),
    change(
        Method::DELETE,
        "/v1/leads/{id}/activities/{activity_id}",
        Permission::LeadsWrite,
        "activity.deleted",
        || delete(activities::delete),
    ),
    read(Method::GET, "/v1/notifications", Permission::OwnAccount, || get(notifications::list)),
    // Whether somebody has read something is no change of the tenant's data: it is not audited.
    read(Method::POST, "/v1/notifications/{id}/read", Permission::OwnAccount, || {
        post(notifications::read)
    }),
];

/// What the OpenAPI document says of them.
#[derive(OpenApi)]
#[openapi(paths(
    companies::list,
    companies::create,
    companies::show,
    companies::update,
    companies::delete,
    companies::list_leads,
    notes::list,
    notes::create,
    notes::show,
    notes::update,
    notes::delete,
    activities::list,
    activities::create,
    activities::show,
    activities::update,
    activities::delete,
    notifications::list,
    notifications::read,
))]
pub struct Paths;
