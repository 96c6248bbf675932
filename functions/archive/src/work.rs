//! The messages of the archive queue: what is to be put together, in parts that fit an
//! invocation.

use domain::{tenant::TenantId, time::Day};
use queue::{SendError, StandardQueue};
use serde::{Deserialize, Serialize};

/// One part of a night's work.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "work", rename_all = "snake_case", deny_unknown_fields)]
pub enum Work {
    /// Look for days with several objects.
    List {
        /// The key after which to look; from the first one without it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        after: Option<String>,
    },
    /// Put the objects of a day together.
    Compact {
        /// Whose day it is.
        tenant: TenantId,
        /// The UTC day.
        day: Day,
    },
}

/// Where the work is put.
pub trait Works: Send + Sync {
    /// Queues each part durably, or fails.
    fn send(&self, work: &[Work]) -> impl Future<Output = Result<(), SendError>> + Send;
}

impl Works for StandardQueue {
    async fn send(&self, work: &[Work]) -> Result<(), SendError> {
        self.send_all(work).await
    }
}
