//! Plans what people decide: reads the families, changes links and cuts, and looks at what comes
//! out of it.
//!
//! Invariant: a preview plans just what would be carried out, on states that were brought to the
//! active rules in memory.

use std::{cmp::Reverse, collections::BTreeSet};

use domain::{
    event::EventId,
    family::Family,
    home::{HomeId, HomeRef},
    lead::Lead,
    link::{RecordedLink, Role},
    separation,
    view::view,
};
use dynamo::{MAX_ITEMS, StoreError};

use crate::{
    decision::{Decided, DecisionError, LeadScore, Parting},
    plan::{Context, Plan, event_homes},
    relink::{self, News},
    snapshot::Snapshot,
};

/// What the cuts of one home may take of its item, and those of all homes of a transaction, at
/// most; of 400 KB and 4 MB that the service allows.
const MAX_CUT_BYTES: (usize, usize) = (300_000, 3_000_000);

/// What a decision comes to.
pub(super) enum Planned {
    /// Nothing: the leads are one already.
    AsItIs(Decided),
    /// This, which does that.
    Change(Decided, Plan),
}

impl Planned {
    fn unsettled() -> Self {
        Self::Change(Decided::default(), Plan::Unsettled)
    }
}

/// Plans to make leads one.
pub(super) async fn plan_merge(
    context: Context<'_>,
    leads: &[HomeId],
    id: &EventId,
    preview: bool,
) -> Result<Planned, DecisionError> {
    let Some((mut snapshot, merged)) = read(context, leads, preview).await? else {
        return Ok(Planned::unsettled());
    };
    let members: BTreeSet<HomeId> = merged.iter().flat_map(homes).collect();
    let survivors: Vec<HomeRef> = merged.iter().map(|lead| lead.survivor).collect();
    let [lead, _, ..] = merged.as_slice() else {
        make_current(context, &mut snapshot).await?;
        let current = merged.iter().filter_map(|lead| snapshot.leads.get(&lead.survivor.id));
        let shown = scores(context, current);
        return Ok(Planned::AsItIs(Decided { before: shown.clone(), after: shown, merge: None }));
    };
    // A cut is the same on every home that it names, so all of those are needed.
    let named = separation::named_by_cuts(&snapshot.homes, &members);
    snapshot.read_homes(context.store, context.tenant, named).await?;
    relink::close(context, &mut snapshot).await?;
    let (at, settings) = ((context.now, id), context.settings.identity);
    let changed = separation::merge(&mut snapshot.homes, &survivors, &members, at, settings);
    snapshot.note(changed);
    let families = relink::close(context, &mut snapshot).await?;
    let is_whole = |family: &Family| members.is_subset(&family_homes(family));
    if !families.iter().any(is_whole) {
        return Err(DecisionError::TooLarge(lead.survivor.id));
    }
    let recorded = records(&snapshot, &members, id).then(|| id.clone());
    change(context, snapshot, &families, &members, recorded, preview).await
}

/// Plans to take a lead apart. What is to be undone is settled at the first attempt.
pub(super) async fn plan_parting(
    context: Context<'_>,
    lead: HomeId,
    parting: &mut Parting,
    preview: bool,
) -> Result<Planned, DecisionError> {
    let Some((mut snapshot, read)) = read(context, &[lead], preview).await? else {
        return Ok(Planned::unsettled());
    };
    let members: BTreeSet<HomeId> = read.iter().flat_map(homes).collect();
    if *parting == Parting::LatestMerge {
        let latest = separation::latest_merge(&snapshot.homes, &members);
        // From now on it is this one, even if another one is the latest at the next attempt.
        *parting = Parting::Merge(latest.ok_or(DecisionError::NothingToUnmerge(lead))?);
    }
    let (sides, undone) = match parting {
        Parting::Homes(named) => {
            if let Some(stranger) = named.difference(&members).next() {
                return Err(DecisionError::NotPart(*stranger));
            }
            (vec![named.clone(), members.difference(named).copied().collect()], None)
        }
        Parting::Merge(id) if records(&snapshot, &members, id) => {
            let settings = context.settings.identity;
            let sides = separation::sides_of_merge(&snapshot.homes, &members, id, settings);
            (sides, Some(id.clone()))
        }
        Parting::LatestMerge | Parting::Merge(_) => {
            return Err(DecisionError::NothingToUnmerge(lead));
        }
    };
    match (sides.len(), sides.iter().any(BTreeSet::is_empty)) {
        (_, true) => return Err(DecisionError::NothingLeft(lead)),
        (0 | 1, _) => return Err(DecisionError::NothingToUnmerge(lead)),
        _ => {}
    }
    let changed = separation::separate(&mut snapshot.homes, &sides);
    snapshot.note(changed);
    let families = relink::close(context, &mut snapshot).await?;
    change(context, snapshot, &families, &members, undone, preview).await
}

