//! The messages of the shard queue: a run's work, in parts that fit an invocation.

use domain::{home::HomeId, tenant::TenantId, time::Day};
use queue::{SendError, StandardQueue};
use serde::{Deserialize, Serialize};

/// One part of a run's work, or of what follows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "work", rename_all = "snake_case", deny_unknown_fields)]
pub enum Shard {
    /// Scan one segment.
    Scan {
        /// The day of the run.
        run: Day,
        /// The segment, counted from 0.
        segment: u32,
        /// The pass of the run, counted from 1.
        #[serde(default = "first", skip_serializing_if = "is_first")]
        pass: u32,
    },
    /// Do what follows the last segment.
    Close {
        /// The day of the run.
        run: Day,
        /// The pass of the run, counted from 1.
        #[serde(default = "first", skip_serializing_if = "is_first")]
        pass: u32,
    },
    /// Clean up after those who were erased.
    Clean {
        /// Whose leads they were.
        tenant: TenantId,
        /// The last lead, of those in order, that was cleaned up after.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        after: Option<HomeId>,
    },
}

fn first() -> u32 {
    1
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_first(pass: &u32) -> bool {
    *pass == first()
}

/// Where a run's work is put.
pub trait Shards {
    /// Queues each part durably, or fails.
    fn send(&self, shards: &[Shard]) -> impl Future<Output = Result<(), SendError>> + Send;
}

impl Shards for StandardQueue {
    async fn send(&self, shards: &[Shard]) -> Result<(), SendError> {
        self.send_all(shards).await
    }
}
