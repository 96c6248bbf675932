//! Random rule sets and histories to hold the laws against.

use domain::{
    consent::ScoringConsent,
    decay::Decay,
    event::Event,
    identity::Kind,
    pattern::Pattern,
    points::Points,
    rule::{Cap, Period, Rule},
    rule_set::{ConsentRules, RuleSet},
    stage::Thresholds,
};
use proptest::{
    collection::{btree_set, vec},
    option::{of, weighted},
    prelude::*,
    sample::select,
};
use serde_json::json;

use crate::{event, home, model::CONDITIONS, random_consents::consents, random_edits::edits};

const TYPES: [&str; 5] = ["page_view", "page_ping", "order_completed", "identify", "signup"];
const PATTERNS: [&str; 7] =
    ["page_view", "page_*", "*", "order_completed", "identify", "signup", "*_view"];

/// Events of a few homes within half a year, edits and consent among them, in any order; few distinct
/// instants, so that ties in time are common.
pub fn histories() -> impl Strategy<Value = Vec<Event>> {
    let drawn = (behaviour(), edits(), consents());
    drawn.prop_map(|(events, edits, consents)| [events, edits, consents].concat()).prop_shuffle()
}

fn behaviour() -> impl Strategy<Value = Vec<Event>> {
    let traits =
        weighted(0.3, select(vec![("title", "CTO"), ("title", "Clerk"), ("city", "Rome")]));
    let drawn = (select(TYPES.to_vec()), 0..400_i64, 0..3_u8, weighted(0.5, 0..8_i32), traits);
    vec(drawn, 0..40).prop_map(|drawn| {
        let event = |(n, (event_type, step, number, value, declared))| {
            let (step, value, declared): (i64, Option<i32>, Option<(&str, &str)>) =
                (step, value, declared);
            // Steps of 11 hours: all hours of the day, gaps with and without decay.
            let millis = step * 11 * 3_600_000;
            let home = home(Kind::UserId, number);
            let mut event: Event = event(&format!("e{}", n * 7 % 40), event_type, millis, home);
            if let Some(value) = value {
                event.properties.insert("n".to_owned(), json!(value));
                event.properties.insert("total".to_owned(), json!(f64::from(value) / 3.0));
            }
            if let Some((name, value)) = declared {
                event.traits.insert(name.to_owned(), json!(value));
            }
            event
        };
        drawn.into_iter().enumerate().map(event).collect()
    })
}

/// Rule sets with everything that a rule set can say.
pub fn rule_sets() -> impl Strategy<Value = RuleSet> {
    let decay = (0..20_u32, select(vec![0, 1_000, 50_000, 333_333, 1_000_000]))
        .prop_map(|(idle_days, daily_rate_ppm)| Decay { idle_days, daily_rate_ppm });
    let conversions = btree_set(select(TYPES.map(str::to_owned).to_vec()), 0..3);
    let scoring = prop_oneof![3 => Just(ScoringConsent::OptOut), 1 => Just(ScoringConsent::OptIn)];
    let drawn = (vec(rules(), 0..8), decay, of(20..120_u32), conversions, scoring);
    drawn.prop_map(|(mut rules, decay, total_cap, conversions, scoring)| {
        for (place, rule) in rules.iter_mut().enumerate() {
            rule.id = format!("r{place}");
        }
        let thresholds = Thresholds { warm: 10, hot: 30, qualified: 60 };
        let consent = ConsentRules { scoring };
        RuleSet { version: 1, rules, decay, thresholds, total_cap, conversions, consent }
    })
}

fn rules() -> impl Strategy<Value = Rule> {
    prop_oneof![6 => scoring(), 1 => suppressing()]
}

fn patterns() -> impl Strategy<Value = Pattern> {
    select(PATTERNS.to_vec()).prop_map(|pattern| Pattern::from(pattern.to_owned()))
}

fn conditions() -> impl Strategy<Value = Option<String>> {
    weighted(0.5, (0..CONDITIONS.len()).prop_map(|place| CONDITIONS[place].0.to_owned()))
}

fn scoring() -> impl Strategy<Value = Rule> {
    let periods = select(vec![Period::Lifetime, Period::Day, Period::Week, Period::Month]);
    let caps = weighted(0.4, (1..4_u32, periods).prop_map(|(count, per)| Cap { count, per }));
    let groups = weighted(0.4, (select(vec!["g", "h"]), weighted(0.8, 0..60_i64)));
    let points = -30_000..50_000_i64;
    (
        patterns(),
        conditions(),
        points,
        caps,
        groups,
        weighted(0.4, 1..90_u32),
        weighted(0.9, Just(())),
    )
        .prop_map(|(event_type, when, points, cap, group, expires_after_days, active)| Rule {
            id: String::new(),
            name: "Random".to_owned(),
            event_type,
            when,
            points: Some(Points::from_thousandths(points)),
            cap,
            group: group.map(|(group, _)| group.to_owned()),
            group_cap: group.and_then(|(_, cap)| cap).map(Points::whole),
            expires_after_days,
            suppress: false,
            active: active.is_some(),
        })
}

fn suppressing() -> impl Strategy<Value = Rule> {
    (patterns(), conditions()).prop_map(|(event_type, when)| Rule {
        id: String::new(),
        name: "Random".to_owned(),
        event_type,
        when,
        points: None,
        cap: None,
        group: None,
        group_cap: None,
        expires_after_days: None,
        suppress: true,
        active: true,
    })
}
