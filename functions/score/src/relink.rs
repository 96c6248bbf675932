//! Plans a commit that changes families: a first event, a new or earlier link.
//!
//! Invariant: all homes of all families that can be affected are loaded before families are
//! computed, and every lead that was loaded is written or checked by version, so that of two
//! racing changes of one family only one commits.

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    event::Event,
    family::{Family, MAX_HOMES, MAX_HOMES_WITH_EVENTS, Partition, partition},
    home::{HomeId, HomeRef},
    lead::{Home, Lead},
    state::State,
};
use dynamo::{ChangedLead, Commit, StoreError};

use crate::{
    plan::{Context, Plan},
    rescore::applied,
    snapshot::Snapshot,
};

/// Plans new events of a home together with the change of families that they bring.
pub(crate) async fn plan(
    context: Context<'_>,
    home: HomeRef,
    events: Vec<Event>,
    mut snapshot: Snapshot,
) -> Result<Plan, StoreError> {
    let mut families = close(context, &mut snapshot).await?;
    keep_limits(&snapshot, &mut families);
    if !agree(&snapshot) {
        return Ok(Plan::Unsettled);
    }
    let newest = context.settings.rules.version();
    if snapshot.leads.values().any(|lead| lead.state.is_newer_than(newest)) {
        return Ok(Plan::Outdated);
    }
    let touched = touched_families(&snapshot, &families, home.id);
    let next_version = snapshot.leads.values().map(|lead| lead.version).max().unwrap_or(0) + 1;
    let mut leads = Vec::new();
    for family in &touched {
        let new: &[Event] = if has(family, home.id) { &events } else { &[] };
        let state = state(context, &snapshot, family, new).await?;
        let lead = Lead {
            survivor: family.survivor,
            version: next_version,
            members: family.members.clone(),
            identity_limit: family.identity_limit,
            state,
        };
        let read_version = snapshot.leads.get(&family.survivor.id).map(|lead| lead.version);
        leads.push(context.changed_lead(lead, read_version));
    }
    let past_days = past_days(context, &events, &snapshot, &leads);
    point_homes(&mut snapshot, &families);
    let commit = commit(events, &snapshot, &families, leads);
    Ok(Plan::Commit { commit: Box::new(commit), past_days })
}

/// Loads families until the partition needs no home that is not there.
async fn close(context: Context<'_>, snapshot: &mut Snapshot) -> Result<Vec<Family>, StoreError> {
    loop {
        let homes: Vec<HomeId> = snapshot.homes.keys().copied().collect();
        snapshot.read_leads(context.store, context.tenant, homes).await?;
        let members = snapshot.leads.values().flat_map(|lead| &lead.members);
        let members: Vec<HomeId> = members.map(|member| member.home.id).collect();
        if snapshot.read_homes(context.store, context.tenant, members).await? {
            continue;
        }
        let homes: Vec<Home> = snapshot.homes.values().cloned().collect();
        let Partition { families, missing } = partition(&homes, context.settings.identity);
        if !snapshot.read_homes(context.store, context.tenant, missing).await? {
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

/// Tells whether homes and leads fit together: every home that a lead lists points to it, and
/// every home that points to a lead is listed by it.
fn agree(snapshot: &Snapshot) -> bool {
    let listed_point_back = snapshot.leads.iter().all(|(survivor, lead)| {
        lead.members.iter().all(|member| {
            let home = snapshot.homes.get(&member.home.id);
            home.is_some_and(|home| home.survivor.id == *survivor)
        })
    });
    let pointing_are_listed = snapshot.homes.values().filter(|home| home.version > 0).all(|home| {
        match snapshot.leads.get(&home.survivor.id) {
            Some(lead) => lead.has_member(home.home.id),
            None => !home.has_events || snapshot.first_events.contains(&home.home.id),
        }
    });
    listed_point_back && pointing_are_listed
}

/// Finds the families with events that are to be written: those whose homes or links changed.
fn touched_families<'f>(
    snapshot: &Snapshot,
    families: &'f [Family],
    home: HomeId,
) -> Vec<&'f Family> {
    let changed = |family: &&Family| {
        let relinked = family
            .members
            .iter()
            .any(|member| member.home.id == home || snapshot.relinked.contains(&member.home.id));
        let as_before = snapshot.leads.get(&family.survivor.id).is_some_and(|lead| {
            lead.members == family.members && lead.identity_limit == family.identity_limit
        });
        relinked || !as_before
    };
    families.iter().filter(|family| has_events(family)).filter(changed).collect()
}

fn has_events(family: &Family) -> bool {
    family.members.iter().any(|member| member.has_events)
}

fn has(family: &Family, home: HomeId) -> bool {
    family.members.iter().any(|member| member.home.id == home)
}

/// Returns the state of a family: that of a lead with the same events if there is one, else the
/// fold of its homes.
async fn state(
    context: Context<'_>,
    snapshot: &Snapshot,
    family: &Family,
    new: &[Event],
) -> Result<State, StoreError> {
    let stored_in = family
        .members
        .iter()
        .filter(|member| member.has_events && !snapshot.first_events.contains(&member.home.id));
    let homes: BTreeSet<HomeId> = stored_in.map(|member| member.home.id).collect();
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
        None => context.refold(&family.members, new).await,
    }
}

fn past_days(
    context: Context<'_>,
    events: &[Event],
    snapshot: &Snapshot,
    leads: &[ChangedLead],
) -> BTreeSet<domain::time::Day> {
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
    }
}
