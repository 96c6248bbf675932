//! Jobs in the leads table: what each does, and how far it has come.
//!
//! Invariant: what a job does and its number of segments are fixed once it is made. Within a pass
//! its set of finished segments only grows, each is counted once, and what is noted for another
//! pass is not noted. A job that is over stays as it is.

mod work;

use std::collections::BTreeSet;

use aws_sdk_dynamodb::{
    operation::update_item::UpdateItemError,
    types::{AttributeValue, ReturnValue},
};
use domain::{
    home::HomeId,
    job::{JobId, JobStatus, Work},
    tenant::TenantId,
    time::Timestamp,
};
use serde::{Deserialize, Serialize};

use self::work::WorkItem;
use crate::{
    Store,
    error::StoreError,
    items::{self, Item, Place},
    job_parts, keys,
};

/// A job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Job {
    /// Names it.
    pub id: JobId,
    /// What it does.
    pub work: Work,
    /// How far it has come.
    pub status: JobStatus,
    /// When it was asked for: the instant at which a preview views leads.
    pub created_at: Timestamp,
    /// In how many segments the table is scanned.
    pub segments: u32,
    /// The pass that it is in, counted from 1.
    pub pass: u32,
    /// The segments that are done in this pass.
    pub finished: BTreeSet<u32>,
    /// How many leads the finished segments of this pass had.
    pub leads: u64,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
}

#[derive(Serialize, Deserialize)]
struct JobItem {
    #[serde(flatten)]
    work: WorkItem,
    status: JobStatus,
    created_at: i64,
    segments: u32,
    pass: u32,
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    finished: BTreeSet<u32>,
    leads: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ended_at: Option<i64>,
}

/// Says that an item among the jobs is none.
#[derive(Debug, thiserror::Error)]
#[error("the sort key is not that of a job")]
struct NotAJob;

