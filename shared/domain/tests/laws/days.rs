//! The laws of what the fold keeps for analytics, and of rollups: whoever counts by hand comes to
//! the same numbers.

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    event::Event,
    fold::{fold, sorted},
    home::HomeId,
    identity::Kind,
    rollup::{
        Census, Counts, Dimensions, History, LeadDay, OTHER, Rollup, counts_on, needs_events,
    },
    rule_set::RuleSet,
    rules::Rules,
    stage::Stage,
    time::{DAY_MS, Day, Timestamp},
};
use proptest::{collection::vec, option::weighted, prelude::*, sample::select};
use serde_json::json;

use crate::{
    default_rules, event, home,
    naive_days::{Known, Numbers},
    random_consents::consents,
    random_edits::edits,
    random_sets::rule_sets,
};

const TYPES: [&str; 6] =
    ["page_view", "order_completed", "identify", "signup", "page_ping", "lead_converted"];

fn day(number: i64) -> Day {
    Timestamp::from_millis(number * DAY_MS).unwrap().day()
}

fn survivor() -> HomeId {
    home(Kind::UserId, 0).id
}

/// Events of one lead that say where it comes from and trades, edits and consent among them, in any
/// order.
fn leads() -> impl Strategy<Value = Vec<Event>> {
    let drawn = (behaviour(), edits(), consents());
    drawn.prop_map(|(events, edits, consents)| [events, edits, consents].concat()).prop_shuffle()
}

fn behaviour() -> impl Strategy<Value = Vec<Event>> {
    let names = || weighted(0.4, select(vec!["shopee", "Mercado Livre", " ", "fair"]));
    let drawn = (select(TYPES.to_vec()), 0..400_i64, 0..3_u8, names(), names(), names(), 0..600);
    vec(drawn, 0..16).prop_map(|drawn| {
        let event = |(n, (event_type, step, number, market, source, campaign, total))| {
            let (step, total): (i64, i32) = (step, total);
            let (market, source): (Option<&str>, Option<&str>) = (market, source);
            let mut event: Event = event(
                &format!("b{n}"),
                event_type,
                step * 11 * 3_600_000,
                home(Kind::UserId, number),
            );
            event.properties.insert("total".to_owned(), json!(total));
            if let Some(market) = market.filter(|name| *name != " ") {
                event.properties.insert("marketplace".to_owned(), json!(market));
            }
            if let Some(source) = source {
                event.traits.insert("source".to_owned(), json!(source));
            }
            if let Some(campaign) = campaign {
                let campaign: &str = campaign;
                event.context.insert("campaign".to_owned(), json!({ "source": campaign }));
            }
            event
        };
        drawn.into_iter().enumerate().map(event).collect()
    })
}

/// Rule sets under which leads convert by what [`leads`] does.
fn sets() -> impl Strategy<Value = RuleSet> {
    let conversions =
        proptest::collection::btree_set(select(TYPES.map(str::to_owned).to_vec()), 0..3);
    (rule_sets(), conversions).prop_map(|(set, conversions)| RuleSet { conversions, ..set })
}

fn numbers(rollup: &Rollup) -> Numbers {
    let mut numbers = Numbers::default();
    for (of, cell) in &rollup.cells {
        let Dimensions { marketplace, segment, stage, source } = of.clone();
        let (picture, counts) = (cell.picture, cell.counts);
        let mut cell = vec![picture.leads, picture.score_sum];
        cell.extend(picture.histogram);
        cell.extend([counts.events, counts.new_leads, counts.conversions]);
        numbers.cells.insert((marketplace.to_string(), segment, stage, source), cell);
    }
    numbers.transitions = rollup.flow.transitions.clone();
    for (stage, stays) in &rollup.flow.stays {
        numbers.stays.extend(stays.iter().map(|(hours, count)| ((*stage, *hours), *count)));
    }
    let pair = |rate: &domain::rollup::Rate| (rate.leads, rate.conversions);
    let bands = rollup.performance.bands.iter().map(pair).enumerate();
    numbers.bands = bands.filter(|(_, rate)| *rate != (0, 0)).collect();
    let rules = rollup.performance.rules.iter();
    numbers.rules = rules.map(|(rule, rate)| (rule.clone(), pair(rate))).collect();
    numbers
}

