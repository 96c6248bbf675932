//! The keys of what leads are found by, and of companies.
//!
//! Invariant: what stands for a term or a company's name in a partition is a token; an entry names
//! a home and nothing else. Within a tenant's companies a name, in its normal form, is one key.

use domain::{company::CompanyId, home::HomeId, search::Token, tenant::TenantId};

use super::{Key, home_partition};

/// The partition of the homes that a term leads to.
pub fn term_partition(tenant: &TenantId, term: Token) -> String {
    format!("{tenant}#search#{term}")
}

/// The partition of the homes that name a company.
pub fn company_partition(tenant: &TenantId, name: Token) -> String {
    format!("{tenant}#company#{name}")
}

/// The first and last sort key of the homes of such a partition after a home, or of all.
pub fn found_homes_after(home: Option<HomeId>) -> (String, String) {
    let first = home.map_or_else(|| "lead_".to_owned(), |home| format!("{home}~"));
    (first, "lead_~".to_owned())
}

/// The key of the record of what a home is found by.
pub fn search_record(tenant: &TenantId, home: HomeId) -> Key {
    Key { pk: home_partition(tenant, home), sk: SEARCH.to_owned() }
}

/// The sort key of every such record.
pub const SEARCH: &str = "search";

/// The partition of a tenant's companies.
pub fn companies_partition(tenant: &TenantId) -> String {
    format!("{tenant}#companies")
}

/// The key of a company.
pub fn company(tenant: &TenantId, id: &CompanyId) -> Key {
    Key { pk: companies_partition(tenant), sk: id.to_string() }
}

/// The key of the note whose a company name is, by the name's normal form.
pub fn company_name(tenant: &TenantId, name: &str) -> Key {
    Key { pk: companies_partition(tenant), sk: format!("{NAME}{name}") }
}

const NAME: &str = "name#";

/// The first and last sort key of the names that begin with `prefix` and come after `after`.
pub fn company_names(prefix: &str, after: Option<&str>) -> (String, String) {
    // No normal form holds a control character.
    let first = after.map_or_else(|| prefix.to_owned(), |after| format!("{after}\u{1}"));
    (format!("{NAME}{first}"), format!("{NAME}{prefix}{}", char::MAX))
}

/// Reads the name of such a sort key.
pub fn parse_company_name(sk: &str) -> Option<&str> {
    sk.strip_prefix(NAME)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn acme() -> TenantId {
        "acme".parse().unwrap()
    }

    #[test]
    fn every_key_of_a_tenant_starts_with_it_and_no_partition_is_that_of_a_home() {
        let token = Token::from_digest(&[1; 32]);
        for partition in [
            term_partition(&acme(), token),
            company_partition(&acme(), token),
            companies_partition(&acme()),
        ] {
            assert!(partition.starts_with("acme#"), "{partition}");
            assert_eq!(super::super::parse_home_partition(&partition), None, "{partition}");
        }
        let record = search_record(&acme(), HomeId::from_bytes([1; 16]));
        assert_eq!(record.pk, home_partition(&acme(), HomeId::from_bytes([1; 16])));
    }

    #[test]
    fn homes_after_a_home_do_not_have_it_among_them() {
        let home = |byte| HomeId::from_bytes([byte; 16]);
        let within = |(first, last): &(String, String), home: HomeId| {
            first.as_str() <= home.to_string().as_str() && home.to_string() <= *last
        };
        let mut homes: Vec<_> = (0..=255).map(home).collect();
        homes.sort_by_key(HomeId::to_string);
        for (place, after) in homes.iter().enumerate() {
            let range = found_homes_after(Some(*after));
            let found: Vec<_> = homes.iter().filter(|home| within(&range, **home)).collect();
            assert_eq!(found, homes.iter().skip(place + 1).collect::<Vec<_>>());
            assert!(within(&found_homes_after(None), *after));
        }
    }

    #[test]
    fn names_after_a_name_are_those_that_go_on_or_come_later() {
        let within = |(first, last): &(String, String), name: &str| {
            let sk = company_name(&acme(), name).sk;
            *first <= sk && sk <= *last
        };
        let names = ["acme", "acme 2", "acme inc", "acmes", "zebra", "日本"];
        assert!(names.iter().all(|name| within(&company_names("", None), name)));
        let rest: Vec<_> = names
            .iter()
            .filter(|name| within(&company_names("acme", Some("acme")), name))
            .collect();
        assert_eq!(rest, [&"acme 2", &"acme inc", &"acmes"]);
        assert_eq!(parse_company_name(&company_name(&acme(), "acme inc").sk), Some("acme inc"));
        let id = CompanyId::derived(&[1; 32]);
        let (first, _) = company_names("", None);
        assert!(company(&acme(), &id).sk < first, "a company is no name");
        assert_eq!(parse_company_name(&company(&acme(), &id).sk), None);
    }
}
