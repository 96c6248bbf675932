//! The vault: the keys of a tenant, and what is sealed with them. The only crate that names
//! `aws-sdk-kms`.
//!
//! Invariant: a secret byte is never shown. No type here prints one, no error carries one, and
//! what leaves the crate is either ciphertext or the plaintext that its owner asked for.
//!
//! One KMS key protects an installation. It wraps
//! - the installation secret, 32 bytes, under the encryption context `{"scope": "installation"}`;
//! - for each tenant a keyring, 64 bytes: the installation secret ‖ the tenant key, under
//!   `{"tenant": "<tenant>"}`. A keyring copied to another tenant does not unwrap.

mod error;
mod keyring;
mod wrapping;

pub use crate::{
    error::VaultError,
    keyring::{Keyring, SealError},
    wrapping::{InstallationKey, Vault},
};

/// The field under which the value of a home's identity is sealed.
pub const IDENTITY_FIELD: &str = "identity";
