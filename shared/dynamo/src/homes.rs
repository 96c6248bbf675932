//! Homes in the leads table.

use std::collections::BTreeMap;

use domain::{
    actor::Actor,
    erasure::Erased,
    event::{EventId, Position, Sealed},
    home::{HomeId, HomeRef},
    identity::Kind,
    lead::{Home, WrappedKey},
    link::{Cut, Links, RecordedLink, Role},
    profile::{EditedField, Edits, Field, FieldValue, Profile},
    tenant::TenantId,
    time::Timestamp,
};
use serde::{Deserialize, Serialize};

use crate::{
    Store,
    error::StoreError,
    items::{self, Item, Place},
    keys,
};

#[derive(Serialize, Deserialize)]
struct HomeItem {
    kind: Kind,
    version: u64,
    survivor: HomeId,
    survivor_kind: Kind,
    has_events: bool,
    carried: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    key: Option<WrappedKey>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    identity: Option<Sealed>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    links: Vec<LinkItem>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    cuts: Vec<Cut>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    profile: BTreeMap<String, FieldItem>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    edits: BTreeMap<String, EditedItem>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    erased_at: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    generation: Option<u32>,
}

#[derive(Serialize, Deserialize)]
struct LinkItem {
    to: HomeId,
    kind: Kind,
    role: Role,
    timestamp: i64,
    event_id: EventId,
    home: HomeId,
}

/// A value: `sealed` ciphertext, or `plain` JSON text, or neither.
#[derive(Serialize, Deserialize)]
struct ValueItem {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sealed: Option<Sealed>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    plain: Option<String>,
}

/// A declared field.
#[derive(Serialize, Deserialize)]
struct FieldItem {
    #[serde(flatten)]
    value: ValueItem,
    timestamp: i64,
    event_id: EventId,
}

/// A field set by hand; without a value where it was released.
#[derive(Serialize, Deserialize)]
struct EditedItem {
    #[serde(flatten)]
    value: ValueItem,
    timestamp: i64,
    event_id: EventId,
    by: Actor,
}

/// Says that a declared field has no value.
#[derive(Debug, thiserror::Error)]
#[error("a field has no value")]
struct NoValue;

/// Writes a home as its item, with the version raised.
pub(crate) fn to_item(tenant: &TenantId, home: &Home) -> Result<Item, StoreError> {
    let link = |link: &RecordedLink| LinkItem {
        to: link.to.id,
        kind: link.to.kind,
        role: link.role,
        timestamp: link.at.timestamp.millis(),
        event_id: link.at.event_id.clone(),
        home: link.at.home,
    };
    let field = |(name, field): (&str, &Field)| {
        let (timestamp, event_id) = (field.timestamp.millis(), field.event_id.clone());
        let value = ValueItem::from(Some(&field.value));
        (name.to_owned(), FieldItem { value, timestamp, event_id })
    };
    let edit = |(name, field): (&str, &EditedField)| {
        let (timestamp, event_id) = (field.timestamp.millis(), field.event_id.clone());
        let value = ValueItem::from(field.value.as_ref());
        (name.to_owned(), EditedItem { value, timestamp, event_id, by: field.by.clone() })
    };
    let content = HomeItem {
        kind: home.home.kind,
        version: home.version + 1,
        survivor: home.survivor.id,
        survivor_kind: home.survivor.kind,
        has_events: home.has_events,
        carried: home.carried,
        key: home.key.clone(),
        identity: home.identity.clone(),
        links: home.links.iter().map(link).collect(),
        cuts: home.cuts.clone(),
        profile: home.profile.iter().map(field).collect(),
        edits: home.edits.iter().map(edit).collect(),
        erased_at: home.erased.map(|erased| erased.at.millis()),
        generation: home.erased.map(|erased| erased.generation),
    };
    items::write(&keys::home(tenant, home.home.id), &content)
}

