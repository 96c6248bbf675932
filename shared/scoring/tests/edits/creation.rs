//! Leads made by hand.

use domain::{
    edit::{Edit, LEAD_CREATED},
    event::Arrival,
    identity::Kind,
    lead::{Lead, Status},
    stage::Stage,
};
use scoring::{CreateError, Expected, Scorer};
use testing::{Faults, Tables, a_tenant, an_event, home_of, keyring};

use crate::{audited, by_hand, change, checked, deliver, entry, lead, now, runtime, user};

/// A lead with an email and a phone.
fn made(id: &str) -> Arrival {
    let edit = Edit { status: Some(Status::Qualified), ..by_hand() };
    let event = an_event(id).by(Kind::Email, "ana@example.com").by(Kind::Phone, "+5511999990000");
    event.declaring("title", "CTO").editing(edit).of_type(LEAD_CREATED).at(now()).arrival()
}

async fn create(scorer: &Scorer, arrival: Arrival) -> Result<Lead, CreateError> {
    let entry = entry(arrival.event.event_id.as_str());
    scorer.create(&keyring(), arrival, Some(&entry), now()).await
}

fn ana() -> domain::home::HomeId {
    home_of(Kind::Email, "ana@example.com").id
}

#[test]
fn a_lead_made_by_hand_is_there_before_its_first_event() {
    runtime().block_on(async {
        let tables = Tables::with_tenant(&a_tenant()).await;
        let scorer = Scorer::new(tables.store.clone());
        let created = create(&scorer, made("c1")).await.unwrap();
        assert_eq!(created, lead(&tables, ana()).await);
        assert_eq!((created.survivor.id, created.members.len()), (ana(), 2));
        let state = &created.state;
        assert_eq!((state.events, state.created_at, state.last_event_at), (0, Some(now()), None));
        assert_eq!(state.work.status, Status::Qualified);
        let cold = tables.store.leads_by_score(&a_tenant(), Stage::Cold, None, 9).await.unwrap();
        assert_eq!((cold.len(), cold[0].standing.score), (1, 0));
        checked(&tables).await;
        // The first event finds it.
        let phone = an_event("1").by(Kind::Phone, "+5511999990000").of_type("signup").at(now());
        deliver(&scorer, [phone]).await;
        let seen = checked(&tables).await;
        assert_eq!((seen.len(), seen[0].0.state.events), (1, 1));
        assert_eq!(seen[0].0.state.work.status, Status::Qualified);
    });
}

#[test]
fn a_lead_is_made_once_and_nobody_is_made_twice() {
    runtime().block_on(async {
        let tables = Tables::with_tenant(&a_tenant()).await;
        let scorer = Scorer::new(tables.store.clone());
        let created = create(&scorer, made("c1")).await.unwrap();
        assert_eq!(create(&scorer, made("c1")).await.unwrap(), created);
        let by_phone = an_event("c2").by(Kind::Phone, "+5511999990000");
        let by_both = by_phone.clone().by(Kind::UserId, "u9");
        for other in [by_phone, by_both] {
            let other = other.editing(by_hand()).at(now()).arrival();
            let refused = create(&scorer, other).await;
            assert!(matches!(refused, Err(CreateError::Exists(id)) if id == ana()), "{refused:?}");
        }
        let deleting = Edit { deleted: Some(true), ..by_hand() };
        change(&scorer, ana(), Expected::Any, "gone", deleting).await.unwrap();
        let refused = create(&scorer, made("c3")).await;
        assert!(matches!(refused, Err(CreateError::Exists(id)) if id == ana()), "{refused:?}");
        let repeated = create(&scorer, made("c1")).await.unwrap();
        assert!(repeated.is_deleted(), "that it was made stays true");
        // Who is known from events is there too, by any identity.
        deliver(&scorer, [an_event("1").by(Kind::UserId, "u1").by(Kind::AnonymousId, "a1")]).await;
        let known = an_event("c4").by(Kind::AnonymousId, "a1").editing(by_hand()).arrival();
        let refused = create(&scorer, known).await;
        assert!(matches!(refused, Err(CreateError::Exists(id)) if id == user("u1")));
        let leads = checked(&tables).await;
        assert_eq!((leads.len(), audited(&tables).await), (2, 2));
    });
}

#[test]
fn of_creations_that_race_one_makes_the_lead() {
    runtime().block_on(async {
        let tables = Tables::with_tenant(&a_tenant()).await;
        let racers = (0..5).map(|n| {
            let tables = tables.clone();
            tokio::spawn(async move {
                let scorer = Scorer::new(tables.store.clone());
                create(&scorer, made(&format!("c{n}"))).await
            })
        });
        let mut created = 0;
        for racer in racers.collect::<Vec<_>>() {
            match racer.await.unwrap() {
                Ok(_) => created += 1,
                Err(CreateError::Exists(id)) => assert_eq!(id, ana()),
                Err(error) => panic!("{error:?}"),
            }
        }
        assert_eq!((created, checked(&tables).await.len(), audited(&tables).await), (1, 1, 1));
    });
}

#[test]
fn a_crash_between_any_two_calls_leaves_the_lead_to_be_made_once() {
    runtime().block_on(async {
        for crash in 0.. {
            let mut calls = 0;
            for answer_lost in [false, true] {
                let tables = Tables::with_tenant(&a_tenant()).await;
                let faults = Faults::crash_after(crash, answer_lost);
                let _ = create(&Scorer::new(tables.with_faults(&faults)), made("c1")).await;
                calls = faults.calls();
                let there = checked(&tables).await.len();
                assert_eq!(audited(&tables).await, there, "both or neither");
                let sound = Scorer::new(tables.store.clone());
                for _ in 0..2 {
                    assert_eq!(create(&sound, made("c1")).await.unwrap().survivor.id, ana());
                }
                let leads = checked(&tables).await;
                assert_eq!((leads.len(), leads[0].1.len(), audited(&tables).await), (1, 1, 1));
            }
            if calls <= crash {
                return;
            }
        }
    });
}
