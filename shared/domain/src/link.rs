//! Links and cuts: the evidence from which families are computed.
//!
//! Invariant: a home keeps, for each other home it was ever linked to, the earliest link only,
//! and of those the [`MAX_LINKS`] earliest. Both are minima, so what is kept depends on the set
//! of links and never on their order of arrival. Merges are kept beside them, all of them, until
//! somebody undoes them: what people decide gives way to no event.

use serde::{Deserialize, Serialize};

use crate::{
    event::{Event, Position},
    home::{HomeId, HomeRef},
    identity::Kind,
};

/// How many links a home keeps beside merges; later ones stay in the events alone.
pub const MAX_LINKS: usize = 16;

/// Why two homes are linked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// One event carried both identities.
    Carried,
    /// An alias named the home as the former id of the other. The former id is read both ways:
    /// as a user id, which joins, and as an anonymous id, which claims.
    Alias,
    /// Somebody merged the two by hand.
    Merge,
}

/// A link that an event is evidence for: from the weaker home to the event's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Link {
    /// The home that is attached.
    pub from: HomeRef,
    /// The home that it is attached to.
    pub to: HomeRef,
    /// Why.
    pub role: Role,
}

/// A link as its `from` home keeps it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordedLink {
    /// The home it leads to.
    pub to: HomeRef,
    /// Why.
    pub role: Role,
    /// The earliest event that is evidence for it.
    pub at: Position,
}

/// The links that one home keeps, earliest first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Links(Vec<RecordedLink>);

impl Links {
    /// Takes links that were stored, in any order.
    pub fn from_recorded(links: impl IntoIterator<Item = RecordedLink>) -> Self {
        let mut kept = Self::default();
        for link in links {
            kept.record(link);
        }
        kept
    }

    /// Records a link and tells whether that changed anything.
    pub fn record(&mut self, link: RecordedLink) -> bool {
        let same = |kept: &RecordedLink| kept.to.id == link.to.id && kept.role == link.role;
        match self.0.iter().position(same) {
            Some(index) if self.0.get(index).is_some_and(|kept| kept.at <= link.at) => false,
            Some(index) => {
                self.0.remove(index);
                self.insert(link)
            }
            None => self.insert(link),
        }
    }

    fn insert(&mut self, link: RecordedLink) -> bool {
        let key = |link: &RecordedLink| (link.at.clone(), link.to.id, link.role);
        let index = self.0.partition_point(|kept| key(kept) < key(&link));
        let counts = |kept: &RecordedLink| kept.role != Role::Merge;
        let counted = link.role != Role::Merge;
        let earlier = self.0.iter().take(index).filter(|kept| counts(kept)).count();
        if counted && earlier >= MAX_LINKS {
            return false;
        }
        self.0.insert(index, link);
        if self.0.iter().filter(|kept| counts(kept)).count() > MAX_LINKS
            && let Some(last) = self.0.iter().rposition(counts)
        {
            self.0.remove(last);
        }
        true
    }

    /// Undoes merges and tells whether there were any such.
    pub fn undo_merges(&mut self, undone: impl Fn(&RecordedLink) -> bool) -> bool {
        let before = self.0.len();
        self.0.retain(|link| link.role != Role::Merge || !undone(link));
        self.0.len() != before
    }

    /// Iterates over the links, earliest first.
    pub fn iter(&self) -> impl Iterator<Item = &RecordedLink> {
        self.0.iter()
    }

    /// Tells whether no link is kept.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Counts the distinct user ids that carried this home's identity.
    pub fn carried_by_user_ids(&self) -> usize {
        let carried =
            |link: &&RecordedLink| link.role == Role::Carried && link.to.kind == Kind::UserId;
        self.0.iter().filter(carried).count()
    }
}

/// A separation of two sides that links do not bridge, until a manual merge lifts it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cut {
    /// The homes on one side when the cut was made.
    pub left: Vec<HomeId>,
    /// The homes on the other side.
    pub right: Vec<HomeId>,
}

impl Event {
    /// Returns the event's links as their `from` homes record them.
    pub fn recorded_links(&self) -> impl Iterator<Item = (HomeRef, RecordedLink)> + '_ {
        self.links.iter().map(|link| {
            (link.from, RecordedLink { to: link.to, role: link.role, at: self.position() })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{event::EventId, time::Timestamp};

    fn link(to: u8, millis: i64) -> RecordedLink {
        RecordedLink {
            to: HomeRef { kind: Kind::UserId, id: HomeId::from_bytes([to; 16]) },
            role: Role::Carried,
            at: Position {
                timestamp: Timestamp::from_millis(millis).unwrap(),
                event_id: EventId::from_sender("e").unwrap(),
                home: HomeId::from_bytes([to; 16]),
            },
        }
    }

    #[test]
    fn only_the_earliest_link_to_a_home_is_kept() {
        let mut links = Links::default();
        assert!(links.record(link(1, 50)));
        assert!(!links.record(link(1, 60)));
        assert!(links.record(link(1, 40)));
        assert_eq!(links, Links::from_recorded([link(1, 40)]));
    }

    #[test]
    fn a_merge_is_kept_however_many_links_are_earlier() {
        let merge = RecordedLink { role: Role::Merge, ..link(99, 1_000) };
        let others = (0..40_u8).map(|to| link(to, i64::from(to)));
        let merge_first = Links::from_recorded([merge.clone()].into_iter().chain(others.clone()));
        let merge_last = Links::from_recorded(others.chain([merge.clone()]));
        assert_eq!(merge_first, merge_last);
        assert_eq!(merge_last.iter().count(), MAX_LINKS + 1);
        let mut undone = merge_last;
        assert!(undone.undo_merges(|link| link == &merge));
        assert!(!undone.undo_merges(|link| link == &merge));
        assert_eq!(undone.iter().count(), MAX_LINKS);
    }

    #[test]
    fn the_links_kept_do_not_depend_on_arrival() {
        let all: Vec<_> = (0..40_u8).map(|to| link(to, i64::from(to) * 7 % 41)).collect();
        let forward = Links::from_recorded(all.clone());
        let backward = Links::from_recorded(all.into_iter().rev());
        assert_eq!(forward, backward);
        assert_eq!(forward.iter().count(), MAX_LINKS);
    }
}
