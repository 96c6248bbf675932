//! What a lead adds to a day, once more, as it is written in words: from its events alone, looked
//! at anew for every question. No state, no funnel and no rollup of the domain is asked.

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    edit::{Choice, Edit},
    event::Event,
    home::HomeId,
    lead::Status,
    rule_set::RuleSet,
    segment::Segment,
    stage::Stage,
    time::{DAY_MS, Day, Timestamp},
};
use serde_json::Value;

use crate::model::{in_order, outcome};

const HOUR_MS: i64 = 3_600_000;

/// A lead by its events up to an instant.
pub struct Known<'a> {
    set: &'a RuleSet,
    /// All of them, in order.
    events: Vec<Event>,
    /// For each whether it counts.
    counts: Vec<bool>,
    until: Timestamp,
}

/// From a stage, since when, to a stage, when.
pub type Move = (Stage, Timestamp, Stage, Timestamp);

/// When a lead converted, what it showed just before, and which rules had given it points.
pub type Converted = (Timestamp, i64, Stage, BTreeSet<String>);

impl<'a> Known<'a> {
    pub fn of(set: &'a RuleSet, events: &[Event], until: Timestamp) -> Self {
        let known = in_order(events).into_iter().filter(|event| event.timestamp <= until);
        let events: Vec<Event> = known.cloned().collect();
        let counted = |n: usize| outcome(set, &events[..n], until).events;
        let counts = (0..events.len()).map(|n| counted(n + 1) > counted(n)).collect();
        Self { set, events, counts, until }
    }

    fn counted(&self) -> impl Iterator<Item = &Event> {
        self.events.iter().zip(&self.counts).filter(|(_, counts)| **counts).map(|(event, _)| event)
    }

    fn edits(&self) -> impl DoubleEndedIterator<Item = (&Event, &Edit)> {
        self.events.iter().filter_map(|event| Some((event, event.edit.as_deref()?)))
    }

    pub fn first_seen(&self) -> Option<Timestamp> {
        self.counted().map(|event| event.timestamp).next()
    }

    pub fn events_on(&self, day: Day) -> usize {
        self.counted().filter(|event| event.timestamp.day() == day).count()
    }

    pub fn is_deleted(&self, survivor: HomeId) -> bool {
        let own = self.edits().filter(|(event, _)| event.home.id == survivor);
        own.rev().find_map(|(_, edit)| edit.deleted) == Some(true)
    }

    pub fn score(&self) -> i64 {
        outcome(self.set, &self.events, self.until).score
    }

    /// The stage with the first `n` events, at an instant.
    fn stage(&self, n: usize, at: Timestamp) -> Stage {
        let score = outcome(self.set, &self.events[..n], at).score;
        let thresholds = self.set.thresholds;
        let reached = [
            (thresholds.qualified, Stage::Qualified),
            (thresholds.hot, Stage::Hot),
            (thresholds.warm, Stage::Warm),
        ];
        reached.into_iter().find(|(from, _)| score >= *from).map_or(Stage::Cold, |(_, to)| to)
    }

    /// Every change of the stage shown: at each event that counts, and at each instant after it at
    /// which whole idle days have passed or a day begins.
    pub fn moves(&self) -> Vec<Move> {
        let mut moves = Vec::new();
        let mut now: Option<(Stage, Timestamp)> = None;
        let mut come = |to: Stage, at: Timestamp| {
            let (from, since) = now.unwrap_or((Stage::Cold, at));
            now = Some(if from == to { (from, since) } else { (to, at) });
            if from != to {
                moves.push((from, since, to, at));
            }
        };
        let places: Vec<usize> = (0..self.events.len()).filter(|n| self.counts[*n]).collect();
        for (index, place) in places.iter().enumerate() {
            let at = self.events[*place].timestamp;
            come(self.stage(place + 1, at), at);
            let next = places.get(index + 1).map(|next| self.events[*next].timestamp);
            let end = next.unwrap_or(self.until).millis();
            let mut hour = at.millis() + HOUR_MS;
            while hour <= end {
                if (hour - at.millis()) % DAY_MS == 0 || hour % DAY_MS == 0 {
                    let instant = Timestamp::from_millis(hour).unwrap();
                    come(self.stage(place + 1, instant), instant);
                }
                hour += HOUR_MS;
            }
        }
        moves
    }

