//! What a lead's behaviour says: each figure with its inputs, and the recommendations.

use domain::{event::Arrival, factor_weights::FactorWeights, identity::Kind, time::DAY_MS};
use serde_json::{Value, json};
use testing::{EventBuilder, a_tenant, an_edit, an_event, home_of};

use super::world::{NOW, World, at};

fn saying(event: EventBuilder, instant: &str, properties: Value) -> Arrival {
    let mut arrival = event.by(Kind::UserId, "u1").at(at(instant)).arrival();
    arrival.event.properties = serde_json::from_value(properties).unwrap();
    arrival
}

/// Ana: she signed up, looked at shoes in two marketplaces, and bought a hat.
pub(super) fn ana() -> [Arrival; 4] {
    let signup = an_event("e1").of_type("signup").declaring("source", "referral");
    let hats = json!([{ "category": "Hats" }, { "category": "Hats" }]);
    [
        saying(signup, "2026-01-06T14:10:00Z", json!({})),
        saying(
            an_event("e2"),
            "2026-01-13T14:00:00Z",
            json!({ "category": "Shoes", "marketplace": "shopee" }),
        ),
        saying(
            an_event("e3").of_type("product_viewed"),
            "2026-01-13T14:30:00Z",
            json!({ "category": "Shoes", "marketplace": "Mercado Livre" }),
        ),
        saying(
            an_event("e4").of_type("order_completed"),
            "2026-01-14T09:00:00Z",
            json!({ "revenue": 149.9, "marketplace": "mercado-livre", "products": hats }),
        ),
    ]
}

pub(super) fn path(part: &str) -> String {
    format!("/v1/leads/{}/{part}", home_of(Kind::UserId, "u1").id)
}

async fn read(world: &World, part: &str) -> Value {
    let answer = world.get(&path(part)).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.body
}

