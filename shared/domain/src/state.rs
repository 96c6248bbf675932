//! What the fold of a lead's events has come to.
//!
//! Invariant: a state is a pure function of (fold version, rule set, set of events). It carries
//! both versions, so that a state of another one is recognised and folded again.

use std::collections::BTreeMap;

use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::{
    balance::Balance,
    condition::ProfileFields,
    consent::Consents,
    conversion::Conversion,
    course::Course,
    edit::{self, Change, Edit, MARKETPLACES, SOURCE, Work},
    event::{Event, Position},
    facts::{self, DIRECT, Facts},
    fold::Recorder,
    funnel::Stay,
    lead::Status,
    limits::Limits,
    marketplace::Marketplace,
    points::Points,
    profile::{MAX_EDITED, MAX_FIELDS, MAX_VALUE_BYTES},
    rule_marks::RuleMarks,
    rules::Rules,
    stage::Stage,
    time::{DAY_MS, Timestamp},
};

/// The version of the fold's code. Raise it when the same events give another state.
pub const FOLD_VERSION: u32 = 4;

/// How many events of a lead are folded, edits and changes of consent aside. Events beyond, in fold
/// order, are stored only.
pub const MAX_EVENTS: u32 = 20_000;

/// How many events make the highest velocity.
pub const MAX_VELOCITY: usize = 10;

/// The result of a fold.
#[derive(Clone, Debug, PartialEq)]
pub struct State {
    /// The version of the fold's code.
    pub fold_version: u32,
    /// The version of the rule set.
    pub rule_set: u32,
    /// The points as of the last event that counts, decayed up to it.
    pub balance: Balance,
    /// How many events count.
    pub events: u32,
    /// How many events were suppressed: they count for nothing.
    pub suppressed: u32,
    /// How many events came without consent for scoring: they count for nothing.
    pub without_consent: u32,
    /// When the first event that counts happened; `None` before any.
    pub first_seen_at: Option<Timestamp>,
    /// When the last event that counts happened.
    pub last_event_at: Option<Timestamp>,
    /// The place of the last event folded, whether it counts or not.
    pub last_position: Option<Position>,
    /// When the last [`MAX_VELOCITY`] events that count happened, oldest first.
    pub recent: Vec<Timestamp>,
    /// When the first event of all happened, whether it counts or not, or the first edit or change
    /// of consent.
    pub created_at: Option<Timestamp>,
    /// What is kept about behaviour.
    pub facts: Facts,
    /// The declared fields that conditions read.
    pub profile: BTreeMap<String, Value>,
    /// The fields set by hand that conditions read, [`SOURCE`] and [`MARKETPLACES`]. They win over
    /// declared ones. `null` stands for what was released, or set to a personal value: no condition
    /// sees it.
    pub edited: BTreeMap<String, Value>,
    /// What the person consents to.
    pub consents: Consents,
    /// What people decided.
    pub work: Work,
    /// Names the edits folded, in their order: two states of the same edits have the same one. 0
    /// without edits.
    pub edition: u64,
    /// When the last edit was made.
    pub last_edit_at: Option<Timestamp>,
    /// The stage that it was in just after the last event that counts; `None` before any.
    pub stay: Option<Stay>,
    /// How it converted.
    pub conversion: Option<Conversion>,
    /// The rules that gave points, or took some, before it converted, by their places in the set.
    pub scored_by: RuleMarks,
    /// What the rules have used up of their limits.
    pub limits: Limits,
    /// How often the condition of each rule failed at run time, by the rule's id.
    pub failures: BTreeMap<String, u32>,
    /// Whether events beyond [`MAX_EVENTS`] exist, or changes of consent by senders beyond
    /// [`crate::consent::MAX_CONSENT_CHANGES`], which are not folded.
    pub flooded: bool,
}

