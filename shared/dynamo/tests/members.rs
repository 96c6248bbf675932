//! The people of a tenant, as the tables keep them.
#![expect(clippy::unwrap_used, reason = "a test that meets what it does not expect has failed")]

use domain::{
    actor::Actor,
    event::Sealed,
    tenant::TenantId,
    time::Timestamp,
    user::{Role, UserId},
};
use dynamo::{Changed, Member, MemberStatus, Store};
use testing::{Fault, Faults, Tables};

fn acme() -> TenantId {
    "acme".parse().unwrap()
}

fn other() -> TenantId {
    "other".parse().unwrap()
}

fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(millis).unwrap()
}

fn id(number: u8) -> UserId {
    format!("user_019a0b3c-4d5e-7f60-8a1b-0000000000{number:02}").parse().unwrap()
}

fn invited(number: u8, role: Role) -> Member {
    let email = Sealed(format!("sealed {number}"));
    Member::invited(acme(), id(number), role, email, Actor::System, at(1_000))
}

/// Adds a member who has signed in.
async fn add(store: &Store, number: u8, role: Role) -> Member {
    assert!(store.create_member(&invited(number, role)).await.unwrap());
    assert!(store.note_joined(&acme(), &id(number), at(2_000)).await.unwrap());
    store.member(&acme(), &id(number)).await.unwrap().unwrap()
}

async fn acting_admins(store: &Store) -> usize {
    let members = store.members(&acme(), None, 100).await.unwrap();
    members.iter().filter(|member| member.is_acting_admin()).count()
}

#[tokio::test]
async fn a_user_belongs_to_one_tenant() {
    let tables = Tables::with_tenant(&acme()).await;
    let store = &tables.store;
    assert_eq!(store.tenant_of_user(&id(1)).await.unwrap(), None);
    let made = add(store, 1, Role::Viewer).await;
    assert_eq!(store.tenant_of_user(&id(1)).await.unwrap(), Some(acme()));
    let elsewhere = Member { tenant: other(), ..invited(1, Role::Admin) };
    for again in [&elsewhere, &invited(1, Role::Admin)] {
        assert!(!store.create_member(again).await.unwrap());
    }
    assert_eq!(store.member(&other(), &id(1)).await.unwrap(), None);
    assert_eq!(store.remove_member(&made).await.unwrap(), Changed::Made);
    assert_eq!(store.tenant_of_user(&id(1)).await.unwrap(), None);
    assert!(store.create_member(&elsewhere).await.unwrap());
}

#[tokio::test]
async fn who_is_retired_joins_no_tenant_and_who_belongs_to_one_is_not_retired() {
    let tables = Tables::with_tenant(&acme()).await;
    let store = &tables.store;
    for _ in 0..2 {
        assert!(store.retire_user(&id(1), at(1_000)).await.unwrap());
        assert_eq!(store.tenant_of_user(&id(1)).await.unwrap(), None);
        assert!(!store.create_member(&invited(1, Role::Admin)).await.unwrap());
    }
    assert_eq!(store.member(&acme(), &id(1)).await.unwrap(), None);
    let made = add(store, 2, Role::Viewer).await;
    assert!(!store.retire_user(&id(2), at(1_000)).await.unwrap());
    assert_eq!(store.tenant_of_user(&id(2)).await.unwrap(), Some(acme()));
    assert_eq!(store.member(&acme(), &id(2)).await.unwrap(), Some(made));
}

#[tokio::test]
async fn members_are_listed_page_by_page_and_those_of_another_tenant_are_not() {
    let tables = Tables::with_tenant(&acme()).await;
    let store = &tables.store;
    for number in 1..=3 {
        add(store, number, Role::Viewer).await;
    }
    let theirs = Member { tenant: other(), ..invited(4, Role::Admin) };
    assert!(store.create_member(&theirs).await.unwrap());
    let ids = |members: Vec<Member>| members.into_iter().map(|member| member.id);
    let page = store.members(&acme(), None, 2).await.unwrap();
    assert_eq!(ids(page).collect::<Vec<_>>(), [id(1), id(2)]);
    let page = store.members(&acme(), Some(&id(2)), 2).await.unwrap();
    assert_eq!(ids(page).collect::<Vec<_>>(), [id(3)]);
}

