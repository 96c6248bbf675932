//! Archives a batch of the stream.
//!
//! Invariant: `Ok` means that every event of the batch is in the bucket, as a row or, if it could
//! not be read, as it came.

use std::collections::BTreeMap;

use files::Objects;
use futures_util::{StreamExt, TryStreamExt, stream};
use lake::{ArchiveKey, Partition, Row, SequenceNumber};
use serde_json::Value;

use crate::{
    handler::{Archive, ArchiveError},
    record::{self, Stored},
    work::Works,
};

/// How many objects are on their way at once.
const AT_ONCE: usize = 8;

/// The events of a batch that are of one tenant and day.
struct Group {
    first: SequenceNumber,
    rows: Vec<Row>,
}

impl<O: Objects, W: Works> Archive<O, W> {
    /// Puts the events of a batch, each with those of its tenant and day.
    pub(crate) async fn archive(&self, records: &[Value]) -> Result<(), ArchiveError> {
        let mut groups: BTreeMap<Partition, Group> = BTreeMap::new();
        let mut unreadable = Vec::new();
        for record in records {
            match record::read(record) {
                Ok(None) => {}
                Ok(Some(Stored { partition, sequence, row })) => {
                    let empty = || Group { first: sequence, rows: Vec::new() };
                    groups.entry(partition).or_insert_with(empty).rows.push(row);
                }
                Err(error) => unreadable.push((record, error)),
            }
        }
        let (partitions, set_aside) = (groups.len(), unreadable.len());
        let events: usize = groups.values().map(|group| group.rows.len()).sum();
        let puts = groups.into_iter().map(|(partition, group)| self.put(partition, group));
        let puts = stream::iter(puts).buffer_unordered(AT_ONCE);
        puts.try_collect::<()>().await?;
        for (record, error) in unreadable {
            self.set_aside(record, &error).await?;
        }
        tracing::info!(records = records.len(), events, partitions, set_aside, "batch archived");
        Ok(())
    }

    async fn put(&self, partition: Partition, group: Group) -> Result<(), ArchiveError> {
        let key = partition.batch(&group.first, &group.rows);
        let content = lake::write(&group.rows)
            .map_err(|source| ArchiveError::Lake { file: key.to_string(), source })?;
        Ok(self.objects.put(key.as_str(), content).await?)
    }

    /// Keeps a record that could not be read, so that the stream goes on without it.
    async fn set_aside(
        &self,
        record: &Value,
        error: &record::Unreadable,
    ) -> Result<(), ArchiveError> {
        let content = record.to_string().into_bytes();
        let key = ArchiveKey::failed(record::position(record).as_ref(), &content);
        self.objects.put(key.as_str(), content).await?;
        // What caused the error may quote the record.
        tracing::error!(key = %key, error = %error, "a record of the stream was set aside");
        Ok(())
    }
}
