//! Makes tenants and API keys.
//!
//! - **Trigger**: an invocation that IAM allowed (`lambda:InvokeFunction`); there is no route.
//! - **Effect**: `create_tenant` writes a tenant with its keyring, rule set 1 and two keys, all
//!   or nothing, and the installation secret before the first tenant; `create_key` writes a key.
//! - **Idempotency key**: the tenant's id. A key has none: each `create_key` makes another.
//! - **Retry**: of `create_tenant` is refused with `tenant_exists` if the first run came through
//!   and its answer was lost. Its keys are lost with the answer, since only their hashes are
//!   kept; `create_key` makes new ones.
//!
//! What the caller got wrong is answered as `{"error": {"code", "message"}}`; what failed here
//! fails the invocation. The text of a key is in the answer and nowhere else.

mod config;
mod fresh;
mod handler;
mod operation;

pub use crate::{
    config::Config,
    fresh::Fresh,
    handler::{Answer, FirstKeys, Provision, ProvisionError},
    operation::Refusal,
};
