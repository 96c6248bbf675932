//! Families: which homes are one person today, computed from links and cuts alone.
//!
//! Invariant: the partition is a pure function of the homes with their links and cuts. Nothing
//! here knows what the families were before.
//!
//! Links are followed in three rounds, each by (timestamp, event id, home): merges, joins, claims.
//! A link that would bridge a cut is passed over, and so is one to or from a tombstone: who was
//! erased is nobody's family any more. A link that would make a family too large is left unfollowed
//! and both sides say so.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::{
    event::Position,
    home::{HomeId, HomeRef},
    identity::Kind,
    lead::Home,
    link::{RecordedLink, Role},
};

/// How many homes with events a family follows.
pub const MAX_HOMES_WITH_EVENTS: usize = 80;

/// How many homes a family follows in all, so that a change of all of them fits a transaction.
pub const MAX_HOMES: usize = 85;

/// From this many user ids on, an email is shared and joins nobody.
const SHARED_EMAIL: usize = 11;

/// How a tenant wants people to be told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IdentitySettings {
    /// Whether a common email makes two user ids one person.
    pub join_by_email: bool,
}

impl Default for IdentitySettings {
    fn default() -> Self {
        Self { join_by_email: true }
    }
}

/// A home within a family.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Member {
    /// The home.
    pub home: HomeRef,
    /// Whether events are stored in it.
    pub has_events: bool,
}

/// The homes that are one person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Family {
    /// The home through which the family is seen: of those with events (if any has) the strongest
    /// kind, then the earliest link, then the smallest id.
    pub survivor: HomeRef,
    /// The homes, by id.
    pub members: Vec<Member>,
    /// Whether links exist that the family is too large to follow.
    pub identity_limit: bool,
}

/// The families of a set of homes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Partition {
    /// Every given home is in exactly one of them, tombstones aside.
    pub families: Vec<Family>,
    /// Homes that links would attach but that were not given. Unless this is empty, the caller
    /// loads them with their families and computes the partition again.
    pub missing: BTreeSet<HomeId>,
}

/// Computes the families of `homes`. The order in which they are given does not matter.
///
/// A link to a tombstone still counts where it is counted how many share an email: that its owner
/// was erased makes it no less shared.
pub fn partition(homes: &[Home], settings: IdentitySettings) -> Partition {
    let homes: BTreeMap<HomeId, &Home> = homes.iter().map(|home| (home.home.id, home)).collect();
    let mut grouping = Grouping::new(&homes);
    let (merges, joins, claims) = rounds(&homes, settings);
    for (from, link) in merges.into_iter().chain(joins) {
        grouping.follow(from, link);
    }
    let mut settled = BTreeSet::new();
    for (from, link) in claims {
        // A claim goes to its earliest link; a cut one gives way to the next.
        if !settled.contains(&from) && grouping.follow(from, link) != Followed::Cut {
            settled.insert(from);
        }
    }
    let Grouping { groups, missing, .. } = grouping;
    let families = groups.into_values().map(|group| family(&group, &homes)).collect();
    Partition { families, missing }
}

type Round<'a> = Vec<(HomeId, &'a RecordedLink)>;

fn rounds<'a>(
    homes: &BTreeMap<HomeId, &'a Home>,
    settings: IdentitySettings,
) -> (Round<'a>, Round<'a>, Round<'a>) {
    let (mut merges, mut joins, mut claims) = (Vec::new(), Vec::new(), Vec::new());
    for (id, home) in homes.iter().filter(|(_, home)| !home.is_tombstone()) {
        let shared = home.home.kind == Kind::Email
            && settings.join_by_email
            && home.links.carried_by_user_ids() >= SHARED_EMAIL;
        for link in home.links.iter() {
            let by_email = home.home.kind == Kind::Email && link.to.kind == Kind::UserId;
            match link.role {
                Role::Merge => merges.push((*id, link)),
                Role::Alias if home.home.kind == Kind::UserId => joins.push((*id, link)),
                Role::Carried if by_email && shared => {}
                Role::Carried if by_email && settings.join_by_email => joins.push((*id, link)),
                Role::Alias | Role::Carried => claims.push((*id, link)),
            }
        }
    }
    for round in [&mut merges, &mut joins, &mut claims] {
        round.sort_by(|(from, link), (other_from, other)| {
            (&link.at, link.to.id, from).cmp(&(&other.at, other.to.id, other_from))
        });
    }
    (merges, joins, claims)
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Followed {
    /// The two homes are in one group now.
    Yes,
    /// A cut lies between them, or the other home is a tombstone.
    Cut,
    /// Together they would be too many.
    TooLarge,
    /// The other home was not given.
    Missing,
}

#[derive(Clone, Debug, Default)]
struct Group {
    homes: BTreeSet<HomeId>,
    with_events: usize,
    identity_limit: bool,
}

struct Grouping<'a> {
    homes: &'a BTreeMap<HomeId, &'a Home>,
    /// The group of each home.
    group_of: BTreeMap<HomeId, HomeId>,
    groups: BTreeMap<HomeId, Group>,
    missing: BTreeSet<HomeId>,
}

