//! The key of one home, which opens all that is kept sealed of a person there.
//!
//! Invariant: nothing but the home's item holds the key, wrapped, so that whoever loses it there
//! has lost it everywhere: every copy of what it sealed stays sealed for good.

use std::fmt;

use domain::{
    event::Sealed,
    home::HomeId,
    lead::{Home, WrappedKey},
    tenant::TenantId,
};

use crate::{
    keyring::Keyring,
    sealing::{SealError, Sealing, Version, text, version_of},
};

/// The key of one home. Its `Debug` shows no secret.
#[derive(Clone)]
pub struct LeadKey {
    /// `tenant|home`.
    scope: String,
    sealing: Sealing,
}

/// What opens the values of one home, whichever key they are sealed under.
///
/// Former code sealed them under the tenant's key; such a value opens until the home is written
/// again.
#[derive(Clone, Debug)]
pub struct Opener<'k> {
    keyring: &'k Keyring,
    home: HomeId,
    /// `None` where the home has none.
    key: Option<Result<LeadKey, SealError>>,
}

impl LeadKey {
    /// Takes the secret of a home's key.
    pub(crate) fn new(tenant: &TenantId, home: HomeId, secret: &[u8; 32]) -> Self {
        Self { scope: format!("{tenant}|{home}"), sealing: Sealing::new(Version::Home, secret) }
    }

    /// Seals a personal value of the home. The same value of the same field makes the same
    /// ciphertext.
    pub fn seal(&self, field: &str, plaintext: &str) -> Result<Sealed, SealError> {
        self.sealing.seal(&self.scope_of(field), plaintext.as_bytes())
    }

    /// Opens what [`Self::seal`] made for the same field.
    pub fn open(&self, field: &str, sealed: &Sealed) -> Result<String, SealError> {
        text(self.sealing.open(&self.scope_of(field), sealed)?)
    }

    fn scope_of(&self, field: &str) -> String {
        format!("{}|{field}", self.scope)
    }
}

impl fmt::Debug for LeadKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LeadKey").field("scope", &self.scope).finish_non_exhaustive()
    }
}

impl Keyring {
    /// Makes the key of a home, of 32 random bytes, and wraps it for the home's item.
    ///
    /// # Errors
    /// That the system gives no random bytes.
    pub fn new_lead_key(&self, home: HomeId) -> Result<(LeadKey, WrappedKey), SealError> {
        let mut secret = [0; 32];
        getrandom::fill(&mut secret).map_err(|_| SealError::NoRandomness)?;
        let wrapped = self.wrapping().seal(&self.scope(home), &secret)?;
        Ok((LeadKey::new(self.tenant(), home, &secret), WrappedKey(wrapped.0)))
    }

    /// Unwraps the key of a home. This asks nobody: only the tenant's keys are wrapped by KMS.
    pub fn lead_key(&self, home: HomeId, wrapped: &WrappedKey) -> Result<LeadKey, SealError> {
        let secret = self.wrapping().open(&self.scope(home), &Sealed(wrapped.0.clone()))?;
        let secret: [u8; 32] = secret.try_into().map_err(|_| SealError::Form)?;
        Ok(LeadKey::new(self.tenant(), home, &secret))
    }

    /// Returns what opens the values of a home, and of what lies beside it.
    pub fn opener(&self, home: &Home) -> Opener<'_> {
        let id = home.home.id;
        let key = home.key.as_ref().map(|wrapped| self.lead_key(id, wrapped));
        Opener { keyring: self, home: id, key }
    }
}

impl Opener<'_> {
    /// Returns the home.
    pub const fn home(&self) -> HomeId {
        self.home
    }

    /// Opens a value of a field.
    ///
    /// # Errors
    /// `KeyLost` when the person was erased, or the value is from before another key.
    pub fn open(&self, field: &str, sealed: &Sealed) -> Result<String, SealError> {
        match version_of(sealed).ok_or(SealError::Form)? {
            Version::Tenant => self.keyring.open_from_transit(self.home, field, sealed),
            Version::Home => match &self.key {
                Some(Ok(key)) => key.open(field, sealed),
                Some(Err(error)) => Err(error.clone()),
                None => Err(SealError::KeyLost),
            },
        }
    }
}

/// Tells whether a value is sealed as it travels: under the tenant's key, not under that of a home.
pub fn is_in_transit(sealed: &Sealed) -> bool {
    version_of(sealed) == Some(Version::Tenant)
}

#[cfg(test)]
mod tests {
    use domain::{erasure::Erased, home::HomeRef, identity::Kind, time::Timestamp};

    use super::*;

