//! Recounts in the leads table: which dirty days a pass of a run counts again, and what its
//! segments counted.
//!
//! Invariant: which days a pass recounts for a tenant is decided once, so that every segment counts
//! the same days and their sum is whole.

use std::collections::BTreeMap;

use domain::{
    rollup::{Counts, Dimensions},
    tenant::TenantId,
    time::Day,
};
use serde::{Deserialize, Serialize};

use crate::{
    Store,
    error::StoreError,
    items::{self, Item, Place},
    keys::{self, Key},
    runs::{Pass, Run},
};

/// How many days a pass recounts for a tenant: the last ones. Those before them stay marked, and
/// the next night goes on with them.
///
/// A segment of 16,000 leads holds at most so many counts of each lead in memory.
pub const MOST_RECOUNTED_DAYS: usize = 100;

/// Which days of a tenant a pass of a run recounts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecountPlan {
    /// The tenant.
    pub tenant: TenantId,
    /// The days, in order; each has a rollup.
    pub days: Vec<Day>,
    /// How many leads it had when they were last counted; 0 where they never were.
    pub leads: u64,
}

#[derive(Serialize, Deserialize)]
struct RecountPlanItem {
    /// Absent from a plan of former code, which counted less: what it began is counted again by the
    /// next run.
    #[serde(default)]
    recounted: Vec<Day>,
    #[serde(default)]
    leads: u64,
}

/// Says that an item between two recount plans is none.
#[derive(Debug, thiserror::Error)]
#[error("the sort key is not that of a recount plan")]
struct NotAPlan;

impl Store {
    /// Returns the days that a pass of a run recounts for a tenant: those that were marked when it
    /// was first asked, are before the run's day and whose rollup is settled, the last
    /// [`MOST_RECOUNTED_DAYS`] of them; and how many leads it had the night before. A pass after the first, which took the picture of the run's
    /// day, recounts that day too.
    pub async fn recount_plan(
        &self,
        pass: Pass,
        tenant: &TenantId,
    ) -> Result<RecountPlan, StoreError> {
        let key = keys::recount_plan(pass, tenant);
        if let Some(item) = self.get_lead_item(&key, true).await? {
            return read_plan(item);
        }
        let recounted = self.days_to_recount(pass, tenant).await?;
        let last = self.nightly_runs(tenant, Some(pass), 1).await?;
        let leads = last.first().map_or(0, |last| last.counts.leads);
        self.put_new(items::write(&key, &RecountPlanItem { recounted, leads })?).await?;
        // Of two segments that ask at once, one decides; both go by what it decided.
        read_plan(self.must_get(key).await?)
    }

    async fn days_to_recount(&self, pass: Pass, tenant: &TenantId) -> Result<Vec<Day>, StoreError> {
        let last = if pass.number > 1 { pass.run } else { pass.run.previous() };
        let marks = self.dirty_days_before(tenant, last.next()).await?;
        let Some(first) = marks.first() else { return Ok(Vec::new()) };
        let runs = self.runs(first.first, last).await?;
        let settled = runs.into_iter().filter(Run::is_settled).map(|run| run.day);
        let mut days: Vec<Day> =
            settled.filter(|day| marks.iter().any(|mark| mark.holds(*day))).collect();
        days.drain(..days.len().saturating_sub(MOST_RECOUNTED_DAYS));
        Ok(days)
    }

    /// Reads which tenants a pass of a run met, and which of their days it recounts.
    pub async fn recount_plans(&self, pass: Pass) -> Result<Vec<RecountPlan>, StoreError> {
        let (pk, first, last) = keys::recount_plans(pass);
        self.lead_items_between(pk, first, last).await?.into_iter().map(read_plan).collect()
    }

    /// Keeps what a segment counted for the days of a tenant's plan, unless it has already.
    pub async fn keep_recount(
        &self,
        tenant: &TenantId,
        pass: Pass,
        segment: u32,
        counted: &BTreeMap<Day, BTreeMap<Dimensions, Counts>>,
    ) -> Result<(), StoreError> {
        for (day, counts) in counted {
            self.keep_counts(&keys::recount(tenant, pass, *day, segment), counts).await?;
        }
        Ok(())
    }

    /// Sums what all segments counted in a pass of a run for a day of a tenant.
    pub async fn recounted(
        &self,
        tenant: &TenantId,
        pass: Pass,
        day: Day,
    ) -> Result<BTreeMap<Dimensions, Counts>, StoreError> {
        let (first, last) = keys::recounts_of(pass, day);
        Self::sum_counts(self.lead_items_between(tenant.as_str(), first, last).await?)
    }

    /// Removes a tenant's plan and all that was counted for it; the plan goes last.
    pub async fn drop_recount(&self, tenant: &TenantId, pass: Pass) -> Result<(), StoreError> {
        for (first, last) in [keys::recount_range(pass), keys::nightly_parts(pass)] {
            let found = self.lead_items_between(tenant.as_str(), first, last).await?;
            let keys: Vec<Key> = found.iter().map(key_of).collect();
            self.delete_lead_items(&keys).await?;
        }
        self.delete_lead_item(&keys::recount_plan(pass, tenant)).await
    }
}

fn key_of(item: &Item) -> Key {
    let Place { pk, sk } = Place::of(item);
    Key { pk, sk }
}

fn read_plan(item: Item) -> Result<RecountPlan, StoreError> {
    let place = Place::of(&item);
    let tenant = keys::parse_recount_plan(&place.sk).ok_or_else(|| place.unreadable(NotAPlan))?;
    let RecountPlanItem { recounted, leads } = items::read(item)?;
    Ok(RecountPlan { tenant, days: recounted, leads })
}
