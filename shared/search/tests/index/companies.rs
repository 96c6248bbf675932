//! Companies that leads name before anybody has made them.

use domain::company::Company;
use dynamo::{CompanyWrite, Finding};
use testing::a_tenant;

use crate::world::{World, keyring, numbered, user};

#[tokio::test]
async fn a_company_that_leads_name_is_made_once_whatever_its_spelling() {
    let world = World::start().await;
    let spellings = ["Acme, Inc.", "ACME Inc", "acme  inc"];
    for (number, name) in spellings.into_iter().enumerate() {
        world.says(numbered(number), &[("company", name)]).await;
        world.refresh([numbered(number)]).await;
    }
    let page = world.tables.store.companies(&a_tenant(), "", None, 10).await.unwrap();
    let names: Vec<_> = page.companies.iter().map(|(_, kept)| kept.company.name.as_str()).collect();
    assert_eq!(names, ["Acme, Inc."]);
    let finding = Finding::Company(search::company(&keyring(), "acme inc"));
    let homes = world.tables.store.found_homes(&a_tenant(), finding, None, 10).await.unwrap();
    assert_eq!(homes.len(), 3);
}

#[tokio::test]
async fn a_name_that_a_company_had_makes_no_other() {
    let world = World::start().await;
    world.says(user(), &[("company", "Acme")]).await;
    world.refresh([user()]).await;
    let store = &world.tables.store;
    let page = store.companies(&a_tenant(), "", None, 10).await.unwrap();
    let (_, made) = page.companies.into_iter().next().unwrap();
    let mut next: Company = made.company.clone();
    next.rename("Zebra".to_owned());
    assert_eq!(store.replace_company(&a_tenant(), &made, &next).await.unwrap(), CompanyWrite::Done);
    world.says(numbered(1), &[("company", "ACME")]).await;
    world.refresh([numbered(1)]).await;
    let page = store.companies(&a_tenant(), "", None, 10).await.unwrap();
    let names: Vec<_> = page.companies.iter().map(|(_, kept)| kept.company.name.as_str()).collect();
    assert_eq!(names, ["Zebra"]);
}

#[tokio::test]
async fn a_long_name_is_cut_and_leads_that_give_it_are_of_that_company() {
    let world = World::start().await;
    let long = "Companhia ".repeat(40);
    world.says(user(), &[("company", &long)]).await;
    world.refresh([user()]).await;
    let page = world.tables.store.companies(&a_tenant(), "", None, 10).await.unwrap();
    let (key, kept) = &page.companies[0];
    assert_eq!(kept.company.name.chars().count(), 200);
    let finding = Finding::Company(search::company(&keyring(), key));
    let homes = world.tables.store.found_homes(&a_tenant(), finding, None, 10).await.unwrap();
    assert_eq!(homes, [user().id]);
}
