//! Publishing: a new version of the rules becomes the active one, together with the job that
//! brings the leads to it.
//!
//! Invariant: all of it happens or nothing. The number of a version is used once, the active
//! version only grows, and a draft that somebody changed since it was read is not published.

use aws_sdk_dynamodb::types::{TransactWriteItem, Update};
use domain::{rule_set::RuleSet, tenant::TenantId};

use crate::{
    Store,
    error::StoreError,
    items, job_parts,
    jobs::{self, Job},
    keys, revisions,
    rule_sets::{self, PublishedSet},
};

/// What is to be published.
#[derive(Clone, Debug)]
pub struct Publication<'p> {
    /// The version that was active when the caller decided.
    pub active: u32,
    /// The set; its version is the one after that.
    pub published: &'p PublishedSet,
    /// The draft that goes with it, by the revision that was read; a rollback keeps the draft.
    pub draft_revision: Option<u64>,
    /// The job that brings the leads to it.
    pub job: &'p Job,
}

impl Store {
    /// Publishes a set; `false` when another one was published or the draft was changed since they
    /// were read.
    pub async fn publish(
        &self,
        tenant: &TenantId,
        publication: &Publication<'_>,
    ) -> Result<bool, StoreError> {
        let published = rule_sets::published_item(tenant, publication.published)?;
        let mut writes = vec![
            self.put_if_new(published)?,
            self.activate(tenant, publication.active, publication.published.set.version)?,
            self.put_if_new(jobs::to_item(tenant, publication.job)?)?,
        ];
        if let Some(read) = publication.draft_revision {
            writes.push(self.delete_if(&keys::draft(tenant), &revisions::unchanged(read))?);
        }
        self.transact(writes).await
    }

    /// Makes a preview with the draft that it looks at; `false` when there is such a job already.
    pub async fn create_preview(
        &self,
        tenant: &TenantId,
        job: &Job,
        draft: &RuleSet,
    ) -> Result<bool, StoreError> {
        let draft = job_parts::draft_item(tenant, &job.id, draft)?;
        self.put_all_new(vec![draft, jobs::to_item(tenant, job)?]).await
    }

    /// Moves the note of which version is active.
    fn activate(
        &self,
        tenant: &TenantId,
        from: u32,
        to: u32,
    ) -> Result<TransactWriteItem, StoreError> {
        let update = Update::builder()
            .table_name(&self.leads_table)
            .set_key(Some(items::key_attributes(&keys::active_rule_set(tenant))))
            .update_expression("SET #version = :to")
            .condition_expression("#version = :from")
            .expression_attribute_names("#version", "version")
            .expression_attribute_values(":from", items::number(from))
            .expression_attribute_values(":to", items::number(to))
            .build()
            .map_err(|error| StoreError::incomplete(&error))?;
        Ok(TransactWriteItem::builder().update(update).build())
    }
}
