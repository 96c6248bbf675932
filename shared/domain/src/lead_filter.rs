//! Which leads of a list are meant: filters beside what the list is ordered by.
//!
//! Invariant: a filter looks at what a lead shows at an instant, so a list, a bulk edit and an
//! export that are asked for the same leads mean the same.

use serde::{Deserialize, Serialize};

use crate::{
    edit::Choice,
    lead::{Lead, Status},
    marketplace::Marketplace,
    rules::Rules,
    segment::{Segment, ShownSegment},
    stage::Stage,
    time::Timestamp,
    user::UserId,
    view,
};

/// What leads have in common; what is left out does not matter.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LeadFilter {
    /// Their stage.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stage: Option<Stage>,
    /// Their sales state.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<Status>,
    /// The segment that they show.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub segment: Option<Segment>,
    /// The source that they show, in any case of letters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// A marketplace that they trade at; `direct` takes those that trade at none too.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub marketplace: Option<Marketplace>,
    /// The lowest score.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_score: Option<i64>,
    /// The highest score.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_score: Option<i64>,
    /// Whether they are people, not mere cookies.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub known: Option<bool>,
    /// Who works them, or that nobody does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub assigned_to: Option<Choice<UserId>>,
}

impl LeadFilter {
    /// Tells whether all leads are meant.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Tells whether a lead is meant, by what it shows at `now`. One that is deleted never is.
    pub fn takes(&self, lead: &Lead, rules: &Rules, now: Timestamp) -> bool {
        let state = &lead.state;
        !lead.is_deleted()
            && self.status.is_none_or(|status| status == state.work.status)
            && self.known.is_none_or(|known| known == lead.is_known())
            && self.assigned_to.as_ref().is_none_or(|to| to.chosen() == state.work.assigned_to)
            && self.takes_origin(lead)
            && self.segment.is_none_or(|segment| segment == ShownSegment::of(state, now).segment)
            && self.takes_score(lead, rules, now)
    }

    fn takes_origin(&self, lead: &Lead) -> bool {
        let trades_at = |marketplace: &Marketplace| {
            let shown = lead.state.shown_marketplaces();
            shown.contains(marketplace) || shown.is_empty() && *marketplace == Marketplace::direct()
        };
        let shown = || lead.state.shown_source().to_lowercase();
        self.source.as_ref().is_none_or(|source| source.trim().to_lowercase() == shown())
            && self.marketplace.as_ref().is_none_or(trades_at)
    }

    fn takes_score(&self, lead: &Lead, rules: &Rules, now: Timestamp) -> bool {
        if self.stage.is_none() && self.min_score.is_none() && self.max_score.is_none() {
            return true;
        }
        let shown = view::shown(&lead.state, rules, now);
        self.stage.is_none_or(|stage| stage == shown.stage)
            && self.min_score.is_none_or(|min| min <= shown.score)
            && self.max_score.is_none_or(|max| shown.score <= max)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{
        family::Member,
        home::{HomeId, HomeRef},
        identity::Kind,
        points::Points,
        rule_set::RuleSet,
        state::State,
    };

    fn now() -> Timestamp {
        "2026-01-15T12:00:00Z".parse().unwrap()
    }

    /// A cookie that has 40 points and came by a campaign.
    fn a_lead() -> Lead {
        let survivor = HomeRef { kind: Kind::AnonymousId, id: HomeId::from_bytes([1; 16]) };
        let mut state = State::empty(1);
        state.balance.lasting = Points::whole(40);
        state.last_event_at = Some(now());
        state.facts.campaign_source = Some("Google".to_owned());
        let members = vec![Member { home: survivor, has_events: true }];
        Lead {
            survivor,
            version: 1,
            members,
            identity_limit: false,
            state,
            crossing: None,
            erased: None,
            archived: None,
        }
    }

    fn taken(filter: serde_json::Value, lead: &Lead) -> bool {
        let filter: LeadFilter = serde_json::from_value(filter).unwrap();
        let rules = Rules::prepare(RuleSet::default_set().unwrap()).unwrap();
        filter.takes(lead, &rules, now())
    }

    #[test]
    fn a_lead_is_taken_by_what_it_shows() {
        let lead = a_lead();
        for (filter, expected) in [
            (json!({}), true),
            (json!({"stage": "warm"}), true),
            (json!({"stage": "hot"}), false),
            (json!({"min_score": 40, "max_score": 40}), true),
            (json!({"min_score": 41}), false),
            (json!({"max_score": 39}), false),
            (json!({"known": false}), true),
            (json!({"known": true}), false),
            (json!({"source": "google "}), true),
            (json!({"source": "bing"}), false),
            (json!({"marketplace": "direct"}), true),
            (json!({"marketplace": "shopee"}), false),
            (json!({"status": "new", "segment": "new", "assigned_to": "clear"}), true),
            (json!({"status": "lost"}), false),
        ] {
            assert_eq!(taken(filter.clone(), &lead), expected, "{filter}");
        }
    }

    #[test]
    fn what_people_decided_counts_and_a_deleted_lead_is_never_taken() {
        let mut lead = a_lead();
        let user = "user_019a0b3c-4d5e-7f60-8a1b-2c3d4e5f6071";
        lead.state.work.assigned_to = Some(user.parse().unwrap());
        lead.state.work.segment = Some(Segment::Vip);
        assert!(taken(json!({"assigned_to": {"set": user}, "segment": "vip"}), &lead));
        assert!(!taken(json!({"assigned_to": "clear"}), &lead));
        lead.state.work.deleted_homes.insert(lead.survivor.id);
        assert!(!taken(json!({}), &lead));
    }
}
