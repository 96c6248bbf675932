//! Plans a commit that changes families: a first event, a new or earlier link.
//!
//! Invariant: all homes of all families that can be affected are loaded before families are
//! computed, and every lead that was loaded is written or checked by version, so that of two
//! racing changes of one family only one commits.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::RangeInclusive,
};

use domain::{
    event::Event,
    family::{Family, MAX_HOMES, MAX_HOMES_WITH_EVENTS, Member, Partition, partition},
    home::{HomeId, HomeRef},
    lead::{Cause, Crossing, Home, Lead},
    state::State,
    time::Day,
};
use dynamo::{ChangedLead, Commit, StoreError};

use crate::{
    fresh::applied,
    plan::{Context, Plan},
    snapshot::Snapshot,
};

/// New events of one home; none where people change families.
#[derive(Clone, Copy, Debug)]
pub(crate) struct News<'a> {
    pub home: Option<HomeId>,
    pub events: &'a [Event],
}

/// Plans new events of a home together with the change of families that they bring.
pub(crate) async fn plan(
    context: Context<'_>,
    home: HomeRef,
    events: Vec<Event>,
    mut snapshot: Snapshot,
) -> Result<Plan, StoreError> {
    let families = close(context, &mut snapshot).await?;
    let news = News { home: Some(home.id), events: &events };
    write(context, news, snapshot, &families).await
}

/// Plans to write the families that a changed and closed snapshot has come to.
pub(crate) async fn write(
    context: Context<'_>,
    news: News<'_>,
    mut snapshot: Snapshot,
    families: &[Family],
) -> Result<Plan, StoreError> {
    if !agree(&snapshot) {
        return Ok(Plan::Unsettled);
    }
    let version = context.settings.rules.version();
    let mut known = snapshot.leads.values();
    if let Some(lead) = known.find(|lead| lead.state.is_newer_than(version)) {
        return Ok(Plan::Outdated(lead.survivor.id));
    }
    let touched = touched_families(&snapshot, families, news.home);
    let stale = stale_leads(&snapshot, families, &touched, version);
    if !stale.is_empty() {
        return Ok(Plan::Stale(stale));
    }
    let next_version = snapshot.leads.values().map(|lead| lead.version).max().unwrap_or(0) + 1;
    let mut leads = Vec::new();
    for family in &touched {
        let new = if has(family, news.home) { news.events } else { &[] };
        let state = state(context, &snapshot, family, new).await?;
        let lead = Lead {
            survivor: family.survivor,
            version: next_version,
            members: family.members.clone(),
            identity_limit: family.identity_limit,
            crossing: crossing(context, &snapshot, family, &state),
            erased: None,
            archived: None,
            state,
        };
        let read_version = snapshot.leads.get(&family.survivor.id).map(|lead| lead.version);
        leads.push(context.changed_lead(lead, read_version));
    }
    let past_days = past_days(context, news.events, &snapshot, &leads);
    point_homes(&mut snapshot, families);
    let grown = touched.iter().find(|family| has(family, news.home));
    let told = grown.map(|family| context.told(news.events, family.survivor.id));
    let commit = Commit {
        audit: context.audit.cloned(),
        told: told.unwrap_or_default(),
        ..commit(news.events.to_vec(), &snapshot, families, leads)
    };
    Ok(Plan::Commit { commit: Box::new(commit), past_days })
}

/// Loads families until the partition needs no home that is not there. Whether all of it belongs
/// together is for [`agree`] to say.
pub(crate) async fn close(
    context: Context<'_>,
    snapshot: &mut Snapshot,
) -> Result<Vec<Family>, StoreError> {
    loop {
        let homes: Vec<HomeId> = snapshot.homes.keys().copied().collect();
        snapshot.read_leads(context.store, context.tenant, homes).await?;
        let members = snapshot.leads.values().flat_map(|lead| &lead.members);
        let members: Vec<HomeId> = members.map(|member| member.home.id).collect();
        if snapshot.read_homes(context.store, context.tenant, members).await? {
            continue;
        }
        let homes: Vec<Home> = snapshot.homes.values().cloned().collect();
        let Partition { mut families, missing } = partition(&homes, context.settings.identity);
        if !snapshot.read_homes(context.store, context.tenant, missing).await? {
            snapshot.prove(context.store, context.tenant).await?;
            keep_limits(snapshot, &mut families);
            return Ok(families);
        }
    }
}

