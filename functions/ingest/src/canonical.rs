//! JSON in one spelling: keys sorted, no spaces.
//!
//! Invariant: equal values have equal text, whatever order a map type keeps its keys in.

use serde_json::{Map, Value};

/// Writes a value canonically.
pub fn json(value: &Value) -> String {
    let mut text = String::new();
    write(value, &mut text);
    text
}

/// Writes an object canonically.
pub fn object(object: &Map<String, Value>) -> String {
    let mut text = String::new();
    write_object(object, &mut text);
    text
}

fn write(value: &Value, text: &mut String) {
    match value {
        Value::Object(object) => write_object(object, text),
        Value::Array(items) => {
            text.push('[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    text.push(',');
                }
                write(item, text);
            }
            text.push(']');
        }
        scalar => text.push_str(&scalar.to_string()),
    }
}

fn write_object(object: &Map<String, Value>, text: &mut String) {
    let mut entries: Vec<_> = object.iter().collect();
    entries.sort_by_key(|(key, _)| key.as_str());
    text.push('{');
    for (index, (key, value)) in entries.into_iter().enumerate() {
        if index > 0 {
            text.push(',');
        }
        text.push_str(&Value::from(key.as_str()).to_string());
        text.push(':');
        write(value, text);
    }
    text.push('}');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_of_keys_does_not_matter() {
        let one: Value = serde_json::from_str(r#"{"b":[1,{"d":2,"c":"x\n"}],"a":null}"#).unwrap();
        let other: Value =
            serde_json::from_str(r#"{"a":null, "b":[1,{"c":"x\n","d":2}]}"#).unwrap();
        assert_eq!(json(&one), json(&other));
        assert_eq!(json(&one), r#"{"a":null,"b":[1,{"c":"x\n","d":2}]}"#);
    }
}
