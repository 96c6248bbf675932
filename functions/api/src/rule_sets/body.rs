//! Rule sets as they are sent and shown.
//!
//! Invariant: what is shown can be sent again: whatever it says beside the rules is ignored then.

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    check::Finding,
    decay::Decay,
    rule::Rule,
    rule_set::{ConsentRules, RuleSet, default_conversions},
    stage::Thresholds,
    time::Timestamp,
};
use dynamo::PublishedSet;
use serde::{Deserialize, Serialize, de::IgnoredAny};
use utoipa::ToSchema;

use crate::{
    scoring_rules::{KeptRuleBody, RuleBody},
    words,
};

/// All that a score is made by.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = RuleSet, example = json!({
    "rules": [{
        "id": "demo_request",
        "name": "Demo request",
        "event_type": "demo_request",
        "points": 50,
        "active": true
    }, {
        "id": "internal",
        "name": "Our own people",
        "event_type": "*",
        "when": "profile.email_domain == \"example.com\"",
        "suppress": true,
        "active": true
    }],
    "decay": { "idle_days": 7, "daily_rate_ppm": 50_000 },
    "thresholds": { "warm": 30, "hot": 60, "qualified": 100 },
    "total_cap": 500
}))]
pub struct RuleSetInput {
    /// The rules, in the order in which they apply.
    #[schema(value_type = Vec<KeptRuleBody>, max_items = 500)]
    rules: Vec<RuleBody>,
    /// How points fade.
    #[schema(value_type = DecayBody)]
    decay: Decay,
    /// Where the stages begin.
    #[schema(value_type = ThresholdsBody)]
    thresholds: Thresholds,
    /// The highest score shown; points stay what they are. None when absent.
    #[schema(minimum = 1)]
    total_cap: Option<u32>,
    /// The types of the events that are conversions: `lead_converted` and `order_completed` when
    /// absent. A status of `converted` is one too.
    #[schema(value_type = Option<Vec<String>>, max_items = 50)]
    conversions: Option<BTreeSet<String>>,
    /// What people have to consent to. Events count unless consent for scoring is denied when it is
    /// absent.
    #[serde(default)]
    #[schema(value_type = Option<ConsentRulesBody>)]
    consent: ConsentRules,
    #[serde(default, rename = "version")]
    #[schema(ignore)]
    _version: Option<IgnoredAny>,
    #[serde(default, rename = "active")]
    #[schema(ignore)]
    _active: Option<IgnoredAny>,
    #[serde(default, rename = "published_at")]
    #[schema(ignore)]
    _published_at: Option<IgnoredAny>,
    #[serde(default, rename = "restored_from")]
    #[schema(ignore)]
    _restored_from: Option<IgnoredAny>,
    #[serde(default, rename = "note")]
    #[schema(ignore)]
    _note: Option<IgnoredAny>,
    #[serde(default, rename = "failures")]
    #[schema(ignore)]
    _failures: Option<IgnoredAny>,
}

/// How points fade while a lead is idle.
#[derive(Debug, ToSchema)]
#[schema(as = Decay)]
#[expect(dead_code, reason = "it only describes the domain's own form")]
pub struct DecayBody {
    /// How many whole idle days leave the points as they are.
    #[schema(maximum = 3650)]
    idle_days: u32,
    /// What is lost on each idle day after those, in millionths: 50,000 is 5 %.
    #[schema(maximum = 1_000_000)]
    daily_rate_ppm: u32,
}

/// The lowest score shown of each stage above `cold`, which begins at 0. They rise.
#[derive(Debug, ToSchema)]
#[schema(as = Thresholds)]
#[expect(dead_code, reason = "it only describes the domain's own form")]
pub struct ThresholdsBody {
    /// Where `warm` begins.
    #[schema(minimum = 1)]
    warm: i64,
    /// Where `hot` begins.
    #[schema(minimum = 1)]
    hot: i64,
    /// Where `qualified` begins.
    #[schema(minimum = 1)]
    qualified: i64,
}

/// What people have to consent to for their events to count.
#[derive(Debug, ToSchema)]
#[schema(as = ConsentRules)]
#[expect(dead_code, reason = "it only describes the domain's own form")]
pub struct ConsentRulesBody {
    /// `opt_out`: events count unless consent for scoring is denied when they happen. `opt_in`:
    /// only while it is granted.
    #[schema(schema_with = words::scoring_consent)]
    scoring: String,
}

/// A draft, without the number that it does not have yet.
#[derive(Debug, Serialize)]
pub struct DraftBody {
    rules: Vec<Rule>,
    decay: Decay,
    thresholds: Thresholds,
    #[serde(skip_serializing_if = "Option::is_none")]
    total_cap: Option<u32>,
    #[serde(skip_serializing_if = "are_usual")]
    conversions: BTreeSet<String>,
    #[serde(skip_serializing_if = "ConsentRules::are_default")]
    consent: ConsentRules,
}

