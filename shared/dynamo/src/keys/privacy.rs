//! The keys of what is kept of erasures.
//!
//! Invariant: an erasure lies under one of its two keys at any time: the first while traces of the
//! lead are left, the second once they are gone.

use domain::{home::HomeId, tenant::TenantId};

use super::Key;

/// The key of an erasure that is not cleaned up yet.
pub fn erasing(tenant: &TenantId, lead: HomeId) -> Key {
    Key { pk: tenant.to_string(), sk: format!("{ERASING}{lead}") }
}

/// The key of the receipt of an erasure.
pub fn erasure(tenant: &TenantId, lead: HomeId) -> Key {
    Key { pk: tenant.to_string(), sk: format!("{ERASURE}{lead}") }
}

const ERASING: &str = "erasing#";

const ERASURE: &str = "erasure#";

/// The first and last sort key of the erasures after that of `after` that are not cleaned up yet, or
/// of all.
pub fn erasing_after(after: Option<HomeId>) -> (String, String) {
    after_lead(ERASING, after)
}

/// The first and last sort key of the receipts after that of `after`, or of all.
pub fn erasures_after(after: Option<HomeId>) -> (String, String) {
    after_lead(ERASURE, after)
}

fn after_lead(prefix: &str, after: Option<HomeId>) -> (String, String) {
    let first = after.map_or_else(|| prefix.to_owned(), |lead| format!("{prefix}{lead}!"));
    (first, format!("{prefix}~"))
}
