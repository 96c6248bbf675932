//! The id that is made of what people call a tenant.
//!
//! Invariant: the same organisation of the same person always gives the same ids, in the same order.

use std::fmt::Write;

use domain::{name::Name, search::company_key, tenant::TenantId, user::UserId};
use sha2::{Digest, Sha256};

/// How long an id is at most.
const MAX_ID_BYTES: usize = 40;

/// How much of the hash stands in an id, at first and when that one is taken.
const HASH_DIGITS: [usize; 2] = [6, 16];

/// The ids that an organisation which somebody signs up for may get, in the order in which they are
/// tried: `acme-3f09ab`, and a longer one if that is another's.
pub fn tenant_ids(organisation: &Name, user: &UserId) -> Vec<TenantId> {
    let mut hash = String::new();
    for byte in Sha256::digest(user.as_str().as_bytes()) {
        // Writing to a text cannot fail.
        let _ = write!(hash, "{byte:02x}");
    }
    let id = |digits: usize| {
        let slug = slug(organisation, MAX_ID_BYTES - 1 - digits);
        format!("{slug}-{}", hash.get(..digits)?).parse().ok()
    };
    HASH_DIGITS.into_iter().filter_map(id).collect()
}

fn slug(organisation: &Name, bytes: usize) -> String {
    let key = company_key(organisation.as_str()).unwrap_or_default();
    let words = key.split(|character: char| !character.is_ascii_alphanumeric());
    let words: Vec<_> = words.filter(|word| !word.is_empty()).collect();
    let mut slug = words.join("-");
    slug.truncate(bytes);
    let slug = slug.trim_end_matches('-');
    if slug.is_empty() { "tenant".to_owned() } else { slug.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user() -> UserId {
        UserId::from_subject("019a0b3c-4d5e-7f60-8a1b-2c3d4e5f6071").unwrap()
    }

    fn ids(organisation: &str) -> Vec<String> {
        let ids = tenant_ids(&organisation.parse().unwrap(), &user());
        ids.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn an_id_reads_like_the_organisation() {
        for (organisation, slug) in [
            ("Acme", "acme"),
            ("Indústria & Comércio S/A ", "industria-comercio-s-a"),
            ("日本", "tenant"),
            ("-", "tenant"),
            ("installation", "installation"),
        ] {
            let ids = ids(organisation);
            assert_eq!(ids.len(), 2);
            assert_eq!(ids[0].rsplit_once('-').unwrap(), (slug, &ids[1][slug.len() + 1..][..6]));
        }
        assert_eq!(ids("Long name ".repeat(10).trim())[0].len(), 40);
    }
}
