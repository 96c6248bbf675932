//! Edits of a lead with more events than are folded.

use domain::{edit::Edit, lead::Status, state::MAX_EVENTS};
use dynamo::Commit;
use scoring::{Expected, Scorer};
use testing::{Tables, a_tenant, an_event};

use crate::{by_hand, change, checked, deliver, now, runtime, user};

#[test]
fn a_flooded_lead_is_edited_like_any_other() {
    runtime().block_on(async {
        let tables = Tables::with_tenant(&a_tenant()).await;
        let scorer = Scorer::new(tables.store.clone());
        let seen = |n: u32| an_event(format!("{n}")).seconds_later(n.into()).event();
        let flood: Vec<_> = (1..=MAX_EVENTS + 10).map(seen).collect();
        for events in flood.chunks(100) {
            let commit = Commit { events: events.to_vec(), ..Commit::default() };
            tables.store.commit(&a_tenant(), &commit).await.unwrap();
        }
        deliver(&scorer, [an_event("last").seconds_later(30_000)]).await;
        // A late one: all are read.
        deliver(&scorer, [an_event("late").seconds_later(-1)]).await;
        let status = |status| Edit { status: Some(status), ..by_hand() };
        let any = Expected::Any;
        let edited = change(&scorer, user("u1"), any, "e1", status(Status::Contacted)).await;
        let state = edited.unwrap().lead.state;
        assert!(state.flooded);
        assert_eq!((state.events, state.work.status), (MAX_EVENTS, Status::Contacted));
        // An edit of a file, older than what is folded, and one more event of those beyond.
        let imported = an_event("file").editing(status(Status::Lost)).seconds_later(20_000);
        deliver(&scorer, [imported, an_event("beyond").at(now()).seconds_later(9)]).await;
        let leads = checked(&tables).await;
        let state = &leads[0].0.state;
        assert_eq!((state.events, state.work.status), (MAX_EVENTS, Status::Contacted));
        assert_eq!(state.last_edit_at, Some(now()));
    });
}
