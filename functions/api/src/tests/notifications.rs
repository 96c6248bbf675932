//! What users are told, once each, and to nobody else.

use domain::{
    identity::Kind,
    notification::{Notification, Topic},
    user::{Role, UserId},
};
use serde_json::{Value, json};
use testing::{Fault, Faults, a_tenant, home_of};

use super::{
    callers::{token, user},
    edit::edit,
    notes::{column, lead, two_people},
    world::{Answer, NOW, World, at, key, other_tenant},
};

const LIST: &str = "/v1/notifications";

fn admin() -> UserId {
    user(&a_tenant(), Role::Admin)
}

fn rep() -> UserId {
    user(&a_tenant(), Role::SalesRep)
}

async fn told(world: &World, who: &UserId, query: &str) -> Value {
    let answer = world.get_with(&format!("{LIST}?{query}"), Some(&token(who))).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.body
}

/// Edits the first lead as an administrator.
async fn edited(world: &World, method: &str, body: &Value) -> Answer {
    let answer = edit(method, &lead("u1")).body(body).if_match("*").by(&admin());
    let answer = answer.send(world).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer
}

/// Tells the sales rep of some jobs, a second apart.
async fn tell(world: &World, jobs: i64) {
    for number in 0..jobs {
        let (job, at) = (format!("job_{number}"), at(NOW).plus_millis(1_000 * number));
        let told = Notification::new(&rep(), Topic::JobDone, &job, "1", at);
        world.tables.store.notify(&a_tenant(), &rep(), &told).await.unwrap();
    }
}

#[tokio::test]
async fn who_is_assigned_a_lead_by_somebody_else_is_told_of_each_time_once() {
    let world = two_people().await;
    let (to_rep, to_nobody) = (json!({ "assigned_to": rep() }), json!({ "assigned_to": null }));
    edited(&world, "PATCH", &to_rep).await;
    let list = told(&world, &rep(), "").await;
    let one = &list["data"][0];
    assert_eq!(one["topic"], "lead_assigned");
    assert_eq!(one["object_id"], json!(home_of(Kind::UserId, "u1").id));
    assert_eq!((&one["at"], &one["read_at"]), (&json!("2026-01-15T12:00:00.000Z"), &Value::Null));
    assert_eq!((list["data"].as_array().unwrap().len(), &list["next_cursor"]), (1, &Value::Null));
    // Whose it is stays as it is: nothing happens that anybody is to be told.
    edited(&world, "PATCH", &to_rep).await;
    edited(&world, "PATCH", &json!({ "assigned_to": rep(), "status": "contacted" })).await;
    edited(&world, "PUT", &to_rep).await;
    assert_eq!(told(&world, &rep(), "").await, list);
    edited(&world, "PATCH", &to_nobody).await;
    assert_eq!(told(&world, &rep(), "").await, list);
    edited(&world, "PUT", &to_rep).await;
    assert_eq!(told(&world, &rep(), "").await["data"].as_array().unwrap().len(), 2);
    assert_eq!(told(&world, &admin(), "").await["data"], json!([]), "who assigns is not told");
}

#[tokio::test]
async fn who_makes_or_takes_a_lead_for_themselves_is_not_told() {
    let world = two_people().await;
    edited(&world, "PATCH", &json!({ "assigned_to": admin() })).await;
    let make = |body: &Value| edit("POST", "/v1/leads").body(body);
    let own = make(&json!({ "email": "ana@example.com" })).by(&rep()).send(&world).await;
    assert_eq!((own.status, &own.body["assigned_to"]), (201, &json!(rep())));
    for who in [admin(), rep()] {
        assert_eq!(told(&world, &who, "").await["data"], json!([]));
    }
    // A key is nobody's own: whose leads it makes is told.
    let body = json!({ "email": "bo@example.com", "assigned_to": rep() });
    for _ in 0..2 {
        let made = make(&body).idempotency_key("k1").send(&world).await;
        assert_eq!(made.status, 201, "{}", made.body);
        let list = told(&world, &rep(), "").await;
        assert_eq!(column(&list, "object_id"), [made.body["id"].as_str().unwrap()]);
    }
}

#[tokio::test]
async fn wherever_a_process_dies_a_lead_is_assigned_and_told_of_or_neither() {
    for calls in 0.. {
        for answer_lost in [false, true] {
            let world = two_people().await;
            let faults = Faults::crash_after(calls, answer_lost);
            let (sound, dying) = (world.tables.store.clone(), world.tables.with_faults(&faults));
            let world = world.through(dying);
            let body = json!({ "assigned_to": rep() });
            let send = || edit("PATCH", &lead("u1")).body(&body).if_match("*").by(&admin());
            send().send(&world).await;
            let made = edit("POST", "/v1/leads").idempotency_key("k1");
            let made = made.body(&json!({ "email": "ana@example.com", "assigned_to": rep() }));
            made.send(&world).await;
            let is_over = faults.calls() < calls;
            let world = world.through(sound);
            let owned = world.get(&format!("/v1/leads?assigned_to={}", rep())).await;
            let mut owned = column(&owned.body, "id");
            let mut heard = column(&told(&world, &rep(), "").await, "object_id");
            owned.sort();
            heard.sort();
            assert_eq!(heard, owned, "{calls} {answer_lost}");
            if is_over {
                assert_eq!(owned.len(), 2);
                return;
            }
        }
    }
}

