//! What the audit log holds after writes, repeated writes and refused writes.
#![expect(clippy::unwrap_used, reason = "a test that meets what it does not expect has failed")]

use domain::{
    audit::AuditEntry,
    factor_weights::FactorWeights,
    job::{JobId, JobStatus, Work},
    marketplace::Marketplace,
    rule_set::RuleSet,
    tenant::TenantId,
    time::Timestamp,
};
use dynamo::{AuditRange, Draft, Job};
use testing::{Fault, Faults, Tables};

fn acme() -> TenantId {
    "acme".parse().unwrap()
}

fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(millis).unwrap()
}

fn entry(millis: i64) -> AuditEntry {
    AuditEntry {
        id: "019a0b3c-4d5e-7f60-8a1b-2c3d4e5f6071".to_owned(),
        at: at(millis),
        actor: "key_0123456789abcdef".parse().unwrap(),
        action: "factor_weights.updated".to_owned(),
        object_type: "factor_weights".to_owned(),
        object_id: "direct".to_owned(),
        fields: vec!["purchase".to_owned()],
    }
}

fn weights(purchase: u8) -> FactorWeights {
    FactorWeights::new(purchase, 80 - purchase, 10, 10).unwrap()
}

async fn all(tables: &Tables) -> Vec<AuditEntry> {
    tables.store.audit_entries(&acme(), AuditRange::default(), None, 100).await.unwrap()
}

#[tokio::test]
async fn a_change_has_one_entry_and_what_changes_nothing_has_none() {
    let tables = Tables::with_tenant(&acme()).await;
    let (store, direct) = (&tables.store, Marketplace::direct());
    let recording = || store.recording(&acme(), entry(1_000));
    let (one, other) = (weights(40), weights(50));
    let put = async |weights, read| {
        recording().put_factor_weights(&acme(), &direct, weights, read).await.unwrap()
    };
    assert!(put(one, None).await);
    assert_eq!(all(&tables).await.len(), 1);
    // Made before, refused, and no change.
    assert!(put(one, None).await);
    assert!(!put(other, None).await);
    assert!(put(one, Some(one)).await);
    assert_eq!(all(&tables).await.len(), 1);
    assert!(recording().drop_factor_weights(&acme(), &direct, one).await.unwrap());
    assert!(recording().drop_factor_weights(&acme(), &direct, one).await.unwrap(), "it is gone");
    let entries = all(&tables).await;
    assert_eq!(entries.len(), 2, "{entries:?}");
    for written in entries {
        assert_eq!(AuditEntry { id: written.id.clone(), ..entry(1_000) }, written);
    }
}

#[tokio::test]
async fn a_handle_that_writes_often_gives_each_write_an_entry() {
    let tables = Tables::with_tenant(&acme()).await;
    let recording = tables.store.recording(&acme(), entry(1_000));
    for name in ["a", "b", "c"] {
        let marketplace = name.parse().unwrap();
        let put = recording.put_factor_weights(&acme(), &marketplace, weights(40), None).await;
        assert!(put.unwrap());
    }
    assert_eq!(all(&tables).await.len(), 3);
}

#[tokio::test]
async fn drafts_and_jobs_are_recorded_with_what_is_done_to_them() {
    let tables = Tables::with_tenant(&acme()).await;
    let recording = tables.store.recording(&acme(), entry(1_000));
    let set = RuleSet { total_cap: Some(100), ..RuleSet::default_set().unwrap() };
    let draft = Draft::new(&acme(), &set, 1).unwrap();
    for _ in 0..2 {
        assert!(recording.base_draft(&acme(), &draft, None).await.unwrap());
        assert!(recording.base_draft(&acme(), &draft, Some(draft.revision)).await.unwrap());
        assert!(recording.edit_draft(&acme(), &draft, draft.revision).await.unwrap());
    }
    assert_eq!(all(&tables).await.len(), 1);
    let id: JobId = "job_019a0b3c-4d5e-7f60-8a1b-2c3d4e5f6071".parse().unwrap();
    let job = Job::new(id.clone(), Work::Preview { active: 1, sample_percent: 100 }, 1, at(0));
    assert!(tables.store.create_preview(&acme(), &job, &set).await.unwrap());
    for expected in [Some(JobStatus::Running), None] {
        let turned = recording
            .turn_job(&acme(), &id, &[JobStatus::Queued], JobStatus::Running, at(5))
            .await
            .unwrap();
        assert_eq!(turned.map(|job| job.status), expected);
    }
    assert_eq!(all(&tables).await.len(), 2);
}

#[tokio::test]
async fn a_write_whose_answer_was_lost_has_one_entry_after_it_is_repeated() {
    let tables = Tables::with_tenant(&acme()).await;
    let direct = Marketplace::direct();
    for fault in [Fault::AnswerLost, Fault::NotSent] {
        let before = all(&tables).await.len();
        let read = tables.store.factor_weights(&acme(), &direct).await.unwrap();
        let wanted = weights(if read.is_none() { 40 } else { 30 });
        let faults = Faults::by_call(move |call| if call == 0 { fault } else { Fault::None });
        let recording = tables.with_faults(&faults).recording(&acme(), entry(1_000));
        let put = async || recording.put_factor_weights(&acme(), &direct, wanted, read).await;
        assert!(put().await.unwrap_err().is_retryable());
        assert!(put().await.unwrap());
        assert_eq!(all(&tables).await.len(), before + 1, "{fault:?}");
    }
}

#[tokio::test]
async fn entries_are_read_newest_first_page_by_page_within_a_range() {
    let tables = Tables::with_tenant(&acme()).await;
    let store = &tables.store;
    for millis in 0..9 {
        let marketplace = format!("m{millis}").parse().unwrap();
        let recording = store.recording(&acme(), entry(millis));
        let put = recording.put_factor_weights(&acme(), &marketplace, weights(40), None).await;
        assert!(put.unwrap());
    }
    let range = AuditRange { from: Some(at(2)), to: Some(at(7)) };
    let mut seen = Vec::new();
    let mut after = None;
    loop {
        let page = store.audit_entries(&acme(), range, after, 4).await.unwrap();
        let Some(last) = page.last() else { break };
        after = Some(last.id.parse().unwrap());
        seen.extend(page.iter().map(|entry| entry.at.millis()));
    }
    assert_eq!(seen, [7, 6, 5, 4, 3, 2]);
    let other = store.audit_entries(&"other".parse().unwrap(), range, None, 4).await.unwrap();
    assert_eq!(other, []);
}
