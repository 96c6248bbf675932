//! Rollups in the leads table: what each scan segment of a run saw, and what late events put
//! right afterwards.
//!
//! Invariant: a partial, once written, never changes. A correction stands beside the partials and
//! replaces their count of new leads only, and only one that was counted later replaces another.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::operation::put_item::PutItemError;
use domain::{
    rollup::{ByStage, Rollup},
    tenant::TenantId,
    time::{Day, Timestamp},
};
use serde::{Deserialize, Serialize};

use crate::{
    Store,
    error::StoreError,
    items::{self, Place},
    keys::{self, RollupPart},
    runs::Run,
};

/// A tenant's picture of one day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DayRollup {
    /// The day.
    pub day: Day,
    /// The sum of the partials, with the corrections made since.
    pub rollup: Rollup,
    /// Whether every segment of the first pass of the day's run is in the sum.
    pub complete: bool,
}

#[derive(Serialize, Deserialize)]
struct PartialItem {
    leads: u64,
    new_leads: u64,
    score_sum: u64,
    cold: u64,
    warm: u64,
    hot: u64,
    qualified: u64,
}

#[derive(Clone, Copy, Serialize, Deserialize)]
struct CorrectionItem {
    new_leads: u64,
    /// When the pass that counted began, in milliseconds.
    counted_at: i64,
}

/// Says that a sort key between two rollups is that of no rollup.
#[derive(Debug, thiserror::Error)]
#[error("the sort key is not that of a rollup")]
struct NotARollup;

/// What lies in the table about one day.
#[derive(Default)]
struct StoredDay {
    partials: Vec<Rollup>,
    correction: Option<CorrectionItem>,
}

impl From<&Rollup> for PartialItem {
    fn from(rollup: &Rollup) -> Self {
        let ByStage { cold, warm, hot, qualified } = rollup.by_stage;
        let Rollup { leads, new_leads, score_sum, .. } = *rollup;
        Self { leads, new_leads, score_sum, cold, warm, hot, qualified }
    }
}

impl From<PartialItem> for Rollup {
    fn from(item: PartialItem) -> Self {
        let PartialItem { leads, new_leads, score_sum, cold, warm, hot, qualified } = item;
        Self { leads, new_leads, score_sum, by_stage: ByStage { cold, warm, hot, qualified } }
    }
}

impl StoredDay {
    /// Sums a day up. A correction counted before the day's own run began is older than the
    /// partials and does not count.
    fn read(self, run: &Run) -> DayRollup {
        let mut rollup: Rollup = self.partials.into_iter().sum();
        if let Some(correction) = self.correction
            && correction.counted_at > run.started_at.millis()
        {
            rollup.new_leads = correction.new_leads;
        }
        DayRollup { day: run.day, rollup, complete: run.has_picture() }
    }
}

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
        let (first, last) = keys::rollup_range(from, to);
        let mut days: BTreeMap<Day, StoredDay> = BTreeMap::new();
        for item in self.lead_items_between(tenant.as_str(), first, last).await? {
            let place = Place::of(&item);
            let (day, part) =
                keys::parse_rollup(&place.sk).ok_or_else(|| place.unreadable(NotARollup))?;
            let day = days.entry(day).or_default();
            match part {
                RollupPart::Segment(_) => {
                    day.partials.push(items::read::<PartialItem>(item)?.into());
                }
                RollupPart::Correction => day.correction = Some(items::read(item)?),
            }
        }
        let mut read = |run: Run| days.remove(&run.day).unwrap_or_default().read(&run);
        Ok(runs.into_iter().map(&mut read).collect())
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
        self.put_new(items::write(&key, &PartialItem::from(partial))?).await
    }

    /// Replaces a day's count of new leads by one that a pass beginning at `counted_at` made.
    ///
    /// A count of the same pass or a later one is left as it is.
    pub async fn correct_new_leads(
        &self,
        tenant: &TenantId,
        day: Day,
        new_leads: u64,
        counted_at: Timestamp,
    ) -> Result<(), StoreError> {
        let content = CorrectionItem { new_leads, counted_at: counted_at.millis() };
        let item = items::write(&keys::rollup_correction(tenant, day), &content)?;
        let sent = self
            .client
            .put_item()
            .table_name(&self.leads_table)
            .set_item(Some(item))
            .condition_expression("attribute_not_exists(#pk) OR #counted_at < :counted_at")
            .expression_attribute_names("#pk", "pk")
            .expression_attribute_names("#counted_at", "counted_at")
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
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::items::Item;

    fn item(golden: &str) -> Item {
        serde_dynamo::to_item(serde_json::from_str::<serde_json::Value>(golden).unwrap()).unwrap()
    }

    fn partial() -> Rollup {
        let by_stage = ByStage { cold: 1, warm: 2, hot: 3, qualified: 4 };
        Rollup { leads: 10, new_leads: 4, score_sum: 1_234, by_stage }
    }

    fn day(started_at: i64) -> Run {
        Run {
            day: "2026-11-20".parse().unwrap(),
            segments: 1,
            started_at: Timestamp::from_millis(started_at).unwrap(),
            pass: 1,
            pass_started_at: Timestamp::from_millis(started_at).unwrap(),
            finished: BTreeSet::from([0]),
            closed: false,
        }
    }

    #[test]
    fn a_partial_is_written_and_read_as_ever() {
        let golden = item(include_str!("../../../tests/golden/rollup-1.json"));
        let key = keys::rollup_partial(&"acme".parse().unwrap(), day(0).day, 3);
        assert_eq!(items::write(&key, &PartialItem::from(&partial())).unwrap(), golden);
        assert_eq!(Rollup::from(items::read::<PartialItem>(golden).unwrap()), partial());
    }

    #[test]
    fn a_correction_is_written_and_read_as_ever_and_replaces_new_leads_alone() {
        let golden = item(include_str!("../../../tests/golden/rollup-correction-1.json"));
        let key = keys::rollup_correction(&"acme".parse().unwrap(), day(0).day);
        let correction: CorrectionItem = items::read(golden.clone()).unwrap();
        assert_eq!(items::write(&key, &correction).unwrap(), golden);
        let stored = || StoredDay { partials: vec![partial()], correction: Some(correction) };
        let read = stored().read(&day(correction.counted_at - 1));
        assert_eq!(read.rollup, Rollup { new_leads: 5, ..partial() });
        let counted_before = stored().read(&day(correction.counted_at + 1));
        assert_eq!(counted_before.rollup, partial());
    }
}
