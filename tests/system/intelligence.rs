//! What is read off behaviour, with its inputs.

use anyhow::{Result, ensure};
use serde_json::json;
use ureq::http::Method;

use crate::stack::Stack;

/// Factor score, segment, recommendations and weights of a buyer on two marketplaces.
pub fn of_a_buyer(stack: &Stack) -> Result<()> {
    let tenant = stack.tenant()?;
    let order = |id: &str, marketplace: &str| {
        let properties = json!({ "total": 120.5, "category": "shoes", "marketplace": marketplace });
        json!({ "event_id": id, "user_id": "ana", "event_type": "order_completed",
                "properties": properties })
    };
    stack.client(&tenant.ingest_key).events(&[
        json!({ "event_id": "1", "user_id": "ana", "event_type": "page_view" }),
        order("2", "shopee"),
        order("3", "Mercado Livre"),
        order("4", "Mercado Livre"),
    ])?;
    let client = stack.client(&tenant.admin_key);
    let lead = client.lead_with_events("user_id=ana", 4)?;
    let path = format!("/v1/leads/{}/intelligence", lead["id"].as_str().unwrap_or_default());
    let seen = client.read(&path)?;
    ensure!(seen["factor_score"]["marketplace"] == "mercado_livre", "{seen}");
    ensure!(seen["segment"]["name"] == "vip", "{seen}");
    let told = client.read(&path.replace("/intelligence", "/recommendations"))?;
    ensure!(told["recommendations"] == seen["recommendations"], "{told}");
    let factors = &seen["factor_score"]["factors"];
    ensure!(factors["purchase"]["purchases"] == 3, "{seen}");
    ensure!(factors["purchase"]["revenue"] == 361.5, "{seen}");
    ensure!(seen["top_categories"][0] == json!({ "category": "shoes", "events": 3 }), "{seen}");
    ensure!(seen["recommendations"] != json!([]), "{seen}");
    // 100 for purchases, 5 for one view, 100 for now, 0 for interactions: 30 + 1.25 + 25 + 0.
    ensure!(seen["factor_score"]["score"] == 56, "{seen}");

    let weights = json!({ "purchase": 70, "browsing": 10, "interest": 10, "engagement": 10 });
    let of_marketplace = "/v1/factor-weights/mercado_livre";
    client.expect(200, &Method::PUT, of_marketplace, &weights)?;
    // 70 + 0.5 + 10.
    ensure!(client.read(&path)?["factor_score"]["score"] == 81, "{}", client.read(&path)?);
    let too_much = json!({ "purchase": 71, "browsing": 10, "interest": 10, "engagement": 10 });
    client.expect(422, &Method::PUT, of_marketplace, &too_much)?;
    client.expect(204, &Method::DELETE, of_marketplace, &json!(null))?;
    ensure!(client.read(&path)?["factor_score"]["score"] == 56);
    client.expect(404, &Method::GET, "/v1/leads/nobody/intelligence", &json!(null))?;
    client.expect(404, &Method::GET, "/v1/leads/nobody/recommendations", &json!(null))?;
    Ok(())
}
