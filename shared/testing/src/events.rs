//! Events of people, as `ingest` would send them.

use std::collections::BTreeMap;

use domain::{
    edit::{Edit, LEAD_EDITED},
    event::{Arrival, Event, EventId},
    home::{HomeRef, InstallationSecret},
    identity::{Identity, Kind},
    link::{Link, Role},
    rule_set::RuleSet,
    rules::Rules,
    tenant::TenantId,
    time::{DAY_MS, Timestamp},
};
use serde_json::{Map, Value};
use vault::IDENTITY_FIELD;

use crate::keys::keyring;

/// Returns the tenant that tests write to.
pub fn a_tenant() -> TenantId {
    "acme".parse().expect("a tenant id")
}

/// Returns the default rules.
pub fn rules() -> Rules {
    Rules::prepare(RuleSet::default_set().expect("the default rules read"))
        .expect("the default rules are sound")
}

/// Returns the home of an identity of the test tenant.
pub fn home_of(kind: Kind, value: &str) -> HomeRef {
    let identity = Identity::new(kind, value).expect("a valid identity");
    InstallationSecret::new([7; 32]).home(&a_tenant(), &identity, 0)
}

/// Builds an event: by default a page view of user `u1` at noon of 2026-01-01.
#[derive(Clone, Debug)]
pub struct EventBuilder {
    id: String,
    event_type: String,
    identities: BTreeMap<Kind, String>,
    previous_id: Option<String>,
    timestamp: Timestamp,
    properties: Map<String, Value>,
    traits: Map<String, Value>,
    edit: Option<Box<Edit>>,
}

/// Begins an event with that id.
pub fn an_event(id: impl Into<String>) -> EventBuilder {
    EventBuilder {
        id: id.into(),
        event_type: "page_view".to_owned(),
        identities: BTreeMap::new(),
        previous_id: None,
        timestamp: "2026-01-01T12:00:00Z".parse().expect("an instant"),
        properties: Map::new(),
        traits: Map::new(),
        edit: None,
    }
}

impl EventBuilder {
    /// Says what happened.
    #[must_use]
    pub fn of_type(mut self, event_type: &str) -> Self {
        event_type.clone_into(&mut self.event_type);
        self
    }

    /// Adds an identity.
    #[must_use]
    pub fn by(mut self, kind: Kind, value: &str) -> Self {
        self.identities.insert(kind, value.to_owned());
        self
    }

    /// Makes it an alias of a former id.
    #[must_use]
    pub fn formerly(mut self, previous_id: &str) -> Self {
        "alias".clone_into(&mut self.event_type);
        self.previous_id = Some(previous_id.to_owned());
        self
    }

    /// Moves it by that many days.
    #[must_use]
    pub fn days_later(mut self, days: i64) -> Self {
        self.timestamp = self.timestamp.plus_millis(days * DAY_MS);
        self
    }

    /// Moves it by that many seconds.
    #[must_use]
    pub fn seconds_later(mut self, seconds: i64) -> Self {
        self.timestamp = self.timestamp.plus_millis(seconds * 1_000);
        self
    }

    /// Moves it to an instant.
    #[must_use]
    pub const fn at(mut self, timestamp: Timestamp) -> Self {
        self.timestamp = timestamp;
        self
    }

    /// Says something about what happened.
    #[must_use]
    pub fn with_property(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.properties.insert(name.to_owned(), value.into());
        self
    }

    /// Declares something about the person.
    #[must_use]
    pub fn declaring(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.traits.insert(name.to_owned(), value.into());
        self
    }

    /// Makes it an edit by hand.
    #[must_use]
    pub fn editing(mut self, edit: Edit) -> Self {
        LEAD_EDITED.clone_into(&mut self.event_type);
        self.edit = Some(Box::new(edit));
        self
    }

    /// Returns the event as it is queued.
    pub fn arrival(mut self) -> Arrival {
        if self.identities.is_empty() {
            self = self.by(Kind::UserId, "u1");
        }
        let keyring = keyring();
        let sealed = |home: HomeRef, field: &str, value: &str| {
            keyring.seal_for_transit(home.id, field, value).expect("a value that can be sealed")
        };
        let identity = |home: HomeRef, value: &str| (home, sealed(home, IDENTITY_FIELD, value));
        let identities = self.identities.iter();
        let mut named: Vec<_> =
            identities.map(|(kind, value)| identity(home_of(*kind, value), value)).collect();
        let home = named.first().expect("at least one identity").0;
        let carried = named.iter().skip(1);
        let mut links: Vec<_> =
            carried.map(|(from, _)| Link { from: *from, to: home, role: Role::Carried }).collect();
        for kind in [Kind::UserId, Kind::AnonymousId] {
            let Some(previous) = &self.previous_id else { continue };
            let from = home_of(kind, previous);
            if from != home {
                links.push(Link { from, to: home, role: Role::Alias });
                named.push(identity(from, previous));
            }
        }
        let set_sealed = self.edit.iter().flat_map(|edit| &edit.set_sealed);
        let edited = set_sealed.map(|name| (name.clone(), sealed(home, name, name))).collect();
        Arrival {
            event: Event {
                event_id: EventId::from_sender(&self.id).expect("an event id"),
                event_type: self.event_type,
                home,
                timestamp: self.timestamp,
                received_at: self.timestamp,
                properties: self.properties,
                context: Map::new(),
                traits: self.traits,
                links,
                edit: self.edit,
            },
            identities: named.into_iter().map(|(home, sealed)| (home.id, sealed)).collect(),
            personal: BTreeMap::new(),
            edited,
        }
    }

    /// Returns the event alone.
    pub fn event(self) -> Event {
        self.arrival().event
    }
}
