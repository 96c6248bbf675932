//! What both tenants have that paths can name, for walks over all routes.
//!
//! Invariant: a route whose path cannot be filled fails the walk; so does one whose body is not
//! known, if it has one.

use axum::http::Method;
use domain::{identity::Kind, tenant::TenantId, user::Role};
use serde_json::{Value, json};
use testing::{a_tenant, an_event, home_of};

use super::{
    callers::{token, user},
    examples::example,
    world::{Answer, NOW, World, at, key, request},
};
use crate::routes::Route;

/// Parameters that are names within every tenant, not ids of anybody's things.
pub(super) const NAMES: [&str; 4] = ["{version}", "{marketplace}", "{part}", "{purpose}"];

/// What a tenant has.
pub(super) struct Things {
    /// The lead that the sales rep works, with a note and an activity.
    pub lead: String,
    pub note: String,
    pub activity: String,
    /// A lead that nobody works, with a note and an activity.
    pub nobodys: Option<Box<Things>>,
    pub company: String,
    pub user: String,
    pub api_key: String,
    pub job: String,
    pub rule: String,
    pub golden_lead: String,
    /// A lead that was erased.
    pub erased: String,
    /// A notification of each role's user.
    pub notifications: Vec<(Role, String)>,
}

/// Sends a request with the content type of JSON.
pub(super) async fn ask(
    world: &World,
    (method, path): (&Method, &str),
    credential: Option<&str>,
    if_match: &str,
    body: Option<&Value>,
) -> Answer {
    let mut payload = request(method.as_str(), path, credential, at(NOW));
    payload["headers"]["if-match"] = json!(if_match);
    if let Some(body) = body {
        payload["headers"]["content-type"] = json!("application/json");
        payload["body"] = json!(body.to_string());
    }
    world.send(payload).await
}

/// Makes a thing as the administrator of a tenant, and returns what is answered.
async fn make(world: &World, tenant: &TenantId, path: &str, body: Value) -> Value {
    let admin = key(tenant, "admin");
    let made = ask(world, (&Method::POST, path), Some(&admin), "*", Some(&body)).await;
    assert!((200..300).contains(&made.status), "{path}: {}", made.body);
    made.body
}

fn id(made: &Value) -> String {
    made["id"].as_str().unwrap().to_owned()
}

/// Makes a tenant's things.
pub(super) async fn things(world: &World, tenant: TenantId) -> Things {
    let worked = format!("worked by {tenant}");
    let nobodys = format!("nobody's of {tenant}");
    let events = [&worked, &nobodys].map(|name| an_event(name).by(Kind::UserId, name).arrival());
    world.store(&tenant, events).await;
    let [lead, idle] = [&worked, &nobodys].map(|name| home_of(Kind::UserId, name).id.to_string());
    let notifications = assign(world, &tenant, &lead).await;
    let golden = json!({ "event_type": "signup", "timestamp": "2026-01-10T09:00:00Z" });
    let golden = json!({ "id": format!("of_{tenant}"), "name": "A", "events": [golden], "expected": { "score": 30 } });
    let rule = json!({ "id": format!("of_{tenant}"), "name": "A", "event_type": "a", "points": 1 });
    let company = json!({ "name": format!("Company of {tenant}") });
    let api_key = json!({ "name": "web", "scopes": ["read"] });
    let (note, activity) = entries(world, &tenant, &lead).await;
    let nobodys = {
        let (note, activity) = entries(world, &tenant, &idle).await;
        Things { lead: idle, note, activity, ..Things::none() }
    };
    Things {
        note,
        activity,
        nobodys: Some(Box::new(nobodys)),
        company: id(&make(world, &tenant, "/v1/companies", company).await),
        user: user(&tenant, if tenant == a_tenant() { Role::Viewer } else { Role::Admin })
            .to_string(),
        api_key: id(&make(world, &tenant, "/v1/api-keys", api_key).await),
        job: id(&make(world, &tenant, "/v1/rule-sets/preview", json!({})).await),
        rule: id(&make(world, &tenant, "/v1/scoring-rules", rule).await),
        golden_lead: id(&make(world, &tenant, "/v1/golden-leads", golden).await),
        erased: erased(world, &tenant).await,
        lead,
        notifications,
    }
}

/// Makes a lead and erases it.
async fn erased(world: &World, tenant: &TenantId) -> String {
    let name = format!("erased of {tenant}");
    world.store(tenant, [an_event(&name).by(Kind::UserId, &name).arrival()]).await;
    let lead = home_of(Kind::UserId, &name).id.to_string();
    let target = format!("/v1/leads/{lead}?mode=erase&now=true");
    let admin = key(tenant, "admin");
    let answer = ask(world, (&Method::DELETE, &target), Some(&admin), "*", None).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    lead
}

