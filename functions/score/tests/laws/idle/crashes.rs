//! A process that dies between any two calls of the way to the archive or back.

use domain::{event::Arrival, identity::Kind};
use testing::{EventBuilder, Faults, a_tenant, an_event};

use super::world::{Archive, days_later, of_one_person};
use crate::{
    delivery::try_once,
    model::{expected, stored},
    now, runtime,
};

/// Lets a night die after each of its calls, then lets `after` happen, and compares.
fn a_night_dies(nights: i64, comes: Option<&Arrival>) {
    runtime().block_on(async {
        for crash in 0.. {
            let mut calls = 0;
            for answer_lost in [false, true] {
                let archive = Archive::start().await;
                let arrivals = of_one_person(120);
                archive.deliver(&arrivals).await;
                let leads = stored(&archive.tables, now()).await.leads;
                for night in 1..nights {
                    archive.night(days_later(30 + night)).await;
                }
                let faults = Faults::crash_after(crash, answer_lost);
                let dying = archive.shelf_with(&faults);
                archive.night_with(&dying, days_later(30 + nights)).await;
                calls = calls.max(faults.calls());
                let lead = archive.leads().await.remove(0);
                let events = archive.shelf().events(&a_tenant(), &lead).await.unwrap();
                assert_eq!(events.len(), 120, "{crash}");
                assert_eq!(stored(&archive.tables, now()).await.leads, leads, "{crash}");
                let all = if let Some(comes) = comes {
                    archive.deliver(std::slice::from_ref(comes)).await;
                    [arrivals, vec![comes.clone()]].concat()
                } else {
                    archive.night(days_later(31 + nights)).await;
                    archive.night(days_later(32 + nights)).await;
                    assert_eq!(stored(&archive.tables, now()).await.events, 0, "{crash}");
                    assert_eq!(archive.bucket.objects().len(), 1, "{crash}");
                    archive.bring_all_back().await;
                    arrivals
                };
                assert_eq!(stored(&archive.tables, now()).await, expected(&all, now()), "{crash}");
                assert!(archive.bucket.objects().is_empty(), "{crash}");
            }
            if calls <= crash {
                return;
            }
        }
    });
}

fn a_new_event() -> Arrival {
    an_event("new").by(Kind::AnonymousId, "a1").of_type("signup").arrival()
}

#[test]
fn the_writing_of_an_object_is_finished_by_the_next_night() {
    a_night_dies(1, None);
}

#[test]
fn the_writing_of_an_object_is_undone_by_an_event() {
    a_night_dies(1, Some(&a_new_event()));
}

#[test]
fn the_clearing_of_the_table_is_finished_by_the_next_night() {
    a_night_dies(2, None);
}

#[test]
fn the_clearing_of_the_table_is_undone_by_an_event() {
    a_night_dies(2, Some(&a_new_event()));
}

/// Lets a scorer die after each of its calls on an event of a lead that is archived.
fn bringing_back_dies(comes: &Arrival, all: &[Arrival], next: &impl AsyncFn(&Archive)) {
    runtime().block_on(async {
        for crash in 0.. {
            let mut calls = 0;
            for answer_lost in [false, true] {
                let archive = Archive::start().await;
                archive.deliver(&of_one_person(120)).await;
                archive.archive_all().await;
                let faults = Faults::crash_after(crash, answer_lost);
                let dying = archive.scorer_with(&faults);
                try_once(&dying, vec![vec![comes.clone()]], now()).await;
                calls = calls.max(faults.calls());
                let lead = archive.leads().await.remove(0);
                let events = archive.shelf().events(&a_tenant(), &lead).await.unwrap();
                assert!(events.len() >= 120, "{crash}");
                next(&archive).await;
                archive.deliver(std::slice::from_ref(comes)).await;
                assert_eq!(stored(&archive.tables, now()).await, expected(all, now()), "{crash}");
                assert!(archive.bucket.objects().is_empty(), "{crash}");
            }
            if calls <= crash {
                return;
            }
        }
    });
}

#[test]
fn a_lead_that_was_half_brought_back_is_brought_back_by_the_same_event_again() {
    let all: Vec<Arrival> = of_one_person(120);
    bringing_back_dies(&all[5], &all, &async |_: &Archive| {});
}

#[test]
fn a_lead_that_was_half_brought_back_is_brought_back_by_the_next_night() {
    let comes = EventBuilder::arrival(an_event("new").by(Kind::UserId, "u1"));
    let all = [of_one_person(120), vec![comes.clone()]].concat();
    bringing_back_dies(&comes, &all, &async |archive: &Archive| {
        archive.night(days_later(3)).await;
        let lead = archive.leads().await.remove(0);
        let is_away = lead.archived.is_some_and(|mark| mark.is_in_object());
        let events = stored(&archive.tables, now()).await.events;
        assert!(if is_away { events == 0 } else { events >= 120 });
    });
}
