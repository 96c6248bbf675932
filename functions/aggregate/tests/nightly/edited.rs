//! What people decide by hand, and what former code left, in the nightly run.

use domain::{actor::Actor, edit::Edit, event::Event, identity::Kind};
use dynamo::ListKey;
use testing::{Tables, a_tenant, an_event};

use crate::{
    night::{Night, at},
    population::{day, event, store},
};

/// Somebody signs up at noon of the day, and is deleted or restored by hand.
fn person(user: &str, edits: &[(bool, &str)]) -> Vec<Event> {
    let edits = edits.iter().enumerate().map(|(n, (deleted, when))| {
        let edit = Edit { deleted: Some(*deleted), ..Edit::by(Actor::System) };
        let event = an_event(format!("edit {n}")).by(Kind::UserId, user).editing(edit);
        event.at(at(when)).event()
    });
    let signup = event(user, "1", "signup", at("2026-11-20T12:00:00Z"));
    std::iter::once(signup).chain(edits).collect()
}

#[tokio::test]
async fn a_deleted_lead_is_counted_on_the_days_at_whose_end_it_was_there() {
    let tables = Tables::with_tenant(&a_tenant()).await;
    let (during, after) = ("2026-11-20T13:00:00Z", "2026-11-21T00:05:00Z");
    for events in [
        person("there", &[]),
        person("deleted", &[(true, during)]),
        person("deleted later", &[(true, after)]),
        person("restored later", &[(true, during), (false, after)]),
    ] {
        store(&tables.store, &events).await;
    }
    let night = Night::new(tables.store.clone());
    let ended = day("2026-11-20");
    let totals =
        async || tables.store.rollups(&a_tenant(), ended, ended).await.unwrap()[0].rollup.totals();
    night.run("2026-11-21T00:10:00Z").await;
    let picture = totals().await;
    assert_eq!((picture.picture.leads, picture.counts.new_leads), (2, 2), "of the last instant");
    // Whatever made the day dirty: what was decided after it changes nothing.
    tables.store.mark_dirty_days(&a_tenant(), &(ended..=ended), at(after)).await.unwrap();
    night.run("2026-11-22T00:10:00Z").await;
    assert_eq!(totals().await, picture);
}

#[tokio::test]
async fn a_deleted_lead_comes_into_no_list_by_the_clock() {
    let tables = Tables::with_tenant(&a_tenant()).await;
    let events = person("deleted", &[(true, "2026-11-20T13:00:00Z")]);
    let lead = store(&tables.store, &events).await;
    let before = tables.store.listed_lead(&a_tenant(), lead.survivor.id).await.unwrap();
    Night::new(tables.store.clone()).run("2026-12-21T00:10:00Z").await;
    let after = tables.store.listed_lead(&a_tenant(), lead.survivor.id).await.unwrap();
    assert_eq!(after, before);
    for stage in domain::stage::Stage::ALL {
        let listed = tables.store.leads_by_score(&a_tenant(), stage, None, 9).await.unwrap();
        assert_eq!(listed, []);
    }
}

#[tokio::test]
async fn a_lead_that_former_code_wrote_is_in_every_list_after_a_night() {
    let tables = Tables::with_tenant(&a_tenant()).await;
    let lead = store(&tables.store, &person("ana", &[])).await;
    tables.leave_to_former_code(&a_tenant(), lead.survivor.id).await;
    let all = ListKey::Created { from: None, to: None };
    let active = ListKey::Activity { from: Some(day("2026-11-20")), to: None };
    let listed =
        async |key| tables.store.leads_by(&a_tenant(), key, None, 9).await.unwrap().entries.len();
    assert_eq!((listed(all).await, listed(active).await), (0, 0));
    Night::new(tables.store.clone()).run("2026-11-21T00:10:00Z").await;
    assert_eq!((listed(all).await, listed(active).await), (1, 1));
    assert_eq!(tables.store.lead(&a_tenant(), lead.survivor.id).await.unwrap(), Some(lead));
}
