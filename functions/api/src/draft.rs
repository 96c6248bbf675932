//! The draft as the routes see it: the rules that the next version will have.
//!
//! Invariant: an edit is applied to what is there when it is written. Of two edits at once both
//! are kept; one that cannot be is told so.

use axum::http::StatusCode;
use domain::{check::Finding, rule_set::RuleSet, tenant::TenantId};
use dynamo::{Draft, Store, StoreError};
use lambda::problem::Problem;

use crate::{
    error::ApiError,
    guard::{Admitted, Change},
    revision::{self, ATTEMPTS, IfMatch},
};

/// How large a rule set is at most, as JSON without spaces.
pub const MAX_BYTES: usize = 300 * 1024;

/// What the audit log calls a draft or a version of the rules.
pub const RULE_SET: &str = "rule_set";

/// What the audit log names the draft by.
const DRAFT: &str = "draft";

/// The rules that are worked on: the draft, or the active set while there is none.
#[derive(Clone, Debug)]
pub struct Current {
    /// The rules.
    pub set: RuleSet,
    /// The version that they were made from; 0 if that was not noted.
    pub based_on: u32,
    revision: Option<u64>,
}

impl Current {
    /// Reads them, strongly consistent.
    pub async fn read(store: &Store, tenant: &TenantId) -> Result<Self, StoreError> {
        if let Some(Draft { set, based_on, revision }) = store.draft(tenant).await? {
            return Ok(Self { set, based_on, revision: Some(revision) });
        }
        let set = store.active_rule_set(tenant).await?;
        Ok(Self { based_on: set.version, set, revision: None })
    }

    /// Returns the revision of the draft; `None` while there is none.
    pub const fn revision(&self) -> Option<u64> {
        self.revision
    }

    /// Returns the `ETag`: the draft's, or that of the active version while there is no draft.
    pub fn etag(&self) -> String {
        match self.revision {
            Some(revision) => revision::etag(revision),
            None => format!("\"version-{}\"", self.set.version),
        }
    }
}

/// Changes the draft, or begins one with a change of the active set. Returns what the change
/// returned and the new `ETag`; what the change is to goes to the audit log.
///
/// The change is made again on what somebody else wrote meanwhile. The draft stays based on the
/// version that it was begun from.
pub async fn edit<T>(
    store: &Store,
    admitted: &Admitted,
    if_match: &IfMatch,
    mut change: impl FnMut(&mut RuleSet) -> Result<(T, Change), ApiError>,
) -> Result<(T, String), ApiError> {
    let tenant = admitted.tenant();
    for _ in 0..ATTEMPTS {
        let current = Current::read(store, tenant).await?;
        if_match.require(&current.etag())?;
        let Current { mut set, based_on, revision } = current;
        let (made, changed) = change(&mut set)?;
        let store = admitted.recording_change(store, changed);
        set.version = 0;
        fits(&set, MAX_BYTES)?;
        let next = Draft::new(tenant, &set, based_on)?;
        let kept = match revision {
            Some(revision) => store.edit_draft(tenant, &next, revision).await?,
            None => store.base_draft(tenant, &next, None).await?,
        };
        if kept {
            return Ok((made, revision::etag(next.revision)));
        }
    }
    Err(revision::contended().into())
}

/// Makes a set that [`fits`] the draft, based on the version that is active now. Returns it.
pub async fn replace(
    store: &Store,
    admitted: &Admitted,
    if_match: &IfMatch,
    set: &RuleSet,
) -> Result<Current, ApiError> {
    let tenant = admitted.tenant();
    for _ in 0..ATTEMPTS {
        let read = Current::read(store, tenant).await?;
        if_match.require(&read.etag())?;
        let active = match read.revision {
            Some(_) => store.active_version(tenant).await?,
            None => read.based_on,
        };
        let next = Draft::new(tenant, set, active)?;
        let before = RuleSet { version: next.set.version, ..read.set };
        let changed = Change::of(RULE_SET, DRAFT, Some(&before), Some(&next.set))?;
        let store = admitted.recording_change(store, changed);
        if store.base_draft(tenant, &next, read.revision).await? {
            let Draft { set, based_on, revision } = next;
            return Ok(Current { set, based_on, revision: Some(revision) });
        }
    }
    Err(revision::contended().into())
}

/// Removes the draft; there may be none.
pub async fn discard(
    store: &Store,
    admitted: &Admitted,
    if_match: &IfMatch,
) -> Result<(), ApiError> {
    let tenant = admitted.tenant();
    let recording = admitted.recording(store, RULE_SET, DRAFT, []);
    for _ in 0..ATTEMPTS {
        let current = Current::read(store, tenant).await?;
        if_match.require(&current.etag())?;
        let Some(revision) = current.revision() else { return Ok(()) };
        if recording.drop_draft(tenant, revision).await? {
            return Ok(());
        }
    }
    Err(revision::contended().into())
}

/// 413 when a thing is larger than what is kept.
pub fn fits<T: serde::Serialize>(thing: &T, most: usize) -> Result<(), ApiError> {
    let bytes = serde_json::to_string(thing)?.len();
    if bytes <= most {
        return Ok(());
    }
    let message = format!("it would have {bytes} bytes as JSON; at most {most} are kept");
    Err(Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "payload_too_large", message).into())
}

/// 422: tells all that is wrong with a rule or a rule set.
pub fn invalid(code: &'static str, what: &str, findings: Vec<Finding>) -> Problem {
    let told: Vec<_> = findings.into_iter().map(told).collect();
    let first = told.first().map(|(finding, message)| format!("{}: {message}", finding.path));
    let rest = match told.len() {
        0 | 1 => String::new(),
        count => format!("; {} more in errors", count - 1),
    };
    let message = format!("{what} cannot be taken: {}{rest}", first.unwrap_or_default());
    let problem = Problem::new(StatusCode::UNPROCESSABLE_ENTITY, code, message);
    told.into_iter().fold(problem, |problem, (finding, message)| match finding.place {
        Some((line, column)) => {
            problem.with_error_at(finding.path, finding.code, message, line, column)
        }
        None => problem.with_error(finding.path, finding.code, message),
    })
}

/// Writes the path as other problems do, `rules.2.when`, and the place into the message.
fn told(finding: Finding) -> (Finding, String) {
    let path = finding.path.replace('[', ".").replace(']', "");
    let message = match finding.place {
        Some((line, column)) => format!("line {line}, column {column}: {}", finding.message),
        None => finding.message.clone(),
    };
    (Finding { path, ..finding }, message)
}
