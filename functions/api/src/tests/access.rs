//! Who may do what: every route with every role and scope, with another tenant's ids, and with the
//! leads of somebody else.

use axum::http::Method;
use domain::{api_key::Scope, permission::Permission, user::Role};
use serde_json::{Value, json};
use testing::a_tenant;

use super::{
    callers::{token, user},
    things::{NAMES, Things, ask, things},
    world::{World, key, other_tenant},
};
use crate::routes::{Access, Route, routes};

/// Routes other than reads that change nothing that the audit log tells of.
const NOT_AUDITED: [&str; 2] = ["/v1/rule-sets/preview", "/v1/notifications/{id}/read"];

/// Routes by POST that make nothing new: what each does is done once, however often it is asked.
const MAKE_NOTHING: [&str; 7] = [
    "/v1/leads/merge",
    "/v1/leads/{id}/unmerge",
    "/v1/leads/{id}/restore",
    "/v1/rule-sets/publish",
    "/v1/rule-sets/{version}/rollback",
    "/v1/jobs/{id}/resume",
    "/v1/notifications/{id}/read",
];

/// What only an export has that is done: here there is none.
const OF_AN_EXPORT: &str = "/v1/exports/{job}/parts/{part}";

/// An `If-Match` of nothing that there is.
const STALE: &str = "\"stale\"";

/// A caller of the first tenant.
struct Asker {
    name: &'static str,
    credential: String,
    role: Option<Role>,
    may: Box<dyn Fn(Permission) -> bool>,
}

/// Returns a caller of every role and of every scope.
fn askers() -> Vec<Asker> {
    let people = Role::ALL.map(|role| Asker {
        name: role.as_str(),
        credential: token(&user(&a_tenant(), role)),
        role: Some(role),
        may: Box::new(move |permission| role.allows(permission)),
    });
    let keys = [Scope::Ingest, Scope::Read, Scope::Admin].map(|scope| Asker {
        name: scope.as_str(),
        credential: key(&a_tenant(), scope.as_str()),
        role: None,
        may: Box::new(move |permission| scope.allows(permission)),
    });
    people.into_iter().chain(keys).collect()
}

/// Iterates over the routes that need something.
pub(super) fn guarded() -> impl Iterator<Item = (&'static Route, Permission)> {
    routes().filter_map(|route| match route.access {
        Access::Public => None,
        Access::Needs(permission) => Some((route, permission)),
    })
}

async fn document(world: &World) -> Value {
    world.get_with("/openapi.json", None).await.body
}

/// Tells whether the route let the request through: whatever else is wrong with it.
fn is_served(status: u16) -> bool {
    status < 500 && ![401, 403, 404, 405, 428, 429].contains(&status)
}

#[tokio::test]
async fn every_route_serves_just_the_roles_and_scopes_that_have_its_permission() {
    let world = World::start().await;
    let document = document(&world).await;
    let ours = things(&world, a_tenant()).await;
    for (route, permission) in guarded() {
        let body = ours.body(&document, route);
        for asker in askers() {
            let may = (asker.may)(permission);
            let told = format!("{} {} as {}", route.method, route.path, asker.name);
            // What is removed is there for one caller only.
            let is_gone = route.method == Method::DELETE && may;
            let fresh = if is_gone { Some(World::start().await) } else { None };
            let (world, target) = match &fresh {
                Some(world) => {
                    (world, things(world, a_tenant()).await.fill(route.path, asker.role))
                }
                None => (&world, ours.fill(route.path, asker.role)),
            };
            let asked = (&route.method, target.as_str());
            let credential = Some(asker.credential.as_str());
            let answer = ask(world, asked, credential, STALE, body.as_ref()).await;
            if may && route.path == OF_AN_EXPORT {
                assert_eq!(answer.code(), (404, "export_not_found"), "{told}");
                continue;
            }
            if may {
                assert!(is_served(answer.status), "{told}: {} {}", answer.status, answer.body);
                continue;
            }
            let code = if asker.role.is_some() { "missing_permission" } else { "missing_scope" };
            assert_eq!(answer.code(), (403, code), "{told}");
        }
    }
}

#[tokio::test]
async fn nobody_is_served_without_a_credential_that_is_known() {
    let world = World::start().await;
    let ours = things(&world, a_tenant()).await;
    let unknown = key(&a_tenant(), "unknown");
    for (route, _) in guarded() {
        let target = ours.fill(route.path, None);
        for presented in [None, Some(unknown.as_str()), Some("junk"), Some("e30.e30.c2ln")] {
            let answer = ask(&world, (&route.method, &target), presented, STALE, None).await;
            assert_eq!(answer.status, 401, "{} {target} with {presented:?}", route.method);
            assert!(answer.headers.contains_key("www-authenticate"));
        }
    }
}

/// Tells what is answered to who asks for a thing that is not theirs: there is no such thing, and
/// what is to be gone is gone.
fn of_strangers(route: &Route) -> u16 {
    let is_gone = route.method == Method::DELETE && route.path == "/v1/scoring-rules/{id}";
    if is_gone { 204 } else { 404 }
}

