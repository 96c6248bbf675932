//! A row: one event as its columns hold it.
//!
//! Invariant: a row loses nothing of its event, and equal events make equal rows.

use domain::event::Event;
use serde::Serialize;
use serde_json::{Map, Value};

use crate::error::LakeError;

/// One event in the columns of the archive.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Row {
    /// The home that the event is stored in.
    pub home: String,
    /// The kind of identity that the home is of.
    pub home_kind: String,
    /// The id of the event, unique within the home.
    pub event_id: String,
    /// What happened.
    pub event_type: String,
    /// When it happened, in milliseconds since 1970.
    pub timestamp: i64,
    /// When the gateway received it, in milliseconds since 1970.
    pub received_at: i64,
    /// What the sender says about it, as JSON.
    pub properties: Option<String>,
    /// Where it happened, as JSON.
    pub context: Option<String>,
    /// What it declares about the person, as JSON.
    pub traits: Option<String>,
    /// The links between homes that it is evidence for, as JSON.
    pub links: Option<String>,
    /// What people decided by hand, as JSON.
    pub edit: Option<String>,
}

/// What a row takes beside its texts: its struct, and what lists and the heap add.
const OVERHEAD: usize = 400;

impl Row {
    /// Returns about how much memory the row takes, in bytes.
    pub fn bytes(&self) -> usize {
        let texts = [&self.home, &self.home_kind, &self.event_id, &self.event_type];
        let json = [&self.properties, &self.context, &self.traits, &self.links, &self.edit];
        let length = |text: &String| text.len();
        let texts: usize = texts.into_iter().map(length).sum();
        OVERHEAD + texts + json.into_iter().flatten().map(length).sum::<usize>()
    }
}

impl TryFrom<&Event> for Row {
    type Error = LakeError;

    fn try_from(event: &Event) -> Result<Self, LakeError> {
        let unwritable =
            |source| LakeError::Unwritable { event_id: event.event_id.to_string(), source };
        let links = Some(&event.links).filter(|links| !links.is_empty());
        Ok(Self {
            home: event.home.id.to_string(),
            home_kind: event.home.kind.to_string(),
            event_id: event.event_id.to_string(),
            event_type: event.event_type.clone(),
            timestamp: event.timestamp.millis(),
            received_at: event.received_at.millis(),
            properties: map(&event.properties).map_err(unwritable)?,
            context: map(&event.context).map_err(unwritable)?,
            traits: map(&event.traits).map_err(unwritable)?,
            links: json(links).map_err(unwritable)?,
            edit: json(event.edit.as_ref()).map_err(unwritable)?,
        })
    }
}

fn map(map: &Map<String, Value>) -> Result<Option<String>, serde_json::Error> {
    json(Some(map).filter(|map| !map.is_empty()))
}

fn json<T: Serialize>(value: Option<&T>) -> Result<Option<String>, serde_json::Error> {
    value.map(serde_json::to_string).transpose()
}

/// Returns each event once, its first received copy, in the order of time.
pub fn once_each(mut rows: Vec<Row>) -> Vec<Row> {
    let place =
        |one: &Row, other: &Row| (&one.home, &one.event_id).cmp(&(&other.home, &other.event_id));
    rows.sort_unstable_by(|one, other| {
        place(one, other).then_with(|| one.received_at.cmp(&other.received_at))
    });
    rows.dedup_by(|later, kept| place(later, kept).is_eq());
    rows.sort_unstable_by(|one, other| {
        one.timestamp.cmp(&other.timestamp).then_with(|| place(one, other))
    });
    rows
}

#[cfg(test)]
mod tests {
    use domain::{
        edit::Edit,
        event::{Event, EventId},
        home::HomeRef,
        time::Timestamp,
    };
    use testing::{an_edit, an_event};

    use super::*;

    fn object(json: Option<&String>) -> Map<String, Value> {
        json.map(|json| serde_json::from_str(json).unwrap()).unwrap_or_default()
    }

    /// Makes the event of a row again.
    fn event(row: &Row) -> Event {
        let links = row.links.as_ref().map(|json| serde_json::from_str(json).unwrap());
        let edit = row.edit.as_ref().map(|json| serde_json::from_str::<Edit>(json).unwrap());
        Event {
            event_id: EventId::try_from(row.event_id.clone()).unwrap(),
            event_type: row.event_type.clone(),
            home: HomeRef { kind: row.home_kind.parse().unwrap(), id: row.home.parse().unwrap() },
            timestamp: Timestamp::from_millis(row.timestamp).unwrap(),
            received_at: Timestamp::from_millis(row.received_at).unwrap(),
            properties: object(row.properties.as_ref()),
            context: object(row.context.as_ref()),
            traits: object(row.traits.as_ref()),
            links: links.unwrap_or_default(),
            edit: edit.map(Box::new),
        }
    }

    #[test]
    fn a_row_loses_nothing_of_its_event() {
        let mut visit = an_event("e1")
            .by(domain::identity::Kind::UserId, "ana")
            .by(domain::identity::Kind::AnonymousId, "cookie")
            .with_property("order", 9_007_199_254_740_993_u64)
            .with_property("revenue", 129.9)
            .declaring("title", "CTO")
            .event();
        visit.context.insert("locale".to_owned(), "pt-BR".into());
        let edited = an_edit("e2").event();
        let bare = an_event("e3").event();
        for known in [visit, edited, bare] {
            assert_eq!(event(&Row::try_from(&known).unwrap()), known);
        }
    }

    #[test]
    fn of_copies_of_an_event_the_first_received_is_kept() {
        let row = |home: &str, id: &str, timestamp, received_at| Row {
            home: home.to_owned(),
            event_id: id.to_owned(),
            timestamp,
            received_at,
            ..Row::default()
        };
        let copies = vec![
            row("b", "1", 5, 9),
            row("a", "2", 7, 3),
            row("b", "1", 5, 8),
            row("a", "1", 6, 3),
            row("a", "2", 7, 3),
        ];
        let kept = [row("b", "1", 5, 8), row("a", "1", 6, 3), row("a", "2", 7, 3)];
        assert_eq!(once_each(copies), kept);
    }
}