/// What is told of a version wherever it is shown.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = RuleSetPublication)]
pub struct PublicationBody {
    /// The number of the version.
    #[schema(minimum = 1)]
    pub version: u32,
    /// Whether leads are scored by it.
    pub active: bool,
    /// When it was published; `null` for the first version of a tenant from before there were
    /// others.
    #[schema(value_type = Option<String>, format = DateTime, required)]
    pub published_at: Option<Timestamp>,
    /// The version whose content it took over, when it was a rollback.
    #[schema(required)]
    pub restored_from: Option<u32>,
    /// What its publisher said about it.
    #[schema(required)]
    pub note: Option<String>,
}

/// A published version in a list.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = RuleSetVersion, example = json!({
    "version": 3,
    "active": true,
    "published_at": "2026-01-15T12:00:00.000Z",
    "restored_from": 1,
    "note": "Back to before the fair",
    "rules": 10
}))]
pub struct VersionRow {
    /// Which version it is, and where it comes from.
    #[serde(flatten)]
    pub publication: PublicationBody,
    /// How many rules it has.
    pub rules: usize,
}

/// A published version.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = PublishedRuleSet)]
pub struct PublishedBody {
    /// Which version it is, and where it comes from.
    #[serde(flatten)]
    pub publication: PublicationBody,
    /// The rules, in the order in which they apply.
    #[schema(value_type = Vec<KeptRuleBody>)]
    pub rules: Vec<Rule>,
    /// How points fade.
    #[schema(value_type = DecayBody)]
    pub decay: Decay,
    /// Where the stages begin.
    #[schema(value_type = ThresholdsBody)]
    pub thresholds: Thresholds,
    /// The highest score shown; points stay what they are.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1)]
    pub total_cap: Option<u32>,
    /// The types of the events that are conversions; absent where they are `lead_converted` and
    /// `order_completed`.
    #[serde(skip_serializing_if = "are_usual")]
    #[schema(value_type = Option<Vec<String>>)]
    pub conversions: BTreeSet<String>,
    /// What people have to consent to; absent where events count unless consent for scoring is
    /// denied.
    #[serde(skip_serializing_if = "ConsentRules::are_default")]
    #[schema(value_type = Option<ConsentRulesBody>)]
    pub consent: ConsentRules,
    /// How often the conditions of rules failed at run time under this version, by rule. A rule
    /// whose condition never failed is not named.
    pub failures: BTreeMap<String, u64>,
}

impl RuleSetInput {
    /// Makes the rule set of a draft, and tells which of its rules have no id.
    pub fn into_set(self) -> (RuleSet, Vec<Finding>) {
        let Self { rules, decay, thresholds, total_cap, conversions, consent, .. } = self;
        let conversions = conversions.unwrap_or_else(default_conversions);
        let mut missing = Vec::new();
        let rule = |(index, rule): (usize, RuleBody)| {
            let id = rule.id.clone().unwrap_or_else(|| {
                missing.push(id_missing(index));
                String::new()
            });
            rule.into_rule(id)
        };
        let rules = rules.into_iter().enumerate().map(rule).collect();
        let set = RuleSet { version: 0, rules, decay, thresholds, total_cap, conversions, consent };
        (set, missing)
    }
}

fn are_usual(conversions: &BTreeSet<String>) -> bool {
    *conversions == default_conversions()
}

fn id_missing(index: usize) -> Finding {
    Finding {
        path: format!("rules[{index}].id"),
        code: "id_missing",
        message: "a rule of a set has an id, which it keeps from version to version".to_owned(),
        place: None,
    }
}

impl From<RuleSet> for DraftBody {
    fn from(set: RuleSet) -> Self {
        let RuleSet { version: _, rules, decay, thresholds, total_cap, conversions, consent } = set;
        Self { rules, decay, thresholds, total_cap, conversions, consent }
    }
}

impl PublicationBody {
    /// Takes a version apart into what is told of it and what it holds.
    fn split(published: PublishedSet, active: u32) -> (Self, RuleSet) {
        let PublishedSet { set, published_at, restored_from, note } = published;
        let version = set.version;
        (Self { version, active: version == active, published_at, restored_from, note }, set)
    }
}

impl VersionRow {
    /// Lists a version.
    pub fn new(published: PublishedSet, active: u32) -> Self {
        let (publication, set) = PublicationBody::split(published, active);
        Self { publication, rules: set.rules.len() }
    }
}

impl PublishedBody {
    /// Shows a version.
    pub fn new(published: PublishedSet, active: u32, failures: BTreeMap<String, u64>) -> Self {
        let (publication, set) = PublicationBody::split(published, active);
        let RuleSet { version: _, rules, decay, thresholds, total_cap, conversions, consent } = set;
        Self { publication, rules, decay, thresholds, total_cap, conversions, consent, failures }
    }
}
