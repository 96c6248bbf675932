//! What nightly runs did for each tenant, in the leads table: a part of each segment while a run is
//! under way, and a record once it is closed.
//!
//! Invariant: a part and a record, once written, never change, and the record is there before the
//! parts go. So a pass has one record, however often its segments and its end are worked.

use std::{collections::BTreeSet, ops::AddAssign};

use domain::{home::HomeId, tenant::TenantId, time::Timestamp};
use serde::{Deserialize, Serialize};

use crate::{
    Store,
    error::StoreError,
    items::{self, Item, Place},
    keys,
    runs::Pass,
};

/// How many leads that drifted are named.
pub const MOST_DRIFT_LEADS: usize = 100;

/// What a pass of a run did with the leads of a tenant, or with some of them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct NightCounts {
    /// How many it looked at.
    pub leads: u64,
    /// How many it listed anew, by another score or stage.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub refreshed: u64,
    /// How many it replayed from their events, to compare.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub audited: u64,
    /// How many of those were stored as something else than their events say.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub drift: u64,
    /// Which these are: the first by id, at most [`MOST_DRIFT_LEADS`].
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub drift_leads: BTreeSet<HomeId>,
    /// How many it erased because somebody had asked for it and the time to think better of it was
    /// over.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub erased: u64,
    /// How many it erased because they consented to nothing and were silent for too long.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub anonymised: u64,
    /// How many it moved to the archive.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub archived: u64,
    /// How many it was to erase or move, and left to the next night.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub postponed: u64,
}

/// What a pass of a run did for a tenant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NightlyRun {
    /// The run, by its day, and the pass.
    pub pass: Pass,
    /// When the pass was planned.
    pub started_at: Timestamp,
    /// When it was closed.
    pub finished_at: Timestamp,
    /// In how many segments the leads were looked at.
    pub shards: u32,
    /// What it did.
    pub counts: NightCounts,
}

#[derive(Serialize, Deserialize)]
struct NightlyRunItem {
    started_at: i64,
    finished_at: i64,
    shards: u32,
    #[serde(flatten)]
    counts: NightCounts,
}

/// Says that an item between two nightly runs is none.
#[derive(Debug, thiserror::Error)]
#[error("the sort key is not that of a nightly run")]
struct NotANightlyRun;

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes fields by reference")]
const fn is_zero(count: &u64) -> bool {
    *count == 0
}

impl AddAssign for NightCounts {
    fn add_assign(&mut self, other: Self) {
        self.leads += other.leads;
        self.refreshed += other.refreshed;
        self.audited += other.audited;
        self.drift += other.drift;
        self.drift_leads.extend(other.drift_leads);
        self.name_no_more_than_most();
        self.erased += other.erased;
        self.anonymised += other.anonymised;
        self.archived += other.archived;
        self.postponed += other.postponed;
    }
}

impl NightCounts {
    /// Counts a lead that drifted.
    pub fn count_drift(&mut self, lead: HomeId) {
        self.drift += 1;
        self.drift_leads.insert(lead);
        self.name_no_more_than_most();
    }

    fn name_no_more_than_most(&mut self) {
        while self.drift_leads.len() > MOST_DRIFT_LEADS {
            self.drift_leads.pop_last();
        }
    }
}

fn to_item(tenant: &TenantId, run: &NightlyRun) -> Result<Item, StoreError> {
    let content = NightlyRunItem {
        started_at: run.started_at.millis(),
        finished_at: run.finished_at.millis(),
        shards: run.shards,
        counts: run.counts.clone(),
    };
    items::write(&keys::nightly_run(tenant, run.pass), &content)
}

fn from_item(item: Item) -> Result<NightlyRun, StoreError> {
    let place = Place::of(&item);
    let pass =
        keys::parse_nightly_run(&place.sk).ok_or_else(|| place.unreadable(NotANightlyRun))?;
    let NightlyRunItem { started_at, finished_at, shards, counts } = items::read(item)?;
    let instant =
        |millis| Timestamp::from_millis(millis).map_err(|source| place.unreadable(source));
    let (started_at, finished_at) = (instant(started_at)?, instant(finished_at)?);
    Ok(NightlyRun { pass, started_at, finished_at, shards, counts })
}

impl Store {
    /// Keeps what a pass of a run did for a tenant in a segment, unless that is kept already.
    pub async fn keep_nightly_part(
        &self,
        tenant: &TenantId,
        pass: Pass,
        segment: u32,
        counts: &NightCounts,
    ) -> Result<(), StoreError> {
        let part = items::write(&keys::nightly_part(tenant, pass, segment), counts)?;
        self.put_new(part).await.map(drop)
    }

    /// Sums what a pass of a run did for a tenant in all segments.
    pub async fn nightly_parts(
        &self,
        tenant: &TenantId,
        pass: Pass,
    ) -> Result<NightCounts, StoreError> {
        let (first, last) = keys::nightly_parts(pass);
        let mut sum = NightCounts::default();
        for part in self.lead_items_between(tenant.as_str(), first, last).await? {
            sum += items::read(part)?;
        }
        Ok(sum)
    }

    /// Keeps what a pass of a run did for a tenant, unless that is kept already.
    pub async fn keep_nightly_run(
        &self,
        tenant: &TenantId,
        run: &NightlyRun,
    ) -> Result<(), StoreError> {
        self.put_new(to_item(tenant, run)?).await.map(drop)
    }

    /// Reads what the last passes of runs before `before`, or of all, did for a tenant, newest
    /// first, at most `limit`.
    pub async fn nightly_runs(
        &self,
        tenant: &TenantId,
        before: Option<Pass>,
        limit: u16,
    ) -> Result<Vec<NightlyRun>, StoreError> {
        let (first, last) = keys::nightly_runs_before(before);
        // The one that is named lies at the end of the range.
        let more = limit.saturating_add(1);
        let found = self.some_lead_items_between(tenant.as_str(), first, last, more, false).await?;
        let runs: Result<Vec<_>, _> = found.into_iter().map(from_item).collect();
        let mut runs = runs?;
        runs.retain(|run| Some(run.pass) != before);
        runs.truncate(limit.into());
        Ok(runs)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nightly_run_is_written_and_read_as_ever() {
        for golden in [
            include_str!("../../../tests/golden/nightly-run-1.json"),
            include_str!("../../../tests/golden/nightly-run-2.json"),
        ] {
            let golden: serde_json::Value = serde_json::from_str(golden).unwrap();
            let golden: Item = serde_dynamo::to_item(golden).unwrap();
            let run = from_item(golden.clone()).unwrap();
            assert_eq!((run.shards, run.counts.leads), (64, 1_000));
            assert_eq!(to_item(&"acme".parse().unwrap(), &run).unwrap(), golden);
        }
    }

    #[test]
    fn drift_names_the_same_leads_in_whatever_order_it_is_found() {
        let lead = |number: u8| HomeId::from_bytes([number; 16]);
        let found = |numbers: &mut dyn Iterator<Item = u8>| {
            let mut counts = NightCounts::default();
            numbers.for_each(|number| counts.count_drift(lead(number)));
            counts
        };
        let mut forth = found(&mut (0..80));
        forth += found(&mut (80..200));
        let mut back = found(&mut (120..200).rev());
        back += found(&mut (0..120).rev());
        assert_eq!(forth, back);
        assert_eq!((forth.drift, forth.drift_leads.len()), (200, MOST_DRIFT_LEADS));
    }
}