#[tokio::test]
async fn every_figure_stands_beside_its_inputs() {
    let mut body = read(&World::with(ana()).await, "intelligence").await;
    for told_below in ["factor_score", "factor_scores", "recommendations"] {
        body.as_object_mut().unwrap().remove(told_below).unwrap();
    }
    insta::with_settings!({ sort_maps => true }, {
    insta::assert_json_snapshot!(body, @r#"
    {
      "at": "2026-01-15T12:00:00.000Z",
      "contact_timing": {
        "best": {
          "day": "tuesday",
          "events": 3,
          "hour": 14
        },
        "histogram": [
          {
            "day": "tuesday",
            "events": 3,
            "hour": 14
          },
          {
            "day": "wednesday",
            "events": 1,
            "hour": 9
          }
        ]
      },
      "events": 4,
      "flooded": false,
      "forecast": {
        "at": "2026-01-25T09:00:00.000Z",
        "stage": "cold"
      },
      "id": "lead_3ykbb6n6o263lvmvajsk6he5zq",
      "marketplaces": [
        {
          "by_hand": false,
          "events": 2,
          "marketplace": "mercado_livre",
          "primary": true
        },
        {
          "by_hand": false,
          "events": 1,
          "marketplace": "shopee",
          "primary": false
        }
      ],
      "points": 35,
      "risk": {
        "decay": 0,
        "falling_velocity": 20,
        "idle": 2,
        "inputs": {
          "decay_factor": 1.0,
          "idle_days": 1,
          "velocity_at_last_event": 3,
          "velocity_now": 0
        },
        "score": 22
      },
      "rule_set": 1,
      "score": 35,
      "segment": {
        "by_hand": false,
        "computed": "buyer",
        "inputs": {
          "days_since_first_seen": 8,
          "events": 4,
          "idle_days": 1,
          "interactions": 1,
          "purchases": 1,
          "revenue": 149.9
        },
        "name": "buyer",
        "reason": "bought, but neither often nor much"
      },
      "source": {
        "from": "trait",
        "value": "referral"
      },
      "stage": "warm",
      "top_categories": [
        {
          "category": "Shoes",
          "events": 2
        },
        {
          "category": "Hats",
          "events": 1
        }
      ],
      "velocity": 0
    }
    "#);
    });
}

#[tokio::test]
async fn the_factor_score_stands_beside_its_factors_and_weights() {
    let body = read(&World::with(ana()).await, "intelligence").await;
    let weights = json!({ "purchase": 30, "browsing": 25, "interest": 25, "engagement": 20 });
    let factors = json!({
        "purchase": { "score": 42, "purchases": 1, "revenue": 149.9 },
        "browsing": { "score": 10, "views": 2 },
        "interest": { "score": 97, "idle_days": 1 },
        "engagement": { "score": 10, "interactions": 1 },
    });
    // 42 × 30 % + 10 × 25 % + 97 × 25 % + 10 × 20 % = 41.35.
    let weighed = |marketplace: &str| {
        json!({
            "marketplace": marketplace, "score": 41, "weights": weights, "default": true
        })
    };
    let mut expected = weighed("mercado_livre");
    expected["factors"] = factors;
    assert_eq!(body["factor_score"], expected);
    assert_eq!(body["factor_scores"], json!([weighed("shopee")]));
}

#[tokio::test]
async fn the_figures_are_those_of_the_lead_and_follow_from_what_is_shown() {
    let world = World::with(ana()).await;
    for days in [0, 7, 12, 40] {
        let now = at(NOW).plus_millis(days * DAY_MS);
        let lead = world.get_at(path("").trim_end_matches('/'), now).await.body;
        let body = world.get_at(&path("intelligence"), now).await.body;
        for field in ["score", "points", "stage", "velocity", "rule_set", "events", "forecast"] {
            assert_eq!(body[field], lead[field], "{field} after {days} days");
        }
        let number = |value: &Value| value.as_u64().unwrap();
        let risk = &body["risk"];
        assert_eq!(risk["score"], lead["risk"]);
        let parts = ["idle", "falling_velocity", "decay"].map(|part| number(&risk[part]));
        assert_eq!(parts.iter().sum::<u64>(), number(&risk["score"]));
        let (weights, factors) =
            (&body["factor_score"]["weights"], &body["factor_score"]["factors"]);
        let sum: u64 = ["purchase", "browsing", "interest", "engagement"]
            .map(|factor| number(&weights[factor]) * number(&factors[factor]["score"]))
            .iter()
            .sum();
        assert_eq!(number(&body["factor_score"]["score"]), (sum + 50) / 100);
    }
}

#[tokio::test]
async fn a_marketplaces_own_weights_change_its_score_alone() {
    let world = World::with(ana()).await;
    let before = read(&world, "intelligence").await;
    let weights = FactorWeights::new(100, 0, 0, 0).unwrap();
    let (store, named) = (&world.tables.store, "mercado_livre".parse().unwrap());
    assert!(store.put_factor_weights(&a_tenant(), &named, weights, None).await.unwrap());
    let after = read(&world, "intelligence").await;
    let purchase = &after["factor_score"]["factors"]["purchase"]["score"];
    assert_eq!(&after["factor_score"]["score"], purchase);
    assert_ne!(after["factor_score"]["score"], before["factor_score"]["score"]);
    assert_eq!(after["factor_score"]["default"], false);
    assert_eq!(after["factor_scores"], before["factor_scores"]);
    assert_eq!(before["factor_scores"][0]["default"], true);
}

#[tokio::test]
async fn marketplaces_that_are_set_by_hand_choose_the_weights() {
    let setting = |names| an_edit("by hand").setting("marketplaces", names).arrival();
    let with = |names| World::with(ana().into_iter().chain([setting(names)]));
    let world = with(json!(["Amazon", "shopee"])).await;
    let weights = FactorWeights::new(100, 0, 0, 0).unwrap();
    let (store, amazon) = (&world.tables.store, "amazon".parse().unwrap());
    assert!(store.put_factor_weights(&a_tenant(), &amazon, weights, None).await.unwrap());
    let body = read(&world, "intelligence").await;
    let score = &body["factor_score"];
    assert_eq!((&score["marketplace"], &score["default"]), (&json!("amazon"), &json!(false)));
    assert_eq!(score["score"], score["factors"]["purchase"]["score"]);
    let named = |scores: &Value| -> Vec<Value> {
        scores.as_array().unwrap().iter().map(|score| score["marketplace"].clone()).collect()
    };
    assert_eq!(named(&body["factor_scores"]), ["shopee", "mercado_livre"]);
    let expected = json!([
        { "marketplace": "amazon", "events": 0, "by_hand": true, "primary": true },
        { "marketplace": "shopee", "events": 1, "by_hand": true, "primary": false },
        { "marketplace": "mercado_livre", "events": 2, "by_hand": false, "primary": false },
    ]);
    assert_eq!(body["marketplaces"], expected);
    let body = read(&with(json!([])).await, "intelligence").await;
    assert_eq!(body["factor_score"]["marketplace"], "direct");
    assert_eq!(named(&body["factor_scores"]), ["mercado_livre", "shopee"]);
}

#[tokio::test]
async fn the_recommendations_are_those_of_the_intelligence() {
    let world = World::with(ana()).await;
    let intelligence = read(&world, "intelligence").await;
    let alone = read(&world, "recommendations").await;
    for field in ["id", "at", "recommendations"] {
        assert_eq!(alone[field], intelligence[field], "{field}");
    }
    let expected = json!([
        { "kind": "offer_category", "category": "Shoes", "inputs": { "events": 2 },
          "reason": "most events named this category" },
        { "kind": "discount", "percent": 10, "inputs": { "engagement": 10, "purchases": 1 },
          "reason": "bought before, and the engagement factor is below 70" },
        { "kind": "contact_time", "day": "tuesday", "hour": 14, "inputs": { "events": 3 },
          "reason": "most events were at this hour of the week" },
    ]);
    assert_eq!(alone["recommendations"], expected);
}

#[tokio::test]
async fn who_bought_nothing_is_recommended_an_onboarding_offer() {
    let [signup, ..] = ana();
    let body = read(&World::with([signup]).await, "recommendations").await;
    let expected = json!({
        "kind": "onboarding_offer",
        "reason": "an offer for a first purchase: nothing bought yet",
        "inputs": { "purchases": 0 },
    });
    assert_eq!(body["recommendations"][0], expected);
}

#[tokio::test]
async fn rules_that_are_changing_and_odd_queries_are_refused() {
    let world = World::with(ana()).await;
    let id = home_of(Kind::UserId, "u1").id;
    for part in ["intelligence", "recommendations"] {
        let answer = world.get(&format!("{}?at=2026-01-01T00:00:00Z", path(part))).await;
        assert_eq!((answer.status, &answer.body["code"]), (400, &json!("invalid_query")));
        let nobody = home_of(Kind::UserId, "nobody").id;
        let answer = world.get(&format!("/v1/leads/{nobody}/{part}")).await;
        assert_eq!((answer.status, &answer.body["code"]), (404, &json!("lead_not_found")));
    }
    world.change(id, |lead, _| lead.state.rule_set = 2).await;
    for part in ["intelligence", "recommendations"] {
        assert_eq!(world.get(&path(part)).await.status, 503, "{part}");
    }
}
