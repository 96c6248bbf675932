//! The keys of the test tenant, and what they open.

use domain::{
    event::Sealed,
    lead::Home,
    profile::{EditedField, Edits, Field, FieldValue, Profile},
};
use vault::{IDENTITY_FIELD, Keyring, Opener};

use crate::events::a_tenant;

/// Returns the keys of the test tenant.
pub fn keyring() -> Keyring {
    Keyring::new(a_tenant(), [7; 32], [2; 32])
}

/// Returns a home with its values in the open where ciphertext was, and without its key: two homes
/// that say the same are equal then. Every value has to open.
pub fn opened(home: &Home) -> Home {
    let keyring = keyring();
    let opener = keyring.opener(home);
    let profile = home.profile.iter().map(|(name, field)| {
        let value = value(&opener, name, &field.value);
        (name.to_owned(), Field { value, ..field.clone() })
    });
    let edits = home.edits.iter().map(|(name, field)| {
        let value = field.value.as_ref().map(|sealed| value(&opener, name, sealed));
        (name.to_owned(), EditedField { value, ..field.clone() })
    });
    Home {
        key: None,
        identity: home.identity.as_ref().map(|sealed| text(&opener, IDENTITY_FIELD, sealed)),
        profile: Profile::from_fields(profile),
        edits: Edits::from_fields(edits),
        ..home.clone()
    }
}

fn value(opener: &Opener<'_>, name: &str, value: &FieldValue) -> FieldValue {
    match value {
        FieldValue::Sealed(sealed) => FieldValue::Sealed(text(opener, name, sealed)),
        FieldValue::Plain(plain) => FieldValue::Plain(plain.clone()),
    }
}

fn text(opener: &Opener<'_>, name: &str, sealed: &Sealed) -> Sealed {
    Sealed(opener.open(name, sealed).expect("a value that opens"))
}
