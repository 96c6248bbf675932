//! Wrapping and unwrapping by KMS: the only calls that leave the crate.
//!
//! Invariant: whatever is unwrapped was wrapped under the same encryption context.

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

use aws_sdk_kms::{Client, Config, primitives::Blob};
use data_encoding::BASE64;
use domain::{home::InstallationSecret, tenant::TenantId};

use crate::{error::VaultError, keyring::Keyring};

/// How many keyrings a container remembers. The cache is emptied when one more comes.
const CACHED: usize = 1_024;

/// The KMS key of an installation, and the keyrings that it unwrapped so far.
pub struct Vault {
    client: Client,
    key_id: String,
    unwrapped: Mutex<HashMap<(TenantId, String), Arc<Keyring>>>,
}

/// The installation secret on its way from its own wrapped form into a tenant's keyring.
#[derive(Clone)]
pub struct InstallationKey([u8; 32]);

impl Vault {
    /// Takes the SDK's configuration and the id, ARN or alias of the KMS key.
    pub fn new(config: impl Into<Config>, key_id: impl Into<String>) -> Self {
        Self {
            client: Client::from_conf(config.into()),
            key_id: key_id.into(),
            unwrapped: Mutex::default(),
        }
    }

    /// Unwraps the keyring of a tenant.
    ///
    /// One call of `kms:Decrypt`; what it gave is kept for the life of the container. A wrapped
    /// keyring never changes its meaning, so nothing has to expire.
    pub async fn unwrap(
        &self,
        tenant: &TenantId,
        wrapped: &str,
    ) -> Result<Arc<Keyring>, VaultError> {
        let cached_as = (tenant.clone(), wrapped.to_owned());
        if let Some(keyring) = self.cached(&cached_as) {
            return Ok(keyring);
        }
        let plain = self.decrypt(wrapped, "tenant", tenant.as_str()).await?;
        let plain: [u8; 64] =
            plain.try_into().map_err(|_| VaultError::Unreadable("a keyring has 64 bytes"))?;
        let (installation, tenant_key) = halves(&plain);
        let keyring = Arc::new(Keyring::new(tenant.clone(), installation, tenant_key));
        self.remember(cached_as, Arc::clone(&keyring));
        Ok(keyring)
    }

    /// Wraps the keyring of a new tenant: the installation secret and 32 fresh random bytes.
    ///
    /// One call of `kms:Encrypt`.
    pub async fn create(
        &self,
        tenant: &TenantId,
        installation: &InstallationKey,
        fresh: &[u8; 32],
    ) -> Result<String, VaultError> {
        let plain = [installation.0.as_slice(), fresh.as_slice()].concat();
        self.encrypt(plain, "tenant", tenant.as_str()).await
    }

    /// Wraps the secret of a new installation. One call of `kms:Encrypt`.
    pub async fn wrap_installation(&self, key: &InstallationKey) -> Result<String, VaultError> {
        self.encrypt(key.0.to_vec(), "scope", "installation").await
    }

    /// Unwraps the secret of the installation. One call of `kms:Decrypt`.
    pub async fn unwrap_installation(&self, wrapped: &str) -> Result<InstallationKey, VaultError> {
        let plain = self.decrypt(wrapped, "scope", "installation").await?;
        let bytes = plain
            .try_into()
            .map_err(|_| VaultError::Unreadable("an installation secret has 32 bytes"))?;
        Ok(InstallationKey(bytes))
    }

    async fn encrypt(
        &self,
        plain: Vec<u8>,
        context: &str,
        value: &str,
    ) -> Result<String, VaultError> {
        let answer = self
            .client
            .encrypt()
            .key_id(&self.key_id)
            .encryption_context(context, value)
            .plaintext(Blob::new(plain))
            .send()
            .await
            .map_err(|error| VaultError::from_sdk("Encrypt", &error))?;
        let wrapped = answer.ciphertext_blob.ok_or(VaultError::Unreadable("no ciphertext"))?;
        Ok(BASE64.encode(wrapped.as_ref()))
    }

    async fn decrypt(
        &self,
        wrapped: &str,
        context: &str,
        value: &str,
    ) -> Result<Vec<u8>, VaultError> {
        let wrapped =
            BASE64.decode(wrapped.as_bytes()).map_err(|_| VaultError::Unreadable("no base64"))?;
        let answer = self
            .client
            .decrypt()
            .key_id(&self.key_id)
            .encryption_context(context, value)
            .ciphertext_blob(Blob::new(wrapped))
            .send()
            .await
            .map_err(|error| VaultError::from_sdk("Decrypt", &error))?;
        answer.plaintext.map(Blob::into_inner).ok_or(VaultError::Unreadable("no plaintext"))
    }

