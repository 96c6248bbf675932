//! The home: the place of one identity, found by computation and never by lookup.
//!
//! Invariant: a home's id says nothing about the person. It is `lead_` and the base32 of the
//! first 128 bits of HMAC-SHA256(installation secret, `tenant|kind|value|generation`).

use std::{fmt, str::FromStr};

use data_encoding::{BASE32_NOPAD, Encoding};
use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Serialize};
use sha2::Sha256;

use crate::{
    identity::{Identity, Kind},
    tenant::TenantId,
};

const PREFIX: &str = "lead_";
const ID_BYTES: usize = 16;

/// The generation of an identity's home until the person is erased. Who names a person by an
/// identity and looks nothing up names this one.
pub const FIRST_GENERATION: u32 = 0;

/// Names one home, and the lead whose survivor it is: `lead_` and 26 characters of `a-z2-7`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct HomeId([u8; ID_BYTES]);

/// A home and the kind of identity it belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct HomeRef {
    /// The kind of the home's identity.
    pub kind: Kind,
    /// The home's id.
    pub id: HomeId,
}

/// Says that a text is no home id.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a lead id is lead_ followed by 26 characters of a-z and 2-7")]
pub struct InvalidHomeId;

/// The secret of an installation, from which every home id is derived.
#[derive(Clone)]
pub struct InstallationSecret([u8; 32]);

impl InstallationSecret {
    /// Takes the 32 secret bytes.
    pub const fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Derives the home of an identity.
    ///
    /// `generation` is [`FIRST_GENERATION`] until the person is erased; each erasure begins the next.
    pub fn home(&self, tenant: &TenantId, identity: &Identity, generation: u32) -> HomeRef {
        let kind = identity.kind();
        let text = format!("{tenant}|{kind}|{}|{generation}", identity.value());
        // HMAC takes keys of any length, so the fallback is never taken.
        let digest = Hmac::<Sha256>::new_from_slice(&self.0)
            .map(|mac| mac.chain_update(text.as_bytes()).finalize().into_bytes());
        let mut id = [0; ID_BYTES];
        if let Ok(digest) = digest {
            for (to, from) in id.iter_mut().zip(digest) {
                *to = from;
            }
        }
        HomeRef { kind, id: HomeId(id) }
    }
}

impl fmt::Debug for InstallationSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("InstallationSecret(…)")
    }
}

impl HomeId {
    /// Takes the 16 bytes of an id.
    pub const fn from_bytes(bytes: [u8; ID_BYTES]) -> Self {
        Self(bytes)
    }

    /// Returns the 16 bytes of the id.
    pub const fn as_bytes(&self) -> &[u8; ID_BYTES] {
        &self.0
    }
}

fn lower_base32() -> Option<Encoding> {
    let mut spec = BASE32_NOPAD.specification();
    spec.symbols.make_ascii_lowercase();
    spec.encoding().ok()
}

static ENCODING: std::sync::LazyLock<Option<Encoding>> = std::sync::LazyLock::new(lower_base32);

impl fmt::Display for HomeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let encoding = ENCODING.as_ref().ok_or(fmt::Error)?;
        write!(f, "{PREFIX}{}", encoding.encode_display(&self.0))
    }
}

impl fmt::Debug for HomeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for HomeId {
    type Err = InvalidHomeId;

    fn from_str(text: &str) -> Result<Self, InvalidHomeId> {
        let digits = text.strip_prefix(PREFIX).ok_or(InvalidHomeId)?;
        let encoding = ENCODING.as_ref().ok_or(InvalidHomeId)?;
        let bytes = encoding.decode(digits.as_bytes()).map_err(|_| InvalidHomeId)?;
        Ok(Self(bytes.try_into().map_err(|_| InvalidHomeId)?))
    }
}

impl TryFrom<String> for HomeId {
    type Error = InvalidHomeId;

    fn try_from(text: String) -> Result<Self, InvalidHomeId> {
        text.parse()
    }
}

impl From<HomeId> for String {
    fn from(id: HomeId) -> Self {
        id.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn home(tenant: &str, kind: Kind, value: &str, generation: u32) -> HomeRef {
        let identity = Identity::new(kind, value).unwrap();
        InstallationSecret::new([7; 32]).home(&tenant.parse().unwrap(), &identity, generation)
    }

    #[test]
    fn the_same_identity_always_has_the_same_home() {
        let expected = home("acme", Kind::Email, "ana@example.com", 0);
        assert_eq!(home("acme", Kind::Email, " ANA@example.com", 0), expected);
        assert_eq!(expected.id.to_string(), "lead_5beiexgvm3fyfbysxs6stwaya4");
    }

    #[test]
    fn tenant_kind_value_and_generation_each_make_another_home() {
        let one = home("acme", Kind::UserId, "7", 0);
        for other in [
            home("acme2", Kind::UserId, "7", 0),
            home("acme", Kind::AnonymousId, "7", 0),
            home("acme", Kind::UserId, "8", 0),
            home("acme", Kind::UserId, "7", 1),
        ] {
            assert_ne!(one.id, other.id);
        }
    }

    #[test]
    fn an_id_survives_being_written_and_read() {
        let id = home("acme", Kind::UserId, "7", 0).id;
        let text = id.to_string();
        assert_eq!(text.len(), 31);
        assert_eq!(text.parse::<HomeId>().unwrap(), id);
        assert!(text.to_uppercase().parse::<HomeId>().is_err());
        assert!("lead_short".parse::<HomeId>().is_err());
    }
}
