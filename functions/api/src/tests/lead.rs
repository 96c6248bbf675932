//! One lead: its shape, its exactness, its events and its arithmetic.

use domain::{
    archived::EventHomes,
    family::Member,
    home::{HomeId, HomeRef},
    identity::Kind,
    points::Points,
    time::DAY_MS,
};
use serde_json::{Value, json};
use testing::{a_tenant, an_edit, an_event, home_of};

use super::world::{NOW, World, at};

/// Ana: a cookie that became a user with an email, with 115 points of 2026-01-01 to 01-03.
async fn ana() -> World {
    World::with([
        an_event("e1").by(Kind::AnonymousId, "c1").declaring("plan", "free").arrival(),
        an_event("e2")
            .of_type("signup")
            .days_later(1)
            .by(Kind::UserId, "u1")
            .by(Kind::AnonymousId, "c1")
            .by(Kind::Email, "ana@example.com")
            .declaring("plan", "pro")
            .arrival(),
        an_event("e3").of_type("demo_request").days_later(2).by(Kind::UserId, "u1").arrival(),
        an_event("e4").of_type("signup").days_later(2).by(Kind::UserId, "u1").arrival(),
    ])
    .await
}

fn id_of(kind: Kind, value: &str) -> HomeId {
    home_of(kind, value).id
}

