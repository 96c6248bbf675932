//! What people decide about families: merges, and cuts that separate what is no one person.
//!
//! Invariant: a decision changes links of role merge and cuts, and nothing else; which families
//! follow is for [`partition`] to say. A cut is the same on every home
//! that it names.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    event::{EventId, Position},
    family::{Family, IdentitySettings, partition},
    home::{HomeId, HomeRef},
    lead::Home,
    link::{Cut, RecordedLink, Role},
    time::Timestamp,
};

/// Homes by id.
pub type Homes = BTreeMap<HomeId, Home>;

/// Names the homes, inside `members` or not, that share a cut which lies between two of them: what
/// [`merge`] must be given beside the members.
pub fn named_by_cuts(homes: &Homes, members: &BTreeSet<HomeId>) -> BTreeSet<HomeId> {
    let cuts = members.iter().filter_map(|id| homes.get(id)).flat_map(|home| &home.cuts);
    let between = cuts.filter(|cut| lies_within(cut, members));
    between.flat_map(|cut| cut.left.iter().chain(&cut.right)).copied().collect()
}

/// Merges leads by hand: lifts every cut between two `members`, the homes of all leads, and links
/// the leads with each other. Returns the homes that changed.
///
/// Of a cut that names further homes, the rest stays. `homes` holds all that links lead to; where
/// the members are not one family then, they are too many for one.
pub fn merge(
    homes: &mut Homes,
    survivors: &[HomeRef],
    members: &BTreeSet<HomeId>,
    (now, id): (Timestamp, &EventId),
    settings: IdentitySettings,
) -> BTreeSet<HomeId> {
    let mut changed = lift(homes, members);
    let mut apart = survivors.to_vec();
    loop {
        let linked = link(homes, &apart, now, id);
        if linked.is_empty() {
            return changed;
        }
        changed.extend(linked);
        // Where a lifted cut lets a claim go back to an earlier link, it leaves what it held.
        apart = parts(homes, members, settings)
            .into_iter()
            .filter_map(|part| part.iter().filter_map(|id| homes.get(id)).map(|h| h.home).min())
            .collect();
    }
}

/// Links homes to the strongest of them, and returns those whose links changed.
fn link(homes: &mut Homes, ends: &[HomeRef], now: Timestamp, id: &EventId) -> BTreeSet<HomeId> {
    let Some(strongest) = ends.iter().min() else { return BTreeSet::new() };
    let mut changed = BTreeSet::new();
    for end in ends.iter().filter(|end| *end != strongest) {
        let at = Position { timestamp: now, event_id: id.clone(), home: end.id };
        let link = RecordedLink { to: *strongest, role: Role::Merge, at };
        if homes.get_mut(&end.id).is_some_and(|home| home.links.record(link)) {
            changed.insert(end.id);
        }
    }
    changed
}

fn lies_within(cut: &Cut, members: &BTreeSet<HomeId>) -> bool {
    let touches = |side: &[HomeId]| side.iter().any(|id| members.contains(id));
    touches(&cut.left) && touches(&cut.right)
}

/// Takes the pairs of `members` out of every cut: what it says of other pairs stays, as one cut
/// or two.
fn lift(homes: &mut Homes, members: &BTreeSet<HomeId>) -> BTreeSet<HomeId> {
    let mut changed = BTreeSet::new();
    for home in homes.values_mut() {
        if !home.cuts.iter().any(|cut| lies_within(cut, members)) {
            continue;
        }
        let id = home.home.id;
        home.cuts = home.cuts.iter().flat_map(|cut| left_of(cut, members)).collect();
        home.cuts.retain(|cut| cut.left.contains(&id) || cut.right.contains(&id));
        changed.insert(id);
    }
    changed
}

/// Returns what is left of a cut when the pairs of `members` are taken out.
fn left_of(cut: &Cut, members: &BTreeSet<HomeId>) -> Vec<Cut> {
    if !lies_within(cut, members) {
        return vec![cut.clone()];
    }
    let split = |side: &[HomeId]| -> (Vec<HomeId>, Vec<HomeId>) {
        side.iter().partition(|id| members.contains(id))
    };
    let ((left_in, left_out), (_, right_out)) = (split(&cut.left), split(&cut.right));
    let rest =
        [Cut { left: left_out, right: cut.right.clone() }, Cut { left: left_in, right: right_out }];
    rest.into_iter().filter(|cut| !cut.left.is_empty() && !cut.right.is_empty()).collect()
}

