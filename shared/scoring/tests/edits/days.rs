//! Which past days a change makes the nightly run count anew.

use domain::{edit::Edit, identity::Kind, lead::Status, time::Day};
use dynamo::DirtyDays;
use scoring::{Expected, Scorer};
use testing::{Tables, a_tenant, an_event};

use crate::{by_hand, deliver, now, runtime, user};

/// Returns the marks, and removes them.
async fn marked(tables: &Tables) -> Vec<DirtyDays> {
    let marks = tables.store.dirty_days_before(&a_tenant(), now().day().next()).await.unwrap();
    for mark in &marks {
        tables.store.clear_dirty_days(&a_tenant(), *mark, now().plus_millis(1)).await.unwrap();
    }
    marks
}

fn ago(days: u32) -> Day {
    now().day().minus_days(days)
}

#[test]
fn a_late_event_marks_the_days_from_its_own_to_the_last_one_of_its_lead() {
    runtime().block_on(async {
        let tables = Tables::with_tenant(&a_tenant()).await;
        let scorer = Scorer::new(tables.store.clone());
        let event = |id: &str, days| an_event(id).by(Kind::UserId, "u1").at(now()).days_later(days);
        deliver(&scorer, [event("1", -4)]).await;
        assert_eq!(marked(&tables).await, [DirtyDays { first: ago(4), until: ago(4) }]);
        deliver(&scorer, [event("2", -9)]).await;
        assert_eq!(marked(&tables).await, [DirtyDays { first: ago(9), until: ago(4) }]);
        deliver(&scorer, [event("3", 0)]).await;
        assert_eq!(marked(&tables).await, []);
        // Today is counted tonight.
        deliver(&scorer, [event("4", -2)]).await;
        assert_eq!(marked(&tables).await, [DirtyDays { first: ago(2), until: ago(1) }]);
    });
}

#[test]
fn what_people_decide_today_changes_no_past_day() {
    runtime().block_on(async {
        let tables = Tables::with_tenant(&a_tenant()).await;
        let scorer = Scorer::new(tables.store.clone());
        deliver(&scorer, [an_event("1").by(Kind::UserId, "u1").at(now()).days_later(-9)]).await;
        marked(&tables).await;
        for (id, edit) in [
            ("e1", Edit { status: Some(Status::Converted), ..by_hand() }),
            ("e2", Edit { deleted: Some(true), ..by_hand() }),
            ("e3", Edit { deleted: Some(false), ..by_hand() }),
        ] {
            crate::change(&scorer, user("u1"), Expected::Any, id, edit).await.unwrap();
            assert_eq!(marked(&tables).await, [], "{id}");
        }
    });
}
