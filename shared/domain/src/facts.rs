//! Facts: what the fold keeps about behaviour.
//!
//! Invariant: a map keeps the first [`MAX_KEYS`] keys in fold order, so facts are bounded and do
//! not depend on the order of arrival. What only conditions read is kept only if some does.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::{
    amount::Amount,
    condition::Reads,
    event::Event,
    marketplace::Marketplace,
    time::{Day, Timestamp},
};

/// How many keys a map in [`Facts`] keeps: the first ones in fold order.
pub const MAX_KEYS: usize = 64;

/// How many UTC days, the event's own included, the longest window looks back.
pub const LONGEST_WINDOW_DAYS: u32 = 30;

/// The type of the events that are purchases.
pub const PURCHASE: &str = "order_completed";

/// Where a lead comes from, or trades, when nothing says it.
pub const DIRECT: &str = "direct";

/// How many bytes the name of a source has at most; longer ones are cut.
const MAX_NAME_BYTES: usize = 64;

/// What the fold keeps about behaviour.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// How many events there were of each type.
    pub counts: BTreeMap<String, u32>,
    /// How many purchases there were.
    pub purchases: u32,
    /// What the purchases came to: of each its `revenue`, else its `total`.
    pub revenue: Amount,
    /// How many events named each marketplace, in the order in which they were first named.
    pub marketplaces: Vec<(Marketplace, u32)>,
    /// The latest trait `source`.
    pub source: Option<String>,
    /// The first `campaign.source` of an event's context.
    pub campaign_source: Option<String>,
    /// When the last event of each type happened; kept only if a condition reads it.
    pub last_seen: BTreeMap<String, Timestamp>,
    /// How many events there were on each of the last days; kept only if a condition reads it.
    pub days: BTreeMap<Day, u32>,
}

impl Facts {
    /// Takes in an event.
    pub(crate) fn count(&mut self, event: &Event, reads: &Reads) {
        let event_type = event.event_type.as_str();
        count(&mut self.counts, event_type);
        if event_type == PURCHASE {
            self.purchases += 1;
            let stated = |name: &&str| event.properties.get(*name).and_then(Amount::from_json);
            self.revenue += ["revenue", "total"].iter().find_map(stated).unwrap_or_default();
        }
        if let Some(name) = marketplace(event) {
            self.count_marketplace(name);
        }
        if self.campaign_source.is_none() {
            self.campaign_source =
                campaign_source(&event.context).map(|name| short(name).to_owned());
        }
        if reads.last_seen {
            self.see(event_type, event.timestamp);
        }
        if reads.days {
            self.count_day(event.timestamp.day());
        }
    }

    /// Takes in what an event declares about the person, which a suppressed event does too.
    pub(crate) fn declare(&mut self, traits: &Map<String, Value>) {
        if let Some(source) = text(traits.get("source")) {
            self.source = Some(short(source).to_owned());
        }
    }

    /// Returns the marketplace of most events, of several the one named first; `direct` when no
    /// event named one.
    pub fn marketplace(&self) -> Marketplace {
        let most = self.marketplaces.iter().map(|(_, events)| *events).max();
        let primary = self.marketplaces.iter().find(|(_, events)| Some(*events) == most);
        primary.map_or_else(Marketplace::direct, |(name, _)| name.clone())
    }

    /// Returns where the lead comes from: the trait `source`, else the first campaign's source,
    /// else `direct`.
    pub fn source(&self) -> &str {
        self.source.as_deref().or(self.campaign_source.as_deref()).unwrap_or(DIRECT)
    }

    /// Counts the events on the last `days` UTC days that end with `today`.
    pub fn in_last_days(&self, today: Day, days: u32) -> u32 {
        let first = today.minus_days(days.saturating_sub(1));
        self.days.range(first..=today).map(|(_, events)| events).sum()
    }

    fn count_marketplace(&mut self, name: Marketplace) {
        if let Some((_, events)) = self.marketplaces.iter_mut().find(|(known, _)| *known == name) {
            *events += 1;
        } else if self.marketplaces.len() < MAX_KEYS {
            self.marketplaces.push((name, 1));
        }
    }

    fn see(&mut self, event_type: &str, at: Timestamp) {
        if let Some(last) = self.last_seen.get_mut(event_type) {
            *last = at;
        } else if self.last_seen.len() < MAX_KEYS {
            self.last_seen.insert(event_type.to_owned(), at);
        }
    }

    fn count_day(&mut self, day: Day) {
        *self.days.entry(day).or_default() += 1;
        let first = day.minus_days(LONGEST_WINDOW_DAYS - 1);
        while let Some(oldest) = self.days.first_entry()
            && *oldest.key() < first
        {
            oldest.remove();
        }
    }
}

fn count(counts: &mut BTreeMap<String, u32>, key: &str) {
    if let Some(count) = counts.get_mut(key) {
        *count += 1;
    } else if counts.len() < MAX_KEYS {
        counts.insert(key.to_owned(), 1);
    }
}

/// Reads the marketplace that an event names: its property, else its trait `marketplace`.
fn marketplace(event: &Event) -> Option<Marketplace> {
    let named = [&event.properties, &event.traits].map(|values| values.get("marketplace"));
    named.into_iter().find_map(|named| named?.as_str()?.parse().ok())
}

fn campaign_source(context: &Map<String, Value>) -> Option<&str> {
    text(context.get("campaign")?.get("source"))
}

/// Returns text that says something.
fn text(value: Option<&Value>) -> Option<&str> {
    let text = value?.as_str()?.trim();
    (!text.is_empty()).then_some(text)
}

/// Returns the name of a source as far as it is kept.
pub(crate) fn short(text: &str) -> &str {
    let end = text.floor_char_boundary(MAX_NAME_BYTES);
    text.get(..end).unwrap_or_default().trim_end()
}
