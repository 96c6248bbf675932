//! What people come to on a day under the default rules, as it is written in words and counted by
//! hand: slow, from events alone, and by nothing that the function counts with.

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    edit::{Choice, Edit},
    event::Event,
    home::HomeId,
    lead::Status,
    rollup::{Dimensions, Rollup},
    segment::Segment,
    stage::Stage,
    time::{DAY_MS, Day, Timestamp},
};
use serde_json::Value;

const POINTS: [(&str, i64); 10] = [
    ("page_view", 5),
    ("email_open", 10),
    ("download", 15),
    ("pricing_page_visit", 15),
    ("form_submit", 20),
    ("webinar_attendance", 25),
    ("signup", 30),
    ("demo_request", 50),
    ("contract_signed", 100),
    ("unsubscribe", -20),
];

const HOUR_MS: i64 = 3_600_000;

/// A person: the survivor, and all events of all its homes.
pub type Person = (HomeId, Vec<Event>);

/// Marketplace, segment, stage and source.
pub type Kind = (String, Segment, Stage, String);

/// The leads, the sum of their scores, and the leads by tens of points.
pub type Pictured = (u64, u64, BTreeMap<i64, u64>);

/// A picture as plain numbers.
#[derive(Debug, Default, PartialEq)]
pub struct Picture {
    pub leads: BTreeMap<Kind, Pictured>,
    pub transitions: BTreeMap<(Stage, Stage), u64>,
    pub stays: BTreeMap<(Stage, u32), u64>,
    /// Leads and conversions by tens of points.
    pub bands: BTreeMap<i64, (u64, u64)>,
    /// Leads and conversions.
    pub rules: BTreeMap<String, (u64, u64)>,
}

/// Events, new leads and conversions.
pub type Counted = BTreeMap<Kind, (u64, u64, u64)>;

/// A person as known at an instant.
struct Known<'a> {
    events: Vec<&'a Event>,
    /// Those that count.
    counted: Vec<&'a Event>,
    until: Timestamp,
}

/// What the picture of a day shows of people.
pub fn picture(people: &[Person], day: Day) -> Picture {
    let mut picture = Picture::default();
    for (survivor, events) in people {
        let known = Known::of(events, day.last_instant());
        let converted = known.converted();
        if known.is_gone(*survivor) || known.counted.is_empty() && converted.is_none() {
            continue;
        }
        if !known.counted.is_empty() {
            let score = shown(known.points(known.until, usize::MAX));
            let (leads, sum, tens) = picture.leads.entry(known.kind()).or_default();
            (*leads, *sum) = (*leads + 1, *sum + u64::try_from(score).unwrap());
            *tens.entry((score / 10).min(10)).or_default() += 1;
        }
        for (from, since, to, at) in known.moves().into_iter().filter(|(.., at)| at.day() == day) {
            *picture.transitions.entry((from, to)).or_default() += 1;
            let hours = u32::try_from((at.millis() - since.millis()) / HOUR_MS).unwrap();
            *picture.stays.entry((from, hours)).or_default() += 1;
        }
        // How many of the events that count came before the conversion.
        let before = converted.map_or(usize::MAX, |(_, before)| before);
        let viewed = converted.map_or(known.until, |(at, _)| at);
        let conversions = u64::from(converted.is_some());
        let add = |(leads, converted): (u64, u64)| (leads + 1, converted + conversions);
        let band = (shown(known.points(viewed, before)) / 10).min(10);
        let counted = picture.bands.entry(band).or_default();
        *counted = add(*counted);
        let gave: BTreeSet<_> =
            known.counted.iter().take(before).filter_map(|event| gives(event)).collect();
        for (rule, _) in gave {
            let counted = picture.rules.entry(rule.to_owned()).or_default();
            *counted = add(*counted);
        }
    }
    picture
}

