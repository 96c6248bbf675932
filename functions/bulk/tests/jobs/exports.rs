//! What an export leaves.

use domain::actor::Actor;
use domain::{
    bulk::{ExportOutcome, Selection},
    home::HomeId,
    job::{Outcome, Work},
    lead::Status,
    lead_filter::LeadFilter,
};
use files::{EXPORT_COLUMNS, FileKey, Files, export_header};
use serde_json::json;
use testing::{a_tenant, an_event};

use crate::world::{World, full_row, home, job_id, keyring, row, user};

fn exported(outcome: Outcome) -> ExportOutcome {
    let Outcome::Export(outcome) = outcome else { panic!("no export: {outcome:?}") };
    outcome
}

/// Puts the parts of an export together.
async fn written(world: &World, number: u32) -> String {
    let mut all = export_header();
    for part in exported(world.outcome(number).await).parts {
        let key = FileKey::export(&a_tenant(), &job_id(number), &part.name);
        let sealed = world.bucket.get(&key).await.unwrap().unwrap();
        let text = keyring().open_item(&sealed).unwrap();
        assert_eq!(u64::try_from(text.len()).unwrap(), part.bytes);
        all.push_str(&String::from_utf8(text).unwrap());
    }
    all
}

/// Reads the rows of a CSV file by their columns.
fn rows(text: &str) -> Vec<std::collections::BTreeMap<String, String>> {
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    assert_eq!(reader.headers().unwrap().iter().collect::<Vec<_>>(), EXPORT_COLUMNS);
    reader.deserialize().map(Result::unwrap).collect()
}

#[tokio::test]
async fn every_lead_is_a_line_that_says_what_the_lead_shows() {
    let world = World::start().await;
    let mut ana = full_row(2, "ana@example.com", "Ana, \"A\"");
    ana.traits.insert("title".to_owned(), json!("=cmd()"));
    world.import(1, vec![ana, row(3, "bea@example.com")]).await;
    let demo =
        an_event("e1").of_type("demo_request").by(domain::identity::Kind::Email, "bea@example.com");
    world.score(demo.arrival()).await;
    world.make_export(2, Selection::Matching(LeadFilter::default())).await;
    let outcome = exported(world.run(2).await);
    assert_eq!(outcome.leads, 2);
    let mut rows = rows(&written(&world, 2).await);
    rows.sort_by(|one, other| one["email"].cmp(&other["email"]));
    let user = user(2).to_string();
    let id = home("ana@example.com").to_string();
    for (column, cell) in [
        ("id", id.as_str()),
        ("email", "ana@example.com"),
        ("first_name", "Ana, \"A\""),
        ("company", "Acme"),
        ("title", "'=cmd()"),
        ("traits", r#"{"plan":"pro"}"#),
        ("status", "contacted"),
        ("segment", "new"),
        ("assigned_to", user.as_str()),
        ("score", "0"),
        ("events", "0"),
        ("created_at", "2026-01-20T12:00:00.000Z"),
        ("last_event_at", ""),
    ] {
        assert_eq!(rows[0][column], cell, "{column}");
    }
    // 50 points on January 1st, seen 19 days later.
    assert_eq!((rows[1]["stage"].as_str(), rows[1]["events"].as_str()), ("cold", "1"));
    assert_eq!(rows[1]["last_event_at"], "2026-01-01T12:00:00.000Z");
    assert_eq!(rows[1]["score"], "27");
}

#[tokio::test]
async fn only_those_that_are_meant_are_written() {
    let world = World::start().await;
    world.import(1, vec![full_row(2, "ana@example.com", "Ana"), row(3, "bea@example.com")]).await;
    let filter = LeadFilter { status: Some(Status::New), ..LeadFilter::default() };
    world.make_export(2, Selection::Matching(filter)).await;
    assert_eq!(exported(world.run(2).await).leads, 1);
    let nobody = HomeId::from_bytes([9; 16]);
    let named = vec![home("ana@example.com"), nobody];
    let work = Work::Export { by: Actor::User(user(1)), leads: Selection::Named(2) };
    world.make(3, work, 1, Some(&named)).await;
    let outcome = exported(world.run(3).await);
    assert_eq!((outcome.leads, outcome.missing), (1, vec![nobody]));
    assert_eq!(rows(&written(&world, 3).await)[0]["email"], "ana@example.com");
}

#[tokio::test]
async fn an_export_of_nobody_has_no_part() {
    let world = World::start().await;
    world.make_export(1, Selection::Matching(LeadFilter::default())).await;
    assert_eq!(exported(world.run(1).await), ExportOutcome::default());
    assert!(rows(&written(&world, 1).await).is_empty());
}

#[tokio::test]
async fn a_worker_in_haste_writes_each_lead_once() {
    let world = World::start().await;
    let people = (0..200).map(|n| row(n + 2, &format!("p{n}@example.com"))).collect();
    world.make_import(1, people, 100).await;
    world.run(1).await;
    world.make_export(2, Selection::Matching(LeadFilter::default())).await;
    let mut worker = world.worker();
    worker.budget = std::time::Duration::ZERO;
    queue::Parts::send(&worker.queue, &[crate::world::plan(&job_id(2))]).await.unwrap();
    worker.drain(crate::world::noon()).await.unwrap();
    let outcome = exported(world.outcome(2).await);
    assert!(outcome.parts.len() > 3, "{} parts", outcome.parts.len());
    let mut emails: Vec<_> =
        rows(&written(&world, 2).await).into_iter().map(|row| row["email"].clone()).collect();
    emails.sort();
    emails.dedup();
    assert_eq!((emails.len(), outcome.leads), (200, 200));
}