    /// The stage that the last event that counts left behind, and since when it lasts.
    pub fn stay(&self) -> Option<(Stage, Timestamp)> {
        let last = self.counted().last()?.timestamp;
        let known = Self::of(self.set, &self.events, last);
        let moved = known.moves().last().map(|(_, _, to, at)| (*to, *at));
        Some(moved.unwrap_or((Stage::Cold, self.first_seen()?)))
    }

    pub fn converted(&self) -> Option<Converted> {
        let converts = |n: &usize| {
            let event = &self.events[*n];
            let by_hand =
                event.edit.as_ref().is_some_and(|edit| edit.status == Some(Status::Converted));
            by_hand || self.counts[*n] && self.set.conversions.contains(&event.event_type)
        };
        let n = (0..self.events.len()).find(converts)?;
        let at = self.events[n].timestamp;
        let before = outcome(self.set, &self.events[..n], at);
        Some((at, before.score, self.stage(n, at), before.gave))
    }

    /// The rules that gave points before the conversion, or so far.
    pub fn gave(&self) -> BTreeSet<String> {
        let so_far = || outcome(self.set, &self.events, self.until).gave;
        self.converted().map_or_else(so_far, |(_, _, _, gave)| gave)
    }

    /// Marketplace, segment, stage and source.
    pub fn dimensions(&self) -> (String, Segment, Stage, String) {
        let stage = self.stage(self.events.len(), self.until);
        (self.marketplace(), self.segment(), stage, self.source())
    }

    fn set_by_hand(&self, name: &str) -> Option<&Value> {
        let says = |edit: &Edit| {
            let named = edit.set_sealed.contains(name) || edit.released.contains(name);
            named || edit.set.contains_key(name)
        };
        let (_, last) = self.edits().rfind(|(_, edit)| says(edit))?;
        last.set.get(name)
    }

    fn source(&self) -> String {
        let text = |value: Option<&Value>| {
            value.and_then(Value::as_str).map(|text| text.trim().to_owned())
        };
        if let Some(source) = text(self.set_by_hand("source")) {
            return if source.is_empty() { "direct".to_owned() } else { source };
        }
        let says = |source: &String| !source.is_empty();
        let declared = self.events.iter().filter_map(|event| text(event.traits.get("source")));
        let campaign = |event: &Event| text(event.context.get("campaign")?.get("source"));
        let declared = declared.rev().find(says);
        declared.or_else(|| self.counted().filter_map(campaign).find(says)).unwrap_or_else(direct)
    }

    fn marketplace(&self) -> String {
        let name = |value: &Value| Some(value.as_str()?.trim().to_lowercase().replace(' ', "_"));
        let valid = |name: &String| !name.is_empty() && !name.contains('\n');
        match self.set_by_hand("marketplaces") {
            Some(Value::Array(list)) => {
                return list.iter().filter_map(name).find(valid).unwrap_or_else(direct);
            }
            Some(text) => return name(text).filter(valid).unwrap_or_else(direct),
            None => {}
        }
        let mut named: Vec<(String, usize)> = Vec::new();
        for event in self.counted() {
            let Some(name) = event.properties.get("marketplace").and_then(name) else { continue };
            match named.iter_mut().find(|(known, _)| *known == name) {
                Some((_, count)) => *count += 1,
                None => named.push((name, 1)),
            }
        }
        let most = named.iter().map(|(_, count)| *count).max();
        let first = named.into_iter().find(|(_, count)| Some(*count) == most);
        first.map_or_else(direct, |(name, _)| name)
    }

