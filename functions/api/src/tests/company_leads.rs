//! Following the index: the leads of a company and what they come to, and the leads of a search.

use std::collections::{BTreeSet, HashMap};

use aws_sdk_dynamodb::types::AttributeValue;
use domain::identity::Kind;
use serde_json::json;
use testing::{a_tenant, an_event, home_of};

use super::{
    callers::keyring,
    companies::{crowd, named, of, pages, refresh, user},
    edit::edit,
    world::{World, at},
};

#[tokio::test]
async fn scores_of_its_leads_are_rolled_up_as_of_the_request() {
    let world = crowd().await;
    let acme = named(&world, "acme").await;
    let expected = json!({ "leads": 3, "average_score": 45.0, "highest_score": 100, "complete": true,
        "by_stage": { "cold": 1, "warm": 1, "hot": 0, "qualified": 1 } });
    assert_eq!(world.get(&acme).await.body["roll_up"], expected);
    let later = world.get_at(&acme, at("2026-02-14T12:00:00Z")).await.body;
    assert_eq!(later["roll_up"]["highest_score"], 29, "100 points after 31 idle days");
}

#[tokio::test]
async fn a_lead_of_another_company_by_now_or_deleted_is_not_counted() {
    let world = crowd().await;
    let acme = named(&world, "acme").await;
    // The index still leads to these.
    world.delete(user("u1")).await;
    let mut home = world.tables.store.homes(&a_tenant(), [user("u2")]).await.unwrap();
    let mut home = home.remove(&user("u2")).unwrap();
    home.profile.declare_all(&of("u2", "Zebra", "signup").days_later(1).arrival());
    let commit = dynamo::Commit { homes: vec![home], ..dynamo::Commit::default() };
    world.tables.store.commit(&a_tenant(), &commit).await.unwrap();
    assert_eq!(world.get(&acme).await.body["roll_up"]["leads"], 1);
    let ids = pages(&world, &format!("{acme}/leads?limit=1"), "id").await;
    assert_eq!(ids, [user("u3").to_string()]);
}

#[tokio::test]
async fn a_company_keeps_its_leads_under_another_name() {
    let world = crowd().await;
    let acme = named(&world, "acme").await;
    let rename = edit("PATCH", &acme).body(&json!({ "name": "Yak Group" })).if_match("*");
    let renamed = rename.send(&world).await;
    assert_eq!(renamed.body["former_names"], json!(["Acme, Inc."]), "{}", renamed.body);
    world.store(&a_tenant(), [of("u5", "yak group", "page_view").arrival()]).await;
    refresh(&world, [user("u5")]).await;
    assert_eq!(world.get(&acme).await.body["roll_up"]["leads"], 4);
    assert_eq!(pages(&world, "/v1/companies?limit=1", "name").await, ["Yak Group", "Zebra"]);
    for limit in [1, 2, 3, 4, 250] {
        let ids = pages(&world, &format!("{acme}/leads?limit={limit}"), "id").await;
        let distinct: BTreeSet<_> = ids.iter().cloned().collect();
        let expected = ["u1", "u2", "u3", "u5"].map(|name| user(name).to_string());
        assert_eq!((ids.len(), distinct), (4, expected.into()), "limit {limit}");
    }
}

#[tokio::test]
async fn a_lead_of_several_homes_is_listed_once() {
    let login = of("u1", "Acme", "signup").by(Kind::AnonymousId, "c1").arrival();
    let before = an_event("e-c1").by(Kind::AnonymousId, "c1").declaring("company", "ACME");
    let world = World::with([login, before.arrival()]).await;
    refresh(&world, [user("u1"), home_of(Kind::AnonymousId, "c1").id]).await;
    let acme = named(&world, "acme").await;
    for limit in [1, 2] {
        let ids = pages(&world, &format!("{acme}/leads?limit={limit}"), "id").await;
        assert_eq!(ids, [user("u1").to_string()]);
    }
    assert_eq!(world.get(&acme).await.body["roll_up"]["leads"], 1);
}

#[tokio::test]
async fn beyond_a_thousand_leads_a_roll_up_says_that_it_is_not_complete() {
    let event = |n| an_event("e").by(Kind::UserId, &format!("u{n}")).declaring("company", "Acme");
    let world = World::with((0..1_001).map(|n| event(n).arrival())).await;
    refresh(&world, [user("u0")]).await;
    let token = ::search::company(&keyring(&a_tenant()), "acme");
    let entry = |n| {
        let pk = dynamo::keys::company_partition(&a_tenant(), token);
        let sk = user(&format!("u{n}")).to_string();
        HashMap::from([("pk".to_owned(), pk), ("sk".to_owned(), sk)])
    };
    let entries = (1..1_001)
        .map(entry)
        .map(|entry| entry.into_iter().map(|(name, key)| (name, AttributeValue::S(key))).collect());
    world.tables.load_search_table(entries);
    let roll_up = world.get(&named(&world, "acme").await).await.body["roll_up"].clone();
    assert_eq!((&roll_up["leads"], &roll_up["complete"]), (&json!(1_000), &json!(false)));
}

#[tokio::test]
async fn a_search_shows_a_lead_once_and_only_by_what_it_shows_now() {
    let events = [
        of("u1", "Acme Brasil", "signup").by(Kind::Email, "ana.silva@acme.example"),
        of("u2", "Acme Chile", "signup"),
        of("u2", "Zebra", "page_view").days_later(1),
    ];
    let arrivals = events.into_iter().zip(0..).map(|(event, number)| {
        let mut arrival = event.arrival();
        arrival.event.event_id = format!("e{number}").try_into().unwrap();
        arrival
    });
    let world = World::with(arrivals).await;
    let email = home_of(Kind::Email, "ana.silva@acme.example").id;
    refresh(&world, [user("u1"), user("u2"), email]).await;
    for (query, expected) in [
        ("acme", vec!["u1"]),
        ("ana%20acme%20bra", vec!["u1"]),
        ("silva@acme", vec!["u1"]),
        ("zebra", vec!["u2"]),
        ("chile", vec![]),
        ("brasilia", vec![]),
    ] {
        let ids = pages(&world, &format!("/v1/leads?limit=1&q={query}"), "id").await;
        let expected: Vec<_> = expected.into_iter().map(|name| user(name).to_string()).collect();
        assert_eq!(ids, expected, "{query}");
    }
    world.delete(user("u1")).await;
    assert_eq!(world.get("/v1/leads?q=acme").await.body["data"], json!([]));
}
