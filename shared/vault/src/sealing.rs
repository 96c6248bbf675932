//! Sealing under one key: what the keys of tenants and of homes have in common.
//!
//! Invariant: what was sealed in one scope opens in no other, and not as another version.
//!
//! A sealed value is `base64(version ‖ nonce ‖ AES-256-GCM ciphertext and tag)`, with the scope as
//! additional data. The nonce is the first 96 bits of an HMAC-SHA256, under a key of its own, over
//! the scope and the plaintext (the synthetic-IV idea of RFC 5297). That needs no randomness, and a
//! retry makes the very same message. The price is that equal values show as equal, but only
//! within one scope. Two different values share a nonce with a chance of 2⁻⁹⁶ a pair.

use aes_gcm::{
    Aes256Gcm, KeyInit, Nonce,
    aead::{Aead, Payload},
};
use data_encoding::BASE64;
use domain::event::Sealed;
use hmac::{Hmac, Mac};
use sha2::Sha256;

const NONCE_BYTES: usize = 12;

/// What the first byte of a sealed value says: whose key sealed it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Version {
    /// The tenant's.
    Tenant = 1,
    /// That of one home.
    Home = 2,
}

/// Says why a value could not be sealed or opened. It never repeats the value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// The text is not something this version sealed.
    #[error("a sealed value has not the form that this version reads")]
    Form,
    /// The value was sealed for another tenant, home or field, or was changed.
    #[error("a sealed value does not belong here")]
    Foreign,
    /// The value was sealed under the key of its home, which is lost.
    #[error("the key of a sealed value is lost")]
    KeyLost,
    /// The value is too long for the cipher.
    #[error("a value could not be sealed")]
    Unsealable,
    /// The system gave no random bytes for a new key.
    #[error("there is no randomness for a new key")]
    NoRandomness,
}

/// One key, ready to seal and open.
#[derive(Clone)]
pub(crate) struct Sealing {
    version: Version,
    cipher: Aes256Gcm,
    nonces: Hmac<Sha256>,
}

impl Sealing {
    /// Derives from a key what seals and what makes nonces.
    pub fn new(version: Version, key: &[u8; 32]) -> Self {
        Self {
            version,
            cipher: Aes256Gcm::new(&subkey(key, "leadline seal 1").into()),
            nonces: hmac(&subkey(key, "leadline nonce 1")),
        }
    }

    /// Seals bytes in a scope.
    pub fn seal(&self, scope: &str, plaintext: &[u8]) -> Result<Sealed, SealError> {
        let nonce = self.nonce(scope, plaintext);
        let payload = Payload { msg: plaintext, aad: scope.as_bytes() };
        let ciphertext =
            self.cipher.encrypt(&Nonce::from(nonce), payload).map_err(|_| SealError::Unsealable)?;
        let mut sealed = Vec::with_capacity(1 + NONCE_BYTES + ciphertext.len());
        sealed.push(self.version as u8);
        sealed.extend_from_slice(&nonce);
        sealed.extend_from_slice(&ciphertext);
        Ok(Sealed(BASE64.encode(&sealed)))
    }

    /// Opens what was sealed in the same scope.
    pub fn open(&self, scope: &str, sealed: &Sealed) -> Result<Vec<u8>, SealError> {
        let bytes = BASE64.decode(sealed.0.as_bytes()).map_err(|_| SealError::Form)?;
        let rest = bytes.strip_prefix(&[self.version as u8]).ok_or(SealError::Form)?;
        let (nonce, ciphertext) = rest.split_first_chunk::<NONCE_BYTES>().ok_or(SealError::Form)?;
        let payload = Payload { msg: ciphertext, aad: scope.as_bytes() };
        self.cipher.decrypt(&Nonce::from(*nonce), payload).map_err(|_| SealError::Foreign)
    }

    /// Derives the nonce. The scope's length comes first, so that no two pairs of scope and
    /// plaintext run together to the same bytes.
    fn nonce(&self, scope: &str, plaintext: &[u8]) -> [u8; NONCE_BYTES] {
        let digest: [u8; 32] = self
            .nonces
            .clone()
            .chain_update((scope.len() as u64).to_be_bytes())
            .chain_update(scope.as_bytes())
            .chain_update(plaintext)
            .finalize()
            .into_bytes()
            .into();
        digest.first_chunk().copied().unwrap_or_default()
    }
}

/// Tells whose key sealed a value; `None` for what nobody of ours sealed.
pub(crate) fn version_of(sealed: &Sealed) -> Option<Version> {
    // Four digits are three bytes.
    let first = BASE64.decode(sealed.0.as_bytes().get(..4)?).ok()?;
    match first.first()? {
        1 => Some(Version::Tenant),
        2 => Some(Version::Home),
        _ => None,
    }
}

/// Reads opened bytes as text.
pub(crate) fn text(plain: Vec<u8>) -> Result<String, SealError> {
    String::from_utf8(plain).map_err(|_| SealError::Form)
}

/// Derives the key of one purpose, so that no key serves two.
pub(crate) fn subkey(key: &[u8; 32], purpose: &str) -> [u8; 32] {
    hmac(key).chain_update(purpose.as_bytes()).finalize().into_bytes().into()
}

/// A key of 32 bytes is shorter than the hash's block of 64, so HMAC uses it padded with zeros.
pub(crate) fn hmac(key: &[u8; 32]) -> Hmac<Sha256> {
    let mut block = [0; 64];
    for (to, from) in block.iter_mut().zip(key) {
        *to = *from;
    }
    <Hmac<Sha256> as KeyInit>::new(&block.into())
}
