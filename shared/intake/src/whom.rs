//! Whom something is said about: the homes of the identities, the links between them, and the
//! sealed values that go to the homes.
//!
//! Invariant: the same identities make the same homes and links on every attempt: those of the
//! first generation. Where people were erased, scoring finds the generation that lives.

use std::collections::BTreeMap;

use domain::{
    event::{Arrival, Event, Sealed},
    home::{FIRST_GENERATION, HomeRef},
    identity::{Identity, Kind},
    link::{Link, Role},
};
use serde_json::{Map, Value};
use vault::{Keyring, SealError};

use crate::personal::Withheld;

/// The homes that something is said about.
#[derive(Clone, Debug)]
pub struct Whom {
    /// The home of the strongest identity, or the one that is addressed.
    pub home: HomeRef,
    /// Every identity with its home, the event's own first; none for an addressed lead.
    carried: Vec<(HomeRef, Identity)>,
    /// The readings of a former id.
    former: Vec<(HomeRef, Identity)>,
}

impl Whom {
    /// Derives the homes of identities, strongest first, and of a former id's readings. `None`
    /// without identities.
    pub fn of(identities: &[Identity], former: &[Identity], keyring: &Keyring) -> Option<Self> {
        let homes = |identities: &[Identity]| -> Vec<_> {
            identities.iter().map(|i| (keyring.home(i, FIRST_GENERATION), i.clone())).collect()
        };
        let carried = homes(identities);
        let (home, _) = *carried.first().map(|(home, identity)| (*home, identity)).as_ref()?;
        Some(Self { home, carried, former: homes(former) })
    }

    /// Addresses a home directly.
    pub fn addressed(home: HomeRef, former: &[Identity], keyring: &Keyring) -> Self {
        let former =
            former.iter().map(|i| (keyring.home(i, FIRST_GENERATION), i.clone())).collect();
        Self { home, carried: Vec::new(), former }
    }

    /// Returns the links that an event about them is evidence for; nothing is linked to itself.
    pub fn links(&self) -> Vec<Link> {
        let link = |role| move |(from, _): &(HomeRef, Identity)| (*from, role);
        let carried = self.carried.iter().map(link(Role::Carried));
        let former = self.former.iter().map(link(Role::Alias));
        carried
            .chain(former)
            .filter(|(from, _)| from.id != self.home.id)
            .map(|(from, role)| Link { from, to: self.home, role })
            .collect()
    }
}

/// Seals what was withheld from an event, for the home it is about.
pub fn seal(
    event: Event,
    whom: &Whom,
    withheld: &Withheld,
    keyring: &Keyring,
) -> Result<Arrival, SealError> {
    let mut identities = BTreeMap::new();
    for (home, identity) in whom.carried.iter().chain(&whom.former) {
        let sealed = keyring.seal_for_transit(home.id, vault::IDENTITY_FIELD, identity.value())?;
        identities.insert(home.id, sealed);
    }
    let personal: Result<BTreeMap<String, Sealed>, SealError> = withheld
        .iter()
        .map(|(field, value)| {
            Ok((field.to_owned(), keyring.seal_for_transit(whom.home.id, field, value)?))
        })
        .collect();
    Ok(Arrival { event, identities, personal: personal?, edited: BTreeMap::new() })
}

/// An email or phone that names the person is what the profile says too, whatever a trait says.
pub fn note_identities(identities: &[Identity], withheld: &mut Withheld) {
    for identity in identities {
        match identity.kind() {
            Kind::Email => withheld.put("email", identity.value()),
            Kind::Phone => withheld.put("phone", identity.value()),
            _ => {}
        }
    }
}

/// Notes what rules may know of an email or phone that names the person.
pub fn note_helpers(identities: &[Identity], traits: &mut Map<String, Value>) {
    for identity in identities {
        match identity.kind() {
            Kind::Email => {
                if let Some((_, domain)) = identity.value().rsplit_once('@') {
                    traits.insert("email_domain".to_owned(), domain.into());
                }
            }
            Kind::Phone => {
                traits.insert("has_phone".to_owned(), true.into());
            }
            _ => {}
        }
    }
}
