//! Lists of leads by what drives them and what filters them: every lead once, page by page.

use std::collections::BTreeSet;

use domain::{identity::Kind, time::DAY_MS};
use serde_json::{Value, json};
use testing::{an_event, home_of};

use super::{
    creation::created,
    edit::edit,
    world::{World, at},
};

const TYPES: [&str; 4] = ["page_view", "signup", "demo_request", "contract_signed"];

/// Twelve users of four scores, the later ones younger, all but the first two with a status, an
/// owner, a source and a marketplace by their number.
async fn crowd() -> World {
    let first = at("2026-01-01T12:00:00Z");
    let world = World::start().await;
    for index in 0..12 {
        let day = first.plus_millis(i64::from(index) * DAY_MS);
        let kind = TYPES[usize::try_from(index).unwrap() % 4];
        let event = an_event(format!("e{index}")).of_type(kind).by(Kind::UserId, &name(index));
        let marketplace = if index % 2 == 0 { "shopee" } else { "amazon" };
        let source = if index % 3 == 0 { "Google" } else { "referral" };
        let event = event.with_property("marketplace", marketplace).declaring("source", source);
        world.score(event.at(day).arrival()).await;
    }
    for index in 2..12 {
        let owner = if index < 6 { ANA } else { BOB };
        world.add_user(owner).await;
        let body = json!({"assigned_to": owner, "status": "contacted"});
        edit("PATCH", &path(index)).body(&body).if_match("*").send(&world).await;
    }
    world
}

pub(super) const ANA: &str = "user_019a0b3c-4d5e-7f60-8a1b-2c3d4e5f6071";
pub(super) const BOB: &str = "user_019a0b3c-4d5e-7f60-8a1b-2c3d4e5f6072";

fn name(index: i32) -> String {
    format!("u{index:02}")
}

fn path(index: i32) -> String {
    format!("/v1/leads/{}", home_of(Kind::UserId, &name(index)).id)
}

/// Follows the pages of a list and returns the numbers of its users.
async fn listed(world: &World, query: &str, limit: usize) -> Vec<i32> {
    let target = format!("/v1/leads?{query}&limit={limit}");
    let (mut rows, mut next) = (Vec::new(), target.clone());
    loop {
        let answer = world.get(&next).await;
        assert_eq!(answer.status, 200, "{next}: {}", answer.body);
        let data = answer.body["data"].as_array().unwrap();
        assert!(data.len() <= limit, "{next}");
        rows.extend(data.iter().map(number));
        let Some(cursor) = answer.body["next_cursor"].as_str() else { return rows };
        next = format!("{target}&cursor={cursor}");
    }
}

fn number(row: &Value) -> i32 {
    let user = row["identities"][0]["value"].as_str().unwrap();
    user.trim_start_matches('u').parse().unwrap()
}

#[tokio::test]
async fn each_driver_lists_every_lead_once_in_its_order_at_any_page_size() {
    let world = crowd().await;
    let by_score = [11, 7, 3, 10, 6, 2, 9, 5, 1, 8, 4, 0].to_vec();
    let latest: Vec<_> = (0..12).rev().collect();
    for limit in [1, 2, 5, 12, 50] {
        for (query, expected) in [
            ("sort=created", &latest),
            ("sort=activity", &latest),
            ("assigned_to=user_019a0b3c-4d5e-7f60-8a1b-2c3d4e5f6071", &vec![5, 4, 3, 2]),
            ("assigned_to=user_019a0b3c-4d5e-7f60-8a1b-2c3d4e5f6072", &vec![11, 10, 9, 8, 7, 6]),
        ] {
            assert_eq!(&listed(&world, query, limit).await, expected, "{query} by {limit}");
        }
        let listed = listed(&world, "sort=score", limit).await;
        let classes = |numbers: &[i32]| numbers.iter().map(|n| n % 4).collect::<Vec<_>>();
        assert_eq!(classes(&listed), classes(&by_score), "by {limit}");
        assert_eq!(listed.iter().collect::<BTreeSet<_>>().len(), 12);
    }
}

