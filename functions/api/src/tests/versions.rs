//! What a published change shows, and when: in a single lead at once, whatever is cached.

use aws_sdk_dynamodb::types::AttributeValue;
use domain::{identity::Kind, points::Points, rule_set::RuleSet};
use testing::{Tables, a_tenant, an_event, home_of};

use super::world::World;

/// Makes a version the active one, as a publish does.
async fn publish(tables: &Tables, set: &RuleSet) {
    let text = |text: String| AttributeValue::S(text);
    let put = |sk: String, name: &str, value: AttributeValue| {
        let put = tables.client.put_item().table_name(tables.leads_table());
        put.item("pk", text(a_tenant().to_string())).item("sk", text(sk)).item(name, value)
    };
    let content = serde_json::to_string(set).unwrap();
    let version = AttributeValue::N(set.version.to_string());
    let named = format!("rule_set#{:010}", set.version);
    put(named, "content", text(content)).send().await.unwrap();
    put("rule_set#active".to_owned(), "version", version).send().await.unwrap();
}

#[tokio::test]
async fn a_published_change_shows_in_a_single_lead_at_once() {
    let world =
        World::with([an_event("e1").of_type("demo_request").days_later(13).arrival()]).await;
    let id = home_of(Kind::UserId, "u1").id;
    let before = world.get(&format!("/v1/leads/{id}")).await.body;
    assert_eq!((before["score"].as_i64(), before["rule_set"].as_u64()), (Some(50), Some(1)));

    let mut set = RuleSet::default_set().unwrap();
    set.version = 2;
    let demo = set.rules.iter_mut().find(|rule| rule.id == "demo_request").unwrap();
    demo.points = Some(Points::whole(70));
    publish(&world.tables, &set).await;

    for part in ["", "/explanation"] {
        let after = world.get(&format!("/v1/leads/{id}{part}")).await.body;
        assert_eq!((after["score"].as_i64(), after["rule_set"].as_u64()), (Some(70), Some(2)));
    }
    let timeline = world.get(&format!("/v1/leads/{id}/timeline")).await.body;
    assert_eq!(timeline["data"][0]["contributions"][0]["rule_set"], 2);
}