/// Reads a home from its item.
pub(crate) fn from_item(id: HomeId, item: Item) -> Result<Home, StoreError> {
    let place = Place::of(&item);
    let content: HomeItem = items::read(item)?;
    let links: Result<Vec<_>, _> =
        content.links.into_iter().map(|link| read_link(link, &place)).collect();
    let fields: Result<Vec<_>, _> = content
        .profile
        .into_iter()
        .map(|(name, field)| Ok((name, read_field(field, &place)?)))
        .collect();
    let edits: Result<Vec<_>, _> = content
        .edits
        .into_iter()
        .map(|(name, field)| Ok((name, read_edit(field, &place)?)))
        .collect();
    let erased_at = content.erased_at.map(Timestamp::from_millis).transpose();
    let erased = |at| Erased { at, generation: content.generation.unwrap_or_default() };
    Ok(Home {
        home: HomeRef { kind: content.kind, id },
        version: content.version,
        survivor: HomeRef { kind: content.survivor_kind, id: content.survivor },
        has_events: content.has_events,
        carried: content.carried,
        key: content.key,
        identity: content.identity,
        links: Links::from_recorded(links?),
        cuts: content.cuts,
        profile: Profile::from_fields(fields?),
        edits: Edits::from_fields(edits?),
        erased: erased_at.map_err(|source| place.unreadable(source))?.map(erased),
    })
}

fn read_link(link: LinkItem, place: &Place) -> Result<RecordedLink, StoreError> {
    let to = HomeRef { kind: link.kind, id: link.to };
    let timestamp =
        Timestamp::from_millis(link.timestamp).map_err(|source| place.unreadable(source))?;
    let at = Position { timestamp, event_id: link.event_id, home: link.home };
    Ok(RecordedLink { to, role: link.role, at })
}

fn read_field(field: FieldItem, place: &Place) -> Result<Field, StoreError> {
    let value = read_value(field.value, place)?.ok_or_else(|| place.unreadable(NoValue))?;
    let timestamp =
        Timestamp::from_millis(field.timestamp).map_err(|source| place.unreadable(source))?;
    Ok(Field { value, timestamp, event_id: field.event_id })
}

fn read_edit(field: EditedItem, place: &Place) -> Result<EditedField, StoreError> {
    let value = read_value(field.value, place)?;
    let timestamp =
        Timestamp::from_millis(field.timestamp).map_err(|source| place.unreadable(source))?;
    Ok(EditedField { value, timestamp, event_id: field.event_id, by: field.by })
}

fn read_value(value: ValueItem, place: &Place) -> Result<Option<FieldValue>, StoreError> {
    if let Some(sealed) = value.sealed {
        return Ok(Some(FieldValue::Sealed(sealed)));
    }
    let read = |text: String| serde_json::from_str(&text).map(FieldValue::Plain);
    value.plain.map(read).transpose().map_err(|source| place.unreadable(source))
}

impl From<Option<&FieldValue>> for ValueItem {
    fn from(value: Option<&FieldValue>) -> Self {
        let (sealed, plain) = match value {
            Some(FieldValue::Sealed(sealed)) => (Some(sealed.clone()), None),
            Some(FieldValue::Plain(value)) => (None, Some(value.to_string())),
            None => (None, None),
        };
        Self { sealed, plain }
    }
}

impl Store {
    /// Reads homes, strongly consistent. A home that does not exist is not in the answer.
    pub async fn homes(
        &self,
        tenant: &TenantId,
        ids: impl IntoIterator<Item = HomeId>,
    ) -> Result<BTreeMap<HomeId, Home>, StoreError> {
        let keys = ids.into_iter().map(|id| keys::home(tenant, id));
        let items = self.batch_get(&self.leads_table, keys, None).await?;
        items
            .into_iter()
            .map(|item| {
                let (_, id) = items::home_of(&item)?;
                Ok((id, from_item(id, item)?))
            })
            .collect()
    }
}
