//! The segment: the behavioural group that a lead belongs to.
//!
//! Invariant: every lead is in exactly one segment, and the inputs shown beside it are all that
//! decided it. One chosen by hand is shown in its stead, and said to be.

use serde::{Deserialize, Serialize};

use crate::{
    amount::Amount,
    factor::{idle_days, interactions},
    state::State,
    time::Timestamp,
};

/// From so many whole idle days on, a lead is dormant.
pub const DORMANT_DAYS: u32 = 30;

/// From so many purchases on, a buyer is a VIP.
pub const VIP_PURCHASES: u32 = 3;

/// From so much revenue on, a buyer is a VIP: 1,000 in the sender's currency.
pub const VIP_REVENUE: Amount = Amount::from_thousandths(1_000_000);

/// From so many events on, a lead is engaged.
pub const ENGAGED_EVENTS: u32 = 10;

/// From so many interactions on, see [`crate::factor::Engagement`], a lead is engaged.
pub const ENGAGED_INTERACTIONS: u32 = 3;

/// A lead is new for so many whole days after its first event at most.
pub const NEW_DAYS: u32 = 7;

/// From so many events on, a lead is no longer new.
pub const NEW_EVENTS: u32 = 3;

/// A behavioural group. The first of these that holds is a lead's segment:
///
/// 1. `new`: no event counts.
/// 2. `dormant`: [`DORMANT_DAYS`] whole idle days or more.
/// 3. `vip`: [`VIP_PURCHASES`] purchases or [`VIP_REVENUE`] of revenue, or more.
/// 4. `buyer`: a purchase.
/// 5. `engaged`: [`ENGAGED_EVENTS`] events or [`ENGAGED_INTERACTIONS`] interactions, or more.
/// 6. `new`: first seen less than [`NEW_DAYS`] whole days ago, with less than [`NEW_EVENTS`]
///    events.
/// 7. `browser`: everybody else.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Segment {
    /// It has only just come.
    New,
    /// It looks around.
    Browser,
    /// It does things.
    Engaged,
    /// It bought.
    Buyer,
    /// It bought often or much.
    Vip,
    /// It has not been seen for a month.
    Dormant,
}

/// All that decides a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Behaviour {
    /// How many events count.
    pub events: u32,
    /// How many of them were interactions, see [`crate::factor::Engagement`].
    pub interactions: u32,
    /// How many of them were purchases.
    pub purchases: u32,
    /// What the purchases came to.
    pub revenue: Amount,
    /// The whole days since the first event that counts; `None` when none does.
    pub days_since_first_seen: Option<u32>,
    /// The whole days since the last one.
    pub idle_days: Option<u32>,
}

/// The segment that is shown, beside the one that behaviour says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ShownSegment {
    /// The segment chosen by hand, else the computed one.
    pub segment: Segment,
    /// Whether somebody chose it.
    pub chosen: bool,
    /// What the behaviour says.
    pub computed: Segment,
}

impl ShownSegment {
    /// Returns the segment that a lead shows at `now`.
    pub fn of(state: &State, now: Timestamp) -> Self {
        let computed = Behaviour::of(state, now).segment();
        let chosen = state.work.segment;
        Self { segment: chosen.unwrap_or(computed), chosen: chosen.is_some(), computed }
    }
}

impl Segment {
    /// Every segment.
    pub const ALL: [Self; 6] =
        [Self::New, Self::Browser, Self::Engaged, Self::Buyer, Self::Vip, Self::Dormant];

    /// Returns the segment's word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Browser => "browser",
            Self::Engaged => "engaged",
            Self::Buyer => "buyer",
            Self::Vip => "vip",
            Self::Dormant => "dormant",
        }
    }

    /// Says for people what a lead of this segment has in common with the others.
    pub fn reason(self) -> String {
        let revenue = VIP_REVENUE.thousandths() / 1_000;
        match self {
            Self::New => format!(
                "no event yet, or first seen less than {NEW_DAYS} days ago with less than \
                 {NEW_EVENTS} events"
            ),
            Self::Browser => "neither new nor engaged, and bought nothing".to_owned(),
            Self::Engaged => format!(
                "{ENGAGED_EVENTS} events or {ENGAGED_INTERACTIONS} interactions, or more, and \
                 bought nothing"
            ),
            Self::Buyer => "bought, but neither often nor much".to_owned(),
            Self::Vip => format!("{VIP_PURCHASES} purchases or {revenue} of revenue, or more"),
            Self::Dormant => format!("no event for {DORMANT_DAYS} days or more"),
        }
    }
}

