//! The entries of a list, one after the other, as far as one answer may go.
//!
//! Invariant: no answer examines more than [`MOST_EXAMINED`] entries, and it can say where it
//! stopped even if none of them was there any more.

use std::collections::VecDeque;

use domain::lead::Lead;
use dynamo::{ListKey, ListPlace, ScorePlace};

use super::{
    asked::{Driver, Listing},
    place::At,
};
use crate::{
    error::ApiError,
    guard::Admitted,
    reads::Reads,
    search::candidates,
    walk::{self, MOST_EXAMINED, Walk},
};

/// The most entries that are read at once.
const MOST_AT_ONCE: u16 = 250;

/// What drives a list, under way.
pub enum Entries<'a> {
    /// By score.
    Score {
        /// The walk.
        walk: Walk<'a>,
        /// The last entry it gave.
        last: Option<At>,
    },
    /// By owner, by time or by what somebody typed.
    Pages(Pages<'a>),
}

/// A list that is read page by page, under way.
pub struct Pages<'a> {
    reads: &'a Reads,
    admitted: &'a Admitted,
    driver: &'a Driver,
    ahead: VecDeque<(At, Lead)>,
    /// The last place that was read.
    read: Option<At>,
    /// Whether more follow.
    follows: bool,
    /// The last place that was given.
    given: Option<At>,
    at_once: u16,
    left: usize,
}

/// Some entries of a list.
struct Page {
    entries: VecDeque<(At, Lead)>,
    last: Option<At>,
    more: bool,
}

impl<'a> Entries<'a> {
    /// Begins, or goes on where the last page ended.
    pub fn new(reads: &'a Reads, admitted: &'a Admitted, listing: &'a Listing) -> Self {
        let Listing { driver, filter, limit, after, .. } = listing;
        if !matches!(driver, Driver::Score) {
            return Self::Pages(Pages {
                reads,
                admitted,
                driver,
                ahead: VecDeque::new(),
                read: after.clone(),
                follows: true,
                given: None,
                at_once: limit.saturating_add(1).min(MOST_AT_ONCE),
                left: MOST_EXAMINED,
            });
        }
        let stages =
            filter.stage.map_or_else(|| walk::highest_first().collect(), |stage| vec![stage]);
        let mut walk = Walk::new(&reads.store, admitted.tenant(), stages, *limit);
        if let Some(At::Score { stage, score, lead }) = *after {
            walk.after(stage, ScorePlace { score, lead });
        }
        Self::Score { walk, last: None }
    }

    /// Returns the next entry; `None` when there is none, or when enough were examined.
    pub async fn next(&mut self) -> Result<Option<(At, Lead)>, ApiError> {
        match self {
            Self::Score { walk, last } => {
                let Some(entry) = walk.next().await? else { return Ok(None) };
                let at = At::score(entry.standing.stage, walk::place(&entry));
                *last = Some(at.clone());
                Ok(Some((at, entry.lead)))
            }
            Self::Pages(pages) => pages.next().await,
        }
    }

    /// Tells whether there are entries after those that were returned.
    pub async fn has_more(&mut self) -> Result<bool, ApiError> {
        match self {
            Self::Score { walk, .. } => Ok(walk.has_more().await?),
            Self::Pages(pages) => Ok(!pages.ahead.is_empty() || pages.follows),
        }
    }

    /// Returns the last place that was looked at.
    pub fn passed(&self) -> Option<At> {
        match self {
            Self::Score { last, .. } => last.clone(),
            // What was read and is not there any more is passed with the last one that is.
            Self::Pages(pages) if pages.ahead.is_empty() => pages.read.clone(),
            Self::Pages(pages) => pages.given.clone(),
        }
    }
}

impl Pages<'_> {
    async fn next(&mut self) -> Result<Option<(At, Lead)>, ApiError> {
        while self.ahead.is_empty() && self.follows && self.left > 0 {
            let most = u16::try_from(self.left).unwrap_or(u16::MAX).min(self.at_once);
            let page = self.page(most).await?;
            self.left -= usize::from(most);
            self.follows = page.more;
            self.read = page.last.or_else(|| self.read.take());
            self.ahead = page.entries;
            // Much was filtered out if there is a second round; fewer, longer ones then.
            self.at_once = self.at_once.saturating_mul(2).min(MOST_AT_ONCE);
        }
        let next = self.ahead.pop_front();
        if let Some((at, _)) = &next {
            self.given = Some(at.clone());
        }
        Ok(next)
    }

    /// Reads the next entries after the last place that was read.
    async fn page(&self, most: u16) -> Result<Page, ApiError> {
        match self.driver {
            Driver::Search { query, .. } => {
                let after = self.read.as_ref().and_then(At::home);
                let found = candidates(self.reads, self.admitted, query, after, most).await?;
                let entries = found.leads.into_iter().map(|(home, lead)| (At::Home(home), lead));
                let last = found.last.map(At::Home);
                Ok(Page { entries: entries.collect(), last, more: found.more })
            }
            Driver::Owner(owner) => self.listed(ListKey::Owner(owner), most).await,
            Driver::Activity { from, to } => {
                self.listed(ListKey::Activity { from: *from, to: *to }, most).await
            }
            Driver::Created { from, to } => {
                self.listed(ListKey::Created { from: *from, to: *to }, most).await
            }
            // A list by score is walked.
            Driver::Score => Ok(Page { entries: VecDeque::new(), last: None, more: false }),
        }
    }

    async fn listed(&self, key: ListKey<'_>, most: u16) -> Result<Page, ApiError> {
        let (store, tenant) = (&self.reads.store, self.admitted.tenant());
        let after: Option<&ListPlace> = self.read.as_ref().and_then(At::list);
        let page = store.leads_by(tenant, key, after, most).await?;
        let entries = page.entries.into_iter();
        let entries = entries.map(|(place, listed)| (At::List(place), listed.lead)).collect();
        Ok(Page { entries, last: page.last.map(At::List), more: page.more })
    }
}