#[tokio::test]
async fn a_change_is_made_once_and_only_to_what_was_read() {
    let tables = Tables::with_tenant(&acme()).await;
    let store = &tables.store;
    let read = add(store, 1, Role::Viewer).await;
    assert_eq!((read.status, read.last_seen_at), (MemberStatus::Active, Some(at(2_000))));
    let name = Some(Sealed("sealed name".to_owned()));
    let next = Member { role: Role::Manager, name, ..read.clone() };
    // That somebody comes in between takes nothing away from either.
    store.note_seen(&acme(), &id(1), at(3_000)).await.unwrap();
    for _ in 0..2 {
        assert_eq!(store.put_member(&read, &next).await.unwrap(), Changed::Made);
    }
    let kept = store.member(&acme(), &id(1)).await.unwrap().unwrap();
    let expected = Member { revision: kept.revision, last_seen_at: Some(at(3_000)), ..next };
    assert_eq!(kept, expected);
    let stale = Member { active: false, ..read.clone() };
    assert_eq!(store.put_member(&read, &stale).await.unwrap(), Changed::Stale);
    assert_eq!(store.remove_member(&read).await.unwrap(), Changed::Stale);
    let nameless = Member { name: None, ..kept.clone() };
    assert_eq!(store.put_member(&kept, &nameless).await.unwrap(), Changed::Made);
    assert_eq!(store.member(&acme(), &id(1)).await.unwrap().unwrap().name, None);
}

#[tokio::test]
async fn who_is_gone_is_not_brought_back_by_being_seen() {
    let tables = Tables::with_tenant(&acme()).await;
    let store = &tables.store;
    let read = add(store, 1, Role::Viewer).await;
    for _ in 0..2 {
        assert_eq!(store.remove_member(&read).await.unwrap(), Changed::Made);
    }
    store.note_seen(&acme(), &id(1), at(9_000)).await.unwrap();
    assert!(!store.note_joined(&acme(), &id(1), at(9_000)).await.unwrap());
    assert_eq!(store.member(&acme(), &id(1)).await.unwrap(), None);
}

#[tokio::test]
async fn the_last_acting_admin_stays() {
    let tables = Tables::with_tenant(&acme()).await;
    let store = &tables.store;
    let last = add(store, 1, Role::Admin).await;
    // None of these could do an admin's work today.
    assert!(store.create_member(&invited(2, Role::Admin)).await.unwrap());
    add(store, 3, Role::Manager).await;
    let shut_out = add(store, 4, Role::Admin).await;
    let inactive = Member { active: false, ..shut_out.clone() };
    assert_eq!(store.put_member(&shut_out, &inactive).await.unwrap(), Changed::Made);
    for next in
        [Member { role: Role::Manager, ..last.clone() }, Member { active: false, ..last.clone() }]
    {
        assert_eq!(store.put_member(&last, &next).await.unwrap(), Changed::LastAdmin);
    }
    assert_eq!(store.remove_member(&last).await.unwrap(), Changed::LastAdmin);
    let named = Member { name: Some(Sealed("x".to_owned())), ..last.clone() };
    assert_eq!(store.put_member(&last, &named).await.unwrap(), Changed::Made);
    // Who is only invited can be uninvited.
    let invited = store.member(&acme(), &id(2)).await.unwrap().unwrap();
    assert_eq!(store.remove_member(&invited).await.unwrap(), Changed::Made);
    assert_eq!(acting_admins(store).await, 1);
}