impl Job {
    /// Makes a job that is to be begun.
    pub const fn new(id: JobId, work: Work, segments: u32, created_at: Timestamp) -> Self {
        Self {
            id,
            work,
            status: JobStatus::Queued,
            created_at,
            segments,
            pass: 1,
            finished: BTreeSet::new(),
            leads: 0,
            ended_at: None,
        }
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

pub(crate) fn to_item(tenant: &TenantId, job: &Job) -> Result<Item, StoreError> {
    let content = JobItem {
        work: WorkItem::from(&job.work),
        status: job.status,
        created_at: job.created_at.millis(),
        segments: job.segments,
        pass: job.pass,
        finished: BTreeSet::new(),
        leads: job.leads,
        ended_at: job.ended_at.map(Timestamp::millis),
    };
    let mut item = items::write(&keys::job(tenant, &job.id), &content)?;
    if !job.finished.is_empty() {
        let finished = job.finished.iter().map(u32::to_string).collect();
        item.insert("finished".to_owned(), AttributeValue::Ns(finished));
    }
    Ok(item)
}

pub(crate) fn from_item(item: Item) -> Result<Job, StoreError> {
    let place = Place::of(&item);
    let content: JobItem = items::read(item)?;
    let id = keys::parse_job(&place.sk).ok_or_else(|| place.unreadable(NotAJob))?;
    let instant =
        |millis| Timestamp::from_millis(millis).map_err(|source| place.unreadable(source));
    Ok(Job {
        id,
        work: content.work.into(),
        status: content.status,
        created_at: instant(content.created_at)?,
        segments: content.segments,
        pass: content.pass,
        finished: content.finished,
        leads: content.leads,
        ended_at: content.ended_at.map(instant).transpose()?,
    })
}

impl Store {
    /// Makes a job, with the leads that it is to take where somebody named them, and tells whether
    /// there was none of its id.
    pub async fn create_job(
        &self,
        tenant: &TenantId,
        job: &Job,
        leads: Option<&[HomeId]>,
    ) -> Result<bool, StoreError> {
        let mut items = vec![to_item(tenant, job)?];
        if let Some(leads) = leads {
            items.push(job_parts::leads_item(tenant, &job.id, leads)?);
        }
        self.put_all_new(items).await
    }

    /// Reads a job, strongly consistent.
    pub async fn job(&self, tenant: &TenantId, id: &JobId) -> Result<Option<Job>, StoreError> {
        let item = self.get_lead_item(&keys::job(tenant, id), true).await?;
        item.map(from_item).transpose()
    }

    /// Reads the next jobs of a tenant, newest first: those made before `before`, at most `limit`.
    pub async fn jobs(
        &self,
        tenant: &TenantId,
        before: Option<&JobId>,
        limit: u16,
    ) -> Result<Vec<Job>, StoreError> {
        let (first, last) = keys::jobs_until(before);
        // The first may be `before` itself.
        let most = limit.saturating_add(1);
        let items = self.some_lead_items_between(tenant.as_str(), first, last, most, false).await?;
        let mut jobs = items.into_iter().map(from_item).collect::<Result<Vec<_>, _>>()?;
        jobs.retain(|job| Some(&job.id) != before);
        jobs.truncate(limit.into());
        Ok(jobs)
    }

    /// Notes another status of a job that is in one of `from`, and returns the job; `None` when
    /// there is no such job or it is in another status.
    pub async fn turn_job(
        &self,
        tenant: &TenantId,
        id: &JobId,
        from: &[JobStatus],
        to: JobStatus,
        now: Timestamp,
    ) -> Result<Option<Job>, StoreError> {
        let ends = to.is_over() || to == JobStatus::Failed;
        let update = if ends {
            "SET #status = :to, #ended_at = :now"
        } else {
            "SET #status = :to REMOVE #ended_at"
        };
        let mut values = vec![(":to".to_owned(), items::text(to.as_str()))];
        if ends {
            values.push((":now".to_owned(), items::number(now.millis())));
        }
        let names: Vec<_> = (0..from.len()).map(|place| format!(":from{place}")).collect();
        let condition = format!("#status IN ({})", names.join(", "));
        let statuses = from.iter().map(|status| items::text(status.as_str()));
        values.extend(names.into_iter().zip(statuses));
        self.update_job(tenant, id, update, &condition, &["status", "ended_at"], values).await
    }

    /// Notes that a segment is done in a pass, with the leads that it had, and returns the job;
    /// `None` when there is none or it is in another pass. Noting it again changes nothing.
    pub async fn finish_job_segment(
        &self,
        tenant: &TenantId,
        id: &JobId,
        pass: u32,
        segment: u32,
        leads: u64,
    ) -> Result<Option<Job>, StoreError> {
        let values = [
            (":pass".to_owned(), items::number(pass)),
            (":done".to_owned(), AttributeValue::Ns(vec![segment.to_string()])),
            (":segment".to_owned(), items::number(segment)),
            (":leads".to_owned(), items::number(leads)),
        ];
        let update = "ADD #finished :done, #leads :leads";
        let condition = "#pass = :pass AND NOT contains(#finished, :segment)";
        let names = ["finished", "leads", "pass"];
        let noted = self.update_job(tenant, id, update, condition, &names, values).await?;
        match noted {
            Some(job) => Ok(Some(job)),
            None => Ok(self.job(tenant, id).await?.filter(|job| job.pass == pass)),
        }
    }

    /// Begins the pass after `pass` and returns the job as it is: of two that begin it at once,
    /// one does.
    pub async fn begin_job_pass(
        &self,
        tenant: &TenantId,
        id: &JobId,
        pass: u32,
    ) -> Result<Option<Job>, StoreError> {
        let values = [
            (":pass".to_owned(), items::number(pass)),
            (":next".to_owned(), items::number(pass.saturating_add(1))),
            (":none".to_owned(), items::number(0)),
        ];
        let update = "SET #pass = :next, #leads = :none REMOVE #finished";
        let names = ["finished", "leads", "pass"];
        match self.update_job(tenant, id, update, "#pass = :pass", &names, values).await? {
            Some(job) => Ok(Some(job)),
            None => self.job(tenant, id).await,
        }
    }

    async fn update_job(
        &self,
        tenant: &TenantId,
        id: &JobId,
        update: &str,
        condition: &str,
        names: &[&str],
        values: impl IntoIterator<Item = (String, AttributeValue)>,
    ) -> Result<Option<Job>, StoreError> {
        let key = keys::job(tenant, id);
        let used = |name: &&&str| {
            let name = format!("#{name}");
            update.contains(&name) || condition.contains(&name)
        };
        let names = names.iter().filter(used).map(|name| (format!("#{name}"), (*name).to_owned()));
        if self.is_recording() {
            let values = values.into_iter().collect();
            let write = self.update_if(&key, update, condition, names.collect(), values)?;
            return if self.transact(vec![write]).await? {
                self.job(tenant, id).await
            } else {
                Ok(None)
            };
        }
        let sent = self
            .client
            .update_item()
            .table_name(&self.leads_table)
            .set_key(Some(items::key_attributes(&key)))
            .update_expression(update)
            .condition_expression(condition)
            .set_expression_attribute_names(Some(names.collect()))
            .set_expression_attribute_values(Some(values.into_iter().collect()))
            .return_values(ReturnValue::AllNew)
            .send()
            .await;
        match sent {
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
    use domain::{
        actor::Actor,
        bulk::{BulkChange, Selection},
        edit::Choice,
        lead_filter::LeadFilter,
        stage::Stage,
    };

    use super::*;

    fn golden(text: &str) -> Item {
        let golden: serde_json::Value = serde_json::from_str(text).unwrap();
        let mut item: Item = serde_dynamo::to_item(golden).unwrap();
        let finished = AttributeValue::Ns(vec!["0".to_owned(), "2".to_owned()]);
        item.insert("finished".to_owned(), finished);
        item
    }

    fn warm() -> LeadFilter {
        let assigned_to = Some(Choice::Clear);
        LeadFilter { stage: Some(Stage::Warm), assigned_to, ..LeadFilter::default() }
    }

    #[test]
    fn jobs_are_written_and_read_as_ever() {
        for (text, work, status) in [
            (
                include_str!("../../../tests/golden/job-1.json"),
                Work::Preview { active: 3, sample_percent: 10 },
                JobStatus::Running,
            ),
            (
                include_str!("../../../tests/golden/job-2.json"),
                Work::Rescore { version: 4 },
                JobStatus::Done,
            ),
            (
                include_str!("../../../tests/golden/job-3.json"),
                Work::Import { by: Actor::System, rows: 7 },
                JobStatus::Running,
            ),
            (
                include_str!("../../../tests/golden/job-4.json"),
                Work::BulkEdit {
                    by: Actor::System,
                    change: BulkChange::Assign(None),
                    leads: Selection::Named(2),
                },
                JobStatus::Queued,
            ),
            (
                include_str!("../../../tests/golden/job-5.json"),
                Work::Export { by: Actor::System, leads: Selection::Matching(warm()) },
                JobStatus::Failed,
            ),
        ] {
            let job = from_item(golden(text)).unwrap();
            assert_eq!((&job.work, job.status), (&work, status));
            assert_eq!((job.segments, job.leads), (3, 1_200));
            assert_eq!(job.unfinished().collect::<Vec<_>>(), [1]);
            assert_eq!(job.created_at.to_string(), "2026-11-21T00:10:00.000Z");
            assert_eq!(to_item(&"acme".parse().unwrap(), &job).unwrap(), golden(text));
        }
    }
}
