//! Idle leads whose events were archived: they show what they showed, and come back when asked.

use domain::{home::HomeId, identity::Kind, lead::Lead};
use serde_json::{Value, json};
use shelf::{Idle, Moved, Shelf};
use testing::{a_tenant, an_edit, an_event, home_of};

use super::{
    edit::edit,
    world::{World, at},
};

const NIGHTS: [&str; 2] = ["2027-02-01T02:00:00Z", "2027-02-02T02:00:00Z"];

fn ana() -> HomeId {
    home_of(Kind::UserId, "ana").id
}

/// Ana with a hundred and twenty events by two ids and an edit, of January 2026.
async fn world() -> World {
    let view = |number: i64| {
        let event = an_event(format!("v{number}")).seconds_later(number * 3_600);
        let event = if number % 2 == 0 { event.by(Kind::AnonymousId, "c1") } else { event };
        event.by(Kind::UserId, "ana").with_property("n", number)
    };
    let signup = an_event("s").of_type("signup").by(Kind::UserId, "ana");
    let events = (0..119).map(view).chain([signup]).map(testing::EventBuilder::arrival);
    let edited = an_edit("edit").of(Kind::UserId, "ana").arrival();
    World::with(events.chain([edited])).await
}

impl World {
    fn shelf(&self) -> Shelf {
        Shelf::new(self.tables.store.clone(), self.jobs.archive.clone())
    }

    async fn ana(&self) -> Lead {
        self.tables.store.lead(&a_tenant(), ana()).await.unwrap().unwrap()
    }

    async fn archive_ana(&self) {
        for (night, becomes) in NIGHTS.into_iter().zip([Moved::Written, Moved::Archived]) {
            let idle = Idle { now: at(night), after_days: Some(365) };
            let moved = self.shelf().archive_idle(&a_tenant(), &self.ana().await, idle).await;
            assert_eq!(moved.unwrap(), becomes);
        }
    }

    async fn events_stored(&self) -> usize {
        let scan = self.tables.client.scan().table_name(self.tables.events_table());
        scan.send().await.unwrap().items().len()
    }

    /// What the routes show that look at events.
    async fn shown(&self) -> Vec<Value> {
        let id = ana();
        let targets = [
            format!("/v1/leads/{id}"),
            "/v1/leads?user_id=ana".to_owned(),
            "/v1/leads?sort=created".to_owned(),
            "/v1/leaderboard".to_owned(),
            format!("/v1/leads/{id}/explanation"),
            format!("/v1/leads/{id}/explanation?at=2026-01-03T00:00:00Z"),
            format!("/v1/leads/{id}/timeline?limit=100"),
            format!("/v1/events?lead_id={id}&type=signup"),
            format!("/v1/leads/{id}/intelligence"),
            format!("/v1/leads/{id}/recommendations"),
        ];
        let mut shown = Vec::new();
        for target in targets {
            let answer = self.get(&target).await;
            assert_eq!(answer.status, 200, "{target}: {}", answer.body);
            shown.push(answer.body);
        }
        shown
    }
}

#[tokio::test]
async fn an_archived_lead_shows_what_it_showed_and_reading_it_brings_nothing_back() {
    let world = world().await;
    let before = world.shown().await;
    world.archive_ana().await;
    assert_eq!(world.events_stored().await, 0);
    assert_eq!(world.shown().await, before);
    assert_eq!(world.events_stored().await, 0);
    assert_eq!(world.jobs.archive.objects().len(), 1);
}

#[tokio::test]
async fn a_restore_call_brings_an_archived_lead_back_with_the_score_that_it_had() {
    let world = world().await;
    let before = world.shown().await;
    world.archive_ana().await;
    for _ in 0..2 {
        let answer = edit("POST", &format!("/v1/leads/{}/restore", ana())).send(&world).await;
        assert_eq!((answer.status, &answer.body["score"]), (200, &before[0]["score"]));
        assert_eq!(world.events_stored().await, 121);
        assert!(world.jobs.archive.objects().is_empty());
    }
    assert_eq!(world.shown().await, before);
}

#[tokio::test]
async fn an_edit_of_an_archived_lead_brings_it_back_and_is_made() {
    let world = world().await;
    world.archive_ana().await;
    let target = format!("/v1/leads/{}", ana());
    let etag = world.get(&target).await.etag().to_owned();
    let change = edit("PATCH", &target).body(&json!({ "status": "contacted" }));
    let answer = change.if_match(&etag).send(&world).await;
    assert_eq!((answer.status, &answer.body["status"]), (200, &json!("contacted")));
    assert_eq!(world.events_stored().await, 122);
    let events = world.shelf().events(&a_tenant(), &world.ana().await).await.unwrap();
    assert_eq!(domain::fold::fold(&testing::rules(), events), world.ana().await.state);
}
