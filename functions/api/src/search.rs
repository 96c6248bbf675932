//! Following the index to leads: from homes that can be found so to the leads that show it.
//!
//! Invariant: a lead is given only where what it shows now is what is looked for, and, of all homes
//! of its family that lead to it, only at the first. So no page repeats what another one had.

use std::collections::{BTreeMap, BTreeSet};

use ::search::{Findable, Shown};
use domain::{
    home::HomeId,
    lead::{Home, Lead},
    search::Query,
};
use dynamo::Finding;

use crate::{
    error::ApiError,
    guard::Admitted,
    reads::{Reads, is_visible},
};

/// Leads that an index led to.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Candidates {
    /// The leads, each with the home that led to it, in the order of the index.
    pub leads: Vec<(HomeId, Lead)>,
    /// The last home that was looked at, after which the next ones follow; `None` when there was
    /// none.
    pub last: Option<HomeId>,
    /// Whether more homes follow.
    pub more: bool,
}

/// What is looked for in an index.
pub struct Wanted<'w> {
    /// Where.
    pub finding: Finding,
    /// Tells by which of several look-ups, that follow each other, a home is found; `None` when by
    /// none of them.
    pub rank: &'w (dyn Fn(&Findable) -> Option<usize> + Sync),
    /// Which of them this one is.
    pub own_rank: usize,
    /// Tells whether a lead is what is looked for.
    pub is_met: &'w (dyn Fn(&Shown) -> bool + Sync),
}

/// Finds the leads of a query among the next `limit` homes that its term leads to.
///
/// The leads match the query as they are now, and the caller may see them. There may be none
/// though more follow.
pub async fn candidates(
    reads: &Reads,
    admitted: &Admitted,
    query: &Query,
    after: Option<HomeId>,
    limit: u16,
) -> Result<Candidates, ApiError> {
    let wanted = Wanted {
        finding: Finding::Term(::search::term(admitted.keyring(), query.prefix())),
        rank: &|home| home.has_term(query.prefix()).then_some(0),
        own_rank: 0,
        is_met: &|shown| query.matches(&shown.values),
    };
    follow(reads, admitted, &wanted, after, limit).await
}

/// Finds the leads that the next `limit` homes lead to. Four calls of the tables or so, however
/// many leads there are.
pub async fn follow(
    reads: &Reads,
    admitted: &Admitted,
    wanted: &Wanted<'_>,
    after: Option<HomeId>,
    limit: u16,
) -> Result<Candidates, ApiError> {
    let (store, tenant) = (&reads.store, admitted.tenant());
    let one_more = limit.saturating_add(1);
    let mut found = store.found_homes(tenant, wanted.finding, after, one_more).await?;
    let more = found.len() > usize::from(limit);
    found.truncate(limit.into());
    let mut homes = store.many_homes(tenant, found.iter().copied().collect()).await?;
    let survivors: BTreeSet<_> = homes.values().map(|home| home.survivor.id).collect();
    let leads = store.many_leads(tenant, survivors).await?;
    let members = leads.values().flat_map(|lead| &lead.members).map(|member| member.home.id);
    let others: BTreeSet<_> = members.filter(|id| !homes.contains_key(id)).collect();
    homes.extend(store.many_homes(tenant, others).await?);
    let lead_at = |home: &HomeId| {
        let lead = leads.get(&homes.get(home)?.survivor.id)?;
        let is_found = lead.has_member(*home)
            && is_visible(admitted, lead)
            && is_met_at(*home, lead, &homes, wanted, admitted);
        is_found.then(|| (*home, lead.clone()))
    };
    let leads = found.iter().filter_map(lead_at).collect();
    Ok(Candidates { leads, last: found.last().copied(), more })
}

/// Tells whether a lead is what is looked for, and a home is the first that leads to it.
fn is_met_at(
    home: HomeId,
    lead: &Lead,
    homes: &BTreeMap<HomeId, Home>,
    wanted: &Wanted<'_>,
    admitted: &Admitted,
) -> bool {
    let family = || lead.members.iter().filter_map(|member| homes.get(&member.home.id));
    let place = |home: &Home| {
        let rank = (wanted.rank)(&Findable::of(home, admitted.keyring()))?;
        Some((rank, home.home.id))
    };
    let first = family().filter_map(place).min();
    first == Some((wanted.own_rank, home))
        && (wanted.is_met)(&Shown::of(family(), admitted.keyring()))
}
