//! API keys: how a program proves which tenant it speaks for, and what it may do.
//!
//! Invariant: a key's text names its tenant, so that even the look-up of a key is scoped by
//! tenant; only the SHA-256 of the text is ever stored, and the tenant counts only once that
//! hash was found.

use std::{collections::BTreeSet, fmt, str::FromStr};

use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::{permission::Permission, tenant::TenantId};

const PREFIX: &str = "llk_";

/// The text of an API key, `llk_<tenant>_<secret>`. Its `Debug` hides the secret.
#[derive(Clone, PartialEq, Eq)]
pub struct ApiKeyText {
    text: String,
    tenant: TenantId,
}

/// The SHA-256 of a key's text, as 64 hexadecimal digits.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct KeyHash(String);

/// Names a key where its hash is too much: `key_` and the first 16 hexadecimal digits of the hash.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct KeyId(String);

/// Says that a text is no key id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a key id is key_ followed by 16 hexadecimal digits in lower case")]
pub struct InvalidKeyId;

/// What a key may be used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// Send events.
    Ingest,
    /// Read leads, scores and analytics.
    Read,
    /// Administer the tenant, reading included. It does not cover `ingest`: a key that can be
    /// pasted into a web page must never be one that can change the tenant, and the other way
    /// round.
    Admin,
}

/// A key as it is stored: everything but the secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiKey {
    /// Names the key.
    pub id: KeyId,
    /// The tenant that the key speaks for.
    pub tenant: TenantId,
    /// A person's name for the key.
    pub name: String,
    /// What it may be used for.
    pub scopes: BTreeSet<Scope>,
}

/// Says that a text has not the form of an API key. It never repeats the text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an API key has the form llk_<tenant>_<secret>")]
pub struct InvalidApiKey;

impl ApiKeyText {
    /// Composes the text of a new key from 20 or more secret random bytes.
    pub fn compose(tenant: &TenantId, secret: &[u8; 20]) -> Self {
        let text = format!("{PREFIX}{tenant}_{}", HEXLOWER.encode(secret));
        Self { text, tenant: tenant.clone() }
    }

    /// Returns the tenant that the text claims. Claims prove nothing; the hash does.
    pub const fn tenant(&self) -> &TenantId {
        &self.tenant
    }

    /// Returns the hash under which the key is stored.
    pub fn hash(&self) -> KeyHash {
        KeyHash(HEXLOWER.encode(&Sha256::digest(self.text.as_bytes())))
    }

    /// Returns the text, to be shown once to the person who made the key.
    pub fn reveal(&self) -> &str {
        &self.text
    }
}

impl FromStr for ApiKeyText {
    type Err = InvalidApiKey;

    fn from_str(text: &str) -> Result<Self, InvalidApiKey> {
        let rest = text.strip_prefix(PREFIX).ok_or(InvalidApiKey)?;
        let (tenant, secret) = rest.split_once('_').ok_or(InvalidApiKey)?;
        let secret_fits = (20..=128).contains(&secret.len())
            && secret.bytes().all(|byte| byte.is_ascii_alphanumeric());
        if !secret_fits {
            return Err(InvalidApiKey);
        }
        let tenant = tenant.parse().map_err(|_| InvalidApiKey)?;
        Ok(Self { text: text.to_owned(), tenant })
    }
}

impl fmt::Debug for ApiKeyText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ApiKeyText").field("tenant", &self.tenant).finish_non_exhaustive()
    }
}

impl KeyHash {
    /// Returns the hash as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the id that the key is known by.
    pub fn id(&self) -> KeyId {
        KeyId(format!("{KEY_ID}{}", self.0.get(..KEY_ID_DIGITS).unwrap_or(&self.0)))
    }
}

const KEY_ID: &str = "key_";

const KEY_ID_DIGITS: usize = 16;

impl KeyId {
    /// Returns the id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the digits that the hash of the key begins with.
    pub fn digits(&self) -> &str {
        self.0.strip_prefix(KEY_ID).unwrap_or(&self.0)
    }
}

impl FromStr for KeyId {
    type Err = InvalidKeyId;

    fn from_str(text: &str) -> Result<Self, InvalidKeyId> {
        let digits = text.strip_prefix(KEY_ID).ok_or(InvalidKeyId)?;
        let fits = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        let fits = digits.len() == KEY_ID_DIGITS && digits.bytes().all(fits);
        if fits { Ok(Self(text.to_owned())) } else { Err(InvalidKeyId) }
    }
}

impl TryFrom<String> for KeyId {
    type Error = InvalidKeyId;

    fn try_from(text: String) -> Result<Self, InvalidKeyId> {
        text.parse()
    }
}

impl From<KeyId> for String {
    fn from(id: KeyId) -> Self {
        id.0
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Scope {
    /// Returns the scope's word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ingest => "ingest",
            Self::Read => "read",
            Self::Admin => "admin",
        }
    }

    /// Tells whether a key of this scope may do something. What is a signed-in person's own is no
    /// key's.
    pub const fn allows(self, permission: Permission) -> bool {
        use Permission as P;
        match self {
            Self::Ingest => matches!(permission, P::Ingest),
            Self::Read => matches!(
                permission,
                P::LeadsRead | P::AllLeadsRead | P::RulesRead | P::AnalyticsRead | P::JobsRead
            ),
            Self::Admin => !matches!(permission, P::Ingest | P::OwnAccount),
        }
    }
}

impl ApiKey {
    /// Tells whether the key may do something.
    pub fn may(&self, permission: Permission) -> bool {
        self.scopes.iter().any(|scope| scope.allows(permission))
    }

    /// Tells whether the key may be used for `scope`.
    pub fn allows(&self, scope: Scope) -> bool {
        let implied = scope == Scope::Read && self.scopes.contains(&Scope::Admin);
        implied || self.scopes.contains(&scope)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_names_its_tenant_and_hides_its_secret() {
        let key = ApiKeyText::compose(&"acme-1".parse().unwrap(), &[0xab; 20]);
        let read: ApiKeyText = key.reveal().parse().unwrap();
        assert_eq!(read, key);
        assert_eq!(read.tenant().as_str(), "acme-1");
        assert!(!format!("{key:?}").contains("abab"));
    }

    #[test]
    fn what_has_not_the_form_is_refused() {
        for bad in
            ["", "wk_test_0001", "llk_acme", "llk_acme_short", "llk_AC_0123456789012345678901"]
        {
            assert!(bad.parse::<ApiKeyText>().is_err(), "{bad}");
        }
    }

    #[test]
    fn admin_covers_reading_and_no_key_covers_what_it_was_not_made_for() {
        let key = |scope| ApiKey {
            id: "key_0123456789abcdef".parse().unwrap(),
            tenant: "acme".parse().unwrap(),
            name: "test".into(),
            scopes: [scope].into(),
        };
        assert!(key(Scope::Admin).allows(Scope::Read));
        assert!(!key(Scope::Admin).allows(Scope::Ingest));
        assert!(!key(Scope::Ingest).allows(Scope::Read));
        assert!(!key(Scope::Read).allows(Scope::Admin));
    }
}
