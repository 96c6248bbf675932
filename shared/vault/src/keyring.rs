//! The keyring of one tenant: where homes are derived, and what travels or is no home's is sealed.
//!
//! Invariant: what was sealed for one field of one home of one tenant opens nowhere else. What is
//! *kept* of a person is sealed under the home's own key instead, see
//! [`LeadKey`](crate::LeadKey): a tenant's key can never be lost.

use std::fmt;

use domain::{
    event::Sealed,
    home::{HomeId, HomeRef, InstallationSecret},
    identity::Identity,
    tenant::TenantId,
};
use hmac::{Hmac, Mac};
use sha2::Sha256;

use crate::sealing::{SealError, Sealing, Version, hmac, subkey, text};

/// The keys of one tenant. Its `Debug` shows the tenant alone.
#[derive(Clone)]
pub struct Keyring {
    tenant: TenantId,
    installation: InstallationSecret,
    sealing: Sealing,
    wrapping: Sealing,
    pseudonyms: Hmac<Sha256>,
}

impl Keyring {
    /// Makes the keyring of a tenant from the two secrets that its wrapped form holds.
    pub fn new(tenant: TenantId, installation: [u8; 32], tenant_key: [u8; 32]) -> Self {
        Self {
            tenant,
            installation: InstallationSecret::new(installation),
            sealing: Sealing::new(Version::Tenant, &tenant_key),
            wrapping: Sealing::new(Version::Tenant, &subkey(&tenant_key, "leadline lead key 1")),
            pseudonyms: hmac(&subkey(&tenant_key, "leadline pseudonym 1")),
        }
    }

    /// Returns the tenant whose keys these are.
    pub const fn tenant(&self) -> &TenantId {
        &self.tenant
    }

    /// Derives the home of an identity of this tenant.
    ///
    /// `generation` is [`domain::home::FIRST_GENERATION`] until the person is erased.
    pub fn home(&self, identity: &Identity, generation: u32) -> HomeRef {
        self.installation.home(&self.tenant, identity, generation)
    }

    /// Seals a personal value of a home for the way to it. Whoever writes the home seals it anew,
    /// under the home's own key.
    pub fn seal_for_transit(
        &self,
        home: HomeId,
        field: &str,
        plaintext: &str,
    ) -> Result<Sealed, SealError> {
        self.sealing.seal(&format!("{}|{field}", self.scope(home)), plaintext.as_bytes())
    }

    /// Opens what [`Self::seal_for_transit`] made for the same home and field.
    pub fn open_from_transit(
        &self,
        home: HomeId,
        field: &str,
        sealed: &Sealed,
    ) -> Result<String, SealError> {
        text(self.sealing.open(&format!("{}|{field}", self.scope(home)), sealed)?)
    }

    /// Seals a personal value of something that is no home, such as a user, by its id.
    ///
    /// The id begins with the word for what it names, as every id of ours but a home's own
    /// `lead_…` does, so that no value of one kind opens as one of another.
    pub fn seal_value(&self, id: &str, field: &str, plaintext: &str) -> Result<Sealed, SealError> {
        self.sealing.seal(&format!("{}|{id}|{field}", self.tenant), plaintext.as_bytes())
    }

    /// Opens what [`Self::seal_value`] made for the same id and field.
    pub fn open_value(&self, id: &str, field: &str, sealed: &Sealed) -> Result<String, SealError> {
        text(self.sealing.open(&format!("{}|{id}|{field}", self.tenant), sealed)?)
    }

    /// Seals an item as it came, before anything about it is known: no home, no field.
    pub fn seal_item(&self, item: &[u8]) -> Result<Sealed, SealError> {
        self.sealing.seal(&self.item_scope(), item)
    }

    /// Opens what [`Self::seal_item`] made.
    pub fn open_item(&self, sealed: &Sealed) -> Result<Vec<u8>, SealError> {
        self.sealing.open(&self.item_scope(), sealed)
    }

    /// Returns 32 bytes that stand for a text where the text itself must not be stored: in a
    /// search index, or in an id. Each purpose has its own.
    pub fn pseudonym(&self, purpose: &str, text: &[u8]) -> [u8; 32] {
        self.pseudonyms
            .clone()
            .chain_update((purpose.len() as u64).to_be_bytes())
            .chain_update(purpose.as_bytes())
            .chain_update(text)
            .finalize()
            .into_bytes()
            .into()
    }

    /// `item` is no home id, so no home's value is ever sealed under this.
    fn item_scope(&self) -> String {
        format!("{}|item|", self.tenant)
    }

    /// Returns what wraps the keys of homes.
    pub(crate) const fn wrapping(&self) -> &Sealing {
        &self.wrapping
    }

    /// What stands before every value of a home.
    pub(crate) fn scope(&self, home: HomeId) -> String {
        format!("{}|{home}", self.tenant)
    }
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keyring").field("tenant", &self.tenant).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use domain::identity::Kind;
    use proptest::prelude::*;

