//! Companies and their names on an in-process DynamoDB.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use domain::{
    company::{Company, CompanyId},
    search::company_key,
    time::Timestamp,
};
use dynamo::{CompanyWrite, Store, StoredCompany};
use testing::{Fault, Faults, Tables, a_tenant};

fn company(number: u8, name: &str) -> Company {
    let now = Timestamp::from_millis(1_768_478_400_000).unwrap();
    Company {
        id: CompanyId::derived(&[number; 32]),
        name: name.to_owned(),
        former_names: Vec::new(),
        domain: None,
        industry: None,
        size: None,
        properties: serde_json::Map::new(),
        notes: None,
        created_at: now,
        updated_at: now,
    }
}

async fn made(store: &Store, number: u8, name: &str) -> StoredCompany {
    let company = company(number, name);
    assert_eq!(store.create_company(&a_tenant(), &company).await.unwrap(), CompanyWrite::Done);
    store.company(&a_tenant(), &company.id).await.unwrap().unwrap()
}

async fn owner(store: &Store, name: &str) -> Option<CompanyId> {
    store.company_named(&a_tenant(), &company_key(name).unwrap()).await.unwrap()
}

/// Returns the names of all companies, read in pages of `limit`.
async fn listed(store: &Store, prefix: &str, limit: u16) -> Vec<String> {
    let (mut names, mut after) = (Vec::new(), None);
    loop {
        let page = store.companies(&a_tenant(), prefix, after.as_deref(), limit).await.unwrap();
        assert!(page.companies.len() <= usize::from(limit));
        names.extend(page.companies.into_iter().map(|(_, kept)| kept.company.name));
        let Some(next) = page.next else { return names };
        after = Some(next);
    }
}

#[tokio::test]
async fn a_name_is_that_of_one_company_whatever_the_spelling() {
    let store = Tables::start().await.store;
    let acme = made(&store, 1, "Acme, Inc.").await;
    for _ in 0..2 {
        let again = store.create_company(&a_tenant(), &acme.company).await.unwrap();
        assert_eq!(again, CompanyWrite::Done, "sent twice, made once");
    }
    let other = company(2, "ACME inc");
    let taken = CompanyWrite::NameTaken(acme.company.id.clone());
    assert_eq!(store.create_company(&a_tenant(), &other).await.unwrap(), taken);
    assert_eq!(store.company(&a_tenant(), &other.id).await.unwrap(), None);
}

#[tokio::test]
async fn a_company_that_is_renamed_is_listed_once_and_found_by_every_name() {
    let store = Tables::start().await.store;
    let acme = made(&store, 1, "Acme").await;
    let zebra = made(&store, 2, "Zebra").await;
    let mut next = acme.company.clone();
    next.rename("Yak".to_owned());
    for _ in 0..2 {
        let renamed = store.replace_company(&a_tenant(), &acme, &next).await.unwrap();
        assert_eq!(renamed, CompanyWrite::Done, "sent twice, renamed once");
    }
    let stale = Company { size: Some(5), ..acme.company.clone() };
    let stale = store.replace_company(&a_tenant(), &acme, &stale).await.unwrap();
    assert_eq!(stale, CompanyWrite::Changed);
    assert_eq!(owner(&store, "acme").await, owner(&store, "yak").await);
    assert_eq!(listed(&store, "", 10).await, ["Yak", "Zebra"]);
    let mut taken = zebra.company.clone();
    taken.rename("ACME".to_owned());
    let taken = store.replace_company(&a_tenant(), &zebra, &taken).await.unwrap();
    assert_eq!(taken, CompanyWrite::NameTaken(next.id.clone()));
    let read = store.company(&a_tenant(), &next.id).await.unwrap().unwrap();
    let mut back = read.company.clone();
    back.rename("acme".to_owned());
    assert_eq!(store.replace_company(&a_tenant(), &read, &back).await.unwrap(), CompanyWrite::Done);
    assert_eq!(listed(&store, "", 10).await, ["acme", "Zebra"]);
}

#[tokio::test]
async fn a_company_that_is_removed_leaves_its_names_free() {
    let store = Tables::start().await.store;
    let acme = made(&store, 1, "Acme").await;
    let mut next = acme.company.clone();
    next.rename("Yak".to_owned());
    store.replace_company(&a_tenant(), &acme, &next).await.unwrap();
    assert!(!store.delete_company(&a_tenant(), &acme).await.unwrap(), "it is another one by now");
    let read = store.company(&a_tenant(), &next.id).await.unwrap().unwrap();
    for _ in 0..2 {
        assert!(store.delete_company(&a_tenant(), &read).await.unwrap(), "sent twice, gone once");
    }
    assert_eq!((owner(&store, "acme").await, owner(&store, "yak").await), (None, None));
    made(&store, 3, "Acme").await;
}

#[tokio::test]
async fn pages_of_any_size_list_each_company_once_by_name() {
    let store = Tables::start().await.store;
    for (number, name) in ["Zebra", "acme", "Acme 2", "Ácme Inc", "Bär"].into_iter().enumerate() {
        made(&store, u8::try_from(number).unwrap(), name).await;
    }
    let page = store.companies(&a_tenant(), "acme", None, 1).await.unwrap();
    let (_, first) = page.companies.first().unwrap().clone();
    let mut next = first.company.clone();
    next.rename("Acme Zoo".to_owned());
    store.replace_company(&a_tenant(), &first, &next).await.unwrap();
    for limit in [1, 2, 5, 250] {
        let all = ["Acme 2", "Ácme Inc", "Acme Zoo", "Bär", "Zebra"];
        assert_eq!(listed(&store, "", limit).await, all, "limit {limit}");
        assert_eq!(listed(&store, "acme", limit).await, all[..3], "limit {limit}");
        assert_eq!(listed(&store, "acme i", limit).await, all[1..2], "limit {limit}");
    }
    assert_eq!(listed(&store, "x", 10).await, [""; 0]);
}

#[tokio::test]
async fn a_crash_leaves_all_of_a_rename_or_nothing() {
    for (calls, answer_lost) in [(0, false), (1, true), (1, false)] {
        let tables = Tables::start().await;
        let acme = made(&tables.store, 1, "Acme").await;
        let mut next = acme.company.clone();
        next.rename("Yak".to_owned());
        let faults = Faults::crash_after(calls, answer_lost);
        let died = tables.with_faults(&faults).replace_company(&a_tenant(), &acme, &next).await;
        assert_eq!(died.is_ok(), calls == 1 && !answer_lost);
        let is_renamed = calls == 1;
        assert_eq!(owner(&tables.store, "yak").await.is_some(), is_renamed);
        let again = tables.store.replace_company(&a_tenant(), &acme, &next).await.unwrap();
        assert_eq!(again, CompanyWrite::Done);
    }
    let tables = Tables::start().await;
    let broken = tables.with_faults(&Faults::by_call(|_| Fault::NotSent));
    assert!(broken.create_company(&a_tenant(), &company(1, "Acme")).await.is_err());
}
