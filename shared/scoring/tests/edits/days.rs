//! Which past days an edit makes the nightly run count anew.

use domain::{edit::Edit, identity::Kind, lead::Status, time::Day};
use scoring::{Expected, Scorer};
use testing::{Tables, a_tenant, an_event};

use crate::{by_hand, deliver, now, runtime, user};

/// Returns the days that are marked, as the run of a day sees them; each run may be asked once.
async fn marked(tables: &Tables, run: Day) -> Vec<Day> {
    tables.store.recount_plan(run.into(), &a_tenant()).await.unwrap().days
}

#[test]
fn only_that_a_lead_is_gone_or_back_changes_what_a_past_day_counts() {
    runtime().block_on(async {
        let tables = Tables::with_tenant(&a_tenant()).await;
        let scorer = Scorer::new(tables.store.clone());
        let today = now().day();
        deliver(&scorer, [an_event("1").by(Kind::UserId, "u1").at(now()).days_later(-9)]).await;
        let first = today.minus_days(9);
        tables.store.clear_dirty_day(&a_tenant(), first, now().plus_millis(1)).await.unwrap();
        let change =
            |id: &'static str, edit| crate::change(&scorer, user("u1"), Expected::Any, id, edit);
        let lost = Edit { status: Some(Status::Lost), ..by_hand() };
        change("e1", lost).await.unwrap();
        let imported = an_event("e2").editing(by_hand()).at(now()).days_later(-3);
        deliver(&scorer, [imported]).await;
        assert_eq!(marked(&tables, today).await, []);
        for (number, deleted) in [(3_u32, true), (4, false)] {
            let edit = Edit { deleted: Some(deleted), ..by_hand() };
            let id = if deleted { "e3" } else { "e4" };
            change(id, edit).await.unwrap();
            assert_eq!(marked(&tables, today.plus_days(number)).await, [first]);
            tables.store.clear_dirty_day(&a_tenant(), first, now().plus_millis(1)).await.unwrap();
        }
    });
}
