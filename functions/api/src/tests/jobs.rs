//! What a caller sees of jobs, from their beginning to their result.

use domain::{
    comparison::{Comparison, Crossings, GoldenFailure, GoldenReport, Sets, Shown},
    golden_lead::Expected,
    job::{JobStatus, Outcome, PreviewOutcome, RescoreOutcome, Work},
    points::Points,
    rule_set::RuleSet,
    rules::Rules,
    stage::Stage,
};
use dynamo::Job;
use queue::JobPart;
use serde_json::{Value, json};
use testing::{a_tenant, an_event, rules};

use super::{
    edit::edit,
    world::{JOB, NOW, World, at},
};

fn job_id(number: u32) -> domain::job::JobId {
    format!("job_019a0b3c-4d5e-7f60-8a1b-{number:012x}").parse().unwrap()
}

async fn make(world: &World, number: u32, work: Work) -> Job {
    let job = Job::new(job_id(number), work, 3, at(NOW));
    let draft = RuleSet::default_set().unwrap();
    assert!(world.tables.store.create_preview(&a_tenant(), &job, &draft).await.unwrap());
    job
}

async fn end(world: &World, job: &Job, outcome: &Outcome) {
    let store = &world.tables.store;
    store.keep_job_result(&a_tenant(), &job.id, outcome).await.unwrap();
    let (all, done) = (JobStatus::ALL, JobStatus::Done);
    store.turn_job(&a_tenant(), &job.id, &all, done, at(NOW)).await.unwrap().unwrap();
}

#[tokio::test]
async fn jobs_are_listed_newest_first_page_by_page() {
    let world = World::start().await;
    for number in 1..=4 {
        make(&world, number, Work::Rescore { version: 1 }).await;
    }
    let (mut ids, mut target) = (Vec::new(), "/v1/jobs?limit=2".to_owned());
    loop {
        let page = world.get(&target).await.body;
        let rows = page["data"].as_array().unwrap();
        ids.extend(rows.iter().map(|row| row["id"].as_str().unwrap().to_owned()));
        assert!(rows.len() <= 2);
        let Some(cursor) = page["next_cursor"].as_str() else { break };
        target = format!("/v1/jobs?limit=2&cursor={cursor}");
    }
    let made = (1..=4).rev().map(|number| job_id(number).to_string());
    assert_eq!(ids, [JOB.to_owned()].into_iter().chain(made).collect::<Vec<_>>());
    for bad in ["limit=0", "limit=101", "cursor=junk", "status=done"] {
        assert_eq!(world.get(&format!("/v1/jobs?{bad}")).await.status, 400, "{bad}");
    }
}

#[tokio::test]
async fn a_job_shows_how_far_it_has_come() {
    let world = World::start().await;
    let job = make(&world, 1, Work::Preview { active: 1, sample_percent: 10 }).await;
    let store = &world.tables.store;
    store.finish_job_segment(&a_tenant(), &job.id, 1, 2, 17).await.unwrap().unwrap();
    store.finish_job_segment(&a_tenant(), &job.id, 1, 2, 17).await.unwrap().unwrap();
    let shown = world.get(&format!("/v1/jobs/{}", job.id)).await.body;
    let expected = json!({
        "id": job.id.as_str(),
        "kind": "preview",
        "status": "queued",
        "created_at": "2026-01-15T12:00:00.000Z",
        "ended_at": null,
        "rule_set": 1,
        "sample_percent": 10,
        "progress": {
            "pass": 1, "passes": 1, "segments": {"done": 1, "total": 3}, "leads": 17,
        },
    });
    assert_eq!(shown, expected);
    for unknown in ["job_1", "x", &job_id(9).to_string()] {
        let answer = world.get(&format!("/v1/jobs/{unknown}")).await;
        assert_eq!(answer.code(), (404, "job_not_found"));
    }
}

/// A preview's result over one lead, with a golden lead that fails.
fn previewed() -> PreviewOutcome {
    let event = an_event("e1").of_type("demo_request").event();
    let mut set = RuleSet { version: 2, ..RuleSet::default_set().unwrap() };
    set.rules.iter_mut().for_each(|rule| rule.points = Some(Points::whole(70)));
    let (before, after) = (rules(), Rules::prepare(set).unwrap());
    let sets = Sets { before: &before, after: &after, now: event.timestamp };
    let mut comparison = Comparison { seen: 4, ..Comparison::default() };
    comparison.count(event.home.id, std::slice::from_ref(&event), sets);
    comparison.consumed.write_units = 3;
    comparison.consumed.scan_half_units = 2;
    comparison.consumed.event_half_units = 2;
    comparison.consumed.lead_units = 1;
    let failure = GoldenFailure {
        id: "cto".to_owned(),
        name: "CTO".to_owned(),
        expected: Expected { score: 50, stage: None },
        actual: Shown { score: 70, stage: Stage::Hot },
    };
    let golden_leads = GoldenReport { passed: 2, failed: 1, first_failure: Some(failure) };
    PreviewOutcome { comparison, golden_leads }
}