#[tokio::test]
async fn of_two_admins_who_retire_each_other_at_once_one_stays() {
    let tables = Tables::with_tenant(&acme()).await;
    let store = &tables.store;
    for round in 0..20_u8 {
        let (one, two) = (2 * round + 1, 2 * round + 2);
        let (first, second) =
            (add(store, one, Role::Admin).await, add(store, two, Role::Admin).await);
        let viewer = |member: &Member| Member { role: Role::Viewer, ..member.clone() };
        let (viewed, removed) = (viewer(&first), store.remove_member(&second));
        let (demoted, removed) = tokio::join!(store.put_member(&first, &viewed), removed);
        let outcomes = [demoted, removed].map(Result::ok);
        let made = outcomes.iter().filter(|outcome| **outcome == Some(Changed::Made)).count();
        assert!(made <= 1, "{outcomes:?}");
        assert_eq!(acting_admins(store).await, 2 - made);
        for member in store.members(&acme(), None, 100).await.unwrap() {
            // The next round begins without admins.
            if member.is_acting_admin() {
                add(store, 99, Role::Admin).await;
                assert_eq!(store.remove_member(&member).await.unwrap(), Changed::Made);
                clear(&tables, 99).await;
            }
        }
    }
}

/// Removes a member past every guard.
async fn clear(tables: &Tables, number: u8) {
    let user = dynamo::keys::user(&acme(), &id(number));
    let pointer = dynamo::keys::tenant_of_user(&id(number));
    for key in [user, pointer] {
        tables
            .client
            .delete_item()
            .table_name(tables.leads_table())
            .key("pk", aws_sdk_dynamodb::types::AttributeValue::S(key.pk))
            .key("sk", aws_sdk_dynamodb::types::AttributeValue::S(key.sk))
            .send()
            .await
            .unwrap();
    }
}

/// The interleavings that a race may take: the other admin retires before each call of the change.
#[tokio::test]
async fn an_admin_who_retires_during_the_change_of_the_other_is_noticed() {
    for moment in 0.. {
        let tables = Tables::with_tenant(&acme()).await;
        let store = &tables.store;
        let first = add(store, 1, Role::Admin).await;
        let second = add(store, 2, Role::Admin).await;
        let faults =
            Faults::by_call(move |call| if call == moment { Fault::NotSent } else { Fault::None });
        let cut_off = tables.with_faults(&faults);
        let viewer = Member { role: Role::Viewer, ..first.clone() };
        let interrupted = cut_off.put_member(&first, &viewer).await;
        if faults.calls() <= moment {
            assert_eq!(interrupted.unwrap(), Changed::Made);
            return;
        }
        assert!(interrupted.unwrap_err().is_retryable());
        assert_eq!(store.remove_member(&second).await.unwrap(), Changed::Made);
        assert_eq!(store.put_member(&first, &viewer).await.unwrap(), Changed::LastAdmin);
    }
}

#[tokio::test]
async fn who_signs_in_meanwhile_is_an_admin_who_counts() {
    let tables = Tables::with_tenant(&acme()).await;
    let store = &tables.store;
    assert!(store.create_member(&invited(1, Role::Admin)).await.unwrap());
    let read = store.member(&acme(), &id(1)).await.unwrap().unwrap();
    assert!(store.note_joined(&acme(), &id(1), at(2_000)).await.unwrap());
    assert!(!store.note_joined(&acme(), &id(1), at(2_001)).await.unwrap(), "once");
    assert_eq!(store.remove_member(&read).await.unwrap(), Changed::Stale);
    let viewer = Member { role: Role::Viewer, ..read.clone() };
    assert_eq!(store.put_member(&read, &viewer).await.unwrap(), Changed::Stale);
    assert_eq!(acting_admins(store).await, 1);
}

#[tokio::test]
async fn a_change_whose_answer_got_lost_is_found_made() {
    let tables = Tables::with_tenant(&acme()).await;
    let store = &tables.store;
    let faults = Faults::by_call(|call| if call == 0 { Fault::AnswerLost } else { Fault::None });
    let read = add(store, 1, Role::Viewer).await;
    let next = Member { role: Role::Manager, ..read.clone() };
    assert!(tables.with_faults(&faults).put_member(&read, &next).await.is_err());
    assert_eq!(store.put_member(&read, &next).await.unwrap(), Changed::Made);
    let kept = store.member(&acme(), &id(1)).await.unwrap().unwrap();
    let faults = Faults::by_call(|call| if call == 0 { Fault::AnswerLost } else { Fault::None });
    assert!(tables.with_faults(&faults).remove_member(&kept).await.is_err());
    assert_eq!(store.remove_member(&kept).await.unwrap(), Changed::Made);
}