#[tokio::test]
async fn an_assignment_is_told_once_before_its_answer_and_never_twice_when_that_got_lost() {
    for lost in 0.. {
        let world = two_people().await;
        let read = world.get(&lead("u1")).await.etag().to_owned();
        let faults =
            Faults::by_call(move |call| if call == lost { Fault::AnswerLost } else { Fault::None });
        let store = world.tables.with_faults(&faults);
        let world = world.through(store);
        let body = json!({ "assigned_to": rep() });
        let send = || edit("PATCH", &lead("u1")).body(&body).if_match(&read).send(&world);
        let first = send().await.status;
        if faults.calls() <= lost {
            assert_eq!(first, 200);
            return;
        }
        let again = send().await.status;
        let rows = told(&world, &rep(), "").await["data"].as_array().unwrap().len();
        assert!(rows <= 1, "{lost}: {first} {again}");
        if [first, again].contains(&200) {
            assert_eq!(rows, 1, "{lost}: {first} {again}");
        }
    }
}

#[tokio::test]
async fn a_creation_whose_answer_got_lost_is_told_once() {
    for lost in 0.. {
        let world = World::start().await;
        let faults =
            Faults::by_call(move |call| if call == lost { Fault::AnswerLost } else { Fault::None });
        let store = world.tables.with_faults(&faults);
        let world = world.through(store);
        let body = json!({ "email": "ana@example.com", "assigned_to": rep() });
        let send = || edit("POST", "/v1/leads").body(&body).idempotency_key("k1");
        let first = send().send(&world).await.status;
        if faults.calls() <= lost {
            assert_eq!(first, 201);
            return;
        }
        // By then the lease of the one that died is over.
        let again = send().seconds_later(600).send(&world).await;
        assert_eq!(again.status, 201, "{lost}: {first} {}", again.body);
        let list = told(&world, &rep(), "").await;
        assert_eq!(column(&list, "object_id"), [again.body["id"].as_str().unwrap()], "{lost}");
    }
}

#[tokio::test]
async fn what_is_read_is_read_as_of_the_first_time() {
    let world = two_people().await;
    tell(&world, 2).await;
    let list = told(&world, &rep(), "").await;
    assert_eq!(column(&list, "object_id"), ["job_1", "job_0"], "the latest first");
    let id = list["data"][0]["id"].as_str().unwrap();
    let read = format!("{LIST}/{id}/read");
    for seconds in [60, 120] {
        let answer = edit("POST", &read).by(&rep()).seconds_later(seconds).send(&world).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        assert_eq!(answer.body["read_at"], "2026-01-15T12:01:00.000Z");
        assert_eq!(answer.body["object_id"], "job_1");
    }
    // To be told again does not make it unread.
    tell(&world, 2).await;
    for (query, jobs) in [("unread=true", vec!["job_0"]), ("unread=false", vec!["job_1"])] {
        assert_eq!(column(&told(&world, &rep(), query).await, "object_id"), jobs, "{query}");
    }
    assert_eq!(told(&world, &rep(), "").await["data"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn notifications_are_paged_latest_first_whatever_is_left_out() {
    let world = two_people().await;
    tell(&world, 5).await;
    let newest = told(&world, &rep(), "limit=1").await["data"][0]["id"].clone();
    let read = format!("{LIST}/{}/read", newest.as_str().unwrap());
    assert_eq!(edit("POST", &read).by(&rep()).send(&world).await.status, 200);
    for (query, expected) in [
        ("limit=2", vec![vec!["job_4", "job_3"], vec!["job_2", "job_1"], vec!["job_0"]]),
        ("limit=2&unread=true", vec![vec!["job_3"], vec!["job_2", "job_1"], vec!["job_0"]]),
        ("limit=5", vec![vec!["job_4", "job_3", "job_2", "job_1", "job_0"]]),
    ] {
        let (mut pages, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = told(&world, &rep(), &format!("{query}&cursor={cursor}")).await;
            pages.push(column(&page, "object_id"));
            let Some(next) = page["next_cursor"].as_str() else { break };
            next.clone_into(&mut cursor);
        }
        assert_eq!(pages, expected, "{query}");
    }
    for (query, code) in [
        ("limit=0", "invalid_query"),
        ("limit=251", "invalid_query"),
        ("unread=maybe", "invalid_query"),
        ("user_id=x", "invalid_query"),
        ("cursor=junk", "invalid_cursor"),
    ] {
        let answer = world.get_with(&format!("{LIST}?{query}"), Some(&token(&rep()))).await;
        assert_eq!(answer.code(), (400, code), "{query}");
    }
}

#[tokio::test]
async fn nobody_sees_or_marks_what_another_was_told() {
    let world = two_people().await;
    tell(&world, 1).await;
    let id = told(&world, &rep(), "").await["data"][0]["id"].clone();
    let read = format!("{LIST}/{}/read", id.as_str().unwrap());
    for other in [admin(), user(&other_tenant(), Role::Admin)] {
        assert_eq!(told(&world, &other, "").await["data"], json!([]));
        let answer = edit("POST", &read).by(&other).send(&world).await;
        assert_eq!(answer.code(), (404, "notification_not_found"));
    }
    for (method, target) in [("GET", LIST), ("POST", &read)] {
        let answer = edit(method, target).send(&world).await;
        assert_eq!(answer.code(), (403, "missing_scope"), "{method}");
    }
    assert_eq!(world.get_with(LIST, Some(&key(&a_tenant(), "read"))).await.status, 403);
    assert_eq!(told(&world, &rep(), "unread=true").await["data"][0]["id"], id);
    for junk in ["x", "notification_", "note_019a0b3c-4d5e-7f60-8a1b-2c3d4e5f6071"] {
        let answer = edit("POST", &format!("{LIST}/{junk}/read")).by(&rep()).send(&world).await;
        assert_eq!(answer.code(), (404, "notification_not_found"), "{junk}");
    }
}
