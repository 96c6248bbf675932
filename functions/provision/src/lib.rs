//! Makes tenants, with their first admins, and API keys.
//!
//! - **Trigger**: an invocation that IAM allowed (`lambda:InvokeFunction`); there is no route.
//! - **Effect**: `create_tenant` writes a tenant with its keyring, rule set 1, two keys and the
//!   first admin, if one is named, all or nothing, and the installation secret before the first
//!   tenant. The admin is invited before: the user pool mails a code, and an account that the
//!   address had without belonging to a tenant is deleted. `create_key` writes a key.
//! - **Idempotency key**: the tenant's id. A key has none: each `create_key` makes another.
//! - **Retry**: of `create_tenant` is refused with `tenant_exists` if the first run came through
//!   and its answer was lost. Its keys are lost with the answer, since only their hashes are
//!   kept; `create_key` makes new ones. If the first run was cut short after the invitation, the
//!   retry invites again: the last code counts.
//!
//! What the caller got wrong is answered as `{"error": {"code", "message"}}`; what failed here
//! fails the invocation. The text of a key or an invitation is in the answer and nowhere else.

mod config;
mod handler;
mod operation;

pub use crate::{
    config::Config,
    handler::{Answer, Provision, ProvisionError},
    operation::Refusal,
};