/// What happened to people on a day.
pub fn counted(people: &[Person], day: Day) -> Counted {
    let mut counted = Counted::new();
    for (survivor, events) in people {
        let known = Known::of(events, day.last_instant());
        if known.is_gone(*survivor) {
            continue;
        }
        let on_day = |event: &&&Event| event.timestamp.day() == day;
        let happened = known.counted.iter().filter(on_day).count() as u64;
        let new = u64::from(known.counted.first().is_some_and(|event| on_day(&event)));
        let converted = u64::from(known.converted().is_some_and(|(at, _)| at.day() == day));
        if happened + new + converted > 0 {
            let (events, leads, conversions) = counted.entry(known.kind()).or_default();
            (*events, *leads) = (*events + happened, *leads + new);
            *conversions += converted;
        }
    }
    counted
}

/// Takes a rollup apart in the same way.
pub fn apart(rollup: &Rollup) -> (Picture, Counted) {
    let (mut picture, mut counted) = (Picture::default(), Counted::new());
    for (of, cell) in &rollup.cells {
        let Dimensions { marketplace, segment, stage, source } = of.clone();
        let kind = (marketplace.to_string(), segment, stage, source);
        let of = cell.picture;
        if of.leads > 0 {
            let tens = (0..).zip(of.histogram).filter(|(_, leads)| *leads > 0).collect();
            picture.leads.insert(kind.clone(), (of.leads, of.score_sum, tens));
        }
        let of = cell.counts;
        if !of.is_zero() {
            counted.insert(kind, (of.events, of.new_leads, of.conversions));
        }
    }
    picture.transitions = rollup.flow.transitions.clone();
    for (stage, stays) in &rollup.flow.stays {
        picture.stays.extend(stays.iter().map(|(hours, count)| ((*stage, *hours), *count)));
    }
    let pair = |rate: &domain::rollup::Rate| (rate.leads, rate.conversions);
    let bands = (0..).zip(rollup.performance.bands.iter().map(pair));
    picture.bands = bands.filter(|(_, rate)| *rate != (0, 0)).collect();
    let rules = rollup.performance.rules.iter();
    picture.rules = rules.map(|(rule, rate)| (rule.clone(), pair(rate))).collect();
    (picture, counted)
}

fn gives(event: &Event) -> Option<(&'static str, i64)> {
    POINTS.into_iter().find(|(event_type, _)| *event_type == event.event_type)
}

fn shown(points: i64) -> i64 {
    ((points.abs() + 500) / 1_000 * points.signum()).max(0)
}

fn stage(points: i64) -> Stage {
    match shown(points) {
        100.. => Stage::Qualified,
        60.. => Stage::Hot,
        30.. => Stage::Warm,
        _ => Stage::Cold,
    }
}

/// After seven whole idle days 5 % go each day.
fn decayed(points: i64, from: Timestamp, to: Timestamp) -> i64 {
    let days = (to.millis() - from.millis()) / DAY_MS;
    let mut factor: i128 = 1_000_000_000_000;
    for _ in 7..days.max(7) {
        factor = (factor * 95 * 2 + 100) / 200;
    }
    let scaled = i128::from(points.abs()) * factor;
    let rounded = (scaled * 2 + 1_000_000_000_000) / 2_000_000_000_000;
    i64::try_from(rounded).unwrap() * points.signum()
}

impl<'a> Known<'a> {
    fn of(events: &'a [Event], until: Timestamp) -> Self {
        let mut events: Vec<_> = events.iter().filter(|event| event.timestamp <= until).collect();
        events.sort_by_key(|event| (event.timestamp, event.event_id.as_str(), event.home.id));
        let counted = events.iter().copied().filter(|event| event.edit.is_none()).collect();
        Self { events, counted, until }
    }

    fn edits(&self) -> impl DoubleEndedIterator<Item = (&Event, &Edit)> {
        self.events.iter().filter_map(|event| Some((*event, event.edit.as_deref()?)))
    }

    fn is_gone(&self, survivor: HomeId) -> bool {
        let own = self.edits().filter(|(event, _)| event.home.id == survivor);
        own.rev().find_map(|(_, edit)| edit.deleted) == Some(true)
    }

