//! Nightly runs in the leads table: in how many segments a day is worked, and which are done.
//!
//! Invariant: the number of segments and the beginning of a run are fixed once it is made. Within
//! a pass its set of finished segments only grows; what is noted for another pass is not noted.

use std::{
    collections::BTreeSet,
    fmt::{self, Display, Formatter},
    str::FromStr,
};

use aws_sdk_dynamodb::{
    operation::update_item::UpdateItemError,
    types::{AttributeValue, ReturnValue},
};
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
    /// How often the run was begun, this time included.
    pub pass: u32,
    /// When this pass was planned; later than every pass before it.
    pub pass_started_at: Timestamp,
    /// The segments that are done in this pass.
    pub finished: BTreeSet<u32>,
    /// Whether what follows the last segment is done too.
    pub closed: bool,
}

/// One pass of a run. A day stands for the first pass of its run.
///
/// The first one reads `2026-11-20`, the second one `2026-11-20.00002`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pass {
    /// The day of the run.
    pub run: Day,
    /// The number of the pass, counted from 1.
    pub number: u32,
}

impl From<Day> for Pass {
    fn from(run: Day) -> Self {
        Self { run, number: FIRST_PASS }
    }
}

impl Display for Pass {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        match self.number {
            FIRST_PASS => write!(formatter, "{}", self.run),
            number => write!(formatter, "{}.{number:05}", self.run),
        }
    }
}

impl FromStr for Pass {
    type Err = InvalidPass;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (run, number) = match text.split_once('.') {
            Some((run, number)) => (run, number.parse().map_err(|_| InvalidPass)?),
            None => (text, FIRST_PASS),
        };
        let pass = Self { run: run.parse().map_err(|_| InvalidPass)?, number };
        if pass.to_string() == text { Ok(pass) } else { Err(InvalidPass) }
    }
}

/// Says that a text names no pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a pass is a day, like 2026-11-20, and from the second on its number: 2026-11-20.00002")]
pub struct InvalidPass;

const FIRST_PASS: u32 = 1;

#[derive(Serialize, Deserialize)]
struct RunItem {
    segments: u32,
    started_at: i64,
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    finished: BTreeSet<u32>,
    #[serde(default)]
    closed: bool,
    /// Is there from the second pass on, as is `pass_started_at`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pass: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pass_started_at: Option<i64>,
}

/// Says that an item between two runs is no run.
#[derive(Debug, thiserror::Error)]
#[error("the sort key is not that of a run")]
struct NotARun;

impl Run {
    /// Names the pass that the run is in.
    pub fn current_pass(&self) -> Pass {
        Pass { run: self.day, number: self.pass }
    }

    /// Tells whether the day's picture is whole. Once it is, a later pass leaves it alone.
    pub fn has_picture(&self) -> bool {
        self.pass > FIRST_PASS || self.is_finished()
    }

    /// Tells whether the day's rollup is put together: what comes of it now is a correction.
    pub fn is_settled(&self) -> bool {
        self.pass > FIRST_PASS || self.closed
    }

    /// Tells whether every segment is done in this pass.
    pub fn is_finished(&self) -> bool {
        self.unfinished().next().is_none()
    }

    /// Iterates over the segments that are not done in this pass.
    pub fn unfinished(&self) -> impl Iterator<Item = u32> + '_ {
        (0..self.segments).filter(|segment| !self.finished.contains(segment))
    }
}

