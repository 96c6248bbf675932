//! The spine: state is the fold of a lead's events, in order, under a rule set.
//!
//! Laws, all under test: the order of arrival, duplicates and the split into batches do not
//! matter; applying events one by one equals folding them all.

use crate::{
    event::{Event, Position},
    explanation::Line,
    points::Points,
    rule_set::Rules,
    state::{MAX_EVENTS, MAX_VELOCITY, State},
    time::Timestamp,
};

/// Receives the lines of an explanation while a fold runs. `()` receives none and costs nothing.
pub trait Recorder {
    /// Receives a line; `line` is called only if it is wanted.
    fn record(&mut self, line: impl FnOnce() -> Line);
}

impl Recorder for () {
    fn record(&mut self, _: impl FnOnce() -> Line) {}
}

impl Recorder for Vec<Line> {
    fn record(&mut self, line: impl FnOnce() -> Line) {
        self.push(line());
    }
}

/// Says that an event lies before one already folded: the lead must be folded again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the event is earlier than the last one folded")]
pub struct Late;

/// Folds a set of events, given in any order.
///
/// The caller gives each (home, event id) once, as the store keeps it.
pub fn fold(rules: &Rules, events: impl IntoIterator<Item = Event>) -> State {
    fold_recording(rules, &sorted(events), &mut ())
}

/// Brings events into the order of the fold.
pub fn sorted(events: impl IntoIterator<Item = Event>) -> Vec<Event> {
    let mut events: Vec<_> = events.into_iter().collect();
    events.sort_unstable_by(Event::order);
    events
}

/// Folds events that are in order and records every line.
pub fn fold_recording(rules: &Rules, events: &[Event], recorder: &mut impl Recorder) -> State {
    let mut state = State::empty(rules.version());
    let mut last = None;
    for event in events {
        if step(&mut state, rules, event, last.map(|event: &Event| event.timestamp), recorder) {
            last = Some(event);
        }
    }
    state.last_position = last.map(Event::position);
    state
}

/// Applies one event that is newer than every event folded before.
///
/// # Errors
/// `Late` when it is not newer; the state is unchanged then. An event that was folded before is
/// late too: telling duplicates apart is the store's part.
pub fn apply(state: &mut State, rules: &Rules, event: &Event) -> Result<(), Late> {
    if state.last_position.as_ref().is_some_and(|last| !is_after(event, last)) {
        return Err(Late);
    }
    let last_event_at = state.last_event_at();
    if step(state, rules, event, last_event_at, &mut ()) {
        state.last_position = Some(event.position());
    }
    Ok(())
}

fn is_after(event: &Event, last: &Position) -> bool {
    let place = (event.timestamp, &event.event_id, event.home.id);
    place > (last.timestamp, &last.event_id, last.home)
}

/// Folds one event and tells whether it counted: beyond [`MAX_EVENTS`] it only floods the lead.
fn step(
    state: &mut State,
    rules: &Rules,
    event: &Event,
    last_event_at: Option<Timestamp>,
    recorder: &mut impl Recorder,
) -> bool {
    if state.events >= MAX_EVENTS {
        state.flooded = true;
        return false;
    }
    if let Some(last) = last_event_at {
        state.points = decayed(state.points, rules, last, event.timestamp, recorder);
    }
    for rule in rules.matching(&event.event_type) {
        state.points += rule.points;
        recorder.record(|| Line::contribution(event, rule, rules.version()));
    }
    state.events += 1;
    state.first_seen_at.get_or_insert(event.timestamp);
    if state.recent.len() == MAX_VELOCITY {
        state.recent.remove(0);
    }
    state.recent.push(event.timestamp);
    state.facts.count(&event.event_type);
    true
}

/// Returns what an idle gap leaves of points, and records what it took.
pub(crate) fn decayed(
    points: Points,
    rules: &Rules,
    from: Timestamp,
    to: Timestamp,
    recorder: &mut impl Recorder,
) -> Points {
    let idle_days = to.whole_days_since(from);
    let left = rules.decay().apply(points, idle_days);
    if left != points {
        recorder.record(|| Line::Decay { from, to, idle_days, points: left - points });
    }
    left
}
