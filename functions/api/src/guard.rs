//! The one door: who is calling, whether they may, and when they asked.
//!
//! Invariant: a handler of a route that needs a scope runs only for a caller who has it, and the
//! instant it works with is the gateway's request time, the same for the whole answer.

use std::{sync::Arc, time::UNIX_EPOCH};

use axum::{
    extract::{FromRequestParts, MatchedPath, Request, State},
    http::{Extensions, request::Parts},
    middleware::Next,
    response::Response,
};
use domain::{api_key::Scope, tenant::TenantId, time::Timestamp};
use lambda::{
    auth::{Authenticator, Caller, KeyDirectory, Presented, present},
    problem::Problem,
};
use lambda_http::request::RequestContext;
use tracing::Instrument;
use vault::Keyring;

use crate::error::ApiError;

/// A caller who was let in, and the instant of the request.
#[derive(Clone, Debug)]
pub struct Admitted {
    caller: Caller,
    /// When the gateway received the request.
    pub now: Timestamp,
}

impl Admitted {
    /// Returns the tenant that the caller speaks for.
    pub const fn tenant(&self) -> &TenantId {
        self.caller.tenant()
    }

    /// Returns the keys that open the tenant's personal values.
    pub fn keyring(&self) -> &Keyring {
        &self.caller.keyring
    }
}

/// What the guard of one route needs.
pub(crate) struct Guard<D> {
    pub auth: Arc<Authenticator<D>>,
    pub scope: Scope,
}

impl<D> Clone for Guard<D> {
    fn clone(&self) -> Self {
        Self { auth: Arc::clone(&self.auth), scope: self.scope }
    }
}

/// Lets a request through to its handler, or answers 401, 403 or 503.
pub(crate) async fn admit<D>(
    State(guard): State<Guard<D>>,
    mut request: Request,
    next: Next,
) -> Response
where
    D: KeyDirectory + Send + Sync + 'static,
{
    // A request cannot be borrowed across an await: its body is not `Sync`.
    let presented = present(request.headers(), None);
    let now = requested_at(request.extensions());
    let admitted = match guard.check(&presented, now).await {
        Ok(admitted) => admitted,
        Err(problem) => return problem.into_response(),
    };
    let route = request.extensions().get().map_or("", MatchedPath::as_str);
    let method = request.method().clone();
    let span = tracing::info_span!("request", tenant = %admitted.tenant(), %method, route);
    request.extensions_mut().insert(admitted);
    next.run(request).instrument(span).await
}

impl<D: KeyDirectory> Guard<D> {
    async fn check(
        &self,
        presented: &Presented,
        now: Result<Timestamp, Problem>,
    ) -> Result<Admitted, Problem> {
        let now = now?;
        let caller = self.auth.authenticate(presented, now).await?;
        caller.require(self.scope)?;
        Ok(Admitted { caller, now })
    }
}

/// Reads the gateway's request time. Without a gateway, as behind a test server, the request is
/// being received now.
fn requested_at(extensions: &Extensions) -> Result<Timestamp, Problem> {
    let millis = match extensions.get() {
        Some(RequestContext::ApiGatewayV2(context)) if context.time_epoch > 0 => context.time_epoch,
        _ => UNIX_EPOCH.elapsed().map_or(0, |since| i64::try_from(since.as_millis()).unwrap_or(0)),
    };
    Timestamp::from_millis(millis)
        .map_err(|error| Problem::bad_request("invalid_request_time", error.to_string()))
}

impl<S: Sync> FromRequestParts<S> for Admitted {
    type Rejection = ApiError;

    /// Fails only on a route that the table declares public: nobody was asked who they are there.
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        let admitted = parts.extensions.get().cloned();
        admitted.ok_or_else(|| Problem::forbidden("missing_scope", "nobody may do this").into())
    }
}
