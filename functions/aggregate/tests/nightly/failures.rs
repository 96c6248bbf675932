//! How often conditions failed is counted anew each night, by the segments of a re-score.

use std::collections::BTreeMap;

use domain::rule_set::RuleSet;
use dynamo::{SCAN_SEGMENTS, Tenant};
use serde_json::json;
use testing::Tables;

use crate::{
    night::{Night, Queue, at},
    population::{event, lead_of, store_for},
};

#[tokio::test]
async fn a_night_counts_failed_conditions_anew() {
    let tables = Tables::start().await;
    let id = "conditions".parse().unwrap();
    let mut set = RuleSet::default_set().unwrap();
    set.rules[0].when = Some("event.properties.depth > 3".to_owned());
    let tenant = Tenant {
        id,
        name: "Conditions".to_owned(),
        created_at: at("2026-01-01T00:00:00Z"),
        identity: domain::family::IdentitySettings::default(),
        wrapped_keyring: String::new(),
    };
    tables.store.create_tenant(&tenant, &set, &[], None).await.unwrap();
    let noon = at("2026-11-20T12:00:00Z");
    let mut events =
        vec![event("ana", "1", "page_view", noon), event("ana", "2", "page_view", noon)];
    for event in &mut events {
        event.event_type = set.rules[0].event_type.to_string();
    }
    let mut lead = lead_of(&events);
    let rules = domain::rules::Rules::prepare(set).unwrap();
    lead.state = domain::fold::fold(&rules, events.clone());
    store_for(&tables.store, &tenant.id, lead, &events, None).await;
    let queue = Queue::default();
    let night = Night::of(tables.store.clone(), queue.clone(), SCAN_SEGMENTS);
    let now = at("2026-11-21T00:10:02Z");
    let schedule = json!({"run": "nightly", "scheduled_time": "2026-11-21T00:10:00Z"});
    for _ in 0..2 {
        night.handle(schedule.clone(), now).await.unwrap();
        while let Some(shard) = queue.take() {
            let body = serde_json::to_string(&shard).unwrap();
            let payload = json!({"Records": [{"messageId": "m", "body": body}]});
            night.handle(payload, now).await.unwrap();
        }
    }
    let counted = tables.store.rule_failures(&tenant.id, 1).await.unwrap();
    assert_eq!(counted, BTreeMap::from([("page_view".to_owned(), 2)]));
}
