//! The fold once more, as the rules are written in words: slow, and looking at the whole history
//! for everything.
//!
//! Of edits the words say: they count for nothing, no rule looks at them, and what people set
//! wins over what events declare until it is released. A personal value is seen by no rule.
//!
//! Of consent the words say: what says it counts for nothing, and what happens without consent for
//! scoring does not either.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Datelike, Utc};
use domain::{
    consent::ScoringConsent,
    edit::Edit,
    event::Event,
    points::Points,
    rule::{Period, Rule},
    rule_set::RuleSet,
    time::{DAY_MS, Timestamp},
};
use serde_json::Value;

/// What the model knows just before an event.
pub struct Before<'a> {
    /// The events that count.
    counted: Vec<&'a Event>,
    /// All that came before, whether it counts or not.
    pub all: Vec<&'a Event>,
}

type Decide = fn(&Before<'_>, &Event) -> Option<bool>;

/// Conditions in CEL, each with what it means; `None` is a failure at run time.
pub const CONDITIONS: [(&str, Decide); 10] = [
    ("event.properties.n > 3", |_, event| Some(event.properties.get("n")?.as_i64()? > 3)),
    ("event.properties.total > 1", |_, event| Some(event.properties.get("total")?.as_f64()? > 1.0)),
    ("facts.counts.page_view >= 2", |before, _| Some(before.of_type("page_view") >= 2)),
    ("facts.events % 3 == 0", |before, _| Some(before.counted.len() % 3 == 0)),
    ("profile.title == 'CTO'", |before, _| Some(*before.profile("title")? == "CTO")),
    ("has(profile.city) && profile['city'].startsWith('R')", |before, _| {
        let Some(city) = before.profile("city") else { return Some(false) };
        Some(city.as_str()?.starts_with('R'))
    }),
    ("facts.last_7_days >= 2", |before, event| Some(before.on_last_days(event, 7) >= 2)),
    ("facts.velocity > 1", |before, event| {
        let recent =
            |earlier: &&&Event| event.timestamp.millis() - earlier.timestamp.millis() < DAY_MS;
        Some(before.counted.iter().rev().take(10).filter(recent).count() > 1)
    }),
    ("facts.revenue >= 2.0 || facts.purchases > 3", |before, _| {
        let orders = before.counted.iter().filter(|event| event.event_type == "order_completed");
        let stated = |event: &&&Event| event.properties.get("total").and_then(Value::as_f64);
        let thousandths = |amount: f64| (amount * 1_000.0).round();
        let revenue: f64 = orders.clone().filter_map(|event| stated(&event)).map(thousandths).sum();
        Some(revenue >= 2_000.0 || orders.count() > 3)
    }),
    ("event.timestamp - facts.last_seen.signup < duration('240h')", |before, event| {
        let mut signups = before.counted.iter().filter(|event| event.event_type == "signup");
        let last = signups.next_back()?.timestamp;
        Some(event.timestamp.millis() - last.millis() < 10 * DAY_MS)
    }),
];

impl<'a> Before<'a> {
    /// What is known after these events, as far as profiles go.
    pub fn after(all: Vec<&'a Event>) -> Self {
        Self { counted: Vec::new(), all }
    }
}

impl Before<'_> {
    /// What rules see of a field of the profile.
    pub fn profile(&self, name: &str) -> Option<&Value> {
        let declared = || self.all.iter().rev().find_map(|event| event.traits.get(name));
        self.last_edit_of(name).and_then(|edit| edit.set.get(name)).or_else(declared)
    }

    /// The last edit that says anything about a field.
    pub fn last_edit_of(&self, name: &str) -> Option<&Edit> {
        let says = |edit: &&Edit| {
            edit.set.contains_key(name)
                || edit.set_sealed.contains(name)
                || edit.released.contains(name)
        };
        self.all.iter().rev().filter_map(|event| event.edit.as_deref()).find(says)
    }

    /// What an event says of consent for a purpose, if anything.
    pub fn says(event: &Event, purpose: &str) -> Option<bool> {
        let letters = |c: char| c.is_ascii_lowercase() || c == '_';
        if purpose.is_empty() || purpose.len() > 32 || !purpose.chars().all(letters) {
            return None;
        }
        match &event.edit {
            Some(edit) => {
                edit.consents.iter().find(|(of, _)| of.as_str() == purpose).map(|(_, said)| *said)
            }
            None if event.event_type == "consent_changed" => {
                event.properties.get("consents")?.as_object()?.get(purpose)?.as_bool()
            }
            None => None,
        }
    }

    /// Whether the person consents to being scored, by the last word on it.
    fn consents_to_scoring(&self, set: &RuleSet) -> bool {
        let last = self.all.iter().rev().find_map(|event| Self::says(event, "scoring"));
        match set.consent.scoring {
            ScoringConsent::OptOut => last != Some(false),
            ScoringConsent::OptIn => last == Some(true),
        }
    }

    fn of_type(&self, event_type: &str) -> usize {
        self.counted.iter().filter(|event| event.event_type == event_type).count()
    }

    fn on_last_days(&self, event: &Event, days: i64) -> usize {
        let day = |event: &Event| event.timestamp.millis() / DAY_MS;
        let recent = |earlier: &&&Event| day(event) - day(earlier) < days;
        self.counted.iter().filter(recent).count()
    }
}

