//! What is said of leads whose events are taken out of scoring.

use domain::{family::IdentitySettings, rule_set::RuleSet, tenant::TenantId};
use dynamo::Tenant;
use serde_json::{Value, json};

use super::{
    intelligence::{ana, path},
    world::{NOW, World, at, key},
};

/// A tenant whose rules suppress events of a type.
async fn suppressing(world: &World, event_type: &str) -> TenantId {
    let id: TenantId = "careful".parse().unwrap();
    let mut rules = RuleSet::default_set().unwrap();
    let rule = json!({ "id": "bots", "name": "Bots", "event_type": event_type, "suppress": true });
    rules.rules.push(serde_json::from_value(rule).unwrap());
    let tenant = Tenant {
        id: id.clone(),
        name: "Careful".to_owned(),
        created_at: at(NOW),
        identity: IdentitySettings::default(),
        wrapped_keyring: String::new(),
    };
    world.tables.store.create_tenant(&tenant, &rules, &[], None).await.unwrap();
    world.store(&id, ana()).await;
    id
}

#[tokio::test]
async fn suppressed_events_count_for_nothing() {
    let world = World::start().await;
    let tenant = suppressing(&world, "product_viewed").await;
    let body = world.get_with(&path("intelligence"), Some(&key(&tenant, "read"))).await.body;
    assert_eq!(body["events"], 3);
    let marketplaces = json!([
        { "marketplace": "shopee", "events": 1, "by_hand": false, "primary": true },
        { "marketplace": "mercado_livre", "events": 1, "by_hand": false, "primary": false },
    ]);
    assert_eq!(body["marketplaces"], marketplaces);
    let categories =
        json!([{ "category": "Shoes", "events": 1 }, { "category": "Hats", "events": 1 }]);
    assert_eq!(body["top_categories"], categories);
    assert_eq!(
        body["contact_timing"]["best"],
        json!({ "day": "tuesday", "hour": 14, "events": 2 })
    );
}

#[tokio::test]
async fn a_lead_without_events_that_count_is_new_and_says_nothing() {
    let world = World::start().await;
    let tenant = suppressing(&world, "*").await;
    let body = world.get_with(&path("intelligence"), Some(&key(&tenant, "read"))).await.body;
    assert_eq!((&body["segment"]["name"], &body["events"]), (&json!("new"), &json!(0)));
    assert_eq!(body["factor_score"]["marketplace"], "direct");
    assert_eq!((&body["factor_score"]["score"], &body["risk"]["score"]), (&json!(0), &json!(0)));
    assert_eq!(body["contact_timing"], json!({ "histogram": [], "best": null }));
    for empty in ["factor_scores", "marketplaces", "top_categories", "recommendations"] {
        assert_eq!(body[empty], json!([]), "{empty}");
    }
    assert_eq!(body["risk"]["inputs"]["idle_days"], Value::Null);
    // Suppressed events say nothing but what the person declares.
    assert_eq!(body["source"], json!({ "value": "referral", "from": "trait" }));
}
