//! Laws of families.

use domain::{
    event::{EventId, Position},
    family::{Family, IdentitySettings, MAX_HOMES_WITH_EVENTS, partition},
    home::{HomeId, HomeRef},
    identity::Kind,
    lead::Home,
    link::{Cut, RecordedLink, Role},
    time::Timestamp,
};
use proptest::{collection::vec, prelude::*, sample::select};

use crate::home;

fn link(to: HomeRef, role: Role, millis: i64) -> RecordedLink {
    let at = Position {
        timestamp: Timestamp::from_millis(millis).unwrap(),
        event_id: EventId::from_sender("e").unwrap(),
        home: to.id,
    };
    RecordedLink { to, role, at }
}

fn a_home(of: HomeRef, links: impl IntoIterator<Item = RecordedLink>) -> Home {
    let mut home = Home { has_events: true, ..Home::new(of) };
    for link in links {
        home.links.record(link);
    }
    home
}

fn families(homes: &[Home]) -> Vec<Vec<HomeId>> {
    let members = |family: Family| family.members.into_iter().map(|m| m.home.id).collect();
    let partition = partition(homes, IdentitySettings::default());
    assert!(partition.missing.is_empty());
    let mut families: Vec<Vec<HomeId>> = partition.families.into_iter().map(members).collect();
    families.sort();
    families
}

fn user(number: u8) -> HomeRef {
    home(Kind::UserId, number)
}

const COOKIE: u8 = 100;

fn cookie() -> HomeRef {
    home(Kind::AnonymousId, COOKIE)
}

proptest! {
    #[test]
    fn families_are_a_partition_whatever_the_order_of_homes(
        (homes, shuffled) in vec((0..12_u8, 0..12_u8, 0..9_i64, select(vec![
            Role::Carried, Role::Alias, Role::Merge,
        ])), 0..40).prop_map(homes_of)
            .prop_flat_map(|homes| (Just(homes.clone()), Just(homes).prop_shuffle())),
    ) {
        let found = families(&homes);
        prop_assert_eq!(&found, &families(&shuffled));
        let mut all: Vec<HomeId> = found.into_iter().flatten().collect();
        all.sort();
        let mut given: Vec<HomeId> = homes.iter().map(|home| home.home.id).collect();
        given.sort();
        prop_assert_eq!(all, given);
    }
}

fn homes_of(links: Vec<(u8, u8, i64, Role)>) -> Vec<Home> {
    let kind = |number: u8| Kind::ALL[usize::from(number) % 5];
    let reference = |number: u8| home(kind(number), number);
    let mut homes: Vec<Home> = (0..12).map(|number| a_home(reference(number), [])).collect();
    for (from, to, millis, role) in links {
        if from != to {
            homes[usize::from(from)].links.record(link(reference(to), role, millis));
        }
    }
    homes
}

#[test]
fn a_shared_cookie_never_melts_two_people() {
    let links = [link(user(2), Role::Carried, 20), link(user(1), Role::Carried, 10)];
    let homes = [a_home(user(1), []), a_home(user(2), []), a_home(cookie(), links)];
    assert_eq!(families(&homes), [vec![user(1).id, cookie().id], vec![user(2).id]]);
}

#[test]
fn a_former_id_joins_as_a_user_id_and_claims_as_an_anonymous_id() {
    let former = a_home(user(2), [link(user(1), Role::Alias, 5)]);
    let cookie = a_home(cookie(), [link(user(1), Role::Alias, 5)]);
    let homes = [a_home(user(1), []), former, cookie];
    assert_eq!(families(&homes).len(), 1);
}

#[test]
fn a_common_email_joins_until_eleven_user_ids_share_it() {
    let email = home(Kind::Email, 99);
    let shared_by = |users: u8| {
        let links = (0..users).map(|n| link(user(n), Role::Carried, n.into()));
        let mut homes = vec![a_home(email, links)];
        homes.extend((0..users).map(|n| a_home(user(n), [])));
        families(&homes).len()
    };
    assert_eq!(shared_by(10), 1);
    assert_eq!(shared_by(11), 12);
}

#[test]
fn without_joining_by_email_an_email_belongs_to_its_earliest_person() {
    let email = home(Kind::Email, 99);
    let links = [link(user(1), Role::Carried, 9), link(user(2), Role::Carried, 3)];
    let homes = [a_home(user(1), []), a_home(user(2), []), a_home(email, links)];
    let settings = IdentitySettings { join_by_email: false };
    let found = partition(&homes, settings).families;
    let of_email = found.iter().find(|family| family.members.iter().any(|m| m.home == email));
    assert_eq!(of_email.map(|family| family.survivor), Some(user(2)));
}

#[test]
fn a_cut_holds_against_links_and_gives_way_to_the_next_claim() {
    let links = [link(user(1), Role::Carried, 10), link(user(2), Role::Carried, 20)];
    let mut cut_off = a_home(cookie(), links);
    cut_off.cuts.push(Cut { left: vec![user(1).id], right: vec![cookie().id] });
    let homes = [a_home(user(1), []), a_home(user(2), []), cut_off];
    assert_eq!(families(&homes), [vec![user(1).id], vec![user(2).id, cookie().id]]);
}

#[test]
fn the_survivor_is_the_strongest_kind_then_the_earliest_link() {
    let homes = [
        a_home(user(9), []),
        a_home(user(3), [link(user(9), Role::Merge, 50)]),
        a_home(user(5), [link(user(9), Role::Merge, 10)]),
        a_home(cookie(), [link(user(3), Role::Carried, 1)]),
    ];
    // Homes 3 (with the cookie) at 1, 5 and 9 at 10.
    let found = partition(&homes, IdentitySettings::default()).families;
    assert_eq!(found[0].survivor, user(3));
}

#[test]
fn a_family_too_large_follows_the_earliest_links_and_says_so() {
    let cookies = (0..90_u8).map(|n| {
        a_home(home(Kind::AnonymousId, 100 + n), [link(user(1), Role::Carried, n.into())])
    });
    let homes: Vec<Home> = std::iter::once(a_home(user(1), [])).chain(cookies).collect();
    let found = partition(&homes, IdentitySettings::default()).families;
    let family = found.iter().find(|family| family.survivor == user(1)).unwrap();
    assert_eq!(family.members.len(), MAX_HOMES_WITH_EVENTS);
    assert!(family.identity_limit);
    assert!(family.members.iter().all(|member| member.home.id <= home(Kind::UserId, 178).id));
}

#[test]
fn a_link_to_a_home_that_was_not_given_is_reported() {
    let homes = [a_home(cookie(), [link(user(1), Role::Carried, 1)])];
    let missing = partition(&homes, IdentitySettings::default()).missing;
    assert_eq!(missing.into_iter().collect::<Vec<_>>(), [user(1).id]);
}
