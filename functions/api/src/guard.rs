//! The one door: who is calling, whether they ask too often, whether they may, when they asked,
//! and whether they asked before.
//!
//! Invariant: a handler of a route that needs something runs only for a caller who may do it, and
//! the instant it works with is the gateway's request time, the same for the whole answer.

mod admitted;
mod change;
mod creation;
mod once;

use std::{sync::Arc, time::UNIX_EPOCH};

use axum::{
    extract::{Request, State},
    http::Extensions,
    middleware::Next,
    response::Response,
};
use domain::{actor::Actor, permission::Permission, time::Timestamp};
use dynamo::Store;
use lambda::{
    auth::{Authenticator, Caller, CallerDirectory, present},
    limit::{Limiter, Standing, Subject},
    problem::Problem,
};
use lambda_http::request::RequestContext;
use tracing::Instrument;

pub use self::{admitted::Admitted, change::Change, creation::Creation};
use crate::routes::Route;

/// What the guards of all routes share.
#[derive(Debug)]
pub(crate) struct Door<D> {
    pub auth: Authenticator<D>,
    pub store: Store,
    pub limiter: Limiter,
}

/// What the guard of one route needs.
pub(crate) struct Guard<D> {
    pub door: Arc<Door<D>>,
    pub route: &'static Route,
    pub permission: Permission,
}

impl<D> Clone for Guard<D> {
    fn clone(&self) -> Self {
        Self { door: Arc::clone(&self.door), ..*self }
    }
}

/// Lets a request through to its handler, or answers 401, 403, 429 or 503.
pub(crate) async fn admit<D>(
    State(guard): State<Guard<D>>,
    request: Request,
    next: Next,
) -> Response
where
    D: CallerDirectory + Send + Sync + 'static,
{
    // A request cannot be borrowed across an await: its body is not `Sync`.
    let presented = present(request.headers(), None);
    let now = match requested_at(request.extensions()) {
        Ok(now) => now,
        Err(problem) => return problem.into_response(),
    };
    let caller = match guard.door.auth.authenticate(&presented, now).await {
        Ok(caller) => caller,
        Err(problem) => return problem.into_response(),
    };
    let Route { method, path, .. } = guard.route;
    let span = tracing::info_span!("request", tenant = %caller.tenant(), %method, route = path);
    let answer = async {
        let standing = match guard.count(&caller, now).await {
            Ok(standing) => standing,
            Err(problem) => return problem.into_response(),
        };
        let mut response = guard.serve(caller, now, request, next).await;
        standing.write(response.headers_mut());
        response
    };
    answer.instrument(span).await
}

impl<D> Guard<D> {
    /// Counts the request, or answers 429.
    async fn count(&self, caller: &Caller, now: Timestamp) -> Result<Standing, Problem> {
        let actor = caller.actor();
        let limit = match actor {
            Actor::User(_) => caller.limits.people,
            Actor::Key(_) | Actor::System => caller.limits.api_keys,
        };
        let id = actor.to_string();
        let subject = Subject { tenant: caller.tenant(), id: &id, limit: limit.into() };
        self.door.limiter.take(&self.door.store, subject, now).await
    }

    async fn serve(
        &self,
        caller: Caller,
        now: Timestamp,
        mut request: Request,
        next: Next,
    ) -> Response {
        if let Err(problem) = caller.require(self.permission) {
            return problem.into_response();
        }
        let creation = match Creation::fresh(now) {
            Ok(creation) => creation,
            Err(problem) => return problem.into_response(),
        };
        let action = self.route.action.unwrap_or_default();
        let admitted = Admitted::new(caller, action, creation);
        if self.route.creates {
            return once::once(&self.door.store, &admitted, request, next).await;
        }
        request.extensions_mut().insert(admitted);
        next.run(request).await
    }
}

/// Reads the gateway's request time. Without a gateway, as behind a test server, the request is
/// being received now.
pub(crate) fn requested_at(extensions: &Extensions) -> Result<Timestamp, Problem> {
    let millis = match extensions.get() {
        Some(RequestContext::ApiGatewayV2(context)) if context.time_epoch > 0 => context.time_epoch,
        _ => UNIX_EPOCH.elapsed().map_or(0, |since| i64::try_from(since.as_millis()).unwrap_or(0)),
    };
    Timestamp::from_millis(millis)
        .map_err(|error| Problem::bad_request("invalid_request_time", error.to_string()))
}