fn from_item(item: Item) -> Result<Run, StoreError> {
    let place = Place::of(&item);
    let RunItem { segments, started_at, finished, closed, pass, pass_started_at } =
        items::read(item)?;
    let day = keys::parse_run_day(&place.sk).ok_or_else(|| place.unreadable(NotARun))?;
    let instant =
        |millis| Timestamp::from_millis(millis).map_err(|source| place.unreadable(source));
    let pass_started_at = instant(pass_started_at.unwrap_or(started_at))?;
    let started_at = instant(started_at)?;
    let pass = pass.unwrap_or(FIRST_PASS);
    Ok(Run { day, segments, started_at, pass, pass_started_at, finished, closed })
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
            pass: None,
            pass_started_at: None,
        };
        self.put_new(items::write(&keys::run(day), &content)?).await?;
        from_item(self.must_get(keys::run(day)).await?)
    }

    /// Begins the next pass of a run that was closed as given, and returns the run as it is: of
    /// two that begin it at once, one does.
    pub async fn begin_pass(&self, closed: &Run, now: Timestamp) -> Result<Run, StoreError> {
        let began = now.max(closed.pass_started_at.plus_millis(1));
        let update = "SET #pass = :next, #pass_started_at = :began, #closed = :open \
                      REMOVE #finished";
        let values = [
            (":next", items::number(closed.pass.saturating_add(1))),
            (":began", items::number(began.millis())),
            (":open", AttributeValue::Bool(false)),
        ];
        let names = ["pass_started_at", "closed", "finished"];
        match self.update_run(closed.current_pass(), update, &names, values).await? {
            Some(run) => Ok(run),
            None => from_item(self.must_get(keys::run(closed.day)).await?),
        }
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

    /// Notes that a segment is done and returns the run, or `None` when it is in another pass.
    /// Noting it again changes nothing.
    pub async fn finish_segment(
        &self,
        pass: impl Into<Pass>,
        segment: u32,
    ) -> Result<Option<Run>, StoreError> {
        let done = AttributeValue::Ns(vec![segment.to_string()]);
        let update = "ADD #finished :done";
        self.update_run(pass.into(), update, &["finished"], [(":done", done)]).await
    }

    /// Notes that what follows the last segment is done, and returns the run, or `None` when it
    /// is in another pass. Noting it again changes nothing.
    pub async fn close_run(&self, pass: impl Into<Pass>) -> Result<Option<Run>, StoreError> {
        let closed = AttributeValue::Bool(true);
        let update = "SET #closed = :closed";
        self.update_run(pass.into(), update, &["closed"], [(":closed", closed)]).await
    }

    /// Updates a run that exists and is in that pass. The update may name `#pass` and those
    /// attributes given.
    async fn update_run(
        &self,
        pass: Pass,
        update: &str,
        names: &[&str],
        values: impl IntoIterator<Item = (&str, AttributeValue)>,
    ) -> Result<Option<Run>, StoreError> {
        let condition = match pass.number {
            FIRST_PASS => {
                "attribute_exists(#pk) AND (attribute_not_exists(#pass) OR #pass = :pass)"
            }
            _ => "attribute_exists(#pk) AND #pass = :pass",
        };
        let key = keys::run(pass.run);
        let mut request = self
            .client
            .update_item()
            .table_name(&self.leads_table)
            .set_key(Some(items::key_attributes(&key)))
            .update_expression(update)
            .condition_expression(condition)
            .expression_attribute_names("#pk", "pk")
            .expression_attribute_names("#pass", "pass")
            .expression_attribute_values(":pass", items::number(pass.number))
            .return_values(ReturnValue::AllNew);
        for name in names {
            request = request.expression_attribute_names(format!("#{name}"), *name);
        }
        for (name, value) in values {
            request = request.expression_attribute_values(name, value);
        }
        match request.send().await {
            Ok(answer) => {
                let item = answer.attributes.unwrap_or_else(|| items::key_attributes(&key));
                from_item(item).map(Some)
            }
            Err(error) => match error.as_service_error() {
                Some(UpdateItemError::ConditionalCheckFailedException(_)) => Ok(None),
                _ => Err(StoreError::from_sdk("UpdateItem", &error)),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pass_reads_back_and_has_one_name() {
        for name in ["2026-11-20", "2026-11-20.00002", "2026-11-20.00010"] {
            assert_eq!(name.parse::<Pass>().unwrap().to_string(), name);
        }
        for other in ["", "2026-11-20.2", "2026-11-20.00001", "2026-11-20.", "x.00002"] {
            assert_eq!(other.parse::<Pass>(), Err(InvalidPass), "{other}");
        }
    }

    fn run(golden: &str) -> Run {
        let golden: serde_json::Value = serde_json::from_str(golden).unwrap();
        let mut item: Item = serde_dynamo::to_item(golden).unwrap();
        let finished = AttributeValue::Ns(vec!["0".to_owned(), "2".to_owned()]);
        item.insert("finished".to_owned(), finished);
        from_item(item).unwrap()
    }

    #[test]
    fn a_run_is_read_as_ever() {
        let run = run(include_str!("../../../tests/golden/run-1.json"));
        assert_eq!((run.segments, run.closed, run.pass), (3, true, 1));
        assert_eq!(run.day.to_string(), "2026-11-20");
        assert_eq!(run.started_at.to_string(), "2026-11-21T00:10:00.000Z");
        assert_eq!(run.pass_started_at, run.started_at);
        assert_eq!(run.unfinished().collect::<Vec<_>>(), [1]);
        assert!(!run.is_finished() && !run.has_picture());
    }

    #[test]
    fn a_later_pass_is_read_as_ever() {
        let run = run(include_str!("../../../tests/golden/run-2.json"));
        assert_eq!((run.segments, run.closed), (3, false));
        assert_eq!(run.current_pass().to_string(), "2026-11-20.00002");
        assert_eq!(run.started_at.to_string(), "2026-11-21T00:10:00.000Z");
        assert_eq!(run.pass_started_at.to_string(), "2026-11-21T00:20:00.000Z");
        assert!(!run.is_finished() && run.has_picture());
    }
}
