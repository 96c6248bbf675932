//! People who sign up, sign in and invite each other, as a browser or a program does it.

use std::{thread, time::Duration};

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use ureq::http::Method;

use crate::{
    client::Client,
    stack::{Stack, cargo_stack, until},
};

/// A password that the pool takes.
pub const PASSWORD: &str = "correct horse battery";

/// A person who signed in.
pub struct Person {
    /// Speaks with the access token.
    pub client: Client,
    /// The user id.
    pub user: String,
    /// The tenant.
    pub tenant: String,
    /// Makes new access tokens.
    pub refresh_token: String,
    /// The address.
    pub email: String,
}

/// Signs a person up with an organisation of their own, and in.
pub fn founder(stack: &Stack, name: &str) -> Result<Person> {
    let email = format!("{name}.{}@example.com", stack.unique());
    let nobody = stack.client("");
    let body = json!({"email": email, "password": PASSWORD, "organisation": "Acme & Söhne"});
    let signed_up = nobody.call(Method::POST, "/v1/auth/sign-up", &body)?;
    ensure!(signed_up.status == 202, "sign-up: {} {}", signed_up.status, signed_up.text);
    let early = json!({"email": email, "password": PASSWORD});
    let early = nobody.call(Method::POST, "/v1/auth/sign-in", &early)?;
    ensure!(early.status == 403 && early.body["code"] == "not_confirmed", "{}", early.text);
    let code = code(&email)?;
    let confirm = json!({"email": email, "code": code});
    nobody.expect(204, &Method::POST, "/v1/auth/confirm", &confirm)?;
    sign_in(stack, &email, PASSWORD)
}

/// Signs a person in.
pub fn sign_in(stack: &Stack, email: &str, password: &str) -> Result<Person> {
    let body = json!({"email": email, "password": password});
    let tokens = stack.client("").expect(200, &Method::POST, "/v1/auth/sign-in", &body)?;
    person(stack, email, &tokens)
}

/// Invites somebody, who accepts.
pub fn colleague(stack: &Stack, admin: &Person, name: &str, role: &str) -> Result<Person> {
    let email = format!("{name}.{}@example.com", stack.unique());
    let invited = json!({"email": email, "role": role, "name": name});
    let invited = admin.client.expect(201, &Method::POST, "/v1/users", &invited)?;
    let code = invited["invitation_code"].as_str().context("no invitation code")?;
    let body = json!({"email": email, "password": PASSWORD, "invitation_code": code});
    let tokens = stack.client("").expect(200, &Method::POST, "/v1/auth/sign-up", &body)?;
    person(stack, &email, &tokens)
}

fn person(stack: &Stack, email: &str, tokens: &Value) -> Result<Person> {
    let text = |name: &str| {
        tokens[name].as_str().map(str::to_owned).with_context(|| format!("no {name}: {tokens}"))
    };
    Ok(Person {
        client: stack.client(&text("access_token")?),
        user: text("user")?,
        tenant: text("tenant")?,
        refresh_token: text("refresh_token")?,
        email: email.to_owned(),
    })
}

/// Reads the latest code that was mailed to an address.
fn code(email: &str) -> Result<String> {
    until("the mail with the code", Duration::from_secs(10), || {
        let code = cargo_stack(&["mail", email, "--code"])?;
        let code = String::from_utf8_lossy(&code.stdout).trim().to_owned();
        Ok((!code.is_empty()).then_some(code))
    })
}

/// Who signs up has a tenant, invites others, and each may do what the role says.
pub fn sign_up_and_invite(stack: &Stack) -> Result<()> {
    let ana = founder(stack, "ana")?;
    let me = ana.client.read("/v1/me")?;
    ensure!(me["role"] == "admin" && me["tenant"]["id"] == ana.tenant.as_str(), "{me}");
    let bob = colleague(stack, &ana, "bob", "sales_rep")?;
    ensure!(bob.tenant == ana.tenant, "bob is in {}", bob.tenant);
    let users = ana.client.read("/v1/users")?;
    ensure!(users["data"].as_array().map(Vec::len) == Some(2), "{users}");
    for (path, status) in [("/v1/users", 403), ("/v1/audit-log", 403), ("/v1/leads", 200)] {
        let answer = bob.client.get(path)?;
        ensure!(answer.status == status, "{path}: {}", answer.text);
    }
    let eve = founder(stack, "eve")?;
    ensure!(eve.tenant != ana.tenant, "two founders share {}", eve.tenant);
    let foreign = eve.client.get(&format!("/v1/users/{}", bob.user))?;
    ensure!(foreign.status == 404, "{}", foreign.text);
    sessions(stack, &ana)?;
    changes_of_role(&ana, &bob)?;
    audited(&ana, &bob)
}

