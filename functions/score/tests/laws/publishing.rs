//! Rule sets that are published while events arrive.

use aws_sdk_dynamodb::types::AttributeValue;
use domain::{points::Points, rule_set::RuleSet, rules::Rules};
use testing::{Random, Tables, a_tenant};

/// Makes a version of the rules: other points, other thresholds, other decay.
pub fn a_set(version: u32, seed: u64) -> RuleSet {
    let mut random = Random::new(seed ^ u64::from(version));
    let mut any = |below: usize| i64::try_from(random.below(below)).unwrap();
    let mut set = RuleSet::default_set().unwrap();
    set.version = version;
    for rule in &mut set.rules {
        rule.points = Some(Points::whole(any(60) - 10));
        rule.active = any(4) > 0;
    }
    let warm = 1 + any(40);
    let hot = warm + 1 + any(40);
    (set.thresholds.warm, set.thresholds.hot) = (warm, hot);
    set.thresholds.qualified = hot + 1 + any(60);
    set.decay.idle_days = u32::try_from(any(12)).unwrap();
    set
}

/// Returns the rules of a version.
pub fn rules_of(version: u32, seed: u64) -> Rules {
    match version {
        1 => testing::rules(),
        _ => Rules::prepare(a_set(version, seed)).unwrap(),
    }
}

/// Makes a version the active one, as a publish does.
pub async fn publish(tables: &Tables, set: &RuleSet) {
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
