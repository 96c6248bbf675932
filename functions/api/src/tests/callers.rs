//! Who may call in the tests: keys of every scope, users of every role, and a user pool in memory.

use std::sync::{Arc, Mutex};

use cognito::{EmailAddress, InvitationCode, Person, PoolError, Refusal};
use data_encoding::BASE64URL_NOPAD;
use domain::{
    actor::Actor,
    api_key::{ApiKey, ApiKeyText, Scope},
    rate_limit::RateLimits,
    tenant::TenantId,
    time::Timestamp,
    user::{Role, UserId},
};
use dynamo::{EMAIL_FIELD, Member, MemberStatus, Store, StoredApiKey};
use lambda::auth::{Caller, CallerDirectory, Checking, FindError, TokenCheck, TokenError, Who};
use vault::Keyring;

use super::world::{NOW, at, other_tenant};
use crate::accounts::pool::{Calling, UserPool};

pub(super) fn keyring(tenant: &TenantId) -> Keyring {
    Keyring::new(tenant.clone(), [7; 32], [2; 32])
}

/// Returns the key of a tenant for one scope: `read`, `ingest` or `admin`.
pub(super) fn key(tenant: &TenantId, scope: &str) -> String {
    format!("llk_{tenant}_{scope:0<20}")
}

/// Returns the key that the tables hold, of the first tenant.
pub(super) fn stored_key() -> ApiKeyText {
    key(&testing::a_tenant(), "stored").parse().unwrap()
}

/// Returns the user of a tenant with a role.
pub(super) fn user(tenant: &TenantId, role: Role) -> UserId {
    let tens = if *tenant == other_tenant() { 2 } else { 1 };
    let place = Role::ALL.iter().position(|each| *each == role).unwrap();
    numbered(10 * tens + place)
}

fn numbered(number: usize) -> UserId {
    format!("user_019a0b3c-4d5e-7f60-8a1b-0000000000{number:02}").parse().unwrap()
}

/// Returns the address of a user.
pub(super) fn email(tenant: &TenantId, role: Role) -> String {
    format!("{}@{tenant}.example.com", role.as_str().replace('_', "."))
}

/// Returns a token of a user.
pub(super) fn token(user: &UserId) -> String {
    format!("e30.{}.c2ln", BASE64URL_NOPAD.encode(user.as_str().as_bytes()))
}

/// Makes the member of a tenant with a role, who has signed in.
pub(super) fn member(tenant: &TenantId, role: Role) -> Member {
    let id = user(tenant, role);
    let sealed = keyring(tenant).seal_value(id.as_str(), EMAIL_FIELD, &email(tenant, role));
    let invited =
        Member::invited(tenant.clone(), id, role, sealed.unwrap(), Actor::System, at(NOW));
    Member { status: MemberStatus::Active, last_seen_at: Some(at(NOW)), ..invited }
}

/// Adds users of every role and a key to the first tenant, and an admin to the other one.
pub(super) async fn add_to(store: &Store) {
    let acme = testing::a_tenant();
    let ours = Role::ALL.map(|role| member(&acme, role));
    for member in ours.iter().chain([&member(&other_tenant(), Role::Admin)]) {
        assert!(store.create_member(member).await.unwrap());
    }
    let hash = stored_key().hash();
    let (id, name) = (hash.id(), "stored".to_owned());
    let key = ApiKey { id, tenant: acme, name, scopes: [Scope::Read].into() };
    store.create_api_key(&hash, &StoredApiKey::new(key, at(NOW), Actor::System)).await.unwrap();
}

/// Knows the keys that [`key`] makes, those in the tables, and the users in the tables.
pub(super) struct Directory(pub Store);

impl Directory {
    /// Takes the tenant's limits once somebody set them; before, there are none to speak of.
    async fn caller(&self, who: Who, tenant: &TenantId) -> Option<Caller> {
        let settings = self.0.tenant_settings(tenant).await.unwrap();
        let most = RateLimits { people: 1_000_000, api_keys: 1_000_000, ingest: 1_000_000 };
        let limits = settings.filter(|settings| settings.version > 0);
        let limits = limits.map_or(most, |settings| settings.rate_limits);
        Some(Caller { who, keyring: Arc::new(keyring(tenant)), limits })
    }
}

