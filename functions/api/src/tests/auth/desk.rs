//! A router whose people have accounts.

use std::sync::Arc;

use axum::{
    Router,
    body::{Body, to_bytes},
    http::{
        HeaderMap, Request,
        header::{AUTHORIZATION, CONTENT_TYPE},
    },
};
use cognito::{InvitationCode, UserPool};
use domain::{
    actor::Actor,
    event::Sealed,
    user::{Role, UserId},
};
use dynamo::{Member, Store};
use founding::Founder;
use lambda::auth::Authenticator;
use serde_json::{Value, json};
use testing::{Accounts as Pool, Tables, a_tenant, key_service};
use tower::ServiceExt;
use vault::Vault;

use crate::{
    accounts::auth::{Accounts, Attempts},
    adapters::Adapters,
    routes::router,
    tests::{
        bucket::{Bucket, BulkJobs},
        callers::{Directory, Tokens, token},
        world::Jobs,
    },
};

pub(super) const ANA: &str = "ana@example.com";
pub(super) const PASSWORD: &str = "correct horse battery staple";

/// Where somebody signs in.
pub(super) struct Desk {
    pub tables: Tables,
    pub pool: Pool,
    router: Router,
}

/// What was answered.
#[derive(Debug)]
pub(super) struct Told {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Value,
}

/// Returns accounts of nobody, where only who is invited may sign up.
pub(in crate::tests) fn closed(store: &Store) -> Arc<Accounts> {
    Arc::new(accounts(store, &Pool::default(), false))
}

fn accounts(store: &Store, pool: &Pool, is_open: bool) -> Accounts {
    let vault = Vault::new(&key_service(), "alias/leadline");
    let pool = UserPool::new(&pool.config(), "us-east-1_test", "3h7k");
    let founder = Founder::new(store.clone(), vault);
    Accounts { pool, founder, is_open, attempts: Attempts::default() }
}

impl Desk {
    /// Opens a desk where anybody may sign up.
    pub async fn open() -> Self {
        let tables = Tables::start().await;
        let store = tables.store.clone();
        Self::over(tables, &Pool::default(), store, true)
    }

    /// Opens a desk where only who is invited may sign up.
    pub async fn invited_only() -> Self {
        let tables = Tables::start().await;
        let store = tables.store.clone();
        Self::over(tables, &Pool::default(), store, false)
    }

    /// Goes on over the same tables, reached through another store.
    pub fn through(self, store: Store) -> Self {
        let Self { tables, pool, .. } = self;
        Self::over(tables, &pool, store, true)
    }

    fn over(tables: Tables, pool: &Pool, store: Store, is_open: bool) -> Self {
        let accounts = Arc::new(accounts(&store, pool, is_open));
        let jobs = Jobs::default();
        let adapters = Adapters {
            jobs: Arc::new(jobs.clone()),
            bulk: Arc::new(BulkJobs(jobs)),
            files: Arc::new(Bucket::default()),
            pool: Arc::new(accounts.pool.clone()),
            accounts,
        };
        let auth = Authenticator::new(Directory(store.clone())).with_tokens(Arc::new(Tokens));
        Self { tables, pool: pool.clone(), router: router(auth, store, adapters) }
    }

    /// Asks a route of these.
    pub async fn ask(&self, route: &str, body: Value) -> Told {
        self.send(route, Some(&body)).await
    }

    /// Asks with a body of JSON, or without any.
    pub async fn send(&self, route: &str, body: Option<&Value>) -> Told {
        let request = Request::post(format!("/v1/auth/{route}"));
        let request = match body {
            Some(body) => {
                request.header(CONTENT_TYPE, "application/json").body(Body::from(body.to_string()))
            }
            None => request.body(Body::empty()),
        };
        let request = request.unwrap();
        let answer = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = answer.into_parts();
        let body = to_bytes(body, usize::MAX).await.unwrap();
        let body = serde_json::from_slice(&body).unwrap_or_default();
        Told { status: parts.status.as_u16(), headers: parts.headers, body }
    }

    /// Deletes a user as an admin of the same tenant would, and returns the status.
    pub async fn remove(&self, user: &UserId, admin: &UserId) -> u16 {
        let request = Request::delete(format!("/v1/users/{user}"))
            .header(AUTHORIZATION, format!("Bearer {}", token(admin)))
            .body(Body::empty())
            .unwrap();
        self.router.clone().oneshot(request).await.unwrap().status().as_u16()
    }

    /// Invites somebody to a tenant, and returns the code.
    pub async fn invite(&self, email: &str) -> String {
        let pool = UserPool::new(&self.pool.config(), "us-east-1_test", "3h7k");
        let code = InvitationCode::new([1; 16]);
        let user = pool.invite(&email.parse().unwrap(), None, &code).await.unwrap().unwrap();
        let (sealed, now) = (Sealed("sealed".to_owned()), "2026-01-15T12:00:00Z".parse().unwrap());
        let member = Member::invited(a_tenant(), user, Role::Viewer, sealed, Actor::System, now);
        assert!(self.tables.store.create_member(&member).await.unwrap());
        code.reveal().to_owned()
    }

    /// Signs somebody up for an organisation.
    pub async fn sign_up(&self, email: &str, organisation: &str) -> Told {
        let body = json!({"email": email, "password": PASSWORD, "organisation": organisation});
        self.ask("sign-up", body).await
    }

    /// Confirms with the code that was mailed last.
    pub async fn confirm(&self, email: &str) -> Told {
        let code = self.pool.last_code(email).unwrap();
        self.ask("confirm", json!({"email": email, "code": code})).await
    }

    pub async fn sign_in(&self, email: &str, password: &str) -> Told {
        self.ask("sign-in", json!({"email": email, "password": password})).await
    }

    /// Lets somebody sign up and confirm.
    pub async fn with_user(&self, email: &str) {
        assert_eq!(self.sign_up(email, "Acme Ltda").await.status, 202);
        assert_eq!(self.confirm(email).await.status, 204);
    }

    pub fn user(&self, email: &str) -> UserId {
        UserId::from_subject(&self.pool.subject(email).unwrap()).unwrap()
    }
}

impl Told {
    pub fn code(&self) -> (u16, &str) {
        (self.status, self.body["code"].as_str().unwrap_or_default())
    }

    /// The one field that is wrong, and what is wrong with it.
    pub fn field(&self) -> (&str, &str) {
        let error = &self.body["errors"][0];
        let text = |name: &str| error[name].as_str().unwrap_or_default();
        (text("field"), text("code"))
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}