/// Keeps the note of links that are not followed on families that are still full: the homes that
/// those links come from are not loaded, so the partition cannot see them.
fn keep_limits(snapshot: &Snapshot, families: &mut [Family]) {
    for family in families {
        let with_events = family.members.iter().filter(|member| member.has_events).count();
        let full = with_events >= MAX_HOMES_WITH_EVENTS || family.members.len() >= MAX_HOMES;
        let noted = snapshot.leads.values().any(|lead| {
            lead.identity_limit && family.members.iter().any(|m| lead.has_member(m.home.id))
        });
        family.identity_limit |= full && noted;
    }
}

/// Tells whether homes and leads fit together: none changed while they were read, every home that a
/// lead lists lives and points to it, and every living home that points to a lead is listed by it.
pub(crate) fn agree(snapshot: &Snapshot) -> bool {
    let listed_point_back = snapshot.leads.iter().all(|(survivor, lead)| {
        lead.members.iter().all(|member| {
            let home = snapshot.homes.get(&member.home.id);
            home.is_some_and(|home| home.survivor.id == *survivor && !home.is_tombstone())
        })
    });
    let mut pointing =
        snapshot.homes.values().filter(|home| home.version > 0 && !home.is_tombstone());
    let pointing_are_listed = pointing.all(|home| match snapshot.leads.get(&home.survivor.id) {
        Some(lead) => lead.has_member(home.home.id),
        None => !home.has_events || snapshot.first_events.contains(&home.home.id),
    });
    !snapshot.is_torn() && listed_point_back && pointing_are_listed
}

/// Finds the families with events that are to be written: those whose homes or links changed.
fn touched_families<'f>(
    snapshot: &Snapshot,
    families: &'f [Family],
    home: Option<HomeId>,
) -> Vec<&'f Family> {
    let changed = |family: &&Family| {
        let relinked = has(family, home)
            || family.members.iter().any(|member| snapshot.relinked.contains(&member.home.id));
        let as_before = snapshot.leads.get(&family.survivor.id).is_some_and(|lead| {
            lead.members == family.members && lead.identity_limit == family.identity_limit
        });
        relinked || !as_before
    };
    families.iter().filter(|family| has_events(family)).filter(changed).collect()
}

/// Finds the leads that the touched families grow out of and that are not at the active rules.
fn stale_leads(
    snapshot: &Snapshot,
    families: &[Family],
    touched: &[&Family],
    version: u32,
) -> Vec<HomeId> {
    let stays =
        |id: &HomeId| families.iter().any(|family| family.survivor.id == *id && has_events(family));
    let written = |id: &HomeId| touched.iter().any(|family| family.survivor.id == *id);
    let stale = snapshot.leads.iter().filter(|(_, lead)| !lead.state.is_current(version));
    stale.filter(|(id, _)| written(id) || !stays(id)).map(|(id, _)| *id).collect()
}

pub(crate) fn has_events(family: &Family) -> bool {
    family.members.iter().any(|member| member.has_events)
}

fn has(family: &Family, home: Option<HomeId>) -> bool {
    family.members.iter().any(|member| Some(member.home.id) == home)
}

/// Compares the stage of a family with that of the lead it was before.
///
/// A lead whose first events these are was cold before. One that comes out of several others, or
/// out of a part of one, under a new survivor has no stage to be compared with.
fn crossing(
    context: Context<'_>,
    snapshot: &Snapshot,
    family: &Family,
    after: &State,
) -> Option<Crossing> {
    if stored_homes(snapshot, family).is_empty() {
        let nothing = State::empty(context.settings.rules.version());
        return context.crossing(&nothing, after, Cause::Event);
    }
    let former = former(context, snapshot, family)?;
    let homes = |lead: &Lead| lead.members.iter().map(|member| member.home.id).collect::<Vec<_>>();
    let same: Vec<HomeId> = family.members.iter().map(|member| member.home.id).collect();
    let cause = if homes(former) == same { Cause::Event } else { Cause::Link };
    context.crossing(&former.state, after, cause)
}

