//! Where a lead lies in the indexes.
//!
//! Invariant: a deleted lead lies in none of them, so no list can ever show it. But for `by_score`
//! the indexes hold keys alone, and those change with the lead's first event, its owner and the
//! day of its last event: an event of a lead that was active on the same day touches none.

use domain::{home::HomeId, state::State, tenant::TenantId, time::Timestamp};

use crate::{
    items::{self, Item},
    keys,
    leads::Standing,
};

const CREATED_PARTITION: &str = "by_created_pk";

/// The keys of a lead in the indexes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Places {
    score: Option<(String, String)>,
    owner: Option<(String, String)>,
    created: Option<(String, String)>,
    activity: Option<(String, String)>,
}

impl Places {
    /// Returns where a lead with a state belongs.
    pub fn of(tenant: &TenantId, lead: HomeId, state: &State, standing: Standing) -> Self {
        if state.work.is_deleted(lead) {
            return Self::default();
        }
        let shard = keys::list_shard(lead);
        let created = state.created_at.map(|at| keys::created_rank(at, lead));
        let owner = state.work.assigned_to.as_ref();
        let owner = owner.map(|owner| keys::owner_partition(tenant, owner));
        let active = state.last_event_at.map(Timestamp::day);
        Self {
            score: Some((
                keys::score_partition(tenant, standing.stage, shard),
                keys::score_rank(standing.score, lead),
            )),
            owner: owner.zip(created.clone()),
            created: created.map(|rank| (keys::created_partition(tenant, shard), rank)),
            activity: active.map(|day| {
                (keys::activity_partition(tenant, shard), keys::activity_rank(day, lead))
            }),
        }
    }

    /// Tells whether a lead's item lies in every index that holds all leads.
    pub fn are_in(item: &Item) -> bool {
        item.contains_key(CREATED_PARTITION)
    }

    /// Returns those of them that code before the other lists wrote.
    pub fn of_former_code(self) -> Self {
        Self { score: self.score, ..Self::default() }
    }

    /// Counts the write units of the indexes when a lead moves from these places to others. The
    /// lead takes `units` before and after in the index that holds it whole; its keys take one.
    pub fn units_to(&self, to: &Self, units: (u64, u64)) -> u64 {
        let moved = |from: &Option<_>, to: &Option<_>| match (from, to) {
            (Some(from), Some(to)) if from == to => 0,
            (from, to) => u64::from(from.is_some()) + u64::from(to.is_some()),
        };
        // An entry is written anew in place, or removed there and put elsewhere.
        let whole = match (&self.score, &to.score) {
            (Some(from), Some(to)) if from == to => units.0.max(units.1),
            (from, to) => from.as_ref().map_or(0, |_| units.0) + to.as_ref().map_or(0, |_| units.1),
        };
        let keys = [
            moved(&self.owner, &to.owner),
            moved(&self.created, &to.created),
            moved(&self.activity, &to.activity),
        ];
        whole + keys.into_iter().sum::<u64>()
    }

    /// Returns the attributes of all indexes; `None` where there is to be none.
    pub fn attributes(self) -> impl Iterator<Item = (&'static str, Option<String>)> {
        let attributes =
            |(names, key): ((&'static str, &'static str), Option<(String, String)>)| {
                let (pk, sk) = key.unzip();
                [(names.0, pk), (names.1, sk)]
            };
        let places = [
            (("by_score_pk", "by_score_sk"), self.score),
            (("by_owner_pk", "by_owner_sk"), self.owner),
            ((CREATED_PARTITION, "by_created_sk"), self.created),
            (("by_activity_pk", "by_activity_sk"), self.activity),
        ];
        places.into_iter().flat_map(attributes)
    }

    /// Writes the attributes that there are into an item.
    pub fn write(self, item: &mut Item) {
        let there = self.attributes().filter_map(|(name, key)| Some((name, key?)));
        item.extend(there.map(|(name, key)| (name.to_owned(), items::text(key))));
    }
}
