//! The state of a fold as the attributes of a lead's item.
//!
//! Invariant: what is empty or zero is not written, because every commit pays for the item's size;
//! an item without it reads as empty or zero, so older items stay readable.

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    amount::Amount,
    balance::Balance,
    consent::{Consent, Consents, Purpose},
    conversion::Conversion,
    edit::Work,
    event::{EventId, Position},
    facts::Facts,
    funnel::Stay,
    home::HomeId,
    lead::Status,
    limits::{Limits, Uses},
    marketplace::Marketplace,
    points::Points,
    rule_marks::RuleMarks,
    segment::Segment,
    stage::Stage,
    state::State,
    time::{Day, Timestamp},
    user::UserId,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{error::StoreError, items::Place};

/// A state; instants in milliseconds, points and amounts in thousandths.
#[derive(Serialize, Deserialize)]
pub(crate) struct StateItem {
    fold_version: u32,
    rule_set: u32,
    /// The points that last.
    points: i64,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    expiring: BTreeMap<Day, i64>,
    events: u32,
    #[serde(default, skip_serializing_if = "is_zero")]
    suppressed: u32,
    #[serde(default, skip_serializing_if = "is_zero")]
    without_consent: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    first_seen_at: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    last_event_at: Option<i64>,
    /// When the first event of all happened, if that is another instant than `first_seen_at`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    created_at: Option<i64>,
    /// When the last event folded happened, if that one does not count.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    last_folded_at: Option<i64>,
    last_event_id: EventId,
    last_event_home: HomeId,
    recent: Vec<i64>,
    counts: BTreeMap<String, u32>,
    #[serde(default, skip_serializing_if = "is_zero")]
    purchases: u32,
    #[serde(default, skip_serializing_if = "is_nothing")]
    revenue: Amount,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    marketplaces: Vec<(Marketplace, u32)>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    source: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    campaign_source: Option<String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    last_seen: BTreeMap<String, i64>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    days: BTreeMap<Day, u32>,
    /// The declared fields that conditions read, each as JSON text.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    read_profile: BTreeMap<String, String>,
    /// The fields set by hand that the fold looks at, each as JSON text.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    edited: BTreeMap<String, String>,
    /// Of each purpose whether it is granted, and since when that is so.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    consents: BTreeMap<Purpose, (bool, i64)>,
    /// How many events of senders were folded for them.
    #[serde(default, skip_serializing_if = "is_zero")]
    consent_changes: u32,
    #[serde(default, skip_serializing_if = "is_new")]
    status: Status,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    assigned_to: Option<UserId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    segment: Option<Segment>,
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    deleted_homes: BTreeSet<HomeId>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    erased_homes: BTreeMap<HomeId, Day>,
    /// What former folds kept in the place of `deleted_homes`: that the lead was hidden.
    #[serde(default, skip_serializing)]
    deleted: bool,
    #[serde(default, skip_serializing_if = "is_unedited")]
    edition: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    last_edit_at: Option<i64>,
    /// Of each capped rule the period and how often it gave points in it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    uses: BTreeMap<String, (i64, u32)>,
    /// The stage after the last event that counts, and since when.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    stay: Option<(Stage, i64)>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    conversion: Option<ConversionItem>,
    /// The bits of the rules that scored before the conversion, 64 to a number.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    scored_by: Vec<u64>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    groups: BTreeMap<String, i64>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    failures: BTreeMap<String, u32>,
    #[serde(default, skip_serializing_if = "is_false")]
    flooded: bool,
}

