//! Crypto-shredding: copies of everything from before an erasure, and the keys of the tenant beside
//! all that is left in the tables, open nothing of the person.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use aws_sdk_dynamodb::types::AttributeValue;
use domain::{
    actor::Actor,
    entry::{Entry, EntryId, EntryKind, Note},
    erasure::{Reason, Trace},
    event::{Arrival, Sealed},
    home::HomeId,
    identity::Kind,
    lead::{Home, WrappedKey},
    profile::FieldValue,
};
use scoring::{Order, Scorer};
use serde_json::Value;
use testing::{EventBuilder, Tables, a_tenant, an_edit, an_event, home_of, keyring};
use vault::is_in_transit;

use crate::{delivery::deliver, now, runtime};

const SECRETS: [&str; 5] =
    ["marker@example.com", "+5511999990001", "Marker", "Markerson", "secret note"];

/// Everything sealed that somebody may hold a copy of: whose, under which field, and the value.
type Copies = BTreeSet<(HomeId, String, String)>;

fn told() -> Vec<Arrival> {
    let mut identify = an_event("1")
        .by(Kind::UserId, "u1")
        .by(Kind::Email, "marker@example.com")
        .by(Kind::Phone, "+5511999990001")
        .of_type("identify")
        .arrival();
    let home = identify.event.home.id;
    let name = keyring().seal_for_transit(home, "first_name", "Marker").unwrap();
    identify.personal.insert("first_name".to_owned(), name);
    let edit = an_edit("2").of(Kind::UserId, "u1").sealing("last_name", "Markerson");
    vec![identify, edit.seconds_later(1).arrival(), bystander()]
}

/// Somebody else, who stays.
fn bystander() -> Arrival {
    an_event("3").by(Kind::UserId, "u2").by(Kind::Email, "bob@example.com").arrival()
}

/// Writes a note beside a lead, as the API does.
async fn note(tables: &Tables, scorer: &Scorer, home: HomeId) -> (EntryId, Sealed) {
    let keyed = scorer.keyed_home(&keyring(), home).await.unwrap().unwrap();
    let wrapped = keyed.key.unwrap();
    let id = EntryId::new(EntryKind::Note, "019a0b3c-4d5e-7f60-8a1b-2c3d4e5f6071").unwrap();
    let key = keyring().lead_key(home, &wrapped).unwrap();
    let text = key.seal(id.as_str(), "secret note").unwrap();
    let entry = Entry {
        id: id.clone(),
        home,
        by: Actor::System,
        created_at: now(),
        updated_at: None,
        content: Note { text: text.clone() },
    };
    for _ in 0..2 {
        assert!(tables.store.put_entry(&a_tenant(), &entry, None, &wrapped).await.unwrap());
    }
    (id, text)
}

async fn homes(tables: &Tables) -> BTreeMap<HomeId, Home> {
    let page = tables.client.scan().table_name(tables.leads_table()).send().await.unwrap();
    let is_home = |item: &&HashMap<_, AttributeValue>| item["sk"].as_s().unwrap() == "home";
    let ids = page.items().iter().filter(is_home).map(|item| {
        item["pk"].as_s().unwrap().split_once('#').unwrap().1.parse::<HomeId>().unwrap()
    });
    tables.store.homes(&a_tenant(), ids.collect::<Vec<_>>()).await.unwrap()
}

/// Copies all that homes hold sealed.
fn copied(homes: &BTreeMap<HomeId, Home>) -> Copies {
    let mut copies = Copies::new();
    for (id, home) in homes {
        let mut copy = |field: &str, sealed: &Sealed| {
            assert!(!is_in_transit(sealed), "kept under the home's own key");
            copies.insert((*id, field.to_owned(), sealed.0.clone()));
        };
        if let Some(identity) = &home.identity {
            copy(vault::IDENTITY_FIELD, identity);
        }
        let declared = home.profile.iter().map(|(name, field)| (name, &field.value));
        let edits = home.edits.iter();
        let edited = edits.filter_map(|(name, field)| Some((name, field.value.as_ref()?)));
        for (name, value) in declared.chain(edited) {
            if let FieldValue::Sealed(sealed) = value {
                copy(name, sealed);
            }
        }
    }
    copies
}