#[tokio::test]
async fn every_filter_works_with_every_driver() {
    let world = crowd().await;
    let edited =
        json!({"segment": "vip", "profile": {"source": "Fair", "marketplaces": ["shein"]}});
    let edited = edit("PATCH", &path(7)).body(&edited).if_match("*").send(&world).await;
    assert_eq!(edited.status, 200, "{}", edited.body);
    for driver in ["sort=score", "sort=created", "sort=activity", "known=true"] {
        for (filter, expected) in [
            ("status=new", vec![0, 1]),
            ("status=contacted&marketplace=shopee", vec![2, 4, 6, 8, 10]),
            ("segment=vip", vec![7]),
            ("source=FAIR", vec![7]),
            ("source=google", vec![0, 3, 6, 9]),
            ("marketplace=shein", vec![7]),
            ("marketplace=amazon", vec![1, 3, 5, 9, 11]),
            ("assigned_to=none", vec![0, 1]),
            ("min_score=30&max_score=60", vec![2, 6, 9, 10]),
            ("status=lost", vec![]),
        ] {
            let mut found = listed(&world, &format!("{driver}&{filter}"), 2).await;
            found.sort_unstable();
            assert_eq!(found, expected, "{driver}&{filter}");
        }
    }
    let owner = "assigned_to=user_019a0b3c-4d5e-7f60-8a1b-2c3d4e5f6072";
    assert_eq!(listed(&world, &format!("{owner}&source=google"), 1).await, [9, 6]);
    let by_activity = format!("sort=activity&{owner}&marketplace=amazon");
    assert_eq!(listed(&world, &by_activity, 1).await, [11, 9]);
}

#[tokio::test]
async fn ranges_include_both_their_ends() {
    let world = crowd().await;
    for (query, expected) in [
        (
            "sort=created&created_from=2026-01-03T12:00:00Z&created_to=2026-01-05T12:00:00Z",
            vec![4, 3, 2],
        ),
        ("sort=created&created_from=2026-01-11T12:00:00.001Z", vec![11]),
        ("sort=created&created_to=2026-01-02T12:00:00Z", vec![1, 0]),
        ("sort=activity&active_from=2026-01-03&active_to=2026-01-05", vec![4, 3, 2]),
        ("sort=activity&active_from=2026-01-12", vec![11]),
        ("sort=activity&active_from=2026-01-05&active_to=2026-01-03", vec![]),
    ] {
        assert_eq!(listed(&world, query, 2).await, expected, "{query}");
    }
}

#[tokio::test]
async fn a_lead_without_events_is_in_every_list_but_that_by_activity() {
    let world = World::start().await;
    world.add_user(ANA).await;
    let lead = created(&world, &json!({"user_id": "u00", "assigned_to": ANA})).await.body;
    assert_eq!(lead["assigned_to"], ANA);
    for query in ["sort=score", "sort=created", &format!("assigned_to={ANA}"), "stage=cold"] {
        assert_eq!(listed(&world, query, 50).await, [0], "{query}");
    }
    assert!(listed(&world, "sort=activity", 50).await.is_empty());
}

#[tokio::test]
async fn a_short_page_goes_on_after_a_thousand_entries_whatever_drives_it() {
    let world = World::with((0..1_101).map(|index| {
        an_event("e").by(Kind::AnonymousId, &format!("c{index}")).seconds_later(index).arrival()
    }))
    .await;
    for sort in ["score", "created", "activity"] {
        let target = format!("/v1/leads?sort={sort}&known=true&limit=250");
        let first = world.get(&target).await.body;
        assert_eq!(first["data"], json!([]), "{sort}");
        let cursor = first["next_cursor"].as_str().unwrap();
        let second = world.get(&format!("{target}&cursor={cursor}")).await.body;
        assert_eq!(second, json!({"data": [], "next_cursor": null}), "{sort}");
    }
}

#[tokio::test]
async fn a_cursor_goes_on_only_with_the_same_driver_and_filters() {
    let world = crowd().await;
    let first = world.get("/v1/leads?sort=created&status=contacted&limit=1").await.body;
    let cursor = first["next_cursor"].as_str().unwrap();
    let same = format!("sort=created&status=contacted&limit=250&cursor={cursor}");
    let rest = world.get(&format!("/v1/leads?{same}")).await.body;
    assert_eq!(rest["data"].as_array().map(Vec::len), Some(9), "{rest}");
    for other in ["sort=activity&status=contacted", "sort=created", "sort=created&status=new"] {
        let answer = world.get(&format!("/v1/leads?{other}&cursor={cursor}")).await;
        assert_eq!(answer.code(), (400, "invalid_cursor"), "{other}");
    }
}

