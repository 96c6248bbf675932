//! A walk down the index by score: stage by stage, highest first, as far as one answer may go.
//!
//! Invariant: entries come in the order in which they were materialised, each lead once, and no
//! answer examines more than [`MOST_EXAMINED`] of them.

use std::collections::{HashSet, VecDeque};

use domain::{home::HomeId, stage::Stage, tenant::TenantId};
use dynamo::{ListedLead, ScorePlace, Store, StoreError};

/// How many entries one answer examines.
pub const MOST_EXAMINED: usize = 1_000;

/// The most entries of a stage that are read at once.
const MOST_AT_ONCE: u16 = 250;

/// A walk that is under way.
#[derive(Debug)]
pub struct Walk<'a> {
    store: &'a Store,
    tenant: &'a TenantId,
    /// The stages still to walk, the one under way first.
    stages: VecDeque<Stage>,
    after: Option<ScorePlace>,
    ahead: VecDeque<ListedLead>,
    at_once: u16,
    left: usize,
    met: HashSet<HomeId>,
}

impl<'a> Walk<'a> {
    /// Begins a walk through `stages`, `wanted` entries of which are likely to be enough.
    pub fn new(
        store: &'a Store,
        tenant: &'a TenantId,
        stages: impl IntoIterator<Item = Stage>,
        wanted: u16,
    ) -> Self {
        Self {
            store,
            tenant,
            stages: stages.into_iter().collect(),
            after: None,
            ahead: VecDeque::new(),
            at_once: wanted.saturating_add(1).min(MOST_AT_ONCE),
            left: MOST_EXAMINED,
            met: HashSet::new(),
        }
    }

    /// Skips everything up to a place in a stage, that place included.
    pub fn after(&mut self, stage: Stage, place: ScorePlace) {
        while self.stages.front().is_some_and(|first| *first != stage) {
            self.stages.pop_front();
        }
        self.after = Some(place);
    }

    /// Returns the next entry; `None` when there is none, or when enough were examined.
    pub async fn next(&mut self) -> Result<Option<ListedLead>, StoreError> {
        while self.left > 0 && self.has_more().await? {
            let Some(entry) = self.ahead.pop_front() else { break };
            self.left -= 1;
            // The index follows the table with a delay, so a lead that changes its stage during
            // the walk can stand in both.
            if self.met.insert(entry.lead.survivor.id) {
                return Ok(Some(entry));
            }
        }
        Ok(None)
    }

    /// Tells whether there are entries after those that were returned.
    pub async fn has_more(&mut self) -> Result<bool, StoreError> {
        while self.ahead.is_empty() {
            let Some(stage) = self.stages.front().copied() else { return Ok(false) };
            let after = self.after.take();
            let read = self.store.leads_by_score(self.tenant, stage, after, self.at_once).await?;
            if read.len() < usize::from(self.at_once) {
                self.stages.pop_front();
            } else {
                self.after = read.last().map(place);
            }
            self.ahead.extend(read);
            // Much was filtered out if there is a second round; fewer, longer ones then.
            self.at_once = self.at_once.saturating_mul(2).min(MOST_AT_ONCE);
        }
        Ok(true)
    }
}

/// Returns the place of an entry.
pub fn place(entry: &ListedLead) -> ScorePlace {
    ScorePlace { score: entry.standing.score, lead: entry.lead.survivor.id }
}

/// The stages in the order of a list: highest first.
pub fn highest_first() -> impl Iterator<Item = Stage> {
    Stage::ALL.into_iter().rev()
}