impl Behaviour {
    /// Reads what a lead has done by `now`.
    pub fn of(state: &State, now: Timestamp) -> Self {
        Self {
            events: state.events,
            interactions: interactions(state),
            purchases: state.facts.purchases,
            revenue: state.facts.revenue,
            days_since_first_seen: state.first_seen_at.map(|first| now.whole_days_since(first)),
            idle_days: idle_days(state, now),
        }
    }

    /// Decides the segment, see [`Segment`].
    pub fn segment(&self) -> Segment {
        let (Some(age), Some(idle_days)) = (self.days_since_first_seen, self.idle_days) else {
            return Segment::New;
        };
        if idle_days >= DORMANT_DAYS {
            Segment::Dormant
        } else if self.purchases >= VIP_PURCHASES || self.revenue >= VIP_REVENUE {
            Segment::Vip
        } else if self.purchases > 0 {
            Segment::Buyer
        } else if self.events >= ENGAGED_EVENTS || self.interactions >= ENGAGED_INTERACTIONS {
            Segment::Engaged
        } else if age < NEW_DAYS && self.events < NEW_EVENTS {
            Segment::New
        } else {
            Segment::Browser
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A lead that is none of the special ones.
    const PLAIN: Behaviour = Behaviour {
        events: 4,
        interactions: 0,
        purchases: 0,
        revenue: Amount::ZERO,
        days_since_first_seen: Some(20),
        idle_days: Some(10),
    };

    fn revenue(whole: i64) -> Amount {
        Amount::from_thousandths(whole * 1_000)
    }

    #[test]
    fn each_segment_begins_where_its_rule_says() {
        for (behaviour, segment) in [
            (PLAIN, Segment::Browser),
            (Behaviour { events: 9, interactions: 2, ..PLAIN }, Segment::Browser),
            (Behaviour { events: 10, ..PLAIN }, Segment::Engaged),
            (Behaviour { interactions: 3, ..PLAIN }, Segment::Engaged),
            (Behaviour { purchases: 1, revenue: revenue(999), ..PLAIN }, Segment::Buyer),
            (Behaviour { purchases: 2, ..PLAIN }, Segment::Buyer),
            (Behaviour { purchases: 3, ..PLAIN }, Segment::Vip),
            (Behaviour { purchases: 1, revenue: revenue(1_000), ..PLAIN }, Segment::Vip),
            (Behaviour { idle_days: Some(29), ..PLAIN }, Segment::Browser),
            (Behaviour { idle_days: Some(30), ..PLAIN }, Segment::Dormant),
            (Behaviour { days_since_first_seen: Some(6), events: 2, ..PLAIN }, Segment::New),
            (Behaviour { days_since_first_seen: Some(7), events: 2, ..PLAIN }, Segment::Browser),
            (Behaviour { days_since_first_seen: Some(6), events: 3, ..PLAIN }, Segment::Browser),
        ] {
            assert_eq!(behaviour.segment(), segment, "{behaviour:?}");
        }
    }

    #[test]
    fn the_first_rule_that_holds_decides() {
        let everything = Behaviour {
            events: 50,
            interactions: 40,
            purchases: 5,
            revenue: revenue(9_000),
            days_since_first_seen: Some(90),
            idle_days: Some(40),
        };
        assert_eq!(everything.segment(), Segment::Dormant);
        let back = Behaviour { idle_days: Some(0), ..everything };
        assert_eq!(back.segment(), Segment::Vip);
        let nothing = Behaviour::of(&State::empty(1), "2026-01-01T12:00:00Z".parse().unwrap());
        assert_eq!(nothing.segment(), Segment::New);
    }

    #[test]
    fn a_segment_chosen_by_hand_is_shown_beside_the_computed_one() {
        let now = "2026-01-01T12:00:00Z".parse().unwrap();
        let mut state = State::empty(1);
        let computed = Segment::New;
        let shown = ShownSegment { segment: computed, chosen: false, computed };
        assert_eq!(ShownSegment::of(&state, now), shown);
        state.work.segment = Some(Segment::Vip);
        let shown = ShownSegment { segment: Segment::Vip, chosen: true, computed };
        assert_eq!(ShownSegment::of(&state, now), shown);
    }

    #[test]
    fn a_segment_is_written_as_its_word() {
        for segment in Segment::ALL {
            assert_eq!(serde_json::to_value(segment).unwrap(), segment.as_str());
            assert!(!segment.reason().is_empty());
        }
    }
}
