//! Who did something: a signed-in user, a program with an API key, or Leadline itself.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::{api_key::KeyId, user::UserId};

/// Who did something. As text `user_…`, `key_…` or `system`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Actor {
    /// A person who signed in.
    User(UserId),
    /// Who holds an API key.
    Key(KeyId),
    /// Leadline, by the clock or in a job of nobody's.
    System,
}

/// Says that a text names nobody who could act.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an actor is a user id, a key id, or system")]
pub struct InvalidActor;

impl FromStr for Actor {
    type Err = InvalidActor;

    fn from_str(text: &str) -> Result<Self, InvalidActor> {
        if text == "system" {
            return Ok(Self::System);
        }
        let user = text.parse().map(Self::User).map_err(|_| InvalidActor);
        user.or_else(|_| text.parse().map(Self::Key).map_err(|_| InvalidActor))
    }
}

impl TryFrom<String> for Actor {
    type Error = InvalidActor;

    fn try_from(text: String) -> Result<Self, InvalidActor> {
        text.parse()
    }
}

impl From<Actor> for String {
    fn from(actor: Actor) -> Self {
        actor.to_string()
    }
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::User(id) => id.fmt(f),
            Self::Key(id) => id.fmt(f),
            Self::System => f.write_str("system"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_actor_reads_back() {
        for text in ["system", "user_019a0b3c-4d5e-7f60-8a1b-2c3d4e5f6071", "key_0123456789abcdef"]
        {
            assert_eq!(text.parse::<Actor>().unwrap().to_string(), text);
        }
        assert_eq!("root".parse::<Actor>(), Err(InvalidActor));
    }
}
