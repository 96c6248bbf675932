//! Walking over all leads of the installation, segment by segment, and renewing what they are
//! listed by.
//!
//! Invariant: a lead that was committed since it was read is left as the commit wrote it.

use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use domain::{lead::Lead, tenant::TenantId};

use crate::{
    Store,
    error::StoreError,
    items::{self, Item},
    keys,
    leads::{self, ListedLead, Standing},
};

/// A place in the scan of a segment.
#[derive(Clone, Debug)]
pub struct ScanPlace(Item);

/// Some leads of a segment.
#[derive(Clone, Debug)]
pub struct LeadPage {
    /// The leads, each with its tenant. A page may have none and not be the last.
    pub leads: Vec<(TenantId, ListedLead)>,
    /// Where the next page begins; `None` on the last.
    pub next: Option<ScanPlace>,
}

impl Store {
    /// Reads the next leads of one of `segments` segments of the table, strongly consistent.
    ///
    /// One request, which reads 1 MB of the table at most.
    pub async fn scan_leads(
        &self,
        segment: u32,
        segments: u32,
        after: Option<ScanPlace>,
    ) -> Result<LeadPage, StoreError> {
        let count = |count: u32| i32::try_from(count).unwrap_or(i32::MAX);
        let answer = self
            .client
            .scan()
            .table_name(&self.leads_table)
            .consistent_read(true)
            .segment(count(segment))
            .total_segments(count(segments))
            .set_exclusive_start_key(after.map(|place| place.0))
            .filter_expression("sk = :lead")
            .expression_attribute_values(":lead", items::text(keys::LEAD))
            .send()
            .await
            .map_err(|error| StoreError::from_sdk("Scan", &error))?;
        let read = |item: Item| {
            let (tenant, _) = items::home_of(&item)?;
            Ok((tenant, leads::from_item(item)?))
        };
        let leads: Result<Vec<_>, StoreError> =
            answer.items.unwrap_or_default().into_iter().map(read).collect();
        Ok(LeadPage { leads: leads?, next: answer.last_evaluated_key.map(ScanPlace) })
    }

    /// Lists a lead by another standing, and tells whether it still was as it was read.
    ///
    /// The version stays: a standing is what the index is keyed by and no part of the lead.
    pub async fn refresh_standing(
        &self,
        tenant: &TenantId,
        lead: &Lead,
        standing: Standing,
    ) -> Result<bool, StoreError> {
        let id = lead.survivor.id;
        let partition = keys::score_partition(tenant, standing.stage, keys::score_shard(id));
        let sent = self
            .client
            .update_item()
            .table_name(&self.leads_table)
            .set_key(Some(items::key_attributes(&keys::lead(tenant, id))))
            .update_expression(
                "SET #score = :score, #stage = :stage, by_score_pk = :partition, by_score_sk = :rank",
            )
            .condition_expression("#version = :read")
            .expression_attribute_names("#score", "score")
            .expression_attribute_names("#stage", "stage")
            .expression_attribute_names("#version", "version")
            .expression_attribute_values(":score", items::number(standing.score))
            .expression_attribute_values(":stage", items::text(standing.stage.as_str()))
            .expression_attribute_values(":partition", items::text(partition))
            .expression_attribute_values(":rank", items::text(keys::score_rank(standing.score, id)))
            .expression_attribute_values(":read", items::number(lead.version))
            .send()
            .await;
        match sent {
            Ok(_) => Ok(true),
            Err(error) => match error.as_service_error() {
                Some(UpdateItemError::ConditionalCheckFailedException(_)) => Ok(false),
                _ => Err(StoreError::from_sdk("UpdateItem", &error)),
            },
        }
    }
}
