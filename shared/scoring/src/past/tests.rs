//! What counting each day before and after by hand says of the days that are marked.

use std::collections::BTreeMap;

use domain::{
    actor::Actor,
    edit::{Choice, Edit},
    family::Member,
    fold::sorted,
    home::HomeRef,
    identity::Kind,
    lead::Status,
    rollup::{Counts, Dimensions, History},
    rules::Rules,
    segment::Segment,
    time::DAY_MS,
};
use proptest::{collection::vec, prelude::*, sample::select};
use testing::{an_event, home_of, rules};

use super::*;

const TODAY: i64 = 20;

fn day(number: i64) -> Day {
    Timestamp::from_millis(number * DAY_MS).unwrap().day()
}

fn homes() -> Vec<HomeRef> {
    (0..4).map(|number| home_of(Kind::UserId, &format!("u{number}"))).collect()
}

/// Events and edits of one of four homes, of the days up to today.
fn events(prefix: &'static str, from: i64) -> impl Strategy<Value = Vec<Event>> {
    let types = ["page_view", "order_completed", "demo_request", "signup"];
    let drawn = (select(types.to_vec()), 0..4_u8, from..=TODAY, 0..24_i64, 0..9_u8);
    vec(drawn, 0..8).prop_map(move |drawn| {
        let event = |(n, (event_type, home, day, hour, what))| {
            let at = Timestamp::from_millis(day * DAY_MS + hour * 3_600_000).unwrap();
            let event = an_event(format!("{prefix}{n}")).of_type(event_type).at(at);
            let event = event.by(Kind::UserId, &format!("u{home}"));
            let edit = Edit::by(Actor::System);
            match what {
                0 => event.editing(Edit { status: Some(Status::Converted), ..edit }),
                1 => event.editing(Edit { segment: Some(Choice::Set(Segment::Vip)), ..edit }),
                2 => event.editing(Edit { deleted: Some(true), ..edit }),
                3 => event.editing(Edit { deleted: Some(false), ..edit }),
                4 => event.declaring("source", "partner"),
                _ => event,
            }
            .event()
        };
        drawn.into_iter().enumerate().map(event).collect()
    })
}

/// The leads that the homes are, by the group that each is in.
fn leads(rules: &Rules, groups: [usize; 4], events: &[Event]) -> Vec<(Lead, Vec<Event>)> {
    let mut leads = Vec::new();
    for group in 0..4 {
        let homes = homes().into_iter().zip(groups).filter(|(_, of)| *of == group);
        let homes: Vec<_> = homes.map(|(home, _)| home).collect();
        let own = events.iter().filter(|event| homes.contains(&event.home)).cloned();
        let own = sorted(own);
        let Some(survivor) = homes.iter().min().copied().filter(|_| !own.is_empty()) else {
            continue;
        };
        let members = homes.iter().map(|home| Member { home: *home, has_events: true }).collect();
        let lead = Lead {
            survivor,
            version: 1,
            members,
            identity_limit: false,
            crossing: None,
            erased: None,
            archived: None,
            state: History::of(rules, &own, survivor.id, []).state,
        };
        leads.push((lead, own));
    }
    leads
}

fn alone(leads: &[(Lead, Vec<Event>)]) -> Vec<&Lead> {
    leads.iter().map(|(lead, _)| lead).collect()
}

type Counted = BTreeMap<Dimensions, Counts>;

fn counted(rules: &Rules, leads: &[(Lead, Vec<Event>)]) -> BTreeMap<Day, Counted> {
    let mut days: BTreeMap<Day, Counted> = BTreeMap::new();
    for (lead, events) in leads {
        let history = History::of(rules, events, lead.survivor.id, (0..=TODAY).map(day));
        for (day, lead) in history.days {
            if lead.counts != Counts::default() {
                let counts = days.entry(day).or_default().entry(lead.dimensions).or_default();
                *counts += lead.counts;
            }
        }
    }
    days
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn every_past_day_that_counts_anew_is_marked(
        old in events("old", 0),
        new in prop_oneof![events("new", 0), events("new", TODAY), Just(Vec::new())],
        before in proptest::array::uniform4(0..4_usize),
        change in proptest::option::of(proptest::array::uniform4(0..4_usize)),
    ) {
        let rules = rules();
        let was = leads(&rules, before, &old);
        let is = leads(&rules, change.unwrap_or(before), &[old, new.clone()].concat());
        let marked = past_days(&new, &alone(&was), &alone(&is), day(TODAY));
        let (was, is) = (counted(&rules, &was), counted(&rules, &is));
        for number in 0..TODAY {
            let day = day(number);
            if was.get(&day) != is.get(&day) {
                let holds = marked.as_ref().is_some_and(|days| days.contains(&day));
                prop_assert!(holds, "{} is not in {:?}", day, marked);
            }
        }
    }

    #[test]
    fn what_happens_today_to_a_lead_that_stays_one_marks_nothing(
        old in events("old", 0), new in events("new", TODAY),
    ) {
        let rules = rules();
        let was = leads(&rules, [0; 4], &old);
        let is = leads(&rules, [0; 4], &[old, new.clone()].concat());
        prop_assert_eq!(past_days(&new, &alone(&was), &alone(&is), day(TODAY)), None);
    }

    #[test]
    fn the_days_that_other_rules_count_anew_are_marked(
        old in events("old", 0), suppressed in any::<bool>(),
    ) {
        let mut set = rules().set().clone();
        set.conversions = ["signup".to_owned()].into();
        if suppressed {
            set.rules[0].event_type = "demo_request".to_owned().into();
            (set.rules[0].points, set.rules[0].suppress) = (None, true);
        }
        let others = Rules::prepare(set).unwrap();
        let (was, is) = (leads(&rules(), [0; 4], &old), leads(&others, [0; 4], &old));
        let marked = past_days(&[], &alone(&was), &alone(&is), day(TODAY));
        let counts = |rules: &Rules, leads: &[(Lead, Vec<Event>)]| -> BTreeMap<Day, Counts> {
            let sum = |day: Counted| day.into_values().fold(Counts::default(), |mut sum, counts| {
                sum += counts;
                sum
            });
            counted(rules, leads).into_iter().map(|(day, of)| (day, sum(of))).collect()
        };
        let (was, is) = (counts(&rules(), &was), counts(&others, &is));
        for number in 0..TODAY {
            let day = day(number);
            if was.get(&day) != is.get(&day) {
                let holds = marked.as_ref().is_some_and(|days| days.contains(&day));
                prop_assert!(holds, "{} is not in {:?}", day, marked);
            }
        }
    }
}
