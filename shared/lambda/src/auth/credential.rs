//! Where callers put their key or token.
//!
//! Invariant: the first place that holds an API key wins; a place that holds something else is
//! passed over, because proxies and SDKs fill `Authorization` with things of their own. A token
//! counts only where there is no key.

use data_encoding::{BASE64, BASE64_NOPAD};
use domain::api_key::ApiKeyText;
use http::{HeaderMap, header};

use super::Token;

/// What a request presents.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Presented {
    /// A text of an API key's form.
    Key(ApiKeyText),
    /// No key, but a Bearer of a token's form.
    Token(Token),
    /// Something that has neither form.
    Unreadable,
    /// Nothing.
    Nothing,
}

/// Reads the credential of a request.
///
/// In this order: `Authorization: Basic base64(key:)`, `Authorization: Bearer key`,
/// `X-API-Key: key`, `X-Write-Key: key[:secret]`, and the `writeKey` of the body where the
/// caller of this function found one.
pub fn present(headers: &HeaderMap, body_write_key: Option<&str>) -> Presented {
    let header = |name: &str| headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
    let places = header(header::AUTHORIZATION.as_str())
        .filter_map(from_authorization)
        .chain(header("x-api-key").map(str::to_owned))
        .chain(header("x-write-key").map(before_colon))
        .chain(body_write_key.map(before_colon));
    let mut presented = Presented::Nothing;
    for text in places {
        match text.trim().parse() {
            Ok(key) => return Presented::Key(key),
            Err(_) => presented = Presented::Unreadable,
        }
    }
    let token = header(header::AUTHORIZATION.as_str()).filter_map(bearer).find_map(Token::read);
    token.map_or(presented, Presented::Token)
}

fn bearer(value: &str) -> Option<&str> {
    let (scheme, credential) = value.trim().split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| credential.trim())
}

/// Returns the user name of Basic or the token of Bearer.
fn from_authorization(value: &str) -> Option<String> {
    if let Some(credential) = bearer(value) {
        return Some(credential.to_owned());
    }
    let (scheme, credential) = value.trim().split_once(' ')?;
    let credential = credential.trim();
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let decoded = BASE64
        .decode(credential.as_bytes())
        .or_else(|_| BASE64_NOPAD.decode(credential.as_bytes()))
        .unwrap_or_default();
    Some(before_colon(&String::from_utf8_lossy(&decoded)))
}

/// A key holds no colon, so what follows one is the empty password or Jitsu's secret.
fn before_colon(text: &str) -> String {
    text.split_once(':').map_or(text, |(key, _)| key).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "llk_acme_0123456789abcdef0123456789abcdef01234567";

    fn presented(headers: &[(&'static str, String)], write_key: Option<&str>) -> Presented {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, value.parse().unwrap());
        }
        present(&map, write_key)
    }

    #[test]
    fn every_place_where_an_sdk_puts_its_key_is_read() {
        let expected = Presented::Key(KEY.parse().unwrap());
        let basic = |text: &str| BASE64.encode(text.as_bytes());
        for headers in [
            [("authorization", format!("Basic {}", basic(&format!("{KEY}:"))))],
            [("authorization", format!("basic {}", basic(KEY)))],
            [("authorization", format!("Basic {}", basic(KEY).trim_end_matches('=')))],
            [("authorization", format!("Bearer {KEY}"))],
            [("x-api-key", KEY.to_owned())],
            [("x-write-key", format!("{KEY}:secret"))],
            [("x-write-key", KEY.to_owned())],
        ] {
            assert_eq!(presented(&headers, None), expected, "{headers:?}");
        }
        assert_eq!(presented(&[], Some(KEY)), expected);
        assert_eq!(presented(&[("authorization", "Basic eDp5".into())], Some(KEY)), expected);
    }

    #[test]
    fn a_token_is_taken_as_bearer_and_only_where_there_is_no_key() {
        let token = "eyJhbGciOiJSUzI1NiJ9.e30.c2ln";
        let bearer = ("authorization", format!("Bearer {token}"));
        let expected = Presented::Token(Token::read(token).unwrap());
        assert_eq!(presented(std::slice::from_ref(&bearer), None), expected);
        let junk = ("x-api-key", "junk".to_owned());
        assert_eq!(presented(&[bearer.clone(), junk], None), expected);
        let key = Presented::Key(KEY.parse().unwrap());
        assert_eq!(presented(&[bearer.clone(), ("x-api-key", KEY.to_owned())], None), key);
        assert_eq!(presented(&[bearer], Some(KEY)), key);
        let elsewhere = ("x-api-key", token.to_owned());
        assert_eq!(presented(&[elsewhere], None), Presented::Unreadable);
    }

    #[test]
    fn nothing_and_something_else_are_told_apart() {
        assert_eq!(presented(&[], None), Presented::Nothing);
        for value in ["Basic eDp5", "Basic %%%", "Bearer eyJ.a.b", "Bearer e30.e30"] {
            let headers = [("authorization", value.to_owned())];
            assert_eq!(presented(&headers, None), Presented::Unreadable, "{value}");
        }
        assert_eq!(presented(&[("authorization", "Negotiate x".into())], None), Presented::Nothing);
    }
}
