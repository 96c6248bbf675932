//! Notifications: what a user is told.
//!
//! Invariant: a notification names things by their ids and holds no personal value. What happens
//! once is told once: its id follows from what happened and whom it is told.

use std::{fmt, str::FromStr};

use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::{
    actor::Actor, edit::Choice, event::Event, home::HomeId, naming::is_uuid, time::Timestamp,
    user::UserId,
};

const PREFIX: &str = "notification_";

/// For how many days a notification is kept.
pub const KEPT_DAYS: i64 = 90;

/// Names one notification: `notification_` and a UUID of version 7, so that ids sort by time.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct NotificationId(String);

/// Says that a text names no notification.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a notification id is notification_ followed by a UUID in lower case")]
pub struct InvalidNotificationId;

/// What is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Topic {
    /// Somebody assigned a lead to the user, or many by a job.
    LeadAssigned,
    /// A job that the user asked for is done.
    JobDone,
    /// A job that the user asked for failed.
    JobFailed,
}

/// Something that a user is told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notification {
    /// Names it.
    pub id: NotificationId,
    /// What is told.
    pub topic: Topic,
    /// The id of what it is about: a lead or a job.
    pub object_id: String,
    /// When it happened.
    pub at: Timestamp,
    /// When the user marked it as read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub read_at: Option<Timestamp>,
}

impl Topic {
    /// Every topic.
    pub const ALL: [Self; 3] = [Self::LeadAssigned, Self::JobDone, Self::JobFailed];

    /// Returns the topic's word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::LeadAssigned => "lead_assigned",
            Self::JobDone => "job_done",
            Self::JobFailed => "job_failed",
        }
    }
}

impl Notification {
    /// Tells a user of what happened at an instant. `cause` tells it from everything else of the
    /// same topic that happened to the same object, as the id of an event does.
    pub fn new(user: &UserId, topic: Topic, object_id: &str, cause: &str, at: Timestamp) -> Self {
        let digest = [user.as_str(), topic.as_str(), object_id, cause]
            .into_iter()
            .fold(Sha256::new(), |digest, part| digest.chain_update(part).chain_update([0]))
            .finalize();
        let id = NotificationId::of(at, &digest);
        Self { id, topic, object_id: object_id.to_owned(), at, read_at: None }
    }

    /// Tells the user to whom an edit gives a lead, unless they take it themselves; `None` when it
    /// gives it to nobody else.
    pub fn of_assignment(event: &Event, lead: HomeId) -> Option<(UserId, Self)> {
        let edit = event.edit.as_deref()?;
        let user = edit.assigned_to.as_ref().and_then(Choice::chosen)?;
        if edit.by == Actor::User(user.clone()) {
            return None;
        }
        let (lead, cause) = (lead.to_string(), event.event_id.as_str());
        let told = Self::new(&user, Topic::LeadAssigned, &lead, cause, event.timestamp);
        Some((user, told))
    }
}

impl NotificationId {
    /// Writes a UUID of version 7 (RFC 9562): 48 bits of time, the rest from a digest.
    fn of(at: Timestamp, digest: &[u8]) -> Self {
        let time = format!("{:012x}", at.millis().max(0) & 0xffff_ffff_ffff);
        let (high, low) = time.split_at(8);
        let rest = HEXLOWER.encode(digest.get(..10).unwrap_or(digest));
        let part = |from: usize, to: usize| rest.get(from..to).unwrap_or_default();
        Self(format!("{PREFIX}{high}-{low}-7{}-8{}-{}", part(0, 3), part(3, 6), part(6, 18)))
    }

    /// Returns the id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for NotificationId {
    type Err = InvalidNotificationId;

    fn from_str(text: &str) -> Result<Self, InvalidNotificationId> {
        let uuid = text.strip_prefix(PREFIX).ok_or(InvalidNotificationId)?;
        if is_uuid(uuid) { Ok(Self(text.to_owned())) } else { Err(InvalidNotificationId) }
    }
}

impl TryFrom<String> for NotificationId {
    type Error = InvalidNotificationId;

    fn try_from(text: String) -> Result<Self, InvalidNotificationId> {
        text.parse()
    }
}

impl From<NotificationId> for String {
    fn from(id: NotificationId) -> Self {
        id.0
    }
}

impl fmt::Display for NotificationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_happens_once_is_told_once_and_ids_sort_by_time() {
        let user: UserId = "user_019a0b3c-4d5e-7f60-8a1b-2c3d4e5f6071".parse().unwrap();
        let at = |millis: i64| Timestamp::from_millis(1_760_000_000_000 + millis).unwrap();
        let of =
            |topic, cause, millis| Notification::new(&user, topic, "lead_a", cause, at(millis)).id;
        let told = |cause, millis| of(Topic::LeadAssigned, cause, millis);
        assert_eq!(told("e1", 0), told("e1", 0));
        assert_ne!(told("e1", 0), told("e2", 0));
        assert_ne!(told("e1", 0), of(Topic::JobDone, "e1", 0));
        assert!(told("e9", 0) < told("e1", 1));
        assert_eq!(told("e1", 0).as_str().parse(), Ok(told("e1", 0)));
        for bad in ["", "notification_", "note_019a0b3c-4d5e-7f60-8a1b-2c3d4e5f6071"] {
            assert_eq!(bad.parse::<NotificationId>(), Err(InvalidNotificationId), "{bad}");
        }
    }

    #[test]
    fn a_topic_is_written_as_its_word() {
        for topic in Topic::ALL {
            assert_eq!(serde_json::to_value(topic).unwrap(), topic.as_str());
        }
    }
}
