//! What the homes of a lead show together.

use domain::{
    actor::Actor,
    event::{EventId, Sealed},
    home::HomeRef,
    identity::Kind,
    lead::Home,
    profile::{EditedField, Edits, FieldValue},
    search::Query,
    time::Timestamp,
};
use search::Shown;
use serde_json::json;
use testing::{a_tenant, home_of};
use vault::IDENTITY_FIELD;

use crate::world::{World, field, keyring, user};

fn sealed(home: HomeRef, name: &str, value: &str) -> FieldValue {
    FieldValue::Sealed(keyring().seal_for_transit(home.id, name, value).unwrap())
}

fn edited(value: Option<FieldValue>, millis: i64) -> EditedField {
    EditedField {
        value,
        timestamp: Timestamp::from_millis(millis).unwrap(),
        event_id: EventId::from_sender("edit").unwrap(),
        by: Actor::System,
    }
}

fn matches(homes: &[&Home], query: &str) -> bool {
    let shown = Shown::of(homes.iter().copied(), &keyring());
    Query::parse(query).unwrap().matches(&shown.values)
}

fn email_home(value: &str) -> Home {
    let home = home_of(Kind::Email, value);
    let identity = keyring().seal_for_transit(home.id, IDENTITY_FIELD, value).unwrap();
    Home { identity: Some(identity), ..Home::new(home) }
}

#[test]
fn words_of_all_homes_and_identities_count_together() {
    let mut ana = Home::new(user());
    ana.profile.declare("first_name", field(sealed(user(), "first_name", "Ana")));
    ana.profile.declare("company", field(FieldValue::Plain(json!({ "name": "Acme Inc" }))));
    let email = email_home("silva@example.com");
    assert!(matches(&[&ana, &email], "ana silva acme"));
    assert!(!matches(&[&ana], "ana silva"));
    assert_eq!(Shown::of([&ana, &email], &keyring()).company.as_deref(), Some("acme inc"));
}

#[tokio::test]
async fn a_company_is_named_by_nothing_that_is_sealed_or_redacted() {
    let world = World::start().await;
    for value in [
        sealed(user(), "company", "ana@example.com"),
        FieldValue::Plain(json!("Ana [email]")),
        FieldValue::Plain(json!({ "name": "[personal]" })),
    ] {
        for is_set in [false, true] {
            let mut home = Home::new(user());
            let known = world.tables.store.homes(&a_tenant(), [user().id]).await.unwrap();
            home.version = known.get(&user().id).map_or(0, |home| home.version);
            // What is set by hand hides what is declared, also where it names no company.
            let set = edited(Some(value.clone()), 5);
            if is_set {
                home.profile.declare("company", field(FieldValue::Plain(json!("Acme"))));
                home.edits = Edits::from_fields([("company".to_owned(), set)]);
            } else {
                home.profile.declare("company", field(value.clone()));
            }
            assert_eq!(Shown::of([&home], &keyring()).company, None);
            world.put(home).await;
            world.refresh([user()]).await;
        }
    }
    let made = world.tables.store.companies(&a_tenant(), "", None, 10).await.unwrap().companies;
    let names: Vec<_> = made.iter().map(|(key, _)| key.as_str()).collect();
    assert_eq!(names, ["acme"]);
    let mut home = Home::new(user());
    home.profile.declare("company", field(sealed(user(), "company", "Ana Silva 11 99999-0001")));
    assert!(matches(&[&home], "ana silva"), "it is found by all the same");
}

#[test]
fn what_is_set_by_hand_hides_what_is_declared_until_it_is_released() {
    let mut home = Home::new(user());
    home.profile.declare("name", field(sealed(user(), "name", "Ana Silva")));
    let set = edited(Some(sealed(user(), "name", "Bia Souza")), 5);
    home.edits = Edits::from_fields([("name".to_owned(), set)]);
    assert!(matches(&[&home], "bia") && !matches(&[&home], "ana"));
    let mut other = email_home("x@example.com");
    other.edits = Edits::from_fields([("name".to_owned(), edited(None, 6))]);
    assert!(matches(&[&home, &other], "ana") && !matches(&[&home, &other], "bia"));
}

#[tokio::test]
async fn both_what_is_declared_and_what_is_set_by_hand_lead_to_a_home() {
    let world = World::start().await;
    let mut home = Home::new(user());
    home.profile.declare("name", field(sealed(user(), "name", "Ana")));
    let set = edited(Some(sealed(user(), "name", "Bia")), 5);
    home.edits = Edits::from_fields([("name".to_owned(), set)]);
    world.put(home).await;
    world.refresh([user()]).await;
    assert_eq!(
        world.entries(user()).await,
        World::expected(&[("name", "Ana"), ("username", "Bia")])
    );
}

#[tokio::test]
async fn an_address_leads_to_its_own_home_and_what_does_not_open_leads_nowhere() {
    let world = World::start().await;
    let mut home = email_home("ana@example.com");
    home.profile.declare("name", field(FieldValue::Sealed(Sealed("junk".to_owned()))));
    home.profile.declare("company", field(FieldValue::Plain(json!(["no", "name"]))));
    let id = home.home;
    world.put(home).await;
    world.refresh([id]).await;
    assert_eq!(world.entries(id).await, World::expected(&[("email", "ana@example.com")]));
}
