//! Files in memory, and the queue of the jobs that use them.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use domain::{event::Sealed, tenant::TenantId};
use files::{FileKey, FileSort, Files, Filing};
use queue::JobMessage;

use super::world::Jobs;
use crate::job_queue::{JobQueue, Sending};

/// Files in memory.
#[derive(Clone, Debug, Default)]
pub(super) struct Bucket(pub Arc<Mutex<BTreeMap<FileKey, Sealed>>>);

impl Files for Bucket {
    fn put<'f>(&'f self, key: &'f FileKey, content: Sealed) -> Filing<'f, ()> {
        self.0.lock().unwrap().insert(key.clone(), content);
        Box::pin(async { Ok(()) })
    }

    fn get<'f>(&'f self, key: &'f FileKey) -> Filing<'f, Option<Sealed>> {
        let found = self.0.lock().unwrap().get(key).cloned();
        Box::pin(async { Ok(found) })
    }

    fn remove<'f>(&'f self, key: &'f FileKey) -> Filing<'f, ()> {
        self.0.lock().unwrap().remove(key);
        Box::pin(async { Ok(()) })
    }

    fn list<'f>(&'f self, sort: FileSort, tenant: &'f TenantId) -> Filing<'f, Vec<FileKey>> {
        let is_meant = |key: &&FileKey| key.is_of(sort, tenant);
        let found = self.0.lock().unwrap().keys().filter(is_meant).cloned().collect();
        Box::pin(async { Ok(found) })
    }
}

/// The bulk queue of a world, which fails with its job queue.
#[derive(Clone, Debug)]
pub(super) struct BulkJobs(pub Jobs);

impl JobQueue for BulkJobs {
    fn send_later<'s>(&'s self, message: &'s JobMessage, delay: Duration) -> Sending<'s> {
        let Self(jobs) = self;
        let sending = Jobs { sent: Arc::clone(&jobs.bulk), ..jobs.clone() };
        Box::pin(async move { sending.send_later(message, delay).await })
    }
}
