//! What every DynamoDB must do for the store: the same checks run on each server that the
//! project is tested with.
//!
//! Invariant: a check leaves a tenant of its own behind and looks at nothing else, so checks can
//! run on tables that hold other things.

mod callers;
mod edits;
mod guard;
mod jobs;
mod lists;

use std::collections::BTreeSet;

use domain::{
    event::Event,
    fold::fold,
    identity::Kind,
    lead::{Cause, Crossing, Home, Lead},
    stage::Stage,
    tenant::TenantId,
    view::view,
};
use dynamo::{ChangedLead, Commit, CommitError, ScorePlace, Standing};

use crate::{Tables, an_event, home_of, rules};

/// Runs every check on tables; a failed one panics with what it claims.
pub async fn check_store(tables: &Tables, prefix: &str) {
    let tenant = |name: &str| -> TenantId { format!("{prefix}-{name}").parse().unwrap() };
    a_tenant_is_made_once(tables, &tenant("made")).await;
    what_is_committed_reads_back(tables, &tenant("reads")).await;
    a_stored_event_is_told_and_nothing_else_is_written(tables, &tenant("stored")).await;
    a_stale_version_changes_nothing(tables, &tenant("stale")).await;
    events_beyond_one_page_are_all_read(tables, &tenant("pages")).await;
    leads_are_listed_by_score_page_by_page(tables, &tenant("lists")).await;
    edits::check(tables, &tenant).await;
    jobs::check(tables, &tenant).await;
    lists::check(tables, &tenant).await;
    guard::check(tables, &tenant).await;
    callers::check(tables, &tenant).await;
}

async fn a_tenant_is_made_once(tables: &Tables, tenant: &TenantId) {
    tables.add_tenant(tenant).await;
    let made = tables.store.tenant(tenant).await.unwrap().unwrap();
    let rules = tables.store.active_rule_set(tenant).await.unwrap();
    assert_eq!(rules.version, 1);
    let again = tables.store.create_tenant(&made, &rules, &[], None).await.unwrap();
    assert!(!again, "a tenant is made once");
}

/// A commit of a new lead of user `value` with these events.
fn new_lead(value: &str, events: Vec<Event>) -> Commit {
    let home = home_of(Kind::UserId, value);
    let state = fold(&rules(), events.clone());
    let shown = view(&state, &rules(), state.last_position.as_ref().unwrap().timestamp);
    let lead = Lead {
        survivor: home,
        version: 1,
        members: vec![domain::family::Member { home, has_events: true }],
        identity_limit: false,
        state,
        crossing: Some(Crossing { from: Stage::Hot, cause: Cause::Link }),
        erased: None,
        archived: None,
    };
    let standing = Standing { score: shown.score, stage: shown.stage };
    Commit {
        events,
        homes: vec![Home { has_events: true, carried: true, ..Home::new(home) }],
        leads: vec![ChangedLead { lead, read_version: None, standing }],
        ..Commit::default()
    }
}

fn by(value: &str, id: &str) -> crate::EventBuilder {
    an_event(id).by(Kind::UserId, value)
}

async fn what_is_committed_reads_back(tables: &Tables, tenant: &TenantId) {
    let event = by("u1", "e1").declaring("seats", 1.1e-7).declaring("title", "Ms \"X\" ✓").event();
    let commit = new_lead("u1", vec![event.clone()]);
    tables.store.commit(tenant, &commit).await.unwrap();
    let home = event.home.id;
    assert_eq!(tables.store.events(tenant, home).await.unwrap(), [event]);
    assert_eq!(
        tables.store.lead(tenant, home).await.unwrap().as_ref(),
        commit.leads.first().map(|changed| &changed.lead)
    );
    let read = tables.store.homes(tenant, [home]).await.unwrap();
    assert_eq!(read.get(&home).map(|home| home.version), Some(1));
}

