//! The state of a lead with new events: applied where they are newest, folded again where not.

use std::collections::HashSet;

use domain::{
    archived::EventHomes,
    event::Event,
    fold::{apply, fold, sorted},
    rules::Rules,
    state::State,
    tenant::TenantId,
};
use dynamo::{Store, StoreError};

/// Applies new events to a state, given in any order. `None` when the lead must be folded again.
pub(crate) fn applied(state: &State, rules: &Rules, new: &[Event]) -> Option<State> {
    if !state.is_current(rules.version()) {
        return None;
    }
    let mut state = state.clone();
    for event in sorted(new.iter().cloned()) {
        apply(&mut state, rules, &event).ok()?;
    }
    Some(state)
}

/// Folds all stored events of some homes, and new ones that are not stored yet.
///
/// Of an event that is stored as well as new, the stored copy is the event.
pub(crate) async fn refolded(
    store: &Store,
    tenant: &TenantId,
    rules: &Rules,
    homes: EventHomes,
    new: &[Event],
) -> Result<State, StoreError> {
    let mut events = store.foldable_events(tenant, homes).await?;
    let place = |event: &Event| (event.home.id, event.event_id.clone());
    let wanted: HashSet<_> = new.iter().map(place).collect();
    let stored: HashSet<_> = if wanted.is_empty() {
        HashSet::new()
    } else {
        events.iter().map(place).filter(|place| wanted.contains(place)).collect()
    };
    events.extend(new.iter().filter(|event| !stored.contains(&place(event))).cloned());
    Ok(fold(rules, events))
}
