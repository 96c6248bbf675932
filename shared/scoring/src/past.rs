//! Which past days a commit makes dirty: those whose counts it can change.
//!
//! Invariant: on every other day before today each lead counts as before: by the same events, as
//! new or as converted on the same day, and as the same kind of lead.

use std::{collections::BTreeSet, ops::RangeInclusive};

use domain::{
    event::Event,
    home::HomeId,
    lead::Lead,
    time::{Day, Timestamp},
};

/// Finds the days before `today` that a commit of these events makes dirty, by the leads that it
/// changes as they were and as they will be.
///
/// What a lead is at a day's end depends on all events up to then. So a late event can change what
/// its lead counts as on each later day too, up to the lead's last one.
pub(crate) fn past_days(
    events: &[Event],
    before: &[&Lead],
    after: &[&Lead],
    today: Day,
) -> Option<RangeInclusive<Day>> {
    let first_event = events.iter().map(|event| event.timestamp.day()).min();
    let parted = [parted_on(before), parted_on(after), shown_by_others(before, after)];
    let from_then_on = parted.into_iter().chain([first_event, recounted(events, before, after)]);
    let from_then_on = from_then_on.flatten().min();
    let mut days = moved(before, after);
    if let Some(first) = from_then_on {
        let leads = before.iter().chain(after);
        let last = leads.filter_map(|lead| last_counted(lead)).max();
        days.extend([first, last.map_or(first, |last| last.day().max(first))]);
    }
    let (first, last) = (*days.first()?, *days.last()?);
    (first < today).then(|| first..=last.min(today.previous()))
}

/// Returns the day from which on leads are not one but several: before, all that happened belongs
/// to one of them, whatever it is called. So two sides that are both one lead, or no lead, until a
/// day say the same until then.
fn parted_on(leads: &[&Lead]) -> Option<Day> {
    let mut began: Vec<_> = leads.iter().filter_map(|lead| lead.state.created_at).collect();
    began.sort_unstable();
    began.get(1).map(|second| second.day())
}

/// Returns the first day of all if leads have other survivors now and some home of theirs was
/// edited: which deletions hide a lead depends on its survivor, on a day before they were taken back
/// too, and of those nothing is kept but that there were edits.
fn shown_by_others(before: &[&Lead], after: &[&Lead]) -> Option<Day> {
    let survivors = |leads: &[&Lead]| -> BTreeSet<HomeId> {
        leads.iter().map(|lead| lead.survivor.id).collect()
    };
    let mut all = before.iter().chain(after);
    let edited = all.clone().any(|lead| lead.state.last_edit_at.is_some());
    (edited && survivors(before) != survivors(after))
        .then(|| all.by_ref().filter_map(|lead| lead.state.created_at).min())
        .flatten()
        .map(Timestamp::day)
}

/// Returns the days on which more leads are new, or convert, on one side than on the other.
fn moved(before: &[&Lead], after: &[&Lead]) -> BTreeSet<Day> {
    let new = |lead: &Lead| lead.state.first_seen_at;
    let converted = |lead: &Lead| lead.state.conversion.map(|conversion| conversion.at);
    let mut days = unequal(before, after, new);
    days.extend(unequal(before, after, converted));
    days
}

fn unequal(
    before: &[&Lead],
    after: &[&Lead],
    at: impl Fn(&Lead) -> Option<Timestamp>,
) -> BTreeSet<Day> {
    let days = |leads: &[&Lead]| -> Vec<Day> {
        leads.iter().filter_map(|lead| at(lead)).map(Timestamp::day).collect()
    };
    let (was, is) = (days(before), days(after));
    let count = |days: &[Day], wanted: Day| days.iter().filter(|day| **day == wanted).count();
    let all: BTreeSet<Day> = was.iter().chain(&is).copied().collect();
    all.into_iter().filter(|day| count(&was, *day) != count(&is, *day)).collect()
}

/// Returns the first day on which leads may count if other events count now without any that came: by
/// other rules.
fn recounted(events: &[Event], before: &[&Lead], after: &[&Lead]) -> Option<Day> {
    let counted = |leads: &[&Lead]| leads.iter().map(|lead| lead.state.events).sum::<u32>();
    let first = || {
        let leads = before.iter().chain(after);
        leads.filter_map(|lead| lead.state.first_seen_at).min().map(Timestamp::day)
    };
    (events.is_empty() && counted(before) != counted(after)).then(first).flatten()
}

/// Returns the last instant at which a lead counts for anything.
fn last_counted(lead: &Lead) -> Option<Timestamp> {
    let converted_at = lead.state.conversion.map(|conversion| conversion.at);
    lead.state.last_event_at.max(converted_at)
}

#[cfg(test)]
mod tests;