/// Finds the lead that a family was before: that of its survivor; else, of those that it took in,
/// the one of the highest stage. A part that was cut off was no lead before.
fn former<'s>(context: Context<'_>, snapshot: &'s Snapshot, family: &Family) -> Option<&'s Lead> {
    let is_in = |member: &Member| has(family, Some(member.home.id));
    let taken_in = snapshot.leads.values().filter(|lead| lead.members.iter().all(is_in));
    let survivor = snapshot.leads.get(&family.survivor.id);
    survivor.or_else(|| taken_in.max_by_key(|lead| context.stage(&lead.state)))
}

/// Returns the homes of a family in which events are stored already.
fn stored_homes(snapshot: &Snapshot, family: &Family) -> BTreeSet<HomeId> {
    let is_new = |id: &HomeId| snapshot.first_events.contains(id);
    let with_events = family.members.iter().filter(|member| member.has_events);
    with_events.map(|member| member.home.id).filter(|id| !is_new(id)).collect()
}

/// Returns the state of a family: that of a lead with the same events if there is one, else the
/// fold of its homes.
async fn state(
    context: Context<'_>,
    snapshot: &Snapshot,
    family: &Family,
    new: &[Event],
) -> Result<State, StoreError> {
    let homes = stored_homes(snapshot, family);
    let same_events = |lead: &&Lead| {
        let known = lead.members.iter().filter(|member| member.has_events);
        known.map(|member| member.home.id).collect::<BTreeSet<_>>() == homes
    };
    let rules = &context.settings.rules;
    let before = if homes.is_empty() {
        Some(State::empty(rules.version()))
    } else {
        snapshot.leads.values().find(same_events).map(|lead| lead.state.clone())
    };
    match before.and_then(|state| applied(&state, rules, new)) {
        Some(state) => Ok(state),
        None => context.refold(snapshot.event_homes(&family.members)?, new).await,
    }
}

fn past_days(
    context: Context<'_>,
    events: &[Event],
    snapshot: &Snapshot,
    leads: &[ChangedLead],
) -> Option<RangeInclusive<Day>> {
    let after: BTreeMap<HomeId, &Lead> =
        leads.iter().map(|changed| (changed.lead.survivor.id, &changed.lead)).collect();
    let survivors: BTreeSet<HomeId> = snapshot.leads.keys().chain(after.keys()).copied().collect();
    let pairs = survivors
        .iter()
        .map(|id| (snapshot.leads.get(id), after.get(id).copied()))
        // A lead that this commit does not write stays as it is, unless it is taken in.
        .filter(|(before, after)| {
            after.is_some()
                || before.is_some_and(|lead| {
                    leads.iter().any(|changed| changed.lead.has_member(lead.survivor.id))
                })
        });
    context.past_days(events, pairs)
}

/// Points every home to its survivor.
fn point_homes(snapshot: &mut Snapshot, families: &[Family]) {
    for family in families {
        for member in &family.members {
            let Some(home) = snapshot.homes.get_mut(&member.home.id) else { continue };
            if home.survivor != family.survivor {
                home.survivor = family.survivor;
                snapshot.changed.insert(member.home.id);
            }
        }
    }
}

fn commit(
    events: Vec<Event>,
    snapshot: &Snapshot,
    families: &[Family],
    leads: Vec<ChangedLead>,
) -> Commit {
    let survivors: BTreeSet<HomeId> =
        families.iter().filter(|family| has_events(family)).map(|f| f.survivor.id).collect();
    let written: BTreeSet<HomeId> = leads.iter().map(|changed| changed.lead.survivor.id).collect();
    let versions = |wanted: &dyn Fn(&HomeId) -> bool| {
        let leads = snapshot.leads.iter().filter(|(id, _)| wanted(id));
        leads.map(|(id, lead)| (*id, lead.version)).collect()
    };
    Commit {
        events,
        homes: snapshot.changed.iter().filter_map(|id| snapshot.homes.get(id)).cloned().collect(),
        leads,
        gone: versions(&|id| !survivors.contains(id)),
        unchanged: versions(&|id| survivors.contains(id) && !written.contains(id)),
        ..Commit::default()
    }
}

#[cfg(test)]
mod tests;
