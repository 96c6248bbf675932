//! The spine: state is the fold of a lead's events, in order, under a rule set.
//!
//! Laws, all under test: the order of arrival, duplicates and the split into batches do not
//! matter; applying events one by one equals folding them all.

use crate::{
    condition::{ProfileView, Scope, Subject},
    consent::MAX_CONSENT_CHANGES,
    event::{Event, Position},
    explanation::{Line, Refusal, RefusalReason},
    funnel::Transition,
    limits::Limit,
    points::Points,
    rules::{Ready, Rules},
    state::{MAX_EVENTS, State},
};

/// Receives the lines of an explanation while a fold runs. `()` receives none and costs nothing.
pub trait Recorder {
    /// Receives a line; `line` is called only if it is wanted.
    fn record(&mut self, line: impl FnOnce() -> Line);

    /// Receives a change of the stage shown.
    fn cross(&mut self, _transition: Transition) {}

    /// Receives why a rule of an event's type did not give all it could; `refusal` is called only
    /// if it is wanted.
    fn refuse(&mut self, _refusal: impl FnOnce() -> Refusal) {}
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

/// Keeps of a lead's events those that a fold looks at: every edit, of the changes of consent by
/// senders the first [`MAX_CONSENT_CHANGES`] in order, of the others the first [`MAX_EVENTS`], and
/// of both one more if there is one, because it floods the lead. They stay in no useful order.
pub fn keep_foldable(events: &mut Vec<Event>) {
    keep_first(events, MAX_CONSENT_CHANGES, |event| event.edit.is_none() && !event.is_behaviour());
    keep_first(events, MAX_EVENTS, Event::is_behaviour);
}

/// Keeps so many events of a sort and one more, the first ones in order, and all of other sorts.
fn keep_first(events: &mut Vec<Event>, most: u32, is_of_sort: impl Fn(&Event) -> bool) {
    let others = events.iter().filter(|event| !is_of_sort(event)).count();
    let most = others + most as usize + 1;
    if events.len() > most {
        events.select_nth_unstable_by(most - 1, |left, right| {
            is_of_sort(left).cmp(&is_of_sort(right)).then_with(|| left.order(right))
        });
        events.truncate(most);
    }
}

/// Folds events that are in order and records every line.
pub fn fold_recording(rules: &Rules, events: &[Event], recorder: &mut impl Recorder) -> State {
    let mut state = State::empty(rules.version());
    fold_on(&mut state, rules, events, recorder);
    state
}

/// Folds further events, in order and all after those folded before.
pub(crate) fn fold_on(
    state: &mut State,
    rules: &Rules,
    events: &[Event],
    recorder: &mut impl Recorder,
) {
    state.created_at = state.created_at.or(events.first().map(|event| event.timestamp));
    let mut last = None;
    for event in events {
        if step(state, rules, event, recorder) {
            last = Some(event);
        }
    }
    state.last_position = last.map(Event::position).or(state.last_position.take());
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
    state.created_at.get_or_insert(event.timestamp);
    if step(state, rules, event, &mut ()) {
        state.last_position = Some(event.position());
    }
    Ok(())
}

fn is_after(event: &Event, last: &Position) -> bool {
    let place = (event.timestamp, &event.event_id, event.home.id);
    place > (last.timestamp, &last.event_id, last.home)
}

/// Folds one event and tells whether it was: beyond [`MAX_EVENTS`] it only floods the lead, unless
/// it is no behaviour.
///
/// What happened without consent is not even judged: no condition looks at it.
fn step(state: &mut State, rules: &Rules, event: &Event, recorder: &mut impl Recorder) -> bool {
    if let Some(edit) = &event.edit {
        state.edit(event, edit, rules);
        return true;
    }
    if event.is_consent_change() {
        return state.consent(event, rules);
    }
    if state.folded() >= MAX_EVENTS {
        state.flooded = true;
        return false;
    }
    if !rules.count_under(&state.consents) {
        recorder.refuse(|| Refusal::without_consent(event));
        state.without_consent += 1;
        state.declare(event, rules);
        return true;
    }
    let Judgement { suppressed, granting, failed } = judge(state, rules, event, recorder);
    for rule in failed {
        state.fail(rule);
    }
    if suppressed {
        state.suppressed += 1;
    } else {
        state.come_to(event, rules, recorder);
        for ready in granting {
            grant(state, rules, event, ready, recorder);
        }
        state.show_stage(rules, event.timestamp, recorder);
        state.count(event, rules);
    }
    state.declare(event, rules);
    true
}

/// What the rules make of an event, by what the lead is just before it.
#[derive(Default)]
struct Judgement<'r> {
    suppressed: bool,
    /// The rules that give points, in the set's order.
    granting: Vec<Ready<'r>>,
    /// The rules whose conditions failed at run time.
    failed: Vec<&'r str>,
}

fn judge<'r>(
    state: &State,
    rules: &'r Rules,
    event: &'r Event,
    recorder: &mut impl Recorder,
) -> Judgement<'r> {
    let mut judgement = Judgement::default();
    let evaluator = rules.evaluator();
    let profile = ProfileView { declared: &state.profile, edited: &state.edited };
    let subject = Subject { event, profile, facts: state };
    let scope = evaluator.scope(&subject);
    for ready in rules.suppressing(&event.event_type) {
        if holds(&scope, ready, event, &mut judgement.failed, recorder) {
            recorder.refuse(|| Refusal::of(event, ready.rule, RefusalReason::Suppressed));
            judgement.suppressed = true;
            return judgement;
        }
    }
    for ready in rules.scoring(&event.event_type) {
        if holds(&scope, ready, event, &mut judgement.failed, recorder) {
            judgement.granting.push(ready);
        }
    }
    judgement
}

fn holds<'r>(
    scope: &Scope<'_>,
    ready: Ready<'r>,
    event: &Event,
    failed: &mut Vec<&'r str>,
    recorder: &mut impl Recorder,
) -> bool {
    let Some(condition) = ready.condition else { return true };
    let failure = match scope.holds(condition) {
        Ok(true) => return true,
        Ok(false) => None,
        Err(failure) => {
            failed.push(&ready.rule.id);
            Some(failure)
        }
    };
    recorder.refuse(|| {
        let reason = failure.map_or(RefusalReason::ConditionFalse, |failure| {
            RefusalReason::ConditionFailed { message: failure.to_string() }
        });
        Refusal::of(event, ready.rule, reason)
    });
    false
}

/// Gives what the limits leave of what a rule gives.
fn grant(
    state: &mut State,
    rules: &Rules,
    event: &Event,
    ready: Ready<'_>,
    recorder: &mut impl Recorder,
) {
    let rule = ready.rule;
    let granted = state.limits.grant(rule, event.timestamp);
    let expires_on = rule.expires_on(event.timestamp);
    if granted.given != Points::ZERO {
        state.balance.add(granted.given, expires_on);
        if state.conversion.is_none() {
            state.scored_by.insert(ready.place);
        }
    }
    recorder.record(|| Line::contribution(event, rule, rules.version(), granted, expires_on));
    let withheld = granted.withheld;
    match granted.withheld_by {
        Some(Limit::Cap) => {
            recorder.refuse(|| Refusal::of(event, rule, RefusalReason::Cap { withheld }));
        }
        Some(Limit::GroupCap) => {
            recorder.refuse(|| Refusal::of(event, rule, RefusalReason::GroupCap { withheld }));
        }
        None => {}
    }
}
