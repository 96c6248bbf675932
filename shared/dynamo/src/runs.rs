//! Nightly runs in the leads table: in how many segments a day is worked, and which are done.
//!
//! Invariant: the number of segments and the beginning of a run are fixed once it is made; its
//! set of finished segments only grows.

use std::collections::BTreeSet;

use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue};
use domain::time::{Day, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{
    Store,
    error::StoreError,
    items::{self, Item, Place},
    keys,
};

/// The nightly run of one day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// The day whose picture is taken.
    pub day: Day,
    /// In how many segments the table is scanned.
    pub segments: u32,
    /// When the run was first planned.
    pub started_at: Timestamp,
    /// The segments that are done.
    pub finished: BTreeSet<u32>,
    /// Whether what follows the last segment is done too.
    pub closed: bool,
}

#[derive(Serialize, Deserialize)]
struct RunItem {
    segments: u32,
    started_at: i64,
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    finished: BTreeSet<u32>,
    #[serde(default)]
    closed: bool,
}

/// Says that an item between two runs is no run.
#[derive(Debug, thiserror::Error)]
#[error("the sort key is not that of a run")]
struct NotARun;

impl Run {
    /// Tells whether every segment is done.
    pub fn is_finished(&self) -> bool {
        self.unfinished().next().is_none()
    }

    /// Iterates over the segments that are not done.
    pub fn unfinished(&self) -> impl Iterator<Item = u32> + '_ {
        (0..self.segments).filter(|segment| !self.finished.contains(segment))
    }
}

fn from_item(item: Item) -> Result<Run, StoreError> {
    let place = Place::of(&item);
    let RunItem { segments, started_at, finished, closed } = items::read(item)?;
    let day = keys::parse_run_day(&place.sk).ok_or_else(|| place.unreadable(NotARun))?;
    let started_at =
        Timestamp::from_millis(started_at).map_err(|source| place.unreadable(source))?;
    Ok(Run { day, segments, started_at, finished, closed })
}

impl Store {
    /// Begins the run of a day, unless it has begun, and returns it as it is.
    pub async fn begin_run(
        &self,
        day: Day,
        segments: u32,
        now: Timestamp,
    ) -> Result<Run, StoreError> {
        let content = RunItem {
            segments,
            started_at: now.millis(),
            finished: BTreeSet::new(),
            closed: false,
        };
        self.put_new(items::write(&keys::run(day), &content)?).await?;
        from_item(self.must_get(keys::run(day)).await?)
    }

    /// Reads the run of a day, strongly consistent.
    pub async fn run(&self, day: Day) -> Result<Option<Run>, StoreError> {
        let item = self.get_lead_item(&keys::run(day), true).await?;
        item.map(from_item).transpose()
    }

    /// Reads the runs of the days from `from` to `to`, both included, in order.
    pub async fn runs(&self, from: Day, to: Day) -> Result<Vec<Run>, StoreError> {
        let (first, last) = (keys::run(from), keys::run(to));
        let items = self.lead_items_between(&first.pk, first.sk, last.sk).await?;
        items.into_iter().map(from_item).collect()
    }

    /// Notes that a segment is done and returns the run. Noting it again changes nothing.
    pub async fn finish_segment(&self, day: Day, segment: u32) -> Result<Run, StoreError> {
        let done = AttributeValue::Ns(vec![segment.to_string()]);
        self.update_run(day, "ADD #attribute :value", "finished", done).await
    }

    /// Notes that what follows the last segment is done. Noting it again changes nothing.
    pub async fn close_run(&self, day: Day) -> Result<Run, StoreError> {
        let closed = AttributeValue::Bool(true);
        self.update_run(day, "SET #attribute = :value", "closed", closed).await
    }

    /// Updates one attribute of a run that exists.
    async fn update_run(
        &self,
        day: Day,
        update: &str,
        attribute: &str,
        value: AttributeValue,
    ) -> Result<Run, StoreError> {
        let key = keys::run(day);
        let answer = self
            .client
            .update_item()
            .table_name(&self.leads_table)
            .set_key(Some(items::key_attributes(&key)))
            .update_expression(update)
            .condition_expression("attribute_exists(#pk)")
            .expression_attribute_names("#pk", "pk")
            .expression_attribute_names("#attribute", attribute)
            .expression_attribute_values(":value", value)
            .return_values(ReturnValue::AllNew)
            .send()
            .await
            .map_err(|error| StoreError::from_sdk("UpdateItem", &error))?;
        from_item(answer.attributes.unwrap_or_else(|| items::key_attributes(&key)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_is_read_as_ever() {
        let golden: serde_json::Value =
            serde_json::from_str(include_str!("../../../tests/golden/run-1.json")).unwrap();
        let mut item: Item = serde_dynamo::to_item(golden).unwrap();
        let finished = AttributeValue::Ns(vec!["0".to_owned(), "2".to_owned()]);
        item.insert("finished".to_owned(), finished);
        let run = from_item(item).unwrap();
        assert_eq!((run.segments, run.closed), (3, true));
        assert_eq!(run.day.to_string(), "2026-11-20");
        assert_eq!(run.started_at.to_string(), "2026-11-21T00:10:00.000Z");
        assert_eq!(run.unfinished().collect::<Vec<_>>(), [1]);
        assert!(!run.is_finished());
    }
}
