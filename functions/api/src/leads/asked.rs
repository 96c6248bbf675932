//! What a query for leads asks for: what drives the list, and what filters it.
//!
//! Invariant: one thing drives a list. What contradicts it is refused by name, never dropped.

use domain::{
    actor::Actor,
    edit::Choice,
    identity::{Identity, InvalidIdentity, Kind},
    lead_filter::LeadFilter,
    marketplace::Marketplace,
    search,
    time::{Day, Timestamp},
    user::UserId,
};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

use super::place::{At, Place, digest};
use crate::{cursor, error::ApiError, guard::Admitted, query::Query};

const LIMIT: u16 = 50;
const MOST: u16 = 250;

/// The highest score that a lead is listed under.
const MOST_SCORE: i64 = 999_999_999_999;

/// How many bytes the name of a source or marketplace has at most.
const MAX_NAME_BYTES: usize = 64;

const PARAMETERS: &[&str] = &[
    "sort",
    "q",
    "assigned_to",
    "stage",
    "status",
    "segment",
    "source",
    "marketplace",
    "min_score",
    "max_score",
    "known",
    "created_from",
    "created_to",
    "active_from",
    "active_to",
    "limit",
    "cursor",
    "user_id",
    "email",
    "external",
    "phone",
    "anonymous_id",
];

/// What a query asks for.
pub enum Asked {
    /// A page of a list.
    List(Box<Listing>),
    /// The lead of an identity.
    Person(Identity),
    /// A lead that there cannot be: of a value that stands for nobody, such as `undefined`, or of
    /// another user where the caller sees only their own.
    Nobody,
}

/// One page of a list.
pub struct Listing {
    /// What drives it.
    pub driver: Driver,
    /// Which leads are shown.
    pub filter: LeadFilter,
    /// How many at most.
    pub limit: u16,
    /// Where it goes on.
    pub after: Option<At>,
    /// What tells this request from others.
    pub made_for: String,
}

/// What drives a list.
#[derive(Clone, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Driver {
    /// Stage and score.
    Score,
    /// The leads of one user, the latest first.
    Owner(UserId),
    /// When leads came to be.
    Created {
        /// The earliest instant.
        from: Option<Timestamp>,
        /// The latest instant.
        to: Option<Timestamp>,
    },
    /// The day of the last event.
    Activity {
        /// The earliest day.
        from: Option<Day>,
        /// The latest day.
        to: Option<Day>,
    },
    /// What somebody typed.
    Search {
        /// The text.
        text: String,
        /// What it means.
        #[serde(skip)]
        query: search::Query,
    },
}

impl Asked {
    /// Reads a query.
    pub fn parse(raw: Option<&str>, admitted: &Admitted) -> Result<Self, ApiError> {
        let mut query = Query::parse(raw, PARAMETERS);
        let identity = Kind::ALL.into_iter().find_map(|kind| {
            let value = query.text(kind.as_str())?;
            Some((kind, Identity::new(kind, &value)))
        });
        let Some((kind, identity)) = identity else { return Self::list(query, admitted) };
        for other in query.rest() {
            let message = format!("{kind} finds one lead and takes no other parameter");
            query.refuse(other, "conflicting_parameter", message);
        }
        match &identity {
            Ok(_) | Err(InvalidIdentity::Placeholder(_)) => {}
            Err(error) => query.refuse(kind.as_str(), "invalid_identity", error.to_string()),
        }
        query.finish()?;
        if identity == Err(InvalidIdentity::Placeholder(kind)) {
            return Ok(Self::Nobody);
        }
        // What was no identity was refused above.
        identity.map(Self::Person).map_err(|_| cursor::invalid().into())
    }

    fn list(mut query: Query, admitted: &Admitted) -> Result<Self, ApiError> {
        let mut filter = filter(&mut query, admitted);
        let driver = driver(&mut query, &filter);
        let limit = query.limit(LIMIT, MOST);
        let cursor = query.text("cursor");
        query.finish()?;
        let mut driver = driver;
        if let Some(me) = admitted.own_leads_only() {
            let own = Choice::Set(me.clone());
            if filter.assigned_to.as_ref().is_some_and(|asked| *asked != own) {
                return Ok(Self::Nobody);
            }
            filter.assigned_to = Some(own);
            driver = driver.or_else(|| Some(Driver::Owner(me.clone())));
        }
        let driver = driver.unwrap_or(Driver::Score);
        let keyring = admitted.keyring();
        let made_for = digest(&(&driver, &filter), keyring)?;
        let after = cursor.map(|cursor| Place::read(&cursor, &made_for, keyring)).transpose()?;
        Ok(Self::List(Box::new(Listing { driver, filter, limit, after, made_for })))
    }
}

