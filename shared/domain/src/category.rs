//! What a lead cares for: the categories that its events name.
//!
//! Invariant: an event counts a category once, however many of its products are of it.

use std::collections::HashMap;

use serde_json::Value;

use crate::event::Event;

/// How many categories are told.
pub const MOST_CATEGORIES: usize = 5;

/// A category with how many events named it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CategoryCount {
    /// The category, as the sender names it.
    pub category: String,
    /// How many events named it.
    pub events: u32,
}

/// Counts the categories of events that count, in the order of the fold: those of most events
/// first, of several the one named first; at most [`MOST_CATEGORIES`].
///
/// An event names its property `category` and that of each of its `products`.
pub fn top_categories<'e>(counted: impl IntoIterator<Item = &'e Event>) -> Vec<CategoryCount> {
    // By category: how many events named it, and which place it came in.
    let mut known: HashMap<&str, (u32, usize)> = HashMap::new();
    for event in counted {
        for category in categories(event) {
            let place = known.len();
            known.entry(category).or_insert((0, place)).0 += 1;
        }
    }
    let mut counts: Vec<_> = known.into_iter().collect();
    counts.sort_unstable_by_key(|(_, (events, place))| (std::cmp::Reverse(*events), *place));
    let told = counts.into_iter().take(MOST_CATEGORIES);
    told.map(|(category, (events, _))| CategoryCount { category: category.to_owned(), events })
        .collect()
}

/// Returns the categories that an event names, each once.
fn categories(event: &Event) -> Vec<&str> {
    let own = event.properties.get("category");
    let products = event.properties.get("products").and_then(Value::as_array);
    let of_products = products.into_iter().flatten().filter_map(|product| product.get("category"));
    let named = own.into_iter().chain(of_products).filter_map(Value::as_str).map(str::trim);
    let mut once: Vec<&str> = Vec::new();
    for category in named.filter(|category| !category.is_empty()) {
        if !once.contains(&category) {
            once.push(category);
        }
    }
    once
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{
        event::EventId,
        home::{HomeId, HomeRef},
        identity::Kind,
    };

    fn naming(properties: Value) -> Event {
        let Value::Object(properties) = properties else { panic!("no object") };
        let timestamp = "2026-01-01T12:00:00Z".parse().unwrap();
        Event {
            event_id: EventId::from_sender("e").unwrap(),
            event_type: "product_viewed".to_owned(),
            home: HomeRef { kind: Kind::UserId, id: HomeId::from_bytes([0; 16]) },
            timestamp,
            received_at: timestamp,
            properties,
            context: serde_json::Map::new(),
            traits: serde_json::Map::new(),
            links: Vec::new(),
            edit: None,
        }
    }

    fn top(events: &[Event]) -> Vec<(String, u32)> {
        let counts = top_categories(events);
        counts.into_iter().map(|count| (count.category, count.events)).collect()
    }

    #[test]
    fn an_event_counts_a_category_once_and_most_come_first() {
        let events = [
            naming(json!({ "category": "Books" })),
            naming(json!({ "category": "Shoes", "products": [
                { "category": "Shoes" }, { "category": " Shoes " }, { "category": "Hats" }
            ] })),
            naming(json!({ "products": [{ "category": "Shoes" }, { "name": "no category" }] })),
        ];
        let expected = [("Shoes", 2), ("Books", 1), ("Hats", 1)];
        assert_eq!(top(&events), expected.map(|(name, events)| (name.to_owned(), events)));
    }

    #[test]
    fn what_is_no_text_names_nothing_and_five_are_told() {
        let odd = naming(json!({ "category": 7, "products": "none" }));
        assert_eq!(top(&[odd, naming(json!({ "category": "  ", "products": [1] }))]), []);
        let many: Vec<_> =
            (0..7).map(|number| naming(json!({ "category": format!("c{number}") }))).collect();
        let told: Vec<_> = top(&many).into_iter().map(|(category, _)| category).collect();
        assert_eq!(told, ["c0", "c1", "c2", "c3", "c4"]);
    }
}
