//! What a bulk edit leaves.

use domain::{
    actor::Actor,
    bulk::{BulkChange, BulkEditOutcome, Selection},
    home::HomeId,
    identity::Kind,
    job::{Outcome, Work},
    lead::Status,
    lead_filter::LeadFilter,
    notification::Topic,
    segment::Segment,
};
use testing::{a_tenant, an_event};

use crate::world::{SEGMENTS, World, full_row, home, job_id, noon, plan, row, user};

fn edited(outcome: Outcome) -> BulkEditOutcome {
    let Outcome::BulkEdit(outcome) = outcome else { panic!("no bulk edit: {outcome:?}") };
    outcome
}

/// Ana is contacted and assigned to user 2, Bea and Cid are new.
async fn three_people() -> World {
    let world = World::start().await;
    let rows = vec![
        full_row(2, "ana@example.com", "Ana"),
        row(3, "bea@example.com"),
        row(4, "cid@example.com"),
    ];
    world.import(1, rows).await;
    world
}

#[tokio::test]
async fn named_leads_are_changed_and_what_is_missing_is_told() {
    let world = three_people().await;
    let nobody = HomeId::from_bytes([9; 16]);
    let named = vec![home("ana@example.com"), nobody, home("bea@example.com")];
    world.make_edit(2, BulkChange::Assign(Some(user(2))), named).await;
    let outcome = edited(world.run(2).await);
    assert_eq!((outcome.leads, outcome.changed), (2, 1));
    assert_eq!(outcome.missing, [nobody]);
    let bea = world.lead("bea@example.com").await;
    assert_eq!(bea.state.work.assigned_to, Some(user(2)));
    assert_eq!((bea.state.events, bea.state.last_event_at), (0, None));
    let told = world.store().notifications(&a_tenant(), &user(2), None, 10).await.unwrap();
    assert_eq!(told.iter().map(|told| told.topic).collect::<Vec<_>>(), [Topic::LeadAssigned]);
}

#[tokio::test]
async fn whose_leads_all_were_theirs_before_is_not_told() {
    let world = three_people().await;
    world.make_edit(2, BulkChange::Assign(Some(user(2))), vec![home("ana@example.com")]).await;
    assert_eq!(edited(world.run(2).await).changed, 0);
    let told = async |user| {
        let told = world.store().notifications(&a_tenant(), &user, None, 10).await.unwrap();
        told.into_iter().map(|told| told.topic).collect::<Vec<_>>()
    };
    assert_eq!(told(user(2)).await, []);
    // Who imported them asked for this, too.
    assert_eq!(told(user(1)).await, [Topic::JobDone; 2]);
}

#[tokio::test]
async fn two_ids_of_one_lead_are_one_lead() {
    let world = World::start().await;
    let both = an_event("e1").by(Kind::UserId, "u1").by(Kind::Email, "ana@example.com");
    world.score(both.arrival()).await;
    let lead = world.lead("ana@example.com").await;
    assert_ne!(lead.survivor.id, home("ana@example.com"));
    let named = vec![home("ana@example.com"), lead.survivor.id];
    world.make_edit(2, BulkChange::Archive, named).await;
    let outcome = edited(world.run(2).await);
    assert_eq!((outcome.leads, outcome.changed), (1, 1));
    assert_eq!(world.lead("ana@example.com").await.state.work.status, Status::Archived);
}

#[tokio::test]
async fn leads_are_meant_by_what_they_have_in_common() {
    let world = three_people().await;
    let filter = LeadFilter { status: Some(Status::New), ..LeadFilter::default() };
    let (by, leads) = (Actor::User(user(1)), Selection::Matching(filter));
    let change = BulkChange::Resegment(Some(Segment::Vip));
    world.make(2, Work::BulkEdit { by, change, leads }, SEGMENTS, None).await;
    let outcome = edited(world.run(2).await);
    assert_eq!((outcome.leads, outcome.changed), (2, 2));
    for (email, segment) in
        [("ana", None), ("bea", Some(Segment::Vip)), ("cid", Some(Segment::Vip))]
    {
        let lead = world.lead(&format!("{email}@example.com")).await;
        assert_eq!(lead.state.work.segment, segment, "{email}");
    }
}

#[tokio::test]
async fn a_deleted_lead_is_missing() {
    let world = three_people().await;
    let deleted =
        domain::edit::Edit { deleted: Some(true), ..domain::edit::Edit::by(Actor::System) };
    let event = an_event("gone").by(Kind::Email, "ana@example.com").editing(deleted).at(noon());
    world.score(event.seconds_later(1).arrival()).await;
    world.make_edit(2, BulkChange::Archive, vec![home("ana@example.com")]).await;
    let outcome = edited(world.run(2).await);
    assert_eq!((outcome.leads, outcome.missing), (0, vec![home("ana@example.com")]));
}

#[tokio::test]
async fn a_message_that_comes_again_does_not_undo_what_people_did_since() {
    let world = three_people().await;
    let bea = home("bea@example.com");
    world.make_edit(2, BulkChange::Assign(Some(user(2))), vec![bea]).await;
    let worker = world.worker();
    worker.deliver(&plan(&job_id(2)), 1, noon()).await.unwrap();
    let (segment, _) = worker.queue.take().unwrap();
    worker.deliver(&segment, 1, noon().plus_millis(1_000)).await.unwrap();
    world.make_edit(3, BulkChange::Assign(Some(user(3))), vec![bea]).await;
    world.run(3).await;
    worker.deliver(&segment, 2, noon().plus_millis(90_000)).await.unwrap();
    worker.drain(noon()).await.unwrap();
    assert_eq!(world.lead("bea@example.com").await.state.work.assigned_to, Some(user(3)));
    assert_eq!(edited(world.outcome(2).await).changed, 1);
}

#[tokio::test]
async fn a_worker_in_haste_comes_to_the_same_end() {
    let world = World::start().await;
    let rows = (0..150).map(|n| row(n + 2, &format!("p{n}@example.com"))).collect();
    world.make_import(1, rows, 50).await;
    world.run(1).await;
    let named = (0..150).map(|n| home(&format!("p{n}@example.com"))).collect();
    world.make_edit(2, BulkChange::Archive, named).await;
    let mut worker = world.worker();
    worker.budget = std::time::Duration::ZERO;
    worker.deliver(&plan(&job_id(2)), 1, noon()).await.unwrap();
    let mut deliveries = 0;
    while let Some((message, _)) = worker.queue.take() {
        worker.deliver(&message, 1, noon()).await.unwrap();
        deliveries += 1;
    }
    assert!(deliveries > 3, "{deliveries} deliveries");
    let outcome = edited(world.outcome(2).await);
    assert_eq!((outcome.leads, outcome.changed), (150, 150));
}