#[tokio::test]
async fn what_drives_a_list_is_one_thing() {
    let world = World::start().await;
    for (query, field, code) in [
        ("q=ana&sort=created", "sort", "conflicting_parameter"),
        ("created_from=2026-01-01T00:00:00Z", "created_from", "conflicting_parameter"),
        ("sort=score&active_to=2026-01-01", "active_to", "conflicting_parameter"),
        ("user_id=u1&sort=created", "sort", "conflicting_parameter"),
        ("user_id=u1&q=ana", "q", "conflicting_parameter"),
        ("sort=name", "sort", "invalid_value"),
        ("q=a", "q", "invalid_value"),
        ("assigned_to=me", "assigned_to", "invalid_value"),
        ("assigned_to=ana", "assigned_to", "invalid_value"),
        ("status=asleep", "status", "invalid_value"),
        ("min_score=-1", "min_score", "out_of_range"),
        ("source=", "source", "out_of_range"),
    ] {
        let answer = world.get(&format!("/v1/leads?{query}")).await;
        assert_eq!((answer.status, answer.errors()), (400, vec![(field, code)]), "{query}");
    }
}

#[tokio::test]
async fn two_letters_find_whole_words_and_the_document_says_so() {
    let world = World::start().await;
    for (index, first_name) in ["Maria", "Ma"].into_iter().enumerate() {
        let user = name(i32::try_from(index).unwrap());
        created(&world, &json!({"user_id": user, "profile": {"first_name": first_name}})).await;
    }
    for (query, expected) in [("q=ma", [1]), ("q=mar", [0]), ("q=maria%20m", [0])] {
        assert_eq!(listed(&world, query, 50).await, expected, "{query}");
    }
    let refused = world.get("/v1/leads?q=m").await.body["errors"][0]["message"].clone();
    assert!(refused.as_str().unwrap().contains("3 letters or digits and more"), "{refused}");
    let document = world.get("/openapi.json").await.body;
    let parameters = document["paths"]["/v1/leads"]["get"]["parameters"].as_array().unwrap();
    let q = parameters.iter().find(|parameter| parameter["name"] == "q").unwrap();
    assert!(q["description"].as_str().unwrap().contains("three letters or digits and more"));
}

#[tokio::test]
async fn a_list_by_activity_leaves_out_leads_that_nothing_happened_to() {
    let world = World::start().await;
    created(&world, &json!({"user_id": name(0)})).await;
    world.score(an_event("e1").by(Kind::UserId, &name(1)).arrival()).await;
    assert_eq!(listed(&world, "sort=activity", 50).await, [1]);
    assert_eq!(listed(&world, "sort=created", 50).await.len(), 2);
}

#[tokio::test]
async fn a_search_finds_each_lead_once_by_what_it_shows_now() {
    let world = World::start().await;
    for index in 0..5 {
        let email = format!("ana{index}@example.com");
        let profile = json!({"first_name": "Ana", "company": "Acme Anagrams"});
        created(&world, &json!({"user_id": name(index), "email": email, "profile": profile})).await;
    }
    let paths: BTreeSet<_> = (0..5).collect();
    for (query, limit) in
        [("q=ana", 1), ("q=ana", 2), ("q=acme%20ana", 50), ("q=ana&status=new", 3)]
    {
        let found = listed(&world, query, limit).await;
        assert_eq!((found.len(), found.iter().copied().collect()), (5, paths.clone()), "{query}");
    }
    assert_eq!(listed(&world, "q=ana3@exam", 50).await, [3]);
    let renamed = json!({"profile": {"first_name": "Bo", "company": "Brick"}});
    edit("PATCH", &path(2)).body(&renamed).if_match("*").send(&world).await;
    assert_eq!(listed(&world, "q=brick", 50).await, [2]);
    assert!(!listed(&world, "q=anagrams", 50).await.contains(&2));
    edit("DELETE", &path(2)).send(&world).await;
    assert!(listed(&world, "q=brick", 50).await.is_empty());
    let other = super::world::key(&super::world::other_tenant(), "read");
    let elsewhere = world.get_with("/v1/leads?q=ana", Some(&other)).await.body;
    assert_eq!(elsewhere["data"], json!([]));
}
