//! From what people decide about a lead to the event that says so: a creation, a change, a line of
//! an imported file.
//!
//! Invariant: the same decision with the same event id makes the same arrival on every attempt.
//! The event holds no personal value; each goes sealed beside it, for the home it is stored in.
//!
//! ```text
//! hand_set(profile)  ->  HandSet  ->  into_edit(by), then status, assigned_to, … set on the Edit
//! Change { kind, event_id, at, edit, hand }.of_lead(home, ..)        an existing lead
//!                                          .of_person(identities, ..) a creation or an import
//! ```

mod hand;
mod held;
mod invalid;

use domain::{
    edit::{Edit, LEAD_CREATED, LEAD_EDITED, LEAD_IMPORTED},
    event::{Arrival, Event, EventId},
    home::HomeRef,
    identity::{self, Identity, InvalidIdentity},
    time::Timestamp,
};
use serde_json::{Map, Value};
use vault::{Keyring, SealError};

pub use self::{
    hand::{HandSet, MAX_FIELDS, MAX_NAME_BYTES, MAX_PROFILE_BYTES, MAX_VALUE_BYTES, hand_set},
    held::{Held, HeldField},
    invalid::{InvalidField, InvalidProfile, Reason},
};
use crate::{
    Whom, note_helpers, note_identities,
    personal::{Withheld, person_traits},
    seal,
};

/// How an edit came about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A lead was made by hand.
    Created,
    /// A lead was changed by hand, one or many at once.
    Edited,
    /// A line of a file brought it in.
    Imported,
}

impl Kind {
    /// Returns the type of the event.
    pub const fn event_type(self) -> &'static str {
        match self {
            Self::Created => LEAD_CREATED,
            Self::Edited => LEAD_EDITED,
            Self::Imported => LEAD_IMPORTED,
        }
    }
}

/// The system in whose name a lead without any identity is known: `leadline:<id>`.
const OWN_SYSTEM: &str = "leadline";

/// Makes the identity of a lead that nobody gave one: `id` is a UUID, or another id that is the
/// same on every attempt.
///
/// # Errors
/// That the id stands for nobody, or is too long.
pub fn own_identity(id: &str) -> Result<Identity, InvalidIdentity> {
    Identity::new(identity::Kind::External, &format!("{OWN_SYSTEM}:{id}"))
}

/// A decision, ready to become an event.
#[derive(Clone, Debug)]
pub struct Change {
    /// How it came about.
    pub kind: Kind,
    /// Names the event within its home; the same on every attempt.
    pub event_id: EventId,
    /// The instant that it takes effect.
    pub at: Timestamp,
    /// What it says. The profile fields are those of `hand`: make it by [`HandSet::into_edit`].
    pub edit: Edit,
    /// The profile fields, with the personal values that the edit only names.
    pub hand: HandSet,
}

impl Change {
    /// Takes a decision about the profile alone; the caller may set more on its `edit`.
    pub fn new(
        kind: Kind,
        event_id: EventId,
        at: Timestamp,
        by: domain::actor::Actor,
        hand: HandSet,
    ) -> Self {
        Self { kind, event_id, at, edit: hand.clone().into_edit(by), hand }
    }

    /// Makes the arrival of a change of a lead. `home` is its survivor.
    ///
    /// # Errors
    /// That a value could not be sealed.
    pub fn of_lead(self, home: HomeRef, keyring: &Keyring) -> Result<Arrival, SealError> {
        let whom = Whom::addressed(home, &[], keyring);
        self.arrival(&whom, Map::new(), &Withheld::default(), keyring)
    }

    /// Makes the arrival of a creation or an import: it goes to the home of the strongest of the
    /// identities and links the others to it, like any event that carries them. `None` without
    /// identities.
    ///
    /// `traits` are declared like those of any event, in any spelling: what is declared later, by
    /// an event or an import, wins over them.
    ///
    /// # Errors
    /// That a value could not be sealed.
    pub fn of_person(
        self,
        identities: &[Identity],
        traits: Map<String, Value>,
        keyring: &Keyring,
    ) -> Result<Option<Arrival>, SealError> {
        let mut identities = identities.to_vec();
        identities.sort();
        let Some(whom) = Whom::of(&identities, &[], keyring) else { return Ok(None) };
        let mut withheld = Withheld::default();
        note_identities(&identities, &mut withheld);
        let mut traits = person_traits(traits, &mut withheld);
        note_helpers(&identities, &mut traits);
        self.arrival(&whom, traits, &withheld, keyring).map(Some)
    }

    fn arrival(
        self,
        whom: &Whom,
        traits: Map<String, Value>,
        withheld: &Withheld,
        keyring: &Keyring,
    ) -> Result<Arrival, SealError> {
        let edited = self.hand.seal(whom.home.id, keyring)?;
        let event = Event {
            event_id: self.event_id,
            event_type: self.kind.event_type().to_owned(),
            home: whom.home,
            timestamp: self.at,
            received_at: self.at,
            properties: Map::new(),
            context: Map::new(),
            traits,
            links: whom.links(),
            edit: Some(Box::new(self.edit)),
        };
        Ok(Arrival { edited, ..seal(event, whom, withheld, keyring)? })
    }
}

#[cfg(test)]
mod tests;