/// Opens what opens with the tenant's keys and the wrapped keys that are at hand.
fn open(copies: &Copies, keys: &BTreeSet<String>) -> BTreeSet<String> {
    let keyring = keyring();
    let opened = copies.iter().filter_map(|(home, field, sealed)| {
        let sealed = Sealed(sealed.clone());
        let unwrapped = keys.iter().filter_map(|key| {
            keyring.lead_key(*home, &WrappedKey(key.clone())).ok()?.open(field, &sealed).ok()
        });
        let by_tenant = keyring.open_from_transit(*home, field, &sealed);
        by_tenant
            .or_else(|_| keyring.open_value(&home.to_string(), field, &sealed))
            .ok()
            .or_else(|| unwrapped.into_iter().next())
    });
    opened.collect()
}

/// Collects every text in the tables that could be a key, whatever attribute it lies in.
async fn texts(tables: &Tables) -> BTreeSet<String> {
    let mut texts = BTreeSet::new();
    for table in [tables.leads_table(), tables.events_table(), tables.search_table()] {
        let page = tables.client.scan().table_name(table).send().await.unwrap();
        for item in page.items() {
            collect(&AttributeValue::M(item.clone()), &mut texts);
        }
    }
    texts
}

fn collect(value: &AttributeValue, texts: &mut BTreeSet<String>) {
    match value {
        AttributeValue::S(text) => {
            if let Ok(json) = serde_json::from_str::<Value>(text) {
                collect_json(&json, texts);
            }
            texts.insert(text.clone());
        }
        AttributeValue::L(list) => list.iter().for_each(|value| collect(value, texts)),
        AttributeValue::M(map) => map.values().for_each(|value| collect(value, texts)),
        _ => {}
    }
}

fn collect_json(value: &Value, texts: &mut BTreeSet<String>) {
    match value {
        Value::String(text) => drop(texts.insert(text.clone())),
        Value::Array(list) => list.iter().for_each(|value| collect_json(value, texts)),
        Value::Object(map) => map.values().for_each(|value| collect_json(value, texts)),
        _ => {}
    }
}

#[test]
fn what_was_copied_before_opens_no_more() {
    runtime().block_on(async {
        let tables = Tables::with_tenant(&a_tenant()).await;
        let scorer = Scorer::new(tables.store.clone());
        for arrival in told() {
            deliver(&scorer, vec![vec![arrival]], now()).await;
        }
        let user = home_of(Kind::UserId, "u1").id;
        let (id, text) = note(&tables, &scorer, user).await;
        let mut copies = copied(&homes(&tables).await);
        copies.insert((user, id.to_string(), text.0));
        let known = texts(&tables).await;
        for secret in SECRETS {
            assert!(known.iter().all(|text| !text.contains(secret)), "{secret} lies open");
        }
        let opened = open(&copies, &known);
        assert!(SECRETS.iter().all(|secret| opened.contains(*secret)), "{opened:?}");

        let order =
            Order { by: &Actor::System, reason: Reason::Asked, audit: None, still: &|_| true };
        let receipt = scorer.erase(&keyring(), user, order, now()).await.unwrap();
        let traces = [
            (Trace::Keys, 3),
            (Trace::Identities, 3),
            (Trace::DeclaredFields, 1),
            (Trace::EditedFields, 1),
        ];
        assert_eq!(receipt.traces, traces.into());

        let opened = open(&copies, &texts(&tables).await);
        assert_eq!(opened, ["u2", "bob@example.com"].map(str::to_owned).into());
        assert!(copied(&homes(&tables).await).len() == 2, "of who stays");
        // A note that was on its way does not arrive.
        assert!(scorer.keyed_home(&keyring(), user).await.unwrap().is_none());
        let late = Entry {
            id: EntryId::new(EntryKind::Note, "019a0b3c-4d5e-7f60-8a1b-2c3d4e5f6072").unwrap(),
            home: user,
            by: Actor::System,
            created_at: now(),
            updated_at: None,
            content: Note { text: Sealed("sealed".to_owned()) },
        };
        let key = WrappedKey("that it had".to_owned());
        assert!(!tables.store.put_entry(&a_tenant(), &late, None, &key).await.unwrap());
    });
}

