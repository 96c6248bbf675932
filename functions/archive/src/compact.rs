//! Puts the objects of a day together.
//!
//! Invariant: an object is removed only after one that holds its events was put. Names decide
//! what objects hold, so it does not matter whether the stream or another worker put one of the
//! same name again meanwhile.

use std::mem;

use bytes::Bytes;
use domain::{tenant::TenantId, time::Day};
use files::Objects;
use futures_util::{StreamExt, TryStreamExt, stream};
use lake::{ArchiveKey, Partition, Row};
use lambda::budget::Budget;

use crate::{
    handler::{Archive, ArchiveError},
    work::{Work, Works},
};

/// How many objects are read ahead, and how many removed at once.
const AT_ONCE: usize = 8;

/// Objects that become one.
#[derive(Default)]
struct Group {
    sources: Vec<ArchiveKey>,
    rows: Vec<Row>,
    bytes: usize,
}

impl Group {
    fn add(&mut self, source: ArchiveKey, rows: Vec<Row>, bytes: usize) {
        self.sources.push(source);
        self.rows.extend(rows);
        self.bytes += bytes;
    }
}

impl<O: Objects, W: Works> Archive<O, W> {
    /// Puts the objects of a day together, in groups that fit the memory; what there is no time
    /// for is queued again.
    pub(crate) async fn compact(
        &self,
        tenant: TenantId,
        day: Day,
        budget: Budget,
    ) -> Result<(), ArchiveError> {
        let partition = Partition { tenant, day };
        let open = self.open(&partition).await?;
        if open.len() < 2 {
            return Ok(());
        }
        let mut contents = stream::iter(open).map(|key| self.get(key)).buffered(AT_ONCE);
        let mut group = Group::default();
        while let Some((key, content)) = contents.try_next().await? {
            // Another worker has put it together with others already.
            let Some(content) = content else { continue };
            let rows = lake::read(content)
                .map_err(|source| ArchiveError::Lake { file: key.to_string(), source })?;
            let bytes = rows.iter().map(Row::bytes).sum();
            if group.bytes > 0 && group.bytes + bytes > self.group_bytes {
                self.put_together(&partition, mem::take(&mut group), true).await?;
            }
            group.add(key, rows, bytes);
            // At least two, so that each invocation gets further.
            if budget.is_over() && group.sources.len() > 1 {
                drop(contents);
                self.close(&partition, group).await?;
                let Partition { tenant, day } = partition;
                return Ok(self.works.send(&[Work::Compact { tenant, day }]).await?);
            }
        }
        self.close(&partition, group).await
    }

    /// Lists the objects of a day that may be put together: first what was put together before,
    /// so that it takes the small ones in.
    async fn open(&self, partition: &Partition) -> Result<Vec<ArchiveKey>, ArchiveError> {
        let prefix = partition.prefix();
        let (mut keys, mut after) = (Vec::new(), None);
        loop {
            let listing = self.objects.list(&prefix, after.as_deref()).await?;
            after = listing.keys.last().cloned().or(after);
            keys.extend(listing.keys.into_iter().map(ArchiveKey::from));
            if !listing.goes_on {
                break;
            }
        }
        let mut open: Vec<_> = keys.into_iter().filter_map(open).collect();
        open.sort_unstable();
        Ok(open.into_iter().map(|(_, key)| key).collect())
    }

    async fn get(&self, key: ArchiveKey) -> Result<(ArchiveKey, Option<Bytes>), ArchiveError> {
        let content = self.objects.get(key.as_str()).await?;
        Ok((key, content))
    }

    /// Ends with a group that may take in more another night.
    async fn close(&self, partition: &Partition, group: Group) -> Result<(), ArchiveError> {
        if group.sources.len() < 2 {
            return Ok(());
        }
        self.put_together(partition, group, false).await
    }

    async fn put_together(
        &self,
        partition: &Partition,
        group: Group,
        is_full: bool,
    ) -> Result<(), ArchiveError> {
        let Group { sources, rows, .. } = group;
        let copies = rows.len();
        let rows = lake::once_each(rows);
        let key = partition.compacted(&sources, is_full);
        let content = lake::write(&rows)
            .map_err(|source| ArchiveError::Lake { file: key.to_string(), source })?;
        let bytes = content.len();
        self.objects.put(key.as_str(), content).await?;
        let removals = sources.iter().map(|source| self.objects.remove(source.as_str()));
        stream::iter(removals).buffer_unordered(AT_ONCE).try_collect::<()>().await?;
        tracing::info!(
            tenant = %partition.tenant,
            day = %partition.day,
            sources = sources.len(),
            copies,
            events = rows.len(),
            bytes,
            is_full,
            "objects put together"
        );
        Ok(())
    }
}

/// Tells of an object that may be put together whether it is not of others already, and its key.
fn open(key: ArchiveKey) -> Option<(bool, ArchiveKey)> {
    let place = key.place().ok().filter(|place| !place.is_full)?;
    Some((!place.is_compacted, key))
}