impl State {
    /// Returns the state before any event.
    pub fn empty(rule_set: u32) -> Self {
        Self {
            fold_version: FOLD_VERSION,
            rule_set,
            balance: Balance::default(),
            events: 0,
            suppressed: 0,
            without_consent: 0,
            first_seen_at: None,
            last_event_at: None,
            last_position: None,
            recent: Vec::new(),
            created_at: None,
            facts: Facts::default(),
            profile: BTreeMap::new(),
            edited: BTreeMap::new(),
            consents: Consents::default(),
            work: Work::default(),
            edition: 0,
            last_edit_at: None,
            stay: None,
            conversion: None,
            scored_by: RuleMarks::default(),
            limits: Limits::default(),
            failures: BTreeMap::new(),
            flooded: false,
        }
    }

    /// Returns the points as of the last event that counts.
    pub fn points(&self) -> Points {
        self.balance.total()
    }

    /// Counts the events folded, whether they count or not, edits and changes of consent aside.
    pub const fn folded(&self) -> u32 {
        self.events + self.suppressed + self.without_consent
    }

    /// Returns what the person consents to.
    pub const fn consents(&self) -> &Consents {
        &self.consents
    }

    /// Tells whether this state was folded by this code with this rule set.
    pub const fn is_current(&self, rule_set: u32) -> bool {
        self.fold_version == FOLD_VERSION && self.rule_set == rule_set
    }

    /// Tells whether newer code or a newer rule set than the caller's folded this state.
    pub const fn is_newer_than(&self, rule_set: u32) -> bool {
        self.fold_version > FOLD_VERSION || self.rule_set > rule_set
    }

    /// Tells whether this state is to be folded again by the caller, who knows newer code or a newer
    /// rule set.
    pub const fn is_older_than(&self, rule_set: u32) -> bool {
        !self.is_current(rule_set) && !self.is_newer_than(rule_set)
    }

    /// Counts the events in the 24 hours that end with `now`, of the last ten.
    pub fn velocity(&self, now: Timestamp) -> u32 {
        let recent = |at: &&Timestamp| (0..DAY_MS).contains(&now.millis_since(**at));
        u32::try_from(self.recent.iter().filter(recent).count()).unwrap_or(u32::MAX)
    }

    /// Returns where the lead comes from as people see it: what was set by hand, else what its
    /// events say.
    pub fn shown_source(&self) -> &str {
        self.edited_source().unwrap_or_else(|| self.facts.source())
    }

    /// Returns where the lead trades as people see it: the marketplaces set by hand, else those
    /// that its events named, each once and in that order.
    pub fn shown_marketplaces(&self) -> Vec<Marketplace> {
        self.edited_marketplaces().unwrap_or_else(|| {
            self.facts.marketplaces.iter().map(|(marketplace, _)| marketplace.clone()).collect()
        })
    }

    /// Returns the marketplace that counts most as people see it, and whose weights the factor
    /// score is by: the first one set by hand, else that of most events; `direct` where there is
    /// none.
    pub fn shown_marketplace(&self) -> Marketplace {
        let first = |set: Vec<_>| set.into_iter().next().unwrap_or_else(Marketplace::direct);
        self.edited_marketplaces().map_or_else(|| self.facts.marketplace(), first)
    }

    /// Returns the source that was set by hand; `direct` where that is to say nothing.
    pub(crate) fn edited_source(&self) -> Option<&str> {
        let source = facts::short(self.edited.get(SOURCE)?.as_str()?.trim());
        Some(if source.is_empty() { DIRECT } else { source })
    }

    /// Returns the marketplaces that were set by hand, one or a list of them, in that order; `None`
    /// where events have their say.
    pub fn edited_marketplaces(&self) -> Option<Vec<Marketplace>> {
        let names = match self.edited.get(MARKETPLACES)? {
            Value::Array(names) => names.iter().collect(),
            name @ Value::String(_) => vec![name],
            _ => return None,
        };
        let mut marketplaces = Vec::new();
        for marketplace in names.into_iter().filter_map(|name| name.as_str()?.parse().ok()) {
            if !marketplaces.contains(&marketplace) {
                marketplaces.push(marketplace);
            }
        }
        Some(marketplaces)
    }