    fn keyring(tenant: &str) -> Keyring {
        Keyring::new(tenant.parse().unwrap(), [1; 32], [2; 32])
    }

    fn id(byte: u8) -> HomeId {
        HomeId::from_bytes([byte; 16])
    }

    fn home_with(key: Option<WrappedKey>) -> Home {
        Home { key, ..Home::new(HomeRef { kind: Kind::UserId, id: id(1) }) }
    }

    #[test]
    fn a_key_unwraps_for_its_tenant_and_home_alone() {
        let (key, wrapped) = keyring("acme").new_lead_key(id(1)).unwrap();
        let sealed = key.seal("email", "ana@example.com").unwrap();
        let again = keyring("acme").lead_key(id(1), &wrapped).unwrap();
        assert_eq!(again.open("email", &sealed).unwrap(), "ana@example.com");
        assert_eq!(again.seal("email", "ana@example.com").unwrap(), sealed, "a retry is the same");
        assert_eq!(again.open("phone", &sealed), Err(SealError::Foreign));
        for (tenant, home) in [("acme2", 1), ("acme", 2)] {
            let other = keyring(tenant).lead_key(id(home), &wrapped);
            assert_eq!(other.err(), Some(SealError::Foreign));
        }
        let other_key = Keyring::new("acme".parse().unwrap(), [1; 32], [3; 32]);
        assert_eq!(other_key.lead_key(id(1), &wrapped).err(), Some(SealError::Foreign));
    }

    #[test]
    fn no_two_keys_are_the_same_and_one_opens_nothing_of_another() {
        let keys = keyring("acme");
        let ((one, first), (other, second)) =
            (keys.new_lead_key(id(1)).unwrap(), keys.new_lead_key(id(1)).unwrap());
        assert_ne!(first, second);
        let sealed = one.seal("email", "ana@example.com").unwrap();
        assert_eq!(other.open("email", &sealed), Err(SealError::Foreign));
        assert_ne!(other.seal("email", "ana@example.com").unwrap(), sealed);
    }

    #[test]
    fn a_home_opens_what_either_key_sealed_until_its_own_is_lost() {
        let keys = keyring("acme");
        let (key, wrapped) = keys.new_lead_key(id(1)).unwrap();
        let kept = key.seal("email", "ana@example.com").unwrap();
        let former = keys.seal_for_transit(id(1), "phone", "+5511999990001").unwrap();
        assert!(is_in_transit(&former) && !is_in_transit(&kept));
        let home = home_with(Some(wrapped));
        let opener = keys.opener(&home);
        assert_eq!(opener.open("email", &kept).unwrap(), "ana@example.com");
        assert_eq!(opener.open("phone", &former).unwrap(), "+5511999990001");
        let at = Timestamp::from_millis(0).unwrap();
        let tombstone = home.into_tombstone(Erased { at, generation: 0 });
        assert_eq!(keys.opener(&tombstone).open("email", &kept), Err(SealError::KeyLost));
        assert_eq!(keys.open_from_transit(id(1), "email", &kept), Err(SealError::Form));
    }

    #[test]
    fn a_key_wrapped_and_a_value_sealed_by_this_version_stay_readable() {
        let wrapped = WrappedKey(
            "AQsiXU1OjgjdjjX4kUUuAUEUVVrYqweDQaStL64bbExo3hyrFLMPh/3q7sABGyxyE95clYosAFcjX/j/zQ=="
                .to_owned(),
        );
        let sealed =
            Sealed("AiQMXrzYWELIT0veb6wG/EAhUnOaRkWhGAEnbiaGspL8J9Ij0V1IBWyYmso=".to_owned());
        let opened = keyring("acme").opener(&home_with(Some(wrapped))).open("email", &sealed);
        assert_eq!(opened.unwrap(), "ana@example.com");
    }

    #[test]
    fn no_secret_is_printed() {
        let key = LeadKey::new(&"acme".parse().unwrap(), id(1), &[7; 32]);
        let printed = format!("{key:?}");
        assert_eq!(printed, format!("LeadKey {{ scope: \"acme|{}\", .. }}", id(1)));
    }

    #[test]
    fn junk_never_opens() {
        let keys = keyring("acme");
        for junk in ["", "A", "AgAA", "Ag==", "not base64!", "AQ=="] {
            let (_, wrapped) = keys.new_lead_key(id(1)).unwrap();
            let opened = keys.opener(&home_with(Some(wrapped))).open("x", &Sealed(junk.to_owned()));
            assert!(opened.is_err(), "{junk}");
            assert!(keys.lead_key(id(1), &WrappedKey(junk.to_owned())).is_err(), "{junk}");
        }
    }
}
