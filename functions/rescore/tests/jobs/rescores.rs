//! A re-score brings every lead to what was published, and catches who wrote under old rules.

use domain::{
    comparison::Crossings,
    fold::fold,
    job::JobStatus,
    lead::{Cause, Crossing},
    rule_set::RuleSet,
    rules::Rules,
    stage::Stage,
};
use dynamo::Job;
use queue::JobPart;
use testing::{Tables, a_tenant};

use crate::{
    population::{changed_rules, event, lead, noon, people, richer_demos},
    work::{Worker, at, job_id, plan, publish, rescored, status},
};

#[tokio::test]
async fn every_lead_comes_to_the_new_version_and_says_what_that_did() {
    let tables = Tables::with_tenant(&a_tenant()).await;
    let up = lead(&tables.store, &a_tenant(), &[event("u1", "1", "demo_request", 26_000)]).await;
    let same = lead(&tables.store, &a_tenant(), &[event("u2", "1", "page_view", 26_000)]).await;
    let job = publish(&tables.store, 1, &richer_demos(), noon()).await;
    Worker::new(tables.store.clone()).run(&job, noon()).await;
    let listed = tables.store.listed_lead(&a_tenant(), up).await.unwrap().unwrap();
    assert_eq!((listed.lead.state.rule_set, listed.standing.score), (2, 120));
    let crossing = Crossing { from: Stage::Warm, cause: Cause::Rescore };
    assert_eq!(listed.lead.crossing, Some(crossing));
    let listed = tables.store.listed_lead(&a_tenant(), same).await.unwrap().unwrap();
    assert_eq!((listed.lead.state.rule_set, listed.lead.crossing), (2, None));
    let outcome = rescored(&tables.store, &job).await;
    assert_eq!((outcome.leads, outcome.rescored), (2, 2));
    assert_eq!(outcome.crossings, Crossings { up: 1, down: 0 });
}

#[tokio::test]
async fn a_writer_that_held_the_old_rules_is_caught_by_the_last_pass() {
    let tables = Tables::with_tenant(&a_tenant()).await;
    people(&tables.store, 3, 9).await;
    let job = publish(&tables.store, 1, &richer_demos(), noon()).await;
    let worker = Worker::new(tables.store.clone());
    worker.deliver(&plan(&job), 1, noon()).await.unwrap();
    // The first pass, up to where the last one is queued for later.
    while worker.queue.waiting()[0].1.is_zero() {
        let (message, _) = worker.queue.take().unwrap();
        worker.deliver(&message, 1, noon()).await.unwrap();
    }
    assert_eq!(status(&tables.store, &job).await, JobStatus::Settling);
    // A writer with cached rules stores a new lead under version 1.
    let late =
        lead(&tables.store, &a_tenant(), &[event("late", "1", "demo_request", 27_000)]).await;
    let (settle, delay) = worker.queue.take().unwrap();
    assert_eq!(settle.part, JobPart::Settle);
    // Twice a writer's 29 s, a minute of cached settings, ten seconds for clocks.
    assert_eq!(delay.as_secs(), 29 + 60 + 29 + 10);

    // Received too soon, it waits on.
    worker.deliver(&settle, 1, noon().plus_millis(100_000)).await.unwrap();
    let (settle, left) = worker.queue.take().unwrap();
    assert_eq!((settle.part, left.as_secs()), (JobPart::Settle, 28));
    worker.deliver(&settle, 1, noon().plus_millis(128_000)).await.unwrap();
    worker.drain(noon().plus_millis(128_000)).await.unwrap();
    let late = tables.store.lead(&a_tenant(), late).await.unwrap().unwrap();
    assert_eq!(late.state.rule_set, 2);
    let outcome = rescored(&tables.store, &job).await;
    assert_eq!((outcome.leads, outcome.rescored), (10, 10));
}

#[tokio::test]
async fn of_two_publishes_in_a_row_the_second_wins_and_the_first_job_ends() {
    let tables = Tables::with_tenant(&a_tenant()).await;
    let leads = people(&tables.store, 21, 30).await;
    let worker = Worker::new(tables.store.clone());
    let first = publish(&tables.store, 1, &richer_demos(), noon()).await;
    worker.deliver(&plan(&first), 1, noon()).await.unwrap();
    let (message, _) = worker.queue.take().unwrap();
    worker.deliver(&message, 1, noon()).await.unwrap();
    let second = publish(&tables.store, 2, &changed_rules(21), noon()).await;
    worker.run(&second, noon()).await;
    assert_eq!(status(&tables.store, &first).await, JobStatus::Superseded);
    assert_eq!(status(&tables.store, &second).await, JobStatus::Done);
    let rules = Rules::prepare(RuleSet { version: 3, ..changed_rules(21) }).unwrap();
    for (id, events) in leads {
        let lead = tables.store.lead(&a_tenant(), id).await.unwrap().unwrap();
        assert_eq!(lead.state, fold(&rules, events));
    }
    assert_eq!(rescored(&tables.store, &second).await.rescored, 30);
}

#[tokio::test]
async fn a_re_score_that_takes_many_invocations_brings_every_lead_once() {
    let tables = Tables::with_tenant(&a_tenant()).await;
    people(&tables.store, 2, 250).await;
    let job = publish(&tables.store, 1, &richer_demos(), noon()).await;
    let whole = Worker::hasty(tables.store.clone());
    whole.run(&job, noon()).await;
    let outcome = rescored(&tables.store, &job).await;
    assert_eq!((outcome.leads, outcome.rescored), (250, 250));
}

#[tokio::test]
async fn a_lead_that_its_own_event_brought_there_is_not_counted_as_the_jobs() {
    let tables = Tables::with_tenant(&a_tenant()).await;
    people(&tables.store, 2, 5).await;
    let id = lead(&tables.store, &a_tenant(), &[event("u9x", "1", "page_view", 20_000)]).await;
    let job = publish(&tables.store, 1, &richer_demos(), noon()).await;
    let scorer = scoring::Scorer::new(tables.store.clone());
    scorer.rescore(&a_tenant(), id, noon()).await.unwrap();
    Worker::new(tables.store.clone()).run(&job, noon()).await;
    let outcome = rescored(&tables.store, &job).await;
    assert_eq!((outcome.leads, outcome.rescored), (6, 5));
}

#[tokio::test]
async fn jobs_are_listed_newest_first_page_by_page() {
    let tables = Tables::with_tenant(&a_tenant()).await;
    for number in 1..=5 {
        publish(&tables.store, number, &richer_demos(), at("2026-02-01T00:00:00Z")).await;
    }
    let ids = |jobs: Vec<Job>| jobs.into_iter().map(|job| job.id).collect::<Vec<_>>();
    let page = tables.store.jobs(&a_tenant(), None, 2).await.unwrap();
    assert_eq!(ids(page), [job_id(5), job_id(4)]);
    let page = tables.store.jobs(&a_tenant(), Some(&job_id(4)), 2).await.unwrap();
    assert_eq!(ids(page), [job_id(3), job_id(2)]);
    let page = tables.store.jobs(&a_tenant(), Some(&job_id(2)), 2).await.unwrap();
    assert_eq!(ids(page), [job_id(1)]);
    assert!(tables.store.jobs(&a_tenant(), Some(&job_id(1)), 2).await.unwrap().is_empty());
}
