//! Walking over all leads of the installation, segment by segment, and renewing what they are
//! listed by.
//!
//! Invariant: a lead that was committed since it was read is left as the commit wrote it.

use std::num::NonZeroU32;

use aws_sdk_dynamodb::{
    operation::{
        scan::builders::ScanFluentBuilder,
        update_item::{UpdateItemError, builders::UpdateItemFluentBuilder},
    },
    types::{AttributeValue, ReturnConsumedCapacity},
};
use domain::{
    home::HomeId,
    lead::{Crossing, Lead},
    tenant::TenantId,
    time::Timestamp,
};

use crate::{
    Store,
    error::StoreError,
    items::{self, Item},
    keys,
    leads::{self, ListedLead, Standing},
    metered::half_units,
    places::Places,
};

/// A place in the scan of a segment.
#[derive(Clone, Debug)]
pub struct ScanPlace(pub(crate) Item);

/// Some leads of a segment.
#[derive(Clone, Debug)]
pub struct LeadPage {
    /// The leads, each with its tenant. A page may have none and not be the last.
    pub leads: Vec<(TenantId, ListedLead)>,
    /// Where the next page begins; `None` on the last.
    pub next: Option<ScanPlace>,
    /// The read units that the page took, in halves.
    pub half_units: u64,
}

/// In how many segments the table is scanned by whoever goes through all leads.
///
/// One number for all: what a segment counts, whoever counted it, is about the same leads. At
/// 1,000,000 leads a segment has some 16,000 of them.
pub const SCAN_SEGMENTS: NonZeroU32 = NonZeroU32::new(64).unwrap();

impl ScanPlace {
    /// Returns the place just after a lead.
    pub fn after(tenant: &TenantId, lead: HomeId) -> Self {
        Self(items::key_attributes(&keys::lead(tenant, lead)))
    }
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
        let scan = self.client.scan().filter_expression("sk = :lead");
        self.scan_page(scan, segment, segments, after).await
    }

    /// Reads the next leads of one tenant like [`Store::scan_leads`].
    pub async fn scan_leads_of(
        &self,
        tenant: &TenantId,
        segment: u32,
        segments: u32,
        after: Option<ScanPlace>,
    ) -> Result<LeadPage, StoreError> {
        let scan = self
            .client
            .scan()
            .filter_expression("sk = :lead AND begins_with(pk, :homes)")
            .expression_attribute_values(":homes", items::text(keys::homes_of(tenant)));
        self.scan_page(scan, segment, segments, after).await
    }

    async fn scan_page(
        &self,
        scan: ScanFluentBuilder,
        segment: u32,
        segments: u32,
        after: Option<ScanPlace>,
    ) -> Result<LeadPage, StoreError> {
        let count = |count: u32| i32::try_from(count).unwrap_or(i32::MAX);
        let answer = scan
            .table_name(&self.leads_table)
            .consistent_read(true)
            .segment(count(segment))
            .total_segments(count(segments))
            .set_exclusive_start_key(after.map(|place| place.0))
            .expression_attribute_values(":lead", items::text(keys::LEAD))
            .return_consumed_capacity(ReturnConsumedCapacity::Total)
            .send()
            .await
            .map_err(|error| StoreError::from_sdk("Scan", &error))?;
        let read = |item: Item| {
            let (tenant, _) = items::home_of(&item)?;
            Ok((tenant, leads::from_item(item)?))
        };
        let half_units = half_units(answer.consumed_capacity.as_ref());
        let leads: Result<Vec<_>, StoreError> =
            answer.items.unwrap_or_default().into_iter().map(read).collect();
        let next = answer.last_evaluated_key.map(ScanPlace);
        Ok(LeadPage { leads: leads?, next, half_units })
    }

    /// Lists a lead by another standing, and tells whether it still was as it was read. Notes
    /// the crossing if the stage is another one, and drops an earlier write's note if not.
    ///
    /// `at` is written down with it, see [`ListedLead::relisted_at`]. The version stays: what the
    /// indexes are keyed by is no part of the lead. They are all renewed, because former code did
    /// not know them all.
    pub async fn refresh_standing(
        &self,
        tenant: &TenantId,
        lead: &Lead,
        standing: Standing,
        crossing: Option<Crossing>,
        at: Timestamp,
    ) -> Result<bool, StoreError> {
        let id = lead.survivor.id;
        let mut set = vec![
            ("score", Some(items::number(standing.score))),
            ("stage", Some(items::text(standing.stage.as_str()))),
            ("relisted_at", Some(items::number(at.millis()))),
        ];
        let crossing = crossing.map(serde_dynamo::to_attribute_value).transpose();
        set.push(("crossing", crossing.map_err(StoreError::Unwritable)?));
        let places = Places::of(tenant, id, &lead.state, standing).attributes();
        set.extend(places.map(|(name, key)| (name, key.map(items::text))));
        let request = self
            .client
            .update_item()
            .table_name(&self.leads_table)
            .set_key(Some(items::key_attributes(&keys::lead(tenant, id))))
            .condition_expression("#version = :read")
            .expression_attribute_names("#version", "version")
            .expression_attribute_values(":read", items::number(lead.version));
        match setting(request, set).send().await {
            Ok(_) => Ok(true),
            Err(error) => match error.as_service_error() {
                Some(UpdateItemError::ConditionalCheckFailedException(_)) => Ok(false),
                _ => Err(StoreError::from_sdk("UpdateItem", &error)),
            },
        }
    }
}

/// Lets an update set attributes, or remove those that have no value.
fn setting(
    mut request: UpdateItemFluentBuilder,
    attributes: Vec<(&'static str, Option<AttributeValue>)>,
) -> UpdateItemFluentBuilder {
    let (mut sets, mut removals) = (Vec::new(), Vec::new());
    for (name, value) in attributes {
        request = request.expression_attribute_names(format!("#{name}"), name);
        if let Some(value) = value {
            sets.push(format!("#{name} = :{name}"));
            request = request.expression_attribute_values(format!(":{name}"), value);
        } else {
            removals.push(format!("#{name}"));
        }
    }
    let parts = [("SET", sets), ("REMOVE", removals)].into_iter();
    let parts = parts.filter(|(_, some)| !some.is_empty());
    let parts: Vec<_> = parts.map(|(verb, some)| format!("{verb} {}", some.join(", "))).collect();
    request.update_expression(parts.join(" "))
}
