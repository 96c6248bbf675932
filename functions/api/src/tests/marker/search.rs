//! Looks for texts in everything that a tenant left behind: as it lies, and opened with every key
//! that there is.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use aws_sdk_dynamodb::types::AttributeValue;
use domain::{event::Sealed, home::HomeId, lead::Home};
use serde_json::Value;
use testing::{a_tenant, keyring};
use vault::IDENTITY_FIELD;

use crate::tests::world::World;

type Item = HashMap<String, AttributeValue>;

/// Where texts were found.
#[derive(Debug, Default)]
pub struct Found {
    /// In the open.
    pub raw: Vec<String>,
    /// In what a key opens.
    pub opened: Vec<String>,
}

/// Every text that lies somewhere, with its place; and every name, which may be that of a field.
#[derive(Default)]
struct Texts {
    texts: Vec<(String, String)>,
    names: BTreeSet<String>,
}

impl Texts {
    fn take_item(&mut self, item: &Item) {
        let key = |name: &str| item[name].as_s().unwrap().clone();
        let place = format!("{}|{}", key("pk"), key("sk"));
        self.names.insert(key("sk"));
        for (name, value) in item {
            self.names.insert(name.clone());
            self.take(&place, value);
        }
    }

    fn take(&mut self, place: &str, value: &AttributeValue) {
        match value {
            AttributeValue::S(text) => self.take_text(place, text),
            AttributeValue::L(values) => {
                for value in values {
                    self.take(place, value);
                }
            }
            AttributeValue::Ss(texts) => {
                for text in texts {
                    self.take_text(place, text);
                }
            }
            AttributeValue::M(map) => {
                for (name, value) in map {
                    self.take_text(place, name);
                    self.names.insert(name.clone());
                    self.take(place, value);
                }
            }
            AttributeValue::B(bytes) => {
                self.take_text(place, &String::from_utf8_lossy(bytes.as_ref()));
            }
            _ => {}
        }
    }

    fn take_text(&mut self, place: &str, text: &str) {
        self.texts.push((place.to_owned(), text.to_owned()));
        if let Ok(value @ (Value::Object(_) | Value::Array(_))) = serde_json::from_str(text) {
            self.take_json(place, &value);
        }
    }

    fn take_json(&mut self, place: &str, value: &Value) {
        match value {
            Value::String(text) => self.take_text(place, text),
            Value::Array(values) => values.iter().for_each(|value| self.take_json(place, value)),
            Value::Object(fields) => {
                for (name, value) in fields {
                    self.names.insert(name.clone());
                    self.take_json(place, value);
                }
            }
            _ => {}
        }
    }
}

async fn items(world: &World) -> Vec<Item> {
    let tables = &world.tables;
    let mut items = Vec::new();
    for table in [tables.leads_table(), tables.events_table(), tables.search_table()] {
        let mut scan = tables.client.scan().table_name(table).into_paginator().items().send();
        while let Some(item) = scan.next().await {
            items.push(item.unwrap());
        }
    }
    items
}

/// Opens a text with every key, for every home and field.
fn opened(text: &str, homes: &BTreeMap<HomeId, Home>, names: &BTreeSet<String>) -> Vec<String> {
    let (sealed, keyring) = (Sealed(text.to_owned()), keyring());
    let item = keyring.open_item(&sealed).ok();
    let mut opened: Vec<_> =
        item.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).into_iter().collect();
    for home in homes.values() {
        let opener = keyring.opener(home);
        for name in names {
            opened.extend(opener.open(name, &sealed).ok());
        }
    }
    opened
}

/// Looks for texts in all tables and files.
pub async fn found(world: &World, wanted: &[&str]) -> Found {
    let items = items(world).await;
    let mut texts = Texts::default();
    for item in &items {
        texts.take_item(item);
    }
    for (key, content) in world.jobs.files.0.lock().unwrap().iter() {
        texts.take_text(key.as_str(), &content.0);
    }
    texts.names.insert(IDENTITY_FIELD.to_owned());
    let ids = items
        .iter()
        .filter_map(|item| item["pk"].as_s().unwrap().split_once('#')?.1.parse::<HomeId>().ok());
    let ids: BTreeSet<_> = ids.collect();
    let homes = world.tables.store.homes(&a_tenant(), ids).await.unwrap();
    let has = |text: &str| {
        let text = text.to_lowercase();
        wanted.iter().any(|wanted| text.contains(wanted))
    };
    let mut found = Found::default();
    for (place, text) in &texts.texts {
        if has(text) {
            found.raw.push(format!("{place}: {text}"));
        }
        // What is sealed is base64, and not short.
        if text.len() > 30 && !text.contains([' ', '#', '{']) {
            let opened = opened(text, &homes, &texts.names);
            found.opened.extend(opened.iter().filter(|text| has(text)).map(|_| place.clone()));
        }
    }
    found
}

/// Returns the homes that entries of the search index lead to.
pub async fn entries(world: &World) -> Vec<String> {
    let items = items(world).await;
    let entries = items.iter().filter(|item| {
        let pk = item["pk"].as_s().unwrap();
        pk.contains("#search#") || pk.contains("#company#")
    });
    entries.map(|item| item["sk"].as_s().unwrap().clone()).collect()
}
