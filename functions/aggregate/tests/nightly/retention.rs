//! Whom a night erases, and what it leaves of them.

use std::convert::Infallible;

use domain::{
    actor::Actor,
    consent::Purpose,
    edit::Edit,
    erasure::Reason,
    home::HomeId,
    identity::Kind,
    lead::{Lead, Status},
    retention::Retention,
    time::{DAY_MS, Timestamp},
};
use dynamo::{AuditRange, NightCounts, TenantSettings};
use scoring::{Current, Expected, Order, Scorer};
use testing::{Tables, a_tenant, a_user, an_event, home_of, keyring};

use crate::{
    audit::Lines,
    night::{Night, at},
    population::day,
};

pub const NIGHT: &str = "2026-11-21T00:10:00Z";

/// Scores a signup of somebody with an email address.
pub async fn signs_up(tables: &Tables, user: &str, when: Timestamp) -> HomeId {
    let email = format!("{}@example.com", user.replace(' ', "."));
    let signup = an_event(format!("signup of {user}")).of_type("signup").at(when);
    let arrival = signup.by(Kind::UserId, user).by(Kind::Email, &email).arrival();
    let home = home_of(Kind::UserId, user).id;
    let scorer = Scorer::new(tables.store.clone());
    scorer.score(&keyring(), home, vec![arrival], when).await.unwrap();
    home
}

/// Edits a lead by hand.
pub async fn edits(tables: &Tables, home: HomeId, edit: Edit, when: Timestamp) {
    let make = |_: Current<'_>| {
        let mut made = an_event(format!("edit of {home} at {when}")).at(when).editing(edit.clone());
        made = made.by(Kind::UserId, "nobody");
        let mut made = made.arrival();
        made.identities.clear();
        Ok::<_, Infallible>(Some(made))
    };
    let scorer = Scorer::new(tables.store.clone());
    scorer.edit(&keyring(), home, Expected::Any, None, when, make).await.unwrap();
}

pub fn consenting(granted: bool) -> Edit {
    let purpose: Purpose = "marketing".parse().unwrap();
    let mut edit = Edit::by(Actor::System);
    edit.consents.insert(purpose, granted);
    edit
}

fn contacting() -> Edit {
    Edit { status: Some(Status::Contacted), ..Edit::by(Actor::System) }
}

/// Deletes a lead, to be erased on a day.
pub fn deleting(erase_on: &str) -> Edit {
    Edit { deleted: Some(true), erase_on: Some(day(erase_on)), ..Edit::by(Actor::System) }
}

pub async fn lead(tables: &Tables, home: HomeId) -> Lead {
    tables.store.lead(&a_tenant(), home).await.unwrap().unwrap()
}

pub async fn record(tables: &Tables, date: &str) -> NightCounts {
    let pass = Some(day(date).next().into());
    let runs = tables.store.nightly_runs(&a_tenant(), pass, 1).await.unwrap();
    assert_eq!(runs[0].pass.to_string(), date);
    runs[0].counts.clone()
}

async fn leads_of(tables: &Tables, date: &str) -> u64 {
    let day = day(date);
    let rollups = tables.store.rollups(&a_tenant(), day, day).await.unwrap();
    rollups[0].rollup.totals().picture.leads
}

/// Returns an instant so many days before the night, and some milliseconds.
pub fn before(days: i64, millis: i64) -> Timestamp {
    at(NIGHT).plus_millis(2_000 - days * DAY_MS - millis)
}

#[tokio::test]
async fn silent_leads_without_consent_become_anonymous_and_stay_in_the_picture_of_the_day() {
    let tables = Tables::with_tenant(&a_tenant()).await;
    let silent = signs_up(&tables, "silent", before(90, 0)).await;
    let recent = signs_up(&tables, "recent", before(90, -60_000)).await;
    let agreed = signs_up(&tables, "agreed", before(200, 0)).await;
    edits(&tables, agreed, consenting(true), before(190, 0)).await;
    let withdrew = signs_up(&tables, "withdrew", before(200, 0)).await;
    edits(&tables, withdrew, consenting(true), before(199, 0)).await;
    edits(&tables, withdrew, consenting(false), before(91, 0)).await;
    let edited = signs_up(&tables, "edited", before(200, 0)).await;
    edits(&tables, edited, contacting(), before(80, 0)).await;
    Night::new(tables.store.clone()).run(NIGHT).await;
    for (home, is_erased) in
        [(silent, true), (recent, false), (agreed, false), (withdrew, true), (edited, false)]
    {
        assert_eq!(lead(&tables, home).await.erased.is_some(), is_erased, "{home}");
    }
    let receipt = tables.store.erasure(&a_tenant(), silent).await.unwrap().unwrap();
    assert_eq!((receipt.reason, &receipt.by), (Reason::Unconsented, &Actor::System));
    assert!(receipt.done_at.is_some(), "the night cleans up: {receipt:?}");
    let night = record(&tables, "2026-11-20").await;
    assert_eq!((night.leads, night.anonymised, night.erased, night.postponed), (5, 2, 0, 0));
    assert_eq!((night.audited, night.drift), (5, 0));
    assert_eq!(leads_of(&tables, "2026-11-20").await, 5, "at the day's end they were there");
    let log = tables.store.audit_entries(&a_tenant(), AuditRange::default(), None, 9).await;
    let log = log.unwrap();
    let erased: Vec<_> = log.iter().filter(|entry| entry.action == "lead.erased").collect();
    assert_eq!(erased.len(), 2, "{log:?}");
    assert!(erased.iter().all(|entry| entry.actor == Actor::System));

    // A pass of its own finds nothing to do, and the days after do without them.
    let night = Night::new(tables.store.clone());
    night.run(NIGHT).await;
    night.run("2026-11-22T00:10:00Z").await;
    assert_eq!(leads_of(&tables, "2026-11-20").await, 5);
    assert_eq!(leads_of(&tables, "2026-11-21").await, 3);
    // Another one was silent for too long by then.
    let next = record(&tables, "2026-11-21").await;
    assert_eq!((next.leads, next.anonymised, next.drift), (5, 1, 0));
}

