//! Making a tenant whole: keyring, rule set, first keys and first admin in one transaction.
//!
//! Invariant: whoever makes a tenant, an operator or somebody who signs up, makes it here, so that
//! no tenant lacks anything. Two foundings at once agree on one installation secret.

mod founder;
mod fresh;
mod tenant_ids;

pub use crate::{
    founder::{FirstAdmin, FirstKeys, Founded, Founder, FoundingError, NewTenant, new_key},
    fresh::Fresh,
    tenant_ids::tenant_ids,
};
