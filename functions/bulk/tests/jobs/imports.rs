//! What an import leaves.

use bulk::BulkError;
use domain::{
    bulk::LineError,
    identity::Kind,
    job::{JobStatus, Outcome},
    lead::Status,
    notification::Topic,
};
use files::Chunk;
use queue::JobPart;
use serde_json::json;
use testing::{a_tenant, an_event};

use crate::world::{World, at, full_row, home, job_id, keyring, noon, plan, row, user};

fn imported(outcome: &Outcome) -> (u64, u64, Vec<u64>) {
    let Outcome::Import(outcome) = outcome else { panic!("no import: {outcome:?}") };
    let lines = outcome.errors.iter().map(|error| error.line).collect();
    (outcome.rows, outcome.imported, lines)
}

#[tokio::test]
async fn rows_become_leads_that_can_be_found() {
    let world = World::start().await;
    let rows = vec![
        full_row(2, "ana@example.com", "Ana"),
        row(3, "bea@example.com"),
        row(4, "cid@example.com"),
    ];
    let outcome = world.import(1, rows).await;
    assert_eq!(imported(&outcome), (3, 3, vec![]));
    let ana = world.lead("ana@example.com").await;
    assert_eq!(ana.state.work.status, Status::Contacted);
    assert_eq!(ana.state.work.assigned_to, Some(user(2)));
    assert_eq!((ana.state.events, ana.state.last_event_at), (0, None));
    assert_eq!(ana.state.created_at, Some(noon()));
    assert_eq!(world.declared("ana@example.com", "first_name").await, Some(json!("Ana")));
    assert_eq!(world.declared("ana@example.com", "plan").await, Some(json!("pro")));
    assert_eq!(world.lead("bea@example.com").await.state.work.status, Status::New);
    let term = search::term(&keyring(), "ana");
    let found = world.store().homes_by_token(&a_tenant(), &term, None, 10).await.unwrap();
    assert_eq!(found, [home("ana@example.com")]);
}

#[tokio::test]
async fn when_it_is_over_nothing_is_left_but_its_result_and_a_notification() {
    let world = World::start().await;
    world.import(1, vec![row(2, "ana@example.com"), row(3, "bea@example.com")]).await;
    assert!(world.bucket.keys().is_empty());
    let parts = world.store().job_parts::<serde_json::Value>(&a_tenant(), &job_id(1)).await;
    assert!(parts.unwrap().is_empty());
    let told = world.store().notifications(&a_tenant(), &user(1), None, 10).await.unwrap();
    let told: Vec<_> = told.iter().map(|told| (told.topic, told.object_id.as_str())).collect();
    assert_eq!(told, [(Topic::JobDone, job_id(1).as_str())]);
}

#[tokio::test]
async fn rows_of_one_line_are_told_apart_by_their_number() {
    let world = World::start().await;
    let row = |number, email| files::Row { number, ..row(1, email) };
    let ana = files::Row { number: 2, ..full_row(1, "ana@example.com", "Ana") };
    let rows = vec![row(1, "ana@example.com"), ana, row(3, "bea@example.com")];
    let outcome = world.import(1, rows).await;
    assert_eq!(imported(&outcome), (3, 3, vec![]));
    assert_eq!(world.declared("ana@example.com", "plan").await, Some(json!("pro")));
    world.lead("bea@example.com").await;
}

#[tokio::test]
async fn of_two_rows_about_one_person_the_later_one_wins() {
    let world = World::start().await;
    let mut rows: Vec<_> =
        (2..=11).map(|line| full_row(line, "ana@example.com", &format!("Ana {line}"))).collect();
    rows.reverse();
    world.import(1, rows).await;
    assert_eq!(world.declared("ana@example.com", "first_name").await, Some(json!("Ana 11")));
}

#[tokio::test]
async fn a_later_event_wins_over_an_import_and_an_earlier_one_does_not() {
    for (instant, company) in [("2026-01-20T12:00:01Z", "Later"), ("2026-01-19T12:00:00Z", "Acme")]
    {
        let world = World::start().await;
        let event = an_event("e1")
            .of_type("identify")
            .by(Kind::Email, "ana@example.com")
            .declaring("company", "Later")
            .at(at(instant));
        world.score(event.arrival()).await;
        world.import(1, vec![full_row(2, "ana@example.com", "Ana")]).await;
        assert_eq!(world.declared("ana@example.com", "company").await, Some(json!(company)));
    }
}

#[tokio::test]
async fn a_file_that_is_brought_in_again_changes_nothing_that_is_shown() {
    let world = World::start().await;
    let rows = || vec![full_row(2, "ana@example.com", "Ana"), row(3, "bea@example.com")];
    world.import(1, rows()).await;
    let shown = |leads: Vec<domain::lead::Lead>| -> Vec<_> {
        leads.into_iter().map(|lead| (lead.survivor, lead.members, lead.state.work)).collect()
    };
    let before = shown(world.leads().await);
    world.import(2, rows()).await;
    assert_eq!(shown(world.leads().await), before);
    assert_eq!(world.declared("ana@example.com", "first_name").await, Some(json!("Ana")));
}

#[tokio::test]
async fn what_was_wrong_with_rows_is_in_the_result_by_line() {
    let world = World::start().await;
    let wrong = |line| LineError {
        line,
        column: Some(1),
        field: Some("email".to_owned()),
        code: "invalid_identity".to_owned(),
        message: "email is not valid".to_owned(),
    };
    world.make_import(1, vec![row(2, "ana@example.com"), row(5, "bea@example.com")], 1).await;
    for (place, line, email, error) in [(0, 2, "ana@example.com", 4), (1, 5, "bea@example.com", 3)]
    {
        let rows = vec![row(line, email)];
        world.stage(1, place, &Chunk { rows, invalid: 1, errors: vec![wrong(error)] }).await;
    }
    let nobody = files::Row { identities: Vec::new(), ..row(9, "x@example.com") };
    let rows = vec![row(5, "bea@example.com"), nobody];
    world.stage(1, 1, &Chunk { rows, invalid: 1, errors: vec![wrong(3)] }).await;
    assert_eq!(imported(&world.run(1).await), (5, 2, vec![3, 4, 9]));
}

#[tokio::test]
async fn rows_that_lapsed_fail_their_job() {
    let world = World::start().await;
    world.make_import(1, vec![row(2, "ana@example.com")], 1).await;
    world.bucket.files.lock().unwrap().clear();
    let worker = world.worker();
    worker.deliver(&plan(&job_id(1)), 1, noon()).await.unwrap();
    let (segment, _) = worker.queue.take().unwrap();
    assert_eq!(segment.part, JobPart::Segment { pass: 1, segment: 0 });
    let failed = worker.deliver(&segment, 5, noon()).await;
    assert!(matches!(failed, Err(BulkError::AllFailed(1))));
    assert_eq!(world.status(1).await, JobStatus::Failed);
    let told = world.store().notifications(&a_tenant(), &user(1), None, 10).await.unwrap();
    assert_eq!(told.iter().map(|told| told.topic).collect::<Vec<_>>(), [Topic::JobFailed]);
}
