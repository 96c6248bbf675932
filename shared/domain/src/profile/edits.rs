//! What people set by hand: fields that win over declared ones until they are released.
//!
//! Invariant: each field carries the (time, event id) of its edit and the latest wins, a release
//! too, so the edits kept depend neither on the order of arrival nor on how homes are combined.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{FieldValue, MAX_EDITED, Profile};
use crate::{
    actor::Actor,
    edit::{Change, Edit, InvalidEdit},
    event::{Arrival, EventId},
    time::Timestamp,
};

/// One field that somebody set by hand, or released.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EditedField {
    /// What it was set to; `None` where it shows again what events declare.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<FieldValue>,
    /// When that was.
    pub timestamp: Timestamp,
    /// The edit.
    pub event_id: EventId,
    /// Who made it.
    pub by: Actor,
}

/// The fields of one home, or of a family, that somebody set by hand or released.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Edits(BTreeMap<String, EditedField>);

impl Edits {
    /// Takes fields that were stored.
    pub fn from_fields(fields: impl IntoIterator<Item = (String, EditedField)>) -> Self {
        let mut edits = Self::default();
        for (name, field) in fields {
            edits.put(&name, field);
        }
        edits
    }

    /// Takes in the fields of an edit, and tells whether that changed anything. An event that is
    /// no edit changes nothing.
    pub fn take_in(&mut self, arrival: &Arrival) -> bool {
        let event = &arrival.event;
        let Some(edit) = event.edit.as_deref() else { return false };
        let mut changed = false;
        for (name, change) in edit.changes() {
            let value = match change {
                Change::Set(value) => Some(FieldValue::Plain(value.clone())),
                Change::Seal => arrival.edited.get(name).cloned().map(FieldValue::Sealed),
                Change::Release => None,
            };
            let field = EditedField {
                value,
                timestamp: event.timestamp,
                event_id: event.event_id.clone(),
                by: edit.by.clone(),
            };
            changed |= self.put(name, field);
        }
        changed
    }

    /// Checks that all that an edit says about fields is taken in as it is said, and kept.
    ///
    /// # Errors
    /// What is wrong with it. It is to be refused then: some of it would be lost.
    pub fn check(&self, edit: &Edit) -> Result<(), InvalidEdit> {
        edit.check()?;
        let more = edit.changes().filter(|(name, _)| !self.0.contains_key(*name)).count();
        if self.0.len() + more <= MAX_EDITED { Ok(()) } else { Err(InvalidEdit::NoRoom) }
    }

    /// Combines with another home's: the latest of each field wins.
    pub fn combine(&mut self, other: &Self) {
        for (name, field) in &other.0 {
            self.put(name, field.clone());
        }
    }

    /// Returns a field, set or released.
    pub fn get(&self, name: &str) -> Option<&EditedField> {
        self.0.get(name)
    }

    /// Iterates by name over the fields, set or released.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &EditedField)> {
        self.0.iter().map(|(name, field)| (name.as_str(), field))
    }

    /// Tells whether nothing was ever set or released.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns what is shown by name: what is set by hand, else what is declared.
    pub fn over<'a>(&'a self, declared: &'a Profile) -> BTreeMap<&'a str, &'a FieldValue> {
        let mut shown: BTreeMap<_, _> =
            declared.iter().map(|(name, field)| (name, &field.value)).collect();
        let set = self.iter().filter_map(|(name, field)| Some((name, field.value.as_ref()?)));
        shown.extend(set);
        shown
    }

    fn put(&mut self, name: &str, field: EditedField) -> bool {
        let stamp = |field: &EditedField| (field.timestamp, field.event_id.clone());
        if self.0.get(name).is_some_and(|kept| stamp(kept) >= stamp(&field)) {
            return false;
        }
        self.0.insert(name.to_owned(), field);
        // As in a profile: the first names by order are kept, so what falls out never comes back.
        let fell_out = if self.0.len() > MAX_EDITED { self.0.pop_last() } else { None };
        fell_out.is_none_or(|(dropped, _)| dropped != name)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::profile::Field;

    fn edited(value: Option<&str>, millis: i64) -> EditedField {
        EditedField {
            value: value.map(|value| FieldValue::Plain(value.into())),
            timestamp: Timestamp::from_millis(millis).unwrap(),
            event_id: EventId::from_sender(&format!("e{millis}")).unwrap(),
            by: Actor::System,
        }
    }

    fn named(name: &str, field: EditedField) -> (String, EditedField) {
        (name.to_owned(), field)
    }

    #[test]
    fn what_is_set_wins_until_it_is_released() {
        let EditedField { timestamp, event_id, .. } = edited(None, 9);
        let field = Field { value: FieldValue::Plain(json!("clerk")), timestamp, event_id };
        let declared = Profile::from_fields([("title".to_owned(), field)]);
        let mut edits = Edits::from_fields([named("title", edited(Some("boss"), 1))]);
        let shown = |edits: &Edits| edits.over(&declared).get("title").copied().cloned();
        assert_eq!(shown(&edits), Some(FieldValue::Plain(json!("boss"))));
        edits.combine(&Edits::from_fields([named("title", edited(None, 2))]));
        assert_eq!(shown(&edits), Some(FieldValue::Plain(json!("clerk"))));
        // An edit from before the release comes too late.
        edits.combine(&Edits::from_fields([named("title", edited(Some("boss"), 1))]));
        assert_eq!(edits.get("title"), Some(&edited(None, 2)));
    }

    #[test]
    fn the_fields_kept_do_not_depend_on_arrival_and_what_has_no_room_is_told() {
        let all: Vec<_> =
            (0..300).map(|n| named(&format!("f{n:03}"), edited(Some("x"), n))).collect();
        let forward = Edits::from_fields(all.clone());
        assert_eq!(forward, Edits::from_fields(all.into_iter().rev()));
        assert_eq!(forward.iter().count(), MAX_EDITED);
        let setting = |name: &str| Edit {
            set: BTreeMap::from([(name.to_owned(), json!("y"))]),
            ..Edit::by(Actor::System)
        };
        assert_eq!(forward.check(&setting("f000")), Ok(()));
        assert_eq!(forward.check(&setting("a")), Err(InvalidEdit::NoRoom));
        assert_eq!(Edits::default().check(&setting("")), Err(InvalidEdit::Name(String::new())));
    }

    #[test]
    fn a_released_field_reads_back_as_it_was_written() {
        let edits =
            Edits::from_fields([named("a", edited(None, 1)), named("b", edited(Some("x"), 1))]);
        let written = serde_json::to_value(&edits).unwrap();
        assert_eq!(serde_json::from_value::<Edits>(written).unwrap(), edits);
    }
}
