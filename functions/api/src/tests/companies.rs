//! Companies: kept and guarded.

use ::search::Indexer;
use domain::{home::HomeId, identity::Kind};
use dynamo::AuditRange;
use serde_json::{Value, json};
use testing::{EventBuilder, a_tenant, an_event, home_of};

use super::{
    callers::keyring,
    edit::edit,
    world::{Answer, World, at, other_tenant},
};

const COMPANIES: &str = "/v1/companies";

/// Somebody of a company, who did something on the eve of the request.
pub(super) fn of(user: &str, company: &str, event_type: &str) -> EventBuilder {
    let event = an_event(format!("e-{user}")).of_type(event_type).by(Kind::UserId, user);
    event.at(at("2026-01-14T12:00:00Z")).declaring("company", company)
}

/// Lets the leads of the first tenant be found, as `score` does.
pub(super) async fn refresh(world: &World, homes: impl IntoIterator<Item = HomeId>) {
    let indexer = Indexer::new(world.tables.store.clone());
    indexer.refresh(&a_tenant(), &keyring(&a_tenant()), homes).await.unwrap();
}

pub(super) fn user(name: &str) -> HomeId {
    home_of(Kind::UserId, name).id
}

/// Three leads of one company in three spellings, and one of another.
pub(super) async fn crowd() -> World {
    let world = World::with([
        of("u1", "Acme, Inc.", "contract_signed").arrival(),
        of("u2", "ACME Inc", "signup").arrival(),
        of("u3", "Ácme  inc", "page_view").arrival(),
        of("u4", "Zebra", "demo_request").arrival(),
    ])
    .await;
    for name in ["u1", "u2", "u3", "u4"] {
        refresh(&world, [user(name)]).await;
    }
    world
}

async fn make(world: &World, body: &Value) -> Answer {
    edit("POST", COMPANIES).body(body).send(world).await
}

/// Returns the path of the company that leads named.
pub(super) async fn named(world: &World, q: &str) -> String {
    let listed = world.get(&format!("{COMPANIES}?q={q}")).await.body;
    format!("{COMPANIES}/{}", listed["data"][0]["id"].as_str().unwrap())
}

/// Follows the pages of a list and returns the values of a field.
pub(super) async fn pages(world: &World, target: &str, field: &str) -> Vec<String> {
    let (mut values, mut next) = (Vec::new(), target.to_owned());
    loop {
        let answer = world.get(&next).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        let rows = answer.body["data"].as_array().unwrap();
        values.extend(rows.iter().map(|row| row[field].as_str().unwrap().to_owned()));
        let Some(cursor) = answer.body["next_cursor"].as_str() else { return values };
        next = format!("{target}&cursor={cursor}");
    }
}

#[tokio::test]
async fn a_company_is_made_shown_changed_and_removed() {
    let world = World::start().await;
    let body = json!({
        "name": " Acme Inc. ", "domain": "Acme.Example", "industry": "retail", "size": 42,
        "properties": { "plan": "pro" }, "notes": "Ask for ana@example.com.",
    });
    let made = make(&world, &body).await;
    assert_eq!(made.status, 201, "{}", made.body);
    let target = &made.headers["location"];
    assert_eq!(*target, format!("{COMPANIES}/{}", made.body["id"].as_str().unwrap()));
    assert_eq!(
        (&made.body["name"], &made.body["domain"]),
        (&json!("Acme Inc."), &json!("acme.example"))
    );
    let shown = world.get(target).await;
    assert_eq!(shown.etag(), made.etag());
    assert_eq!(shown.body["notes"], "Ask for ana@example.com.");
    let none = json!({ "leads": 0, "average_score": null, "highest_score": null, "complete": true,
        "by_stage": { "cold": 0, "warm": 0, "hot": 0, "qualified": 0 } });
    assert_eq!(shown.body["roll_up"], none);

    let patch = json!({ "size": null, "industry": "wholesale" });
    let unguarded = edit("PATCH", target).body(&patch).send(&world).await;
    assert_eq!(unguarded.code(), (428, "precondition_required"));
    let changed = edit("PATCH", target).body(&patch).if_match(made.etag()).send(&world).await;
    assert_eq!((changed.status, &changed.body["size"]), (200, &Value::Null), "{}", changed.body);
    assert_eq!(changed.body["notes"], made.body["notes"], "what is left out stays");
    let stale = edit("PATCH", target).body(&patch).if_match(made.etag()).send(&world).await;
    assert_eq!(stale.code(), (412, "precondition_failed"));
    let same = edit("PATCH", target).body(&patch).if_match(changed.etag()).send(&world).await;
    assert_eq!((same.status, same.etag()), (200, changed.etag()), "nothing changed");
    let stale = edit("DELETE", target).if_match(made.etag()).send(&world).await;
    assert_eq!(stale.code(), (412, "precondition_failed"));
    assert_eq!(edit("DELETE", target).send(&world).await.status, 204);
    for gone in [
        world.get(target).await,
        world.get(&format!("{target}/leads")).await,
        edit("DELETE", target).send(&world).await,
        edit("PATCH", target).body(&patch).if_match("*").send(&world).await,
        world.get("/v1/companies/acme").await,
    ] {
        assert_eq!(gone.code(), (404, "company_not_found"));
    }
}

