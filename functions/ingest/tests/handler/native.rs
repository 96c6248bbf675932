//! Native events and `CloudEvents`, each item answered for.

use domain::identity::Kind;
use ingest::gateway::Answer;
use serde_json::{Value, json};

use crate::world::{FRESH, World, home, identity, payload, personal, problem};

fn data(answer: &Answer) -> Vec<Value> {
    assert_eq!(answer.status(), 202, "{answer:?}");
    let body: Value = serde_json::from_str(answer.body()).unwrap();
    body["data"].as_array().unwrap().clone()
}

fn statuses(answer: &Answer) -> Vec<String> {
    let status = |item: &Value| match item["error"]["code"].as_str() {
        Some(code) => code.to_owned(),
        None => item["status"].as_str().unwrap().to_owned(),
    };
    data(answer).iter().map(status).collect()
}

#[tokio::test]
async fn a_native_event_lives_with_its_strongest_identity_and_links_the_others() {
    let world = World::new();
    let answer = world.send_file("native-event").await;
    assert_eq!(data(&answer), [json!({"event_id": "order-77", "status": "accepted"})]);
    let arrival = world.arrival();
    assert_eq!(arrival.event.event_type, "demo_request");
    assert_eq!(arrival.event.home, home(Kind::UserId, "42"));
    let linked: Vec<_> = arrival.event.links.iter().map(|link| link.from.kind).collect();
    assert_eq!(linked, [Kind::Email, Kind::External, Kind::Phone]);
    assert_eq!(identity(&arrival, home(Kind::External, "hubspot:901")), "hubspot:901");
    assert_eq!(
        personal(&arrival),
        [
            ("email", "ana@example.com"),
            ("phone", "+5511999990001"),
            ("properties.email", "other@example.com")
        ]
        .map(|(field, value)| (field.to_owned(), value.to_owned()))
    );
    assert_eq!(
        Value::Object(arrival.event.properties.clone()),
        json!({"email": "[email]", "plan": "pro"})
    );
    assert_eq!(arrival.event.context["campaign"], "q4");
    assert_eq!(arrival.event.traits["email_domain"], "example.com");
}

#[tokio::test]
async fn every_item_of_a_native_batch_is_answered_for() {
    let world = World::new();
    let answer = world.send_file("native-batch").await;
    assert_eq!(
        statuses(&answer),
        [
            "accepted",
            "invalid_identity",
            "accepted",
            "accepted",
            "accepted",
            "conflicting_identity",
            "invalid_event_type",
            "missing_identity",
            "accepted",
        ]
    );
    let items = data(&answer);
    assert_eq!(items[1]["event_id"], "b");
    assert_eq!(items[1]["error"]["field"], "email");
    assert_eq!(items[3]["event_id"], FRESH);
    assert!(!answer.body().contains("not an address"));
    // The second copy of `a` is the same event of the same home.
    assert_eq!(world.arrivals().len(), 4);
    let lead = world.arrivals().into_iter().find(|a| a.event.event_id.as_str() == "e").unwrap();
    assert_eq!(lead.event.home.id.to_string(), "lead_a4dqobyha4dqobyha4dqobyha4");
    assert!(lead.identities.is_empty() && lead.event.links.is_empty());
}

