//! Leads as `score` would have left them, and rule sets as people would change them.

use std::collections::BTreeMap;

use domain::{
    comparison::{Comparison, Sets},
    event::Event,
    family::Member,
    fold::{fold, sorted},
    home::HomeId,
    identity::Kind,
    lead::Lead,
    points::Points,
    rule::{Cap, Period},
    rule_set::RuleSet,
    rules::Rules,
    tenant::TenantId,
    time::Timestamp,
    view::view,
};
use dynamo::{ChangedLead, Commit, Standing, Store};
use testing::{Random, a_tenant, an_event, rules};

use crate::work::at;

const TYPES: [&str; 7] = [
    "page_view",
    "email_open",
    "signup",
    "demo_request",
    "contract_signed",
    "unsubscribe",
    "identify",
];

/// The events of each lead, in order.
pub type Leads = BTreeMap<HomeId, Vec<Event>>;

pub fn noon() -> Timestamp {
    at("2026-01-20T12:00:00Z")
}

/// An event of a person, `minutes` after the beginning of the year.
pub fn event(user: &str, id: &str, event_type: &str, minutes: i64) -> Event {
    an_event(id)
        .of_type(event_type)
        .by(Kind::UserId, user)
        .at(at("2026-01-01T00:00:00Z").plus_millis(minutes * 60_000))
        .event()
}

/// Stores people with some events each, by chance.
pub async fn people(store: &Store, seed: u64, count: usize) -> Leads {
    let mut random = Random::new(seed);
    let mut leads = Leads::new();
    for user in 0..count {
        let user = format!("u{user}");
        let number = 1 + random.below(6);
        let events: Vec<_> = (0..number)
            .map(|id| {
                let event_type = TYPES[random.below(TYPES.len())];
                let minutes = i64::try_from(random.below(18 * 24 * 60)).unwrap();
                event(&user, &format!("e{id}"), event_type, minutes)
            })
            .collect();
        let events = sorted(events);
        leads.insert(lead(store, &a_tenant(), &events).await, events);
    }
    leads
}

/// Stores a lead of these events under the default rules.
pub async fn lead(store: &Store, tenant: &TenantId, events: &[Event]) -> HomeId {
    let home = events[0].home;
    let state = fold(&rules(), events.to_vec());
    let view = view(&state, &rules(), noon());
    let lead = Lead {
        survivor: home,
        version: 1,
        members: vec![Member { home, has_events: true }],
        identity_limit: false,
        state,
        crossing: None,
        erased: None,
        archived: None,
    };
    let standing = Standing { score: view.score, stage: view.stage };
    let leads = vec![ChangedLead { lead, read_version: None, standing }];
    let commit = Commit { events: events.to_vec(), leads, ..Commit::default() };
    store.commit(tenant, &commit).await.unwrap();
    home.id
}

/// A rule set that changes the default one in every part, by chance.
pub fn changed_rules(seed: u64) -> RuleSet {
    let mut random = Random::new(seed);
    let mut set = RuleSet { version: 0, ..RuleSet::default_set().unwrap() };
    for rule in &mut set.rules {
        let thousandths = i64::try_from(random.below(90_000)).unwrap() - 20_000;
        rule.points = Some(Points::from_thousandths(thousandths));
        rule.active = random.below(5) > 0;
        if random.below(3) == 0 {
            let per = [Period::Lifetime, Period::Day, Period::Week][random.below(3)];
            rule.cap = Some(Cap { count: 1, per });
        }
        if random.below(3) == 0 {
            rule.expires_after_days = Some(1 + u32::try_from(random.below(20)).unwrap());
        }
        if random.below(3) == 0 {
            rule.group = Some("engagement".to_owned());
            rule.group_cap = Some(Points::whole(25));
        }
    }
    set.decay.idle_days = u32::try_from(random.below(9)).unwrap();
    set.thresholds.warm = 10 + i64::try_from(random.below(20)).unwrap();
    set.total_cap = (random.below(2) == 0).then_some(120);
    set
}

/// A rule set under which a demo request gives 70 points more.
pub fn richer_demos() -> RuleSet {
    let mut set = RuleSet { version: 0, ..RuleSet::default_set().unwrap() };
    let demo = set.rules.iter_mut().find(|rule| rule.id == "demo_request").unwrap();
    demo.points = Some(Points::whole(120));
    set
}

/// Compares leads without any table.
pub fn compared(leads: &Leads, draft: &RuleSet, now: Timestamp) -> Comparison {
    let draft = Rules::prepare(RuleSet { version: 2, ..draft.clone() }).unwrap();
    let before = rules();
    let sets = Sets { before: &before, after: &draft, now };
    let mut comparison = Comparison::default();
    for (lead, events) in leads {
        comparison.count(*lead, events, sets);
        comparison.seen += 1;
    }
    comparison
}