#[tokio::test]
async fn a_lead_shows_its_score_as_of_the_request_and_who_it_is() {
    let world = ana().await;
    let answer = world.get(&format!("/v1/leads/{}", id_of(Kind::UserId, "u1"))).await;
    assert_eq!(answer.status, 200);
    // 115 points after 12 idle days: 115 × 0.95⁵ = 88.9848…
    insta::with_settings!({ sort_maps => true }, {
    insta::assert_json_snapshot!(answer.body, @r#"
    {
      "assigned_to": null,
      "consents": {},
      "created_at": "2026-01-01T12:00:00.000Z",
      "edits": {},
      "events": 4,
      "first_seen_at": "2026-01-01T12:00:00.000Z",
      "flooded": false,
      "forecast": {
        "at": "2026-01-23T12:00:00.000Z",
        "stage": "warm"
      },
      "id": "lead_3ykbb6n6o263lvmvajsk6he5zq",
      "identities": [
        {
          "kind": "user_id",
          "value": "u1"
        },
        {
          "kind": "email",
          "value": "ana@example.com"
        },
        {
          "kind": "anonymous_id",
          "value": "c1"
        }
      ],
      "identity_limit": false,
      "known": true,
      "last_event_at": "2026-01-03T12:00:00.000Z",
      "marketplaces": [],
      "points": 88.985,
      "profile": {
        "plan": "pro"
      },
      "risk": 49,
      "rule_set": 1,
      "score": 89,
      "segment": "engaged",
      "segment_by_hand": false,
      "source": "direct",
      "stage": "hot",
      "status": "new",
      "velocity": 0
    }
    "#);
    });
}

#[tokio::test]
async fn every_id_of_the_family_answers_the_same_lead() {
    let world = ana().await;
    let path = |kind, value| format!("/v1/leads/{}", id_of(kind, value));
    let expected = world.get(&path(Kind::UserId, "u1")).await.body;
    for (kind, value) in [(Kind::Email, "ana@example.com"), (Kind::AnonymousId, "c1")] {
        assert_eq!(world.get(&path(kind, value)).await.body, expected);
    }
}

#[tokio::test]
async fn a_lead_that_nobody_touched_decays_without_any_job() {
    let world = ana().await;
    let path = format!("/v1/leads/{}", id_of(Kind::UserId, "u1"));
    let mut shown = Vec::new();
    for days in [0, 7, 30, 365] {
        let now = at("2026-01-03T12:00:00Z").plus_millis(days * DAY_MS);
        let body = world.get_at(&path, now).await.body;
        shown.push((body["score"].clone(), body["stage"].clone()));
    }
    assert_eq!(
        json!(shown),
        json!([[115, "qualified"], [115, "qualified"], [35, "warm"], [0, "cold"]])
    );
}

#[tokio::test]
async fn a_state_of_older_code_or_rules_is_folded_again_before_it_is_shown() {
    let world = ana().await;
    let id = id_of(Kind::UserId, "u1");
    let expected = world.get(&format!("/v1/leads/{id}")).await.body;
    world
        .change(id, |lead, _| {
            lead.state.fold_version -= 1;
            lead.state.balance.lasting = Points::whole(1);
        })
        .await;
    assert_eq!(world.get(&format!("/v1/leads/{id}")).await.body, expected);
}

#[tokio::test]
async fn a_state_of_newer_rules_is_a_503_and_never_shown_by_older_ones() {
    let world = ana().await;
    let id = id_of(Kind::UserId, "u1");
    world.change(id, |lead, _| lead.state.rule_set = 2).await;
    for part in ["", "/timeline", "/explanation"] {
        let answer = world.get(&format!("/v1/leads/{id}{part}")).await;
        assert_eq!(answer.status, 503, "{part}");
    }
}

#[tokio::test]
async fn a_home_that_no_lead_answers_for_is_404() {
    let world = ana().await;
    let (user, email) = (id_of(Kind::UserId, "u1"), id_of(Kind::Email, "ana@example.com"));
    world.change(user, |lead, _| lead.members.retain(|member| member.home.id != email)).await;
    // Its lead does not list it, at any attempt.
    let answer = world.get(&format!("/v1/leads/{email}")).await;
    assert_eq!(answer.status, 503);

    let silent = Member { home: HomeRef { kind: Kind::Phone, id: email }, has_events: false };
    world.change(user, |lead, _| lead.members.push(silent)).await;
    assert_eq!(world.get(&format!("/v1/leads/{email}")).await.status, 200);
}

fn sum(lines: &Value) -> f64 {
    lines.as_array().unwrap().iter().map(|line| line["points"].as_f64().unwrap()).sum()
}

#[tokio::test]
async fn the_explanation_sums_to_the_score_that_the_lead_shows() {
    let world = ana().await;
    let id = id_of(Kind::AnonymousId, "c1");
    for days in 0..40 {
        let now = at(NOW).plus_millis(days * DAY_MS);
        let lead = world.get_at(&format!("/v1/leads/{id}"), now).await.body;
        let explained = world.get_at(&format!("/v1/leads/{id}/explanation"), now).await.body;
        for field in ["id", "score", "points", "stage", "rule_set"] {
            assert_eq!(explained[field], lead[field], "{field} after {days} days");
        }
        let difference = sum(&explained["lines"]) - lead["score"].as_f64().unwrap();
        assert!(difference.abs() < 1e-9, "{difference} after {days} days");
    }
}

#[tokio::test]
async fn the_explanation_names_event_rule_and_version_of_every_point() {
    let world = ana().await;
    let id = id_of(Kind::UserId, "u1");
    let body = world.get(&format!("/v1/leads/{id}/explanation")).await.body;
    let lines = body["lines"].as_array().unwrap();
    let points: Vec<_> =
        lines.iter().map(|line| json!([line["event_id"], line["rule"], line["points"]])).collect();
    assert_eq!(
        json!(points),
        json!([
            ["e1", "page_view", 5],
            ["e2", "signup", 30],
            ["e3", "demo_request", 50],
            ["e4", "signup", 30],
            [null, null, -26.015],
            [null, null, 0.015],
        ])
    );
    assert_eq!((&lines[0]["kind"], &lines[0]["rule_set"]), (&json!("contribution"), &json!(1)));
    assert_eq!((&lines[4]["kind"], &lines[4]["idle_days"]), (&json!("decay"), &json!(12)));
    assert_eq!(lines[5]["kind"], "rounding");
}

#[tokio::test]
async fn the_timeline_is_newest_first_and_pages_without_gaps() {
    let world = ana().await;
    let id = id_of(Kind::UserId, "u1");
    let mut target = format!("/v1/leads/{id}/timeline?limit=1");
    let mut events = Vec::new();
    loop {
        let body = world.get(&target).await.body;
        for event in body["data"].as_array().unwrap() {
            events.push((event["event_id"].clone(), event["points"].clone()));
        }
        let Some(cursor) = body["next_cursor"].as_str() else { break };
        target = format!("/v1/leads/{id}/timeline?limit=2&cursor={cursor}");
    }
    assert_eq!(json!(events), json!([["e4", 30], ["e3", 50], ["e2", 30], ["e1", 5]]));
}

#[tokio::test]
async fn a_timeline_event_says_what_gave_its_points() {
    let world = ana().await;
    let id = id_of(Kind::UserId, "u1");
    let body = world.get(&format!("/v1/leads/{id}/timeline?limit=3")).await.body;
    insta::with_settings!({ sort_maps => true }, {
    insta::assert_json_snapshot!(body["data"][2], @r#"
    {
      "context": {},
      "contributions": [
        {
          "points": 30,
          "rule": "signup",
          "rule_set": 1,
          "withheld": 0
        }
      ],
      "event_id": "e2",
      "event_type": "signup",
      "home": "lead_3ykbb6n6o263lvmvajsk6he5zq",
      "points": 30,
      "properties": {},
      "received_at": "2026-01-02T12:00:00.000Z",
      "scored": true,
      "timestamp": "2026-01-02T12:00:00.000Z",
      "traits": {
        "plan": "pro"
      }
    }
    "#);
    });
}

#[tokio::test]
async fn a_timeline_cursor_serves_only_the_lead_it_was_given_for() {
    let world = ana().await;
    world.store(&a_tenant(), [an_event("x").by(Kind::UserId, "u2").arrival()]).await;
    let (one, other) = (id_of(Kind::UserId, "u1"), id_of(Kind::UserId, "u2"));
    let body = world.get(&format!("/v1/leads/{one}/timeline?limit=1")).await.body;
    let cursor = body["next_cursor"].as_str().unwrap();
    let answer = world.get(&format!("/v1/leads/{other}/timeline?cursor={cursor}")).await;
    assert_eq!(answer.body["code"], "invalid_cursor");
}

#[tokio::test]
async fn the_events_of_a_family_are_read_whole_or_not_at_all() {
    let world = ana().await;
    world.store(&a_tenant(), [an_edit("edit").of(Kind::UserId, "made").arrival()]).await;
    let mut leads = Vec::new();
    for user in ["u1", "made"] {
        let found = world.tables.store.lead(&a_tenant(), id_of(Kind::UserId, user)).await;
        leads.push(found.unwrap().unwrap());
    }
    let members: Vec<_> = leads.iter().flat_map(|lead| lead.members.clone()).collect();
    let homes = EventHomes::of_family(&leads, &members).unwrap();
    let read = async |at_most| {
        let store = &world.tables.store;
        let read = store.events_of_homes(&a_tenant(), homes.clone(), at_most).await;
        read.unwrap().map(|events| events.len())
    };
    assert_eq!((read(4).await, read(3).await), (Some(5), None), "the edit is not counted");
}
