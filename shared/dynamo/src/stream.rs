//! What the stream of the events table tells: items as they were put there.

use std::collections::HashMap;

use domain::{event::Event, tenant::TenantId};
use serde_dynamo::AttributeValue;
use serde_json::Value;

use crate::{error::StoreError, events, items};

/// Reads an event and whose it is from the image of its item, in DynamoDB's JSON.
pub fn event_of_image(image: Value) -> Result<(TenantId, Event), StoreError> {
    let nowhere = || items::Place { pk: "?".to_owned(), sk: "?".to_owned() };
    let image: HashMap<String, AttributeValue> =
        serde_json::from_value(image).map_err(|source| nowhere().unreadable(source))?;
    let item = image.into_iter().map(|(name, value)| (name, value.into())).collect();
    let (tenant, home) = items::home_of(&item)?;
    Ok((tenant, events::from_item(home, item)?))
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use testing::{a_tenant, an_event};

    use super::*;

    /// The image of an event, as the stream carries it.
    fn image(event: &Event) -> Value {
        let item = events::to_item(&a_tenant(), event).unwrap();
        let attributes = item.into_iter().map(|(name, value)| {
            let value: AttributeValue = value.into();
            (name, serde_json::to_value(value).unwrap())
        });
        Value::Object(attributes.collect())
    }

    #[test]
    fn an_image_is_the_event_that_was_put() {
        let event = an_event("e1")
            .by(domain::identity::Kind::UserId, "ana")
            .by(domain::identity::Kind::AnonymousId, "cookie")
            .with_property("order", 9_007_199_254_740_993_u64)
            .declaring("title", "CTO")
            .event();
        let image = image(&event);
        assert_eq!(image["timestamp"], json!({ "N": event.timestamp.millis().to_string() }));
        assert_eq!(event_of_image(image).unwrap(), (a_tenant(), event));
    }

    #[test]
    fn an_image_of_no_event_is_told() {
        let mut image = image(&an_event("e1").event());
        let of_a_lead = json!({ "pk": { "S": "acme" }, "sk": { "S": "tenant" } });
        for unreadable in [json!(null), json!({ "pk": "acme" }), json!({}), of_a_lead] {
            let told = event_of_image(unreadable).unwrap_err();
            assert!(matches!(told, StoreError::Unreadable { .. }), "{told}");
        }
        image["timestamp"] = json!({ "N": "soon" });
        assert!(event_of_image(image).is_err());
    }
}