/// What the model makes of a history at an instant.
#[derive(Debug, PartialEq)]
pub struct Outcome {
    pub points: Points,
    pub score: i64,
    pub events: usize,
    pub suppressed: usize,
    pub without_consent: usize,
    pub failures: usize,
    /// The ids of the rules that gave or took points.
    pub gave: BTreeSet<String>,
}

/// What a rule gave once.
struct Given<'a> {
    rule: &'a Rule,
    at: Timestamp,
    points: i64,
}

/// Folds the events under the set and views them at `now`.
pub fn outcome(set: &RuleSet, events: &[Event], now: Timestamp) -> Outcome {
    let mut before = Before { counted: Vec::new(), all: Vec::new() };
    let mut given: Vec<Given<'_>> = Vec::new();
    // The sums by the day they go; those that last under the last day of all.
    let mut sums: BTreeMap<i64, i64> = BTreeMap::new();
    let (mut suppressed, mut without_consent, mut failures) = (0, 0, 0);
    for event in in_order(events) {
        let happened = event.edit.is_none() && event.event_type != "consent_changed";
        if !happened || !before.consents_to_scoring(set) {
            without_consent += usize::from(happened);
            before.all.push(event);
            continue;
        }
        let matching: Vec<&Rule> = set
            .rules
            .iter()
            .filter(|rule| rule.active && rule.event_type.matches(&event.event_type))
            .collect();
        let mut holds = |rule: &Rule| {
            let Some(when) = &rule.when else { return true };
            let (_, decide) = CONDITIONS.iter().find(|(source, _)| source == when).unwrap();
            let decided = decide(&before, event);
            failures += usize::from(decided.is_none());
            decided == Some(true)
        };
        let is_suppressed = matching.iter().any(|rule| rule.suppress && holds(rule));
        if is_suppressed {
            suppressed += 1;
        } else {
            let applying: Vec<&Rule> =
                matching.into_iter().filter(|rule| !rule.suppress && holds(rule)).collect();
            if let Some(last) = before.counted.last() {
                age(set, &mut sums, last.timestamp, event.timestamp);
            }
            for rule in applying {
                let points = allowed(rule, &given, event.timestamp);
                let until = rule.expires_after_days.map(i64::from);
                let day = until.map_or(i64::MAX, |days| event.timestamp.millis() / DAY_MS + days);
                *sums.entry(day).or_default() += points;
                given.push(Given { rule, at: event.timestamp, points });
            }
            before.counted.push(event);
        }
        before.all.push(event);
    }
    if let Some(last) = before.counted.last() {
        age(set, &mut sums, last.timestamp, now);
    }
    let points: i64 = sums.values().sum();
    let rounded = (points.abs() + 500) / 1_000 * points.signum();
    let score = rounded.max(0).min(set.total_cap.map_or(i64::MAX, i64::from));
    let events = before.counted.len();
    let gave = given.iter().filter(|given| given.points != 0).map(|given| given.rule.id.clone());
    let (points, gave) = (Points::from_thousandths(points), gave.collect());
    Outcome { points, score, events, suppressed, without_consent, failures, gave }
}

/// Puts events into the order of the fold.
pub fn in_order(events: &[Event]) -> Vec<&Event> {
    let mut sorted: Vec<&Event> = events.iter().collect();
    sorted.sort_by_key(|event| (event.timestamp, event.event_id.as_str(), event.home.id));
    sorted
}

/// Returns what cap and group leave of what the rule gives.
fn allowed(rule: &Rule, given: &[Given<'_>], at: Timestamp) -> i64 {
    let points = rule.points.unwrap().thousandths();
    let own = given.iter().filter(|given| given.rule.id == rule.id && given.points != 0);
    if let Some(cap) = rule.cap
        && own.filter(|given| period(cap.per, given.at) == period(cap.per, at)).count()
            >= cap.count as usize
    {
        return 0;
    }
    match (&rule.group, rule.group_cap) {
        (Some(group), Some(cap)) if points > 0 => {
            let of_group = given.iter().filter(|given| given.rule.group.as_ref() == Some(group));
            let used: i64 = of_group.map(|given| given.points.max(0)).sum();
            points.min((cap.thousandths() - used).max(0))
        }
        _ => points,
    }
}

fn period(per: Period, at: Timestamp) -> (i32, u32) {
    let date = DateTime::<Utc>::from_timestamp_millis(at.millis()).unwrap().date_naive();
    match per {
        Period::Lifetime => (0, 0),
        Period::Day => (date.year(), date.ordinal()),
        Period::Week => (date.iso_week().year(), date.iso_week().week()),
        Period::Month => (date.year(), date.month()),
    }
}

fn age(set: &RuleSet, sums: &mut BTreeMap<i64, i64>, from: Timestamp, to: Timestamp) {
    let gone: BTreeSet<i64> =
        sums.keys().copied().filter(|day| *day <= to.millis() / DAY_MS).collect();
    sums.retain(|day, _| !gone.contains(day));
    let idle = (to.millis() - from.millis()) / DAY_MS - i64::from(set.decay.idle_days);
    let mut factor: i128 = 1_000_000_000_000;
    for _ in 0..idle.max(0) {
        let kept = i128::from(1_000_000 - set.decay.daily_rate_ppm);
        factor = (factor * kept * 2 + 1_000_000) / 2_000_000;
    }
    for points in sums.values_mut() {
        let scaled = i128::from(points.abs()) * factor;
        let rounded = (scaled * 2 + 1_000_000_000_000) / 2_000_000_000_000;
        *points = i64::try_from(rounded).unwrap() * points.signum();
    }
}
