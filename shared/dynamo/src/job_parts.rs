//! How far the segments of a job have come, what came of a job, and what it was given: the draft
//! that a preview looks at, the leads that somebody named. In the leads table.
//!
//! Invariant: a segment that is done is never written again, so what it counted comes from one
//! pass over all its leads.

use aws_sdk_dynamodb::operation::put_item::PutItemError;
use domain::{home::HomeId, job::JobId, rule_set::RuleSet, tenant::TenantId};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::{
    Store,
    error::StoreError,
    items::{self, Item, Place},
    keys::{self, Key},
    scan::ScanPlace,
};

/// How far a segment has come in a pass.
#[derive(Clone, Debug)]
pub struct Progress<T> {
    /// What was counted so far.
    pub tally: T,
    /// The place in the scan up to which it was counted; `None` at the beginning and at the end.
    pub after: Option<ScanPlace>,
    /// Whether that is all.
    pub done: bool,
}

#[derive(Serialize, Deserialize)]
struct PartItem {
    tally: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    after: Option<PlaceItem>,
    done: bool,
}

#[derive(Serialize, Deserialize)]
struct PlaceItem {
    pk: String,
    sk: String,
}

#[derive(Serialize, Deserialize)]
struct ContentItem {
    content: String,
}

fn to_item<T: Serialize>(key: &Key, part: &Progress<T>) -> Result<Item, StoreError> {
    let after = part.after.as_ref().map(|after| {
        let Place { pk, sk } = Place::of(&after.0);
        PlaceItem { pk, sk }
    });
    let content = PartItem { tally: json(key, &part.tally)?, after, done: part.done };
    items::write(key, &content)
}

fn from_item<T: DeserializeOwned>(item: Item) -> Result<Progress<T>, StoreError> {
    let place = Place::of(&item);
    let PartItem { tally, after, done } = items::read(item)?;
    let tally = serde_json::from_str(&tally).map_err(|source| place.unreadable(source))?;
    let after = after.map(|PlaceItem { pk, sk }| ScanPlace(items::key_attributes(&Key { pk, sk })));
    Ok(Progress { tally, after, done })
}

/// Writes the draft that a preview looks at.
pub(crate) fn draft_item(
    tenant: &TenantId,
    id: &JobId,
    draft: &RuleSet,
) -> Result<Item, StoreError> {
    content_item(&keys::job_draft(tenant, id), draft)
}

/// Writes the leads that somebody named for a job.
pub(crate) fn leads_item(
    tenant: &TenantId,
    id: &JobId,
    leads: &[HomeId],
) -> Result<Item, StoreError> {
    content_item(&keys::job_leads(tenant, id), &leads)
}

fn content_item<T: Serialize>(key: &Key, thing: &T) -> Result<Item, StoreError> {
    items::write(key, &ContentItem { content: json(key, thing)? })
}

fn json<T: Serialize>(key: &Key, thing: &T) -> Result<String, StoreError> {
    let place = Place { pk: key.pk.clone(), sk: key.sk.clone() };
    serde_json::to_string(thing).map_err(|source| place.unreadable(source))
}

impl Store {
    /// Reads how far a segment has come; `None` when it was not begun.
    pub async fn job_part<T: DeserializeOwned>(
        &self,
        tenant: &TenantId,
        id: &JobId,
        pass: u32,
        segment: u32,
    ) -> Result<Option<Progress<T>>, StoreError> {
        let key = keys::job_part(tenant, id, pass, segment);
        self.get_lead_item(&key, true).await?.map(from_item).transpose()
    }

