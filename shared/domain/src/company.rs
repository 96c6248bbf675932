//! Companies: what leads work for, and the names that they are known by.
//!
//! Invariant: within a tenant a name, in its normal form, is that of one company at most. A
//! company keeps every name that it had, so a lead that goes on saying an old one stays with it.

use std::{collections::BTreeMap, fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{event::Sealed, naming::is_uuid, search::company_key, time::Timestamp};

const PREFIX: &str = "company_";

/// The bits of a UUID that tell its version and variant.
const VERSION_AND_VARIANT: u128 = 0xf000_c000_0000_0000_0000;

/// Those bits of version 8.
const VERSION_8: u128 = 0x8000_8000_0000_0000_0000;

/// How long a name is at most, in characters. Of a longer one that leads give, the beginning
/// counts.
pub const MAX_NAME_CHARS: usize = 200;

/// How many names a company has at most.
pub const MAX_NAMES: usize = 20;

/// Names one company: `company_` and a UUID.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct CompanyId(String);

/// Says that a text is no company id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a company id is company_ followed by a UUID in lower case")]
pub struct InvalidCompanyId;

/// A company, as people keep it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Company {
    /// Its id.
    pub id: CompanyId,
    /// What it is called.
    pub name: String,
    /// What else it was called, the latest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub former_names: Vec<String>,
    /// Its host name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub domain: Option<String>,
    /// What it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub industry: Option<String>,
    /// How many people work there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<u32>,
    /// What else is kept of it.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub properties: Map<String, Value>,
    /// Free text, sealed: it may name people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notes: Option<Sealed>,
    /// When it was made, or first named by a lead.
    pub created_at: Timestamp,
    /// When it was last changed by hand.
    pub updated_at: Timestamp,
}

impl CompanyId {
    /// Makes the id of the company that leads name before anybody has made it, from 16 bytes of a
    /// keyed digest of its name: a UUID of version 8 (RFC 9562).
    pub fn derived(digest: &[u8; 32]) -> Self {
        let bytes = digest.first_chunk().copied().unwrap_or_default();
        let number = u128::from_be_bytes(bytes) & !VERSION_AND_VARIANT | VERSION_8;
        let part = |shift: u32, mask: u128| number >> shift & mask;
        let (first, second, third) = (part(96, 0xffff_ffff), part(80, 0xffff), part(64, 0xffff));
        let (fourth, last) = (part(48, 0xffff), part(0, 0xffff_ffff_ffff));
        Self(format!("{PREFIX}{first:08x}-{second:04x}-{third:04x}-{fourth:04x}-{last:012x}"))
    }

    /// Returns the id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Company {
    /// Returns the normal forms of all its names with whether each is the one it has now.
    pub fn keys(&self) -> BTreeMap<String, bool> {
        let former = self.former_names.iter().filter_map(|name| company_key(name));
        let mut keys: BTreeMap<_, _> = former.map(|key| (key, false)).collect();
        keys.extend(company_key(&self.name).map(|key| (key, true)));
        keys
    }

    /// Gives it another name and keeps the one it had, unless only the spelling differs.
    pub fn rename(&mut self, name: String) {
        let key = company_key(&name);
        let former = std::mem::replace(&mut self.name, name);
        self.former_names.insert(0, former);
        let mut known: Vec<_> = vec![key];
        self.former_names.retain(|former| {
            let key = company_key(former);
            let is_other = !known.contains(&key);
            known.push(key);
            is_other
        });
    }
}

impl FromStr for CompanyId {
    type Err = InvalidCompanyId;

    fn from_str(text: &str) -> Result<Self, InvalidCompanyId> {
        let uuid = text.strip_prefix(PREFIX).ok_or(InvalidCompanyId)?;
        if is_uuid(uuid) { Ok(Self(text.to_owned())) } else { Err(InvalidCompanyId) }
    }
}

impl TryFrom<String> for CompanyId {
    type Error = InvalidCompanyId;

    fn try_from(text: String) -> Result<Self, InvalidCompanyId> {
        text.parse()
    }
}

impl From<CompanyId> for String {
    fn from(id: CompanyId) -> Self {
        id.0
    }
}

impl fmt::Display for CompanyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_derived_id_is_a_uuid_of_version_8() {
        let id = CompanyId::derived(&[255; 32]);
        assert_eq!(id.as_str(), "company_ffffffff-ffff-8fff-bfff-ffffffffffff");
        assert_eq!(id.as_str().parse(), Ok(id));
        assert_eq!("company_x".parse::<CompanyId>(), Err(InvalidCompanyId));
    }

    #[test]
    fn a_company_keeps_each_name_once() {
        let now = Timestamp::from_millis(0).unwrap();
        let mut company = Company {
            id: CompanyId::derived(&[1; 32]),
            name: "Acme".to_owned(),
            former_names: Vec::new(),
            domain: None,
            industry: None,
            size: None,
            properties: Map::new(),
            notes: None,
            created_at: now,
            updated_at: now,
        };
        company.rename("ACME".to_owned());
        assert_eq!(company.former_names, [""; 0]);
        company.rename("Acme Group".to_owned());
        company.rename("Acme Inc".to_owned());
        assert_eq!(company.former_names, ["Acme Group", "ACME"]);
        company.rename("acme".to_owned());
        assert_eq!(company.former_names, ["Acme Inc", "Acme Group"]);
        let keys: Vec<_> = company.keys().into_iter().collect();
        let expected = [("acme", true), ("acme group", false), ("acme inc", false)];
        assert_eq!(keys, expected.map(|(key, is_current)| (key.to_owned(), is_current)));
    }
}
