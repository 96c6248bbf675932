//! Laws of what people decide: merges and cuts.

use std::collections::BTreeSet;

use domain::{
    event::{EventId, Position},
    family::{Family, IdentitySettings, partition},
    home::{HomeId, HomeRef},
    identity::Kind,
    lead::Home,
    link::{RecordedLink, Role},
    separation::{self, Homes},
    time::Timestamp,
};
use proptest::{collection::vec, prelude::*, sample::select};

use crate::home;

const HOMES: u8 = 10;

/// From, to, when and why.
type Drawn = (u8, u8, i64, Role);

fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(millis).unwrap()
}

fn reference(number: u8) -> HomeRef {
    home(Kind::ALL[usize::from(number) % 5], number)
}

fn homes() -> Homes {
    let homes = (0..HOMES)
        .map(reference)
        .map(|home| (home.id, Home { has_events: true, version: 1, ..Home::new(home) }));
    homes.collect()
}

fn links() -> impl Strategy<Value = Vec<Drawn>> {
    let roles = select(vec![Role::Carried, Role::Alias]);
    vec((0..HOMES, 0..HOMES, 0..9_i64, roles), 0..14)
}

fn record(homes: &mut Homes, links: &[Drawn]) {
    for (from, to, millis, role) in links.iter().filter(|(from, to, ..)| from != to) {
        let (from, to) = (reference(*from), reference(*to));
        let event_id = EventId::from_sender("e").unwrap();
        let at = Position { timestamp: at(*millis), event_id, home: to.id };
        homes.get_mut(&from.id).unwrap().links.record(RecordedLink { to, role: *role, at });
    }
}

fn families(homes: &Homes) -> Vec<Family> {
    let homes: Vec<Home> = homes.values().cloned().collect();
    partition(&homes, IdentitySettings::default()).families
}

fn family_of(homes: &Homes, of: HomeId) -> (HomeRef, BTreeSet<HomeId>) {
    let family = families(homes).into_iter().find(|f| f.members.iter().any(|m| m.home.id == of));
    let family = family.unwrap();
    (family.survivor, family.members.iter().map(|member| member.home.id).collect())
}

/// Merges the families of two homes at an instant and returns their survivors; `None` when they
/// are one family.
fn merge(homes: &mut Homes, one: u8, other: u8, millis: i64) -> Option<[HomeId; 2]> {
    let [(one, members), (other, others)] =
        [one, other].map(|number| family_of(homes, reference(number).id));
    if one == other {
        return None;
    }
    let members = members.into_iter().chain(others).collect();
    let id = EventId::from_sender(&format!("merge_{millis}")).unwrap();
    let settings = IdentitySettings::default();
    separation::merge(homes, &[one, other], &members, (at(millis), &id), settings);
    Some([one.id, other.id])
}

/// Undoes the latest merge of a family, where that parts it.
fn undo(homes: &mut Homes, of: HomeId) -> bool {
    let (_, members) = family_of(homes, of);
    let Some(latest) = separation::latest_merge(homes, &members) else { return false };
    let settings = IdentitySettings::default();
    let sides = separation::sides_of_merge(homes, &members, &latest, settings);
    if sides.len() > 1 {
        separation::separate(homes, &sides);
    }
    sides.len() > 1
}

/// Separates the homes of a family whose numbers are odd; `None` where that is all or nothing.
fn part(homes: &mut Homes, of: HomeId) -> Option<[BTreeSet<HomeId>; 2]> {
    let (_, members) = family_of(homes, of);
    let odd: BTreeSet<HomeId> =
        (0..HOMES).filter(|n| n % 2 == 1).map(|n| reference(n).id).collect();
    let (named, rest): (BTreeSet<_>, BTreeSet<_>) =
        members.into_iter().partition(|id| odd.contains(id));
    if named.is_empty() || rest.is_empty() {
        return None;
    }
    let sides = [named, rest];
    separation::separate(homes, &sides);
    Some(sides)
}

