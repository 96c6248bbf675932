//! Users as they are sent and shown.
//!
//! Invariant: a personal value is opened only to be answered to a caller of its own tenant.

use cognito::EmailAddress;
use domain::{
    actor::Actor,
    name::Name,
    time::Timestamp,
    user::{Role, UserId},
};
use dynamo::{EMAIL_FIELD, Member, MemberStatus, NAME_FIELD};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use vault::{Keyring, SealError};

use crate::{
    accounts::{name, words as own},
    input::given,
    words,
};

/// A user.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = User)]
pub struct UserBody {
    /// Its id.
    #[schema(schema_with = words::user_id)]
    pub id: UserId,
    /// The address that the user signs in with.
    #[schema(schema_with = own::email)]
    pub email: String,
    /// What people call the user.
    #[schema(required, example = "Ana de Souza")]
    pub name: Option<String>,
    /// What the user is there for.
    #[schema(schema_with = own::role)]
    pub role: Role,
    /// Whether the user may do anything at all.
    pub active: bool,
    /// Whether the user has signed in yet.
    #[schema(schema_with = own::member_status)]
    pub status: MemberStatus,
    /// Who invited the user: a user, an API key, or `system`.
    #[schema(schema_with = own::actor)]
    pub invited_by: Actor,
    /// When the user was invited.
    #[schema(schema_with = words::timestamp)]
    pub created_at: Timestamp,
    /// When the user was first seen on the last day on which they were; `null` before they first
    /// sign in.
    #[schema(schema_with = words::optional_timestamp, required)]
    pub last_seen_at: Option<Timestamp>,
}

/// Whom to invite.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = UserInvitation, example = json!({
    "email": "ana@example.com",
    "role": "sales_rep",
    "name": "Ana de Souza",
}))]
pub struct InviteUser {
    /// The address to sign in with, at which the invitation arrives.
    #[schema(schema_with = own::email)]
    pub email: EmailAddress,
    /// What the user is there for.
    #[schema(schema_with = own::role)]
    pub role: Role,
    /// What people call the user.
    #[serde(default)]
    #[schema(schema_with = name::optional_schema, required = false)]
    pub name: Option<Name>,
}

/// A user who was invited, and how they get in.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct InvitedUser {
    /// The user.
    pub user: UserBody,
    /// The code that accepts the invitation, which was mailed, too. It is shown this once. `null`
    /// when this very request was made before and the person has accepted since.
    #[schema(required, example = "0z01-1234-zy9a-bjkm")]
    pub invitation_code: Option<String>,
    /// Until when the code works.
    #[schema(schema_with = words::optional_timestamp, required)]
    pub expires_at: Option<Timestamp>,
}

/// What is to change, as a JSON merge patch (RFC 7396): what is left out stays as it is.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = UserPatch, example = json!({ "role": "manager", "active": true }))]
pub struct PatchUser {
    /// What the user is there for.
    #[serde(default, deserialize_with = "given")]
    #[schema(schema_with = own::role, required = false)]
    pub role: Option<Role>,
    /// What people call the user; `null` for nothing.
    #[serde(default, deserialize_with = "given")]
    #[schema(schema_with = name::optional_schema, required = false)]
    pub name: Option<Option<Name>>,
    /// Whether the user may do anything at all.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = bool, required = false)]
    pub active: Option<bool>,
}

impl UserBody {
    /// Shows a member.
    pub fn open(member: &Member, keyring: &Keyring) -> Result<Self, SealError> {
        let id = member.id.as_str();
        let name = member.name.as_ref();
        Ok(Self {
            email: email(member, keyring)?,
            name: name.map(|name| keyring.open_value(id, NAME_FIELD, name)).transpose()?,
            id: member.id.clone(),
            role: member.role,
            active: member.active,
            status: member.status,
            invited_by: member.invited_by.clone(),
            created_at: member.created_at,
            last_seen_at: member.last_seen_at,
        })
    }
}

impl PatchUser {
    /// Returns the member as they will be.
    pub fn apply(&self, read: &Member, keyring: &Keyring) -> Result<Member, SealError> {
        let mut next = read.clone();
        if let Some(role) = self.role {
            next.role = role;
        }
        if let Some(active) = self.active {
            next.active = active;
        }
        if let Some(name) = &self.name {
            let seal =
                |name: &Name| keyring.seal_value(read.id.as_str(), NAME_FIELD, name.as_str());
            next.name = name.as_ref().map(seal).transpose()?;
        }
        Ok(next)
    }
}

/// Opens a member's address.
pub fn email(member: &Member, keyring: &Keyring) -> Result<String, SealError> {
    keyring.open_value(member.id.as_str(), EMAIL_FIELD, &member.email)
}

/// Names the fields that differ.
pub fn changed(read: &Member, next: &Member) -> Vec<String> {
    let all = [
        ("role", read.role != next.role),
        ("name", read.name != next.name),
        ("active", read.active != next.active),
    ];
    all.into_iter().filter(|(_, differs)| *differs).map(|(name, _)| name.to_owned()).collect()
}
