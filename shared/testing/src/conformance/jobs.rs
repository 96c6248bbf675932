//! Jobs, and the publish that makes one.

use domain::{
    job::{JobId, JobStatus, Work},
    rule_set::RuleSet,
    tenant::TenantId,
    time::Timestamp,
};
use dynamo::{Draft, Job, Progress, Publication, PublishedSet, ScanPlace};
use serde_json::{Value, json};

use crate::{Tables, home_of};

/// Runs every check of this part.
pub(super) async fn check(tables: &Tables, tenant: impl Fn(&str) -> TenantId) {
    a_publish_happens_whole_or_not_at_all(tables, &tenant("publish")).await;
    a_segment_is_counted_once_and_only_in_its_pass(tables, &tenant("passes")).await;
    a_part_that_is_done_stays(tables, &tenant("parts")).await;
}

fn id(number: u32) -> JobId {
    format!("job_019a0b3c-4d5e-7f60-8a1b-{number:012x}").parse().unwrap()
}

fn now() -> Timestamp {
    "2026-01-15T12:00:00Z".parse().unwrap()
}

fn job(number: u32) -> Job {
    Job::new(id(number), Work::Rescore { version: 2 }, 3, now())
}

async fn a_publish_happens_whole_or_not_at_all(tables: &Tables, tenant: &TenantId) {
    tables.add_tenant(tenant).await;
    let store = &tables.store;
    let draft = RuleSet { total_cap: Some(100), version: 0, ..RuleSet::default_set().unwrap() };
    let read = Draft::new(tenant, &draft, 1).unwrap();
    assert!(store.base_draft(tenant, &read, None).await.unwrap());
    let set = RuleSet { version: 2, ..draft };
    let published =
        PublishedSet { set, published_at: Some(now()), restored_from: None, note: None };
    let (one, other) = (job(1), job(2));
    let publication = |active, draft_revision, job| Publication {
        active,
        published: &published,
        draft_revision,
        job,
    };
    let stale = publication(1, Some(read.revision ^ 1), &one);
    assert!(!store.publish(tenant, &stale).await.unwrap(), "the draft is another one");
    assert!(!store.publish(tenant, &publication(7, None, &one)).await.unwrap());
    assert_eq!(store.active_version(tenant).await.unwrap(), 1);
    assert_eq!(store.job(tenant, &one.id).await.unwrap(), None);
    let good = publication(1, Some(read.revision), &one);
    assert!(store.publish(tenant, &good).await.unwrap());
    assert!(!store.publish(tenant, &publication(1, None, &other)).await.unwrap());
    assert_eq!(store.active_rule_set(tenant).await.unwrap(), published.set);
    assert_eq!(store.draft(tenant).await.unwrap(), None);
    assert_eq!(store.job(tenant, &one.id).await.unwrap(), Some(one.clone()));
    assert_eq!(store.jobs(tenant, None, 10).await.unwrap(), [one]);
}

async fn a_segment_is_counted_once_and_only_in_its_pass(tables: &Tables, tenant: &TenantId) {
    let store = &tables.store;
    let draft = RuleSet::default_set().unwrap();
    assert!(store.create_preview(tenant, &job(1), &draft).await.unwrap());
    assert!(!store.create_preview(tenant, &job(1), &draft).await.unwrap(), "it is there");
    assert_eq!(store.job_draft(tenant, &id(1)).await.unwrap(), Some(draft));
    for _ in 0..2 {
        let noted = store.finish_job_segment(tenant, &id(1), 1, 2, 5).await.unwrap().unwrap();
        assert_eq!((noted.leads, noted.finished.len()), (5, 1), "counted once");
    }
    assert_eq!(store.finish_job_segment(tenant, &id(1), 2, 2, 5).await.unwrap(), None);
    for _ in 0..2 {
        let begun = store.begin_job_pass(tenant, &id(1), 1).await.unwrap().unwrap();
        assert_eq!((begun.pass, begun.leads, begun.finished.len()), (2, 0, 0), "begun once");
    }
    let (queued, done) = ([JobStatus::Queued], JobStatus::Done);
    let turned = store.turn_job(tenant, &id(1), &queued, done, now()).await.unwrap().unwrap();
    assert_eq!((turned.status, turned.ended_at), (done, Some(now())));
    let again = store.turn_job(tenant, &id(1), &queued, JobStatus::Running, now()).await.unwrap();
    assert_eq!(again, None, "what is over stays so");
}

async fn a_part_that_is_done_stays(tables: &Tables, tenant: &TenantId) {
    let store = &tables.store;
    let lead = home_of(domain::identity::Kind::UserId, "u1").id;
    let part = |count: u32, done: bool| Progress {
        tally: json!({ "count": count }),
        after: (!done).then(|| ScanPlace::after(tenant, lead)),
        done,
    };
    for (count, done, kept) in [(1, false, true), (2, true, true), (3, false, false)] {
        let part = part(count, done);
        assert_eq!(store.keep_job_part(tenant, &id(1), (1, 2), &part).await.unwrap(), kept);
    }
    let read: Progress<Value> = store.job_part(tenant, &id(1), 1, 2).await.unwrap().unwrap();
    assert_eq!((&read.tally["count"], read.done, read.after.is_some()), (&json!(2), true, false));
    assert_eq!(store.job_parts::<Value>(tenant, &id(1)).await.unwrap().len(), 1);
    store.drop_job_parts(tenant, &id(1)).await.unwrap();
    assert!(store.job_parts::<Value>(tenant, &id(1)).await.unwrap().is_empty());
    for result in [json!("first"), json!("second")] {
        store.keep_job_result(tenant, &id(1), &result).await.unwrap();
    }
    assert_eq!(store.job_result::<Value>(tenant, &id(1)).await.unwrap(), Some(json!("first")));
}