/// Adds a note and an activity to a lead.
async fn entries(world: &World, tenant: &TenantId, lead: &str) -> (String, String) {
    let note = json!({ "text": "A note." });
    let activity = json!({ "type": "call", "subject": "A call" });
    let note = make(world, tenant, &format!("/v1/leads/{lead}/notes"), note).await;
    let activity = make(world, tenant, &format!("/v1/leads/{lead}/activities"), activity).await;
    (id(&note), id(&activity))
}

/// Assigns a lead to every user, to the sales rep last, and returns what each was told.
async fn assign(world: &World, tenant: &TenantId, lead: &str) -> Vec<(Role, String)> {
    let mut roles = Role::ALL.to_vec();
    roles.sort_by_key(|role| *role == Role::SalesRep);
    if *tenant != a_tenant() {
        roles = vec![Role::Admin];
    }
    let mut told = Vec::new();
    for role in roles {
        let user = user(tenant, role);
        let body = json!({ "assigned_to": user });
        let target = format!("/v1/leads/{lead}");
        let admin = key(tenant, "admin");
        let answer = ask(world, (&Method::PATCH, &target), Some(&admin), "*", Some(&body)).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        let list = world.get_with("/v1/notifications", Some(&token(&user))).await;
        told.push((role, id(&list.body["data"][0])));
    }
    told
}

impl Things {
    fn none() -> Self {
        let none = || "none".to_owned();
        Self {
            lead: none(),
            note: none(),
            activity: none(),
            nobodys: None,
            company: none(),
            user: none(),
            api_key: none(),
            job: none(),
            rule: none(),
            golden_lead: none(),
            erased: none(),
            notifications: Vec::new(),
        }
    }

    /// Fills a path, and adds what its query cannot do without. What is one user's own is that of
    /// a role.
    pub fn fill(&self, path: &str, role: Option<Role>) -> String {
        let mut filled: Vec<&str> = Vec::new();
        for segment in path.split('/') {
            let before = filled.last().copied().unwrap_or_default();
            filled.push(match (before, segment) {
                (_, "{note_id}") => &self.note,
                (_, "{activity_id}") => &self.activity,
                (_, "{part}" | "{version}") => "1",
                (_, "{marketplace}") => "direct",
                (_, "{purpose}") => "marketing",
                ("leads", "{id}") => &self.lead,
                ("scoring-rules", "{id}") => &self.rule,
                ("golden-leads", "{id}") => &self.golden_lead,
                ("erasures", "{id}") => &self.erased,
                ("jobs", "{id}") | (_, "{job}") => &self.job,
                ("companies", "{id}") => &self.company,
                ("users", "{id}") => &self.user,
                ("api-keys", "{id}") => &self.api_key,
                ("notifications", "{id}") => self.notification(role),
                (_, other) if other.contains('{') => {
                    panic!("tests/things.rs does not say how {path} is filled")
                }
                (_, other) => other,
            });
        }
        let path = filled.join("/");
        match path.as_str() {
            "/v1/events" => format!("{path}?lead_id={}", self.lead),
            "/v1/analytics/leads" => format!("{path}?by=source"),
            _ => path,
        }
    }

    fn notification(&self, role: Option<Role>) -> &str {
        let own = self.notifications.iter().find(|(of, _)| role.is_none_or(|role| role == *of));
        own.map_or("none", |(_, id)| id)
    }

    /// Returns a body that the route takes; `None` where it takes none.
    pub fn body(&self, document: &Value, route: &Route) -> Option<Value> {
        let method = route.method.as_str().to_lowercase();
        document["paths"][route.path][&method].get("requestBody")?;
        let nobodys = self.nobodys.as_ref().map(|nobodys| nobodys.lead.clone());
        let body = match (route.method.as_str(), route.path) {
            ("POST", "/v1/leads/merge") => {
                json!({ "lead_ids": [self.lead, nobodys], "preview": true })
            }
            ("POST", "/v1/leads/{id}/unmerge") => json!({ "preview": true }),
            (_, "/v1/scoring-rules/{id}" | "/v1/golden-leads/{id}") => {
                let mut body = example(document, route.path, &route.method).unwrap();
                body.as_object_mut().unwrap().remove("id");
                body
            }
            // Whom a lead is assigned to is not for everybody to say.
            ("PUT", "/v1/leads/{id}") => json!({ "profile": { "title": "CEO" } }),
            _ => example(document, route.path, &route.method).unwrap_or_else(|| json!({})),
        };
        Some(body)
    }
}