    /// Takes in an edit.
    #[cold]
    pub(crate) fn edit(&mut self, event: &Event, edit: &Edit, rules: &Rules) {
        self.declare(event, rules);
        for (name, change) in edit.changes() {
            if !edit::is_shown(name) && !rules.reads().profile.contains(name) {
                continue;
            }
            let value = match change {
                Change::Set(value) => value.clone(),
                Change::Seal | Change::Release => Value::Null,
            };
            self.edited.insert(name.to_owned(), value);
            if self.edited.len() > MAX_EDITED && rules.reads().profile == ProfileFields::All {
                self.edited.pop_last();
            }
        }
        self.consents.take_in(event, |_, _| {});
        self.work.apply(event.home.id, edit);
        if edit.status == Some(Status::Converted) && self.conversion.is_none() {
            self.conversion = Some(Conversion::of(self, rules, event.timestamp));
        }
        self.edition = edition_after(self.edition, event);
        self.last_edit_at = Some(event.timestamp);
    }

    /// Takes in what a sender says of consent; `false` where that was said too often.
    #[cold]
    pub(crate) fn consent(&mut self, event: &Event, rules: &Rules) -> bool {
        let is_taken_in = self.consents.take_in(event, |_, _| {});
        if is_taken_in {
            self.declare(event, rules);
        } else {
            self.flooded = true;
        }
        is_taken_in
    }

    /// Brings the state to just before an event that counts: what time did to points and stage,
    /// and whether the lead converts by it.
    pub(crate) fn come_to(&mut self, event: &Event, rules: &Rules, recorder: &mut impl Recorder) {
        let to = event.timestamp;
        if self.conversion.is_none() && rules.converts(&event.event_type) {
            self.conversion = Some(Conversion::of(self, rules, to));
        }
        let Some(last) = self.last_event_at else { return };
        if let Some(stay) = &mut self.stay
            && self.balance.changes(rules.decay(), last, to)
        {
            stay.pass_time(Course::new(rules, &self.balance, last), last, to, recorder);
        }
        self.balance.age(rules.decay(), last, to, recorder);
    }

    /// Brings the stage to that of the points just after an event.
    pub(crate) fn show_stage(
        &mut self,
        rules: &Rules,
        at: Timestamp,
        recorder: &mut impl Recorder,
    ) {
        let points = self.balance.total();
        let stay = self.stay.get_or_insert(Stay { stage: Stage::Cold, since: at });
        stay.move_to(rules.stage(points), at, recorder);
    }

    /// Counts an event in.
    pub(crate) fn count(&mut self, event: &Event, rules: &Rules) {
        self.events += 1;
        self.first_seen_at.get_or_insert(event.timestamp);
        self.last_event_at = Some(event.timestamp);
        if self.recent.len() == MAX_VELOCITY {
            self.recent.remove(0);
        }
        self.recent.push(event.timestamp);
        self.facts.count(event, rules.reads());
    }

    /// Takes in what an event declares about the person.
    pub(crate) fn declare(&mut self, event: &Event, rules: &Rules) {
        if event.traits.is_empty() {
            return;
        }
        self.facts.declare(&event.traits);
        for (name, value) in &event.traits {
            if !rules.reads().profile.contains(name) || value.to_string().len() > MAX_VALUE_BYTES {
                continue;
            }
            self.profile.insert(name.clone(), value.clone());
            // Where conditions read the profile whole, the first names by order are kept, as in the
            // profile that is shown.
            if self.profile.len() > MAX_FIELDS && rules.reads().profile == ProfileFields::All {
                self.profile.pop_last();
            }
        }
    }

    /// Counts a run-time failure of a rule's condition.
    pub(crate) fn fail(&mut self, rule: &str) {
        if let Some(count) = self.failures.get_mut(rule) {
            *count += 1;
        } else {
            self.failures.insert(rule.to_owned(), 1);
        }
    }
}

/// Returns what names the edits that one name names and one more. Never 0, which names none.
fn edition_after(edition: u64, event: &Event) -> u64 {
    let digest = Sha256::new()
        .chain_update(edition.to_be_bytes())
        .chain_update(event.home.id.as_bytes())
        .chain_update(event.event_id.as_str());
    let digest = digest.finalize();
    let edition = digest.iter().take(8).fold(0, |number, byte| number << 8 | u64::from(*byte));
    edition.max(1)
}
