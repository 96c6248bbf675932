//! Rollups in the leads table: what each scan segment of a run saw, what they all saw, and what
//! late events put right afterwards.
//!
//! Invariant: a partial, once written, never changes, and no more does the rollup that they come
//! to, which is there before they go. A correction stands beside it and replaces its counts only,
//! and only one that was counted later replaces another.

mod packed;
mod pieces;
mod stored;

use std::collections::BTreeMap;

use aws_sdk_dynamodb::operation::put_item::PutItemError;
use domain::{
    rollup::{Counts, Dimensions, Names, Rollup},
    tenant::TenantId,
    time::{Day, Timestamp},
};

use self::{packed::pack, stored::StoredDay};
use crate::{
    Store,
    error::StoreError,
    items::{self, Place},
    keys::{self, Key, RollupPart},
    runs::Run,
};

/// A tenant's rollup of one day.
///
/// What the leads were is in `rollup.cells`, `rollup.flow` and `rollup.performance`; days that
/// former code worked have `rollup.undivided` alone. `rollup.totals()` sums up either.
#[derive(Clone, Debug, PartialEq)]
pub struct DayRollup {
    /// The day.
    pub day: Day,
    /// All segments that are done, with the corrections made since. The marketplaces and sources
    /// are those that are told apart on the day.
    pub rollup: Rollup,
    /// Whether every segment of the first pass of the day's run is in the sum.
    pub complete: bool,
}

/// Says that a sort key between two rollups is that of no rollup.
#[derive(Debug, thiserror::Error)]
#[error("the sort key is not that of a rollup")]
struct NotARollup;

impl Store {
    /// Reads a tenant's rollups of the days from `from` to `to`, both included, strongly
    /// consistent and in order.
    ///
    /// A day without a nightly run is not in the answer. A tenant without leads on a day has a
    /// rollup of zeros.
    pub async fn rollups(
        &self,
        tenant: &TenantId,
        from: Day,
        to: Day,
    ) -> Result<Vec<DayRollup>, StoreError> {
        if from > to {
            return Ok(Vec::new());
        }
        // The runs come first: whatever they say is finished is in the table by then.
        let runs = self.runs(from, to).await?;
        let mut days = self.stored_days(tenant, from, to).await?;
        let read = |run: Run| {
            let stored = days.remove(&run.day).unwrap_or_default();
            let rollup = stored.rollup(&run)?;
            Ok(DayRollup { day: run.day, rollup, complete: run.has_picture() })
        };
        runs.into_iter().map(read).collect()
    }

    /// Keeps what a segment saw of a tenant on a day, and tells whether it was the first to.
    ///
    /// A partial that exists is left as it is.
    pub async fn keep_rollup_partial(
        &self,
        tenant: &TenantId,
        day: Day,
        segment: u32,
        partial: &Rollup,
    ) -> Result<bool, StoreError> {
        let key = keys::rollup_partial(tenant, day, segment);
        let content = pack(partial, None).map_err(|source| unpacked(&key, source))?;
        self.put_new_content(&key, &content).await
    }

    /// Puts the partials of a day together into its rollup, and chooses which marketplaces and
    /// sources are told apart on the day. A rollup that exists is left as it is.
    ///
    /// Call it when all segments are done. A day of which former code counted a part keeps its
    /// partials.
    pub async fn settle_rollup(&self, tenant: &TenantId, day: Day) -> Result<(), StoreError> {
        let stored = self.stored_days(tenant, day, day).await?.remove(&day).unwrap_or_default();
        if stored.is_of_former_code() {
            return Ok(());
        }
        let Some((rollup, names)) = stored.unsettled()? else { return Ok(()) };
        let key = keys::rollup_final(tenant, day);
        let content = pack(&rollup, Some(&names)).map_err(|source| unpacked(&key, source))?;
        self.put_new_content(&key, &content).await.map(drop)
    }

