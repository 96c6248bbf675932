//! What people edit: drafts, golden leads, factor weights; and the versions that come of it.

use std::collections::BTreeMap;

use domain::{
    factor_weights::FactorWeights, golden_lead::GoldenLead, marketplace::Marketplace,
    rule_set::RuleSet, tenant::TenantId,
};
use dynamo::Draft;

use crate::Tables;

/// Runs every check of this part.
pub(super) async fn check(tables: &Tables, tenant: impl Fn(&str) -> TenantId) {
    the_first_version_is_active_from_the_beginning(tables, &tenant("versions")).await;
    a_draft_is_replaced_only_as_it_was_read(tables, &tenant("drafts")).await;
    golden_leads_are_edited_one_by_one(tables, &tenant("golden")).await;
    weights_are_set_and_taken_back(tables, &tenant("weights")).await;
    failures_are_summed_over_segments(tables, &tenant("failures")).await;
}

async fn the_first_version_is_active_from_the_beginning(tables: &Tables, tenant: &TenantId) {
    tables.add_tenant(tenant).await;
    let first = tables.store.published_set(tenant, 1).await.unwrap().unwrap();
    assert_eq!(first.published_at.map(domain::time::Timestamp::millis), Some(0));
    assert_eq!(tables.store.published_set(tenant, 2).await.unwrap(), None);
    assert_eq!(
        tables.store.rule_sets(tenant, None, 10).await.unwrap(),
        std::slice::from_ref(&first)
    );
    assert_eq!(tables.store.rule_sets(tenant, Some(1), 10).await.unwrap(), []);
    let at = "2026-01-01T00:00:00Z".parse().unwrap();
    assert_eq!(tables.store.rule_set_at(tenant, at).await.unwrap(), first.set);
}

async fn a_draft_is_replaced_only_as_it_was_read(tables: &Tables, tenant: &TenantId) {
    tables.add_tenant(tenant).await;
    let store = &tables.store;
    let draft = |total_cap, based_on| {
        let set = RuleSet { total_cap: Some(total_cap), ..RuleSet::default_set().unwrap() };
        Draft::new(tenant, &set, based_on).unwrap()
    };
    let (first, second, third) = (draft(100, 1), draft(200, 1), draft(300, 1));
    assert_eq!(store.draft(tenant).await.unwrap(), None);
    assert!(!store.base_draft(tenant, &draft(100, 2), None).await.unwrap(), "2 is not active");
    // What is sent twice, because an answer got lost, is made once and told so twice.
    for _ in 0..2 {
        assert!(store.base_draft(tenant, &first, None).await.unwrap());
    }
    assert!(!store.base_draft(tenant, &second, None).await.unwrap(), "there is a draft by now");
    assert_eq!(store.draft(tenant).await.unwrap().as_ref(), Some(&first));
    assert_eq!(first.set.version, 0);
    for _ in 0..2 {
        assert!(store.edit_draft(tenant, &second, first.revision).await.unwrap());
    }
    assert!(!store.edit_draft(tenant, &third, first.revision).await.unwrap());
    assert!(!store.base_draft(tenant, &third, Some(first.revision)).await.unwrap());
    assert!(!store.base_draft(tenant, &draft(300, 2), Some(second.revision)).await.unwrap());
    assert!(store.base_draft(tenant, &third, Some(second.revision)).await.unwrap());
    assert!(!store.drop_draft(tenant, first.revision).await.unwrap());
    for _ in 0..2 {
        assert!(store.drop_draft(tenant, third.revision).await.unwrap(), "it is gone");
    }
    assert_eq!(store.draft(tenant).await.unwrap(), None);
}

