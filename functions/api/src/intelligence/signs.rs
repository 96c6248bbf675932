//! Segment, risk, contact timing and categories as they are answered.
//!
//! Invariant: nothing is decided here; each figure is the domain's, beside what it comes from.

use domain::{
    category::CategoryCount,
    contact::{ContactTiming, HourOfWeek},
    decay,
    intelligence::Cooling,
    segment::{Behaviour, Segment, ShownSegment},
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::words;

/// The behavioural group of a lead. The first of these that holds is what the behaviour says: `new`, no event
/// counts; `dormant`, 30 whole idle days or more; `vip`, 3 purchases or 1,000 of revenue, or more;
/// `buyer`, a purchase; `engaged`, 10 events or 3 interactions, or more; `new`, first seen less
/// than 7 whole days ago with less than 3 events; `browser`, everybody else.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = LeadSegment)]
pub struct SegmentBody {
    /// The segment that is shown: the one that somebody chose, else `computed`.
    #[schema(schema_with = words::segment)]
    pub name: Segment,
    /// Whether somebody chose it.
    pub by_hand: bool,
    /// What the behaviour says.
    #[schema(schema_with = words::segment)]
    pub computed: Segment,
    /// What decided `computed`, for people.
    pub reason: String,
    /// All that is looked at to decide it.
    pub inputs: SegmentInputs,
}

/// What decides a segment.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
pub struct SegmentInputs {
    /// How many events count.
    pub events: u32,
    /// How many of them were interactions: all but views, purchases and `identify`, `alias`,
    /// `group`, `unsubscribe`.
    pub interactions: u32,
    /// How many of them were purchases.
    pub purchases: u32,
    /// What the purchases came to, in the sender's currency.
    pub revenue: f64,
    /// The whole days of 86,400 s since the first event; `null` when no event counts.
    #[schema(required)]
    pub days_since_first_seen: Option<u32>,
    /// The whole days since the last event.
    #[schema(required)]
    pub idle_days: Option<u32>,
}

/// How likely a lead is going cold: `idle + falling_velocity + decay`, each rounded half away from
/// zero; 0 when no event counts.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[schema(as = Risk)]
pub struct RiskBody {
    /// The risk: the sum of the three.
    #[schema(minimum = 0, maximum = 100)]
    pub score: u32,
    /// `min(60, 2 × idle_days)`.
    #[schema(minimum = 0, maximum = 60)]
    pub idle: u32,
    /// `20 × (v − velocity_now) / v`, at least 0, with `v = max(1, velocity_at_last_event)`.
    #[schema(minimum = 0, maximum = 20)]
    pub falling_velocity: u32,
    /// `20 × (1 − decay_factor)`.
    #[schema(minimum = 0, maximum = 20)]
    pub decay: u32,
    /// What it is measured by.
    pub inputs: RiskInputs,
}

/// What a risk is measured by.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
pub struct RiskInputs {
    /// The whole days of 86,400 s since the last event that counts; `null` when none does.
    #[schema(required)]
    pub idle_days: Option<u32>,
    /// Events in the last 24 hours, at most 10.
    #[schema(minimum = 0, maximum = 10)]
    pub velocity_now: u32,
    /// Events in the 24 hours up to the last event, at most 10.
    #[schema(minimum = 0, maximum = 10)]
    pub velocity_at_last_event: u32,
    /// What the rule set's decay leaves of points after so many idle days.
    #[schema(minimum = 0, maximum = 1)]
    pub decay_factor: f64,
}

/// At which hours of the week a lead is there, in UTC.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = ContactTiming)]
pub struct ContactTimingBody {
    /// The hours with events, in the order of the week, which begins on Monday at 00:00. Every
    /// event that counts stands in one of them.
    #[schema(max_items = 168)]
    pub histogram: Vec<HourBody>,
    /// The hour of most events, of several the earliest of the week; `null` when no event counts.
    #[schema(required)]
    pub best: Option<HourBody>,
}

/// An hour of the week with its events.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[schema(as = HourOfWeek)]
pub struct HourBody {
    /// The day, in UTC.
    #[schema(schema_with = words::weekday)]
    pub day: &'static str,
    /// The hour that begins then, in UTC.
    #[schema(minimum = 0, maximum = 23)]
    pub hour: u8,
    /// How many events there were.
    #[schema(minimum = 1)]
    pub events: u32,
}

/// A category with its events.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = CategoryCount)]
pub struct CategoryBody {
    /// The category, as the sender names it.
    #[schema(example = "Shoes")]
    pub category: String,
    /// How many events named it.
    #[schema(minimum = 1)]
    pub events: u32,
}

impl SegmentBody {
    /// Shows a segment with what decided it.
    pub fn new(shown: ShownSegment, behaviour: &Behaviour) -> Self {
        let ShownSegment { segment, chosen, computed } = shown;
        let Behaviour {
            events,
            interactions,
            purchases,
            revenue,
            days_since_first_seen,
            idle_days,
        } = *behaviour;
        let revenue = revenue.as_f64();
        let inputs = SegmentInputs {
            events,
            interactions,
            purchases,
            revenue,
            days_since_first_seen,
            idle_days,
        };
        Self { name: segment, by_hand: chosen, computed, reason: computed.reason(), inputs }
    }
}

impl From<&Cooling> for RiskBody {
    fn from(cooling: &Cooling) -> Self {
        let Cooling { risk, idle_days, velocity_now, velocity_at_last_event, decay_factor } =
            *cooling;
        #[expect(clippy::cast_precision_loss, reason = "factors are at most 10¹²")]
        let decay_factor = decay_factor as f64 / decay::ONE as f64;
        Self {
            score: risk.total(),
            idle: risk.idle,
            falling_velocity: risk.falling_velocity,
            decay: risk.decay,
            inputs: RiskInputs { idle_days, velocity_now, velocity_at_last_event, decay_factor },
        }
    }
}

impl From<&ContactTiming> for ContactTimingBody {
    fn from(timing: &ContactTiming) -> Self {
        let best = timing.best().map(HourBody::from);
        Self { histogram: timing.hours().map(HourBody::from).collect(), best }
    }
}

impl From<(HourOfWeek, u32)> for HourBody {
    fn from((HourOfWeek { day, hour }, events): (HourOfWeek, u32)) -> Self {
        Self { day: day.as_str(), hour, events }
    }
}

impl From<&CategoryCount> for CategoryBody {
    fn from(CategoryCount { category, events }: &CategoryCount) -> Self {
        Self { category: category.clone(), events: *events }
    }
}
