//! What a lead was at a day's last instant.
//!
//! Invariant: the picture depends on the events up to that instant alone, however many came
//! after it and whenever it is taken.

use domain::{
    event::Event, fold::fold_recording, rules::Rules, stage::Stage, state::State, time::Day,
    view::shown,
};

/// How a lead counts in the rollup of a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Picture {
    /// The score shown.
    pub score: i64,
    /// The stage of that score.
    pub stage: Stage,
    /// Whether it was first seen on the day.
    pub is_new: bool,
}

/// Tells whether a lead had events by the end of the day, and more of them or edits since, so that
/// its state does not tell what it was.
pub(crate) fn went_on_after(state: &State, day: Day) -> bool {
    let end = day.last_instant();
    let last = state.last_event_at.max(state.last_edit_at);
    state.first_seen_at.is_some_and(|first| first <= end) && last.is_some_and(|last| last > end)
}

/// Folds those of a lead's events, given in order, that happened by the end of the day.
pub(crate) fn state_at_end(rules: &Rules, events: &[Event], day: Day) -> State {
    let end = day.last_instant();
    let (by_then, _) = events.split_at(events.partition_point(|event| event.timestamp <= end));
    fold_recording(rules, by_then, &mut ())
}

/// Views a state as the rollup of the day counts it; `None` when it had no event by its end, or was
/// deleted then.
pub(crate) fn picture(state: &State, rules: &Rules, day: Day) -> Option<Picture> {
    if state.work.deleted {
        return None;
    }
    let end = day.last_instant();
    let first_seen_at = state.first_seen_at.filter(|first| *first <= end)?;
    let shown = shown(state, rules, end);
    Some(Picture { score: shown.score, stage: shown.stage, is_new: first_seen_at.day() == day })
}

#[cfg(test)]
mod tests {
    use domain::{actor::Actor, edit::Edit, fold::fold};
    use testing::{an_event, rules};

    use super::*;

    fn day() -> Day {
        "2026-01-01".parse().unwrap()
    }

    /// A sign-up at noon of the day, a demo request on the day after.
    fn events() -> Vec<Event> {
        let signup = an_event("1").of_type("signup").event();
        vec![signup, an_event("2").of_type("demo_request").days_later(1).event()]
    }

    #[test]
    fn events_after_the_day_are_not_in_its_picture() {
        let state = fold(&rules(), events());
        assert!(went_on_after(&state, day()));
        let then = state_at_end(&rules(), &events(), day());
        let expected = Picture { score: 30, stage: Stage::Warm, is_new: true };
        assert_eq!(picture(&then, &rules(), day()), Some(expected));
    }

    #[test]
    fn without_later_events_the_state_is_enough() {
        let state = fold(&rules(), events());
        let day = day().next();
        assert!(!went_on_after(&state, day));
        let expected = Picture { score: 80, stage: Stage::Hot, is_new: false };
        assert_eq!(picture(&state, &rules(), day), Some(expected));
    }

    #[test]
    fn a_lead_first_seen_later_is_not_in_the_picture() {
        let state = fold(&rules(), events());
        let before = day().previous();
        assert!(!went_on_after(&state, before));
        assert_eq!(picture(&state, &rules(), before), None);
        assert_eq!(picture(&State::empty(1), &rules(), day()), None);
    }

    #[test]
    fn a_lead_that_was_deleted_then_is_not_in_the_picture() {
        let deleting = |id: &str, deleted, days| {
            let edit = Edit { deleted: Some(deleted), ..Edit::by(Actor::System) };
            an_event(id).editing(edit).seconds_later(1).days_later(days).event()
        };
        let signup = an_event("1").of_type("signup").event();
        let deleted = vec![signup, deleting("2", true, 0)];
        assert_eq!(picture(&fold(&rules(), deleted.clone()), &rules(), day()), None);
        let restored = [deleted, vec![deleting("3", false, 1)]].concat();
        let state = fold(&rules(), restored.clone());
        assert!(went_on_after(&state, day()), "it was edited since");
        assert_eq!(picture(&state_at_end(&rules(), &restored, day()), &rules(), day()), None);
        assert!(picture(&state, &rules(), day().next()).is_some());
    }

    #[test]
    fn the_last_instant_belongs_to_the_day() {
        let at = |instant| fold(&rules(), [an_event("1").at(instant).event()]);
        let last = day().last_instant();
        assert!(picture(&at(last), &rules(), day()).is_some());
        assert!(picture(&at(last.plus_millis(1)), &rules(), day()).is_none());
    }
}