async fn a_stored_event_is_told_and_nothing_else_is_written(tables: &Tables, tenant: &TenantId) {
    let first = new_lead("u1", vec![by("u1", "e1").event()]);
    tables.store.commit(tenant, &first).await.unwrap();
    let both = vec![by("u1", "e1").event(), by("u1", "e2").event()];
    let refused = tables.store.commit(tenant, &Commit { events: both, ..Commit::default() }).await;
    let home = home_of(Kind::UserId, "u1").id;
    let e1 = (home, by("u1", "e1").event().event_id);
    assert!(
        matches!(refused, Err(CommitError::Stored(stored)) if stored == BTreeSet::from([e1])),
        "the stored event is named"
    );
    assert_eq!(tables.store.events(tenant, home).await.unwrap().len(), 1);
}

async fn a_stale_version_changes_nothing(tables: &Tables, tenant: &TenantId) {
    let commit = new_lead("u1", vec![by("u1", "e1").event()]);
    tables.store.commit(tenant, &commit).await.unwrap();
    let home = home_of(Kind::UserId, "u1").id;
    let new = vec![by("u1", "e2").event()];
    let stale = |change: &dyn Fn(&mut Commit)| {
        let mut commit = Commit { events: new.clone(), ..Commit::default() };
        change(&mut commit);
        commit
    };
    let lead = commit.leads[0].clone();
    for attempt in [
        stale(&|commit| commit.leads.push(lead.clone())),
        stale(&|commit| commit.leads.push(ChangedLead { read_version: Some(9), ..lead.clone() })),
        stale(&|commit| commit.homes.push(Home::new(home_of(Kind::UserId, "u1")))),
        stale(&|commit| commit.gone.push((home, 9))),
        stale(&|commit| commit.unchanged.push((home, 9))),
    ] {
        let refused = tables.store.commit(tenant, &attempt).await;
        assert!(matches!(refused, Err(CommitError::Changed)), "{refused:?}");
    }
    assert_eq!(tables.store.events(tenant, home).await.unwrap().len(), 1);
    assert_eq!(tables.store.lead(tenant, home).await.unwrap(), Some(lead.lead));
}

async fn events_beyond_one_page_are_all_read(tables: &Tables, tenant: &TenantId) {
    let home = home_of(Kind::UserId, "u1").id;
    let long = "x".repeat(30_000);
    for batch in 0..3 {
        let event = |n| by("u1", &format!("e{batch}-{n}")).declaring("long", long.as_str()).event();
        let events = (0..20).map(event).collect();
        tables.store.commit(tenant, &Commit { events, ..Commit::default() }).await.unwrap();
    }
    assert_eq!(tables.store.events(tenant, home).await.unwrap().len(), 60);
}

async fn leads_are_listed_by_score_page_by_page(tables: &Tables, tenant: &TenantId) {
    for n in 1..=9_u8 {
        let user = format!("u{n}");
        let views = (0..n % 6).map(|view| by(&user, &format!("e{view}")).event());
        let signup = by(&user, "s").of_type("signup").event();
        let commit = new_lead(&user, views.chain([signup]).collect());
        tables.store.commit(tenant, &commit).await.unwrap();
    }
    let warm = domain::stage::Stage::Warm;
    let whole = tables.store.leads_by_score(tenant, warm, None, 100).await.unwrap();
    let scores: Vec<i64> = whole.iter().map(|listed| listed.standing.score).collect();
    assert_eq!(scores, [55, 50, 45, 45, 40, 40, 35, 35, 30]);
    let (mut paged, mut after) = (Vec::new(), None);
    loop {
        let page = tables.store.leads_by_score(tenant, warm, after, 2).await.unwrap();
        let Some(last) = page.last() else { break };
        after = Some(ScorePlace { score: last.standing.score, lead: last.lead.survivor.id });
        paged.extend(page);
    }
    assert_eq!(paged, whole, "pages are the list, without gap or repetition");
}