async fn golden_leads_are_edited_one_by_one(tables: &Tables, tenant: &TenantId) {
    let store = &tables.store;
    let golden = |id: &str, score: i64| -> GoldenLead {
        let event = r#"{"event_type": "signup", "timestamp": "2026-01-01T00:00:00Z"}"#;
        let json = format!(
            r#"{{"id": "{id}", "name": "A", "events": [{event}], "expected": {{"score": {score}}}}}"#
        );
        serde_json::from_str(&json).unwrap()
    };
    for id in ["b", "a.1", "a", "a-1"] {
        for _ in 0..2 {
            let added = store.put_golden_lead(tenant, &golden(id, 30), None).await.unwrap();
            assert!(added, "sent twice, added once");
        }
        assert!(!store.put_golden_lead(tenant, &golden(id, 31), None).await.unwrap());
    }
    let ids = |stored: Vec<dynamo::StoredGoldenLead>| -> Vec<String> {
        stored.into_iter().map(|stored| stored.golden.id).collect()
    };
    let all = ids(store.golden_leads(tenant).await.unwrap());
    assert_eq!(all, ["a", "a-1", "a.1", "b"]);
    let known = store.golden_lead_ids(tenant).await.unwrap();
    assert_eq!(known.into_iter().collect::<Vec<_>>(), all);
    for (place, id) in all.iter().enumerate() {
        let rest = store.golden_leads_after(tenant, Some(id), 2).await.unwrap();
        let expected: Vec<_> = all.iter().skip(place + 1).take(2).cloned().collect();
        assert_eq!(ids(rest), expected, "after {id}");
    }
    let read = store.golden_lead(tenant, "a").await.unwrap().unwrap();
    for _ in 0..2 {
        let read = Some(read.revision);
        assert!(store.put_golden_lead(tenant, &golden("a", 5), read).await.unwrap());
    }
    assert!(!store.put_golden_lead(tenant, &golden("a", 6), Some(read.revision)).await.unwrap());
    assert!(!store.delete_golden_lead(tenant, "a", read.revision).await.unwrap());
    let read = store.golden_lead(tenant, "a").await.unwrap().unwrap();
    assert_eq!(read.golden.expected.score, 5);
    for _ in 0..2 {
        let gone = store.delete_golden_lead(tenant, "a", read.revision).await.unwrap();
        assert!(gone, "sent twice, deleted once");
    }
    assert_eq!(store.golden_lead(tenant, "a").await.unwrap(), None);
}

async fn weights_are_set_and_taken_back(tables: &Tables, tenant: &TenantId) {
    let store = &tables.store;
    let named = |name: &str| name.parse::<Marketplace>().unwrap();
    let (direct, shopee, odd) = (Marketplace::direct(), named("shopee"), named("~日本 #1!"));
    let default = FactorWeights::default();
    let weights = FactorWeights::new(50, 20, 20, 10).unwrap();
    for _ in 0..2 {
        let put = store.put_factor_weights(tenant, &shopee, default, None).await.unwrap();
        assert!(put, "sent twice, put once");
    }
    assert!(!store.put_factor_weights(tenant, &shopee, weights, None).await.unwrap());
    for _ in 0..2 {
        let read = Some(default);
        assert!(store.put_factor_weights(tenant, &shopee, weights, read).await.unwrap());
    }
    for marketplace in [&direct, &odd] {
        assert!(store.put_factor_weights(tenant, marketplace, weights, None).await.unwrap());
    }
    assert_eq!(store.factor_weights(tenant, &shopee).await.unwrap(), Some(weights));
    assert_eq!(store.factor_weights(tenant, &named("shop")).await.unwrap(), None);
    let rest = store.factor_weights_after(tenant, Some(&direct), 10).await.unwrap();
    assert_eq!(rest, [(shopee.clone(), weights), (odd.clone(), weights)]);
    let rest = store.factor_weights_after(tenant, Some(&odd), 10).await.unwrap();
    assert_eq!(rest, []);
    assert!(!store.drop_factor_weights(tenant, &shopee, default).await.unwrap());
    for _ in 0..2 {
        assert!(store.drop_factor_weights(tenant, &shopee, weights).await.unwrap());
    }
    assert_eq!(store.factor_weights(tenant, &shopee).await.unwrap(), None);
}

async fn failures_are_summed_over_segments(tables: &Tables, tenant: &TenantId) {
    let store = &tables.store;
    let counts = |counts: &[(&str, u64)]| -> BTreeMap<String, u64> {
        counts.iter().map(|(rule, count)| ((*rule).to_owned(), *count)).collect()
    };
    store.put_rule_failures(tenant, 1, 0, &counts(&[("a", 9)])).await.unwrap();
    store.put_rule_failures(tenant, 1, 0, &counts(&[("a", 1)])).await.unwrap();
    store.put_rule_failures(tenant, 1, 1, &counts(&[("a", 2), ("b.c", 3)])).await.unwrap();
    store.put_rule_failures(tenant, 2, 0, &counts(&[("a", 100)])).await.unwrap();
    let sums = store.rule_failures(tenant, 1).await.unwrap();
    assert_eq!(sums, counts(&[("a", 3), ("b.c", 3)]));
    assert_eq!(store.rule_failures(tenant, 3).await.unwrap(), counts(&[]));
}