#[tokio::test]
async fn a_name_is_that_of_one_company_and_a_refusal_says_of_which() {
    let world = crowd().await;
    let acme = named(&world, "acme").await;
    let taken = make(&world, &json!({ "name": "acme (inc)" })).await;
    assert_eq!(taken.code(), (409, "company_exists"));
    assert_eq!(taken.headers["location"], acme);
    let zebra = named(&world, "zebra").await;
    let taken = edit("PATCH", &zebra).body(&json!({ "name": "Acme Inc" })).if_match("*");
    assert_eq!(taken.send(&world).await.code(), (409, "company_exists"));
    assert_eq!(pages(&world, "/v1/companies?limit=50", "name").await, ["Acme, Inc.", "Zebra"]);
}

#[tokio::test]
async fn what_cannot_be_kept_is_refused_with_its_fields() {
    let world = World::start().await;
    let body = json!({ "name": "?", "domain": "https://acme.example", "industry": "",
        "size": 100_000_001, "properties": { "contact": "ana@example.com" }, "notes": "" });
    let refused = make(&world, &body).await;
    assert_eq!(refused.code(), (422, "invalid_company"));
    let expected = [
        ("name", "invalid_value"),
        ("domain", "invalid_value"),
        ("industry", "invalid_value"),
        ("size", "out_of_range"),
        ("notes", "invalid_value"),
        ("properties", "personal_data"),
    ];
    assert_eq!(refused.errors(), expected);
    assert!(!refused.body.to_string().contains("ana@"), "{}", refused.body);
    let large = json!({ "name": "Acme", "properties": { "text": "x".repeat(17_000) } });
    assert_eq!(make(&world, &large).await.errors(), [("properties", "too_large")]);
    for body in [json!({}), json!({ "name": null }), json!({ "name": "A", "id": "x" })] {
        assert_eq!(make(&world, &body).await.code(), (422, "invalid_body"), "{body}");
    }
    for query in ["q=?", "limit=0", "limit=251", "sort=name"] {
        let refused = world.get(&format!("{COMPANIES}?{query}")).await;
        assert_eq!(refused.code(), (400, "invalid_query"), "{query}");
    }
}

#[tokio::test]
async fn names_run_out_and_are_never_lost() {
    let world = World::start().await;
    let made = make(&world, &json!({ "name": "Name 0" })).await;
    let target = &made.headers["location"];
    for number in 1..20 {
        let rename = json!({ "name": format!("Name {number}") });
        let renamed = edit("PATCH", target).body(&rename).if_match("*").send(&world).await;
        assert_eq!(renamed.status, 200, "{}", renamed.body);
    }
    let refused = edit("PATCH", target).body(&json!({ "name": "Name 20" })).if_match("*");
    assert_eq!(refused.send(&world).await.errors(), [("name", "too_many_names")]);
    let back = edit("PATCH", target).body(&json!({ "name": "Name 0" })).if_match("*");
    assert_eq!(back.send(&world).await.status, 200);
}

