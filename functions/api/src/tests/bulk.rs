//! Changing and exporting many leads, as callers see it.

use domain::{
    audit::AuditEntry,
    bulk::{BulkChange, ExportOutcome, ExportPart, Selection},
    edit::Choice,
    identity::Kind,
    job::{JobId, JobStatus, Outcome, Work},
    lead_filter::LeadFilter,
    segment::Segment,
    stage::Stage,
    user::Role,
};
use dynamo::{AuditRange, Job, Member};
use files::FileKey;
use queue::JobPart;
use serde_json::{Value, json};
use testing::{Faults, a_tenant, home_of};

use super::{
    callers::user,
    edit::edit,
    world::{Answer, NOW, World, at, key, keyring, other_tenant, request},
};

const BULK: &str = "/v1/leads/bulk";

async fn ask(world: &World, body: &Value) -> Answer {
    edit("POST", BULK).body(body).send(world).await
}

fn job_of(answer: &Answer) -> JobId {
    assert_eq!(answer.status, 202, "{answer:?}");
    answer.body["id"].as_str().unwrap().parse().unwrap()
}

async fn stored(world: &World, id: &JobId) -> Job {
    world.tables.store.job(&a_tenant(), id).await.unwrap().unwrap()
}

async fn audited(world: &World) -> Vec<AuditEntry> {
    let range = AuditRange::default();
    world.tables.store.audit_entries(&a_tenant(), range, None, 10).await.unwrap()
}

#[tokio::test]
async fn named_leads_become_a_job_that_is_announced_and_written_down() {
    let world = World::start().await;
    let lead = home_of(Kind::UserId, "u1").id;
    let assignee = user(&a_tenant(), Role::SalesRep);
    let body = json!({"action": "assign", "leads": [lead, lead], "assigned_to": assignee});
    let answer = ask(&world, &body).await;
    let id = job_of(&answer);
    assert_eq!(answer.headers["location"], format!("/v1/jobs/{id}"));
    let job = stored(&world, &id).await;
    let Work::BulkEdit { change, leads, .. } = &job.work else { panic!("{job:?}") };
    assert_eq!((change, leads), (&BulkChange::Assign(Some(assignee)), &Selection::Named(1)));
    assert_eq!((job.segments, job.created_at), (1, at(NOW)));
    let named = world.tables.store.job_leads(&a_tenant(), &id).await.unwrap();
    assert_eq!(named, Some(vec![lead]));
    let sent = world.jobs.bulk.lock().unwrap().clone();
    let sent: Vec<_> = sent.iter().map(|(message, _)| (&message.job, message.part)).collect();
    assert_eq!(sent, [(&id, JobPart::Plan { again: false })]);
    assert!(world.jobs.sent.lock().unwrap().is_empty(), "it is no job of the job queue");
    let entries = audited(&world).await;
    let told: Vec<_> =
        entries.iter().map(|entry| (entry.action.as_str(), entry.object_id.as_str())).collect();
    assert_eq!(told, [("leads.bulk", id.as_str())]);
    assert_eq!(entries[0].fields, ["assigned_to"]);
    let shown = edit("GET", &format!("/v1/jobs/{id}")).send(&world).await.body;
    assert_eq!((&shown["kind"], &shown["action"]), (&json!("bulk_edit"), &json!("assign")));
    assert_eq!((&shown["progress"]["leads"], &shown["progress"]["total"]), (&json!(0), &json!(1)));
}

#[tokio::test]
async fn a_recorded_bulk_edit_begins_a_job() {
    let world = World::start().await;
    let recorded = include_str!("../../../../events/http/post-leads-bulk.json");
    let answer = world.send(serde_json::from_str(recorded).unwrap()).await;
    assert!(stored(&world, &job_of(&answer)).await.work.is_bulk());
}

#[tokio::test]
async fn leads_can_be_meant_by_what_they_have_in_common() {
    let world = World::start().await;
    let filter = json!({"stage": "hot", "min_score": 60, "assigned_to": null, "known": true});
    let body = json!({"action": "resegment", "segment": null, "filter": filter});
    let job = stored(&world, &job_of(&ask(&world, &body).await)).await;
    let expected = LeadFilter {
        stage: Some(Stage::Hot),
        min_score: Some(60),
        assigned_to: Some(Choice::Clear),
        known: Some(true),
        ..LeadFilter::default()
    };
    let Work::BulkEdit { change, leads, .. } = job.work else { panic!("a bulk edit") };
    assert_eq!(change, BulkChange::Resegment(None));
    assert_eq!((leads, job.segments), (Selection::Matching(expected), 64));
    let body = json!({"action": "resegment", "segment": "vip", "filter": {"status": "lost"}});
    let job = stored(&world, &job_of(&ask(&world, &body).await)).await;
    let Work::BulkEdit { change, .. } = job.work else { panic!("a bulk edit") };
    assert_eq!(change, BulkChange::Resegment(Some(Segment::Vip)));
    let job = job_of(&ask(&world, &json!({"action": "export", "filter": {}})).await);
    assert!(matches!(stored(&world, &job).await.work, Work::Export { .. }));
}

