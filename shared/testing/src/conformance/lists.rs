//! Lists of leads by owner, creation and day of activity.

use domain::{
    actor::Actor,
    edit::{Choice, Edit},
    identity::Kind,
    lead::Lead,
    stage::Stage,
    tenant::TenantId,
    time::Timestamp,
    user::UserId,
};
use dynamo::{ChangedLead, Commit, ListKey, ListPage, ListPlace, Standing};

use super::{by, new_lead};
use crate::{Tables, home_of};

const NOON: &str = "2026-01-01T12:00:00Z";

/// Runs every check of this part.
pub(super) async fn check(tables: &Tables, tenant: impl Fn(&str) -> TenantId) {
    every_lead_is_listed_once_newest_first(tables, &tenant("once")).await;
    both_ends_of_a_range_are_listed(tables, &tenant("ends")).await;
    a_lead_is_listed_by_its_owner_until_it_is_deleted(tables, &tenant("owner")).await;
    a_lead_of_former_code_is_listed_once_it_is_renewed(tables, &tenant("former")).await;
}

fn user(number: u32) -> UserId {
    format!("user_019a0b3c-4d5e-7f60-8a1b-{number:012x}").parse().unwrap()
}

fn assigning(owner: Option<UserId>) -> Edit {
    Edit { assigned_to: Some(Choice::from(owner)), ..Edit::by(Actor::System) }
}

/// Makes a lead that came to be at noon of the day `days` after the first, was active for `days`
/// more, and is worked by one of two users.
async fn add(tables: &Tables, tenant: &TenantId, number: u32, days: i64) {
    let name = format!("u{number}");
    let events = vec![
        by(&name, "1").days_later(days).event(),
        by(&name, "2").days_later(2 * days).event(),
        by(&name, "3").editing(assigning(Some(user(number % 2)))).days_later(90).event(),
    ];
    tables.store.commit(tenant, &new_lead(&name, events)).await.unwrap();
}

async fn pages(tables: &Tables, tenant: &TenantId, key: ListKey<'_>, size: u16) -> Vec<ListPage> {
    let (mut pages, mut after): (Vec<ListPage>, Option<ListPlace>) = (Vec::new(), None);
    loop {
        let page = tables.store.leads_by(tenant, key, after.as_ref(), size).await.unwrap();
        let more = page.more;
        after.clone_from(&page.last);
        pages.push(page);
        if !more {
            return pages;
        }
    }
}

async fn listed(tables: &Tables, tenant: &TenantId, key: ListKey<'_>) -> Vec<Lead> {
    let page = tables.store.leads_by(tenant, key, None, 100).await.unwrap();
    assert!(!page.more);
    page.entries.into_iter().map(|(_, listed)| listed.lead).collect()
}

async fn every_lead_is_listed_once_newest_first(tables: &Tables, tenant: &TenantId) {
    for number in 0..11 {
        add(tables, tenant, number, i64::from(number % 4)).await;
    }
    let (all_created, all_active) =
        (ListKey::Created { from: None, to: None }, ListKey::Activity { from: None, to: None });
    let owner = user(1);
    for (key, leads) in [(all_created, 11), (all_active, 11), (ListKey::Owner(&owner), 5)] {
        let whole = listed(tables, tenant, key).await;
        assert_eq!(whole.len(), leads, "{key:?}");
        let newest_first = match key {
            ListKey::Activity { .. } => |lead: &Lead| lead.state.last_event_at,
            _ => |lead: &Lead| lead.state.created_at,
        };
        assert!(whole.is_sorted_by_key(|lead| std::cmp::Reverse(newest_first(lead))), "{key:?}");
        for size in [1, 2, 5, 11] {
            let pages = pages(tables, tenant, key, size).await;
            assert_eq!(pages.len(), leads.div_ceil(size.into()), "{key:?} by {size}");
            let entries = pages.into_iter().flat_map(|page| page.entries);
            let paged: Vec<_> = entries.map(|(_, listed)| listed.lead).collect();
            assert_eq!(paged, whole, "{key:?} by {size}");
        }
    }
    let nobody = listed(tables, tenant, ListKey::Owner(&user(9))).await;
    assert_eq!(nobody, []);
}

async fn both_ends_of_a_range_are_listed(tables: &Tables, tenant: &TenantId) {
    for number in 0..6 {
        add(tables, tenant, number, i64::from(number)).await;
    }
    let noon = |days: i64| -> Timestamp {
        let first: Timestamp = NOON.parse().unwrap();
        first.plus_millis(days * domain::time::DAY_MS)
    };
    let created = |from: Option<Timestamp>, to: Option<Timestamp>| ListKey::Created { from, to };
    for (key, leads) in [
        (created(Some(noon(1)), Some(noon(3))), 3),
        (created(Some(noon(1).plus_millis(1)), Some(noon(3).plus_millis(-1))), 1),
        (created(None, Some(noon(0))), 1),
        (created(Some(noon(5)), None), 1),
        (created(Some(noon(5).plus_millis(1)), None), 0),
        (created(Some(noon(3)), Some(noon(1))), 0),
        (ListKey::Activity { from: Some(noon(2).day()), to: Some(noon(6).day()) }, 3),
        (ListKey::Activity { from: Some(noon(3).day()), to: Some(noon(3).day()) }, 0),
        (ListKey::Activity { from: Some(noon(10).day()), to: None }, 1),
        (ListKey::Activity { from: Some(noon(6).day()), to: Some(noon(2).day()) }, 0),
    ] {
        assert_eq!(listed(tables, tenant, key).await.len(), leads, "{key:?}");
        let paged: usize =
            pages(tables, tenant, key, 1).await.iter().map(|page| page.entries.len()).sum();
        assert_eq!(paged, leads, "{key:?}");
    }
}