    /// Keeps how far a segment has come, unless it is done, and tells whether it was not.
    pub async fn keep_job_part<T: Serialize>(
        &self,
        tenant: &TenantId,
        id: &JobId,
        (pass, segment): (u32, u32),
        part: &Progress<T>,
    ) -> Result<bool, StoreError> {
        let item = to_item(&keys::job_part(tenant, id, pass, segment), part)?;
        let sent = self
            .client
            .put_item()
            .table_name(&self.leads_table)
            .set_item(Some(item))
            .condition_expression("attribute_not_exists(pk) OR #done = :open")
            .expression_attribute_names("#done", "done")
            .expression_attribute_values(
                ":open",
                aws_sdk_dynamodb::types::AttributeValue::Bool(false),
            )
            .send()
            .await;
        match sent {
            Ok(_) => Ok(true),
            Err(error) => match error.as_service_error() {
                Some(PutItemError::ConditionalCheckFailedException(_)) => Ok(false),
                _ => Err(StoreError::from_sdk("PutItem", &error)),
            },
        }
    }

    /// Reads how far all segments of a job have come, in all passes.
    pub async fn job_parts<T: DeserializeOwned>(
        &self,
        tenant: &TenantId,
        id: &JobId,
    ) -> Result<Vec<Progress<T>>, StoreError> {
        let (first, last) = keys::job_parts(id);
        let items = self.lead_items_between(tenant.as_str(), first, last).await?;
        items.into_iter().map(from_item).collect()
    }

    /// Removes what is kept about the segments of a job.
    pub async fn drop_job_parts(&self, tenant: &TenantId, id: &JobId) -> Result<(), StoreError> {
        let (first, last) = keys::job_parts(id);
        for item in self.lead_items_between(tenant.as_str(), first, last).await? {
            let Place { pk, sk } = Place::of(&item);
            self.delete_lead_item(&Key { pk, sk }).await?;
        }
        Ok(())
    }

    /// Keeps what came of a job, unless that is kept already.
    pub async fn keep_job_result<T: Serialize>(
        &self,
        tenant: &TenantId,
        id: &JobId,
        result: &T,
    ) -> Result<(), StoreError> {
        let item = content_item(&keys::job_result(tenant, id), result)?;
        self.put_new(item).await.map(drop)
    }

    /// Reads what came of a job; `None` as long as it goes on.
    pub async fn job_result<T: DeserializeOwned>(
        &self,
        tenant: &TenantId,
        id: &JobId,
    ) -> Result<Option<T>, StoreError> {
        self.content(&keys::job_result(tenant, id)).await
    }

    /// Reads the draft that a preview looks at.
    pub async fn job_draft(
        &self,
        tenant: &TenantId,
        id: &JobId,
    ) -> Result<Option<RuleSet>, StoreError> {
        self.content(&keys::job_draft(tenant, id)).await
    }

    /// Reads the leads that somebody named for a job.
    pub async fn job_leads(
        &self,
        tenant: &TenantId,
        id: &JobId,
    ) -> Result<Option<Vec<HomeId>>, StoreError> {
        self.content(&keys::job_leads(tenant, id)).await
    }

    async fn content<T: DeserializeOwned>(&self, key: &Key) -> Result<Option<T>, StoreError> {
        let Some(item) = self.get_lead_item(key, true).await? else { return Ok(None) };
        let place = Place::of(&item);
        let ContentItem { content } = items::read(item)?;
        serde_json::from_str(&content).map(Some).map_err(|source| place.unreadable(source))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_is_written_and_read_as_ever() {
        let golden: serde_json::Value =
            serde_json::from_str(include_str!("../../../tests/golden/job-part-1.json")).unwrap();
        let golden: Item = serde_dynamo::to_item(golden).unwrap();
        let part: Progress<serde_json::Value> = from_item(golden.clone()).unwrap();
        assert_eq!((part.tally["leads"].as_u64(), part.done), (Some(7), false));
        let id = "job_019a0b3c-4d5e-7f60-8a1b-2c3d4e5f6071".parse().unwrap();
        let key = keys::job_part(&"acme".parse().unwrap(), &id, 1, 2);
        assert_eq!(to_item(&key, &part).unwrap(), golden);
    }
}
