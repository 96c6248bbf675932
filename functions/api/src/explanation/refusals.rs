//! Why rules did not give all they could, as it is answered.

use domain::{
    event::EventId,
    explanation::{Refusal, RefusalReason},
    home::HomeId,
    points::Points,
    time::Timestamp,
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::words;

/// Why a rule that matches an event's type did not give all it could.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[schema(as = WhyNot)]
pub struct RefusalBody {
    /// The event.
    #[schema(value_type = String)]
    pub event_id: EventId,
    /// The home that the event is stored in: one of the lead's ids.
    #[schema(schema_with = words::lead_id)]
    pub home: HomeId,
    /// What happened.
    pub event_type: String,
    /// When it happened.
    #[schema(value_type = String, format = DateTime)]
    pub timestamp: Timestamp,
    /// The rule's id; of a suppressed event, the rule that suppresses it; absent of one without
    /// consent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
    /// Why.
    pub reason: ReasonBody,
    /// What a limit withheld.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<f64>)]
    pub withheld: Option<Points>,
    /// Why the condition could not be decided.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

/// What kept a rule from giving all it could.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = WhyNotReason)]
pub enum ReasonBody {
    /// The condition did not hold.
    ConditionFalse,
    /// The condition could not be decided, which counts as false.
    ConditionFailed,
    /// The rule gave as often as it may in the period.
    Cap,
    /// The rule's group gave as much as it may.
    GroupCap,
    /// The event was taken out of scoring.
    Suppressed,
    /// The person did not consent to scoring when it happened.
    NoConsent,
}

impl From<Refusal> for RefusalBody {
    fn from(refusal: Refusal) -> Self {
        let (reason, withheld, message) = match refusal.reason {
            RefusalReason::ConditionFalse => (ReasonBody::ConditionFalse, None, None),
            RefusalReason::ConditionFailed { message } => {
                (ReasonBody::ConditionFailed, None, Some(message))
            }
            RefusalReason::Cap { withheld } => (ReasonBody::Cap, Some(withheld), None),
            RefusalReason::GroupCap { withheld } => (ReasonBody::GroupCap, Some(withheld), None),
            RefusalReason::Suppressed => (ReasonBody::Suppressed, None, None),
            RefusalReason::NoConsent => (ReasonBody::NoConsent, None, None),
        };
        Self {
            event_id: refusal.event_id,
            home: refusal.home,
            event_type: refusal.event_type,
            timestamp: refusal.timestamp,
            rule: refusal.rule,
            reason,
            withheld,
            message,
        }
    }
}
