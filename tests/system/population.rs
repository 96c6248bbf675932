//! Events of fifty people and the leads that they must end in.

use std::collections::BTreeMap;

use domain::{
    event::{Event, EventId},
    fold::fold,
    home::{HomeId, HomeRef},
    identity::Kind,
    rule_set::RuleSet,
    rules::Rules,
    time::Timestamp,
    view::view,
};
use serde_json::{Value, json};
use testing::Random;

const PEOPLE: usize = 50;
const TYPES: [&str; 6] =
    ["page_view", "email_open", "pricing_page_visit", "form_submit", "demo_request", "unsubscribe"];

/// Events that were made, with what is needed to compute their leads.
#[derive(Debug)]
pub struct Population {
    /// The events as they are sent to `/v1/events/batch`.
    pub events: Vec<Value>,
    people: BTreeMap<usize, Vec<Event>>,
}

impl Population {
    /// Makes `count` events of fifty people in the 40 days before `now`. The newest of each person
    /// is some days and a half old, so that no idle day ends while a test runs.
    ///
    /// Two thirds carry the user id, the others only the person's cookie, which some of the first
    /// attach to the user.
    pub fn new(count: usize, now: Timestamp, seed: u64) -> Self {
        let mut random = Random::new(seed);
        let mut population = Self { events: Vec::new(), people: BTreeMap::new() };
        for n in 0..count {
            let person = n % PEOPLE;
            let hours = 36 + 24 * random.below(38);
            let millis = i64::try_from(hours * 3_600_000 + n * 7).unwrap();
            let timestamp = now.plus_millis(-millis);
            let event_type = TYPES[random.below(TYPES.len())];
            let known = n < PEOPLE || random.below(3) > 0;
            let mut sent = json!({
                "event_id": format!("load-{n}"),
                "event_type": event_type,
                "timestamp": timestamp,
                "properties": { "n": n },
            });
            if known {
                sent["user_id"] = json!(format!("person-{person}"));
            }
            // The first event of each person says whose cookie it is.
            if !known || n < PEOPLE {
                sent["anonymous_id"] = json!(format!("cookie-{person}"));
            }
            population.events.push(sent);
            population
                .people
                .entry(person)
                .or_default()
                .push(folded(n, event_type, timestamp, known));
        }
        population
    }

    /// Computes each person's score and number of events at an instant.
    pub fn expected(&self, now: Timestamp) -> BTreeMap<String, (i64, u64)> {
        let rules = Rules::prepare(RuleSet::default_set().unwrap()).unwrap();
        let lead = |(person, events): (&usize, &Vec<Event>)| {
            let state = fold(&rules, events.clone());
            let score = view(&state, &rules, now).score;
            (format!("person-{person}"), (score, u64::from(state.events)))
        };
        self.people.iter().map(lead).collect()
    }
}

/// The event as the fold sees it. Timestamps are distinct, so homes never decide the order.
fn folded(n: usize, event_type: &str, timestamp: Timestamp, known: bool) -> Event {
    let home = HomeRef {
        kind: if known { Kind::UserId } else { Kind::AnonymousId },
        id: HomeId::from_bytes([u8::from(known); 16]),
    };
    Event {
        event_id: EventId::from_sender(&format!("load-{n}")).unwrap(),
        event_type: event_type.to_owned(),
        home,
        timestamp,
        received_at: timestamp,
        properties: serde_json::Map::new(),
        context: serde_json::Map::new(),
        traits: serde_json::Map::new(),
        links: Vec::new(),
        edit: None,
    }
}
