//! A caller who is known.
//!
//! Invariant: what a caller may follows from the scopes of the key or the role of the user alone.

use std::sync::Arc;

use domain::{
    actor::Actor,
    api_key::{ApiKey, Scope},
    permission::Permission,
    rate_limit::RateLimits,
    tenant::TenantId,
    user::UserId,
};
use dynamo::Member;
use vault::Keyring;

use crate::problem::Problem;

/// A caller who is known, with what the tenant needs to be served.
#[derive(Clone, Debug)]
pub struct Caller {
    /// Who it is.
    pub who: Who,
    /// The keys of the caller's tenant.
    pub keyring: Arc<Keyring>,
    /// How many requests the tenant's callers may make.
    pub limits: RateLimits,
}

/// A program or a person.
#[derive(Clone, Debug)]
pub enum Who {
    /// A program, by its API key.
    Key(ApiKey),
    /// A person who signed in, by the membership.
    User(Member),
}

impl Caller {
    /// Returns the tenant that the caller speaks for.
    pub const fn tenant(&self) -> &TenantId {
        match &self.who {
            Who::Key(key) => &key.tenant,
            Who::User(member) => &member.tenant,
        }
    }

    /// Returns who it is, as it is written down beside what they do.
    pub fn actor(&self) -> Actor {
        match &self.who {
            Who::Key(key) => Actor::Key(key.id.clone()),
            Who::User(member) => Actor::User(member.id.clone()),
        }
    }

    /// Tells whether the caller may do something.
    pub fn may(&self, permission: Permission) -> bool {
        match &self.who {
            Who::Key(key) => key.may(permission),
            Who::User(member) => member.role.allows(permission),
        }
    }

    /// Answers 403 unless the caller may do what is needed.
    pub fn require(&self, needed: Permission) -> Result<(), Problem> {
        if self.may(needed) {
            return Ok(());
        }
        Err(match &self.who {
            Who::Key(_) => missing_scope(needed),
            Who::User(member) => {
                let (role, needed) = (member.role.as_str(), needed.as_str());
                let message = format!("your role {role} may not do that: {needed} is needed");
                Problem::forbidden("missing_permission", message)
            }
        })
    }

    /// Returns the user whose leads are all that the caller may see; `None` for one who sees all.
    pub const fn own_leads_only(&self) -> Option<&UserId> {
        match &self.who {
            Who::User(member) if member.role.sees_own_leads_only() => Some(&member.id),
            _ => None,
        }
    }
}

fn missing_scope(needed: Permission) -> Problem {
    let mut scopes = [Scope::Ingest, Scope::Read, Scope::Admin].into_iter();
    let message = match scopes.find(|scope| scope.allows(needed)) {
        Some(scope) => format!(
            "this API key may not do that: {} is needed, which the scope {} allows",
            needed.as_str(),
            scope.as_str()
        ),
        None => "only a signed-in person may do that, not an API key".to_owned(),
    };
    Problem::forbidden("missing_scope", message)
}

#[cfg(test)]
mod tests {
    use domain::{event::Sealed, time::Timestamp, user::Role};

    use super::*;

    fn caller(who: Who) -> Caller {
        let tenant: TenantId = "acme".parse().unwrap();
        let keyring = Arc::new(Keyring::new(tenant, [1; 32], [2; 32]));
        Caller { who, keyring, limits: RateLimits::default() }
    }

    fn user(role: Role) -> Caller {
        let id = "user_019a0b3c-4d5e-7f60-8a1b-2c3d4e5f6071".parse().unwrap();
        let at = Timestamp::from_millis(0).unwrap();
        let email = Sealed(String::new());
        let member = Member::invited("acme".parse().unwrap(), id, role, email, Actor::System, at);
        caller(Who::User(member))
    }

    fn key(scope: Scope) -> Caller {
        let id = "key_0123456789abcdef".parse().unwrap();
        let (tenant, name) = ("acme".parse().unwrap(), "web".to_owned());
        caller(Who::Key(ApiKey { id, tenant, name, scopes: [scope].into() }))
    }

    #[test]
    fn every_role_and_scope_may_what_it_allows_and_is_refused_the_rest() {
        for needed in Permission::ALL {
            for role in Role::ALL {
                let (caller, allowed) = (user(role), role.allows(needed));
                let refused = caller.require(needed).err().map(|problem| problem.code());
                assert_eq!(refused, (!allowed).then_some("missing_permission"), "{needed:?}");
                assert_eq!(caller.may(needed), allowed);
            }
            for scope in [Scope::Ingest, Scope::Read, Scope::Admin] {
                let (caller, allowed) = (key(scope), scope.allows(needed));
                let refused = caller.require(needed).err().map(|problem| problem.code());
                assert_eq!(refused, (!allowed).then_some("missing_scope"), "{needed:?}");
            }
        }
        let refused = key(Scope::Ingest).require(Permission::LeadsRead).unwrap_err();
        assert!(refused.message().ends_with("leads:read is needed, which the scope read allows"));
    }

    #[test]
    fn only_a_sales_rep_sees_no_more_than_their_own_leads() {
        for role in Role::ALL {
            let caller = user(role);
            let expected = (role == Role::SalesRep).then(|| caller.actor().to_string());
            assert_eq!(caller.own_leads_only().map(ToString::to_string), expected, "{role:?}");
        }
        assert_eq!(key(Scope::Admin).own_leads_only(), None);
        assert_eq!(key(Scope::Admin).actor().to_string(), "key_0123456789abcdef");
    }
}
