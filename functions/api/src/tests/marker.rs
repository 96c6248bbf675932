//! A marker, planted wherever people and senders can put one, is nowhere after the erasure: in no
//! item of any table and no file, as it lies and opened with every key that is left.

mod search;

use ::search::{Indexer, concerned};
use domain::{
    actor::Actor,
    bulk::Selection,
    event::{Arrival, Event, EventId},
    identity::{Identity, Kind},
    job::{JobId, JobStatus, Work},
    lead_filter::LeadFilter,
};
use dynamo::Job;
use files::FileKey;
use intake::{
    Whom, note_identities,
    personal::{self, Withheld},
    seal,
};
use serde_json::{Map, Value, json};
use testing::{a_tenant, keyring};

use super::{
    edit::{Edit, edit},
    world::{NOW, World, at},
};

const EMAIL: &str = "marker@example.com";
const PHONE: &str = "+5511987654321";
const NAME: &str = "Markerson";

/// What nobody may find. What a text was taken apart into counts, too.
const MARKERS: [&str; 4] = ["marker@example.com", "markerson", "5511987654321", "marker note"];

/// Makes the event of an item that senders filled with the marker, as `ingest` does.
fn sent() -> Arrival {
    let identities = [(Kind::UserId, "u1"), (Kind::Email, EMAIL), (Kind::Phone, PHONE)];
    let identities = identities.map(|(kind, value)| Identity::new(kind, value).unwrap());
    let whom = Whom::of(&identities, &[], &keyring()).unwrap();
    let object = |value: Value| -> Map<String, Value> { serde_json::from_value(value).unwrap() };
    let mut withheld = Withheld::default();
    note_identities(&identities, &mut withheld);
    let traits = object(json!({
        "email": EMAIL, "phone": PHONE, "name": format!("Ana {NAME}"), "lastName": NAME,
        "notes": "a marker note", "bio": format!("{NAME}, of Recife"), "plan": "pro",
        "company": "Acme", "backup": format!("or {EMAIL}"),
    }));
    let properties = object(json!({
        "url": format!("https://shop.example/?email={EMAIL}&q=1#{EMAIL}"),
        "comment": format!("write to {EMAIL} or {PHONE}"),
        "nested": { "deep": [EMAIL, { "email": EMAIL, "message": "a marker note" }] },
    }));
    let context = object(json!({
        "page": { "url": format!("https://shop.example/u/{EMAIL}"), "referrer": format!("mailto:{EMAIL}") },
        "traits": { "email": EMAIL, "lastName": NAME },
    }));
    let event = Event {
        event_id: EventId::from_sender("e1").unwrap(),
        event_type: "page_view".to_owned(),
        home: whom.home,
        timestamp: at("2026-01-10T12:00:00Z"),
        received_at: at("2026-01-10T12:00:00Z"),
        traits: personal::person_traits(traits, &mut withheld),
        properties: personal::clean_top(properties, "properties", false, &mut withheld),
        context: personal::clean_top(context, "context", false, &mut withheld),
        links: whom.links(),
        edit: None,
    };
    seal(event, &whom, &withheld, &keyring()).unwrap()
}

async fn done(world: &World, write: Edit) -> Value {
    let answer = write.send(world).await;
    assert!((200..300).contains(&answer.status), "{}", answer.body);
    answer.body
}