    /// Removes the partials of a day whose run is put together, see [`Store::settle_rollup`].
    pub async fn drop_rollup_partials(
        &self,
        tenant: &TenantId,
        day: Day,
    ) -> Result<(), StoreError> {
        let stored = self.stored_days(tenant, day, day).await?.remove(&day).unwrap_or_default();
        if stored.is_of_former_code() {
            return Ok(());
        }
        self.delete_lead_items(&stored.partial_keys()).await
    }

    /// Returns which marketplaces and sources are told apart on a day that is settled: none where
    /// the tenant had no lead then.
    pub async fn rollup_names(&self, tenant: &TenantId, day: Day) -> Result<Names, StoreError> {
        let stored = self.stored_days(tenant, day, day).await?.remove(&day);
        stored.unwrap_or_default().names()
    }

    /// Replaces what happened on a day by what a pass beginning at `counted_at` counted, by the
    /// names that are told apart.
    ///
    /// Counts of the same pass or a later one are left as they are.
    pub async fn correct_counts(
        &self,
        tenant: &TenantId,
        day: Day,
        counts: &BTreeMap<Dimensions, Counts>,
        counted_at: Timestamp,
    ) -> Result<(), StoreError> {
        let key = keys::rollup_correction(tenant, day);
        let content = packed::pack_counts(counts).map_err(|source| unpacked(&key, source))?;
        let mut item = pieces::holding(&key, content);
        item.insert(stored::COUNTED_AT.to_owned(), items::number(counted_at.millis()));
        let sent = self
            .client
            .put_item()
            .table_name(&self.leads_table)
            .set_item(Some(item))
            .condition_expression("attribute_not_exists(#pk) OR #counted_at < :counted_at")
            .expression_attribute_names("#pk", "pk")
            .expression_attribute_names("#counted_at", stored::COUNTED_AT)
            .expression_attribute_values(":counted_at", items::number(counted_at.millis()))
            .send()
            .await;
        match sent {
            Ok(_) => Ok(()),
            Err(error) => match error.as_service_error() {
                Some(PutItemError::ConditionalCheckFailedException(_)) => Ok(()),
                _ => Err(StoreError::from_sdk("PutItem", &error)),
            },
        }
    }

    async fn stored_days(
        &self,
        tenant: &TenantId,
        from: Day,
        to: Day,
    ) -> Result<BTreeMap<Day, StoredDay>, StoreError> {
        let (first, last) = keys::rollup_range(from, to);
        let mut days: BTreeMap<Day, StoredDay> = BTreeMap::new();
        for item in self.lead_items_between(tenant.as_str(), first, last).await? {
            let place = Place::of(&item);
            let (day, part) =
                keys::parse_rollup(&place.sk).ok_or_else(|| place.unreadable(NotARollup))?;
            let day = days.entry(day).or_default();
            match part {
                RollupPart::Segment(_) => day.partials.push(item),
                RollupPart::Final => day.whole = Some(item),
                RollupPart::Correction => day.correction = Some(item),
                RollupPart::SegmentPiece | RollupPart::FinalPiece => day.pieces.push(item),
            }
        }
        Ok(days)
    }

    /// Packs what a segment counted for a dirty day and keeps it, unless there is something.
    pub(crate) async fn keep_counts(
        &self,
        key: &Key,
        counts: &BTreeMap<Dimensions, Counts>,
    ) -> Result<(), StoreError> {
        let content = packed::pack_counts(counts).map_err(|source| unpacked(key, source))?;
        self.put_new_content(key, &content).await.map(drop)
    }

    /// Sums what segments kept.
    pub(crate) fn sum_counts(
        found: Vec<items::Item>,
    ) -> Result<BTreeMap<Dimensions, Counts>, StoreError> {
        stored::sum_counts(found)
    }
}

fn unpacked(key: &Key, source: std::io::Error) -> StoreError {
    let Key { pk, sk } = key.clone();
    Place { pk, sk }.unreadable(source)
}

#[cfg(test)]
mod tests;