/// Some days around and within the half year of the events, in order.
fn days() -> impl Strategy<Value = BTreeSet<Day>> {
    proptest::collection::btree_set((0..200_i64).prop_map(day), 1..6)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn the_state_tells_stay_conversion_and_rules_as_the_words_do(
        set in sets(), events in leads(),
    ) {
        let rules = Rules::prepare(set.clone()).unwrap();
        let state = fold(&rules, events.clone());
        let known = Known::of(&set, &events, day(200).start());
        let stay = state.stay.map(|stay| (stay.stage, stay.since));
        prop_assert_eq!(stay, known.stay());
        let named = |place: usize| rules.set().rules[place].id.clone();
        let gave: BTreeSet<String> = state.scored_by.places().map(named).collect();
        prop_assert_eq!(&gave, &known.gave());
        let converted = state.conversion.map(|of| (of.at, of.score, of.stage, gave));
        prop_assert_eq!(converted, known.converted());
    }

    #[test]
    fn a_rollup_is_what_counting_by_hand_gives(
        set in sets(), population in vec(leads(), 1..5), days in days(), split in 0..5_usize,
    ) {
        let rules = Rules::prepare(set.clone()).unwrap();
        let histories: Vec<History> = population
            .iter()
            .map(|events| {
                History::of(&rules, &sorted(events.clone()), survivor(), days.iter().copied())
            })
            .collect();
        for day in days {
            let mut parts = [Rollup::default(), Rollup::default()];
            let mut expected = Numbers::default();
            for (n, history) in histories.iter().enumerate() {
                if let Some(lead) = history.days.get(&day) {
                    parts[usize::from(n < split)].count(lead, &rules);
                }
                expected.count(&set, &population[n], survivor(), day);
            }
            let [mut whole, other] = parts;
            whole.add(other);
            prop_assert_eq!(numbers(&whole), expected, "{}", day);
        }
    }

    #[test]
    fn a_state_tells_a_day_wherever_its_events_are_not_needed(
        set in sets(), events in leads(), days in days(),
    ) {
        let rules = Rules::prepare(set).unwrap();
        let ordered = sorted(events.clone());
        let history = History::of(&rules, &ordered, survivor(), days.iter().copied());
        prop_assert_eq!(&history.state, &fold(&rules, events));
        for day in days {
            let told = history.days.get(&day);
            if !needs_events(&history.state, day) {
                let by_state = LeadDay::of_state(&rules, &history.state, survivor(), day);
                prop_assert_eq!(by_state.as_ref(), told);
            }
            if !counts_on(&history.state, day) {
                prop_assert!(told.is_none_or(|lead| lead.counts.is_zero()));
            }
        }
    }

    #[test]
    fn corrected_counts_replace_counts_and_no_picture(
        population in vec(leads(), 1..4), late in vec(leads(), 1..4), number in 0..200_i64,
    ) {
        let rules = default_rules();
        let rolled = |people: &[Vec<Event>]| {
            let mut rollup = Rollup::default();
            for events in people {
                let history = History::of(&rules, &sorted(events.clone()), survivor(), [day(number)]);
                history.days.values().for_each(|lead| rollup.count(lead, &rules));
            }
            rollup
        };
        let (before, after) = (rolled(&population), rolled(&late));
        let counts = after.cells.iter().map(|(of, cell)| (of.clone(), cell.counts));
        let mut corrected = before.clone();
        corrected.correct(counts);
        let (totals, was) = (corrected.totals(), before.totals());
        prop_assert_eq!((totals.picture, totals.by_stage), (was.picture, was.by_stage));
        prop_assert_eq!(totals.counts, after.totals().counts);
        prop_assert_eq!(&corrected.flow, &before.flow);
        for (of, cell) in &corrected.cells {
            let counted = after.cells.get(of).map(|cell| cell.counts).unwrap_or_default();
            prop_assert_eq!(cell.counts, counted);
        }
    }
}

/// Leads by source: the third one of every ten more often.
fn sixty_sources() -> Vec<Vec<Event>> {
    let of = |n: usize, copy: usize| {
        let mut event = event(&format!("{n} {copy}"), "signup", 0, home(Kind::UserId, 0));
        event.traits.insert("source".to_owned(), json!(format!("s{n:02}")));
        vec![event]
    };
    let copies = |n: usize| if n % 10 == 9 { 3 } else { 1 };
    (0..60).flat_map(|n| (0..copies(n)).map(move |copy| of(n, copy))).collect()
}

#[test]
fn of_more_than_fifty_sources_the_rest_is_other_and_nobody_is_lost() {
    let rules = default_rules();
    let (mut rollup, mut census) = (Rollup::default(), Census::default());
    for events in sixty_sources() {
        let history = History::of(&rules, &events, survivor(), [day(0)]);
        rollup.count(&history.days[&day(0)], &rules);
    }
    census.add(&rollup);
    let named = rollup.clone().named(&census.choose());
    let leads: BTreeMap<String, u64> =
        named.cells.iter().map(|(of, cell)| (of.source.clone(), cell.picture.leads)).collect();
    // Six have three leads; of the others the first 44 by name are told apart.
    let alone = (0..60).filter(|n| n % 10 == 9).chain((0..60).filter(|n| n % 10 != 9).take(44));
    let mut expected: BTreeMap<String, u64> =
        alone.map(|n| (format!("s{n:02}"), if n % 10 == 9 { 3 } else { 1 })).collect();
    expected.insert(OTHER.to_owned(), 10);
    assert_eq!(leads, expected);
    assert_eq!(named.totals(), rollup.totals());
    let counts = Counts { events: 72, new_leads: 72, conversions: 0 };
    assert_eq!(named.totals().counts, counts);
}

#[test]
fn points_that_go_just_when_others_come_are_two_changes_of_the_stage() {
    let mut set = RuleSet::default_set().unwrap();
    set.rules.retain(|rule| rule.id == "signup");
    set.rules[0].expires_after_days = Some(1);
    let rules = Rules::prepare(set).unwrap();
    let signup = |id, millis| event(id, "signup", millis, home(Kind::UserId, 0));
    let events = [signup("1", DAY_MS / 2), signup("2", DAY_MS)];
    let history = History::of(&rules, &events, survivor(), [day(0), day(1)]);
    let told = |number| -> Vec<_> {
        let transitions = history.days[&day(number)].transitions.iter();
        transitions.map(|of| (of.from.stage, of.to.stage, of.stayed_hours())).collect()
    };
    assert_eq!(told(0), [(Stage::Cold, Stage::Warm, 0)]);
    assert_eq!(told(1), [(Stage::Warm, Stage::Cold, 12), (Stage::Cold, Stage::Warm, 0)]);
}