#[tokio::test]
async fn pages_go_on_with_the_same_beginning_only() {
    let world = World::start().await;
    for name in ["Acme", "acme 2", "Bär", "Zebra"] {
        assert_eq!(make(&world, &json!({ "name": name })).await.status, 201);
    }
    for limit in [1, 2, 250] {
        let names = pages(&world, &format!("{COMPANIES}?limit={limit}"), "name").await;
        assert_eq!(names, ["Acme", "acme 2", "Bär", "Zebra"], "limit {limit}");
        let names = pages(&world, &format!("{COMPANIES}?limit={limit}&q=ACM"), "name").await;
        assert_eq!(names, ["Acme", "acme 2"], "limit {limit}");
    }
    let first = world.get(&format!("{COMPANIES}?limit=1&q=acme")).await.body;
    let cursor = first["next_cursor"].as_str().unwrap();
    for query in ["limit=1", "q=bar"] {
        let refused = world.get(&format!("{COMPANIES}?{query}&cursor={cursor}")).await;
        assert_eq!(refused.code(), (400, "invalid_cursor"), "{query}");
    }
    let acme = named(&world, "acme").await;
    let refused = world.get(&format!("{acme}/leads?cursor={cursor}")).await;
    assert_eq!(refused.code(), (400, "invalid_cursor"));
}

#[tokio::test]
async fn a_creation_that_is_repeated_makes_one_company() {
    let world = World::start().await;
    let send = || edit("POST", COMPANIES).body(&json!({ "name": "Acme" })).idempotency_key("k1");
    let (first, again) = (send().send(&world).await, send().seconds_later(5).send(&world).await);
    assert_eq!((again.status, &again.body), (201, &first.body));
    assert_eq!(pages(&world, "/v1/companies?limit=9", "name").await.len(), 1);
}

#[tokio::test]
async fn notes_lie_sealed_and_changes_are_written_down_without_values() {
    let world = World::start().await;
    let made = make(&world, &json!({ "name": "Acme", "notes": "Ask for Ana." })).await;
    let target = &made.headers["location"];
    for seconds in [1, 2] {
        let resize = edit("PATCH", target).body(&json!({ "size": 5 })).if_match("*");
        assert_eq!(resize.seconds_later(seconds).send(&world).await.status, 200);
    }
    edit("DELETE", target).seconds_later(3).send(&world).await;
    let tenant = a_tenant();
    let log = world.tables.store.audit_entries(&tenant, AuditRange::default(), None, 9);
    let log = log.await.unwrap();
    let told: Vec<_> =
        log.iter().map(|entry| (entry.action.as_str(), entry.fields.len())).collect();
    assert_eq!(told[..2], [("company.deleted", 0), ("company.updated", 1)]);
    assert_eq!((told.len(), told[2].0), (3, "company.created"));
    assert!(log.iter().all(|entry| made.body["id"] == entry.object_id));
    let made = make(&world, &json!({ "name": "Acme", "notes": "Ask for Ana." })).await;
    let id = made.body["id"].as_str().unwrap().parse().unwrap();
    let kept = world.tables.store.company(&tenant, &id).await.unwrap().unwrap();
    assert!(!format!("{kept:?}").contains("Ana"), "{kept:?}");
}

#[tokio::test]
async fn another_tenants_companies_do_not_exist_and_a_reader_cannot_write() {
    let world = World::start().await;
    let theirs = edit("POST", COMPANIES).body(&json!({ "name": "Acme" }));
    let theirs = theirs.with_key(&other_tenant(), "admin").send(&world).await;
    let target = &theirs.headers["location"];
    assert_eq!(world.get(target).await.code(), (404, "company_not_found"));
    assert_eq!(world.get(COMPANIES).await.body["data"], json!([]));
    assert_eq!(make(&world, &json!({ "name": "Acme" })).await.status, 201);
    let reader =
        edit("POST", COMPANIES).body(&json!({ "name": "B" })).with_key(&a_tenant(), "read");
    assert_eq!(reader.send(&world).await.code(), (403, "missing_scope"));
}
