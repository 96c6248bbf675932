//! Events in the events table: immutable, one item each.
//!
//! Invariant: an item holds what the sender said and nothing that was computed from it. Free-form
//! parts are JSON text, because a DynamoDB number is not a JSON number.

use std::collections::BTreeSet;

use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;
use domain::{
    event::{Event, EventId},
    home::{HomeId, HomeRef},
    identity::Kind,
    link::{Link, Role},
    tenant::TenantId,
    time::Timestamp,
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{Store, error::StoreError, items, items::Item, keys};

#[derive(Serialize, Deserialize)]
struct EventItem {
    event_type: String,
    kind: Kind,
    timestamp: i64,
    received_at: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    properties: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    context: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    traits: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    links: Vec<LinkItem>,
    /// What people decided by hand, as JSON text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    edit: Option<String>,
}

/// A link without its target, unless that is another home than the event's.
#[derive(Serialize, Deserialize)]
struct LinkItem {
    home: HomeId,
    kind: Kind,
    role: Role,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    to: Option<HomeRef>,
}

/// Writes an event as its item.
pub(crate) fn to_item(tenant: &TenantId, event: &Event) -> Result<Item, StoreError> {
    let key = keys::event(tenant, event.home.id, &event.event_id);
    let link = |link: &Link| LinkItem {
        home: link.from.id,
        kind: link.from.kind,
        role: link.role,
        to: (link.to != event.home).then_some(link.to),
    };
    let place = || items::Place { pk: key.pk.clone(), sk: key.sk.clone() };
    let edit = event.edit.as_ref().map(serde_json::to_string).transpose();
    let content = EventItem {
        event_type: event.event_type.clone(),
        kind: event.home.kind,
        timestamp: event.timestamp.millis(),
        received_at: event.received_at.millis(),
        properties: json_text(&event.properties),
        context: json_text(&event.context),
        traits: json_text(&event.traits),
        links: event.links.iter().map(link).collect(),
        edit: edit.map_err(|source| place().unreadable(source))?,
    };
    items::write(&key, &content)
}

fn json_text(map: &Map<String, Value>) -> Option<String> {
    (!map.is_empty()).then(|| Value::Object(map.clone()).to_string())
}

/// Reads the event of a home from its item.
pub(crate) fn from_item(home: HomeId, item: Item) -> Result<Event, StoreError> {
    let place = items::Place::of(&item);
    let content: EventItem = items::read(item)?;
    let home = HomeRef { kind: content.kind, id: home };
    let map = |text: Option<String>| match text {
        Some(text) => serde_json::from_str(&text).map_err(|source| place.unreadable(source)),
        None => Ok(Map::new()),
    };
    let time = |millis| Timestamp::from_millis(millis).map_err(|source| place.unreadable(source));
    let edit = content.edit.as_deref().map(serde_json::from_str).transpose();
    let link = |link: LinkItem| Link {
        from: HomeRef { kind: link.kind, id: link.home },
        to: link.to.unwrap_or(home),
        role: link.role,
    };
    Ok(Event {
        event_id: EventId::try_from(place.sk.clone()).map_err(|source| place.unreadable(source))?,
        event_type: content.event_type,
        home,
        timestamp: time(content.timestamp)?,
        received_at: time(content.received_at)?,
        properties: map(content.properties)?,
        context: map(content.context)?,
        traits: map(content.traits)?,
        links: content.links.into_iter().map(link).collect(),
        edit: edit.map_err(|source| place.unreadable(source))?,
    })
}

impl Store {
    /// Reads all events of a home, strongly consistent, in no useful order.
    pub async fn events(&self, tenant: &TenantId, home: HomeId) -> Result<Vec<Event>, StoreError> {
        let mut pages = self.events_query(tenant, home).into_paginator().items().send();
        let mut events = Vec::new();
        while let Some(item) = pages.next().await {
            let item = item.map_err(|error| StoreError::from_sdk("Query", &error))?;
            events.push(from_item(home, item)?);
        }
        Ok(events)
    }

    /// Asks for all events of a home, strongly consistent.
    pub(crate) fn events_query(&self, tenant: &TenantId, home: HomeId) -> QueryFluentBuilder {
        self.client
            .query()
            .table_name(&self.events_table)
            .consistent_read(true)
            .key_condition_expression("pk = :pk")
            .expression_attribute_values(":pk", items::text(keys::home_partition(tenant, home)))
    }

    /// Tells which events are stored, strongly consistent.
    pub async fn stored_events(
        &self,
        tenant: &TenantId,
        events: impl IntoIterator<Item = (HomeId, EventId)>,
    ) -> Result<BTreeSet<(HomeId, EventId)>, StoreError> {
        let keys = events.into_iter().map(|(home, id)| keys::event(tenant, home, &id));
        let items = self.batch_get(&self.events_table, keys, Some("pk, sk")).await?;
        let read = |item: Item| {
            let (_, home) = items::home_of(&item)?;
            let place = items::Place::of(&item);
            let id = EventId::try_from(place.sk.clone());
            Ok((home, id.map_err(|source| place.unreadable(source))?))
        };
        items.into_iter().map(read).collect()
    }
}