    /// The points of the first so many events, in thousandths, at an instant.
    fn points(&self, at: Timestamp, first: usize) -> i64 {
        let (mut points, mut last) = (0, None);
        for event in self.counted.iter().take(first) {
            points = last.map_or(0, |last| decayed(points, last, event.timestamp));
            points += gives(event).map_or(0, |(_, points)| points * 1_000);
            last = Some(event.timestamp);
        }
        last.map_or(0, |last| decayed(points, last, at))
    }

    /// When it converted, and how many events counted before.
    fn converted(&self) -> Option<(Timestamp, usize)> {
        let mut before = 0;
        for event in &self.events {
            let by_hand =
                event.edit.as_ref().is_some_and(|edit| edit.status == Some(Status::Converted));
            let types = ["lead_converted", "order_completed"];
            if by_hand || event.edit.is_none() && types.contains(&event.event_type.as_str()) {
                return Some((event.timestamp, before));
            }
            before += usize::from(event.edit.is_none());
        }
        None
    }

    /// From which stage, since when, to which, when: at each event, and after each whole idle day.
    fn moves(&self) -> Vec<(Stage, Timestamp, Stage, Timestamp)> {
        let Some(first) = self.counted.first() else { return Vec::new() };
        let (mut now, mut moves) = ((Stage::Cold, first.timestamp), Vec::new());
        for (n, event) in self.counted.iter().enumerate() {
            let next = self.counted.get(n + 1).map_or(self.until, |next| next.timestamp);
            let mut at = event.timestamp;
            loop {
                let to = stage(self.points(at, n + 1));
                if to != now.0 {
                    moves.push((now.0, now.1, to, at));
                    now = (to, at);
                }
                if at.millis() + DAY_MS > next.millis() {
                    break;
                }
                at = at.plus_millis(DAY_MS);
            }
        }
        moves
    }

    fn kind(&self) -> Kind {
        let stage = stage(self.points(self.until, usize::MAX));
        (self.marketplace(), self.segment(), stage, self.source())
    }

    fn by_hand(&self, name: &str) -> Option<&Value> {
        let says = |edit: &Edit| edit.set.contains_key(name) || edit.released.contains(name);
        self.edits().rfind(|(_, edit)| says(edit))?.1.set.get(name)
    }

    fn source(&self) -> String {
        let declared = self.events.iter().rev().find_map(|event| event.traits.get("source"));
        let source = self.by_hand("source").or(declared).and_then(Value::as_str);
        source.unwrap_or("direct").to_owned()
    }

    fn marketplace(&self) -> String {
        if let Some(name) = self.by_hand("marketplaces").and_then(Value::as_str) {
            return name.to_owned();
        }
        let named = self.counted.iter().filter_map(|event| event.properties.get("marketplace"));
        let named: Vec<_> = named.filter_map(Value::as_str).collect();
        let count = |name: &str| named.iter().filter(|other| **other == name).count();
        let most = named.iter().map(|name| count(name)).max();
        let first = named.iter().find(|name| Some(count(name)) == most);
        (*first.unwrap_or(&"direct")).to_owned()
    }

    fn segment(&self) -> Segment {
        let chosen = self.edits().rev().find_map(|(_, edit)| edit.segment.clone());
        if let Some(Choice::Set(segment)) = chosen {
            return segment;
        }
        let (Some(first), Some(last)) = (self.counted.first(), self.counted.last()) else {
            return Segment::New;
        };
        let days = |event: &Event| (self.until.millis() - event.timestamp.millis()) / DAY_MS;
        let orders = self.counted.iter().filter(|event| event.event_type == "order_completed");
        let looks = ["page_view", "identify", "alias", "order_completed", "unsubscribe"];
        let interactions = self.counted.iter();
        let interactions = interactions.filter(|event| !looks.contains(&event.event_type.as_str()));
        match orders.count() {
            _ if days(last) >= 30 => Segment::Dormant,
            3.. => Segment::Vip,
            1.. => Segment::Buyer,
            _ if self.counted.len() >= 10 || interactions.count() >= 3 => Segment::Engaged,
            _ if days(first) < 7 && self.counted.len() < 3 => Segment::New,
            _ => Segment::Browser,
        }
    }
}