#[tokio::test]
async fn what_is_not_said_clearly_is_refused_and_begins_nothing() {
    let world = World::start().await;
    let lead = home_of(Kind::UserId, "u1").id;
    let assignee = user(&a_tenant(), Role::SalesRep);
    let theirs = user(&other_tenant(), Role::Admin);
    let many: Vec<_> = (0..1_001).map(|_| lead).collect();
    for (body, field, code) in [
        (json!({"action": "assign", "leads": [lead]}), "assigned_to", "missing_field"),
        (
            json!({"action": "archive", "leads": [lead], "assigned_to": assignee}),
            "assigned_to",
            "conflicting_field",
        ),
        (json!({"action": "resegment", "leads": [lead]}), "segment", "missing_field"),
        (
            json!({"action": "export", "filter": {}, "segment": "vip"}),
            "segment",
            "conflicting_field",
        ),
        (json!({"action": "archive"}), "leads", "missing_field"),
        (json!({"action": "archive", "leads": []}), "leads", "out_of_range"),
        (json!({"action": "archive", "leads": many}), "leads", "out_of_range"),
        (json!({"action": "archive", "filter": {}}), "filter", "out_of_range"),
        (
            json!({"action": "archive", "leads": [lead], "filter": {"stage": "hot"}}),
            "filter",
            "conflicting_field",
        ),
        (
            json!({"action": "archive", "filter": {"min_score": -1}}),
            "filter.min_score",
            "out_of_range",
        ),
        (json!({"action": "archive", "filter": {"stages": "hot"}}), "filter", "unknown_field"),
        (json!({"action": "delete", "leads": [lead]}), "action", "invalid_value"),
        (json!({"action": "archive", "leads": ["me"]}), "leads.0", "invalid_value"),
        (
            json!({"action": "assign", "leads": [lead], "assigned_to": theirs}),
            "assigned_to",
            "unknown_user",
        ),
    ] {
        let answer = ask(&world, &body).await;
        let told = if code == "unknown_user" { code } else { "invalid_body" };
        assert_eq!(answer.code(), (422, told), "{body}");
        assert_eq!(answer.errors(), [(field, code)], "{body}");
    }
    assert!(world.jobs.bulk.lock().unwrap().is_empty());
    assert!(audited(&world).await.is_empty());
}

#[tokio::test]
async fn a_request_that_comes_again_makes_one_job() {
    let world = World::start().await;
    let body = json!({"action": "export", "filter": {}});
    let ask = || edit("POST", BULK).body(&body).idempotency_key("k1");
    let first = ask().send(&world).await;
    let again = ask().seconds_later(5).send(&world).await;
    assert_eq!((job_of(&again), &again.body), (job_of(&first), &first.body));
    let jobs = world.tables.store.jobs(&a_tenant(), None, 10).await.unwrap();
    let bulk = jobs.iter().filter(|job| job.work.is_bulk());
    assert_eq!(bulk.count(), 1);
}

#[tokio::test]
async fn without_the_queue_no_job_is_made() {
    let world = World::start().await.without_queue();
    let answer = ask(&world, &json!({"action": "export", "filter": {}})).await;
    assert_eq!(answer.code(), (503, "queue_unavailable"));
    let jobs = world.tables.store.jobs(&a_tenant(), None, 10).await.unwrap();
    assert!(jobs.iter().all(|job| !job.work.is_bulk()));
}

#[tokio::test]
async fn a_bulk_job_that_failed_is_resumed_on_its_own_queue() {
    let world = World::start().await;
    let id = job_of(&ask(&world, &json!({"action": "export", "filter": {}})).await);
    let store = &world.tables.store;
    let queued = [JobStatus::Queued];
    store.turn_job(&a_tenant(), &id, &queued, JobStatus::Failed, at(NOW)).await.unwrap();
    world.jobs.bulk.lock().unwrap().clear();
    let answer = edit("POST", &format!("/v1/jobs/{id}/resume")).send(&world).await;
    assert_eq!((answer.status, &answer.body["status"]), (202, &json!("running")));
    let sent = world.jobs.bulk.lock().unwrap().clone();
    assert_eq!(sent[0].0.part, JobPart::Plan { again: true });
    assert!(world.jobs.sent.lock().unwrap().is_empty());
}

/// Ends an export as its worker does, with these parts.
async fn end_export(world: &World, id: &JobId, parts: &[&str]) {
    let part = |(place, csv): (usize, &&str)| ExportPart {
        name: format!("0000{place}-part"),
        leads: 1,
        bytes: u64::try_from(csv.len()).unwrap(),
    };
    let written: Vec<_> = parts.iter().enumerate().map(part).collect();
    for (part, csv) in written.iter().zip(parts) {
        let key = FileKey::export(&a_tenant(), id, &part.name);
        let sealed = keyring(&a_tenant()).seal_item(csv.as_bytes()).unwrap();
        world.jobs.files.0.lock().unwrap().insert(key, sealed);
    }
    let leads = u64::try_from(parts.len()).unwrap();
    let outcome = Outcome::Export(ExportOutcome { leads, parts: written, missing: Vec::new() });
    let store = &world.tables.store;
    store.keep_job_result(&a_tenant(), id, &outcome).await.unwrap();
    let queued = [JobStatus::Queued];
    store.turn_job(&a_tenant(), id, &queued, JobStatus::Done, at(NOW)).await.unwrap();
}