#[tokio::test]
async fn an_id_made_of_the_content_depends_on_nothing_else() {
    let id = |body: String| async move {
        let answer = World::new().post("/v1/events", &body).await;
        data(&answer)[0]["event_id"].as_str().unwrap().to_owned()
    };
    let event = |user: &str, time: &str, properties: &str| {
        format!(
            r#"{{"event_type":"x","user_id":"{user}","timestamp":"{time}","properties":{properties}}}"#
        )
    };
    let one = id(event("u", "2026-01-01T00:00:00Z", r#"{"a":1,"b":2}"#)).await;
    assert_eq!(one, id(event("u", "2026-01-01T01:00:00+01:00", r#"{"b":2,"a":1}"#)).await);
    for (user, time, properties) in [
        ("v", "2026-01-01T00:00:00Z", r#"{"a":1,"b":2}"#),
        ("u", "2026-01-01T00:00:01Z", r#"{"a":1,"b":2}"#),
        ("u", "2026-01-01T00:00:00Z", r#"{"a":1,"b":3}"#),
    ] {
        assert_ne!(one, id(event(user, time, properties)).await);
    }
    let mail = id(r#"{"event_id":"ana@example.com","event_type":"x","user_id":"u"}"#.into()).await;
    assert!(mail.len() == 64 && !mail.contains('@'));
    let long =
        id(format!(r#"{{"event_id":"{}","event_type":"x","user_id":"u"}}"#, "i".repeat(129)));
    assert_eq!(long.await.len(), 64);
}

#[tokio::test]
async fn a_cloud_event_is_one_event_in_every_mode() {
    let world = World::new();
    let structured = world.send_file("cloudevent-structured").await;
    let binary = world.send_file("cloudevent-binary").await;
    let batch = world.send_file("cloudevent-batch").await;
    assert_eq!(data(&structured), data(&binary));
    assert_eq!(statuses(&batch), ["accepted", "accepted", "invalid_cloud_event"]);
    assert_eq!(data(&batch)[0]["event_id"], data(&structured)[0]["event_id"]);
    let event = &world.arrivals()[0].event;
    assert_eq!(event.event_type, "contract_signed");
    assert_eq!(event.timestamp.to_string(), "2026-11-20T09:30:00.000Z");
    assert_eq!(event.home, home(Kind::UserId, "u-1"));
    assert_eq!(event.links.len(), 1, "the email in data is an identity");
    assert_eq!(
        Value::Object(event.properties.clone()),
        json!({"value": 12.5, "contact": {"name": "[personal]"}})
    );
}

#[tokio::test]
async fn a_cloud_event_is_known_when_its_content_type_was_lost() {
    let event = json!({"specversion": "1.0", "id": "1", "source": "s", "type": "t", "userid": "u"});
    let world = World::new();
    assert_eq!(statuses(&world.post("/v1/events", &event.to_string()).await), ["accepted"]);
    let batch = json!([event]).to_string();
    assert_eq!(statuses(&world.post("/v1/events/batch", &batch).await), ["accepted"]);
}

#[tokio::test]
async fn envelopes_that_are_none_are_400() {
    let world = World::new();
    for (path, body, code) in [
        ("/v1/events", "7", "invalid_envelope"),
        ("/v1/events/batch", "{}", "invalid_envelope"),
        ("/v1/events/batch", r#"{"events":{}}"#, "invalid_envelope"),
        ("/v1/batch", "{}", "invalid_envelope"),
        ("/v1/batch", "[]", "invalid_envelope"),
        ("/v1/batch", r#"{"batch":7}"#, "invalid_envelope"),
        ("/v1/track", "\"x\"", "invalid_envelope"),
    ] {
        assert_eq!(problem(&world.post(path, body).await), (400, code.to_owned()), "{path} {body}");
    }
    let many = format!(r#"{{"events":[{}]}}"#, vec!["{}"; 1_001].join(","));
    assert_eq!(problem(&world.post("/v1/events/batch", &many).await).1, "too_many_events");
}

#[tokio::test]
async fn a_placeholder_beside_a_lead_is_dropped() {
    let world = World::new();
    let lead = "lead_a4dqobyha4dqobyha4dqobyha4";
    for (user, status) in [("undefined", "accepted"), ("u-1", "conflicting_identity")] {
        let event = json!({"event_type": "x", "lead_id": lead, "user_id": user}).to_string();
        assert_eq!(statuses(&world.post("/v1/events", &event).await), [status]);
    }
    assert_eq!(world.arrival().event.home.id.to_string(), lead);
}

#[tokio::test]
async fn a_single_cloud_event_is_taken_where_a_batch_belongs() {
    for file in ["cloudevent-structured", "cloudevent-binary"] {
        let mut request = payload(file);
        let alone = World::new().send_file(file).await;
        request["rawPath"] = "/v1/events/batch".into();
        let world = World::new();
        let batch = world.send(&serde_json::from_value(request).unwrap()).await;
        assert_eq!(data(&batch), data(&alone), "{file}");
        assert_eq!(world.arrival().event.event_type, "contract_signed");
    }
}

#[tokio::test]
async fn a_name_at_the_top_is_sealed() {
    let world = World::new();
    let event = json!({
        "event_type": "demo_request", "user_id": "u", "name": "Ana",
        "properties": {"name": "Ana", "plan": "pro"},
    });
    world.post("/v1/events", &event.to_string()).await;
    let cloud_event = json!({
        "specversion": "1.0", "id": "1", "source": "s", "type": "t", "userid": "u",
        "data": {"nome": "Ana"},
    });
    world.post("/v1/events", &cloud_event.to_string()).await;
    let page = json!({"event_type": "page_view", "user_id": "u", "properties": {"name": "Home"}});
    world.post("/v1/events", &page.to_string()).await;
    let [native, cloud, page] = world.arrivals().try_into().unwrap();
    let fields =
        |arrival| personal(arrival).into_iter().map(|(field, _)| field).collect::<Vec<_>>();
    assert_eq!(fields(&native), ["context.name", "properties.name"]);
    assert_eq!(fields(&cloud), ["properties.nome"]);
    assert_eq!(page.event.properties["name"], "Home");
}
