//! Cleaning up after erasures of a tenant.
//!
//! Invariant: how much of what there was is noted before it is removed, and that all of it is gone
//! after that. So whoever dies on the way leaves an erasure that is still to be finished, with the
//! counts of what was there first.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use domain::{
    entry::{Activity, Note},
    erasure::{Erasure, Trace},
    home::HomeId,
    tenant::TenantId,
    time::Timestamp,
};
use dynamo::{Request, Store, StoreError};
use files::{FileError, FileKey, Files};
use futures_util::{StreamExt, TryStreamExt, stream};
use search::{IndexError, Indexer};
use shelf::{Shelf, ShelfError};
use vault::Keyring;

use crate::{
    answers::Wanted,
    own,
    traces::{Traces, note},
};

/// How many people, answers or files are worked at once.
const AT_ONCE: usize = 8;

/// How often an erasure that others clean up as well is read again.
const ATTEMPTS: usize = 5;

/// Cleans up after erasures.
#[derive(Clone, Debug)]
pub struct Cleaner {
    store: Store,
    shelf: Shelf,
    files: Arc<dyn Files>,
}

/// Why an erasure is not cleaned up. Whoever cleans up again goes on where this one stopped.
#[derive(Debug, thiserror::Error)]
pub enum CleanError {
    /// A table did not do its part.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The search index did not follow.
    #[error("what an erased lead was found by is not removed")]
    Search(#[from] IndexError),
    /// The bucket did not do its part.
    #[error("the files that may hold an erased lead are not withdrawn")]
    File(#[from] FileError),
    /// The archive did not do its part.
    #[error("what the archive may hold of an erased lead is not removed")]
    Archive(#[from] ShelfError),
    /// Other runs kept cleaning up after the same erasure.
    #[error("the erasure of lead {0} kept changing under {ATTEMPTS} attempts")]
    Contended(HomeId),
}

/// What is found of erased people in what is a whole tenant's.
struct Common {
    answers: Traces<Request>,
    files: Traces<FileKey>,
}

impl Cleaner {
    /// Takes the tables with the archive, and where the files of jobs lie.
    pub fn new(shelf: impl Into<Shelf>, files: Arc<dyn Files>) -> Self {
        let shelf = shelf.into();
        Self { store: shelf.store().clone(), shelf, files }
    }

    /// Cleans up after erasures of one tenant, and returns them as they are by then, in the same
    /// order. One stays open while somebody is at work who may leave a trace: a request that is
    /// answered under an `Idempotency-Key`, or a job with files, that was there before it.
    ///
    /// What is a whole tenant's is looked through once for all of them.
    pub async fn finish(
        &self,
        keyring: &Keyring,
        erasures: Vec<Erasure>,
        now: Timestamp,
    ) -> Result<Vec<Erasure>, CleanError> {
        if erasures.iter().all(|erasure| erasure.done_at.is_some()) {
            return Ok(erasures);
        }
        let tenant = keyring.tenant();
        let wanted = Wanted::of(&self.store, keyring, &erasures).await?;
        let common = Common {
            answers: wanted.find(&self.store, now).await?,
            files: crate::files::find(&self.store, &*self.files, tenant, &erasures, now).await?,
        };
        let noted = self.note_all(tenant, erasures, &common).await?;
        self.remove_common(tenant, &common).await?;
        let open =
            |place| common.answers.open.contains(&place) || common.files.open.contains(&place);
        let noted = noted.into_iter().enumerate();
        let finished =
            noted.map(|(place, erasure)| self.remove(keyring, erasure, open(place), now));
        let finished: Vec<_> = finished.collect();
        stream::iter(finished).buffered(AT_ONCE).try_collect().await
    }

    /// Notes how much was found of each person.
    async fn note_all(
        &self,
        tenant: &TenantId,
        erasures: Vec<Erasure>,
        common: &Common,
    ) -> Result<Vec<Erasure>, CleanError> {
        let (answers, files) = (common.answers.counts(), common.files.counts());
        let count = |counts: &BTreeMap<_, u64>, place| counts.get(&place).copied().unwrap_or(0);
        let noted = erasures.into_iter().enumerate().map(|(place, erasure)| {
            let answers = (Trace::Answers, count(&answers, place));
            let files = (Trace::Files, count(&files, place));
            self.note(tenant, erasure, [answers, files])
        });
        let noted: Vec<_> = noted.collect();
        stream::iter(noted).buffered(AT_ONCE).try_collect().await
    }

    /// Notes how much was found of a person, with what lies beside the homes.
    async fn note(
        &self,
        tenant: &TenantId,
        mut begun: Erasure,
        found: [(Trace, u64); 2],
    ) -> Result<Erasure, CleanError> {
        for _ in 0..ATTEMPTS {
            if begun.done_at.is_some() {
                return Ok(begun);
            }
            let mut noted = begun.clone();
            own::count(&self.store, tenant, &mut noted).await?;
            for (trace, count) in found {
                note(&mut noted, trace, count);
            }
            if noted == begun || self.store.note_erasure(tenant, &begun, &noted).await? {
                return Ok(noted);
            }
            begun = self.again(tenant, begun).await?;
        }
        Err(CleanError::Contended(begun.lead))
    }

    /// Removes what is a whole tenant's.
    async fn remove_common(&self, tenant: &TenantId, common: &Common) -> Result<(), CleanError> {
        let answers = common.answers.found.iter().map(|found| async {
            Ok::<_, CleanError>(self.store.forget_answer(tenant, &found.what).await?)
        });
        let answers: Vec<_> = answers.collect();
        let () = stream::iter(answers).buffer_unordered(AT_ONCE).try_collect().await?;
        let files = common.files.found.iter().map(|found| self.files.remove(&found.what));
        let files: Vec<_> = files.collect();
        let () = stream::iter(files).buffer_unordered(AT_ONCE).try_collect().await?;
        Ok(())
    }

    /// Removes what lies beside the homes, and notes that nothing is left unless more may come.
    async fn remove(
        &self,
        keyring: &Keyring,
        mut begun: Erasure,
        is_open: bool,
        now: Timestamp,
    ) -> Result<Erasure, CleanError> {
        let tenant = keyring.tenant();
        if begun.done_at.is_some() {
            return Ok(begun);
        }
        own::remove_entries::<Note>(&self.store, tenant, &begun).await?;
        own::remove_entries::<Activity>(&self.store, tenant, &begun).await?;
        let homes: BTreeSet<_> = begun.homes.iter().copied().collect();
        self.shelf.forget(tenant, homes.iter().copied()).await?;
        Indexer::new(self.store.clone()).refresh(tenant, keyring, homes).await?;
        for _ in 0..ATTEMPTS {
            if is_open || begun.done_at.is_some() {
                return Ok(begun);
            }
            let done = Erasure { done_at: Some(now), ..begun.clone() };
            if self.store.finish_erasure(tenant, &begun, &done).await? {
                tracing::info!(%tenant, lead = %done.lead, "an erasure is cleaned up");
                return Ok(done);
            }
            begun = self.again(tenant, begun).await?;
        }
        Err(CleanError::Contended(begun.lead))
    }

    /// Reads an erasure again that somebody else noted something of.
    async fn again(&self, tenant: &TenantId, begun: Erasure) -> Result<Erasure, CleanError> {
        Ok(self.store.erasure(tenant, begun.lead).await?.unwrap_or(begun))
    }
}
