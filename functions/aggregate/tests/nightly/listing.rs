//! After a night, leads are listed in the order of their scores as of then.

use std::cmp::Reverse;

use domain::{
    lead::{Cause, Crossing, Lead},
    stage::Stage,
    time::DAY_MS,
};
use testing::{Tables, a_tenant};

use crate::{
    night::{Night, at},
    population::{event, standing, standing_at, store},
};

#[tokio::test]
async fn leads_are_listed_by_what_idle_time_left_them() {
    let tables = Tables::with_tenant(&a_tenant()).await;
    let noon = at("2026-11-20T12:00:00Z");
    let mut leads: Vec<Lead> = Vec::new();
    for (idle_days, event_type) in
        [(0, "signup"), (8, "contract_signed"), (20, "contract_signed"), (30, "demo_request")]
    {
        let seen = noon.plus_millis(-idle_days * DAY_MS);
        let user = format!("idle {idle_days}");
        leads.push(store(&tables.store, &[event(&user, "1", event_type, seen)]).await);
    }

    Night::new(tables.store.clone()).run("2026-11-21T00:10:00Z").await;

    let now = at("2026-11-21T00:10:02Z");
    leads.sort_by_key(|lead| Reverse((standing_at(lead, now).score, lead.survivor.id.to_string())));
    let mut listed = Vec::new();
    for stage in Stage::ALL.into_iter().rev() {
        listed.extend(tables.store.leads_by_score(&a_tenant(), stage, None, 100).await.unwrap());
    }
    let expected: Vec<_> = leads.iter().map(|lead| standing_at(lead, now)).collect();
    assert_eq!(listed.iter().map(|listed| listed.standing).collect::<Vec<_>>(), expected);
    let expected: Vec<_> = leads.iter().map(|lead| lead.survivor.id).collect();
    assert_eq!(listed.iter().map(|listed| listed.lead.survivor.id).collect::<Vec<_>>(), expected);
    assert_ne!(leads.iter().map(standing).collect::<Vec<_>>(), expected_scores(&listed));
}

fn expected_scores(listed: &[dynamo::ListedLead]) -> Vec<dynamo::Standing> {
    listed.iter().map(|listed| listed.standing).collect()
}

#[tokio::test]
async fn a_stage_that_time_changed_crosses_by_decay_and_an_earlier_note_is_dropped() {
    let tables = Tables::with_tenant(&a_tenant()).await;
    let noon = at("2026-11-20T12:00:00Z");
    let noted = Some(Crossing { from: Stage::Cold, cause: Cause::Event });
    let decayed = |from| Some(Crossing { from, cause: Cause::Decay });
    let leads = [
        ("contract_signed", 0, noted),
        ("contract_signed", 9, decayed(Stage::Qualified)),
        ("demo_request", 9, None),
        ("demo_request", 60, decayed(Stage::Warm)),
    ];
    let at_noon = |n: usize| {
        let (event_type, idle_days, _) = leads[n];
        let then = noon.plus_millis(-idle_days * DAY_MS);
        event(&format!("u{n}"), "1", event_type, then)
    };
    for n in 0..leads.len() {
        let lead = store(&tables.store, &[at_noon(n)]).await;
        let standing = standing(&lead);
        assert!(
            tables.store.refresh_standing(&a_tenant(), &lead, standing, noted, noon).await.unwrap()
        );
    }
    Night::new(tables.store.clone()).run("2026-11-21T00:10:00Z").await;
    for (n, (_, _, expected)) in leads.into_iter().enumerate() {
        let lead = tables.store.lead(&a_tenant(), at_noon(n).home.id).await.unwrap().unwrap();
        assert_eq!(lead.crossing, expected, "{n}");
    }
}

#[tokio::test]
async fn a_lead_committed_since_it_was_read_keeps_what_the_commit_wrote() {
    let tables = Tables::with_tenant(&a_tenant()).await;
    let noon = at("2026-11-20T12:00:00Z");
    let first = [event("ana", "1", "signup", noon)];
    let read = store(&tables.store, &first).await;
    let second = [event("ana", "2", "demo_request", noon.plus_millis(1))];
    let committed = crate::population::add(&tables.store, &read, &first, &second).await;

    let stale = standing_at(&read, noon.plus_millis(20 * DAY_MS));
    assert!(!tables.store.refresh_standing(&a_tenant(), &read, stale, None, noon).await.unwrap());

    let listed = tables.store.leads_by_score(&a_tenant(), Stage::Hot, None, 10).await.unwrap();
    assert_eq!(listed[0].lead, committed);
    assert_eq!(listed[0].standing, standing(&committed));
}
