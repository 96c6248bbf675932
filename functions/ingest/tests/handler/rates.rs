//! How many requests a key may send in a minute.

use crate::world::{KEY, Memory, READ_KEY, Sums, World, post, problem};

const CALL: &str = r#"{"event":"x","userId":"u"}"#;

#[tokio::test]
async fn a_key_that_sends_too_many_is_told_when_to_come_back_and_nothing_is_queued() {
    // Others have used nearly all of the 60,000 of this minute.
    let sums = Sums { others: 54_000, ..Sums::default() };
    let world = World::counting(sums, Memory::default());
    for _ in 0..6_000 {
        let answer = world.post("/v1/events", r#"{"event_type":"x","user_id":"u"}"#).await;
        assert_eq!(answer.status(), 202);
    }
    let accepted = world.messages().len();
    for (path, body) in [
        ("/v1/track", CALL.to_owned()),
        ("/v1/batch", format!(r#"{{"batch":[{CALL}],"writeKey":"{KEY}"}}"#)),
        ("/v1/events", r#"{"event_type":"x","user_id":"u"}"#.to_owned()),
        ("/v1/events/batch", r#"{"events":[]}"#.to_owned()),
    ] {
        for key in [Some(KEY), None].into_iter().filter(|key| key.is_some() || path == "/v1/batch")
        {
            let answer = world.send(&post(path, key, &body)).await;
            assert_eq!(problem(&answer), (429, "rate_limited".to_owned()), "{path}");
            assert_eq!(answer.header("retry-after"), Some("60"));
            assert_eq!(answer.header("ratelimit-limit"), Some("60000"));
            assert_eq!(answer.header("ratelimit-remaining"), Some("0"));
        }
    }
    assert_eq!((world.messages().len(), world.failed().len()), (accepted, 0));
}

#[tokio::test]
async fn every_answer_to_a_known_key_says_how_it_stands() {
    let world = World::new();
    for (answer, status, left) in [
        (world.post("/v1/track", CALL).await, 200, "59999"),
        (world.post("/v1/track", "{").await, 400, "59998"),
        (world.send(&post("/v1/events", Some(READ_KEY), "{}")).await, 403, "59999"),
    ] {
        assert_eq!(answer.status(), status);
        assert_eq!(answer.header("ratelimit-remaining"), Some(left), "{status}");
        assert_eq!(answer.header("ratelimit-reset"), Some("60"));
    }
    let unknown = world.send(&post("/v1/track", None, CALL)).await;
    assert_eq!((unknown.status(), unknown.header("ratelimit-limit")), (401, None));
}

#[tokio::test]
async fn a_counter_that_does_not_answer_refuses_nobody() {
    let world = World::counting(Sums { broken: true, ..Sums::default() }, Memory::default());
    for _ in 0..6_001 {
        assert_eq!(world.post("/v1/track", CALL).await.status(), 200);
    }
}
