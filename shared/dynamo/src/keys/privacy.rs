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
    Key { pk: tenant.to_string(), sk: format!("erasure#{lead}") }
}

const ERASING: &str = "erasing#";

/// The first and last sort key of the erasures after that of `after` that are not cleaned up yet, or
/// of all.
pub fn erasing_after(after: Option<HomeId>) -> (String, String) {
    let first = after.map_or_else(|| ERASING.to_owned(), |lead| format!("{ERASING}{lead}!"));
    (first, format!("{ERASING}~"))
}
