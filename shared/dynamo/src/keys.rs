//! The only place where a partition or sort key is built or parsed.
//!
//! Every key starts with its tenant; the one exception is the installation itself.
//!
//! | table | `pk` | `sk` | item | read by |
//! | --- | --- | --- | --- | --- |
//! | events | `<tenant>#<home>` | `<event id>` | event | re-fold, timeline, explanation |
//! | leads | `<tenant>#<home>` | `home` | home: links, profile, survivor | score, api |
//! | leads | `<tenant>#<home>` | `lead` | lead: state of the survivor's family | score, api, aggregate |
//! | leads | `<tenant>` | `tenant` | tenant | provision |
//! | leads | `<tenant>` | `api_key#<hash>` | API key | ingest, api |
//! | leads | `<tenant>` | `rule_set#active` | version of the active rule set | score, api, aggregate |
//! | leads | `<tenant>` | `rule_set#<version>` | rule set | score, api, aggregate |
//! | leads | `<tenant>` | `rollup#<day>#<segment>` | rollup partial of a scan segment | api, aggregate |
//! | leads | `<tenant>` | `dirty_day#<day>` | a past day whose counts changed | score, aggregate |
//! | leads | `installation` | `secret` | wrapped installation secret | provision |
//! | leads | `installation` | `run#<day>` | nightly run and its finished segments | aggregate |
//!
//! | index | `by_score_pk` | `by_score_sk` | read by |
//! | --- | --- | --- | --- |
//! | `by_score` | `<tenant>#<stage>#<shard>` | `<score>#<home>` | lists, leaderboards |
//!
//! `<version>`, `<segment>` and `<score>` are padded with zeros so that text order is number
//! order. A tenant id holds no `#`, so no key of one tenant is a key of another.

use domain::{api_key::KeyHash, tenant::TenantId};

/// The primary key of an item.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Key {
    /// The partition key, `pk`.
    pub pk: String,
    /// The sort key, `sk`.
    pub sk: String,
}

/// The key of an API key.
pub fn api_key(tenant: &TenantId, hash: &KeyHash) -> Key {
    Key { pk: tenant.to_string(), sk: format!("api_key#{}", hash.as_str()) }
}