#[tokio::test]
async fn another_tenants_things_do_not_exist() {
    let world = World::start().await;
    let document = document(&world).await;
    let (ours, theirs) = (things(&world, a_tenant()).await, things(&world, other_tenant()).await);
    let names_things = |route: &Route| {
        let mut named = route.path.split('/').filter(|segment| segment.starts_with('{'));
        named.any(|name| !NAMES.contains(&name))
    };
    for (route, permission) in guarded().filter(|(route, _)| names_things(route)) {
        let body = theirs.body(&document, route);
        for asker in askers().iter().filter(|asker| (asker.may)(permission)) {
            let told = format!("{} {} as {}", route.method, route.path, asker.name);
            let target = theirs.fill(route.path, None);
            let asked = (&route.method, target.as_str());
            let credential = Some(asker.credential.as_str());
            let answer = ask(&world, asked, credential, "*", body.as_ref()).await;
            assert_eq!(answer.status, of_strangers(route), "{told}: {}", answer.body);
        }
        if route.method == Method::GET {
            let admin = token(&user(&other_tenant(), Role::Admin));
            let target = theirs.fill(route.path, Some(Role::Admin));
            let answer = world.get_with(&target, Some(&admin)).await;
            assert_eq!(
                answer.status == 200,
                route.path != OF_AN_EXPORT,
                "{target}: {}",
                answer.body
            );
        }
    }
    assert!(ours.nobodys.is_some());
}

#[tokio::test]
async fn no_list_shows_another_tenants_things() {
    let world = World::start().await;
    let theirs = things(&world, other_tenant()).await;
    let ids = [&theirs.lead, &theirs.note, &theirs.company, &theirs.user, &theirs.api_key];
    let more = [&theirs.job, &theirs.rule, &theirs.golden_lead, &theirs.activity];
    let lists = guarded().filter(|(route, _)| !route.path.contains('{'));
    for (route, _) in lists.filter(|(route, _)| route.method == Method::GET) {
        for credential in [token(&user(&a_tenant(), Role::Admin)), key(&a_tenant(), "admin")] {
            let shown = world.get_with(route.path, Some(&credential)).await.body.to_string();
            for id in ids.iter().chain(&more) {
                assert!(!shown.contains(id.as_str()), "{} shows {id}: {shown}", route.path);
            }
        }
    }
}

#[tokio::test]
async fn a_sales_rep_finds_only_the_leads_that_are_assigned_to_them() {
    let world = World::start().await;
    let document = document(&world).await;
    let ours = things(&world, a_tenant()).await;
    let nobodys = ours.nobodys.as_ref().unwrap();
    let rep = token(&user(&a_tenant(), Role::SalesRep));
    let mut walked = 0;
    for (route, permission) in guarded() {
        if !route.path.starts_with("/v1/leads/{id}") || !Role::SalesRep.allows(permission) {
            continue;
        }
        let body = ours.body(&document, route);
        let send = async |things: &Things| {
            let target = things.fill(route.path, Some(Role::SalesRep));
            ask(&world, (&route.method, &target), Some(&rep), STALE, body.as_ref()).await
        };
        let refused = send(nobodys).await;
        let told = format!("{} {}", route.method, route.path);
        assert_eq!(refused.code(), (404, "lead_not_found"), "{told}");
        if route.method != Method::DELETE {
            let served = send(&ours).await;
            assert!(is_served(served.status), "{told}: {} {}", served.status, served.body);
        }
        walked += 1;
    }
    assert!(walked >= 10, "{walked}");
    let listed = world.get_with("/v1/leads", Some(&rep)).await.body;
    let ids: Vec<_> = listed["data"].as_array().unwrap().iter().map(|lead| &lead["id"]).collect();
    assert_eq!(ids, [&json!(ours.lead)]);
}

#[test]
fn every_change_is_audited_and_only_who_may_write_makes_one() {
    for (route, permission) in guarded() {
        let told = format!("{} {}", route.method, route.path);
        if route.method == Method::GET {
            assert_eq!((route.action, route.creates), (None, false), "{told}");
            continue;
        }
        assert_eq!(route.action.is_none(), NOT_AUDITED.contains(&route.path), "{told}");
        if permission != Permission::OwnAccount {
            assert!(!Scope::Read.allows(permission), "{told}");
            assert!(!Role::Viewer.allows(permission) && !Role::Analyst.allows(permission));
        }
        let makes = route.method == Method::POST && !MAKE_NOTHING.contains(&route.path);
        assert_eq!(route.creates, makes, "{told}");
    }
}

#[test]
fn an_action_says_what_was_done_to_what() {
    for action in guarded().filter_map(|(route, _)| route.action) {
        let (object, done) = action.split_once('.').unwrap();
        let is_word = |word: &str| {
            !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')
        };
        assert!(is_word(object) && is_word(done), "{action}");
    }
}