    fn segment(&self) -> Segment {
        let chosen = self.edits().rev().find_map(|(_, edit)| edit.segment.clone());
        match chosen {
            Some(Choice::Set(segment)) => segment,
            Some(Choice::Clear) | None => self.computed_segment(),
        }
    }

    fn computed_segment(&self) -> Segment {
        let events: Vec<&Event> = self.counted().collect();
        let (Some(first), Some(last)) = (events.first(), events.last()) else {
            return Segment::New;
        };
        let days = |since: &Event| (self.until.millis() - since.timestamp.millis()) / DAY_MS;
        let orders: Vec<_> =
            events.iter().filter(|event| event.event_type == "order_completed").collect();
        let spent = |event: &&&Event| event.properties.get("total")?.as_f64();
        let revenue: f64 = orders.iter().filter_map(spent).sum();
        let is_interaction = |event: &&&Event| {
            let name = event.event_type.as_str();
            let is_view = name == "products_searched" || name.ends_with("_view");
            let says_nothing = ["identify", "order_completed", "unsubscribe"].contains(&name);
            !is_view && !says_nothing
        };
        let interactions = events.iter().filter(is_interaction).count();
        if days(last) >= 30 {
            Segment::Dormant
        } else if orders.len() >= 3 || revenue >= 1_000.0 {
            Segment::Vip
        } else if !orders.is_empty() {
            Segment::Buyer
        } else if events.len() >= 10 || interactions >= 3 {
            Segment::Engaged
        } else if days(first) < 7 && events.len() < 3 {
            Segment::New
        } else {
            Segment::Browser
        }
    }
}

fn direct() -> String {
    "direct".to_owned()
}

/// A rollup as plain numbers: cells of leads, score sum, histogram, events, new leads, conversions;
/// changes of stage; stays by whole hours; bands and rules of leads and conversions.
#[derive(Debug, Default, PartialEq)]
pub struct Numbers {
    pub cells: BTreeMap<(String, Segment, Stage, String), Vec<u64>>,
    pub transitions: BTreeMap<(Stage, Stage), u64>,
    pub stays: BTreeMap<(Stage, u32), u64>,
    pub bands: BTreeMap<usize, (u64, u64)>,
    pub rules: BTreeMap<String, (u64, u64)>,
}

impl Numbers {
    /// Counts a lead by its events up to the end of a day.
    pub fn count(&mut self, set: &RuleSet, events: &[Event], survivor: HomeId, day: Day) {
        let lead = Known::of(set, events, day.last_instant());
        let (first, converted) = (lead.first_seen(), lead.converted());
        if lead.is_deleted(survivor) || first.is_none() && converted.is_none() {
            return;
        }
        let cell = self.cells.entry(lead.dimensions()).or_insert_with(|| vec![0; 16]);
        if first.is_some() {
            let score = u64::try_from(lead.score()).unwrap();
            cell[0] += 1;
            cell[1] += score;
            cell[2 + usize::try_from(score / 10).unwrap().min(10)] += 1;
        }
        cell[13] += lead.events_on(day) as u64;
        cell[14] += u64::from(first.is_some_and(|at| at.day() == day));
        cell[15] += u64::from(converted.as_ref().is_some_and(|(at, ..)| at.day() == day));
        for (from, since, to, at) in lead.moves().into_iter().filter(|(.., at)| at.day() == day) {
            *self.transitions.entry((from, to)).or_default() += 1;
            let hours = u32::try_from((at.millis() - since.millis()) / HOUR_MS).unwrap();
            *self.stays.entry((from, hours)).or_default() += 1;
        }
        let score = converted.as_ref().map_or_else(|| lead.score(), |(_, score, ..)| *score);
        let conversions = u64::from(converted.is_some());
        let band = self.bands.entry(usize::try_from(score / 10).unwrap().min(10)).or_default();
        *band = (band.0 + 1, band.1 + conversions);
        for rule in lead.gave() {
            let rule = self.rules.entry(rule).or_default();
            *rule = (rule.0 + 1, rule.1 + conversions);
        }
    }
}
