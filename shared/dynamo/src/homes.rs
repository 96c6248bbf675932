//! Homes in the leads table.

use std::collections::BTreeMap;

use domain::{
    event::{EventId, Position, Sealed},
    home::{HomeId, HomeRef},
    identity::Kind,
    lead::Home,
    link::{Cut, Links, RecordedLink, Role},
    profile::{Field, FieldValue, Profile},
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
    identity: Option<Sealed>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    links: Vec<LinkItem>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    cuts: Vec<Cut>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    profile: BTreeMap<String, FieldItem>,
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

/// A declared field: `sealed` ciphertext, or `plain` JSON text.
#[derive(Serialize, Deserialize)]
struct FieldItem {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sealed: Option<Sealed>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    plain: Option<String>,
    timestamp: i64,
    event_id: EventId,
}

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
        let (sealed, plain) = match &field.value {
            FieldValue::Sealed(sealed) => (Some(sealed.clone()), None),
            FieldValue::Plain(value) => (None, Some(value.to_string())),
        };
        let (timestamp, event_id) = (field.timestamp.millis(), field.event_id.clone());
        (name.to_owned(), FieldItem { sealed, plain, timestamp, event_id })
    };
    let content = HomeItem {
        kind: home.home.kind,
        version: home.version + 1,
        survivor: home.survivor.id,
        survivor_kind: home.survivor.kind,
        has_events: home.has_events,
        carried: home.carried,
        identity: home.identity.clone(),
        links: home.links.iter().map(link).collect(),
        cuts: home.cuts.clone(),
        profile: home.profile.iter().map(field).collect(),
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
    Ok(Home {
        home: HomeRef { kind: content.kind, id },
        version: content.version,
        survivor: HomeRef { kind: content.survivor_kind, id: content.survivor },
        has_events: content.has_events,
        carried: content.carried,
        identity: content.identity,
        links: Links::from_recorded(links?),
        cuts: content.cuts,
        profile: Profile::from_fields(fields?),
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
    let value = if let Some(sealed) = field.sealed {
        FieldValue::Sealed(sealed)
    } else {
        let text = field.plain.as_deref().unwrap_or_default();
        let value = serde_json::from_str(text).map_err(|source| place.unreadable(source))?;
        FieldValue::Plain(value)
    };
    let timestamp =
        Timestamp::from_millis(field.timestamp).map_err(|source| place.unreadable(source))?;
    Ok(Field { value, timestamp, event_id: field.event_id })
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
