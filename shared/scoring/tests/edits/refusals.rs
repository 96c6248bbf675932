//! Edits that would not be kept as they are said: whoever makes them is told, and nothing changes.

use domain::{
    edit::{Edit, InvalidEdit},
    event::Arrival,
    identity::Kind,
    profile::MAX_FIELDS,
};
use scoring::{CreateError, EditError, Expected, ScoreError, Scorer};
use serde_json::{Value, json};
use testing::{Tables, a_tenant, an_edit, an_event, keyring};

use crate::{audited, by_hand, change, checked, deliver, entry, lead, now, runtime, user};

fn setting(names: impl Iterator<Item = String>) -> Edit {
    Edit { set: names.map(|name| (name, json!(1))).collect(), ..by_hand() }
}

fn fields(prefix: &str) -> impl Iterator<Item = String> {
    (0..MAX_FIELDS).map(move |n| format!("{prefix}{n}"))
}

fn saying_null(value: &str) -> Arrival {
    an_edit("null").of(Kind::UserId, value).setting("title", Value::Null).arrival()
}

#[test]
fn what_would_not_be_kept_is_refused_wherever_it_comes_from() {
    runtime().block_on(async {
        let tables = Tables::with_tenant(&a_tenant()).await;
        let scorer = Scorer::new(tables.store.clone());
        deliver(&scorer, [an_event("1").by(Kind::UserId, "u1").at(now())]).await;
        let before = lead(&tables, user("u1")).await;
        let null = Edit { set: [("title".to_owned(), Value::Null)].into(), ..by_hand() };
        let is_null = |refused: &ScoreError, home| match refused {
            ScoreError::Edit { home: of, error } => {
                (*of, error) == (home, &InvalidEdit::Null("title".to_owned()))
            }
            _ => false,
        };
        let edited = change(&scorer, user("u1"), Expected::Any, "null", null).await;
        let Err(EditError::Score(refused)) = edited else { panic!("{edited:?}") };
        assert!(is_null(&refused, user("u1")));
        let arrivals = vec![an_event("2").by(Kind::UserId, "u1").arrival(), saying_null("u1")];
        let scored = scorer.score(&keyring(), user("u1"), arrivals, now()).await;
        assert!(is_null(&scored.unwrap_err(), user("u1")));
        assert_eq!(lead(&tables, user("u1")).await, before);
        let made = scorer.create(&keyring(), saying_null("u2"), Some(&entry("e")), now()).await;
        let Err(CreateError::Score(refused)) = made else { panic!("{made:?}") };
        assert!(is_null(&refused, user("u2")));
        assert_eq!((checked(&tables).await.len(), audited(&tables).await), (1, 0));
    });
}

#[test]
fn a_lead_takes_no_more_fields_than_it_keeps() {
    runtime().block_on(async {
        let tables = Tables::with_tenant(&a_tenant()).await;
        let scorer = Scorer::new(tables.store.clone());
        deliver(&scorer, [an_event("1").by(Kind::UserId, "u1").at(now())]).await;
        let edit = |id, edit| change(&scorer, user("u1"), Expected::Any, id, edit);
        edit("e1", setting(fields("a"))).await.unwrap();
        edit("e2", setting(fields("b"))).await.unwrap();
        let refused = edit("e3", setting(["c".to_owned()].into_iter())).await;
        let Err(EditError::Score(ScoreError::Edit { error, .. })) = refused else {
            panic!("{refused:?}")
        };
        assert_eq!(error, InvalidEdit::NoRoom);
        // What is there can be changed all the same, and an edit that was made was made.
        edit("e4", setting(fields("a"))).await.unwrap();
        edit("e2", setting(fields("b"))).await.unwrap();
        assert_eq!(checked(&tables).await[0].1.len(), 4);
    });
}
