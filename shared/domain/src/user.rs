//! The people of a tenant: who signs in, and what they are there for.
//!
//! Invariant: a user belongs to one tenant. What a user may do follows from the role alone.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::{naming::is_uuid, permission::Permission};

const PREFIX: &str = "user_";

/// Names one user: `user_` and the UUID by which the user pool knows the person (`sub`).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct UserId(String);

/// Says that a text is no user id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a user id is user_ followed by a UUID in lower case")]
pub struct InvalidUserId;

/// What a user is there for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Does everything.
    Admin,
    /// Leads, rules and analytics; sees the users.
    Manager,
    /// Works the leads that are assigned to them, and sees no others.
    SalesRep,
    /// Reads leads and analytics.
    Analyst,
    /// Reads leads.
    Viewer,
}

impl UserId {
    /// Makes the id of the person that the user pool knows by `sub`.
    pub fn from_subject(sub: &str) -> Result<Self, InvalidUserId> {
        format!("{PREFIX}{sub}").parse()
    }

    /// Returns the id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the UUID by which the user pool knows the person.
    pub fn subject(&self) -> &str {
        self.0.strip_prefix(PREFIX).unwrap_or(&self.0)
    }
}

impl FromStr for UserId {
    type Err = InvalidUserId;

    fn from_str(text: &str) -> Result<Self, InvalidUserId> {
        let uuid = text.strip_prefix(PREFIX).ok_or(InvalidUserId)?;
        if is_uuid(uuid) { Ok(Self(text.to_owned())) } else { Err(InvalidUserId) }
    }
}

impl TryFrom<String> for UserId {
    type Error = InvalidUserId;

    fn try_from(text: String) -> Result<Self, InvalidUserId> {
        text.parse()
    }
}

impl From<UserId> for String {
    fn from(id: UserId) -> Self {
        id.0
    }
}

impl fmt::Display for UserId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Role {
    /// Every role, the mightiest first.
    pub const ALL: [Self; 5] =
        [Self::Admin, Self::Manager, Self::SalesRep, Self::Analyst, Self::Viewer];

    /// Returns the role's word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Admin => "admin",
            Self::Manager => "manager",
            Self::SalesRep => "sales_rep",
            Self::Analyst => "analyst",
            Self::Viewer => "viewer",
        }
    }

    /// Tells whether the role sees only the leads that are assigned to its user.
    pub const fn sees_own_leads_only(self) -> bool {
        matches!(self, Self::SalesRep)
    }

    /// Tells whether a user of this role may do something.
    pub const fn allows(self, permission: Permission) -> bool {
        use Permission as P;
        match self {
            Self::Admin => !matches!(permission, P::Ingest),
            Self::Manager => matches!(
                permission,
                P::LeadsRead
                    | P::AllLeadsRead
                    | P::LeadsWrite
                    | P::AllLeadsWrite
                    | P::RulesRead
                    | P::RulesWrite
                    | P::AnalyticsRead
                    | P::JobsRead
                    | P::UsersRead
                    | P::OwnAccount
            ),
            Self::SalesRep => {
                matches!(permission, P::LeadsRead | P::LeadsWrite | P::OwnAccount)
            }
            Self::Analyst => matches!(
                permission,
                P::LeadsRead | P::AllLeadsRead | P::AnalyticsRead | P::OwnAccount
            ),
            Self::Viewer => matches!(permission, P::LeadsRead | P::AllLeadsRead | P::OwnAccount),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_is_named_by_the_pools_uuid_and_nothing_else() {
        let sub = "019a0b3c-4d5e-7f60-8a1b-2c3d4e5f6071";
        let id = UserId::from_subject(sub).unwrap();
        assert_eq!((id.as_str(), id.subject()), (format!("user_{sub}").as_str(), sub));
        for bad in ["", sub, "user_", "user_019A0b3c-4d5e-7f60-8a1b-2c3d4e5f6071", "user_a#b"] {
            assert_eq!(bad.parse::<UserId>(), Err(InvalidUserId), "{bad}");
        }
    }

    #[test]
    fn a_role_has_the_word_that_it_is_written_by() {
        for role in Role::ALL {
            assert_eq!(serde_json::to_value(role).unwrap(), role.as_str());
        }
    }

    #[test]
    fn no_role_sends_events_and_only_an_admin_does_all_else() {
        use Permission as P;
        use Role::{Admin, Analyst, Manager, SalesRep, Viewer};
        for permission in Permission::ALL {
            let allowed = |role: &&Role| role.allows(permission);
            let roles: Vec<_> = Role::ALL.iter().filter(allowed).copied().collect();
            let expected: &[Role] = match permission {
                P::Ingest => &[],
                P::OwnAccount | P::LeadsRead => &[Admin, Manager, SalesRep, Analyst, Viewer],
                P::AllLeadsRead => &[Admin, Manager, Analyst, Viewer],
                P::LeadsWrite => &[Admin, Manager, SalesRep],
                P::AllLeadsWrite | P::RulesRead | P::RulesWrite | P::JobsRead | P::UsersRead => {
                    &[Admin, Manager]
                }
                P::AnalyticsRead => &[Admin, Manager, Analyst],
                P::UsersWrite | P::ApiKeys | P::Settings | P::AuditRead | P::Privacy => &[Admin],
            };
            assert_eq!(roles, expected, "{permission:?}");
        }
    }
}
