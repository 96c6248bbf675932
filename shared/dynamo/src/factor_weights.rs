//! Factor weights in the leads table: one item for each marketplace that has its own.
//!
//! Invariant: a marketplace without an item has the default weights. Weights are replaced or
//! removed only as they were read.

use domain::{factor_weights::FactorWeights, marketplace::Marketplace, tenant::TenantId};
use serde::{Deserialize, Serialize};

use crate::{
    Store,
    error::StoreError,
    items::{self, Item, Place},
    keys,
    writes::Unchanged,
};

#[derive(Serialize, Deserialize)]
struct WeightsItem {
    purchase: u8,
    browsing: u8,
    interest: u8,
    engagement: u8,
}

/// Says that an item between two weights is of another kind.
#[derive(Debug, thiserror::Error)]
#[error("the sort key is not that of factor weights")]
struct NotWeights;

pub(crate) fn from_item(item: Item) -> Result<(Marketplace, FactorWeights), StoreError> {
    let place = Place::of(&item);
    let marketplace =
        keys::parse_factor_weights(&place.sk).ok_or_else(|| place.unreadable(NotWeights))?;
    let WeightsItem { purchase, browsing, interest, engagement } = items::read(item)?;
    let weights = FactorWeights::new(purchase, browsing, interest, engagement);
    Ok((marketplace, weights.map_err(|source| place.unreadable(source))?))
}

pub(crate) fn to_item(
    tenant: &TenantId,
    marketplace: &Marketplace,
    weights: FactorWeights,
) -> Result<Item, StoreError> {
    let content = WeightsItem {
        purchase: weights.purchase(),
        browsing: weights.browsing(),
        interest: weights.interest(),
        engagement: weights.engagement(),
    };
    items::write(&keys::factor_weights(tenant, marketplace), &content)
}

impl Store {
    /// Reads the weights of a tenant's marketplace, strongly consistent; `None` when it has the
    /// default.
    pub async fn factor_weights(
        &self,
        tenant: &TenantId,
        marketplace: &Marketplace,
    ) -> Result<Option<FactorWeights>, StoreError> {
        let item = self.get_lead_item(&keys::factor_weights(tenant, marketplace), true).await?;
        Ok(item.map(from_item).transpose()?.map(|(_, weights)| weights))
    }

    /// Reads the next weights that a tenant has set, by marketplace, strongly consistent: those
    /// after `after`, at most `limit`.
    pub async fn factor_weights_after(
        &self,
        tenant: &TenantId,
        after: Option<&Marketplace>,
        limit: u16,
    ) -> Result<Vec<(Marketplace, FactorWeights)>, StoreError> {
        let (first, last) = keys::factor_weights_after(after);
        let pk = tenant.as_str();
        let items = self.some_lead_items_between(pk, first, last, limit, true).await?;
        items.into_iter().map(from_item).collect()
    }

    /// Replaces the weights of a tenant's marketplace that were read, or sets them where it had the
    /// default.
    ///
    /// `false`: somebody else changed them meanwhile, to others than these, and nothing was
    /// written.
    pub async fn put_factor_weights(
        &self,
        tenant: &TenantId,
        marketplace: &Marketplace,
        weights: FactorWeights,
        read: Option<FactorWeights>,
    ) -> Result<bool, StoreError> {
        let item = to_item(tenant, marketplace, weights)?;
        let put = match read {
            // No change, and nobody records it.
            Some(read) if read == weights => {
                self.unrecorded().put_over(item, &unchanged(read)).await?
            }
            Some(read) => self.put_over(item, &unchanged(read)).await?,
            None => self.put_new(item).await?,
        };
        // The answer to an earlier call may have been lost.
        Ok(put || self.factor_weights(tenant, marketplace).await? == Some(weights))
    }

    /// Gives a tenant's marketplace the default weights again in place of those that were read;
    /// `false` when it has others by now.
    pub async fn drop_factor_weights(
        &self,
        tenant: &TenantId,
        marketplace: &Marketplace,
        read: FactorWeights,
    ) -> Result<bool, StoreError> {
        let key = keys::factor_weights(tenant, marketplace);
        let dropped = self.delete_unchanged(&key, &unchanged(read)).await?;
        Ok(dropped || self.factor_weights(tenant, marketplace).await?.is_none())
    }
}

fn unchanged(read: FactorWeights) -> Unchanged {
    Unchanged::numbers([
        ("purchase", read.purchase().into()),
        ("browsing", read.browsing().into()),
        ("interest", read.interest().into()),
        ("engagement", read.engagement().into()),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn as_item(golden: &str) -> Item {
        serde_dynamo::to_item(serde_json::from_str::<serde_json::Value>(golden).unwrap()).unwrap()
    }

    #[test]
    fn weights_are_written_and_read_as_ever() {
        let golden = as_item(include_str!("../../../tests/golden/factor-weights-1.json"));
        let (marketplace, weights) = from_item(golden.clone()).unwrap();
        assert_eq!((marketplace.as_str(), weights.purchase()), ("mercado_livre", 50));
        assert_eq!(to_item(&"acme".parse().unwrap(), &marketplace, weights).unwrap(), golden);
    }
}
