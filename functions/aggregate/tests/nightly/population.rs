//! Leads as `score` would have left them.

use domain::{
    event::Event,
    family::Member,
    fold::fold,
    identity::Kind,
    lead::Lead,
    tenant::TenantId,
    time::{Day, Timestamp},
    view::view,
};
use dynamo::{ChangedLead, Commit, Standing, Store};
use testing::{a_tenant, an_event, rules};

/// An event of a person.
pub fn event(user: &str, id: &str, event_type: &str, at: Timestamp) -> Event {
    an_event(id).of_type(event_type).by(Kind::UserId, user).at(at).event()
}

/// The lead of a set of events, at version 1: the events' homes are one family.
pub fn lead_of(events: &[Event]) -> Lead {
    let mut members: Vec<_> =
        events.iter().map(|event| Member { home: event.home, has_events: true }).collect();
    members.sort_by_key(|member| member.home.id);
    members.dedup();
    let survivor = members.iter().map(|member| member.home).min().unwrap();
    let state = fold(&rules(), events.to_vec());
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

/// What a lead is listed by when it is committed at once with its last event.
pub fn standing(lead: &Lead) -> Standing {
    standing_at(lead, lead.state.last_event_at.unwrap())
}

pub fn standing_at(lead: &Lead, now: Timestamp) -> Standing {
    let view = view(&lead.state, &rules(), now);
    Standing { score: view.score, stage: view.stage }
}

/// Stores the lead of a set of events for the test tenant.
pub async fn store(store: &Store, events: &[Event]) -> Lead {
    store_for(store, &a_tenant(), lead_of(events), events, None).await
}

/// Adds events to a lead that is stored.
pub async fn add(store: &Store, before: &Lead, old: &[Event], new: &[Event]) -> Lead {
    let mut lead = lead_of(&[old, new].concat());
    lead.version = before.version + 1;
    store_for(store, &a_tenant(), lead, new, Some(before.version)).await
}

pub async fn store_for(
    store: &Store,
    tenant: &TenantId,
    lead: Lead,
    new: &[Event],
    read_version: Option<u64>,
) -> Lead {
    let standing = standing(&lead);
    let changed = ChangedLead { lead: lead.clone(), read_version, standing };
    let commit = Commit { events: new.to_vec(), leads: vec![changed], ..Commit::default() };
    store.commit(tenant, &commit).await.unwrap();
    lead
}

pub fn day(text: &str) -> Day {
    text.parse().unwrap()
}
