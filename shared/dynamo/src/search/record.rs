//! The record of what a home is found by.
//!
//! Invariant: every write raises the version by one.

use std::collections::BTreeSet;

use domain::{home::HomeId, search::Token, tenant::TenantId};
use serde::{Deserialize, Serialize};

use crate::{
    error::StoreError,
    items::{self, Item, Place},
    keys,
};

/// Where a home can be found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Finding {
    /// Under a term.
    Term(Token),
    /// Among the homes that name a company.
    Company(Token),
}

/// What a home is found by, as its record says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SearchRecord {
    pub(super) version: u64,
    pub(super) findings: BTreeSet<Finding>,
    pub(super) pending: bool,
}

#[derive(Serialize, Deserialize)]
struct RecordItem {
    version: u64,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    tokens: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    companies: Vec<String>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pending: bool,
}

impl SearchRecord {
    /// Tells whether a home is found by just these and nothing is under way.
    pub fn is_settled_on(&self, wanted: &BTreeSet<Finding>) -> bool {
        !self.pending && self.findings == *wanted
    }

    /// Counts what a home may be found by.
    pub fn count(&self) -> usize {
        self.findings.len()
    }

    /// Tells whether a home is found by this for certain.
    pub fn has(&self, finding: Finding) -> bool {
        !self.pending && self.findings.contains(&finding)
    }

    /// Returns the record that follows this one.
    pub(super) fn next(&self, findings: BTreeSet<Finding>, pending: bool) -> Self {
        Self { version: self.version + 1, findings, pending }
    }

    /// Returns the version that is written; `None` when there is no record.
    pub(super) fn written(&self) -> Option<u64> {
        (self.version > 0).then_some(self.version)
    }
}

pub(super) fn to_item(
    tenant: &TenantId,
    home: HomeId,
    record: &SearchRecord,
) -> Result<Item, StoreError> {
    let (mut tokens, mut companies) = (Vec::new(), Vec::new());
    for finding in &record.findings {
        match finding {
            Finding::Term(token) => tokens.push(token.to_string()),
            Finding::Company(token) => companies.push(token.to_string()),
        }
    }
    let SearchRecord { version, pending, .. } = *record;
    let content = RecordItem { version, tokens, companies, pending };
    items::write(&keys::search_record(tenant, home), &content)
}

pub(super) fn from_item(item: Item) -> Result<SearchRecord, StoreError> {
    let place = Place::of(&item);
    let RecordItem { version, tokens, companies, pending } = items::read(item)?;
    let read = |text: &String| text.parse().map_err(|source| place.unreadable(source));
    let terms = tokens.iter().map(|token| read(token).map(Finding::Term));
    let companies = companies.iter().map(|token| read(token).map(Finding::Company));
    let findings = terms.chain(companies).collect::<Result<_, StoreError>>()?;
    Ok(SearchRecord { version, findings, pending })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_written_and_read_as_ever() {
        let golden = include_str!("../../../../tests/golden/search-record-1.json");
        let golden: serde_json::Value = serde_json::from_str(golden).unwrap();
        let golden: Item = serde_dynamo::to_item(golden).unwrap();
        let token = |byte| Token::from_digest(&[byte; 32]);
        let findings =
            [Finding::Term(token(1)), Finding::Term(token(2)), Finding::Company(token(3))];
        let record = SearchRecord { version: 3, findings: findings.into(), pending: true };
        let (acme, home) = ("acme".parse().unwrap(), HomeId::from_bytes([1; 16]));
        assert_eq!(to_item(&acme, home, &record).unwrap(), golden);
        assert_eq!(from_item(golden).unwrap(), record);
    }
}