impl CallerDirectory for Directory {
    async fn find(&self, text: &ApiKeyText, _: Timestamp) -> Result<Option<Caller>, FindError> {
        let tenant = text.tenant();
        let scopes = [("ingest", Scope::Ingest), ("read", Scope::Read), ("admin", Scope::Admin)];
        let known = scopes.into_iter().find(|(scope, _)| text.reveal() == key(tenant, scope));
        let known = known.map(|(name, scope)| ApiKey {
            id: text.hash().id(),
            tenant: tenant.clone(),
            name: name.to_owned(),
            scopes: [scope].into(),
        });
        let found = match known {
            Some(key) => Some(key),
            None => self.0.api_key(tenant, &text.hash()).await.unwrap().map(|it| it.stored.key),
        };
        match found {
            Some(key) => Ok(self.caller(Who::Key(key), tenant).await),
            None => Ok(None),
        }
    }

    async fn find_user(&self, user: &UserId, _: Timestamp) -> Result<Option<Caller>, FindError> {
        let Some(tenant) = self.0.tenant_of_user(user).await.unwrap() else { return Ok(None) };
        let member = self.0.member(&tenant, user).await.unwrap();
        match member.filter(|member| member.active) {
            Some(member) => Ok(self.caller(Who::User(member), &tenant).await),
            None => Ok(None),
        }
    }
}

/// Takes the tokens that [`token`] makes.
#[derive(Debug)]
pub(super) struct Tokens;

impl TokenCheck for Tokens {
    fn check<'t>(&'t self, token: &'t str, _: Timestamp) -> Checking<'t> {
        Box::pin(async move {
            let claims = token.split('.').nth(1).unwrap_or_default();
            let subject = BASE64URL_NOPAD.decode(claims.as_bytes()).ok();
            let user = subject.and_then(|text| String::from_utf8(text).ok()?.parse().ok());
            user.ok_or(TokenError::Invalid("it names nobody"))
        })
    }
}

/// A user pool in memory.
#[derive(Clone, Debug, Default)]
pub(super) struct Pool {
    /// The accounts by address.
    pub accounts: Arc<Mutex<Vec<(EmailAddress, Person)>>>,
    /// Whom a code was mailed to.
    pub mailed: Arc<Mutex<Vec<(EmailAddress, InvitationCode)>>>,
    /// Who was signed out everywhere.
    pub signed_out: Arc<Mutex<Vec<EmailAddress>>>,
    /// How many more calls fail.
    pub failures: Arc<Mutex<usize>>,
}

impl Pool {
    /// Adds an account that somebody has signed in to.
    pub fn add(&self, email: &str, user: UserId) {
        let person = Person { user, is_expected: false };
        self.accounts.lock().unwrap().push((email.parse().unwrap(), person));
    }

    fn answer(&self) -> Result<(), PoolError> {
        let mut failures = self.failures.lock().unwrap();
        if let Some(fewer) = failures.checked_sub(1) {
            *failures = fewer;
            let code = "InternalErrorException".to_owned();
            return Err(PoolError::Unavailable { operation: "AdminGetUser", code });
        }
        Ok(())
    }

    fn account(&self, email: &EmailAddress) -> Option<Person> {
        let accounts = self.accounts.lock().unwrap();
        accounts.iter().find(|(address, _)| address == email).map(|(_, person)| person.clone())
    }
}

impl UserPool for Pool {
    fn find<'p>(&'p self, email: &'p EmailAddress) -> Calling<'p, Option<Person>> {
        Box::pin(async move { self.answer().map(|()| self.account(email)) })
    }

    fn invite<'p>(
        &'p self,
        email: &'p EmailAddress,
        code: &'p InvitationCode,
    ) -> Calling<'p, Option<UserId>> {
        Box::pin(async move {
            self.answer()?;
            if self.account(email).is_some() {
                return Ok(None);
            }
            let mut mailed = self.mailed.lock().unwrap();
            mailed.push((email.clone(), code.clone()));
            let user = numbered(50 + mailed.len());
            let person = Person { user: user.clone(), is_expected: true };
            self.accounts.lock().unwrap().push((email.clone(), person));
            Ok(Some(user))
        })
    }

    fn delete<'p>(&'p self, user: &'p UserId) -> Calling<'p, ()> {
        Box::pin(async move {
            self.answer()?;
            self.accounts.lock().unwrap().retain(|(_, person)| person.user != *user);
            Ok(())
        })
    }

    fn sign_out_everywhere<'p>(&'p self, email: &'p EmailAddress) -> Calling<'p, ()> {
        Box::pin(async move {
            self.answer()?;
            if self.account(email).is_none() {
                let (operation, refusal) = ("AdminUserGlobalSignOut", Refusal::UnknownUser);
                return Err(PoolError::Refused { operation, refusal });
            }
            self.signed_out.lock().unwrap().push(email.clone());
            Ok(())
        })
    }
}
