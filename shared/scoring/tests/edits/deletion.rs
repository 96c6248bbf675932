//! Whom a deletion hides when families change: it belongs to the home that it was made in.

use domain::{edit::Edit, event::EventId, home::HomeId, identity::Kind, lead::Lead};
use dynamo::DirtyDays;
use scoring::{Expected, Parting, Scorer};
use testing::{Tables, a_tenant, an_event, home_of, keyring};

use crate::{by_hand, change, checked, deliver, lead, now, runtime, user};

async fn delete(scorer: &Scorer, id: HomeId, event: &str, deleted: bool) -> Lead {
    let edit = Edit { deleted: Some(deleted), ..by_hand() };
    change(scorer, id, Expected::Any, event, edit).await.unwrap().lead
}

async fn dirty_days(tables: &Tables) -> Vec<DirtyDays> {
    tables.store.dirty_days_before(&a_tenant(), now().day()).await.unwrap()
}

#[test]
fn who_was_deleted_hides_nobody_that_they_turn_out_to_be() {
    runtime().block_on(async {
        let tables = Tables::with_tenant(&a_tenant()).await;
        let scorer = Scorer::new(tables.store.clone());
        let cookie = home_of(Kind::AnonymousId, "a1").id;
        let first = an_event("1").by(Kind::AnonymousId, "a1").at(now()).days_later(-9);
        deliver(&scorer, [first, an_event("2").by(Kind::UserId, "u1").at(now())]).await;
        assert!(delete(&scorer, cookie, "e1", true).await.is_deleted());
        for mark in dirty_days(&tables).await {
            let before = now().plus_millis(1);
            tables.store.clear_dirty_days(&a_tenant(), mark, before).await.unwrap();
        }
        let login = an_event("3").by(Kind::UserId, "u1").by(Kind::AnonymousId, "a1").at(now());
        deliver(&scorer, [login.seconds_later(1)]).await;
        let joined = lead(&tables, cookie).await;
        assert_eq!((joined.survivor.id, joined.is_deleted()), (user("u1"), false));
        let dirty: Vec<_> = dirty_days(&tables).await.iter().map(|mark| mark.first).collect();
        assert_eq!(dirty, [now().day().minus_days(9)], "on which the lead is new now");
        // Who is restored is the survivor: the cookie alone would be hidden still.
        assert!(delete(&scorer, cookie, "e2", true).await.is_deleted());
        let restored = delete(&scorer, cookie, "e3", false).await;
        assert!(!restored.is_deleted() && restored.state.work.is_deleted(cookie));
        checked(&tables).await;
    });
}

#[test]
fn after_a_parting_each_side_is_what_its_own_edits_say() {
    runtime().block_on(async {
        for survivor_is_deleted in [false, true] {
            let tables = Tables::with_tenant(&a_tenant()).await;
            let scorer = Scorer::new(tables.store.clone());
            let both = ["u1", "u2"];
            deliver(&scorer, both.map(|id| an_event("1").by(Kind::UserId, id).at(now()))).await;
            let mut both = both.map(user);
            // Of two that are alike the smaller id survives.
            both.sort();
            let [survivor, other] = both;
            let deleted = if survivor_is_deleted { survivor } else { other };
            delete(&scorer, deleted, "e1", true).await;
            let (keys, id) = (keyring(), EventId::from_sender("m1").unwrap());
            scorer.merge(&keys, &both, &id, false, None, now()).await.unwrap();
            let merged = lead(&tables, other).await;
            let expected = (survivor, survivor_is_deleted);
            assert_eq!((merged.survivor.id, merged.is_deleted()), expected);
            checked(&tables).await;
            let latest = Parting::LatestMerge;
            scorer.unmerge(&keys, survivor, latest, false, None, now()).await.unwrap();
            for id in both {
                assert_eq!(lead(&tables, id).await.is_deleted(), id == deleted);
            }
            checked(&tables).await;
        }
    });
}
