//! What stands at the door: the audit log, requests that are made once, and counters.

use std::collections::BTreeMap;

use domain::{
    audit::AuditEntry, event::Sealed, factor_weights::FactorWeights, marketplace::Marketplace,
    tenant::TenantId, time::Timestamp,
};
use dynamo::{AuditRange, Begun, KeptAnswer, Lease};

use crate::Tables;

/// Runs every check of this part.
pub(super) async fn check(tables: &Tables, tenant: impl Fn(&str) -> TenantId) {
    a_change_is_told_once_and_a_refused_one_never(tables, &tenant("audit")).await;
    a_request_is_worked_on_by_one(tables, &tenant("requests")).await;
    requests_are_summed(tables, &tenant("rates")).await;
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_millis(1_768_478_400_000 + 1_000 * seconds).unwrap()
}

async fn a_change_is_told_once_and_a_refused_one_never(tables: &Tables, tenant: &TenantId) {
    let entry = |seconds| AuditEntry {
        id: "019bc186-de00-7000-8000-0242ac120002".to_owned(),
        at: at(seconds),
        actor: "system".parse().unwrap(),
        action: "factor_weights.updated".to_owned(),
        object_type: "factor_weights".to_owned(),
        object_id: "direct".to_owned(),
        fields: vec!["purchase".to_owned()],
    };
    let direct = Marketplace::direct();
    let weights = |purchase| FactorWeights::new(purchase, 80 - purchase, 10, 10).unwrap();
    let (one, other) = (weights(30), weights(40));
    for (seconds, wanted, read, made) in [
        (1, one, None, true),
        (2, one, None, true),
        (3, other, None, false),
        (4, other, Some(one), true),
        (5, other, Some(one), true),
    ] {
        let store = tables.store.recording(tenant, entry(seconds));
        let put = store.put_factor_weights(tenant, &direct, wanted, read).await.unwrap();
        assert_eq!(put, made, "{seconds}");
    }
    let store = tables.store.recording(tenant, entry(6));
    assert!(store.drop_factor_weights(tenant, &direct, other).await.unwrap());
    let all = AuditRange::default();
    let entries = tables.store.audit_entries(tenant, all, None, 9).await.unwrap();
    let told: Vec<_> = entries.iter().map(|entry| entry.at).collect();
    assert_eq!(told, [at(6), at(4), at(1)], "newest first");
    let range = AuditRange { from: Some(at(2)), to: Some(at(4)) };
    assert_eq!(tables.store.audit_entries(tenant, range, None, 9).await.unwrap().len(), 1);
    let after = entries.first().and_then(|entry| entry.id.parse().ok());
    let rest = tables.store.audit_entries(tenant, all, after, 9).await.unwrap();
    assert_eq!(rest.len(), 2);
}

async fn a_request_is_worked_on_by_one(tables: &Tables, tenant: &TenantId) {
    let wanted = |seed: &str, seconds| {
        Lease::new("token".to_owned(), "content".to_owned(), seed.to_owned(), at(seconds))
    };
    let begin = async |lease: Lease| tables.store.begin_request(tenant, &lease).await.unwrap();
    let first = wanted("one", 0);
    assert_eq!(begin(first.clone()).await, Begun::Leased(first.clone()));
    assert_eq!(begin(wanted("two", 1)).await, Begun::InProgress(at(60)));
    let taken_over = Lease { until: at(120), ..first.clone() };
    assert_eq!(begin(wanted("two", 60)).await, Begun::Leased(taken_over.clone()));
    let headers = BTreeMap::from([("etag".to_owned(), "\"1\"".to_owned())]);
    let answer = KeptAnswer { status: 201, headers, body: Sealed("c2VhbGVk".to_owned()) };
    tables.store.forget_request(tenant, &first).await.unwrap();
    tables.store.keep_answer(tenant, &taken_over, answer.clone()).await.unwrap();
    assert_eq!(begin(wanted("three", 121)).await, Begun::Answered(answer));
}

async fn requests_are_summed(tables: &Tables, tenant: &TenantId) {
    let settle = async |minute, used| {
        tables.store.settle_requests(tenant, "key_a", minute, used).await.unwrap()
    };
    assert_eq!(settle(7, 100).await, 100);
    assert_eq!(settle(7, 20).await, 120);
    assert_eq!(settle(8, 1).await, 1);
}
