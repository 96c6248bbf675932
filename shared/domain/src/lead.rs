//! Homes and leads as they are kept: a home is the place of one identity, a lead is a family seen
//! through its survivor.

use serde::{Deserialize, Serialize};

use crate::{
    archived::Archived,
    erasure::Erased,
    event::Sealed,
    family::Member,
    home::HomeRef,
    link::{Cut, Links},
    profile::{Edits, Profile},
    stage::Stage,
    state::State,
    time::Timestamp,
};

/// The place of one identity: its own links and profile, and the lead that answers for it.
#[derive(Clone, Debug, PartialEq)]
pub struct Home {
    /// The home.
    pub home: HomeRef,
    /// Raised by one at every write; 0 before the first.
    pub version: u64,
    /// The home whose lead answers for this one; its own when it stands alone.
    pub survivor: HomeRef,
    /// Whether events are stored in it.
    pub has_events: bool,
    /// Whether an event carried the identity itself. The readings of an alias's former id exist
    /// without that.
    pub carried: bool,
    /// The key that opens what is sealed in it and beside it, itself wrapped by the tenant's.
    /// `None` where nothing is, in a home that former code wrote, and in a tombstone.
    pub key: Option<WrappedKey>,
    /// The identity's value, as ciphertext.
    pub identity: Option<Sealed>,
    /// The links that lead from it.
    pub links: Links,
    /// The cuts that were made through its family.
    pub cuts: Vec<Cut>,
    /// What its events declared.
    pub profile: Profile,
    /// What people set by hand, and released.
    pub edits: Edits,
    /// When and as what the person was erased; the home is a tombstone then, and holds nothing that
    /// is sealed or declared.
    pub erased: Option<Erased>,
}

/// A key of one home, wrapped by the tenant's key: base64 of what the vault made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct WrappedKey(pub String);

/// A family seen through its survivor.
#[derive(Clone, Debug, PartialEq)]
pub struct Lead {
    /// The survivor, whose id is the lead's.
    pub survivor: HomeRef,
    /// Raised at every write, and above the version of every lead it grew out of.
    pub version: u64,
    /// The homes of the family, by id.
    pub members: Vec<Member>,
    /// Whether links exist that the family is too large to follow.
    pub identity_limit: bool,
    /// The fold of the events of all homes.
    pub state: State,
    /// What its last write did to its stage; `None` where it left the stage alone.
    pub crossing: Option<Crossing>,
    /// When the person was erased: what is left counts in statistics alone.
    pub erased: Option<Timestamp>,
    /// Where its events lie, once it was idle for long; `None` for all others.
    pub archived: Option<Archived>,
}

/// A change of a lead's stage by one write: what the stage was just before it.
///
/// Both stages are viewed at the same instant and by the same rules, but for a re-score: there
/// the old state is viewed by the rules that it was folded by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Crossing {
    /// The stage before.
    pub from: Stage,
    /// What the write was for.
    pub cause: Cause,
}

/// Why a lead was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// Events of the lead came.
    Event,
    /// The rules, or the code of the fold, are other ones now.
    Rescore,
    /// Its family is another one now: by a link, a merge or a cut.
    Link,
    /// Time went by.
    Decay,
}

/// The sales state of a lead, set by people.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Nobody has worked on it yet.
    #[default]
    New,
    /// Somebody has been in touch.
    Contacted,
    /// Sales takes it for a buyer.
    Qualified,
    /// It bought.
    Converted,
    /// It will not buy.
    Lost,
    /// It is out of sight.
    Archived,
}

impl Crossing {
    /// Returns the crossing of a write that led from one stage to another; `None` when they are
    /// the same.
    pub fn between(from: Stage, to: Stage, cause: Cause) -> Option<Self> {
        (from != to).then_some(Self { from, cause })
    }
}

impl Home {
    /// Returns a home that does not exist yet.
    pub fn new(home: HomeRef) -> Self {
        Self {
            home,
            version: 0,
            survivor: home,
            has_events: false,
            carried: false,
            key: None,
            identity: None,
            links: Links::default(),
            cuts: Vec::new(),
            profile: Profile::default(),
            edits: Edits::default(),
            erased: None,
        }
    }

    /// Returns what stays of the home when the person is erased: whose it was in which family, and
    /// nothing that anybody declared or that the lost key would open.
    #[must_use]
    pub fn into_tombstone(self, erased: Erased) -> Self {
        let Self { home, version, survivor, has_events, carried, links, .. } = self;
        let erased = Some(erased);
        Self { version, survivor, has_events, carried, links, erased, ..Self::new(home) }
    }

    /// Tells whether the person was erased.
    pub const fn is_tombstone(&self) -> bool {
        self.erased.is_some()
    }
}

impl Lead {
    /// Tells a person from a mere cookie: whether any home is of a kind other than anonymous.
    pub fn is_known(&self) -> bool {
        self.members.iter().any(|member| member.home.kind != crate::identity::Kind::AnonymousId)
    }

    /// Tells whether the lead is hidden, see [`crate::edit::Work::is_deleted`].
    pub fn is_deleted(&self) -> bool {
        self.state.work.is_deleted(self.survivor.id)
    }

    /// Tells whether a home belongs to the family.
    pub fn has_member(&self, home: crate::home::HomeId) -> bool {
        self.members.iter().any(|member| member.home.id == home)
    }
}
