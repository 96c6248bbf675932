//! How a lead's person is shown.

use domain::{actor::Actor, identity::Kind, time::Timestamp};
use intake::person::SetByHand;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::words;

/// One identity that names the person.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Identity)]
pub struct IdentityBody {
    /// What sort of name it is, strongest first in lists.
    #[schema(schema_with = words::kind)]
    pub kind: Kind,
    /// The name.
    #[schema(example = "ana@example.com")]
    pub value: String,
}

/// A field that somebody set by hand.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = EditedField)]
pub struct EditedFieldBody {
    /// What it was set to, which the profile shows.
    #[schema(schema_with = words::any_value)]
    pub value: Value,
    /// What events and imports declare, which the profile shows again once the field is released;
    /// `null` when they declare nothing.
    #[schema(schema_with = words::any_value)]
    pub declared: Value,
    /// When it was set.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// Who set it: a user, a key, or `system`.
    #[schema(value_type = String, example = "user_019a0b3c-4d5e-7f60-8a1b-2c3d4e5f6071")]
    pub by: Actor,
}

impl From<(Kind, String)> for IdentityBody {
    fn from((kind, value): (Kind, String)) -> Self {
        Self { kind, value }
    }
}

impl From<SetByHand> for EditedFieldBody {
    fn from(set: SetByHand) -> Self {
        let SetByHand { value, declared, at, by } = set;
        Self { value, declared, at, by }
    }
}