impl<'a> Grouping<'a> {
    fn new(homes: &'a BTreeMap<HomeId, &'a Home>) -> Self {
        let group = |(id, home): (&HomeId, &&Home)| {
            let with_events = usize::from(home.has_events);
            (*id, Group { homes: [*id].into(), with_events, identity_limit: false })
        };
        let living = || homes.iter().filter(|(_, home)| !home.is_tombstone());
        Self {
            homes,
            group_of: living().map(|(id, _)| (*id, *id)).collect(),
            groups: living().map(group).collect(),
            missing: BTreeSet::new(),
        }
    }

    fn follow(&mut self, from: HomeId, link: &RecordedLink) -> Followed {
        if self.homes.get(&link.to.id).is_some_and(|home| home.is_tombstone()) {
            return Followed::Cut;
        }
        let (Some(from), Some(to)) =
            (self.group_of.get(&from).copied(), self.group_of.get(&link.to.id).copied())
        else {
            self.missing.insert(link.to.id);
            return Followed::Missing;
        };
        if from == to {
            return Followed::Yes;
        }
        if self.is_cut(from, to) {
            return Followed::Cut;
        }
        self.unite(from, to)
    }

    fn unite(&mut self, from: HomeId, to: HomeId) -> Followed {
        let (Some(mut absorbed), Some(mut grown)) =
            (self.groups.remove(&from), self.groups.remove(&to))
        else {
            return Followed::Missing;
        };
        let too_large = absorbed.with_events + grown.with_events > MAX_HOMES_WITH_EVENTS
            || absorbed.homes.len() + grown.homes.len() > MAX_HOMES;
        if too_large {
            absorbed.identity_limit = true;
            grown.identity_limit = true;
            self.groups.insert(from, absorbed);
            self.groups.insert(to, grown);
            return Followed::TooLarge;
        }
        for home in &absorbed.homes {
            self.group_of.insert(*home, to);
        }
        grown.homes.append(&mut absorbed.homes);
        grown.with_events += absorbed.with_events;
        grown.identity_limit |= absorbed.identity_limit;
        self.groups.insert(to, grown);
        Followed::Yes
    }

    fn is_cut(&self, one: HomeId, other: HomeId) -> bool {
        let (Some(one), Some(other)) = (self.groups.get(&one), self.groups.get(&other)) else {
            return false;
        };
        let touches =
            |group: &Group, side: &[HomeId]| side.iter().any(|id| group.homes.contains(id));
        let homes = one.homes.iter().chain(&other.homes);
        homes.filter_map(|id| self.homes.get(id)).flat_map(|home| &home.cuts).any(|cut| {
            (touches(one, &cut.left) && touches(other, &cut.right))
                || (touches(one, &cut.right) && touches(other, &cut.left))
        })
    }
}

fn family(group: &Group, homes: &BTreeMap<HomeId, &Home>) -> Family {
    let members: Vec<_> = group.homes.iter().filter_map(|id| homes.get(id)).copied().collect();
    let mut earliest: BTreeMap<HomeId, &Position> = BTreeMap::new();
    for home in &members {
        for link in home.links.iter().filter(|link| group.homes.contains(&link.to.id)) {
            for id in [home.home.id, link.to.id] {
                let kept = earliest.entry(id).or_insert(&link.at);
                *kept = (*kept).min(&link.at);
            }
        }
    }
    let rank = |home: &&&Home| {
        let at = earliest.get(&home.home.id).copied();
        (!home.has_events, home.home.kind, at.is_none(), at.cloned(), home.home.id)
    };
    // A group holds at least the home it began with.
    let first = HomeRef { kind: Kind::AnonymousId, id: HomeId::from_bytes([0; 16]) };
    let survivor = members.iter().min_by_key(rank).map_or(first, |home| home.home);
    let member = |home: &&Home| Member { home: home.home, has_events: home.has_events };
    Family {
        survivor,
        members: members.iter().map(member).collect(),
        identity_limit: group.identity_limit,
    }
}
