//! A worker that dies between any two calls leaves work that ends in the same result.

use domain::job::{JobStatus, Outcome};
use testing::{Faults, Tables, a_tenant};

use crate::{
    population::{changed_rules, event, lead, noon, people},
    work::{Queue, Worker, job_id, plan, preview_job, publish, status},
};
use queue::Parts;

#[derive(Clone, Copy, Debug)]
enum Kind {
    Preview,
    Rescore,
}

async fn tables(kind: Kind) -> Tables {
    let tables = Tables::with_tenant(&a_tenant()).await;
    people(&tables.store, 9, 3).await;
    match kind {
        Kind::Preview => preview_job(&tables.store, 1, &changed_rules(9), 100, noon()).await,
        Kind::Rescore => publish(&tables.store, 1, &changed_rules(9), noon()).await,
    };
    tables
}

/// Everything that a job leaves: its result, and the leads by version and score.
async fn left(tables: &Tables) -> (Outcome, Vec<String>) {
    assert_eq!(status(&tables.store, &job_id(1)).await, JobStatus::Done);
    let parts = tables.store.job_parts::<serde_json::Value>(&a_tenant(), &job_id(1)).await;
    assert!(parts.unwrap().is_empty());
    let mut leads = Vec::new();
    for segment in 0..3 {
        let page = tables.store.scan_leads(segment, 3, None).await.unwrap();
        leads.extend(page.leads.into_iter().map(|(_, listed)| format!("{listed:?}")));
    }
    leads.sort();
    let outcome = tables.store.job_result(&a_tenant(), &job_id(1)).await.unwrap().unwrap();
    (outcome, leads)
}

/// Works a job until its worker dies after that many calls, then goes on with another; tells
/// whether the first one came to the end.
async fn crash_and_go_on(kind: Kind, calls: usize, answer_lost: bool) -> (bool, Tables) {
    let tables = tables(kind).await;
    let queue = Queue::default();
    queue.send(&[plan(&job_id(1))]).await.unwrap();
    let faults = Faults::crash_after(calls, answer_lost);
    let dying = Worker::on(tables.with_faults(&faults), queue.clone());
    let done = dying.drain(noon()).await.is_ok();
    Worker::on(tables.store.clone(), queue).drain(noon()).await.unwrap();
    (done, tables)
}

async fn crash_everywhere(kind: Kind, fewest: usize) {
    let (_, undisturbed) = crash_and_go_on(kind, usize::MAX, false).await;
    let expected = left(&undisturbed).await;
    for answer_lost in [false, true] {
        for calls in 0.. {
            let (done, tables) = crash_and_go_on(kind, calls, answer_lost).await;
            let (outcome, leads) = left(&tables).await;
            assert_eq!(outcome, expected.0, "{kind:?} after {calls} calls");
            assert_eq!(leads, expected.1, "{kind:?} after {calls} calls");
            if done {
                assert!(calls > fewest, "{calls} calls are fewer than it takes");
                break;
            }
        }
    }
}

#[tokio::test]
async fn a_preview_that_dies_between_any_two_calls_ends_in_the_same_result() {
    crash_everywhere(Kind::Preview, 20).await;
}

#[tokio::test]
async fn a_re_score_that_dies_between_any_two_calls_ends_in_the_same_leads_and_counts() {
    crash_everywhere(Kind::Rescore, 40).await;
}

#[tokio::test]
async fn two_workers_at_once_end_in_the_same_leads() {
    for kind in [Kind::Preview, Kind::Rescore] {
        let (_, undisturbed) = crash_and_go_on(kind, usize::MAX, false).await;
        let expected = left(&undisturbed).await;
        let tables = tables(kind).await;
        let (one, other) = (Worker::new(tables.store.clone()), Worker::new(tables.store.clone()));
        let id = job_id(1);
        tokio::join!(one.run(&id, noon()), other.run(&id, noon()));
        assert_eq!(left(&tables).await.1, expected.1, "{kind:?}");
    }
}

#[tokio::test]
async fn a_lead_that_comes_while_a_worker_is_dead_is_worked_too() {
    let tables = tables(Kind::Rescore).await;
    let queue = Queue::default();
    queue.send(&[plan(&job_id(1))]).await.unwrap();
    let faults = Faults::crash_after(9, false);
    let dying = Worker::on(tables.with_faults(&faults), queue.clone());
    assert!(dying.drain(noon()).await.is_err());
    let new = lead(&tables.store, &a_tenant(), &[event("new", "1", "signup", 0)]).await;
    Worker::on(tables.store.clone(), queue).drain(noon()).await.unwrap();
    let new = tables.store.lead(&a_tenant(), new).await.unwrap().unwrap();
    assert_eq!(new.state.rule_set, 2);
}