/// Tells whether a manual merge links homes of a family with each other.
fn records(snapshot: &Snapshot, members: &BTreeSet<HomeId>, merge: &EventId) -> bool {
    let within = snapshot.homes.values().filter(|home| members.contains(&home.home.id));
    let mut links = within.flat_map(|home| home.links.iter());
    let is_it = |link: &RecordedLink| link.role == Role::Merge && link.at.event_id == *merge;
    links.any(|link| is_it(link) && members.contains(&link.to.id))
}

/// Reads the leads that answer to some ids, with all that belongs to them; `None` when what was
/// read does not fit together.
async fn read(
    context: Context<'_>,
    ids: &[HomeId],
    preview: bool,
) -> Result<Option<(Snapshot, Vec<Lead>)>, DecisionError> {
    let mut snapshot = Snapshot::of_homes(context.store, context.tenant, ids.to_vec()).await?;
    let lives = |id: &HomeId| snapshot.homes.get(id).is_some_and(|home| !home.is_tombstone());
    if let Some(id) = ids.iter().find(|id| !lives(id)) {
        return Err(DecisionError::UnknownLead(*id));
    }
    relink::close(context, &mut snapshot).await?;
    if !relink::agree(&snapshot) {
        return Ok(None);
    }
    if preview {
        make_current(context, &mut snapshot).await?;
    }
    let mut leads: Vec<Lead> = Vec::new();
    for id in ids {
        // A family without events has no lead.
        let lead = snapshot.lead_of(*id).ok_or(DecisionError::UnknownLead(*id))?;
        if leads.iter().all(|known| known.survivor != lead.survivor) {
            leads.push(lead.clone());
        }
    }
    Ok(Some((snapshot, leads)))
}

/// Brings what was read to the active rules, and writes nothing.
async fn make_current(context: Context<'_>, snapshot: &mut Snapshot) -> Result<(), StoreError> {
    let version = context.settings.rules.version();
    let older = snapshot.leads.values_mut().filter(|lead| lead.state.is_older_than(version));
    for lead in older {
        lead.state = context.refold(event_homes(lead)?, &[]).await?;
    }
    Ok(())
}

/// Plans to write the families that a decision about `members` came to.
async fn change(
    context: Context<'_>,
    mut snapshot: Snapshot,
    families: &[Family],
    members: &BTreeSet<HomeId>,
    merge: Option<EventId>,
    preview: bool,
) -> Result<Planned, DecisionError> {
    check_cuts(&snapshot)?;
    if preview {
        make_current(context, &mut snapshot).await?;
    }
    let known: Vec<Lead> = snapshot.leads.values().cloned().collect();
    let news = News { home: None, events: &[] };
    let plan = relink::write(context, news, snapshot, families).await?;
    let Plan::Commit { commit, .. } = &plan else {
        return Ok(Planned::Change(Decided::default(), plan));
    };
    if let (true, Some(home)) = (commit.len() > MAX_ITEMS, members.first()) {
        return Err(DecisionError::TooLarge(*home));
    }
    let as_before = |lead: &Lead| {
        known.iter().any(|known| known.survivor == lead.survivor && known.members == lead.members)
    };
    let written = commit.leads.iter().map(|changed| &changed.lead);
    let after: Vec<&Lead> = written
        .filter(|lead| !as_before(lead) || homes(lead).any(|home| members.contains(&home)))
        .collect();
    let part = |lead: &&Lead| {
        homes(lead).any(|home| members.contains(&home) || after.iter().any(|l| l.has_member(home)))
    };
    let before = scores(context, known.iter().filter(part));
    let after = scores(context, after.iter().copied());
    Ok(Planned::Change(Decided { before, after, merge }, plan))
}

/// Refuses cuts that would outgrow an item or a transaction.
fn check_cuts(snapshot: &Snapshot) -> Result<(), DecisionError> {
    let (most_of_one, most_of_all) = MAX_CUT_BYTES;
    let mut all = 0;
    for home in snapshot.changed.iter().filter_map(|id| snapshot.homes.get(id)) {
        let ids: usize = home.cuts.iter().map(|cut| cut.left.len() + cut.right.len()).sum();
        // The text of an id with what the table adds to it.
        let bytes = ids * 35;
        all += bytes;
        if bytes > most_of_one || all > most_of_all {
            return Err(DecisionError::TooLarge(home.home.id));
        }
    }
    Ok(())
}

fn scores<'l>(context: Context<'_>, leads: impl IntoIterator<Item = &'l Lead>) -> Vec<LeadScore> {
    let score = |lead: &Lead| {
        let shown = view(&lead.state, &context.settings.rules, context.now);
        LeadScore {
            id: lead.survivor.id,
            score: shown.score,
            points: shown.points,
            stage: shown.stage,
            events: lead.state.events,
        }
    };
    let mut scores: Vec<LeadScore> = leads.into_iter().map(score).collect();
    scores.sort_by_key(|lead| (Reverse(lead.score), lead.id));
    scores
}

fn homes(lead: &Lead) -> impl Iterator<Item = HomeId> {
    lead.members.iter().map(|member| member.home.id)
}

fn family_homes(family: &Family) -> BTreeSet<HomeId> {
    family.members.iter().map(|member| member.home.id).collect()
}
