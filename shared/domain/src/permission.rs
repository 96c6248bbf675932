//! What a caller may be allowed to do. Each route names one of these.

/// Something that a route needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Permission {
    /// Send events.
    Ingest,
    /// Read leads: all, or those that are assigned to the caller.
    LeadsRead,
    /// Read leads across the tenant, whoever they are assigned to.
    AllLeadsRead,
    /// Change leads: all, or those that are assigned to the caller.
    LeadsWrite,
    /// Change many leads at once, merge them and take them apart.
    AllLeadsWrite,
    /// Read rules, rule sets, golden leads and weights.
    RulesRead,
    /// Change and publish them.
    RulesWrite,
    /// Read rollups and what is computed from them.
    AnalyticsRead,
    /// Follow jobs.
    JobsRead,
    /// See the users.
    UsersRead,
    /// Invite and change users.
    UsersWrite,
    /// Make, list and revoke API keys.
    ApiKeys,
    /// Read and change the tenant's settings.
    Settings,
    /// Read the audit log.
    AuditRead,
    /// Read all that is held of a person, and erase people for good.
    Privacy,
    /// What is a signed-in person's own: who they are, their notifications.
    OwnAccount,
}

impl Permission {
    /// Every permission.
    pub const ALL: [Self; 16] = [
        Self::Ingest,
        Self::LeadsRead,
        Self::AllLeadsRead,
        Self::LeadsWrite,
        Self::AllLeadsWrite,
        Self::RulesRead,
        Self::RulesWrite,
        Self::AnalyticsRead,
        Self::JobsRead,
        Self::UsersRead,
        Self::UsersWrite,
        Self::ApiKeys,
        Self::Settings,
        Self::AuditRead,
        Self::Privacy,
        Self::OwnAccount,
    ];

    /// Returns the permission's word, as documentation and refusals name it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ingest => "events:write",
            Self::LeadsRead => "leads:read",
            Self::AllLeadsRead => "leads:read:all",
            Self::LeadsWrite => "leads:write",
            Self::AllLeadsWrite => "leads:write:all",
            Self::RulesRead => "rules:read",
            Self::RulesWrite => "rules:write",
            Self::AnalyticsRead => "analytics:read",
            Self::JobsRead => "jobs:read",
            Self::UsersRead => "users:read",
            Self::UsersWrite => "users:write",
            Self::ApiKeys => "api_keys:write",
            Self::Settings => "settings:write",
            Self::AuditRead => "audit:read",
            Self::Privacy => "privacy",
            Self::OwnAccount => "account",
        }
    }
}