/// Finds the latest manual merge within a family: the event id of its links.
pub fn latest_merge(homes: &Homes, members: &BTreeSet<HomeId>) -> Option<EventId> {
    let within = homes.values().filter(|home| members.contains(&home.home.id));
    let links = within.flat_map(|home| home.links.iter());
    let merges = links.filter(|link| link.role == Role::Merge && members.contains(&link.to.id));
    merges.max_by(|one, other| one.at.cmp(&other.at)).map(|link| link.at.event_id.clone())
}

/// Finds the sides of a merge: the parts of a family that would be families of their own without
/// it. One part only, when other links hold it together as well.
pub fn sides_of_merge(
    homes: &Homes,
    members: &BTreeSet<HomeId>,
    merge: &EventId,
    settings: IdentitySettings,
) -> Vec<BTreeSet<HomeId>> {
    let mut without = homes.clone();
    for home in without.values_mut() {
        home.links.undo_merges(|link| link.at.event_id == *merge);
    }
    parts(&without, members, settings)
}

/// Finds the parts of `members` that are in different families.
fn parts(
    homes: &Homes,
    members: &BTreeSet<HomeId>,
    settings: IdentitySettings,
) -> Vec<BTreeSet<HomeId>> {
    let homes: Vec<Home> = homes.values().cloned().collect();
    let part = |family: Family| {
        let homes = family.members.iter().map(|member| member.home.id);
        homes.filter(|id| members.contains(id)).collect::<BTreeSet<_>>()
    };
    let parts = partition(&homes, settings).families.into_iter().map(part);
    parts.filter(|part| !part.is_empty()).collect()
}

/// Separates the sides from each other: undoes the merges between them and cuts each from those
/// that come after it. Returns the homes that changed.
pub fn separate(homes: &mut Homes, sides: &[BTreeSet<HomeId>]) -> BTreeSet<HomeId> {
    let side_of: BTreeMap<HomeId, usize> = sides
        .iter()
        .enumerate()
        .flat_map(|(side, homes)| homes.iter().map(move |id| (*id, side)))
        .collect();
    let mut changed = BTreeSet::new();
    for (id, side) in &side_of {
        let is_between =
            |link: &RecordedLink| side_of.get(&link.to.id).is_some_and(|other| other != side);
        if homes.get_mut(id).is_some_and(|home| home.links.undo_merges(is_between)) {
            changed.insert(*id);
        }
    }
    for (index, side) in sides.iter().enumerate() {
        let rest: BTreeSet<HomeId> = sides.iter().skip(index + 1).flatten().copied().collect();
        if rest.is_empty() {
            continue;
        }
        let cut =
            Cut { left: side.iter().copied().collect(), right: rest.iter().copied().collect() };
        for id in side.iter().chain(&rest) {
            let Some(home) = homes.get_mut(id) else { continue };
            if !home.cuts.contains(&cut) {
                home.cuts.push(cut.clone());
                changed.insert(*id);
            }
        }
    }
    changed
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(byte: u8) -> HomeId {
        HomeId::from_bytes([byte; 16])
    }

    fn ids(bytes: &[u8]) -> Vec<HomeId> {
        bytes.iter().map(|byte| id(*byte)).collect()
    }

    #[test]
    fn lifting_a_part_of_a_cut_leaves_the_other_pairs_cut() {
        let cut = Cut { left: ids(&[1, 2]), right: ids(&[3, 4]) };
        let left = left_of(&cut, &ids(&[1, 3]).into_iter().collect());
        let (one, other) = (
            Cut { left: ids(&[2]), right: ids(&[3, 4]) },
            Cut { left: ids(&[1]), right: ids(&[4]) },
        );
        assert_eq!(left, [one, other]);
        assert_eq!(left_of(&cut, &ids(&[1, 2, 3, 4]).into_iter().collect()), []);
        assert_eq!(left_of(&cut, &ids(&[1, 2, 9]).into_iter().collect()), [cut]);
    }
}