#[tokio::test]
async fn the_parts_of_an_export_put_together_are_one_file() {
    let world = World::start().await;
    let id = job_of(&ask(&world, &json!({"action": "export", "filter": {}})).await);
    let get = async |target: &str| edit("GET", target).send(&world).await;
    let early = get(&format!("/v1/exports/{id}/parts/1")).await;
    assert_eq!(early.code(), (404, "export_not_found"));
    end_export(&world, &id, &["lead_1,é\r\n", "lead_2,b\r\n"]).await;
    let shown = get(&format!("/v1/jobs/{id}")).await.body["result"].clone();
    assert_eq!(shown["expires_at"], "2026-01-22T12:00:00.000Z");
    let mut file = String::new();
    for part in shown["parts"].as_array().unwrap() {
        let answer = get(part["path"].as_str().unwrap()).await;
        assert_eq!(answer.status, 200);
        assert_eq!(answer.headers["content-type"], "text/csv; charset=utf-8");
        assert_eq!(answer.headers["cache-control"], "no-store");
        file.push_str(answer.body.as_str().unwrap());
    }
    assert_eq!(file, format!("{}lead_1,é\r\nlead_2,b\r\n", files::export_header()));
    for (target, code) in [
        (format!("/v1/exports/{id}/parts/3"), "part_not_found"),
        (format!("/v1/exports/{id}/parts/0"), "part_not_found"),
        (format!("/v1/exports/{id}/parts/x"), "part_not_found"),
        (
            "/v1/exports/job_019a0b3c-4d5e-7f60-8a1b-2c3d4e5f6071/parts/1".to_owned(),
            "export_not_found",
        ),
        ("/v1/exports/me/parts/1".to_owned(), "export_not_found"),
    ] {
        assert_eq!(get(&target).await.code(), (404, code), "{target}");
    }
    let theirs = key(&other_tenant(), "admin");
    let target = format!("/v1/exports/{id}/parts/1");
    let foreign = world.send(request("GET", &target, Some(&theirs), at(NOW))).await;
    assert_eq!(foreign.code(), (404, "export_not_found"));
    world.jobs.files.0.lock().unwrap().clear();
    assert_eq!(get(&target).await.code(), (410, "export_expired"));
}

#[tokio::test]
async fn an_export_of_nobody_is_a_header() {
    let world = World::start().await;
    let id = job_of(&ask(&world, &json!({"action": "export", "filter": {}})).await);
    end_export(&world, &id, &[]).await;
    let shown = edit("GET", &format!("/v1/jobs/{id}")).send(&world).await.body["result"].clone();
    assert_eq!(shown["parts"].as_array().unwrap().len(), 1);
    let path = shown["parts"][0]["path"].as_str().unwrap().to_owned();
    let answer = edit("GET", &path).send(&world).await;
    assert_eq!(answer.body.as_str(), Some(files::export_header().as_str()));
}

#[tokio::test]
async fn a_job_that_was_begun_is_answered_whatever_became_of_the_assignee() {
    for calls in 0.. {
        let world = World::start().await;
        let body = json!({"action": "assign", "filter": {"status": "lost"},
            "assigned_to": user(&a_tenant(), Role::SalesRep)});
        let ask =
            |seconds| edit("POST", BULK).body(&body).idempotency_key("one").seconds_later(seconds);
        let broken = world.tables.with_faults(&Faults::crash_after(calls, true));
        let sound = world.tables.store.clone();
        let world = world.through(broken);
        let first = ask(0).send(&world).await;
        let world = world.through(sound);
        if first.status == 202 {
            return;
        }
        let jobs = async || edit("GET", "/v1/jobs").send(&world).await.body["data"].clone();
        let begun: Vec<_> =
            jobs().await.as_array().unwrap().iter().map(|job| job["id"].clone()).collect();
        let store = &world.tables.store;
        let read = store.member(&a_tenant(), &user(&a_tenant(), Role::SalesRep)).await;
        let read = read.unwrap().unwrap();
        let gone = Member { active: false, ..read.clone() };
        store.put_member(&read, &gone).await.unwrap();
        let again = ask(61).send(&world).await;
        let is_begun = again.status == 202 && begun.contains(&again.body["id"]);
        assert!(is_begun || again.code() == (422, "unknown_user"), "{calls}: {}", again.body);
        assert_eq!(jobs().await.as_array().unwrap().len(), begun.len(), "{calls}");
    }
}
