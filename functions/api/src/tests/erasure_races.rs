//! Somebody changes a lead while it is erased by who has seen it otherwise.

use std::convert::Infallible;

use domain::{home::HomeId, identity::Kind, lead::Status};
use scoring::{Current, EditError, Expected, Scorer};
use testing::{Faults, Tables, a_tenant, an_edit, an_event, home_of};

use super::{
    edit::edit,
    world::{NOW, World, at, keyring},
};

fn id() -> HomeId {
    home_of(Kind::UserId, "u1").id
}

fn path() -> String {
    format!("/v1/leads/{}", id())
}

async fn ana() -> World {
    let world = World::start().await;
    world.score(an_event("e1").of_type("signup").by(Kind::UserId, "u1").arrival()).await;
    world
}

async fn etag(world: &World) -> String {
    edit("GET", &path()).send(world).await.etag().to_owned()
}

/// Notes that sales has talked to her, and tells whether there was anybody to note it of.
async fn is_contacted(tables: &Tables) -> bool {
    let talked = an_edit("talked").of(Kind::UserId, "u1").with_status(Status::Contacted);
    let make = |_: Current<'_>| Ok::<_, Infallible>(Some(talked.clone().arrival()));
    let (scorer, keys) = (Scorer::new(tables.store.clone()), keyring(&a_tenant()));
    match scorer.edit(&keys, id(), Expected::Any, None, at(NOW), make).await {
        Ok(edited) => edited.changed,
        Err(EditError::UnknownLead(_)) => false,
        Err(error) => panic!("{error}"),
    }
}

fn erasing() -> super::edit::Edit {
    edit("DELETE", &format!("{}?mode=erase&now=true", path())).seconds_later(120)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_lead_that_is_edited_before_it_is_erased_stays_for_who_has_not_seen_that() {
    let (mut stayed, mut went) = (0, 0);
    for call in 0.. {
        let world = ana().await;
        let seen = etag(&world).await;
        let tables = world.tables.clone();
        let (faults, stop) = Faults::stopping_before(call);
        let world = world.through(tables.with_faults(&faults));
        drop(faults);
        let meanwhile = tokio::spawn({
            let tables = tables.clone();
            async move { Box::pin(stop.meanwhile(is_contacted(&tables))).await }
        });
        let answer = erasing().if_match(&seen).send(&world).await;
        drop(world);
        let Some(came) = meanwhile.await.unwrap() else {
            assert_eq!(answer.status, 200, "{}", answer.body);
            break;
        };
        let expected = if came { 412 } else { 200 };
        assert_eq!(answer.status, expected, "{call}: {}", answer.body);
        let kept = tables.store.lead(&a_tenant(), id()).await.unwrap().unwrap();
        assert_eq!(kept.erased.is_none(), came, "{call}");
        *(if came { &mut stayed } else { &mut went }) += 1;
    }
    assert!(stayed > 5 && went > 5, "{stayed} {went}");
}

#[tokio::test]
async fn who_names_an_older_edition_erases_nobody_and_who_names_none_or_this_one_does() {
    for (etag_of, status) in
        [(Some("seen"), 412), (Some("now"), 200), (Some("*"), 200), (None, 200)]
    {
        let world = ana().await;
        let seen = etag(&world).await;
        assert!(is_contacted(&world.tables).await);
        let now = etag(&world).await;
        let etag = etag_of.map(|of| match of {
            "seen" => seen.as_str(),
            "now" => now.as_str(),
            any => any,
        });
        let request = etag.map_or_else(erasing, |etag| erasing().if_match(etag));
        let answer = request.send(&world).await;
        assert_eq!(answer.status, status, "{etag:?}: {}", answer.body);
        if status == 412 {
            assert_eq!(answer.code(), (412, "precondition_failed"));
            assert_eq!(edit("GET", &path()).send(&world).await.etag(), now);
            assert!(!world.audit_log().await.iter().any(|entry| entry.action == "lead.erased"));
        }
    }
}