/// Writes a lead as an edit leaves it.
async fn edit(tables: &Tables, tenant: &TenantId, name: &str, number: i64, edit: Edit) {
    let home = home_of(Kind::UserId, name);
    let lead = tables.store.lead(tenant, home.id).await.unwrap().unwrap();
    let mut events = tables.store.events(tenant, home.id).await.unwrap();
    let event = by(name, &format!("edit-{number}")).editing(edit).days_later(100 + number);
    events.push(event.event());
    let new = events.last().cloned();
    let state = domain::fold::fold(&crate::rules(), events);
    let changed = ChangedLead {
        read_version: Some(lead.version),
        lead: Lead { version: lead.version + 1, state, ..lead },
        standing: Standing { score: 5, stage: Stage::Cold },
    };
    let events = new.into_iter().collect();
    let commit = Commit { events, leads: vec![changed], ..Commit::default() };
    tables.store.commit(tenant, &commit).await.unwrap();
}

async fn lists_with_it(tables: &Tables, tenant: &TenantId) -> [usize; 5] {
    let all = ListKey::Created { from: None, to: None };
    let active = ListKey::Activity { from: None, to: None };
    let by_score = tables.store.leads_by_score(tenant, Stage::Cold, None, 10).await.unwrap();
    [
        listed(tables, tenant, ListKey::Owner(&user(0))).await.len(),
        listed(tables, tenant, ListKey::Owner(&user(1))).await.len(),
        listed(tables, tenant, all).await.len(),
        listed(tables, tenant, active).await.len(),
        by_score.len(),
    ]
}

async fn a_lead_is_listed_by_its_owner_until_it_is_deleted(tables: &Tables, tenant: &TenantId) {
    add(tables, tenant, 0, 1).await;
    assert_eq!(lists_with_it(tables, tenant).await, [1, 0, 1, 1, 1]);
    edit(tables, tenant, "u0", 1, assigning(Some(user(1)))).await;
    assert_eq!(lists_with_it(tables, tenant).await, [0, 1, 1, 1, 1]);
    edit(tables, tenant, "u0", 2, assigning(None)).await;
    assert_eq!(lists_with_it(tables, tenant).await, [0, 0, 1, 1, 1]);
    let deleting = |deleted| Edit { deleted: Some(deleted), ..assigning(Some(user(0))) };
    edit(tables, tenant, "u0", 3, deleting(true)).await;
    assert_eq!(lists_with_it(tables, tenant).await, [0; 5]);
    let home = home_of(Kind::UserId, "u0").id;
    let hidden = tables.store.listed_lead(tenant, home).await.unwrap().unwrap();
    assert!(hidden.lead.is_deleted() && hidden.is_placed);
    let (standing, at) = (
        Standing { score: 7, stage: Stage::Cold },
        Timestamp::from_millis(1_768_478_400_000).unwrap(),
    );
    let renewed = tables.store.refresh_standing(tenant, &hidden.lead, standing, None, at).await;
    assert!(renewed.unwrap());
    assert_eq!(lists_with_it(tables, tenant).await, [0; 5], "whatever renews it");
    edit(tables, tenant, "u0", 4, deleting(false)).await;
    assert_eq!(lists_with_it(tables, tenant).await, [1, 0, 1, 1, 1]);
    // Made by hand: no event counts.
    let made = by("u1", "made").editing(assigning(Some(user(1)))).event();
    tables.store.commit(tenant, &new_lead("u1", vec![made])).await.unwrap();
    assert_eq!(lists_with_it(tables, tenant).await, [1, 1, 2, 1, 2]);
}

async fn a_lead_of_former_code_is_listed_once_it_is_renewed(tables: &Tables, tenant: &TenantId) {
    add(tables, tenant, 0, 1).await;
    let home = home_of(Kind::UserId, "u0").id;
    tables.leave_to_former_code(tenant, home).await;
    assert_eq!(lists_with_it(tables, tenant).await, [0, 0, 0, 0, 1]);
    let former = tables.store.listed_lead(tenant, home).await.unwrap().unwrap();
    assert!(!former.is_placed);
    let at = Timestamp::from_millis(1_768_478_400_000).unwrap();
    let renewed =
        tables.store.refresh_standing(tenant, &former.lead, former.standing, None, at).await;
    assert!(renewed.unwrap());
    assert_eq!(lists_with_it(tables, tenant).await, [1, 0, 1, 1, 1]);
    let listed = tables.store.listed_lead(tenant, home).await.unwrap().unwrap();
    assert!(listed.is_placed);
    assert_eq!((former.relisted_at, listed.relisted_at), (None, Some(at)));
}
