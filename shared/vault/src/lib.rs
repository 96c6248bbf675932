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
//!
//! A tenant key wraps the keys of homes, 32 random bytes each, which lie in the homes' items. What is
//! kept of a person is sealed under them, so that to erase somebody is to lose a few keys; what
//! travels in messages is sealed by the tenant key itself.

mod error;
mod keyring;
mod lead_key;
mod sealing;
mod wrapping;

pub use crate::{
    error::VaultError,
    keyring::Keyring,
    lead_key::{LeadKey, Opener, is_in_transit},
    sealing::SealError,
    wrapping::{InstallationKey, Vault},
};

/// The field under which the value of a home's identity is sealed.
pub const IDENTITY_FIELD: &str = "identity";
