//! The events of one lead by type and time.

use domain::{
    identity::Kind,
    user::{Role, UserId},
};
use serde_json::{Value, json};
use testing::{a_tenant, an_event, home_of};

use super::{
    callers::{token, user},
    edit::edit,
    world::{NOW, World, at, key, other_tenant, request},
};

/// Ana: nine page views a day apart by two ids, a sign-up among them, and somebody else.
async fn ana() -> World {
    let view = |number: i64| {
        let event = an_event(format!("v{number}")).days_later(number);
        let by_cookie = number % 2 == 0;
        let event = if by_cookie { event.by(Kind::AnonymousId, "c1") } else { event };
        event.by(Kind::UserId, "ana").with_property("n", number).arrival()
    };
    let sign_up = an_event("s").of_type("signup").days_later(4).seconds_later(1);
    let other = an_event("o").by(Kind::UserId, "bob").arrival();
    let events = (0..9).map(view).chain([sign_up.by(Kind::UserId, "ana").arrival(), other]);
    World::with(events).await
}

fn id(name: &str) -> String {
    home_of(Kind::UserId, name).id.to_string()
}

async fn ids(world: &World, query: &str) -> Value {
    let answer = world.get(&format!("/v1/events?lead_id={}&{query}", id("ana"))).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.body["data"].as_array().unwrap().iter().map(|event| event["event_id"].clone()).collect()
}

#[tokio::test]
async fn events_are_those_of_the_timeline_and_may_be_asked_for_by_type_and_time() {
    let world = ana().await;
    let all = json!(["v8", "v7", "v6", "v5", "s", "v4", "v3", "v2", "v1", "v0"]);
    assert_eq!(ids(&world, "").await, all);
    let timeline = world.get(&format!("/v1/leads/{}/timeline", id("ana"))).await.body;
    let events = world.get(&format!("/v1/events?lead_id={}", id("ana"))).await.body;
    assert_eq!(events, timeline);
    let cookie = home_of(Kind::AnonymousId, "c1").id;
    assert_eq!(world.get(&format!("/v1/events?lead_id={cookie}")).await.body, timeline);

    for (query, expected) in [
        ("type=signup", json!(["s"])),
        ("type=sign*", json!([])),
        ("type=signup&type=page_view&limit=2", json!(["v8", "v7"])),
        ("from=2026-01-07T12:00:00Z", json!(["v8", "v7", "v6"])),
        ("to=2026-01-02T12:00:00Z", json!(["v1", "v0"])),
        ("from=2026-01-05T12:00:00Z&to=2026-01-05T12:00:00Z", json!(["v4"])),
        ("from=2026-01-05T12:00:00.001Z&to=2026-01-06T11:59:59Z", json!(["s"])),
    ] {
        assert_eq!(ids(&world, query).await, expected, "{query}");
    }
}

#[tokio::test]
async fn pages_pass_over_what_is_not_asked_for_and_miss_nothing() {
    let world = ana().await;
    let target = format!("/v1/events?lead_id={}&type=page_view&limit=4", id("ana"));
    let mut pages = Vec::new();
    let mut cursor = String::new();
    loop {
        let body = world.get(&format!("{target}&cursor={cursor}")).await.body;
        let page = body["data"].as_array().unwrap().iter();
        pages.push(page.map(|event| event["event_id"].clone()).collect::<Vec<_>>());
        let Some(next) = body["next_cursor"].as_str() else { break };
        cursor = next.to_owned();
    }
    assert_eq!(json!(pages), json!([["v8", "v7", "v6", "v5"], ["v4", "v3", "v2", "v1"], ["v0"]]));
    // The events before are folded all the same: a page says what the timeline says.
    let body = world.get(&format!("/v1/events?lead_id={}&type=signup", id("ana"))).await.body;
    assert_eq!(body["data"][0]["points"], 30);
}

#[tokio::test]
async fn a_cursor_serves_the_question_that_it_was_given_for_alone() {
    let world = ana().await;
    let ana = id("ana");
    let body = world.get(&format!("/v1/events?lead_id={ana}&limit=1")).await.body;
    let cursor = body["next_cursor"].as_str().unwrap();
    let served = format!("/v1/events?lead_id={ana}&limit=3&cursor={cursor}");
    assert_eq!(world.get(&served).await.body["data"][0]["event_id"], "v7");
    let cookie = home_of(Kind::AnonymousId, "c1").id;
    for query in [
        format!("lead_id={ana}&type=page_view"),
        format!("lead_id={ana}&from=2026-01-01T00:00:00Z"),
        format!("lead_id={cookie}"),
    ] {
        let answer = world.get(&format!("/v1/events?{query}&cursor={cursor}")).await;
        assert_eq!((answer.status, &answer.body["code"]), (400, &json!("invalid_cursor")));
    }
}

