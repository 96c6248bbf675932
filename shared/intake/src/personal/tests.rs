//! What is taken out of events, and what stays.

use proptest::prelude::*;
use serde_json::json;

use super::*;

fn clean(value: Value) -> (Value, Withheld) {
    let mut withheld = Withheld::default();
    let Value::Object(object) = value else { panic!("an object") };
    let cleaned = clean_object(object, "properties", "", &mut withheld);
    (Value::Object(cleaned), withheld)
}

#[test]
fn personal_keys_and_patterns_are_taken_out_at_every_depth() {
    let (cleaned, withheld) = clean(json!({
        "note": "call +55 11 99999-0001 or ana@example.com",
        "plan": "pro",
        "subscribed": {"email": true},
        "customer": {"name": "Ana", "id": 7, "address": {"street": "Rua A, 1"}},
        "products": [{"name": "Lamp", "price": 12.5, "sku": "SKU-12-3456-7890"}],
        "ana@example.com": 3,
        "password": "hunter2",
        "url": "https://x.example/?first_name=Ana&utm_source=g",
    }));
    assert_eq!(
        cleaned,
        json!({
            "note": "call [phone] or [email]",
            "plan": "pro",
            "subscribed": {"email": true},
            "customer": {"name": "[personal]", "id": 7, "address": "[personal]"},
            "products": [{"name": "Lamp", "price": 12.5, "sku": "SKU-12-3456-7890"}],
            "[email]": 3,
            "password": "[personal]",
            "url": "https://x.example/?first_name=[personal]&utm_source=g",
        })
    );
    let fields: Vec<_> = withheld.iter().map(|(field, _)| field).collect();
    assert_eq!(
        fields,
        [
            "properties.[email].key",
            "properties.customer.address",
            "properties.customer.name",
            "properties.note",
            "properties.url",
        ]
    );
    let address = withheld.get("properties.customer.address");
    assert_eq!(address, Some(r#"{"street":"Rua A, 1"}"#));
}

#[test]
fn a_name_at_the_top_is_a_person_s_unless_a_thing_is_meant() {
    let cases = [
        (false, json!({"name": "Ana"}), true),
        (false, json!({"nome": "Ana", "plan": "pro"}), true),
        (true, json!({"name": "Home"}), false),
        (true, json!({"name": "Ana", "firstName": "Ana"}), true),
        (false, json!({"name": "Lamp", "sku": "L-1"}), false),
        (false, json!({"name": "Lamp", "id": 7, "price": 12.5}), false),
        (false, json!({"name": "Ana", "price": 12.5, "email": "ana@example.com"}), true),
    ];
    for (names_thing, object, is_personal) in cases {
        let Value::Object(object) = object else { panic!("an object") };
        let key = if object.contains_key("nome") { "nome" } else { "name" };
        let mut withheld = Withheld::default();
        let cleaned = clean_top(object.clone(), "properties", names_thing, &mut withheld);
        assert_eq!(cleaned[key] == "[personal]", is_personal, "{object:?}");
        let kept = withheld.get(&format!("properties.{key}"));
        assert_eq!(kept, is_personal.then_some("Ana"), "{object:?}");
    }
    let (cleaned, _) = clean(json!({
        "visitor": {"name": "Ana", "phone": "+55 11 99999-0001"},
        "plan": {"name": "Pro", "email": true},
        "company": {"name": "Acme"},
    }));
    assert_eq!(cleaned["visitor"]["name"], "[personal]");
    assert_eq!(cleaned["plan"]["name"], "Pro");
    assert_eq!(cleaned["company"]["name"], "Acme");
}

#[test]
fn free_text_is_a_person_s_where_the_person_is_described() {
    let (cleaned, withheld) = clean(json!({
        "traits": {"bio": "Ana, of Recife", "About Me": "tall", "comments": true},
        "product": {"description": "A lamp"},
        "message": "Welcome back",
    }));
    let expected = json!({"bio": "[personal]", "About Me": "[personal]", "comments": true});
    assert_eq!(cleaned["traits"], expected);
    assert_eq!(cleaned["product"]["description"], "A lamp");
    assert_eq!(cleaned["message"], "Welcome back");
    assert_eq!(withheld.get("properties.traits.bio"), Some("Ana, of Recife"));
}

#[test]
fn free_text_beside_contact_data_is_a_person_s() {
    let form = json!({
        "email": "ana@example.com", "name": "Ana", "message": "I am ill", "Notes": ["tall"],
        "comments": true, "bio": "", "subject": "A question", "plan": "pro",
        "attachment": {"description": "A lamp"},
    });
    let expected = json!({
        "email": "[email]", "name": "[personal]", "message": "[personal]",
        "Notes": "[personal]", "comments": true, "bio": "", "subject": "A question",
        "plan": "pro", "attachment": {"description": "A lamp"},
    });
    let Value::Object(object) = form.clone() else { panic!("an object") };
    for names_thing in [false, true] {
        let mut withheld = Withheld::default();
        let cleaned = clean_top(object.clone(), "properties", names_thing, &mut withheld);
        assert_eq!(Value::Object(cleaned.clone()), expected);
        assert_eq!(withheld.get("properties.message"), Some("I am ill"));
        assert_eq!(withheld.get("properties.Notes"), Some(r#"["tall"]"#));
        let again = clean_top(cleaned.clone(), "properties", names_thing, &mut withheld);
        assert_eq!(again, cleaned);
    }
    let (cleaned, withheld) =
        clean(json!({ "form": form, "answers": [{"phone": 1, "bio": "Ana"}] }));
    assert_eq!(cleaned["form"], expected);
    assert_eq!(withheld.get("properties.form.message"), Some("I am ill"));
    assert_eq!(cleaned["answers"][0], json!({"phone": "[phone]", "bio": "[personal]"}));
    // A flag says how somebody likes to be written to, not where.
    let (cleaned, _) = clean(json!({"email": true, "message": "Welcome back"}));
    assert_eq!(cleaned["message"], "Welcome back");
}

#[test]
fn a_long_value_is_taken_out_and_not_kept() {
    let text = |length: usize| format!("{}ana@example.com", " ".repeat(length - 15));
    let (cleaned, withheld) = clean(json!({"fits": text(2_048), "long": text(2_049)}));
    assert!(!cleaned.to_string().contains("ana@"));
    let fields: Vec<_> = withheld.iter().map(|(field, _)| field).collect();
    assert_eq!(fields, ["properties.fits"]);
}

#[test]
fn at_most_64_personal_values_are_kept_and_all_are_taken_out() {
    let people: Vec<_> = (0..100).map(|n| json!(format!("p{n}@example.com"))).collect();
    let (cleaned, withheld) = clean(json!({ "people": people }));
    assert_eq!(withheld.iter().count(), MAX_FIELDS);
    assert!(!cleaned.to_string().contains('@'));
}

fn any_json() -> impl Strategy<Value = Value> {
    let text = prop_oneof![
        "[a-z0-9@+. ()%?=&/-]{0,24}",
        Just("ana@example.com".to_owned()),
        Just("+5511999990001".to_owned()),
        "\\PC{0,8}",
    ];
    let leaf = prop_oneof![
        text.clone().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<bool>().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 32, 5, move |inner| {
        let key = prop_oneof![text.clone(), Just("name".to_owned()), Just("email".to_owned())];
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::btree_map(key, inner, 0..5)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

fn texts(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::String(text) => found.push(text.clone()),
        Value::Array(items) => items.iter().for_each(|item| texts(item, found)),
        Value::Object(object) => {
            for (key, value) in object {
                found.push(key.clone());
                texts(value, found);
            }
        }
        _ => {}
    }
}

proptest! {
    #[test]
    fn no_pattern_survives_and_a_second_split_finds_nothing(value in any_json()) {
        let (once, _) = clean(json!({ "value": value }));
        let mut left = Vec::new();
        texts(&once, &mut left);
        for text in left {
            prop_assert!(!patterns::is_personal(&text), "{}", text);
        }
        let (twice, withheld) = clean(once.clone());
        prop_assert_eq!(twice, once);
        prop_assert_eq!(withheld.iter().count(), 0);
    }
}
