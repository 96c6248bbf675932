//! The way of a lead through the stages: when it came into each, and how long it stayed.
//!
//! Invariant: a lead comes into `cold` with its first event that counts; from then on each change
//! of the stage shown is one transition, dated at the instant from which the lead shows the new
//! stage, whether an event brought it or time alone.

use crate::{
    course::Course,
    fold::Recorder,
    rules::Rules,
    stage::Stage,
    state::State,
    time::{Day, Timestamp},
};

/// The stage that a lead is in, and since when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stay {
    /// The stage.
    pub stage: Stage,
    /// When the lead came into it.
    pub since: Timestamp,
}

/// A change of the stage shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Transition {
    /// The stage that it ended, and when the lead had come into it.
    pub from: Stay,
    /// The stage that it brought, and when.
    pub to: Stay,
}

impl Transition {
    /// Returns how many whole hours the lead had stayed.
    pub fn stayed_hours(&self) -> u32 {
        const HOUR_MS: i64 = 3_600_000;
        u32::try_from(self.to.since.millis_since(self.from.since).max(0) / HOUR_MS)
            .unwrap_or(u32::MAX)
    }
}

impl Stay {
    /// Moves on to a stage, unless it is the same one.
    pub(crate) fn move_to(&mut self, stage: Stage, at: Timestamp, recorder: &mut impl Recorder) {
        if stage != self.stage {
            let from = *self;
            *self = Self { stage, since: at };
            recorder.cross(Transition { from, to: *self });
        }
    }

    /// Moves on as decay and expiry of a lead's points say, from its last event up to `until`.
    pub(crate) fn pass_time(
        &mut self,
        course: Course<'_>,
        last: Timestamp,
        until: Timestamp,
        recorder: &mut impl Recorder,
    ) {
        let mut now = last;
        while let Some(next) = course.next_until(now, self.stage, until) {
            self.move_to(next.stage, next.at, recorder);
            now = next.at;
        }
    }
}

/// Keeps the transitions of one day.
#[derive(Debug)]
pub(crate) struct OfDay {
    pub day: Day,
    pub transitions: Vec<Transition>,
}

impl Recorder for OfDay {
    fn record(&mut self, _: impl FnOnce() -> crate::explanation::Line) {}

    fn cross(&mut self, transition: Transition) {
        if transition.to.since.day() == self.day {
            self.transitions.push(transition);
        }
    }
}

impl OfDay {
    /// Returns the transitions of a day before any.
    pub(crate) const fn new(day: Day) -> Self {
        Self { day, transitions: Vec::new() }
    }

    /// Adds what time brings to a lead from its last event to the end of the day.
    pub(crate) fn pass_time(&mut self, state: &State, rules: &Rules) {
        if let (Some(mut stay), Some(last)) = (state.stay, state.last_event_at) {
            let course = Course::new(rules, &state.balance, last);
            stay.pass_time(course, last, self.day.last_instant(), self);
        }
    }
}