/// Plants the marker, and returns the lead's path.
async fn plant(world: &World) -> String {
    let profile =
        json!({ "last_name": NAME, "email": EMAIL, "nickname": format!("{NAME} {EMAIL}") });
    let create = json!({ "email": EMAIL, "profile": profile });
    let made = edit("POST", "/v1/leads").body(&create).idempotency_key("lead");
    done(world, made.at("2026-01-09T12:00:00Z")).await;
    let arrival = sent();
    let homes = concerned(&arrival);
    world.score(arrival).await;
    let indexer = Indexer::new(world.tables.store.clone());
    indexer.refresh(&a_tenant(), &keyring(), homes).await.unwrap();
    let found = done(world, edit("GET", "/v1/leads?q=markerson")).await;
    let lead = format!("/v1/leads/{}", found["data"][0]["id"].as_str().unwrap());
    let change = json!({ "profile": { "first_name": NAME, "about": EMAIL } });
    done(world, edit("PATCH", &lead).body(&change).if_match("*")).await;
    for (part, body) in [
        ("notes", json!({ "text": format!("a marker note about {EMAIL}") })),
        ("activities", json!({ "type": "call", "subject": format!("Call {NAME}") })),
    ] {
        let write = edit("POST", &format!("{lead}/{part}")).body(&body);
        done(world, write.idempotency_key(part)).await;
    }
    files(world).await;
    lead
}

/// Leaves the files of an import and of an export that hold the marker.
async fn files(world: &World) {
    let mut import = edit("POST", "/v1/imports").body(&json!(null)).idempotency_key("import").0;
    import["headers"]["content-type"] = json!("text/csv");
    import["body"] = json!(format!("email,last_name\n{EMAIL},{NAME}\n"));
    let job = world.send(import).await;
    assert_eq!(job.status, 202, "{}", job.body);
    let import: JobId = job.body["id"].as_str().unwrap().parse().unwrap();
    end(world, &import).await;
    let export: JobId = "job_019bc186-de00-7f60-8a1b-2c3d4e5f6071".parse().unwrap();
    let leads = Selection::Matching(LeadFilter::default());
    let work = Work::Export { by: Actor::System, leads };
    let job = Job::new(export.clone(), work, 1, at(NOW));
    assert!(world.tables.store.create_job(&a_tenant(), &job, None).await.unwrap());
    let csv = format!("lead_1,u1,{EMAIL},,{PHONE},,,,{NAME}\r\n");
    let key = FileKey::export(&a_tenant(), &export, "00000-00000-0");
    let sealed = keyring().seal_item(csv.as_bytes()).unwrap();
    world.jobs.files.0.lock().unwrap().insert(key, sealed);
    end(world, &export).await;
}

async fn end(world: &World, job: &JobId) {
    let from = [JobStatus::Queued];
    world.tables.store.turn_job(&a_tenant(), job, &from, JobStatus::Done, at(NOW)).await.unwrap();
}

#[tokio::test]
async fn a_marker_that_was_planted_everywhere_is_nowhere_after_the_erasure() {
    let world = World::start().await;
    let lead = plant(&world).await;
    let before = search::found(&world, &MARKERS).await;
    assert_eq!(before.raw, [""; 0], "nothing personal ever lies open");
    for place in ["home", "note_", "activity_", "idempotency#", "imports/", "exports/"] {
        assert!(before.opened.iter().any(|found| found.contains(place)), "{place}: {before:?}");
    }
    let held = done(&world, edit("GET", &format!("{lead}/data"))).await;
    let text = held.to_string().to_lowercase();
    for marker in MARKERS {
        assert!(text.contains(marker), "{marker} is held and not shown: {text}");
    }
    let erase = edit("DELETE", &format!("{lead}?mode=erase&now=true")).seconds_later(120);
    let receipt = done(&world, erase).await;
    assert!(receipt["done_at"].is_string(), "{receipt}");
    assert!(receipt["erased"]["search_entries"].as_u64().unwrap() > 10, "{receipt}");
    for (trace, count) in [("answers", 3), ("files", 2), ("notes", 1), ("activities", 1)] {
        assert_eq!(receipt["erased"][trace], count, "{trace}: {receipt}");
    }
    let after = search::found(&world, &MARKERS).await;
    assert_eq!((after.raw, after.opened), (vec![], vec![]));
    assert_eq!(search::entries(&world).await, [""; 0], "no index entry is left");
    // What stays is nobody's, and still counts.
    let erased = world.tables.store.lead(&a_tenant(), lead[10..].parse().unwrap()).await.unwrap();
    let erased = erased.unwrap();
    assert!(erased.erased.is_some());
    assert_eq!(erased.state.events, 1);
}