#[test]
fn a_home_that_former_code_wrote_is_read_as_ever_and_sealed_anew_when_it_is_next_written() {
    runtime().block_on(async {
        let tables = Tables::with_tenant(&a_tenant()).await;
        let scorer = Scorer::new(tables.store.clone());
        let told = told();
        deliver(&scorer, vec![vec![told[0].clone()]], now()).await;
        let user = home_of(Kind::UserId, "u1").id;
        // As it lay before homes had keys.
        let former = told[0].personal["first_name"].clone();
        let key = dynamo::keys::home(&a_tenant(), user);
        let text = |text: &str| AttributeValue::S(text.to_owned());
        let update = tables.client.update_item().table_name(tables.leads_table());
        let update = update.key("pk", text(&key.pk)).key("sk", text(&key.sk));
        let update =
            update.update_expression("SET profile.first_name.sealed = :f, #i = :i REMOVE #k");
        let update = update.expression_attribute_names("#k", "key");
        let update = update.expression_attribute_names("#i", "identity");
        let update = update.expression_attribute_values(":f", text(&former.0));
        let update = update.expression_attribute_values(":i", text(&told[0].identities[&user].0));
        update.send().await.unwrap();
        let read = homes(&tables).await.remove(&user).unwrap();
        let shown = |home: &Home| {
            let home = testing::opened(home);
            (home.identity.unwrap().0, home.profile.get("first_name").unwrap().value.clone())
        };
        let expected = ("u1".to_owned(), FieldValue::Sealed(Sealed("Marker".to_owned())));
        assert_eq!((read.key.is_some(), shown(&read)), (false, expected.clone()));

        let keyed = scorer.keyed_home(&keyring(), user).await.unwrap().unwrap();
        assert_eq!((keyed.version, shown(&keyed)), (read.version + 1, expected.clone()));
        copied(&[(user, keyed.clone())].into());
        let again = scorer.keyed_home(&keyring(), user).await.unwrap().unwrap();
        assert_eq!(again, keyed, "it is made once");
        let next = an_event("4").by(Kind::UserId, "u1").declaring("title", "CTO").seconds_later(9);
        deliver(&scorer, vec![vec![EventBuilder::arrival(next)]], now()).await;
        let kept = homes(&tables).await.remove(&user).unwrap();
        assert_eq!((&kept.key, shown(&kept)), (&keyed.key, expected));
        assert_eq!(kept.identity, keyed.identity, "what is sealed once stays as it is");
    });
}

#[test]
fn of_two_first_commits_one_makes_the_key_and_both_are_kept_under_it() {
    runtime().block_on(async {
        let tables = Tables::with_tenant(&a_tenant()).await;
        let racing = (0..6_u8).map(|racer| {
            let tables = tables.clone();
            tokio::spawn(async move {
                let scorer = Scorer::new(tables.store.clone());
                let mut arrival = an_event(format!("e{racer}")).arrival();
                let (home, field) = (arrival.event.home.id, format!("field_{racer}"));
                let sealed = keyring().seal_for_transit(home, &field, &field).unwrap();
                arrival.personal.insert(field, sealed);
                deliver(&scorer, vec![vec![arrival]], now()).await;
            })
        });
        for racer in racing.collect::<Vec<_>>() {
            racer.await.unwrap();
        }
        let homes = homes(&tables).await;
        let home = testing::opened(homes.values().next().unwrap());
        let names: Vec<_> =
            home.profile.iter().map(|(name, field)| (name, field.value.clone())).collect();
        assert_eq!(names.len(), 6);
        for (name, value) in names {
            assert_eq!(value, FieldValue::Sealed(Sealed(name.to_owned())));
        }
        assert_eq!(copied(&homes).len(), 7);
    });
}