fn sessions(stack: &Stack, ana: &Person) -> Result<()> {
    let nobody = stack.client("");
    let wrong = json!({"email": ana.email, "password": "wrong horse battery"});
    let wrong = nobody.call(Method::POST, "/v1/auth/sign-in", &wrong)?;
    let unknown = json!({"email": "nobody@example.com", "password": "wrong horse battery"});
    let unknown = nobody.call(Method::POST, "/v1/auth/sign-in", &unknown)?;
    ensure!(wrong.status == 401 && wrong.text == unknown.text, "{} / {}", wrong.text, unknown.text);
    let refresh = json!({"refresh_token": ana.refresh_token});
    let fresh = nobody.expect(200, &Method::POST, "/v1/auth/refresh", &refresh)?;
    let fresh = stack.client(fresh["access_token"].as_str().context("no token")?);
    ensure!(fresh.read("/v1/me")?["user"] == ana.client.read("/v1/me")?["user"], "another user");
    for forged in ["a.b.c", "eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0."] {
        let answer = stack.client(forged).get("/v1/me")?;
        ensure!(answer.status == 401, "{forged}: {}", answer.text);
    }
    // The password is forgotten and set anew.
    let forgot = json!({"email": ana.email});
    nobody.expect(202, &Method::POST, "/v1/auth/forgot-password", &forgot)?;
    let reset =
        json!({"email": ana.email, "code": code(&ana.email)?, "password": "another horse battery"});
    nobody.expect(204, &Method::POST, "/v1/auth/reset-password", &reset)?;
    let ana = sign_in(stack, &ana.email, "another horse battery")?;
    let leave = json!({"refresh_token": ana.refresh_token});
    nobody.expect(204, &Method::POST, "/v1/auth/sign-out", &leave)?;
    let left = nobody.call(Method::POST, "/v1/auth/refresh", &leave)?;
    ensure!(left.status == 401, "{}", left.text);
    Ok(())
}

/// A change of a membership is effective within a minute, whatever the token says.
fn changes_of_role(ana: &Person, bob: &Person) -> Result<()> {
    let path = format!("/v1/users/{}", bob.user);
    let read = ana.client.get(&path)?;
    let etag = read.header("etag").context("no ETag")?.to_owned();
    let promote = json!({"role": "viewer"});
    let unguarded = ana.client.call(Method::PATCH, &path, &promote)?;
    ensure!(unguarded.status == 428, "{}", unguarded.text);
    let stale = ana.client.call_with(Method::PATCH, &path, &promote, &[("If-Match", "\"x\"")])?;
    ensure!(stale.status == 412, "{}", stale.text);
    let done = ana.client.call_with(Method::PATCH, &path, &promote, &[("If-Match", &etag)])?;
    ensure!(done.status == 200 && done.body["role"] == "viewer", "{}", done.text);
    until("bob is a viewer", Duration::from_secs(75), || {
        // More often than a hundred times a minute nobody is answered.
        thread::sleep(Duration::from_secs(1));
        let me = bob.client.get("/v1/me")?;
        ensure!(me.status == 200, "{}", me.text);
        Ok((me.body["role"] == "viewer").then_some(()))
    })?;
    let own = format!("/v1/users/{}", ana.user);
    let etag = ana.client.get(&own)?.header("etag").context("no ETag")?.to_owned();
    let last = json!({"role": "viewer"});
    let last = ana.client.call_with(Method::PATCH, &own, &last, &[("If-Match", &etag)])?;
    ensure!(last.status == 409 && last.body["code"] == "last_admin", "{}", last.text);
    Ok(())
}

/// The log says who changed what, and no value.
fn audited(ana: &Person, bob: &Person) -> Result<()> {
    let log = ana.client.read("/v1/audit-log")?;
    let entries = log["data"].as_array().context("no data")?;
    let changed = entries.iter().find(|entry| entry["action"] == "user.updated");
    let changed = changed.with_context(|| format!("no change of bob: {log}"))?;
    ensure!(changed["actor"] == ana.user.as_str(), "{changed}");
    ensure!(changed["object_id"] == bob.user.as_str(), "{changed}");
    ensure!(!log.to_string().contains("@example.com"), "an address is in the log: {log}");
    Ok(())
}