#[tokio::test]
async fn large_events_fill_a_page_earlier_and_the_cursor_goes_on() {
    let text = "x".repeat(30_000);
    let event = |number: i64| {
        let event = an_event(format!("e{number:03}")).seconds_later(number);
        event.with_property("text", text.as_str()).arrival()
    };
    let world = World::with((0..200).map(event)).await;
    let target = format!("/v1/events?lead_id={}&limit=200", id("u1"));
    let body = world.get(&target).await.body;
    let first = body["data"].as_array().unwrap().len();
    assert!((100..200).contains(&first), "{first}");
    let cursor = body["next_cursor"].as_str().unwrap();
    let rest = world.get(&format!("{target}&cursor={cursor}")).await.body;
    assert_eq!(rest["data"].as_array().unwrap().len() + first, 200);
    assert_eq!(rest["next_cursor"], Value::Null);
}

#[tokio::test]
async fn events_across_leads_are_not_listed_and_the_refusal_says_where_to_ask() {
    let world = ana().await;
    let ana = id("ana");
    for (query, field, code) in [
        (String::new(), "lead_id", "missing_parameter"),
        ("type=signup".to_owned(), "lead_id", "missing_parameter"),
        ("lead_id=ana".to_owned(), "lead_id", "invalid_value"),
        (format!("lead_id={ana}&lead_id={ana}"), "lead_id", "repeated_parameter"),
        (format!("lead_id={ana}&type="), "type", "out_of_range"),
        (format!("lead_id={ana}&limit=251"), "limit", "out_of_range"),
        (format!("lead_id={ana}&from=2026-01-01"), "from", "invalid_value"),
        (
            format!("lead_id={ana}&from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z"),
            "from",
            "out_of_range",
        ),
        (format!("lead_id={ana}{}", types(21)), "type", "out_of_range"),
    ] {
        let answer = world.get(&format!("/v1/events?{query}")).await;
        assert_eq!(answer.status, 400, "{query}: {}", answer.body);
        let error = &answer.body["errors"][0];
        assert_eq!((&error["field"], &error["code"]), (&json!(field), &json!(code)), "{query}");
        if code == "missing_parameter" {
            assert!(error["message"].as_str().unwrap().contains("archive"), "{error}");
        }
    }
}

fn types(count: usize) -> String {
    (0..count).fold(String::new(), |query, number| query + &format!("&type=t{number}"))
}

#[tokio::test]
async fn nobody_lists_the_events_of_a_lead_that_they_may_not_see() {
    let world = ana().await;
    let rep: UserId = user(&a_tenant(), Role::SalesRep);
    let body = json!({ "assigned_to": rep });
    let path = format!("/v1/leads/{}", id("ana"));
    assert_eq!(edit("PATCH", &path).body(&body).if_match("*").send(&world).await.status, 200);
    let ask = async |lead: &str, credential: &str| {
        let answer = world.get_with(&format!("/v1/events?lead_id={lead}"), Some(credential)).await;
        (answer.status, answer.body["code"].clone())
    };
    let refused = (404, json!("lead_not_found"));
    assert_eq!(ask(&id("ana"), &token(&rep)).await, (200, Value::Null));
    assert_eq!(ask(&id("bob"), &token(&rep)).await, refused);
    assert_eq!(ask(&id("ana"), &key(&other_tenant(), "read")).await, refused);
    assert_eq!(ask(&id("nobody"), &key(&a_tenant(), "read")).await, refused);
    world.delete(home_of(Kind::UserId, "bob").id).await;
    assert_eq!(ask(&id("bob"), &key(&a_tenant(), "read")).await, refused);
}

#[tokio::test]
async fn another_method_is_told_that_events_are_sent_and_listed() {
    let world = World::start().await;
    let read = key(&a_tenant(), "read");
    for (method, path, allowed) in [
        ("DELETE", "/v1/events", "GET,HEAD,POST"),
        ("DELETE", "/v1/events/batch", "POST"),
        ("GET", "/v1/track", "POST"),
    ] {
        let answer = world.send(request(method, path, Some(&read), at(NOW))).await;
        assert_eq!((answer.status, answer.headers["allow"].as_str()), (405, allowed), "{path}");
    }
}
