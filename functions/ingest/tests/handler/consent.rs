//! Changes of consent, in every dialect: sound ones pass as they are, others are told.

use domain::consent;
use serde_json::{Value, json};

use crate::world::{World, problem};

#[tokio::test]
async fn a_track_call_named_consent_changed_is_a_change_of_consent() {
    let world = World::new();
    assert_eq!(world.send_file("segment-consent-changed").await.status(), 200);
    let event = world.arrival().event;
    assert_eq!((event.event_type.as_str(), event.is_behaviour()), ("consent_changed", false));
    // A purpose that is named like a personal field says nothing personal.
    let said = json!({ "consents": {"email": true, "marketing": true, "scoring": false} });
    assert_eq!(Value::Object(event.properties.clone()), said);
    let (consents, changes) = consent::told(&[event]);
    assert_eq!(changes.len(), 3);
    assert!(!consents.get(&"scoring".parse().unwrap()).unwrap().granted);
    let failed: Vec<_> = world.failed().into_iter().map(|item| item.code).collect();
    assert_eq!(failed, ["invalid_consents"]);
}

#[tokio::test]
async fn a_change_of_consent_that_cannot_be_taken_as_it_is_said_is_refused() {
    for properties in [
        json!({}),
        json!({ "consents": {} }),
        json!({ "consents": {"scoring": "yes"} }),
        json!({ "consents": {"ana@example.com": true} }),
        json!({ "scoring": false }),
    ] {
        let world = World::new();
        let track = json!({ "event": "Consent Changed", "userId": "u", "properties": properties });
        let refused = world.post("/v1/track", &track.to_string()).await;
        assert_eq!(problem(&refused), (400, "invalid_consents".to_owned()), "{properties}");
        let body: Value = serde_json::from_str(refused.body()).unwrap();
        assert_eq!(body["errors"][0]["field"], "properties.consents");
        assert!(!refused.body().contains("ana@"));
        let native =
            json!({ "event_type": "consent_changed", "user_id": "u", "properties": properties });
        let answer = world.post("/v1/events", &native.to_string()).await;
        let body: Value = serde_json::from_str(answer.body()).unwrap();
        assert_eq!(body["data"][0]["error"]["code"], "invalid_consents", "{body}");
        assert!(world.messages().is_empty());
    }
}

#[tokio::test]
async fn a_cloud_event_changes_consent_too() {
    let world = World::new();
    let event = json!({
        "specversion": "1.0", "id": "1", "source": "s", "type": "consent_changed", "userid": "u",
        "data": { "consents": {"sharing": true} },
    });
    assert_eq!(world.post("/v1/events", &event.to_string()).await.status(), 202);
    let (consents, _) = consent::told(&[world.arrival().event]);
    assert!(consents.any_granted());
}