#[derive(Serialize, Deserialize)]
struct ConversionItem {
    at: i64,
    score: i64,
    stage: Stage,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes fields by reference")]
const fn is_false(flag: &bool) -> bool {
    !*flag
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes fields by reference")]
const fn is_zero(number: &u32) -> bool {
    *number == 0
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes fields by reference")]
const fn is_unedited(edition: &u64) -> bool {
    *edition == 0
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes fields by reference")]
fn is_new(status: &Status) -> bool {
    *status == Status::New
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes fields by reference")]
fn is_nothing(amount: &Amount) -> bool {
    *amount == Amount::ZERO
}

/// Says that a state lacks the place of its last event.
#[derive(Debug, thiserror::Error)]
#[error("the state has no last event")]
pub(crate) struct NoEvents;

impl StateItem {
    /// Writes a state down.
    ///
    /// # Errors
    /// `NoEvents` for a state before any event: it has nothing to be stored for.
    pub fn new(state: &State) -> Result<Self, NoEvents> {
        let last = state.last_position.as_ref().ok_or(NoEvents)?;
        let counts_last = state.last_event_at == Some(last.timestamp);
        let (facts, work) = (&state.facts, &state.work);
        let created_at = state.created_at.filter(|at| state.first_seen_at != Some(*at));
        let millis = |(name, at): (&String, &Timestamp)| (name.clone(), at.millis());
        let said = |(purpose, consent): (&Purpose, Consent)| {
            (purpose.clone(), (consent.granted, consent.at.millis()))
        };
        let use_of = |(rule, uses): (&String, &Uses)| (rule.clone(), (uses.period, uses.count));
        Ok(Self {
            fold_version: state.fold_version,
            rule_set: state.rule_set,
            points: state.balance.lasting.thousandths(),
            expiring: thousandths(&state.balance.expiring),
            events: state.events,
            suppressed: state.suppressed,
            without_consent: state.without_consent,
            first_seen_at: state.first_seen_at.map(Timestamp::millis),
            last_event_at: state.last_event_at.map(Timestamp::millis),
            created_at: created_at.map(Timestamp::millis),
            last_folded_at: (!counts_last).then(|| last.timestamp.millis()),
            last_event_id: last.event_id.clone(),
            last_event_home: last.home,
            recent: state.recent.iter().map(|at| at.millis()).collect(),
            counts: facts.counts.clone(),
            purchases: facts.purchases,
            revenue: facts.revenue,
            marketplaces: facts.marketplaces.clone(),
            source: facts.source.clone(),
            campaign_source: facts.campaign_source.clone(),
            last_seen: facts.last_seen.iter().map(millis).collect(),
            days: facts.days.clone(),
            read_profile: texts(&state.profile),
            edited: texts(&state.edited),
            consents: state.consents.iter().map(said).collect(),
            consent_changes: state.consents.by_senders(),
            status: work.status,
            assigned_to: work.assigned_to.clone(),
            segment: work.segment,
            deleted_homes: work.deleted_homes.clone(),
            erased_homes: work.erased_homes.clone(),
            deleted: false,
            edition: state.edition,
            last_edit_at: state.last_edit_at.map(Timestamp::millis),
            stay: state.stay.map(|stay| (stay.stage, stay.since.millis())),
            conversion: state.conversion.map(ConversionItem::from),
            scored_by: state.scored_by.bits().to_vec(),
            uses: state.limits.uses.iter().map(use_of).collect(),
            groups: thousandths(&state.limits.groups),
            failures: state.failures.clone(),
            flooded: state.flooded,
        })
    }

    /// Reads the state of the lead of a survivor.
    pub fn into_state(self, place: &Place, survivor: HomeId) -> Result<State, StoreError> {
        let time =
            |millis: i64| Timestamp::from_millis(millis).map_err(|source| place.unreadable(source));
        let first_seen_at = self.first_seen_at.map(time).transpose()?;
        let created_at = self.created_at.map(time).transpose()?.or(first_seen_at);
        let last_event_at = self.last_event_at.map(time).transpose()?;
        let last_folded_at = self.last_folded_at.map(time).transpose()?.or(last_event_at);
        let timestamp = last_folded_at.ok_or_else(|| place.unreadable(NoEvents))?;
        let last_seen: Result<_, _> =
            self.last_seen.into_iter().map(|(name, at)| Ok((name, time(at)?))).collect();
        let mut deleted_homes = self.deleted_homes;
        deleted_homes.extend(self.deleted.then_some(survivor));
        let said = |(purpose, (granted, at))| Ok((purpose, Consent { granted, at: time(at)? }));
        let given = self.consents.into_iter().map(said).collect::<Result<_, StoreError>>()?;
        let stay = |(stage, since)| Ok(Stay { stage, since: time(since)? });
        let conversion =
            |ConversionItem { at, score, stage }| Ok(Conversion { at: time(at)?, score, stage });
        let uses = self.uses.into_iter();
        let uses = uses.map(|(rule, (period, count))| (rule, Uses { period, count })).collect();
        Ok(State {
            fold_version: self.fold_version,
            rule_set: self.rule_set,
            balance: Balance {
                lasting: Points::from_thousandths(self.points),
                expiring: points(self.expiring),
            },
            events: self.events,
            suppressed: self.suppressed,
            without_consent: self.without_consent,
            first_seen_at,
            last_event_at,
            created_at,
            last_position: Some(Position {
                timestamp,
                event_id: self.last_event_id,
                home: self.last_event_home,
            }),
            recent: self.recent.into_iter().map(time).collect::<Result<_, _>>()?,
            facts: Facts {
                counts: self.counts,
                purchases: self.purchases,
                revenue: self.revenue,
                marketplaces: self.marketplaces,
                source: self.source,
                campaign_source: self.campaign_source,
                last_seen: last_seen?,
                days: self.days,
            },
            profile: values(self.read_profile, place)?,
            edited: values(self.edited, place)?,
            consents: Consents::from_parts(given, self.consent_changes),
            work: Work {
                status: self.status,
                assigned_to: self.assigned_to,
                segment: self.segment,
                deleted_homes,
                erased_homes: self.erased_homes,
            },
            edition: self.edition,
            last_edit_at: self.last_edit_at.map(time).transpose()?,
            stay: self.stay.map(stay).transpose()?,
            conversion: self.conversion.map(conversion).transpose()?,
            scored_by: RuleMarks::from_bits(self.scored_by),
            limits: Limits { uses, groups: points(self.groups) },
            failures: self.failures,
            flooded: self.flooded,
        })
    }
}

impl From<Conversion> for ConversionItem {
    fn from(conversion: Conversion) -> Self {
        let Conversion { at, score, stage } = conversion;
        Self { at: at.millis(), score, stage }
    }
}

fn thousandths<K: Ord + Clone>(points: &BTreeMap<K, Points>) -> BTreeMap<K, i64> {
    points.iter().map(|(key, points)| (key.clone(), points.thousandths())).collect()
}

fn points<K: Ord>(thousandths: BTreeMap<K, i64>) -> BTreeMap<K, Points> {
    let read = |(key, thousandths)| (key, Points::from_thousandths(thousandths));
    thousandths.into_iter().map(read).collect()
}

fn texts(profile: &BTreeMap<String, Value>) -> BTreeMap<String, String> {
    profile.iter().map(|(name, value)| (name.clone(), value.to_string())).collect()
}

fn values(
    texts: BTreeMap<String, String>,
    place: &Place,
) -> Result<BTreeMap<String, Value>, StoreError> {
    let read = |(name, text): (String, String)| {
        let value = serde_json::from_str(&text).map_err(|source| place.unreadable(source))?;
        Ok((name, value))
    };
    texts.into_iter().map(read).collect()
}