fn are_apart(homes: &Homes, [named, rest]: &[BTreeSet<HomeId>; 2]) -> bool {
    families(homes).iter().all(|family| {
        let has =
            |side: &BTreeSet<HomeId>| family.members.iter().any(|m| side.contains(&m.home.id));
        !(has(named) && has(rest))
    })
}

proptest! {
    #[test]
    fn a_merge_that_is_undone_never_was_whatever_links_came_meanwhile(
        before in links(), meanwhile in links(), one in 0..HOMES, other in 0..HOMES,
    ) {
        let mut never = homes();
        record(&mut never, &before);
        let mut merged = never.clone();
        let survivors = merge(&mut merged, one, other, 100);
        prop_assert_eq!(
            family_of(&merged, reference(one).id), family_of(&merged, reference(other).id)
        );
        let Some([one, other]) = survivors else { return Ok(()) };
        for homes in [&mut never, &mut merged] {
            record(homes, &meanwhile);
        }
        if undo(&mut merged, one) {
            prop_assert_eq!(families(&merged), families(&never));
        } else {
            // Other links hold it together as well.
            prop_assert_eq!(family_of(&never, one), family_of(&never, other));
        }
    }

    #[test]
    fn no_link_joins_again_what_was_separated(
        before in links(), later in links(), of in 0..HOMES,
    ) {
        let mut homes = homes();
        record(&mut homes, &before);
        if let Some(sides) = part(&mut homes, reference(of).id) {
            prop_assert!(are_apart(&homes, &sides));
            record(&mut homes, &later);
            prop_assert!(are_apart(&homes, &sides));
        }
    }

    #[test]
    fn a_merge_joins_again_what_was_separated_and_lifts_no_other_cut(
        before in links(), later in links(), of in 0..HOMES,
    ) {
        let mut homes = homes();
        record(&mut homes, &before);
        let Some(sides) = part(&mut homes, reference(of).id) else { return Ok(()) };
        record(&mut homes, &later);
        let [named, rest] = sides;
        let (one, other) = (*named.first().unwrap(), *rest.first().unwrap());
        let number = |id: HomeId| (0..HOMES).find(|n| reference(*n).id == id).unwrap();
        let before = families(&homes);
        merge(&mut homes, number(one), number(other), 100);
        let (_, together) = family_of(&homes, one);
        prop_assert!(together.contains(&other));
        // Families that were not merged stay apart from those that were, where a cut says so.
        let was_merged = |family: &Family| {
            family.members.iter().any(|m| [one, other].contains(&m.home.id))
        };
        let merged: BTreeSet<HomeId> = before.iter().filter(|f| was_merged(f))
            .flat_map(|f| &f.members).map(|m| m.home.id).collect();
        for (side, opposite) in [(&named, &rest), (&rest, &named)] {
            for family in before.iter().filter(|family| !was_merged(family)) {
                let in_side = |m: &domain::family::Member| side.contains(&m.home.id);
                if family.members.iter().any(in_side) {
                    let across = merged.intersection(opposite).any(|id| {
                        let (_, with) = family_of(&homes, *id);
                        family.members.iter().any(|m| in_side(m) && with.contains(&m.home.id))
                    });
                    prop_assert!(!across);
                }
            }
        }
    }

    #[test]
    fn decisions_and_later_links_give_the_same_families_in_any_order(
        before in links(), later in links(), of in 0..HOMES,
    ) {
        let mut homes = homes();
        record(&mut homes, &before);
        let mut reversed = homes.clone();
        let Some(sides) = part(&mut homes, reference(of).id) else { return Ok(()) };
        record(&mut homes, &later);
        let mut backwards = later;
        backwards.reverse();
        record(&mut reversed, &backwards);
        separation::separate(&mut reversed, &sides);
        prop_assert_eq!(homes, reversed);
    }
}