    use super::*;

    fn keyring(tenant: &str) -> Keyring {
        Keyring::new(tenant.parse().unwrap(), [1; 32], [2; 32])
    }

    fn home(byte: u8) -> HomeId {
        HomeId::from_bytes([byte; 16])
    }

    #[test]
    fn a_value_opens_only_for_its_tenant_home_and_field() {
        let sealed = keyring("acme").seal_for_transit(home(1), "email", "ana@example.com").unwrap();
        assert_eq!(
            keyring("acme").open_from_transit(home(1), "email", &sealed).unwrap(),
            "ana@example.com"
        );
        for (tenant, byte, field) in [("acme2", 1, "email"), ("acme", 2, "email"), ("acme", 1, "x")]
        {
            let opened = keyring(tenant).open_from_transit(home(byte), field, &sealed);
            assert_eq!(opened, Err(SealError::Foreign));
        }
    }

    #[test]
    fn a_retry_seals_the_same_bytes_and_another_place_different_ones() {
        let keys = keyring("acme");
        let sealed = keys.seal_for_transit(home(1), "email", "ana@example.com").unwrap();
        assert_eq!(keys.seal_for_transit(home(1), "email", "ana@example.com").unwrap(), sealed);
        assert_ne!(keys.seal_for_transit(home(2), "email", "ana@example.com").unwrap(), sealed);
        assert_ne!(keys.seal_for_transit(home(1), "phone", "ana@example.com").unwrap(), sealed);
    }

    #[test]
    fn a_value_sealed_by_this_version_stays_readable() {
        let golden =
            Sealed("AYzUOIj+PHyyVHsEMpwRdJiBqWc28Wpv87NkiZis4AJMhvdVqOy9a8ZQ8v0=".to_owned());
        let sealed = keyring("acme").seal_for_transit(home(1), "email", "ana@example.com").unwrap();
        assert_eq!(sealed, golden);
    }

    #[test]
    fn an_item_is_no_field_of_any_home() {
        let keys = keyring("acme");
        let sealed = keys.seal_item(b"\xff{}").unwrap();
        assert_eq!(keys.open_item(&sealed).unwrap(), b"\xff{}");
        assert_eq!(keys.open_from_transit(home(1), "", &sealed), Err(SealError::Foreign));
        assert_eq!(keyring("acme2").open_item(&sealed), Err(SealError::Foreign));
    }

    #[test]
    fn a_value_of_a_user_opens_for_no_other_user_field_or_tenant() {
        let (one, other) = ("user_1", "user_2");
        let sealed = keyring("acme").seal_value(one, "email", "ana@example.com").unwrap();
        let opened = keyring("acme").open_value(one, "email", &sealed);
        assert_eq!(opened.unwrap(), "ana@example.com");
        for (tenant, id, field) in
            [("acme2", one, "email"), ("acme", other, "email"), ("acme", one, "name")]
        {
            let opened = keyring(tenant).open_value(id, field, &sealed);
            assert_eq!(opened, Err(SealError::Foreign));
        }
        assert_eq!(
            keyring("acme").open_from_transit(home(1), "email", &sealed),
            Err(SealError::Foreign)
        );
    }

    #[test]
    fn a_pseudonym_is_the_same_again_and_another_for_another_tenant_or_purpose() {
        let one = keyring("acme").pseudonym("search", b"ana");
        assert_eq!(keyring("acme").pseudonym("search", b"ana"), one);
        let other_key = Keyring::new("acme".parse().unwrap(), [1; 32], [3; 32]);
        for other in [
            keyring("acme").pseudonym("event", b"ana"),
            keyring("acme").pseudonym("searcha", b"na"),
            other_key.pseudonym("search", b"ana"),
        ] {
            assert_ne!(other, one);
        }
    }

    #[test]
    fn no_secret_is_printed() {
        assert_eq!(format!("{:?}", keyring("acme")), r#"Keyring { tenant: TenantId("acme"), .. }"#);
    }

    #[test]
    fn homes_are_those_of_the_installation_secret() {
        let identity = Identity::new(Kind::UserId, "7").unwrap();
        let expected =
            InstallationSecret::new([1; 32]).home(&"acme".parse().unwrap(), &identity, 0);
        assert_eq!(keyring("acme").home(&identity, 0), expected);
    }

    proptest! {
        #[test]
        fn every_text_survives_being_sealed(text in ".{0,300}", field in ".{0,20}") {
            let keys = keyring("acme");
            let sealed = keys.seal_for_transit(home(1), &field, &text).unwrap();
            prop_assert_eq!(keys.open_from_transit(home(1), &field, &sealed).unwrap(), text);
        }

        #[test]
        fn junk_never_opens(junk in "[A-Za-z0-9+/]{0,80}") {
            prop_assert!(keyring("acme").open_from_transit(home(1), "email", &Sealed(junk)).is_err());
        }
    }
}
