//! What scoring costs, in write units counted by the table, all indexes included.
//!
//! The budgets are those of the product: a single event of a known lead at most 6.5, a burst of
//! ten events of one lead at most 2.6 each.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use domain::{event::Arrival, identity::Kind, time::Timestamp};
use scoring::Scorer;
use testing::{Tables, a_tenant, an_event, keyring};

fn now() -> Timestamp {
    "2026-01-02T12:00:00Z".parse().unwrap()
}

/// A page view with what a browser SDK says around it: some 700 bytes.
fn page_view(id: &str, seconds: i64) -> Arrival {
    let mut arrival = an_event(id)
        .by(Kind::UserId, "u1")
        .by(Kind::AnonymousId, "a1")
        .seconds_later(seconds)
        .arrival();
    let context = serde_json::json!({
        "library": { "name": "analytics.js", "version": "2.11.1" },
        "locale": "pt-BR",
        "page": { "path": "/pricing", "title": "Pricing", "url": "https://shop.example/pricing" },
        "userAgent": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/150.0 Safari/537.36",
        "campaign": { "source": "google", "medium": "cpc", "name": "q1" },
    });
    arrival.event.context.clone_from(context.as_object().unwrap());
    arrival
}

async fn write_units(scorer: &Scorer, arrivals: Vec<Arrival>) -> f64 {
    let home = arrivals.first().unwrap().event.home.id;
    let scored = scorer.score(&keyring(), home, arrivals, now()).await.unwrap();
    scored.write_units
}

#[tokio::test]
async fn events_stay_within_their_write_units() {
    let tables = Tables::with_tenant(&a_tenant()).await;
    let scorer = Scorer::new(tables.store.clone());
    let first = write_units(&scorer, vec![page_view("e0", 0)]).await;
    let single = write_units(&scorer, vec![page_view("e1", 1)]).await;
    let burst = (0..10).map(|n| page_view(&format!("b{n}"), 10 + n)).collect();
    let burst = write_units(&scorer, burst).await / 10.0;
    let again = write_units(&scorer, vec![page_view("e1", 1)]).await;
    println!("write units: first {first}, single {single}, burst {burst} each, again {again}");
    assert!(single > 0.0 && single <= 6.5, "single {single}");
    assert!(burst > 0.0 && burst <= 2.6, "burst {burst}");
    assert!(again.abs() < f64::EPSILON, "a known event costs no write: {again}");
}
