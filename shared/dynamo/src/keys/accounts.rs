//! The keys of who may call: users and API keys.
//!
//! Invariant: a user's membership lies with the tenant; only the pointer to it lies with the
//! installation, because a token names a person and no tenant.

use domain::{
    api_key::{KeyHash, KeyId},
    tenant::TenantId,
    user::UserId,
};

use super::{INSTALLATION, Key};

/// The key of a user's membership.
pub fn user(tenant: &TenantId, id: &UserId) -> Key {
    Key { pk: tenant.to_string(), sk: format!("{USER}{id}") }
}

/// The first and last sort key of the users after one, or of all.
pub fn users_after(id: Option<&UserId>) -> (String, String) {
    (after(USER, id.map(UserId::as_str)), format!("{USER}~"))
}

/// Reads the id of a user's sort key.
pub fn parse_user(sk: &str) -> Option<UserId> {
    sk.strip_prefix(USER)?.parse().ok()
}

const USER: &str = "user#";

/// The key of the pointer from a user to the tenant.
pub fn tenant_of_user(id: &UserId) -> Key {
    Key { pk: INSTALLATION.to_owned(), sk: format!("{USER}{id}") }
}

/// The key of an API key.
pub fn api_key(tenant: &TenantId, hash: &KeyHash) -> Key {
    Key { pk: tenant.to_string(), sk: format!("{API_KEY}{}", hash.as_str()) }
}

/// The first and last sort key of the API keys after one, or of all.
pub fn api_keys_after(id: Option<&KeyId>) -> (String, String) {
    // A hash goes on with hexadecimal digits, all of which come before `~`.
    let first = id.map(|id| format!("{}~", id.digits()));
    (format!("{API_KEY}{}", first.unwrap_or_default()), format!("{API_KEY}~"))
}

/// The first and last sort key of the API keys with an id.
pub fn api_keys_with_id(id: &KeyId) -> (String, String) {
    let first = format!("{API_KEY}{}", id.digits());
    let last = format!("{first}~");
    (first, last)
}

/// Reads the id of an API key's sort key.
pub fn parse_api_key(sk: &str) -> Option<KeyId> {
    let hash = sk.strip_prefix(API_KEY)?;
    format!("key_{}", hash.get(..ID_DIGITS)?).parse().ok()
}

const API_KEY: &str = "api_key#";

/// How many digits of its hash name a key.
const ID_DIGITS: usize = 16;

/// What comes right after a name. No id holds a character that sorts between.
fn after(prefix: &str, name: Option<&str>) -> String {
    name.map_or_else(|| prefix.to_owned(), |name| format!("{prefix}{name}!"))
}

#[cfg(test)]
mod tests {
    use domain::api_key::ApiKeyText;

    use super::*;

    fn acme() -> TenantId {
        "acme".parse().unwrap()
    }

    fn within((first, last): &(String, String), key: &Key) -> bool {
        *first <= key.sk && key.sk <= *last
    }

    #[test]
    fn users_read_back_and_lie_within_their_range() {
        let id =
            |digit: char| format!("user_019a0b3c-4d5e-7f60-8a1b-{}", digit.to_string().repeat(12));
        let [one, two]: [UserId; 2] = ['1', '2'].map(|digit| id(digit).parse().unwrap());
        let (first, second) = (user(&acme(), &one), user(&acme(), &two));
        assert_eq!(parse_user(&first.sk), Some(one.clone()));
        let (all, rest) = (users_after(None), users_after(Some(&one)));
        assert!(within(&all, &first) && within(&all, &second));
        assert!(!within(&rest, &first) && within(&rest, &second));
        assert_eq!(tenant_of_user(&one).pk, "installation");
    }

    #[test]
    fn keys_are_found_by_their_id_and_lie_within_their_range() {
        let hash = |byte| ApiKeyText::compose(&acme(), &[byte; 20]).hash();
        let mut hashes = [hash(1), hash(2)];
        hashes.sort();
        let [one, two] = hashes;
        let (first, second) = (api_key(&acme(), &one), api_key(&acme(), &two));
        assert_eq!(parse_api_key(&first.sk), Some(one.id()));
        let (all, rest) = (api_keys_after(None), api_keys_after(Some(&one.id())));
        assert!(within(&all, &first) && within(&all, &second));
        assert!(!within(&rest, &first) && within(&rest, &second));
        let same = api_keys_with_id(&one.id());
        assert!(within(&same, &first) && !within(&same, &second));
    }
}
