//! Calls that fail for now, and leads that take longer than a function lives.

use domain::archived::Step;
use shelf::Moved;
use testing::{Fault, Faults, Meter, a_tenant};

use super::world::{Archive, days_later, of_one_person, user};
use crate::{
    model::{expected, stored},
    now, runtime,
};

/// Lets the calls from one to another fail.
fn failing(first: usize, last: usize) -> Faults {
    let is_failing = move |call| (first..=last).contains(&call);
    Faults::by_call(move |call| if is_failing(call) { Fault::NotSent } else { Fault::None })
}

#[test]
fn a_part_whose_transaction_fails_for_now_is_moved_in_the_same_night_and_by_the_same_event() {
    runtime().block_on(async {
        let archive = Archive::start().await;
        let arrivals = of_one_person(120);
        archive.deliver(&arrivals).await;
        archive.night(days_later(31)).await;
        // The object is read, then the first part is removed, three times in vain.
        let lead = archive.leads().await.remove(0);
        let shelf = archive.shelf_with(&failing(1, 3));
        let moved = archive.look(&shelf, &lead, days_later(32)).await.unwrap();
        assert_eq!(moved, Moved::Archived);
        assert_eq!(stored(&archive.tables, now()).await.events, 0);
        // The lead is read and marked, the object read, the table asked for two homes.
        let shelf = archive.shelf_with(&failing(5, 7));
        assert!(shelf.restore(&a_tenant(), user("u1"), now()).await.unwrap());
        assert_eq!(stored(&archive.tables, now()).await, expected(&arrivals, now()));
    });
}

#[test]
fn a_part_whose_transaction_goes_on_failing_is_given_up_and_taken_up_again() {
    runtime().block_on(async {
        let archive = Archive::start().await;
        archive.deliver(&of_one_person(120)).await;
        archive.night(days_later(31)).await;
        let lead = archive.leads().await.remove(0);
        let shelf = archive.shelf_with(&failing(1, 5));
        let told = archive.look(&shelf, &lead, days_later(32)).await.unwrap_err();
        assert!(told.is_retryable(), "{told}");
        assert_eq!(archive.night(days_later(33)).await, [Moved::Archived]);
    });
}

#[test]
fn events_that_were_put_back_by_who_died_are_not_put_back_again() {
    runtime().block_on(async {
        let archive = Archive::start().await;
        let arrivals = of_one_person(500);
        archive.deliver(&arrivals).await;
        archive.archive_all().await;
        // The lead is read and marked, the object read, the table asked for two homes; then two
        // parts are put back.
        let dying = archive.shelf_with(&Faults::crash_after(7, false));
        dying.restore(&a_tenant(), user("u1"), now()).await.unwrap_err();
        assert_eq!(stored(&archive.tables, now()).await.events, 2 * 99);
        let meter = Meter::default();
        let shelf = shelf::Shelf::new(archive.tables.with_meter(&meter), archive.bucket.clone());
        assert!(shelf.restore(&a_tenant(), user("u1"), now()).await.unwrap());
        // 99, 99, 99 and 5 events; and two marks.
        assert_eq!(meter.take().writes, 4 + 2);
        assert_eq!(stored(&archive.tables, now()).await, expected(&arrivals, now()));
    });
}

#[test]
fn a_lead_that_takes_longer_than_a_function_lives_comes_back_by_and_by() {
    runtime().block_on(async {
        let archive = Archive::start().await;
        let arrivals = of_one_person(450);
        archive.deliver(&arrivals).await;
        archive.archive_all().await;
        let mut attempts = 0;
        while archive.leads().await[0].archived.as_ref().unwrap().step != Step::Returned {
            // Time for two parts, or for one and the mark.
            let dying = archive.shelf_with(&Faults::crash_after(7, false));
            let _ = dying.restore(&a_tenant(), user("u1"), now()).await;
            attempts += 1;
            assert!(attempts < 6, "it gets no further");
        }
        assert!(attempts > 1);
        assert_eq!(stored(&archive.tables, now()).await, expected(&arrivals, now()));
    });
}