    fn cached(&self, wanted: &(TenantId, String)) -> Option<Arc<Keyring>> {
        self.unwrapped.lock().unwrap_or_else(PoisonError::into_inner).get(wanted).cloned()
    }

    fn remember(&self, as_: (TenantId, String), keyring: Arc<Keyring>) {
        let mut unwrapped = self.unwrapped.lock().unwrap_or_else(PoisonError::into_inner);
        if unwrapped.len() >= CACHED {
            unwrapped.clear();
        }
        unwrapped.insert(as_, keyring);
    }
}

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Vault").field("key_id", &self.key_id).finish_non_exhaustive()
    }
}

impl InstallationKey {
    /// Takes 32 fresh random bytes.
    pub const fn new(fresh: [u8; 32]) -> Self {
        Self(fresh)
    }

    /// Returns the secret from which home ids are derived.
    pub const fn secret(&self) -> InstallationSecret {
        InstallationSecret::new(self.0)
    }
}

impl fmt::Debug for InstallationKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("InstallationKey(…)")
    }
}

fn halves(plain: &[u8; 64]) -> ([u8; 32], [u8; 32]) {
    let first = plain.first_chunk().copied().unwrap_or_default();
    let last = plain.last_chunk().copied().unwrap_or_default();
    (first, last)
}

#[cfg(test)]
mod tests {
    use aws_sdk_kms::config::{BehaviorVersion, Credentials, Region};
    use aws_smithy_http_client::test_util::infallible_client_fn;
    use domain::identity::{Identity, Kind};
    use serde_json::{Value, json};

    use super::*;

    /// A KMS that wraps by writing the encryption context before the plaintext, and counts.
    fn kms(calls: Arc<Mutex<Vec<String>>>) -> Config {
        let client = infallible_client_fn(move |request| {
            let target = request.headers()["x-amz-target"].to_str().unwrap().to_owned();
            let body: Value = serde_json::from_slice(request.body().bytes().unwrap()).unwrap();
            let context = body["EncryptionContext"].to_string();
            let bytes =
                |name: &str| BASE64.decode(body[name].as_str().unwrap().as_bytes()).unwrap();
            calls.lock().unwrap().push(target.clone());
            let answer = if target.ends_with("Encrypt") {
                let wrapped = [context.as_bytes(), b"\n", &bytes("Plaintext")].concat();
                Ok(json!({"CiphertextBlob": BASE64.encode(&wrapped)}))
            } else {
                let wrapped = bytes("CiphertextBlob");
                match wrapped.strip_prefix([context.as_bytes(), b"\n"].concat().as_slice()) {
                    Some(plain) => Ok(json!({"Plaintext": BASE64.encode(plain)})),
                    None => Err(json!({"__type": "InvalidCiphertextException"})),
                }
            };
            let (status, body) = match answer {
                Ok(body) => (200, body),
                Err(body) => (400, body),
            };
            http::Response::builder().status(status).body(body.to_string()).unwrap()
        });
        Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("us-east-1"))
            .credentials_provider(Credentials::new("key", "secret", None, None, "test"))
            .http_client(client)
            .build()
    }

    #[tokio::test]
    async fn a_keyring_unwraps_for_its_tenant_alone_and_once() {
        let calls = Arc::default();
        let vault = Vault::new(kms(Arc::clone(&calls)), "alias/leadline");
        let acme: TenantId = "acme".parse().unwrap();
        let key = InstallationKey::new([7; 32]);
        let wrapped = vault.create(&acme, &key, &[9; 32]).await.unwrap();

        let keyring = vault.unwrap(&acme, &wrapped).await.unwrap();
        let identity = Identity::new(Kind::UserId, "7").unwrap();
        assert_eq!(keyring.home(&identity, 0), key.secret().home(&acme, &identity, 0));

        vault.unwrap(&acme, &wrapped).await.unwrap();
        assert_eq!(calls.lock().unwrap().len(), 2, "one Encrypt, one Decrypt");

        let other = vault.unwrap(&"other".parse().unwrap(), &wrapped).await.unwrap_err();
        assert!(!other.is_retryable(), "{other}");
        assert!(matches!(other, VaultError::Refused { .. }), "{other}");
    }

    #[tokio::test]
    async fn the_installation_secret_survives_and_is_no_keyring() {
        let vault = Vault::new(kms(Arc::default()), "alias/leadline");
        let wrapped = vault.wrap_installation(&InstallationKey::new([7; 32])).await.unwrap();
        assert_eq!(vault.unwrap_installation(&wrapped).await.unwrap().0, [7; 32]);
        assert!(vault.unwrap(&"acme".parse().unwrap(), &wrapped).await.is_err());
        assert!(vault.unwrap_installation("%").await.is_err());
    }
}
