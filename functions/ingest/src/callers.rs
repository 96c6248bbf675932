//! Who sends a request, and whether they send too many.
//!
//! Invariant: whoever may not send, or sends too many, is refused before anything is queued. A
//! request that was accepted has lost nothing to a limit.

use std::sync::OnceLock;

use domain::{permission::Permission, time::Timestamp};
use lambda::{
    auth::{Authenticator, Caller, CallerDirectory, Presented},
    limit::{Counters, Limiter, Standing, Subject},
    problem::Problem,
};

use crate::gateway::Answer;

/// Finds out who calls, and counts their requests.
#[derive(Debug)]
pub struct Callers<D, C> {
    authenticator: Authenticator<D>,
    counters: C,
    limiter: Limiter,
}

/// How the caller of one request stands, once that is known.
#[derive(Debug, Default)]
pub struct Counted(OnceLock<Standing>);

impl<D: CallerDirectory, C: Counters> Callers<D, C> {
    /// Takes the directory of keys and where requests are counted together.
    pub fn new(directory: D, counters: C) -> Self {
        let authenticator = Authenticator::new(directory);
        Self { authenticator, counters, limiter: Limiter::default() }
    }

    /// Returns the caller, who must be allowed to send events.
    pub async fn admit(
        &self,
        presented: &Presented,
        counted: &Counted,
        now: Timestamp,
    ) -> Result<Caller, Problem> {
        let caller = self.authenticator.authenticate(presented, now).await?;
        let id = subject(&caller);
        let limit = caller.limits.ingest.into();
        let subject = Subject { tenant: caller.tenant(), id: &id, limit };
        let standing = self.limiter.take(&self.counters, subject, now).await?;
        // A request has one caller.
        counted.0.get_or_init(|| standing);
        caller.require(Permission::Ingest)?;
        Ok(caller)
    }
}

/// Names who is counted. What a key sends is counted apart from what it asks of the API, where
/// another limit holds.
fn subject(caller: &Caller) -> String {
    format!("{}.events", caller.actor())
}

impl Counted {
    /// Adds to an answer how the caller stands.
    pub fn write(&self, answer: &mut Answer) {
        let headers = self.0.get().map(|standing| standing.headers());
        for (name, value) in headers.into_iter().flatten() {
            answer.set_header(name.as_str(), value.to_str().unwrap_or_default());
        }
    }
}