/// Reads what drives a list; `None` when nothing is said of it.
fn driver(query: &mut Query, filter: &LeadFilter) -> Option<Driver> {
    let created =
        (query.read("created_from", Timestamp::bound), query.read("created_to", Timestamp::bound));
    let active = (query.read("active_from", Day::bound), query.read("active_to", Day::bound));
    let order = query.text("sort");
    let search = query.text("q");
    for (name, is_given, belongs_to) in [
        ("created_from", created.0.is_some(), "created"),
        ("created_to", created.1.is_some(), "created"),
        ("active_from", active.0.is_some(), "activity"),
        ("active_to", active.1.is_some(), "activity"),
    ] {
        if is_given && order.as_deref() != Some(belongs_to) {
            let message = format!("{name} needs sort={belongs_to}");
            query.refuse(name, "conflicting_parameter", message);
        }
    }
    if let Some(text) = search {
        if order.is_some() {
            let message = "q finds leads in an order of its own and takes no sort".to_owned();
            query.refuse("sort", "conflicting_parameter", message);
        }
        let read = search::Query::parse(&text);
        let read = read.map_err(|error| query.refuse("q", "invalid_value", error.to_string()));
        return read.ok().map(|query| Driver::Search { text, query });
    }
    match order.as_deref() {
        Some("score") => Some(Driver::Score),
        Some("created") => Some(Driver::Created { from: created.0, to: created.1 }),
        Some("activity") => Some(Driver::Activity { from: active.0, to: active.1 }),
        Some(_) => {
            let message = "sort is one of score, created, activity".to_owned();
            query.refuse("sort", "invalid_value", message);
            None
        }
        None => filter.assigned_to.as_ref()?.chosen().map(Driver::Owner),
    }
}

/// Reads what filters a list.
fn filter(query: &mut Query, admitted: &Admitted) -> LeadFilter {
    LeadFilter {
        stage: query.parsed("stage"),
        status: word(query, "status"),
        segment: word(query, "segment"),
        source: name(query, "source"),
        marketplace: marketplace(query),
        min_score: score(query, "min_score"),
        max_score: score(query, "max_score"),
        known: query.flag("known"),
        assigned_to: assigned_to(query, admitted),
    }
}

fn assigned_to(query: &mut Query, admitted: &Admitted) -> Option<Choice<UserId>> {
    let text = query.text("assigned_to")?;
    let user = match (text.as_str(), admitted.actor()) {
        ("none", _) => return Some(Choice::Clear),
        ("me", Actor::User(me)) => Ok(me),
        ("me", _) => Err("an API key works no leads; name a user".to_owned()),
        (id, _) => id.parse().map_err(|_| "assigned_to is a user id, me or none".to_owned()),
    };
    user.map_err(|message| query.refuse("assigned_to", "invalid_value", message))
        .ok()
        .map(Choice::Set)
}

/// Takes a parameter that is one of the words of a `T`.
fn word<T: DeserializeOwned>(query: &mut Query, name: &'static str) -> Option<T> {
    let read = serde_json::from_value(Value::String(query.text(name)?));
    read.map_err(|_| {
        let message = format!("{name} is one of the words that the documentation names");
        query.refuse(name, "invalid_value", message);
    })
    .ok()
}

/// Reads a marketplace by any of its spellings.
fn marketplace(query: &mut Query) -> Option<Marketplace> {
    query.read("marketplace", |text| match text.chars().count() {
        0..=MAX_NAME_BYTES => text.parse::<Marketplace>().map_err(|error| error.to_string()),
        _ => Err(format!("marketplace has 1 to {MAX_NAME_BYTES} characters")),
    })
}

fn name(query: &mut Query, name: &'static str) -> Option<String> {
    let text = query.text(name)?;
    if (1..=MAX_NAME_BYTES).contains(&text.len()) {
        return Some(text);
    }
    query.refuse(name, "out_of_range", format!("{name} has 1 to {MAX_NAME_BYTES} bytes"));
    None
}

fn score(query: &mut Query, name: &'static str) -> Option<i64> {
    let read = query.text(name)?.parse().ok();
    let score = read.filter(|score| (0..=MOST_SCORE).contains(score));
    if score.is_none() {
        let message = format!("{name} is a whole number from 0 to {MOST_SCORE}");
        query.refuse(name, "out_of_range", message);
    }
    score
}
