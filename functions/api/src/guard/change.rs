//! What a change is to, and which fields it gives another value: what the audit log tells of it.
//!
//! Invariant: names of fields only; values are compared and dropped.

use std::collections::BTreeSet;

use serde::Serialize;
use serde_json::{Map, Value};

/// What a change is to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// What kind of thing.
    pub object_type: &'static str,
    /// Its id.
    pub object_id: String,
    /// The names of the fields that it gives another value, sorted.
    pub fields: Vec<String>,
}

impl Change {
    /// Describes a change of a thing's fields; a thing that is new or gone has no other side.
    pub fn of<T: Serialize>(
        object_type: &'static str,
        object_id: impl Into<String>,
        before: Option<&T>,
        after: Option<&T>,
    ) -> Result<Self, serde_json::Error> {
        let (before, after) = (fields(before)?, fields(after)?);
        let differs = |name: &&String| before.get(*name) != after.get(*name);
        let gone = before.keys().filter(|name| !after.contains_key(*name));
        let fields: BTreeSet<_> = after.keys().chain(gone).filter(differs).cloned().collect();
        let (object_id, fields) = (object_id.into(), fields.into_iter().collect());
        Ok(Self { object_type, object_id, fields })
    }
}

/// Returns the fields of a thing that have a value.
fn fields<T: Serialize>(thing: Option<&T>) -> Result<Map<String, Value>, serde_json::Error> {
    let mut fields = match serde_json::to_value(thing)? {
        Value::Object(fields) => fields,
        _ => Map::new(),
    };
    fields.retain(|_, value| !value.is_null());
    Ok(fields)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_change_names_what_differs_and_nothing_else() {
        let before = json!({ "id": "a", "name": "A", "cap": { "count": 1 }, "group": null });
        let after = json!({ "id": "a", "name": "B", "points": 5 });
        let change = |before, after| Change::of("rule", "a", before, after).unwrap().fields;
        assert_eq!(change(Some(&before), Some(&after)), ["cap", "name", "points"]);
        assert_eq!(change(None, Some(&after)), ["id", "name", "points"]);
        assert_eq!(change(Some(&before), None), ["cap", "id", "name"]);
        assert_eq!(change(Some(&after), Some(&after)), [""; 0]);
    }
}
