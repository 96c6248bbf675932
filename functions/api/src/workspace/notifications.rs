//! `/v1/notifications`: what the signed-in user was told.
//!
//! Invariant: a user sees and marks only their own.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Path, RawQuery, State},
};
use domain::{
    actor::Actor,
    notification::{Notification, NotificationId, Topic},
    time::Timestamp,
    user::UserId,
};
use lambda::problem::Problem;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{
    body::Page, cursor, error::ApiError, guard::Admitted, query::Query, reads::Reads, words,
};

const LIMIT: u16 = 50;
const MOST: u16 = 250;

/// Something that the user was told.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Notification)]
pub struct NotificationBody {
    /// Its id.
    #[schema(value_type = String, pattern = "^notification_[0-9a-f-]{36}$", example = "notification_019a0b3c-4d5e-7f60-8a1b-2c3d4e5f6071")]
    pub id: NotificationId,
    /// What is told.
    #[schema(schema_with = words::topic)]
    pub topic: Topic,
    /// The id of the lead or job that it is about.
    #[schema(example = "lead_5beiexgvm3fyfbysxs6stwaya4")]
    pub object_id: String,
    /// When it happened.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// When the user marked it as read; `null` while it is unread.
    #[schema(value_type = Option<String>, format = DateTime, required)]
    pub read_at: Option<Timestamp>,
}

/// How notifications are asked for.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct NotificationsQuery {
    /// Only what is unread (`true`), or only what is read (`false`). A page may be short then,
    /// while `next_cursor` goes on.
    pub unread: Option<bool>,
    /// How many a page has at most; 50 by default.
    #[param(minimum = 1, maximum = 250)]
    pub limit: Option<u16>,
    /// Continues after the page whose `next_cursor` it was.
    pub cursor: Option<String>,
}

/// Which notification is asked about.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct NotificationPath {
    /// Its id.
    #[param(
        pattern = "^notification_[0-9a-f-]{36}$",
        example = "notification_019a0b3c-4d5e-7f60-8a1b-2c3d4e5f6071"
    )]
    pub id: String,
}

/// What a cursor holds: the last notification looked at.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Place {
    before: NotificationId,
}

impl From<Notification> for NotificationBody {
    fn from(told: Notification) -> Self {
        let Notification { id, topic, object_id, at, read_at } = told;
        Self { id, topic, object_id, at, read_at }
    }
}

/// Lists the user's notifications
///
/// The latest first. They are kept for 90 days.
#[utoipa::path(
    get,
    path = "/v1/notifications",
    operation_id = "list_notifications",
    tag = "workspace",
    params(NotificationsQuery),
    responses((status = 200, description = "A page of notifications.", body = Page<NotificationBody>))
)]
pub async fn list(
    State(reads): State<Arc<Reads>>,
    admitted: Admitted,
    RawQuery(query): RawQuery,
) -> Result<Json<Page<NotificationBody>>, ApiError> {
    let mut query = Query::parse(query.as_deref(), &["unread", "limit", "cursor"]);
    let unread = query.flag("unread");
    let limit = query.limit(LIMIT, MOST);
    let cursor = query.text("cursor");
    query.finish()?;
    let place: Option<Place> = cursor.as_deref().map(cursor::read).transpose()?;
    let before = place.as_ref().map(|place| &place.before);
    let (user, one_more) = (user(&admitted)?, limit.saturating_add(1));
    let mut told = reads.store.notifications(admitted.tenant(), &user, before, one_more).await?;
    let next_cursor = cursor::cut(&mut told, limit, |last| Place { before: last.id.clone() })?;
    told.retain(|told| unread.is_none_or(|unread| unread == told.read_at.is_none()));
    Ok(Json(Page { data: told.into_iter().map(Into::into).collect(), next_cursor }))
}

/// Marks a notification as read
///
/// Marking it again changes nothing.
#[utoipa::path(
    post,
    path = "/v1/notifications/{id}/read",
    operation_id = "read_notification",
    tag = "workspace",
    params(NotificationPath),
    responses(
        (status = 200, description = "The notification as it is now.", body = NotificationBody),
        (status = 404, description = "The user has no such notification: `notification_not_found`."),
    )
)]
pub async fn read(
    State(reads): State<Arc<Reads>>,
    admitted: Admitted,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Json<NotificationBody>, ApiError> {
    Query::parse(query.as_deref(), &[]).finish()?;
    let (tenant, user) = (admitted.tenant(), user(&admitted)?);
    let id: NotificationId = id.parse().map_err(|_| not_found())?;
    if !reads.store.mark_read(tenant, &user, &id, admitted.now).await? {
        return Err(not_found().into());
    }
    let told = reads.store.notification(tenant, &user, &id).await?;
    Ok(Json(told.ok_or_else(not_found)?.into()))
}

/// Returns the user who is asking: the permission that these routes need is no key's.
fn user(admitted: &Admitted) -> Result<UserId, Problem> {
    match admitted.actor() {
        Actor::User(user) => Ok(user),
        Actor::Key(_) | Actor::System => {
            let message = "only a signed-in person has notifications";
            Err(Problem::forbidden("missing_permission", message))
        }
    }
}

fn not_found() -> Problem {
    Problem::not_found("notification_not_found", "you have no notification with this id")
}
