//! How an activity looks in requests and answers.

use domain::{
    actor::Actor,
    entry::{Activity, ActivityType, Entry, EntryId},
    time::Timestamp,
};
use lambda::problem::Problem;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use vault::SealError;

use crate::{
    input::given,
    words,
    workspace::entry::{Opening, Writing, check_text},
};

/// An activity with a lead.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Activity)]
pub struct ActivityBody {
    /// Its id.
    #[schema(value_type = String, pattern = "^activity_[0-9a-f-]{36}$", example = "activity_019a0b3c-4d5e-7f60-8a1b-2c3d4e5f6071")]
    pub id: EntryId,
    /// What sort of activity it is.
    #[serde(rename = "type")]
    #[schema(schema_with = words::activity_type)]
    pub activity_type: ActivityType,
    /// What it is about; `null` when the words cannot be opened any more.
    #[schema(required, example = "Ask about the budget")]
    pub subject: Option<String>,
    /// When it is to be done.
    #[schema(value_type = Option<String>, format = DateTime, required)]
    pub due_at: Option<Timestamp>,
    /// When it was done; `null` while it is open.
    #[schema(value_type = Option<String>, format = DateTime, required)]
    pub done_at: Option<Timestamp>,
    /// Who wrote it down: a user or a key.
    #[schema(value_type = String, example = "user_019a0b3c-4d5e-7f60-8a1b-2c3d4e5f6071")]
    pub by: Actor,
    /// When it was written down.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    /// When it was last changed; `null` when it never was.
    #[schema(value_type = Option<String>, format = DateTime, required)]
    pub updated_at: Option<Timestamp>,
}

/// An activity to write down.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"type": "call", "subject": "Ask about the budget", "due_at": "2026-12-01T09:00:00Z"}))]
pub struct ActivityInput {
    /// What sort of activity it is.
    #[serde(rename = "type")]
    #[schema(schema_with = words::activity_type)]
    activity_type: ActivityType,
    /// What it is about.
    #[schema(min_length = 1, max_length = 5_000)]
    subject: String,
    /// When it is to be done.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = DateTime)]
    due_at: Option<Timestamp>,
    /// When it was done.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = DateTime)]
    done_at: Option<Timestamp>,
}

/// What is to change about an activity. What is left out stays.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"done_at": "2026-12-01T09:20:00Z"}))]
#[expect(clippy::option_option, reason = "left out, taken away and given are three things")]
pub struct ActivityChange {
    /// What sort of activity it is.
    #[serde(rename = "type", default, deserialize_with = "given")]
    #[schema(schema_with = words::activity_type)]
    activity_type: Option<ActivityType>,
    /// What it is about.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = String, min_length = 1, max_length = 5_000)]
    subject: Option<String>,
    /// When it is to be done; `null` for no time.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>, format = DateTime)]
    due_at: Option<Option<Timestamp>>,
    /// When it was done; `null` opens it again.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>, format = DateTime)]
    done_at: Option<Option<Timestamp>>,
}

impl ActivityBody {
    /// Shows an activity as it is kept.
    pub(crate) fn of(opening: &Opening<'_>, entry: Entry<Activity>) -> Self {
        let subject = opening.words(&entry, &entry.content.subject);
        let Entry { id, by, created_at, updated_at, content, .. } = entry;
        let Activity { activity_type, due_at, done_at, .. } = content;
        Self { id, activity_type, subject, due_at, done_at, by, created_at, updated_at }
    }
}

impl ActivityInput {
    /// Answers 422 unless it can be kept.
    pub(super) fn check(&self) -> Result<(), Problem> {
        check_text("subject", &self.subject)
    }

    /// Seals what is to be kept.
    pub(super) fn content(&self, writing: &Writing<'_>) -> Result<Activity, SealError> {
        Ok(Activity {
            activity_type: self.activity_type,
            subject: writing.seal(&self.subject)?,
            due_at: self.due_at,
            done_at: self.done_at,
        })
    }
}

impl ActivityChange {
    /// Answers 422 unless it can be kept.
    pub(super) fn check(&self) -> Result<(), Problem> {
        self.subject.as_ref().map_or(Ok(()), |subject| check_text("subject", subject))
    }

    /// Returns what is to be kept, given what was.
    pub(super) fn applied(
        &self,
        writing: &Writing<'_>,
        was: &Activity,
    ) -> Result<Activity, SealError> {
        Ok(Activity {
            activity_type: self.activity_type.unwrap_or(was.activity_type),
            subject: match &self.subject {
                Some(subject) => writing.seal_over(&was.subject, subject)?,
                None => was.subject.clone(),
            },
            due_at: self.due_at.unwrap_or(was.due_at),
            done_at: self.done_at.unwrap_or(was.done_at),
        })
    }
}
