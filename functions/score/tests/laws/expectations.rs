//! Who is to be erased only while something holds of them is not erased once it does not, however
//! late that becomes known.

use std::convert::Infallible;

use domain::{
    actor::Actor,
    edit::Edit,
    erasure::{Erasure, Reason},
    event::EventId,
    home::HomeId,
    identity::Kind,
    lead::Lead,
};
use scoring::{Current, EditError, EraseError, Expected, Order, Scorer};
use testing::{Faults, Tables, a_tenant, an_event, home_of, keyring};

use crate::{delivery::deliver, now, runtime};

fn user(value: &str) -> HomeId {
    home_of(Kind::UserId, value).id
}

async fn two_people() -> Tables {
    let tables = Tables::with_tenant(&a_tenant()).await;
    let scorer = Scorer::new(tables.store.clone());
    for (id, name) in [("1", "u1"), ("2", "u2")] {
        let arrival = an_event(id).by(Kind::UserId, name).arrival();
        deliver(&scorer, vec![vec![arrival]], now()).await;
    }
    tables
}

/// Erases a person unless they consented to anything or became one with somebody.
async fn erase(scorer: &Scorer) -> Result<Erasure, EraseError> {
    let still = |lead: &Lead| !lead.state.consents().any_granted() && lead.members.len() == 1;
    let (by, reason) = (&Actor::System, Reason::Unconsented);
    let order = Order { by, reason, audit: None, still: &still };
    scorer.erase(&keyring(), user("u2"), order, now()).await
}

async fn consents(tables: &Tables) -> bool {
    let make = |_: Current<'_>| {
        let mut edit = Edit::by(Actor::System);
        edit.consents.insert("marketing".parse().unwrap(), true);
        Ok::<_, Infallible>(Some(an_event("agreed").editing(edit).arrival()))
    };
    let scorer = Scorer::new(tables.store.clone());
    match scorer.edit(&keyring(), user("u2"), Expected::Any, None, now(), make).await {
        Ok(edited) => edited.changed,
        Err(EditError::UnknownLead(_)) => false,
        Err(error) => panic!("{error}"),
    }
}

async fn is_merged(tables: &Tables) -> bool {
    let id = EventId::from_sender("merge").unwrap();
    let (scorer, both) = (Scorer::new(tables.store.clone()), [user("u1"), user("u2")]);
    scorer.merge(&keyring(), &both, &id, false, None, now()).await.is_ok()
}

/// Lets something happen to the person before each call of their erasure. Of the two one wins.
fn race(change: &impl AsyncFn(&Tables) -> bool) {
    runtime().block_on(async {
        for call in 0.. {
            let tables = two_people().await;
            let (faults, stop) = Faults::stopping_before(call);
            let scorer = Scorer::new(tables.with_faults(&faults));
            drop(faults);
            let erasing = tokio::spawn(async move { erase(&scorer).await });
            let Some(came) = Box::pin(stop.meanwhile(change(&tables))).await else {
                assert!(call > 5, "{call} calls are fewer than an erasure takes");
                erasing.await.unwrap().unwrap();
                return;
            };
            let erased = erasing.await.unwrap();
            let receipt = tables.store.erasure(&a_tenant(), user("u2")).await.unwrap();
            assert_eq!(receipt.is_none(), came, "{call}");
            match erased {
                Ok(_) => assert!(!came, "{call}"),
                Err(error) => assert!(came && matches!(error, EraseError::Changed(_)), "{error}"),
            }
        }
    });
}

#[test]
fn who_consents_before_they_are_erased_stays() {
    race(&consents);
}

#[test]
fn who_becomes_one_with_somebody_before_they_are_erased_stays() {
    race(&is_merged);
}