#[tokio::test]
async fn a_preview_that_is_done_shows_all_that_it_found() {
    let world = World::start().await;
    let job = make(&world, 1, Work::Preview { active: 1, sample_percent: 25 }).await;
    end(&world, &job, &Outcome::Preview(Box::new(previewed()))).await;
    let shown = world.get(&format!("/v1/jobs/{}", job.id)).await.body;
    assert_eq!((&shown["status"], &shown["ended_at"]), (&json!("done"), &shown["created_at"]));
    let result = &shown["result"];
    assert_eq!(result["sample"], json!({"percent": 25, "leads": 1, "of": 4}));
    assert_eq!((&result["up"], &result["down"]), (&json!(1), &json!(0)));
    assert_eq!(result["transitions"]["warm"]["hot"], 1);
    assert_eq!(result["crossings"], json!({"up": 1, "down": 0}));
    let bars = result["histogram"].as_array().unwrap();
    assert_eq!(bars[6], json!({"from": 50, "to": 59, "before": 1, "after": 0}));
    assert_eq!(bars[11]["to"], Value::Null);
    let change = &result["changes"][0];
    assert_eq!((&change["before"]["score"], &change["after"]["score"]), (&json!(50), &json!(70)));
    let line = json!({
        "kind": "contribution", "rule": "demo_request", "events": 1, "points": 70, "withheld": 0,
    });
    assert_eq!(change["after"]["lines"], json!([line]));
    assert_eq!(
        result["golden_leads"]["first_failure"]["actual"],
        json!({"score": 70, "stage": "hot"})
    );
    // Two scans of 1 unit; events of 1 and a lead of 1, four times; 3 × 4 written.
    let price = &result["price"];
    assert_eq!((&price["read_units"], &price["write_units"]), (&json!(10), &json!(12)));
    assert_eq!((&price["dollars"], &price["scaled"]), (&json!(0.000_009), &json!(true)));
    assert_eq!(price["list_prices"]["write_units_per_million"], 0.625);
    let listed = &world.get("/v1/jobs").await.body["data"];
    assert!(listed.as_array().unwrap().iter().all(|row| row.get("result").is_none()));
}

#[tokio::test]
async fn a_re_score_that_is_done_shows_what_it_did() {
    let world = World::start().await;
    let job = make(&world, 1, Work::Rescore { version: 2 }).await;
    let crossings = Crossings { up: 2, down: 1 };
    let outcome = RescoreOutcome { leads: 10, rescored: 9, crossings };
    end(&world, &job, &Outcome::Rescore(outcome)).await;
    let shown = world.get(&format!("/v1/jobs/{}", job.id)).await.body;
    let expected = json!({"leads": 10, "rescored": 9, "crossings": {"up": 2, "down": 1}});
    assert_eq!((&shown["result"], &shown["rule_set"]), (&expected, &json!(2)));
    assert!(shown.get("sample_percent").is_none());
}

#[tokio::test]
async fn a_failed_job_is_resumed_and_one_that_is_over_is_not() {
    let world = World::start().await;
    let store = &world.tables.store;
    let job = make(&world, 1, Work::Rescore { version: 1 }).await;
    let target = format!("/v1/jobs/{}/resume", job.id);
    let running = [JobStatus::Queued];
    let failed = JobStatus::Failed;
    store.turn_job(&a_tenant(), &job.id, &running, failed, at(NOW)).await.unwrap().unwrap();
    let answer = edit("POST", &target).send(&world).await;
    assert_eq!((answer.status, &answer.body["status"]), (202, &json!("running")));
    assert_eq!(answer.body["ended_at"], Value::Null);
    let sent = world.jobs.sent.lock().unwrap().clone();
    assert_eq!((sent.len(), &sent[0].0.job), (1, &job.id));
    assert_eq!(sent[0].0.part, JobPart::Plan { again: true });
    assert!(sent[0].1.is_zero());

    end(&world, &job, &Outcome::Rescore(RescoreOutcome::default())).await;
    assert_eq!(edit("POST", &target).send(&world).await.code(), (409, "job_is_over"));
    let read = edit("POST", &target).with_key(&a_tenant(), "read").send(&world).await;
    assert_eq!(read.code(), (403, "missing_scope"));
    let unknown = format!("/v1/jobs/{}/resume", job_id(9));
    assert_eq!(edit("POST", &unknown).send(&world).await.code(), (404, "job_not_found"));
}
