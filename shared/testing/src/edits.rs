//! Edits of leads, as people make them by hand.

use std::collections::BTreeMap;

use domain::{
    actor::Actor,
    edit::{Choice, Edit},
    event::{Arrival, Event},
    identity::Kind,
    lead::Status,
    segment::Segment,
    user::UserId,
};
use serde_json::Value;

use crate::{
    events::{EventBuilder, an_event},
    keys::keyring,
};

/// Returns the user that tests make edits as.
pub fn a_user() -> UserId {
    "user_019a0b3c-4d5e-7f60-8a1b-2c3d4e5f6071".parse().expect("a user id")
}

/// Builds an edit: by default of the lead of user `u1` at noon of 2026-01-01, that says nothing.
#[derive(Clone, Debug)]
pub struct EditBuilder {
    event: EventBuilder,
    edit: Edit,
    edited: BTreeMap<String, String>,
}

/// Begins an edit whose event has that id.
pub fn an_edit(id: impl Into<String>) -> EditBuilder {
    let edit = Edit::by(Actor::User(a_user()));
    EditBuilder { event: an_event(id), edit, edited: BTreeMap::new() }
}

impl EditBuilder {
    /// Says who makes it.
    #[must_use]
    pub fn made_by(mut self, actor: Actor) -> Self {
        self.edit.by = actor;
        self
    }

    /// Makes it an edit of the home of an identity.
    #[must_use]
    pub fn of(mut self, kind: Kind, value: &str) -> Self {
        self.event = self.event.by(kind, value);
        self
    }

    /// Moves it by that many days.
    #[must_use]
    pub fn days_later(mut self, days: i64) -> Self {
        self.event = self.event.days_later(days);
        self
    }

    /// Moves it by that many seconds.
    #[must_use]
    pub fn seconds_later(mut self, seconds: i64) -> Self {
        self.event = self.event.seconds_later(seconds);
        self
    }

    /// Declares something about the person, as a line of an imported file does.
    #[must_use]
    pub fn declaring(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.event = self.event.declaring(name, value);
        self
    }

    /// Sets a field.
    #[must_use]
    pub fn setting(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.edit.set.insert(name.to_owned(), value.into());
        self
    }

    /// Sets a field to a personal value.
    #[must_use]
    pub fn sealing(mut self, name: &str, value: &str) -> Self {
        self.edit.set_sealed.insert(name.to_owned());
        self.edited.insert(name.to_owned(), value.to_owned());
        self
    }

    /// Has a field show again what events declare.
    #[must_use]
    pub fn releasing(mut self, name: &str) -> Self {
        self.edit.released.insert(name.to_owned());
        self
    }

    /// Says how far sales has come.
    #[must_use]
    pub const fn with_status(mut self, status: Status) -> Self {
        self.edit.status = Some(status);
        self
    }

    /// Says who works the lead; `None` is nobody.
    #[must_use]
    pub fn assigned_to(mut self, user: Option<UserId>) -> Self {
        self.edit.assigned_to = Some(Choice::from(user));
        self
    }

    /// Chooses the segment that is shown; `None` is what the behaviour says.
    #[must_use]
    pub fn in_segment(mut self, segment: Option<Segment>) -> Self {
        self.edit.segment = Some(Choice::from(segment));
        self
    }

    /// Deletes the lead, or restores it.
    #[must_use]
    pub const fn deleting(mut self, deleted: bool) -> Self {
        self.edit.deleted = Some(deleted);
        self
    }

    /// Returns the edit as it is scored.
    pub fn arrival(self) -> Arrival {
        let (arrival, keyring) = (self.event.editing(self.edit).arrival(), keyring());
        let home = arrival.event.home.id;
        let sealed = |(name, value): (&String, &String)| {
            let sealed = keyring.seal_for_transit(home, name, value);
            (name.clone(), sealed.expect("a value that can be sealed"))
        };
        Arrival { edited: self.edited.iter().map(sealed).collect(), ..arrival }
    }

    /// Returns the event alone.
    pub fn event(self) -> Event {
        self.arrival().event
    }
}