#[tokio::test]
async fn a_deleted_lead_is_erased_on_its_day_whatever_it_consented_to() {
    let tables = Tables::with_tenant(&a_tenant()).await;
    let leads = ["today", "tomorrow", "restored"];
    let mut homes = Vec::new();
    for name in leads {
        let home = signs_up(&tables, name, before(31, 0)).await;
        edits(&tables, home, consenting(true), before(31, -1)).await;
        let on = if name == "tomorrow" { "2026-11-22" } else { "2026-11-21" };
        edits(&tables, home, deleting(on), before(31, -2)).await;
        homes.push(home);
    }
    let restoring = Edit { deleted: Some(false), ..Edit::by(Actor::System) };
    edits(&tables, homes[2], restoring, before(1, 0)).await;
    Night::new(tables.store.clone()).run(NIGHT).await;
    let mut erased = Vec::new();
    for home in &homes {
        erased.push(lead(&tables, *home).await.erased.is_some());
    }
    assert_eq!(erased, [true, false, false]);
    let receipt = tables.store.erasure(&a_tenant(), homes[0]).await.unwrap().unwrap();
    assert_eq!(receipt.reason, Reason::Lapsed);
    let night = record(&tables, "2026-11-20").await;
    assert_eq!((night.erased, night.anonymised), (1, 0));
}

#[tokio::test]
async fn a_tenant_that_keeps_everybody_for_ever_loses_nobody() {
    let tables = Tables::with_tenant(&a_tenant()).await;
    let silent = signs_up(&tables, "silent", before(3_000, 0)).await;
    let read = tables.store.tenant_settings(&a_tenant()).await.unwrap().unwrap();
    let retention = Retention { anonymise_after_days: None, ..read.retention };
    let next = TenantSettings { retention, ..read.clone() };
    assert!(tables.store.put_tenant_settings(&a_tenant(), &read, &next).await.unwrap());
    Night::new(tables.store.clone()).run(NIGHT).await;
    assert_eq!(lead(&tables, silent).await.erased, None);
}

#[tokio::test]
async fn what_there_is_no_time_for_is_done_the_next_night() {
    let tables = Tables::with_tenant(&a_tenant()).await;
    let silent = signs_up(&tables, "silent", before(100, 0)).await;
    let mut late = Night::new(tables.store.clone());
    late.has_time = false;
    late.run(NIGHT).await;
    assert_eq!(lead(&tables, silent).await.erased, None);
    let night = record(&tables, "2026-11-20").await;
    assert_eq!((night.postponed, night.anonymised), (1, 0));
    Night::new(tables.store.clone()).run("2026-11-22T00:10:00Z").await;
    assert!(lead(&tables, silent).await.erased.is_some());
    let night = record(&tables, "2026-11-21").await;
    assert_eq!((night.postponed, night.anonymised), (0, 1));
}

#[tokio::test]
async fn a_tenant_whose_keys_cannot_be_had_stops_nobody_elses_night() {
    let tables = Tables::with_tenant(&a_tenant()).await;
    let silent = signs_up(&tables, "silent", before(100, 0)).await;
    let other = "other".parse().unwrap();
    tables.add_tenant(&other).await;
    let events = [crate::population::event("silent", "1", "signup", before(100, 0))];
    let theirs = crate::population::lead_of(&events);
    crate::population::store_for(&tables.store, &other, theirs, &events, None).await;
    let lines = Lines::default();
    let guard = lines.listen();
    Night::new(tables.store.clone()).run(NIGHT).await;
    drop(guard);
    let cause = "the keys of the tenant could not be had: there is no tenant other";
    assert_eq!(lines.errors("the lead is not erased"), [cause]);
    assert!(lead(&tables, silent).await.erased.is_some());
    let runs = tables.store.nightly_runs(&other, None, 1).await.unwrap();
    assert_eq!((runs[0].counts.leads, runs[0].counts.postponed), (1, 1));
}

#[tokio::test]
async fn what_somebody_erased_by_day_and_left_is_cleaned_up() {
    let tables = Tables::with_tenant(&a_tenant()).await;
    let home = signs_up(&tables, "asked", before(5, 0)).await;
    let by = Actor::User(a_user());
    let order = Order { by: &by, reason: Reason::Asked, audit: None, still: &|_| true };
    let scorer = Scorer::new(tables.store.clone());
    scorer.erase(&keyring(), home, order, before(1, 0)).await.unwrap();
    Night::new(tables.store.clone()).run(NIGHT).await;
    let receipt = tables.store.erasure(&a_tenant(), home).await.unwrap().unwrap();
    assert_eq!((receipt.reason, receipt.done_at.is_some()), (Reason::Asked, true));
    let night = record(&tables, "2026-11-20").await;
    assert_eq!((night.erased, night.anonymised), (0, 0), "the night erased nobody");
}
